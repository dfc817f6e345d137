package hostile

import (
	"bufio"
	"fmt"
	"strings"
)

// policy is a policy that nothing is wrong with.
const policy = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: x, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
`

// stream is a case of a stream of objects that is compared with one of policies.
func stream(name, text string, code int, says ...string) hostile {
	return streamed(name, func(w *world) { w.file("new.yaml", text) }, code, says...)
}

// streamed is a case of a stream that is written some way.
func streamed(name string, write func(w *world), code int, says ...string) hostile {
	return hostile{
		name: name, args: []string{"diff", "old.yaml", "new.yaml"},
		make: func(w *world) {
			w.file("old.yaml", policy)
			write(w)
		},
		code: code, says: says,
	}
}

// read is a case of manifests, for their workloads, that are refused.
func read(name string, prepare func(w *world), says ...string) hostile {
	return hostile{name: name, args: []string{"verify", "shop", "--manifests", "manifests"}, make: prepare, code: refused, says: says}
}

// manifests is YAML and JSON of others, and trees of it.
var manifests = []hostile{
	stream("aliases of aliases", policy+"---\n"+bomb+"apiVersion: v1\nkind: ConfigMap\n", refused, "new.yaml", "has the anchor"),
	stream("key that is there twice", policy+"kind: Pod\n", refused, "new.yaml", "kind", "already set"),
	stream("merge key", "x: &x {kind: NetworkPolicy}\n<<: *x\n"+policy, refused, "new.yaml", "merge key|anchor"),
	streamed("two hundred thousand documents", func(w *world) {
		w.stream("new.yaml", func(out *bufio.Writer) { repeat(out, "---\na: 1\n", 200_001) })
	}, refused, "new.yaml", "more than", "documents"),
	streamed("a gigabyte of nothing", func(w *world) { w.gigabyte("new.yaml") }, refused, "new.yaml", "more than", "[NG902]"),
	streamed("brackets", func(w *world) {
		w.stream("new.yaml", func(out *bufio.Writer) { repeat(out, "[", 100_000) })
	}, refused, "new.yaml", "nested more than", "[NG902]"),
	streamed("indentation", func(w *world) {
		w.stream("new.yaml", func(out *bufio.Writer) {
			for i := range 5000 {
				_, _ = fmt.Fprintf(out, "%sa:\n", strings.Repeat(" ", i))
			}
		})
	}, refused, "new.yaml"),
	streamed("JSON in JSON", func(w *world) {
		w.stream("new.yaml", func(out *bufio.Writer) {
			repeat(out, `{"a":`, 100_000)
			repeat(out, `}`, 100_000)
		})
	}, refused, "new.yaml", "nested more than", "[NG902]"),
	stream("lists of lists", strings.Repeat(`{"apiVersion":"v1","kind":"List","items":[`, 2000)+strings.Repeat("]}", 2000), refused, "new.yaml", "nested more than"),
	stream("policy of another version", strings.Replace(policy, "/v1", "/v2", 1), failed, "new.yaml", "version networking.k8s.io/v2 is not v1"),
	stream("policy of another kind of policy", "apiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\nmetadata: {name: x}\n", findings),
	stream("NUL", policy+"# \x00\n", refused, "new.yaml", "has a NUL byte"),
	stream("bytes that are no text", policy+"# \xff\xfe\n", refused, "new.yaml", "is not UTF-8"),
	stream("text in another encoding", "\xff\xfea\x00:\x00 \x00", refused, "new.yaml", "is not UTF-8"),
	stream("end of lines that hides a rule", policy+"# \u2028spec: {}\n", refused, "new.yaml", "line end"),
	stream("binary in a field", strings.Replace(policy, "name: x", "name: !!binary Li4vLi4vZXRj", 1), refused, "new.yaml", "has the tag !!binary"),
	stream("object of a program", policy+"---\n!!python/object/apply:os.system ['touch /tmp/pwned']\n", refused, "new.yaml", "has the tag !!python"),
	stream("field that the API does not have", strings.Replace(policy, "{}", "{}, ingres: []", 1), failed, "new.yaml", "ingres"),
	stream("names that act on a terminal", strings.Replace(policy, "name: x", `name: "\e[2J\u202ex", ingres: x`, 1), failed, "new.yaml", `\u{1b}[2J\u{202e}x|ingres`),
	{
		name: "pipe that nobody writes to", args: []string{"diff", "old.yaml", "new.yaml"}, timeout: "1s",
		make: func(w *world) {
			w.file("old.yaml", policy)
			w.special("new.yaml", pipe)
		},
		code: refused, says: []string{"stopped after 1s", "[NG906]"},
	},
	streamed("device", func(w *world) { w.special("new.yaml", device) }, refused, "new.yaml", "is a device|has more than", "[NG901]|[NG902]"),
	read("manifests that are a link", func(w *world) {
		w.file("manifests/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: shop}\n")
		w.link("manifests/more.yaml", "outside/secret.yaml")
	}, "manifests/more.yaml", "[NG901]"),
	read("manifests that are the environment", func(w *world) { w.link("manifests/more.yaml", "/proc/self/environ") }, "manifests/more.yaml", "[NG901]"),
	read("manifests that never end", func(w *world) { w.special("manifests/more.yaml", pipe) }, "manifests/more.yaml", "[NG901]"),
	read("manifests that are too large", func(w *world) { w.gigabyte("manifests/more.yaml") }, "manifests/more.yaml", "[NG902]"),
	{
		name: "base of a kustomization that is a link", args: []string{"diff", "old.yaml", "deploy"},
		make: func(w *world) {
			w.file("old.yaml", policy)
			w.file("deploy/kustomization.yaml", "resources: [base]\n")
			w.link("deploy/base", "outside/lib")
		},
		code: failed, says: []string{"deploy", "'base'", "doesn't exist"},
	},
	{
		name: "base of a kustomization outside", args: []string{"diff", "old.yaml", "deploy"},
		make: func(w *world) {
			w.file("old.yaml", policy)
			w.file("deploy/kustomization.yaml", "resources: [../../outside/lib]\n")
		},
		code: failed, says: []string{"deploy", "'../../outside/lib'", "doesn't exist"},
	},
	{
		name: "base of a kustomization on the network", args: []string{"diff", "old.yaml", "deploy"},
		make: func(w *world) {
			w.file("old.yaml", policy)
			w.file("deploy/kustomization.yaml", "resources: [\"http://"+w.registry.Addr().String()+"/x.yaml\", \"git::http://"+w.registry.Addr().String()+"/x\"]\n")
		},
		code: refused, says: []string{"deploy/kustomization.yaml", "[NG904]"},
	},
	{
		name: "kustomization that runs a program", args: []string{"diff", "old.yaml", "deploy"},
		make: func(w *world) {
			w.file("old.yaml", policy)
			w.file("deploy/kustomization.yaml", "resources: [x.yaml]\ngenerators: [g.yaml]\nhelmCharts: [{name: x, repo: \"http://"+w.registry.Addr().String()+"\"}]\n")
			w.file("deploy/x.yaml", policy)
			w.file("deploy/g.yaml", "apiVersion: x/v1\nkind: X\nmetadata:\n  name: x\n  annotations: {config.kubernetes.io/function: \"exec: {path: ./run}\"}\n")
			w.file("deploy/run", "#!/bin/sh\ntouch "+w.outside+"/run\n")
		},
		code: refused, says: []string{"deploy/kustomization.yaml:3: error: Kustomize would fetch", "[NG904]"},
	},
	{
		name: "lock file that is a link", args: []string{"diff", "out", "shop"},
		make: func(w *world) {
			w.built()
			w.remove("out/shop/netgen.lock")
			w.link("out/shop/netgen.lock", "outside/netgen.lock")
		},
		code: refused, says: []string{"out/shop/netgen.lock", "[NG901]"},
	},
	{
		name: "lock file that never ends", args: []string{"diff", "out", "shop"},
		make: func(w *world) {
			w.built()
			w.remove("out/shop/netgen.lock")
			w.special("out/shop/netgen.lock", pipe)
		},
		code: refused, says: []string{"out/shop/netgen.lock", "[NG901]"},
	},
}
