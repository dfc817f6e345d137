package deploy_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const marker = "<!-- netgen-diff -->"

func TestCommentLife(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		before := f.add("alice", "looks good")
		for _, text := range []string{"first", "second"} {
			if out, code := f.put(t, marker+"\n"+text+"\n"); code != 0 {
				t.Fatal(code, out)
			}
			got := f.all()
			if len(got) != 2 || got[1].body != marker+"\n"+text+"\n" || got[1].id != before+1 {
				t.Fatalf("after %s there are %+v", text, got)
			}
		}
		f.add("bob", "indeed")
		for range 2 { // that it is gone is no mistake
			if out, code := f.keep(t, nil, "remove"); code != 0 {
				t.Fatal(code, out)
			}
		}
		if got := f.all(); len(got) != 2 || got[0].author != "alice" || got[1].author != "bob" {
			t.Errorf("after it was removed there are %+v", got)
		}
	})
}

func TestCommentOnALaterPage(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		f.page = 3
		for i := range 7 {
			f.add("alice", fmt.Sprint("talk ", i))
			if i == 3 {
				f.add(f.me, marker+"\nold")
			}
		}
		for i := range 6 { // GitLab has the newest first
			f.add("bob", fmt.Sprint("more ", i))
		}
		if out, code := f.put(t, marker+"\nnew"); code != 0 {
			t.Fatal(code, out)
		}
		got := f.all()
		if len(got) != 14 || got[4].body != marker+"\nnew" {
			t.Errorf("there are %+v", got)
		}
	})
}

// Who may write on a request can write a marker, and have us quote one.
func TestForeignCommentsStay(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		f.add("mallory", marker+"\nbait")
		f.add(strings.TrimSuffix(f.me, "[bot]")+"x", marker+"\nbait")
		f.add("", marker+"\nfrom an account that is gone")
		f.add(f.me, "> "+marker+"\nquoted")
		f.add(f.me, "You said:\n"+marker+"\n")
		f.add(f.me, "<!-- netgen-diff:other -->\nof another use")
		f.add(f.me, "")
		before := f.all()
		if out, code := f.keep(t, nil, "remove"); code != 0 || len(f.changes()) > 0 {
			t.Error(code, out)
		}
		if out, code := f.put(t, marker+"\nours"); code != 0 {
			t.Fatal(code, out)
		}
		if out, code := f.put(t, marker+"\nours again"); code != 0 {
			t.Fatal(code, out)
		}
		after := f.all()
		if !slices.Equal(after[:len(before)], before) || len(after) != len(before)+1 || after[len(before)].body != marker+"\nours again" {
			t.Errorf("there are %+v", after)
		}
	})
}

func TestDuplicatesGo(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		first := f.add(f.me, marker+"\none")
		f.add("alice", "hm")
		f.add(f.me, marker+"\r\ntwo") // as if edited in a browser
		f.add(f.me, marker+"\nthree")
		if out, code := f.put(t, marker+"\nnow"); code != 0 {
			t.Fatal(code, out)
		}
		if got := f.all(); len(got) != 2 || got[0] != (note{first, f.me, marker + "\nnow"}) {
			t.Errorf("there are %+v", got)
		}
	})
}

func TestCommentID(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		for _, id := range []string{"", "a", "team-b.prod_1"} {
			if out, code := f.put(t, marker+"\nof "+id, "NETGEN_COMMENT_ID="+id); code != 0 {
				t.Fatal(code, out)
			}
		}
		if out, code := f.keep(t, []string{"NETGEN_COMMENT_ID=a"}, "remove"); code != 0 {
			t.Fatal(code, out)
		}
		got := f.all()
		if len(got) != 2 || got[0].body != marker+"\nof " || got[1].body != "<!-- netgen-diff:team-b.prod_1 -->\nof team-b.prod_1" {
			t.Errorf("there are %+v", got)
		}
		f.changes()
		for _, id := range []string{"a b", "a-->", "a--b", "-a", "a-", "a\nb", "ä", "$(id)"} {
			if out, code := f.put(t, "x", "NETGEN_COMMENT_ID="+id); code != 1 || len(f.changes()) > 0 {
				t.Errorf("%q: exit code %d\n%s", id, code, out)
			}
		}
	})
}

