package hostile

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// placed is a case of a topology that says where its output goes.
func placed(name, cue string, says ...string) hostile {
	return hostile{
		name: name, args: []string{"build", "shop", "-o", "out"},
		make: func(w *world) { w.file("shop/shop.cue", cue) },
		code: findings, says: append(says, "shop/shop.cue:"),
		after: func(w *world, _ result) { w.absent("out") },
	}
}

// rebuilt is a case of a tree that netgen wrote, and somebody changed.
func rebuilt(name string, change func(w *world), code int, says ...string) hostile {
	return hostile{
		name: name, args: []string{"build", "shop", "-o", "out"},
		make: func(w *world) {
			w.built()
			change(w)
			w.cue("topology: services: more: ports: http: 8080")
		},
		code: code, says: says,
		after: func(w *world, _ result) { w.absent("out/shop/base/shop/more.yaml") },
	}
}

// absent sees that there is no such file in the repository.
func (w *world) absent(name string) {
	w.Helper()
	if _, err := os.Lstat(filepath.Join(w.repo, filepath.FromSlash(name))); err == nil {
		w.Errorf("%s was written", name)
	}
}

// forged is a lock file that names a file.
func forged(file string) func(w *world) {
	return func(w *world) {
		w.file("out/shop/netgen.lock", `{"generated": "", "schema": "netgen.dev/v1", "topology": "shop", "version": "1.0.0", "environments": {}, "files": {"`+file+`": "sha256:`+strings.Repeat("0", 64)+`"}}`)
	}
}

// hashOf is the hash of a text as lock files and journals have it.
func hashOf(text string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text))) }

const backend = "out/shop/base/shop/backend.yaml"

