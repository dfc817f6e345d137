package hostile

// linked is a case in which a file of the package is a link.
func linked(name, target string) hostile {
	return hostile{
		name: name, make: func(w *world) { w.link("shop/more.cue", target) },
		code: refused, says: []string{"shop/more.cue: error: is a symbolic link", "[NG901]"},
	}
}

// links are links, and whatever else is no file: opening it may read what is not in
// the repository, or never end.
var links = []hostile{
	linked("link to a file of the system", "/etc/passwd"),
	linked("link to the environment", "/proc/self/environ"),
	linked("link to a device", "/dev/zero"),
	linked("link to standard input", "/dev/stdin"),
	linked("link to CUE outside", "outside/secret.cue"),
	linked("link to CUE outside by a relative path", "../../outside/secret.cue"),
	linked("link to nothing", "nowhere.cue"),
	linked("link to itself", "more.cue"),
	{
		name: "link that stays inside",
		make: func(w *world) {
			w.file("common/more.cue", "package shop\n")
			w.link("shop/more.cue", "../common/more.cue")
		},
		code: refused, says: []string{"shop/more.cue: error: is a symbolic link", "[NG901]"},
	},
	{
		name: "loop of links",
		make: func(w *world) {
			w.link("shop/more.cue", "other.cue")
			w.link("shop/other.cue", "more.cue")
		},
		code: refused, says: []string{"shop/more.cue: error: is a symbolic link", "[NG901]"},
	},
	{
		name: "named pipe", make: func(w *world) { w.special("shop/more.cue", pipe) },
		code: refused, says: []string{"shop/more.cue: error: is a named pipe", "[NG901]"},
	},
	{
		name: "socket", make: func(w *world) { w.special("shop/more.cue", socket) },
		code: refused, says: []string{"shop/more.cue: error: is a socket", "[NG901]"},
	},
	{
		name: "device", make: func(w *world) { w.special("shop/more.cue", device) },
		code: refused, says: []string{"shop/more.cue: error: is a device", "[NG901]"},
	},
	{
		name: "package that is a link",
		make: func(w *world) { w.remove("shop/shop.cue"); w.remove("shop"); w.link("shop", "outside/shop") },
		code: refused, says: []string{"shop: error: is a symbolic link", "[NG901]"},
	},
	{
		name: "package below a link",
		make: func(w *world) { w.link("topologies", w.outside) },
		args: []string{"vet", "topologies/shop"},
		code: refused, says: []string{"topologies: error: is a symbolic link", "[NG901]"},
	},
	{
		name: "package that is a link, in a module",
		make: func(w *world) {
			w.file("cue.mod/module.cue", module)
			w.link("linked", "shop")
		},
		args: []string{"vet", "linked"},
		code: refused, says: []string{"linked: error: is a symbolic link", "[NG901]"},
	},
	{
		name: "link to a directory of CUE, of many",
		make: func(w *world) { w.link("more", "outside/shop") },
		args: []string{"vet", "./..."},
		code: failed, says: []string{"more is a symbolic link to a directory of CUE files"},
	},
	{
		name: "link to the parent, of many", make: func(w *world) { w.link("shop/up", "..") },
		args: []string{"vet", "./..."}, code: accepted,
	},
	{
		name: "imported package that is a link",
		make: func(w *world) {
			w.file("cue.mod/module.cue", module)
			w.link("lib", "outside/lib")
			w.file("shop/more.cue", "package shop\n\nimport \"example.com/repo/lib\"\n\ntopology: services: (lib.Name): ports: http: 8080\n")
		},
		code: refused, says: []string{"lib: error: is a symbolic link", "[NG901]"},
	},
	{
		name: "vendored package below a link",
		make: func(w *world) {
			w.file("cue.mod/module.cue", module)
			w.link("cue.mod/pkg/example.com", w.outside)
			w.file("shop/more.cue", "package shop\n\nimport \"example.com/lib\"\n\ntopology: services: (lib.Name): ports: http: 8080\n")
		},
		code: refused, says: []string{"cue.mod/pkg/example.com: error: is a symbolic link", "[NG901]"},
	},
	{
		name: "module that is a link",
		make: func(w *world) { w.link("cue.mod", w.outside) },
		code: refused, says: []string{"cue.mod: error: is a symbolic link", "[NG901]"},
	},
	{
		name: "module file that is a link",
		make: func(w *world) { w.file("cue.mod/readme.md", ""); w.link("cue.mod/module.cue", "outside/secret.cue") },
		code: refused, says: []string{"cue.mod/module.cue: error: is a symbolic link", "[NG901]"},
	},
}
