package hostile

import (
	"bufio"
	"fmt"
	"strings"
)

// What stops a case: the time, or the memory. Which of the two comes first depends
// on the machine for most.
const (
	stopped = "stopped after " + timeout + "|stopped at " + memory
	limit   = "[NG906]|[NG907]"
)

// costly is CUE that takes more time or memory than there is.
func costly(name, cue string) hostile {
	return hostile{
		name: name, make: func(w *world) { w.cue(cue) },
		code: refused, says: []string{stopped, "shop", limit},
	}
}

func greedy(name, cue string) hostile {
	c := costly(name, cue)
	c.greedy = true
	return c
}

// answered is a case that ends by itself, with another answer.
func answered(c hostile, code int, says ...string) hostile {
	c.code = code
	if len(says) > 0 {
		c.says = says
	}
	return c
}

// doubled is CUE in which each of n fields is made of two of the one before it.
func doubled(n int, first, next string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "x0: %s\n", first)
	for i := range n {
		fmt.Fprintf(&b, next+"\n", i+1, i)
	}
	return b.String()
}

// long is a case whose CUE is head, n times text, and tail.
func long(name, head, text string, n int, tail string, says ...string) hostile {
	return hostile{
		name: name, code: refused, says: says,
		make: func(w *world) {
			w.stream("shop/more.cue", func(out *bufio.Writer) {
				repeat(out, "package shop\n\n"+head, 1)
				repeat(out, text, n)
				repeat(out, tail+"\n", 1)
			})
		},
	}
}

// cost is CUE that is short and takes long, or is long. CUE has no limits of its
// own.
var cost = []hostile{
	costly("texts of texts", `import "strings"

x: strings.Repeat(strings.Repeat(strings.Repeat("x", 1000000), 1000000), 1000000)`),
	costly("comprehension of a comprehension", `import "list"

x: [for a in list.Range(0, 500, 1) for b in list.Range(0, 500, 1) for c in list.Range(0, 500, 1) {a + b + c}]`),
	costly("disjunctions", doubledDisjunctions(18)),
	costly("structs of structs", doubled(26, "{a: 1}", "x%d: {l: x%[2]d, r: x%[2]d}")+"topology: more: x26"),
	greedy("text that doubles", doubled(33, `"x"`, `x%d: "\(x%[2]d)\(x%[2]d)"`)),
	costly("list that doubles", `import "list"

`+doubled(33, "[1]", "x%d: list.Concat([x%[2]d, x%[2]d])")),
	costly("range", "import \"list\"\n\nx: list.Range(0, 1000000000, 1)"),
	long("fields in fields", "x: ", "a: ", 500_000, "1", stopped, limit),
	answered(long("selectors of selectors", "y: a: y\nx: y", ".a", 100_000, "", "structural cycle"), findings),
	long("sum", "x: 1", "+1", 100_000, "", stopped, limit),
	answered(long("brackets", "x: ", "[", 200_000, "1", "shop/more.cue:3:", "exceeds maximum nesting depth", "[NG101]"), findings),
	{
		name: "a million fields", code: refused, says: []string{"shop/more.cue: error: more than netgen reads", "32 MiB a file", "[NG902]"},
		make: func(w *world) {
			w.stream("shop/more.cue", func(out *bufio.Writer) {
				repeat(out, "package shop\n", 1)
				for i := range 1_000_000 {
					_, _ = fmt.Fprintf(out, "field%040d: \"%d\"\n", i, i)
				}
			})
		},
	},
	costly("a hundred thousand comprehensions", "x: {for i, _ in [1, 2, 3, 4] "+strings.Repeat("for _ in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] ", 12)+"{\"\\(i)\": 1}}"),
	costly("expression made of data", `import ("strings", "regexp")

x: regexp.FindAll("("+strings.Repeat("x?", 900)+")*y|"+strings.Repeat("x*", 900)+"z", strings.Repeat("x", 1000000), -1)`),
	costly("disjunction of itself", recursiveDisjunction(14)),
	answered(costly("number with many digits", doubled(40, "10", "x%d: x%[2]d * x%[2]d")), findings, "shop/more.cue:20:", "exponent out of range"),
	costly("sorted by everything", `import "list"

x: list.Sort([for i in list.Range(0, 3000, 1) {n: i}], {x: {}, y: {}, less: len([for i in list.Range(0, 300, 1) {i}]) > x.n})`),
	{
		name: "structure of itself", make: func(w *world) { w.cue("topology: services: x: topology") },
		code: findings, says: []string{"shop: error: structural cycle", "[NG103]"},
	},
	{
		name: "too many files",
		make: func(w *world) {
			for i := range 20_001 {
				w.file(fmt.Sprintf("shop/%05d.cue", i), "package shop\n")
			}
		},
		code: refused, says: []string{"more than netgen reads: 20000 files", "[NG902]"},
	},
	{
		name: "directories in directories",
		make: func(w *world) {
			w.file("cue.mod/module.cue", module)
			w.file(strings.Repeat("d/", 300)+"shop.cue", strings.Replace(shop, "\"shop\"", "\"deep\"", 1))
		},
		args: []string{"vet", "./..."},
		code: refused, says: []string{"d/d/d: error: is more than 64 directories deep", "[NG902]"},
	},
}

// doubledDisjunctions has CUE try each of the ways to choose one of two, n times.
func doubledDisjunctions(n int) string {
	var b strings.Builder
	b.WriteString("x: {}")
	for i := range n {
		fmt.Fprintf(&b, " & ({a%d: 1} | {b%[1]d: 1})", i)
	}
	return b.String()
}

// recursiveDisjunction is that of https://github.com/cue-lang/cue/issues/4475.
func recursiveDisjunction(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "x: (#T & {t: \"r%d\"}).out\n\n#T: {\n\t{t!: \"r0\", out: {}}", n)
	for i := range n {
		fmt.Fprintf(&b, " |\n\t{t!: \"r%d\", out: next: (#T & {t: \"r%d\"}).out}", i+1, i)
	}
	return b.String() + "\n}"
}