// What a topology says must arrive as it is, and act on nothing on its way.
func TestHostileBody(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		text := marker + "\n" + `quotes " ' backslashes \ \\ \n $(touch pwned) ` + "`touch pwned`" + ` ${HOME} %s %25 @/etc/passwd &&;|<>` +
			"\ttab\r\nnext\x01 \u2028 \u202e é 🙂\n\n" + marker + "\n::error::no\n EOT\nEOT\nLINES\n\n\n"
		if out, code := f.put(t, text); code != 0 {
			t.Fatal(code, out)
		}
		if got := f.all(); len(got) != 1 || got[0].body != text {
			t.Errorf("sent    %q\narrived %+v", text, got)
		}
	})
}

func TestHugeBody(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		room := f.limit - len(marker) - 1
		for _, text := range []string{strings.Repeat("x", room), strings.Repeat("é", room)} {
			if out, code := f.put(t, text); code != 0 {
				t.Fatal(code, out)
			}
		}
		out, code := f.put(t, strings.Repeat("x", room+1))
		if code != 1 || !strings.Contains(out, fmt.Sprintf("has %d characters, and there is room for %d", f.limit+1, f.limit)) {
			t.Error(code, out)
		}
		if got := f.all(); len(got) != 1 || got[0].body != marker+"\n"+strings.Repeat("é", room) {
			t.Error("the last one that fits is not there")
		}
	})
}

// once fails the first n requests of a method.
func once(n int, method string, status int, header map[string]string, message string) func(*http.Request) (int, map[string]string, string) {
	return func(r *http.Request) (int, map[string]string, string) {
		if r.Method != method || r.URL.Path == "/graphql" || r.URL.Path == "/user" || n == 0 {
			return 0, nil, ""
		}
		n--
		return status, header, message
	}
}

func TestFaultsPass(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		change := "PATCH"
		if f.gitlab {
			change = "PUT"
		}
		limited := map[string]string{"Retry-After": "0"}
		for i, fault := range []func(*http.Request) (int, map[string]string, string){
			once(2, "GET", 500, nil, "oops"),
			once(4, change, 502, nil, "oops"),
			once(1, change, 429, limited, "slow down"),
			once(1, change, 403, limited, "You have exceeded a secondary rate limit."),
			once(1, change, 403, nil, "You have exceeded a secondary rate limit."),
			once(1, change, 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, "API rate limit exceeded"),
		} {
			f.fails(nil)
			if out, code := f.put(t, marker+"\nbefore"); code != 0 {
				t.Fatal(code, out)
			}
			f.fails(fault)
			if out, code := f.put(t, fmt.Sprint(marker, "\n", i)); code != 0 {
				t.Errorf("fault %d: exit code %d\n%s", i, code, out)
			}
			if got := f.all(); len(got) != 1 || got[0].body != fmt.Sprint(marker, "\n", i) {
				t.Errorf("after fault %d there are %+v", i, got)
			}
		}
	})
}

// An answer that is lost may have been that the comment was made.
func TestNoSecondComment(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		lost := true
		f.fails(func(r *http.Request) (int, map[string]string, string) {
			if r.Method == "POST" && r.URL.Path != "/graphql" && lost {
				lost = false
				f.next++
				f.notes = append(f.notes, note{f.next, f.me, marker + "\nnew"})
				return 502, nil, "lost"
			}
			return 0, nil, ""
		})
		if out, code := f.put(t, marker+"\nnew"); code != 0 {
			t.Fatal(code, out)
		}
		if got := f.all(); len(got) != 1 || got[0].body != marker+"\nnew" {
			t.Errorf("there are %+v", got)
		}
	})
}

func TestCommentThatVanishes(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		f.add(f.me, marker+"\nold")
		f.fails(func(r *http.Request) (int, map[string]string, string) {
			if r.Method == "PATCH" || r.Method == "PUT" || r.Method == "DELETE" {
				f.notes = nil
			}
			return 0, nil, ""
		})
		if out, code := f.put(t, marker+"\nnew"); code != 0 {
			t.Fatal(code, out)
		}
		if got := f.all(); len(got) != 1 || got[0].body != marker+"\nnew" {
			t.Errorf("there are %+v", got)
		}
		if out, code := f.keep(t, nil, "remove"); code != 0 {
			t.Fatal(code, out)
		}
	})
}

