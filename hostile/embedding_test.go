package hostile

import "strings"

// embeds is a package that wants the file that an attribute names.
func embeds(w *world, attribute string) {
	w.file("cue.mod/module.cue", module)
	w.file("shop/more.cue", "@extern(embed)\n\npackage shop\n\ntopology: services: _ "+attribute+"\n")
}

// unasked is an embedding that nobody has allowed.
func unasked(name, attribute string) hostile {
	return hostile{
		name: name + " that nobody allowed", make: func(w *world) {
			embeds(w, attribute)
			w.file("shop/more.json", `{"more": {"ports": {"http": 8080}}}`)
		},
		code: refused, says: []string{"shop/more.cue:1:1: error: @extern lets a file read other files", "[NG903]"},
	}
}

// allowed is an embedding of what may not be embedded, where the user allows to
// embed.
func allowed(name, attribute string, prepare func(w *world), says ...string) hostile {
	return hostile{
		name: name, args: []string{"vet", "shop", "--allow-embed"},
		make: func(w *world) {
			embeds(w, attribute)
			if prepare != nil {
				prepare(w)
			}
		},
		code: refused, says: says,
	}
}

// embedding is what CUE calls embedding: files that become values.
var embedding = []hostile{
	unasked("file", `@embed(file="more.json")`),
	unasked("glob", `@embed(glob="*.json")`),
	unasked("file of the system", `@embed(file="/etc/passwd", type=text)`),
	allowed("file outside", `@embed(file="../../outside/secret.json")`, nil,
		"shop/more.cue:5:23: error: cannot embed: cannot refer to parent directory", "[NG903]"),
	allowed("absolute file", `@embed(file="/etc/passwd", type=text)`, nil,
		"shop/more.cue:5:23: error: cannot embed: only relative files are allowed", "[NG903]"),
	allowed("glob outside", `@embed(glob="../../outside/*.json")`, nil,
		"shop/more.cue:5:23: error: cannot embed: cannot refer to parent directory", "[NG903]"),
	allowed("glob that hides where it leads", `@embed(glob="[.][.]/[.][.]/outside/*.json")`, nil,
		"shop/more.cue:5:23: error: cannot embed: no matches", "[NG903]"),
	allowed("file of another package", `@embed(file="../other/x.json")`, func(w *world) { w.file("other/x.json", "{}") },
		"shop/more.cue:5:23: error: cannot embed: cannot refer to parent directory", "[NG903]"),
	allowed("embedded link", `@embed(file="x.json")`, func(w *world) { w.link("shop/x.json", "outside/secret.json") },
		"shop/more.cue:5:23: error: cannot embed: shop/x.json|shop/x.json: error: is a symbolic link", "[NG903]|[NG901]"),
	allowed("embedded link that stays inside", `@embed(file="x.json")`, func(w *world) {
		w.file("shop/y.json", "{}")
		w.link("shop/x.json", "y.json")
	}, "shop/x.json: error: is a symbolic link", "[NG901]"),
	allowed("file behind a link", `@embed(file="x/secret.json")`, func(w *world) { w.link("shop/x", w.outside) },
		"shop/more.cue:5:23: error: cannot embed: shop/x|shop/x: error: is a symbolic link", "[NG903]|[NG901]"),
	allowed("glob behind a link", `@embed(glob="*/*.json")`, func(w *world) {
		w.file("shop/y/y.json", "{}")
		w.link("shop/x", "y")
	}, "shop/x: error: is a symbolic link", "[NG901]"),
	allowed("embedded pipe", `@embed(file="x.json")`, func(w *world) { w.special("shop/x.json", pipe) },
		"shop/x.json: error: is a named pipe", "[NG901]"),
	allowed("hidden file", `@embed(file=".hidden/config.txt")`, func(w *world) { w.file("shop/.hidden/config.txt", "password") },
		"shop/more.cue:5:23: error: cannot embed: shop/.hidden/config.txt is hidden", "[NG903]"),
	allowed("file without a type", `@embed(file=".env", type=text)`, func(w *world) { w.file("shop/.env", "password") },
		"shop/more.cue:5:23: error: cannot embed: shop/.env is none that netgen embeds", "[NG903]"),
	allowed("glob of everything", `@embed(glob="*", type=text)`, nil,
		"shop/more.cue:5:23: error: cannot embed: shop/more.cue is none that netgen embeds", "[NG903]"),
	allowed("file of another module", `@embed(file="x/x.json")`, func(w *world) {
		w.file("shop/x/cue.mod/module.cue", module)
		w.file("shop/x/x.json", "{}")
	}, "shop/more.cue:5:23: error: cannot embed: shop/x/x.json is of another module", "[NG903]"),
	{
		name: "where modules are", dir: "shop", args: []string{"vet", "--allow-embed"},
		make: func(w *world) {
			w.file("shop/cue.mod/module.cue", module)
			w.file("shop/cue.mod/local-module.json", "{}")
			w.file("shop/more.cue", "@extern(embed)\n\npackage shop\n\nx: _ @embed(file=\"cue.mod/local-module.json\")\n")
		},
		code: refused, says: []string{"more.cue:5:6: error: cannot embed: cue.mod/local-module.json is of another module", "[NG903]"},
	},
	allowed("definition that reads others", `@embed(file="x.json", type=proto)`, func(w *world) { w.file("shop/x.json", "import \"/etc/passwd\";") },
		"shop/more.cue:5:23: error: cannot embed: type proto is none that netgen embeds", "[NG903]"),
	{
		name: "program", args: []string{"vet", "shop", "--allow-embed"},
		make: func(w *world) {
			w.file("shop/more.cue", "@extern(wasm)\n\npackage shop\n\nx: _ @wasm(\"x.wasm\", abi=c, sig=\"func(int): int\")\n")
		},
		code: refused, says: []string{"shop/more.cue:1:1: error: cannot embed: @extern(wasm) is none that netgen knows", "[NG903]"},
	},
	{
		name: "embedded file that is too large", args: []string{"vet", "shop", "--allow-embed"},
		make: func(w *world) {
			embeds(w, `@embed(file="x.json")`)
			w.gigabyte("shop/x.json")
		},
		code: refused, says: []string{"shop/x.json: error: more than netgen reads", "[NG902]"},
	},
	{
		name: "embedded aliases", args: []string{"vet", "shop", "--allow-embed"},
		make: func(w *world) {
			embeds(w, `@embed(file="x.yaml")`)
			w.file("shop/x.yaml", bomb)
		},
		code: findings, says: []string{"shop", "alias|excessive", "[NG103]|[NG102]"},
	},
	{
		name: "in a plug-in", args: []string{"plugin", "generate", "--allow-embed"},
		code: failed, says: []string{"unknown flag: --allow-embed"},
	},
	{
		name: "data that is allowed", args: []string{"vet", "shop", "--allow-embed"},
		make: func(w *world) {
			embeds(w, `@embed(file="data/more.yaml")`)
			w.file("shop/data/more.yaml", "more: {ports: {http: 8080}}\n")
		},
		code: accepted,
	},
}

// bomb is 300 bytes that are a thousand million texts when each alias is replaced by
// what it stands for.
var bomb = func() string {
	var b strings.Builder
	b.WriteString("a: &a [x,x,x,x,x,x,x,x,x,x]\n")
	for c := 'b'; c <= 'i'; c++ {
		before := "*" + string(c-1)
		b.WriteString(string(c) + ": &" + string(c) + " [" + strings.Repeat(before+",", 9) + before + "]\n")
	}
	return b.String()
}()
