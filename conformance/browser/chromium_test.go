package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// names are what Chromium is called.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// browser starts a browser, or skips the test where there is none. With
// NETGEN_BROWSER=required there has to be one.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("NETGEN_BROWSER") == "required" {
			t.Fatal("NETGEN_BROWSER=required, and there is no ", strings.Join(names, ", "))
		}
		t.Skip("there is no ", strings.Join(names, ", "), ": pages are not tried in a browser")
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1440, 900),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal("start ", path, ": ", err)
	}
	return ctx
}

// tab is a page that was opened from a file.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string

	control bool // problems are wanted

	mu       sync.Mutex
	said     []string // on the console
	requests []string
}

// open opens a page in a tab of its own. When the test is over, the console has to
// be empty and no request to have been made but for the page.
func open(t *testing.T, ctx context.Context, page string, features ...*emulation.MediaFeature) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(ctx)
	p := &tab{t: t, ctx: ctx, url: "file://" + file}
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	features = append([]*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}, features...)
	p.do(
		command(network.Enable, network.EnableParams{}),
		command(log.Enable, cdp.Empty{}),
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}),
		chromedp.EmulateViewport(1440, 900),
		chromedp.Navigate(p.url),
	)
	p.until("the page is ready", `document.documentElement.dataset.ready === "true"`)
	t.Cleanup(func() {
		for _, problem := range p.problems() {
			if !p.control {
				t.Error(problem)
			}
		}
		cancel()
	})
	return p
}

// problems are what the page did that no page may do.
func (p *tab) problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, line := range p.said {
		out = append(out, "on the console: "+line)
	}
	for _, url := range p.requests {
		if url, _, _ = strings.Cut(url, "#"); url != p.url && !strings.HasPrefix(url, "data:") {
			out = append(out, "the page asks for "+url)
		}
	}
	if len(p.requests) == 0 {
		out = append(out, "not even the request for the page was seen")
	}
	return out
}

// TestControls sees that a word on the console, an error and a request are noticed.
func TestControls(t *testing.T) {
	ctx := browser(t)
	for _, mistake := range []string{
		`<script>console.log("hello")</script>`,
		`<script>setTimeout(() => { throw new Error("oh") })</script>`,
		`<img src="http://127.0.0.1:9/x.png">`,
		`<script>fetch("file:///etc/hostname").catch(() => 0)</script>`,
	} {
		p := open(t, ctx, `<html data-ready="true"><body>`+mistake+`</body></html>`)
		p.control = true
		for range 100 {
			if len(p.problems()) > 0 {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if len(p.problems()) == 0 {
			t.Errorf("nobody notices %s", mistake)
		}
	}
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		for _, arg := range e.Args {
			p.said = append(p.said, fmt.Sprintf("%s: %v %s", e.Type, arg.Value, arg.Description))
		}
	case *runtime.EventExceptionThrown:
		p.said = append(p.said, fmt.Sprintf("%s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *log.EventEntryAdded:
		p.said = append(p.said, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	}
}

// command is a command of the protocol whose answer is of no interest.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	get(p, chromedp.Steps(actions...))
}

// get runs an action, for no longer than a minute.
func get[T any](p *tab, action chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	out, err := chromedp.Run(ctx, action)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// is evaluates a condition.
func (p *tab) is(condition string) bool {
	p.t.Helper()
	return get(p, chromedp.Evaluate[bool]("Boolean("+condition+")"))
}

func (p *tab) text(expression string) string {
	p.t.Helper()
	return get(p, chromedp.Evaluate[string]("String("+expression+")"))
}

// until waits for a condition.
func (p *tab) until(what, condition string) {
	p.t.Helper()
	for range 200 {
		if p.is(condition) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.t.Fatalf("it never happens that %s: %s\n%s", what, condition, strings.Join(p.said, "\n"))
}

// must holds the page against a condition.
func (p *tab) must(what, condition string) {
	p.t.Helper()
	if !p.is(condition) {
		p.t.Errorf("it is not so that %s: %s", what, condition)
	}
}

// keys presses keys: characters, or names as of the DOM.
func (p *tab) keys(keys ...string) {
	p.t.Helper()
	for _, k := range keys {
		down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: k, Text: k}
		if code, ok := codes[k]; ok {
			down.Code, down.WindowsVirtualKeyCode = k, code
			down.Text = ""
			if k == "Enter" {
				down.Text = "\r"
			}
		}
		up := down
		up.Type, up.Text = input.DispatchKeyEventTypeKeyUp, ""
		p.do(command(input.DispatchKeyEvent, down), command(input.DispatchKeyEvent, up))
	}
}

// codes are the keys that are no characters.
var codes = map[string]int64{
	"Escape": 27, "Enter": 13, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35,
}

// write types a text.
func (p *tab) write(text string) {
	p.t.Helper()
	p.keys(strings.Split(text, "")...)
}

func (p *tab) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// shot takes a picture into the directory of NETGEN_SCREENSHOTS, where that is set.
func (p *tab) shot(name string) {
	p.t.Helper()
	dir := os.Getenv("NETGEN_SCREENSHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), get(p, chromedp.CaptureScreenshot()), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

var dark = &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"}
