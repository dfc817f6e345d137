package hostile

import (
	"regexp"
	"strings"
)

// named is a case of a topology with a text in it that is not allowed there.
func named(name, cue string, says ...string) hostile {
	return hostile{name: name, make: func(w *world) { w.cue(cue) }, code: findings, says: append(says, "shop/more.cue:3:")}
}

// shown is a case of a description that a report is made of.
func shown(name, why string, hidden ...string) hostile {
	return hostile{
		name: name, args: []string{"diff", "old.yaml", "shop", "--format", "markdown"},
		make: func(w *world) {
			w.file("old.yaml", policy)
			w.cue("topology: services: frontend: connects: backend: why: " + why)
		},
		code: findings,
		after: func(w *world, out result) {
			prose := withoutCode(out.stdout)
			for _, h := range hidden {
				w.lacks(prose, h)
			}
			if !strings.Contains(out.stdout, "evil") {
				w.Errorf("it is not shown at all:\n%s", out.stdout)
			}
		},
	}
}

// withoutCode returns Markdown without its spans of code, which are text and nothing
// else: from a run of backticks to the next one of the same length.
func withoutCode(s string) string {
	var prose strings.Builder
	runs := backticks.FindAllStringIndex(s, -1)
	at := 0
	for i := 0; i < len(runs); i++ {
		for j := i + 1; j < len(runs); j++ {
			if runs[j][1]-runs[j][0] == runs[i][1]-runs[i][0] {
				prose.WriteString(s[at:runs[i][0]])
				at, i = runs[j][1], j
				break
			}
		}
	}
	prose.WriteString(s[at:])
	return prose.String()
}

var backticks = regexp.MustCompile("`+")

// texts are names and descriptions: in names of objects and files, on a terminal, and
// in the comment of a pull request.
var texts = []hostile{
	named("new line in a label", `topology: services: frontend: labels: app: "x\n  evil: y"`, "[NG202]"),
	named("look-alike letter", `topology: services: "frоntend": ports: http: 8080`, "[NG201]"),
	named("text that turns around", `topology: description: "x \u202e y"`, "[NG207]"),
	named("escape in a description", `topology: description: "\u001b]0;x\u0007"`, "[NG207]"),
	named("name of 300 letters", `topology: services: "`+strings.Repeat("a", 300)+`": ports: http: 8080`, "[NG201]"),
	named("name with a slash", `topology: services: "../../evil": ports: http: 8080`, "[NG201]"),
	named("name that YAML reads as something else", `topology: services: "no\n": ports: http: 8080`, "[NG201]"),
	named("name of a device of Windows", `topology: services: "CON": ports: http: 8080`, "[NG201]"),
	named("name that ends with a dot", `topology: services: "shop.": ports: http: 8080`, "[NG201]"),
	named("names that differ in case", `topology: services: Backend: ports: http: 8080`, "[NG201]"),
	{
		name: "two names that join to one",
		make: func(w *world) {
			w.cue("topology: services: \"frontend.to.backend\": ports: http: 8080")
		},
		code: findings, says: []string{"shop/more.cue:3:", "[NG201]"},
	},
	{
		name: "escape in the name of a file",
		make: func(w *world) { w.file("shop/x\x1b[2J\r\u202e.cue", "package shop\n\nx: [\n") },
		code: findings, says: []string{`shop/x`, "[NG101]"},
	},
	{
		name: "escape in the name of a directory",
		make: func(w *world) { w.file("x\x1b[2J\n::error::x/shop.cue", "package shop\n\nx: [\n") },
		args: []string{"vet", "./...", "--format", "github"}, code: findings,
		after: func(w *world, out result) {
			if strings.Contains(out.stdout+out.stderr, "\n::error::x") {
				w.Errorf("a name is a command:\n%s", out.stdout)
			}
		},
	},
	{
		name: "escape in what CUE says",
		make: func(w *world) { w.cue(`topology: services: frontend: ports: http: 8080 & "\u001b[2J\u202e"`) },
		code: findings, says: []string{"shop/more.cue:3:", "[NG103]"},
	},
	{
		name: "line of a million letters",
		make: func(w *world) {
			w.cue(`topology: services: frontend: ports: http: "` + strings.Repeat("x", 1_000_000) + `"`)
		},
		code: findings, says: []string{"shop/more.cue:3:"},
		after: func(w *world, out result) {
			if len(out.stderr) > 10_000 {
				w.Errorf("it answers with %d bytes", len(out.stderr))
			}
		},
	},
	shown("link and mention", `"[evil](https://evil.example) @everyone <img src=x> #1"`, "](https", "@everyone", "<img"),
	shown("a run of backticks", "\"evil "+strings.Repeat("`", 40)+" <img src=x> @everyone\"", "<img", "@everyone"),
	shown("end of a table", `"evil | <!-- x"`, "<!-- x"),
}
