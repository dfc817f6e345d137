package browser

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"netgen.dev/diag"
	"netgen.dev/gen/plan"
	"netgen.dev/gen/policy"
	"netgen.dev/gen/topology"
	"netgen.dev/internal/randomtopology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
	"netgen.dev/report/graph"
)

// estate returns the graph of a topology of about n services.
func estate(t *testing.T, n int) *graph.Graph {
	t.Helper()
	data := randomtopology.Large(rand.New(rand.NewPCG(1, uint64(n))), n)
	at := func(path []string) (key, value diag.Pos, ok bool) {
		p := diag.Pos{File: "estate/" + path[0] + ".cue", Line: 10 + len(path), Column: 3}
		return p, p, path[0] != "environments"
	}
	models, list := topology.Resolve(data, at)
	if list.Failed() {
		t.Fatal(list)
	}
	p := plan.Make(models[0])
	return graph.Of(models[0], p, policy.Spell(p), at)
}

func page(t *testing.T, p graph.Page) string {
	t.Helper()
	var b strings.Builder
	if err := graph.HTML(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// changed is a graph, and what a diff could say of it: some connections opened,
// some closed, one on other ports, a service added.
func changed(t *testing.T, n int) (*graph.Graph, []diff.Change) {
	t.Helper()
	after := estate(t, n)
	before := &graph.Graph{Topology: after.Topology, Nodes: slices.Clone(after.Nodes), Edges: slices.Clone(after.Edges)}
	var rows []diff.Change
	port := connectivity.PortsOf(connectivity.Range{Protocol: connectivity.TCP, First: 8080, Last: 8080})
	metrics := connectivity.PortsOf(connectivity.Range{Protocol: connectivity.TCP, First: 9090, Last: 9090})
	end := func(id string) *diff.End {
		for _, n := range after.Nodes {
			if n.ID == id {
				return &diff.End{Kind: diff.EndKind(n.Kind), Name: n.Name}
			}
		}
		t.Fatal("no ", id)
		return nil
	}
	pos := &diag.Pos{File: "estate/services.cue", Line: 12, Column: 5}
	declared := 0
	for _, e := range before.Edges {
		if e.Implied {
			continue
		}
		row := diff.Change{Source: end(e.From), Destination: end(e.To), Pos: pos, Why: e.Why}
		switch declared++; declared {
		case 3, 8:
			row.Kind, row.Class, row.Opened, row.Why = diff.Opened, diff.Widened, port, "needed by the new checkout"
		case 5, 11:
			row.Kind, row.Class, row.Closed, row.Before = diff.Closed, diff.Narrowed, port, true
			after.Edges = slices.DeleteFunc(after.Edges, func(o graph.Edge) bool { return o.From == e.From && o.To == e.To })
		case 9:
			row.Kind, row.Class, row.Opened, row.Closed = diff.Changed, diff.Widened, metrics, port
		default:
			continue
		}
		rows = append(rows, row)
	}
	rows = append(rows, diff.Change{
		Kind: diff.Opened, Class: diff.Widened, Source: &diff.End{Kind: diff.PodsEnd, Name: "any other pod", Namespace: "legacy"},
		Destination: end(after.Nodes[0].ID), Opened: connectivity.AllPorts, Rules: []string{"legacy/allow-all, ingress[0]"},
	})
	slices.SortStableFunc(rows, func(a, b diff.Change) int { return strings.Compare(string(b.Class), string(a.Class)) })
	return graph.Compare(before, after, rows), rows
}

// TestPictures takes pictures to look at, of small, middle and large estates.
func TestPictures(t *testing.T) {
	if os.Getenv("NETGEN_SCREENSHOTS") == "" {
		t.Skip("NETGEN_SCREENSHOTS names no directory for pictures")
	}
	ctx := browser(t)
	for _, n := range []int{10, 100, 500} {
		g := estate(t, n)
		text := page(t, graph.Page{Title: "estate", Views: []graph.View{{Name: "prod", Graph: g}}})
		d, rows := changed(t, n)
		compared := page(t, graph.Page{Title: "estate: main → feature", Views: []graph.View{{Name: "prod", Graph: d, Changes: rows}}})
		hub := busiest(g)
		for _, scheme := range []string{"light", "dark"} {
			t.Run(fmt.Sprint(n, scheme), func(t *testing.T) {
				p := open(t, ctx, text)
				if scheme == "dark" {
					p.click("#theme")
				}
				name := fmt.Sprintf("%d-%s-", n, scheme)
				p.shot(name + "whole")
				p.keys("/")
				p.write(g.Nodes[hub].Name)
				p.shot(name + "search")
				p.keys("Enter")
				p.shot(name + "chosen")
				p.keys("f", "2")
				p.shot(name + "focus")
				p.keys("Escape", "Escape", "m")
				p.shot(name + "matrix")
				p.keys("l")
				p.shot(name + "list")
				p.keys("g")
				p.click("#dns")
				p.shot(name + "dns")
				p = open(t, ctx, compared)
				if scheme == "dark" {
					p.click("#theme")
				}
				p.shot(name + "diff")
				p.click("#changes .rows button")
				p.shot(name + "diff-row")
			})
		}
	}
}

// busiest returns the index of the node with most edges.
func busiest(g *graph.Graph) int {
	degree := map[string]int{}
	for _, e := range g.Edges {
		if !e.Implied {
			degree[e.From]++
			degree[e.To]++
		}
	}
	best := 0
	for i, n := range g.Nodes {
		if degree[n.ID] > degree[g.Nodes[best].ID] && n.Kind == graph.Service {
			best = i
		}
	}
	return best
}

// shop is a topology with two environments.
func shop(t *testing.T) []graph.View {
	t.Helper()
	object := func(pairs ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return m
	}
	port := func(n string) map[string]any { return object("main", n+"/TCP") }
	data := object("name", "shop", "version", "1.0.0", "namespace", "shop",
		"services", object(
			"frontend", object("ports", port("8080"), "connects", object("backend", object("why", "<b>orders</b>", "owner", "team-web", "ticket", "SHOP-7"))),
			"backend", object("ports", port("8081"), "connects", object("database", object(), "payments", object())),
			"database", object("ports", port("5432")),
			"debug", object("ports", port("6060"), "enabled", false),
		),
		"peers", object(
			"ingress", object("namespace", "ingress", "anyPod", true, "connects", object("frontend", object())),
			"payments", object("cidrs", []any{"203.0.113.0/24"}, "ports", port("443")),
		),
		"environments", object("dev", object("services", object("debug", object("enabled", true))), "prod", object("description", "real")),
	)
	at := func(path []string) (key, value diag.Pos, ok bool) {
		p := diag.Pos{File: "shop/shop.cue", Line: len(path), Column: 1}
		return p, p, path[0] != "environments"
	}
	models, list := topology.Resolve(data, at)
	if list.Failed() {
		t.Fatal(list)
	}
	var views []graph.View
	for _, m := range models {
		p := plan.Make(m)
		views = append(views, graph.View{Name: m.Environment, Graph: graph.Of(m, p, policy.Spell(p), at)})
	}
	return views
}

// The parts of a page that conditions are about.
const (
	stage   = `.stage:not([hidden])`
	seen    = `[...document.querySelectorAll("` + stage + ` .node")].filter((n) => getComputedStyle(n).display !== "none").map((n) => n.querySelector(".name").textContent).sort().join()`
	here    = `document.activeElement.querySelector(".name")?.textContent`
	heading = `document.querySelector("#details:not([hidden]) h2 span")?.textContent`
	panel   = `document.querySelector("#details").textContent`
)

func equals(expression, want string) string { return fmt.Sprintf("(%s) === %q", expression, want) }

func TestSearch(t *testing.T) {
	p := open(t, browser(t), page(t, graph.Page{Title: "shop", Views: shop(t)}))
	p.keys("/")
	p.must("the field has the focus", `document.activeElement.id === "search"`)
	p.write("DA")
	p.must("one is found, and its letters are marked", `document.querySelector("#results li mark").textContent === "da" && document.querySelectorAll("#results li").length === 1`)
	p.must("the field says which one is chosen", `document.querySelector("#search").getAttribute("aria-activedescendant") === document.querySelector("#results [aria-selected=true]").id`)
	p.keys("Enter")
	p.must("its details are shown", equals(heading, "database"))
	p.must("it has the focus", equals(here, "database"))
	p.must("the list is gone", `document.querySelector("#results").hidden`)
	p.keys("/")
	p.write("nothing")
	p.must("nothing is found, and that is said", `document.querySelector("#results").textContent === "No match"`)
	p.keys("Enter", "Escape", "Escape")
	p.must("the field is left", `document.activeElement.id !== "search" && document.querySelector("#search").value === ""`)
}

func TestFocus(t *testing.T) {
	p := open(t, browser(t), page(t, graph.Page{Title: "shop", Views: shop(t)[1:]}))
	p.must("all is shown", equals(seen, "backend,database,frontend,ingress,payments"))
	p.keys("/")
	p.write("frontend")
	p.keys("Enter", "f")
	p.must("one hop is shown", equals(seen, "backend,frontend,ingress"))
	p.keys("2")
	p.must("two hops are shown", equals(seen, "backend,database,frontend,ingress,payments"))
	p.keys("1")
	p.click(`#focusbar [data-key=callers]`)
	p.must("its callers are shown", equals(seen, "frontend,ingress"))
	p.click(`#focusbar [data-key=callees]`)
	p.must("its callees are shown", equals(seen, "backend,frontend"))
	p.must("the address leads there", `location.hash.includes("focus=frontend")`)
	p.click(`#focusbar [data-key=leave]`)
	p.must("all is shown again", equals(seen, "backend,database,frontend,ingress,payments"))

	p = open(t, browser(t), page(t, graph.Page{Title: "shop", Views: shop(t), Focus: "database", Hops: 2}))
	p.must("the page opens at its focus", equals(seen, "backend,database,frontend"))
}

func TestEnvironments(t *testing.T) {
	p := open(t, browser(t), page(t, graph.Page{Title: "shop", Views: shop(t)}))
	p.must("the first has what it switches on", equals(seen, "backend,database,debug,frontend,ingress,payments"))
	p.click(`#envs button:nth-child(2)`)
	p.must("the other has not", equals(seen, "backend,database,frontend,ingress,payments"))
	p.must("the button says so", `document.querySelector("#envs [aria-pressed=true]").textContent === "prod"`)
	p.keys("e")
	p.must("a key switches as well", `document.querySelector("#envs [aria-pressed=true]").textContent === "dev"`)
	p.click("#dns")
	p.must("DNS is shown", `(`+seen+`).includes("dns")`)
	p.must("its connections are shown", `[...document.querySelectorAll("`+stage+` .edge.implied")].every((e) => getComputedStyle(e).display !== "none")`)
}

// TestDetails follows a connection to its policies, and sees that text stays text.
func TestDetails(t *testing.T) {
	p := open(t, browser(t), page(t, graph.Page{Title: "shop", Views: shop(t)[1:]}))
	p.click(stage + ` .node[data-n="2"]`)
	p.must("the node is shown", equals(heading, "frontend"))
	p.must("its callers and callees are lit", `document.querySelectorAll("`+stage+` .edge.into:not(.hit)").length === 1 && document.querySelectorAll("`+stage+` .edge.out-of:not(.hit)").length === 1`)
	p.click(`#details .rows:last-of-type button`)
	p.must("the connection is shown", equals(heading, "frontend → backend"))
	for _, text := range []string{"<b>orders</b>", "team-web", "SHOP-7", "8081/TCP", "shop/shop.cue:4:1", "shop/shop.frontend, egress[1]", "shop/shop.backend, ingress[0]"} {
		p.must("its details have "+text, fmt.Sprintf("(%s).includes(%q)", panel, text))
	}
	p.must("markup is text", `!document.querySelector("#details b b, #details p b")`)
	p.keys("Escape")
	p.must("the details are closed", `document.querySelector("#details").hidden`)
}

func TestKeyboard(t *testing.T) {
	p := open(t, browser(t), page(t, graph.Page{Title: "shop", Views: shop(t)[1:]}))
	p.do(chromedp.Focus(chromedp.CSS("#help")))
	p.keys("Tab")
	p.must("the tab key leads into the graph", `document.activeElement.closest(".node") !== null`)
	p.do(chromedp.Focus(chromedp.CSS(stage + ` .node[data-n="2"]`)))
	for _, step := range [][2]string{{"ArrowRight", "backend"}, {"ArrowRight", "database"}, {"ArrowLeft", "backend"}, {"ArrowLeft", "frontend"}, {"ArrowLeft", "ingress"}} {
		p.keys(step[0])
		p.must(step[0]+" leads to "+step[1], equals(here, step[1]))
	}
	p.must("one node is a stop of the tab key", `document.querySelectorAll("`+stage+` .node[tabindex='0']").length === 1`)
	p.keys("Enter")
	p.must("Enter shows it", equals(heading, "ingress"))
	p.must("a reader hears what it is", `document.activeElement.getAttribute("aria-label") === "ingress namespace ingress, any pod, Peer, outside, 0 callers, 1 callee"`)
	p.must("the focus can be seen", `getComputedStyle(document.activeElement.querySelector(".card")).strokeWidth === "3.5px"`)
	p.keys("f")
	p.must("f focuses", equals(seen, "frontend,ingress"))
	p.keys("Escape", "Escape")
	p.must("Esc leaves the focus", equals(seen, "backend,database,frontend,ingress,payments"))
	before := p.text(`document.querySelector("` + stage + ` .viewport").getAttribute("transform")`)
	p.keys("+")
	p.must("+ zooms", fmt.Sprintf(`document.querySelector("%s .viewport").getAttribute("transform") !== %q`, stage, before))
	p.keys("0")
	p.must("0 shows all", fmt.Sprintf(`document.querySelector("%s .viewport").getAttribute("transform") === %q`, stage, before))
	p.keys("m")
	p.must("m shows the matrix", `!document.querySelector("#panel-matrix").hidden && document.querySelectorAll("#panel-matrix td button").length === 4`)
	p.must("a cell says what it is", `document.querySelector("#panel-matrix td button").getAttribute("aria-label") === "backend to database: 5432/TCP"`)
	p.keys("l")
	p.must("l shows the list", `document.querySelectorAll("#panel-list tbody tr").length === 4`)
	p.do(chromedp.Focus(chromedp.CSS("#panel-list input")))
	p.write("team-web")
	p.must("the list is filtered", `document.querySelectorAll("#panel-list tbody tr:not([hidden])").length === 1`)
	p.keys("Escape")
	p.click("#tab-list")
	p.keys("ArrowLeft")
	p.must("arrows go from tab to tab", `document.activeElement.id === "tab-matrix" && !document.querySelector("#panel-matrix").hidden`)
	p.keys("?")
	p.must("? shows the keys", `document.querySelector("#keys").open`)
	p.keys("Escape")
	p.must("Esc closes them", `!document.querySelector("#keys").open`)
}

func TestDiff(t *testing.T) {
	g, rows := changed(t, 10)
	p := open(t, browser(t), page(t, graph.Page{Title: "a → b", Views: []graph.View{{Name: "prod", Graph: g, Changes: rows}}}))
	p.must("each change is listed", fmt.Sprintf(`document.querySelectorAll("#changes .rows button").length === %d`, len(rows)))
	for class, color := range map[string]string{"opened": "rgb(20, 122, 65)", "closed": "rgb(198, 47, 54)", "changed": "rgb(154, 98, 0)"} {
		p.must(class+" has its colour", fmt.Sprintf(`getComputedStyle(document.querySelector(".edge.%s")).stroke === %q`, class, color))
	}
	p.must("closed is dashed, opened is not", `getComputedStyle(document.querySelector(".edge.closed")).strokeDasharray !== "none" && getComputedStyle(document.querySelector(".edge.opened")).strokeDasharray === "none"`)
	p.must("labels have signs", `[...document.querySelectorAll(".label.opened text")].every((t) => t.textContent.startsWith("+")) && [...document.querySelectorAll(".label.closed text")].every((t) => t.textContent.startsWith("−"))`)
	p.click("#changes .rows button")
	p.must("a row shows its connection", `(`+heading+`).includes(" → ") && document.querySelectorAll(".edge.lit:not(.hit)").length === 1`)
	p.keys("l")
	p.must("the list has the changes first", `document.querySelector("#panel-list tbody tr").className !== ""`)
}

// TestDark sees that the page is dark where the system is, and that the button
// overrules it.
func TestDark(t *testing.T) {
	p := open(t, browser(t), page(t, graph.Page{Title: "shop", Views: shop(t)}), dark)
	const ground = `getComputedStyle(document.body).backgroundColor`
	p.must("it is dark", equals(ground, "rgb(15, 20, 27)"))
	p.click("#theme")
	p.must("it is light", equals(ground, "rgb(251, 251, 253)"))
	p.click("#theme")
	p.must("it is dark again", equals(ground, "rgb(15, 20, 27)"))
}

// TestLarge sees that 500 services can be used: the page is ready, and a search
// shows the surroundings of a service alone, large enough to be read.
func TestLarge(t *testing.T) {
	g := estate(t, 500)
	p := open(t, browser(t), page(t, graph.Page{Title: "estate", Views: []graph.View{{Name: "prod", Graph: g}}}))
	t.Logf("%d nodes, %d edges: ready after %s ms", len(g.Nodes), len(g.Edges), p.text(`Math.round(performance.now())`))
	p.keys("/")
	p.write("identity-web")
	p.keys("Enter")
	p.must("few are shown", `(`+seen+`).split(",").length < 40`)
	p.must("they can be read", `document.querySelector("`+stage+` .node:not(.gone) .name").getBoundingClientRect().height > 9`)
	p.keys("m")
	p.must("the matrix is of the surroundings", `document.querySelectorAll("#panel-matrix td button").length < 60`)
}
