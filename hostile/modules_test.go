package hostile

// module is a module file with nothing wrong in it.
const module = `module: "example.com/repo@v0"
language: version: "v0.17.0"
`

// tagged is a value that CUE's own command injects.
func tagged(variable string) hostile {
	return hostile{
		name: "tag of " + variable,
		make: func(w *world) {
			w.cue(`x: string @tag(x,var=` + variable + `)` + "\n" + `topology: services: frontend: connects: backend: why: x`)
		},
		code: findings, says: []string{"shop/more.cue:4:", "is still open: string", "[NG104]"},
	}
}

// modules are modules, what they import, and what of CUE's own command does more
// than to evaluate.
var modules = []hostile{
	{
		name: "import from a registry",
		make: func(w *world) {
			w.file("cue.mod/module.cue", module+"deps: \"example.com/elsewhere@v0\": v: \"v0.1.0\"\n")
			w.cue("import \"example.com/elsewhere\"\n\nx: elsewhere.x")
		},
		code: refused, says: []string{"shop/more.cue:3:8: error: package example.com/elsewhere is not in the repository", "[NG904]"},
	},
	{
		name: "import from a registry without a module",
		make: func(w *world) { w.cue("import \"127.0.0.1/x\"\n\nx: x") },
		code: refused, says: []string{"shop/more.cue:3:8: error: package 127.0.0.1/x is not in the repository", "[NG904]"},
	},
	{
		name: "dependency of a dependency",
		make: func(w *world) {
			w.file("cue.mod/module.cue", module)
			w.file("cue.mod/pkg/example.com/lib/lib.cue", "package lib\n\nimport \"example.com/elsewhere\"\n\nX: elsewhere.X\n")
			w.cue("import \"example.com/lib\"\n\nx: lib.X")
		},
		code: refused, says: []string{"cue.mod/pkg/example.com/lib/lib.cue:3:8: error: package example.com/elsewhere is not in the repository", "[NG904]"},
	},
	{
		name: "import from outside by a path",
		make: func(w *world) {
			w.file("cue.mod/module.cue", module)
			w.cue("import \"example.com/repo/../../outside/lib\"\n\nx: lib.Name")
		},
		code: refused, says: []string{"shop/more.cue:3:8: error:", "[NG904]|[NG102]"},
	},
	{
		name: "dependency replaced by a directory outside",
		make: func(w *world) {
			w.file("cue.mod/module.cue", module+"deps: \"example.com/lib@v0\": {v: \"v0.1.0\", replaceWith: \"./.."+w.outside+"/lib\"}\n")
			w.file("cue.mod/pkg/example.com/lib/lib.cue", "package lib\n")
			w.cue("import \"example.com/lib\"\n\nx: lib.Name")
		},
		code: findings, says: []string{"shop: error: module replace for \"example.com/lib@v0\" is not allowed", "[NG102]"},
	},
	{
		name: "dependency replaced by a file of its own",
		make: func(w *world) {
			w.file("cue.mod/module.cue", module)
			w.file("cue.mod/local-module.cue", "deps: \"example.com/lib@v0\": replaceWith: \"./.."+w.outside+"/lib\"\n")
			w.cue("import \"example.com/lib\"\n\nx: lib.Name")
		},
		code: refused, says: []string{"package example.com/lib is not in the repository", "[NG904]"},
	},
	{
		name: "module above the repository",
		make: func(w *world) {
			w.file("work/.git/HEAD", "ref: refs/heads/main\n")
			w.file("cue.mod/module.cue", module)
			w.file("lib/lib.cue", "package lib\n\nName: \"x\"\n")
			w.file("work/shop/shop.cue", "package shop\n\nimport \"example.com/repo/lib\"\n\nx: lib.Name\n")
		},
		dir: "work", args: []string{"vet", "shop"},
		code: refused, says: []string{"../cue.mod: error: is outside of the repository", "[NG904]"},
	},
	{
		name: "package above the repository",
		make: func(w *world) {
			w.file("work/.git/HEAD", "ref: refs/heads/main\n")
			w.file("above.cue", "package shop\n\ntopology: services: injected: ports: http: 8080\n")
			w.file("work/shop.cue", shop)
		},
		dir: "work", args: []string{"build", "-o", "-"},
		code: accepted, after: func(w *world, out result) { w.lacks(out.stdout, "injected") },
	},
	{
		name: "language that is too new",
		make: func(w *world) {
			w.file("cue.mod/module.cue", "module: \"example.com/repo@v0\"\nlanguage: version: \"v0.99.0\"\n")
		},
		code: findings, says: []string{"cue.mod/module.cue", "v0.99.0", "[NG102]"},
	},
	{
		name: "module that is computed",
		make: func(w *world) {
			w.file("cue.mod/module.cue", "module: \"example.com/\" + \"repo@v0\"\nlanguage: version: \"v0.17.0\"\n")
		},
		code: findings, says: []string{"cue.mod/module.cue", "[NG102]"},
	},
	{
		name: "module that costs",
		make: func(w *world) {
			w.file("cue.mod/module.cue", "import \"strings\"\nmodule: strings.Repeat(strings.Repeat(\"x\", 1000000), 1000000)\nlanguage: version: \"v0.17.0\"\n")
		},
		code: findings, says: []string{"cue.mod/module.cue", "[NG102]"},
	},
	{
		name: "schema of its own",
		make: func(w *world) {
			w.file("cue.mod/module.cue", "module: \"netgen.dev@v0\"\nlanguage: version: \"v0.17.0\"\n")
			w.file("schema/topology.cue", "package schema\n\n#Topology: {services: injected: ports: http: 8080, ...}\n")
			w.file("shop/more.cue", "package shop\n\nimport \"netgen.dev/schema\"\n\ntopology: schema.#Topology\n")
		},
		args: []string{"build", "shop", "-o", "-"},
		code: accepted, after: func(w *world, out result) { w.lacks(out.stdout, "injected") },
	},
	{
		name: "command that runs a program",
		make: func(w *world) {
			w.file("shop/more_tool.cue", "package shop\n\nimport \"tool/exec\"\n\ncommand: vet: exec.Run & {cmd: [\"touch\", \""+w.outside+"/run\"]}\n")
		},
		code: accepted,
	},
	{
		name: "program in a package",
		make: func(w *world) {
			w.cue("import \"tool/exec\"\n\nx: exec.Run & {cmd: [\"touch\", \"" + w.outside + "/run\"], stdout: string}\ntopology: services: frontend: connects: backend: why: x.stdout")
		},
		code: findings, says: []string{"shop/more.cue:6:|shop/more.cue:5:", "[NG104]"},
	},
	{
		name: "file in a package",
		make: func(w *world) {
			w.cue("import \"tool/file\"\n\nx: file.Read & {filename: \"" + w.outside + "/secret\", contents: string}\ntopology: services: frontend: connects: backend: why: x.contents")
		},
		code: findings, says: []string{"shop/more.cue:6:|shop/more.cue:5:", "[NG104]"},
	},
	{
		name: "environment in a package",
		make: func(w *world) {
			w.cue("import \"tool/os\"\n\nx: os.Getenv & {SECRET: string}\ntopology: services: frontend: connects: backend: why: x.SECRET")
		},
		code: findings, says: []string{"shop/more.cue:6:|shop/more.cue:5:", "[NG104]"},
	},
	{
		name: "request in a package",
		make: func(w *world) {
			w.cue("import \"tool/http\"\n\nx: http.Get & {url: \"http://" + w.registry.Addr().String() + "\"}\ntopology: services: frontend: connects: backend: why: x.response.body")
		},
		code: findings, says: []string{"shop/more.cue", "[NG104]"},
	},
	tagged("hostname"), tagged("cwd"), tagged("username"),
}

// lacks sees that a text does not hold another.
func (w *world) lacks(text, not string) {
	w.Helper()
	if text == "" || containsAny(text, []string{not}) {
		w.Errorf("there is %q in\n%s", not, text)
	}
}