func TestFaultsThatStay(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		forever := 1 << 30
		for _, c := range []struct {
			fault    func(*http.Request) (int, map[string]string, string)
			code     int
			says     string
			requests int // that would change something
		}{
			{once(forever, "POST", 500, nil, "oops"), 1, "the server answers 500: oops", 5},
			{once(forever, "POST", 422, nil, "no such thing"), 1, "the server answers 422: no such thing", 1},
			{once(forever, "POST", 301, map[string]string{"Location": "/elsewhere"}, "moved"), 1, "the server answers 301", 1},
			{once(forever, "POST", 403, nil, "Resource not accessible by integration"), 3, "the token may not do that: Resource not accessible", 1},
			{once(forever, "GET", 404, nil, "Not Found"), 3, "the token may not do that", 0},
			{once(forever, "POST", 429, map[string]string{"Retry-After": "3600"}, "slow down"), 1, "", 1},
			{once(forever, "POST", 403, map[string]string{"Retry-After": "3600"}, "slow down"), 1, "too many requests: slow down", 1},
			{once(forever, "POST", 400, nil, "two\nlines \x1b[31m"), 1, "400: two lines  [31m", 1},
			{once(forever, "GET", 200, nil, "no list"), 1, "the answer is not", 0},
		} {
			f.changes()
			f.fails(c.fault)
			out, code := f.put(t, marker+"\nnew")
			if code != c.code || !strings.Contains(out, c.says) || len(f.changes()) != c.requests {
				t.Errorf("%s: exit code %d\n%s", c.says, code, out)
			}
			if len(f.all()) > 0 {
				t.Fatal("there is a comment all the same")
			}
		}
		f.fails(nil)
		f.Close()
		if out, code := f.put(t, "x"); code != 1 || !strings.Contains(out, "cannot ask whose the token is: curl:") {
			t.Error(code, out)
		}
	})
}

func TestBadToken(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		for _, c := range [][2]string{{"wrong", "the token is not accepted: Bad credentials"}, {"", "is not set"}} {
			out, code := f.put(t, "x", "GITHUB_TOKEN="+c[0], "NETGEN_TOKEN="+c[0])
			if code == 0 || code == 3 || !strings.Contains(out, c[1]) {
				t.Errorf("%q: exit code %d\n%s", c[0], code, out)
			}
		}
	})
}

func TestBadCalls(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		for _, args := range [][]string{nil, {"put"}, {"put", "absent.md"}, {"drop"}} {
			if out, code := f.keep(t, nil, args...); code == 0 || len(f.changes()) > 0 {
				t.Errorf("%v: exit code %d\n%s", args, code, out)
			}
		}
		for _, env := range []string{"NETGEN_PULL_REQUEST=7/../8", "NETGEN_PULL_REQUEST=", "GITHUB_REPOSITORY=a/b/../c", "GITHUB_REPOSITORY=a b"} {
			name, _, _ := strings.Cut(env, "=")
			if f.gitlab && name == "GITHUB_REPOSITORY" {
				continue
			}
			out, code := f.keep(t, []string{env, strings.Replace(env, "NETGEN_PULL_REQUEST", "CI_MERGE_REQUEST_IID", 1)}, "remove")
			if code != 1 || f.asked() {
				t.Errorf("%s: exit code %d\n%s", env, code, out)
			}
			f.changes()
		}
	})
}

// The arguments of programs are for all to see, and so is a trace.
func TestTokenStaysHidden(t *testing.T) {
	both(t, func(t *testing.T, f *fake) {
		bin := t.TempDir()
		log := filepath.Join(t.TempDir(), "arguments")
		curl := "#!/bin/sh\nprintf '%s\\n' \"$@\" >>" + log + "\nPATH=${PATH#*:}\nexec curl \"$@\"\n"
		if err := os.WriteFile(filepath.Join(bin, "curl"), []byte(curl), 0o755); err != nil {
			t.Fatal(err)
		}
		script, err := filepath.Abs(map[bool]string{false: "github/comment.sh", true: "gitlab/note.sh"}[f.gitlab])
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(bin, "body")
		if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		env := append(f.environ(t), "PATH="+bin+":"+os.Getenv("PATH"))
		for _, shell := range []string{"sh", "bash"} {
			out, code := command(t, bin, env, shell, "-x", script, "put", file)
			if code != 0 || strings.Contains(out, token) {
				t.Errorf("%s: exit code %d\n%s", shell, code, out)
			}
		}
		arguments, err := os.ReadFile(log)
		if err != nil || !strings.Contains(string(arguments), "--header\n@") || strings.Contains(string(arguments), token) {
			t.Errorf("%v\n%s", err, arguments)
		}
	})
}
