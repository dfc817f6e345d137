package argocd

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
)

// failing asks for what cannot be had, and returns what Argo CD would show.
func failing(t *testing.T, c call) string {
	t.Helper()
	got, err := generate(t.Context(), c)
	if err == nil {
		t.Fatalf("%d objects, and no error", len(got))
	}
	message := err.Error()
	for _, bad := range []string{os.TempDir(), work, "_cmp_server", c.repository, secret, "TOKEN", "goroutine", "panic"} {
		if strings.Contains(message, bad) {
			t.Errorf("the message has %q in it: %s", bad, message)
		}
	}
	if len(message) > 2000 {
		t.Errorf("the message has %d bytes", len(message))
	}
	return message
}

func TestFailures(t *testing.T) {
	broken := strings.Replace(plain, "connects: backend", "connects: bakend", 1)
	var many strings.Builder
	many.WriteString("package shop\n\n")
	for i := range 200 {
		fmt.Fprintf(&many, "topology: services: s%d: connects: nobody%d: {}\n", i, i)
	}
	for _, tt := range []struct {
		title string
		files map[string]string
		call  call
		want  string // an expression
	}{
		{
			"mistake",
			map[string]string{"apps/shop/shop.cue": broken},
			call{path: "apps/shop"},
			`exit status 1: apps/shop/shop\.cue:10:\d+: error: service frontend connects to "bakend", which is not declared \[NG301\]`,
		},
		{
			"mistake in a part",
			map[string]string{"apps/shop/shop.cue": broken},
			call{path: "apps/shop", sent: "apps/shop"},
			`exit status 1: apps/shop/shop\.cue:10:`,
		},
		{
			"mistake at the top",
			map[string]string{"shop.cue": broken},
			call{path: "."},
			`exit status 1: shop\.cue:10:`,
		},
		{
			"no CUE",
			map[string]string{"apps/shop/shop.cue": "package shop\n\ntopology: {\n"},
			call{path: "apps/shop"},
			`exit status 1: apps/shop/shop\.cue:3:13: error: .* \[NG101\]`,
		},
		{
			"many mistakes",
			map[string]string{"apps/shop/shop.cue": plain, "apps/shop/many.cue": many.String()},
			call{path: "apps/shop"},
			`(?s)exit status 1: apps/shop/many\.cue:3:.*and \d+ findings more: netgen vet shows all$`,
		},
		{
			"broken invariant",
			map[string]string{"apps/shop/shop.cue": plain, "apps/shop/i.cue": "package shop\n\ntopology: invariants: never: deny: {from: \"frontend\", to: \"backend\"}\n"},
			call{path: "apps/shop"},
			`exit status 1: apps/shop/`,
		},
		{
			"several environments",
			map[string]string{"apps/shop/shop.cue": shop},
			call{path: "apps/shop"},
			`exit status 2: netgen: error: topology shop has several environments: set environment to one of dev, prod$`,
		},
		{
			"unknown environment",
			map[string]string{"apps/shop/shop.cue": shop},
			call{path: "apps/shop", plugin: parameters("environment", "test")},
			`exit status 2: netgen: error: topology shop has no environment "test": it has dev, prod$`,
		},
		{
			"empty directory",
			map[string]string{"apps/shop/README.md": "soon"},
			call{path: "apps/shop"},
			`exit status 1: apps/shop: error: holds no CUE file \[NG\d+\]`,
		},
		{
			"no topology below",
			map[string]string{"apps/shop/README.md": "soon"},
			call{path: "apps", plugin: parameters("directory", "...")},
			`exit status 2: netgen: error: .*: no directory there holds a topology`,
		},
		{
			"empty package",
			map[string]string{"apps/shop/shop.cue": "package shop\n"},
			call{path: "apps/shop"},
			`exit status 1: apps/shop/shop\.cue:1:1: error: package shop has no field topology`,
		},
		{
			"nothing switched on",
			map[string]string{"apps/shop/shop.cue": strings.ReplaceAll(plain, "ports: http", "enabled: false, ports: http")},
			call{path: "apps/shop"},
			`exit status 1: `,
		},
		{
			"CUE module that is not there",
			map[string]string{"apps/shop/shop.cue": strings.Replace(plain, "import ", "import \"example.com/other/x\"\n\nimport ", 1)},
			call{path: "apps/shop"},
			`exit status 3: apps/shop/shop\.cue:3:8: error: package example\.com/other/x is not in the repository, and netgen fetches nothing`,
		},
		{
			"embedded file",
			map[string]string{"apps/shop/shop.cue": "@extern(embed)\n\n" + plain},
			call{path: "apps/shop"},
			`exit status 3: apps/shop/shop\.cue:1:1: error: @extern`,
		},
	} {
		t.Run(tt.title, func(t *testing.T) {
			tt.call.repository = repository(t, tt.files)
			message := failing(t, tt.call)
			if !regexp.MustCompile(tt.want).MatchString(message) {
				t.Errorf("it says\n%s\nand not\n%s", message, tt.want)
			}
		})
	}
}

