package hostile

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shop is a topology that nothing is wrong with.
const shop = `package shop

topology: {name: "shop", version: "1.0.0", namespace: "shop"}
topology: services: {
	frontend: {ports: http: 8080, connects: backend: {}}
	backend: ports: http: 8080
}
`

// world is what is around a run of the program:
//
//	repo/          what it is told to read
//	outside/       what is none of its business, with a canary in every file
type world struct {
	*testing.T
	top, repo, outside string
	secrets            []string // the canaries of the files and of the environment
	registry           net.Listener
	connections        chan net.Conn
	before             map[string]string // the files outside
}

func newWorld(t *testing.T) *world {
	t.Helper()
	top := t.TempDir()
	w := &world{T: t, top: top, repo: filepath.Join(top, "repo"), outside: filepath.Join(top, "outside")}
	w.secrets = []string{canary(), canary()}
	inFile := w.secrets[0]
	// Each of them is well formed where it would be read, so that nothing but the
	// refusal is in the way of what it says.
	for name, text := range map[string]string{
		"secret":                 inFile + "\n",
		"secret.cue":             "package shop\n\ntopology: services: " + inFile + ": ports: http: 8080\n",
		"secret.json":            `{"` + inFile + `": 8080}` + "\n",
		"secret.yaml":            "apiVersion: " + inFile + "/v1\nkind: NetworkPolicy" + inFile + "\nmetadata: {name: " + inFile + ", namespace: shop}\n",
		"lib/lib.cue":            "package lib\n\nName: \"" + inFile + "\"\n",
		"lib/kustomization.yaml": "namePrefix: " + inFile + "-\n",
		"shop/shop.cue":          strings.Replace(shop, "frontend", inFile, 1),
		"netgen.lock":            inFile + "\n",
	} {
		w.put(filepath.Join(w.outside, filepath.FromSlash(name)), text)
	}
	w.file("shop/shop.cue", shop)
	w.before = w.contents(w.outside)
	var err error
	if w.registry, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	w.connections = make(chan net.Conn, 100)
	go func() {
		for {
			conn, err := w.registry.Accept()
			if err != nil {
				return
			}
			w.connections <- conn
		}
	}()
	t.Cleanup(func() { _ = w.registry.Close() })
	return w
}

func (w *world) put(name, text string) {
	w.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
}

// file writes a file of the repository.
func (w *world) file(name, text string) {
	w.Helper()
	w.put(filepath.Join(w.repo, filepath.FromSlash(name)), text)
}

// cue adds CUE to the shop.
func (w *world) cue(text string) { w.Helper(); w.file("shop/more.cue", "package shop\n\n"+text+"\n") }

// stream writes a file of the repository piece by piece. What this process has in
// memory counts as that of the program, which is its child.
func (w *world) stream(name string, write func(out *bufio.Writer)) {
	w.Helper()
	full := filepath.Join(w.repo, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		w.Fatal(err)
	}
	f, err := os.Create(full)
	if err != nil {
		w.Fatal(err)
	}
	out := bufio.NewWriter(f)
	write(out)
	if err := errors.Join(out.Flush(), f.Close()); err != nil {
		w.Fatal(err)
	}
}

// repeat writes text n times.
func repeat(out *bufio.Writer, text string, n int) {
	for range n {
		_, _ = out.WriteString(text) // Flush has the error
	}
}

// link makes a link in the repository. A target that begins with outside/ is there.
func (w *world) link(name, target string) {
	w.Helper()
	if rest, ok := strings.CutPrefix(target, "outside/"); ok {
		target = filepath.Join(w.outside, filepath.FromSlash(rest))
	}
	full := filepath.Join(w.repo, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.Symlink(target, full); err != nil {
		w.Skip("no symbolic links here: ", err)
	}
}

// remove removes a file of the repository.
func (w *world) remove(name string) {
	w.Helper()
	if err := os.Remove(filepath.Join(w.repo, filepath.FromSlash(name))); err != nil {
		w.Fatal(err)
	}
}

// built has the shop built into out.
func (w *world) built() {
	w.Helper()
	out, err := exec.Command(program, "-C", w.repo, "build", "shop", "-o", "out").CombinedOutput()
	if err != nil {
		w.Fatal(string(out), err)
	}
}

// result is what came of a run.
type result struct {
	code           int
	stdout, stderr string
	took           time.Duration
	memory         int64 // the most that any process had
}

// run runs the program.
func (w *world) run(start starter, in string, args ...string) result {
	w.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(w.top, "home"), "TMPDIR=" + w.top,
		"CUE_REGISTRY=" + w.registry.Addr().String() + "+insecure", "CUE_CACHE_DIR=" + filepath.Join(w.top, "cache"),
		"SECRET=" + w.secrets[1], "ARGOCD_ENV_SECRET=" + w.secrets[1], "secret=" + w.secrets[1],
	}
	if in != "" {
		f, err := os.Open(filepath.Join(w.repo, filepath.FromSlash(in)))
		if err != nil {
			w.Fatal(err)
		}
		defer func() { _ = f.Close() }() // opened for reading only
		cmd.Stdin = f
	}
	begin := time.Now()
	if err := start(w, cmd); err != nil {
		w.Fatal(err)
	}
	overdue := time.AfterFunc(2*maxTime, func() { _ = cmd.Process.Kill() })
	defer overdue.Stop()
	_ = cmd.Wait() // the exit code says it
	return result{
		code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String(),
		took: time.Since(begin), memory: mostMemory(cmd.ProcessState),
	}
}

// starter starts the program in some surroundings.
type starter func(w *world, cmd *exec.Cmd) error

// untouched sees that no canary is anywhere, that nothing outside was changed, and
// that nobody asked the registry.
func (w *world) untouched(out result) {
	w.Helper()
	for _, secret := range w.secrets {
		if strings.Contains(out.stdout+out.stderr, secret) {
			w.Errorf("it prints a canary\n%.1000s%.1000s", out.stdout, out.stderr)
		}
		for name, text := range w.contents(w.top) {
			inside, err := filepath.Rel(w.outside, name)
			if err == nil && filepath.IsLocal(inside) {
				continue
			}
			if strings.Contains(text, secret) {
				w.Errorf("%s holds a canary", name)
			}
		}
	}
	after := w.contents(w.outside)
	for name, text := range w.before {
		if after[name] != text {
			w.Errorf("%s was changed", name)
		}
	}
	if len(after) != len(w.before) {
		w.Errorf("there are %d files outside the repository, and were %d", len(after), len(w.before))
	}
	if entries, err := os.ReadDir(w.top); err != nil || len(entries) != 2 {
		w.Errorf("something was left beside the repository: %v %v", entries, err)
	}
	select {
	case conn := <-w.connections:
		w.Errorf("there was a connection from %s", conn.RemoteAddr())
	default:
	}
}

// contents returns the regular files below a directory that are of a size to look
// into.
func (w *world) contents(dir string) map[string]string {
	w.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if fi, err := d.Info(); err != nil || fi.Size() > 1<<20 {
			return err // of the case itself
		}
		data, err := os.ReadFile(name)
		files[name] = string(data)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return files
}

// gigabyte makes a file of that size without writing so much.
func (w *world) gigabyte(name string) {
	w.Helper()
	w.file(name, "")
	if err := os.Truncate(filepath.Join(w.repo, filepath.FromSlash(name)), 1<<30); err != nil {
		w.Fatal(err)
	}
}