// outputs are topologies and trees that would have netgen write, or remove, what is
// not its own.
var outputs = []hostile{
	placed("name that leads out", strings.Replace(shop, `name: "shop"`, `name: "../evil"`, 1), "[NG201]"),
	placed("name that is absolute", strings.Replace(shop, `name: "shop"`, `name: "/etc/cron.d/evil"`, 1), "[NG201]"),
	placed("namespace that leads out", strings.Replace(shop, `namespace: "shop"`, `namespace: "../../evil"`, 1), "[NG201]"),
	placed("environment that leads out", shop+"topology: environments: \"../../evil\": {}\n", "[NG201]"),
	placed("name with a NUL", strings.Replace(shop, `name: "shop"`, `name: "shop\u0000"`, 1), "[NG201]"),
	placed("name of a stage", strings.Replace(shop, `name: "shop"`, `name: ".netgen-stage"`, 1), "[NG201]"),
	{
		name: "output that is a link", args: []string{"build", "shop", "-o", "out"},
		make: func(w *world) { w.link("out", w.outside) },
		code: refused, says: []string{"out: error: the output directory is a symbolic link", "[NG905]"},
	},
	{
		name: "output below a link", args: []string{"build", "shop", "-o", "out"},
		make: func(w *world) { w.link("out/shop", w.outside) },
		code: refused, says: []string{"out/shop", "link", "[NG905]"},
	},
	rebuilt("directory that became a link", func(w *world) {
		if err := os.RemoveAll(filepath.Join(w.repo, "out/shop/base")); err != nil {
			w.Fatal(err)
		}
		w.link("out/shop/base", w.outside)
	}, refused, "out/shop/base", "link", "[NG905]"),
	rebuilt("file that became a link", func(w *world) { w.remove(backend); w.link(backend, "outside/secret") },
		refused, backend+": error: is a link", "[NG905]"),
	rebuilt("file that became a pipe", func(w *world) { w.remove(backend); w.special(backend, pipe) },
		refused, backend+": error: is a link, or not a regular file", "[NG905]"),
	rebuilt("stage that is a link", func(w *world) {
		w.link("out/.netgen-stage", w.outside)
	}, findings, "out/.netgen-stage: error: was not written by netgen, and is in the way", "[NG705]"),
	rebuilt("file that was edited", func(w *world) { w.file(backend, "edited\n") },
		findings, backend+": error: was edited by hand", "[NG704]"),
	rebuilt("lock file that names a file of the system", forged("/etc/hosts"), findings, "out/shop/netgen.lock", `"/etc/hosts", which is not a path below it`, "[NG704]"),
	rebuilt("lock file that names a file outside", forged("../../../outside/secret"), findings, "out/shop/netgen.lock", "which is not a path below it", "[NG704]"),
	rebuilt("lock file that names a repository", forged("../../.git/config"), findings, "out/shop/netgen.lock", "which is not a path below it", "[NG704]"),
	rebuilt("lock file that is a link", func(w *world) {
		w.remove("out/shop/netgen.lock")
		w.link("out/shop/netgen.lock", "outside/netgen.lock")
	}, refused, "out/shop/netgen.lock: error: is a link", "[NG905]"),
	rebuilt("lock file that is no lock file", func(w *world) { w.file("out/shop/netgen.lock", strings.Repeat("[", 100_000)) },
		findings, "out/shop/netgen.lock", "[NG704]"),
	rebuilt("lock file of 300,000 files", func(w *world) {
		w.stream("out/shop/netgen.lock", func(out *bufio.Writer) {
			_, _ = out.WriteString(`{"files": {"a": "x"`) // Flush has the error
			for i := range 300_000 {
				_, _ = fmt.Fprintf(out, `, "%s%d.yaml": "sha256:%064d"`, strings.Repeat("d/", 50), i, i)
			}
			_, _ = out.WriteString("}}")
		})
	}, findings, "out/shop/netgen.lock: error: the lock file names more than 200000 files", "[NG704]"),
	rebuilt("journal of 66 megabytes", func(w *world) {
		w.stream("out/.netgen-stage/journal", func(out *bufio.Writer) {
			_, _ = out.WriteString(`{"files": [{"path": "shop/a.yaml"}`) // Flush has the error
			repeat(out, `, {"path": "shop/a.yaml"}`, 66<<20/25)
			_, _ = out.WriteString("]}")
		})
	}, findings, "out/.netgen-stage/journal: error: not a journal of netgen: it is larger than 64 MiB", "[NG704]"),
	rebuilt("journal of a deep path", func(w *world) {
		w.file("out/.netgen-stage/journal", `{"files": [{"path": "`+strings.Repeat("d/", 400)+`a.yaml", "new": "sha256:`+strings.Repeat("0", 64)+`"}]}`)
	}, findings, "out/.netgen-stage/journal: error: the journal names", "[NG704]"),
	{
		name: "journal that has a user's file removed", args: []string{"build", "shop", "-o", "out"},
		make: func(w *world) {
			w.built()
			w.file("out/shop/base/shop/mine.yaml", "mine\n")
			w.file("out/.netgen-stage/journal", `{"files": [{"path": "shop/base/shop/mine.yaml", "new": "`+hashOf("mine\n")+`"}, {"path": "shop/base/shop/none.yaml", "new": "`+hashOf("none")+`"}]}`)
		},
		code: accepted, says: []string{"shop: 1 environment"},
		after: func(w *world, _ result) {
			if _, err := os.Lstat(filepath.Join(w.repo, "out/shop/base/shop/mine.yaml")); err != nil {
				w.Error(err)
			}
		},
	},
	rebuilt("lock file that has a user's file removed", func(w *world) {
		w.file("out/shop/base/shop/mine.yaml", "mine\n")
		w.file("out/shop/netgen.lock", `{"files": {"base/shop/mine.yaml": "`+hashOf("mine\n")+`"}}`)
	}, findings, "out/shop/base/shop/mine.yaml: error: was not written by netgen, and is in the way", "[NG705]"),
	rebuilt("lock file of a gigabyte", func(w *world) { w.gigabyte("out/shop/netgen.lock") },
		findings, "out/shop/netgen.lock: error: not a lock file of netgen", "[NG704]"),
}