// TestHostile gives the plug-in what somebody would who may change Applications and
// nothing else.
func TestHostile(t *testing.T) {
	repo := repository(t, map[string]string{
		"apps/shop/shop.cue":    plain,
		"apps/other/other.cue":  strings.ReplaceAll(plain, "shop", "other"),
		"apps/shop/sub/sub.cue": strings.ReplaceAll(plain, "shop", "sub"),
	})
	if err := os.Symlink("../other", filepath.Join(repo, "apps/shop/out")); err != nil {
		t.Skip("no links here: ", err)
	}
	if err := os.Symlink("sub", filepath.Join(repo, "apps/shop/in")); err != nil {
		t.Fatal(err)
	}
	variable := func(name, value string) *v1alpha1.ApplicationSourcePlugin {
		return &v1alpha1.ApplicationSourcePlugin{Env: v1alpha1.Env{{Name: name, Value: value}}}
	}
	tag := func(key, value string) *v1alpha1.ApplicationSourcePlugin {
		return &v1alpha1.ApplicationSourcePlugin{Parameters: v1alpha1.ApplicationSourcePluginParameters{
			{Name: "tags", OptionalMap: &v1alpha1.OptionalMap{Map: map[string]string{key: value}}},
		}}
	}
	array := &v1alpha1.ApplicationSourcePlugin{Parameters: v1alpha1.ApplicationSourcePluginParameters{
		{Name: "environment", OptionalArray: &v1alpha1.OptionalArray{Array: []string{"dev"}}},
	}}
	for _, tt := range []struct {
		title  string
		plugin *v1alpha1.ApplicationSourcePlugin
		want   string
	}{
		{"other directory", parameters("directory", "../other"), `exit status 3: .*directory has a "\.\.": \.\./other`},
		{"out and in again", parameters("directory", "sub/../../shop"), `exit status 3: .*has a "\.\."`},
		{"absolute", parameters("directory", "/etc"), `exit status 3: .*is absolute: /etc`},
		{"link that leads out", parameters("directory", "out"), `exit status 3: .*apps/shop/out: cannot be followed inside`},
		{"every one below a link", parameters("directory", "out/..."), `exit status 3: .*cannot be followed inside`},
		{"file", parameters("directory", "shop.cue"), `exit status 2: .*apps/shop/shop\.cue is not a directory`},
		{"missing", parameters("directory", "nowhere"), `exit status 2: .*apps/shop/nowhere: there is no such directory`},
		{"flag", parameters("directory", "--help"), `exit status 2: .*apps/shop/--help: there is no such directory`},
		{"command", parameters("directory", "$(id)"), `exit status 2: .*apps/shop/\$\(id\): there is no such directory`},
		{"line end", parameters("directory", "sub\nkind: Secret"), `exit status 2: .*control characters`},
		{"escape sequence", parameters("environment", "\x1b[31mprod"), `exit status 2: .*control characters`},
		{"flag for an environment", parameters("environment", "--no-verify"), `exit status 2: .*has no environment "--no-verify"`},
		{"endless", parameters("environment", strings.Repeat("x", 100_000)), `exit status 2: .*is longer than`},
		{"unknown", parameters("env", "prod"), `exit status 2: .*there is no parameter "env"`},
		{"unknown and long", parameters(strings.Repeat("x", 5000), "prod"), `exit status 2: .*there is no parameter "x+…x+"`},
		{"twice", parameters("environment", "dev", "environment", "prod"), `exit status 2: .*environment is there twice`},
		{"list for a string", array, `exit status 2: .*environment is a string`},
		{"tag that is a flag", tag("--out", "x"), `exit status 2: .*cannot be the key of a CUE @tag`},
		{"tag with a value in its key", tag("a=b", "x"), `exit status 2: .*cannot be the key of a CUE @tag`},
		{"tag with a line end", tag("a", "x\ny"), `exit status 2: .*control characters`},
		{"tag that nothing takes", tag("zone", "x"), `exit status 1: apps/shop: error: no tag for "zone"`},
		{"variable that leads out", variable("NETGEN_DIRECTORY", "../other"), `exit status 3: .*NETGEN_DIRECTORY has a "\.\."`},
		{"unknown variable", variable("NETGEN_ENV", "prod"), `exit status 2: .*there is no variable NETGEN_ENV`},
	} {
		t.Run(tt.title, func(t *testing.T) {
			message := failing(t, call{repository: repo, path: "apps/shop", plugin: tt.plugin})
			if !regexp.MustCompile(tt.want).MatchString(message) {
				t.Errorf("it says\n%s\nand not\n%s", message, tt.want)
			}
		})
	}
	message := failing(t, call{repository: repo, path: "apps/shop", plugin: parameters("directory", "in")})
	if want := "apps/shop/in: error: is a symbolic link; netgen follows none to a package"; !strings.Contains(message, want) {
		t.Errorf("of a link that stays inside it says\n%s", message)
	}
}

// TestModuleAbove sees that a CUE module outside of the repository is not taken,
// though the nearest one above the package is what CUE looks for.
func TestModuleAbove(t *testing.T) {
	if err := os.MkdirAll(filepath.Join(work, "cue.mod"), 0o755); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Remove(filepath.Join(work, "cue.mod")) }()
	repo := repository(t, map[string]string{"apps/shop/shop.cue": plain})
	if message := failing(t, call{repository: repo, path: "apps/shop"}); !strings.Contains(message, "exit status 3: netgen: error: apps/shop: its CUE module starts above what is taken for the repository") {
		t.Error(message)
	}
}

// TestEmpty shows why printing nothing is an error: to Argo CD it is a success, and
// an Application without objects. netgen vet prints nothing where all is well.
func TestEmpty(t *testing.T) {
	dir := t.TempDir()
	config := "apiVersion: argoproj.io/v1alpha1\nkind: ConfigManagementPlugin\nmetadata: {name: empty}\nspec: {generate: {command: [netgen, vet]}}\n"
	if err := os.WriteFile(filepath.Join(dir, "plugin.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	other, stop, err := serve(dir, filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	repo := repository(t, map[string]string{"apps/shop/shop.cue": plain})
	if got, err := generate(t.Context(), call{repository: repo, path: "apps/shop", client: other}); err != nil || len(got) > 0 {
		t.Errorf("%d objects, %v", len(got), err)
	}
}

// TestDeadline sees that a run that is killed leaves no process and no file.
func TestDeadline(t *testing.T) {
	repo := repository(t, map[string]string{"apps/big/big.cue": large(20_000)})
	before := tree(t, repo)
	start := time.Now()
	_, err := generate(t.Context(), call{repository: repo, path: "apps/big", deadline: time.Second})
	if err == nil || !regexp.MustCompile("signal: (killed|terminated)|DeadlineExceeded").MatchString(err.Error()) {
		t.Fatalf("after %v: %v", time.Since(start), err)
	}
	t.Logf("killed after %v: %v", time.Since(start).Round(time.Millisecond), err)
	// The client hears of the deadline before the server has cleaned up.
	var left string
	for range 100 {
		if left = leftovers(t); left == "" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if left != "" {
		t.Error("there is still ", left)
	}
	if after := tree(t, repo); len(after) != len(before) {
		t.Errorf("the repository has %d files, and had %d", len(after), len(before))
	}
	// And the next one is not disturbed.
	if _, err := generate(t.Context(), call{repository: repository(t, map[string]string{"apps/shop/shop.cue": plain}), path: "apps/shop"}); err != nil {
		t.Error(err)
	}
}

// leftovers names a process of netgen, or a file where it worked.
func leftovers(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "linux" {
		processes, err := filepath.Glob("/proc/[0-9]*/exe")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range processes {
			if exe, err := os.Readlink(p); err == nil && strings.TrimSuffix(exe, " (deleted)") == netgen {
				return "a process, " + p
			}
		}
	}
	for name := range tree(t, filepath.Dir(work)) {
		if !strings.HasPrefix(name, "bin/") {
			return name
		}
	}
	return ""
}

// large is a topology of n services, each with two callees.
func large(n int) string {
	var b strings.Builder
	b.WriteString("package big\n\nimport \"netgen.dev/schema\"\n\ntopology: schema.#Topology & {\n\tname: \"big\"\n\tversion: \"1.0.0\"\n\tnamespace: \"big\"\n\tservices: {\n")
	for i := range n {
		fmt.Fprintf(&b, "\t\t\"s%d\": {ports: http: 8080, connects: {\"s%d\": {}, \"s%d\": {}}}\n", i, (i+1)%n, (i+7)%n)
	}
	b.WriteString("\t}\n}\n")
	return b.String()
}
