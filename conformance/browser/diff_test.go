package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
	"netgen.dev/report/graph"
)

// dangerous is the shop before and after a change with dangers in prod and without
// in dev.
func dangerous(t *testing.T) graph.Page {
	t.Helper()
	port := connectivity.PortsOf(connectivity.Range{Protocol: connectivity.TCP, First: 443, Last: 443})
	end := func(kind diff.EndKind, name string) *diff.End { return &diff.End{Kind: kind, Name: name} }
	rows := []diff.Change{
		{
			Kind: diff.Closed, Class: diff.Neutral, Source: end(diff.ServiceEnd, "backend"), Destination: end(diff.ServiceEnd, "database"),
			Note: "it still passes: something else lets it",
		},
		{
			Kind: diff.Changed, Class: diff.Widened, Closes: true, Source: end(diff.ServiceEnd, "frontend"), Destination: end(diff.ServiceEnd, "backend"),
			Opened: port, Closed: connectivity.PortsOf(connectivity.Range{Protocol: connectivity.TCP, First: 8081, Last: 8081}),
		},
		{Kind: diff.Opened, Class: diff.Widened, Internet: true, Source: end(diff.ServiceEnd, "frontend"), Destination: end(diff.PeerEnd, "payments"), Opened: port},
		{
			Kind: diff.IsolationLost, Class: diff.Widened, Internet: true, Subject: "namespace shop", Members: []string{"backend"},
			Directions: []connectivity.Direction{connectivity.Egress},
		},
	}
	views := shop(t)
	dev, prod := views[0], views[1]
	after := *prod.Graph
	after.Edges = slices.DeleteFunc(slices.Clone(after.Edges), func(e graph.Edge) bool { return e.From == "backend" && e.To == "database" })
	dev.Changes = rows[1:2]
	dev.Graph, dev.About = graph.Compare(dev.Graph, dev.Graph, dev.Changes), "shop 1.4.0 → 1.5.0 · environment dev · unchanged: test"
	prod.Changes = rows
	prod.Graph, prod.About = graph.Compare(prod.Graph, &after, rows), "shop 1.4.0 → 1.5.0 · environment prod · unchanged: test"
	return graph.Page{Title: "What changed from origin/main to topologies/shop — shop", Views: []graph.View{dev, prod}, Diff: true}
}

const listed = `[...document.querySelectorAll("#changes .rows b")].map((b) => b.textContent).join("; ")`

func TestDanger(t *testing.T) {
	p := open(t, browser(t), page(t, dangerous(t)))
	p.shot("danger")
	p.must("the page opens where the danger is", `document.querySelector("#envs [aria-pressed=true]").textContent.trim() === "! prod"`)
	p.must("it says what it is of", `document.querySelector("#about").textContent === "shop 1.4.0 → 1.5.0 · environment prod · unchanged: test"`)
	p.must("the title is whole", `document.querySelector("h1").scrollHeight <= document.querySelector("h1").clientHeight`)
	p.must("the dangers are shouted above all", `document.querySelector("#alarms:not([hidden])").textContent.includes("DEFAULT DENY REMOVED: every pod of namespace shop") && document.querySelector("#alarms").textContent.includes("connects to anything") && document.querySelector("#alarms").textContent.includes("OPENS TOWARDS THE INTERNET: frontend → payments")`)
	p.must("their box is red", `getComputedStyle(document.querySelector("#alarms")).borderBottomColor === "rgb(198, 47, 54)"`)
	p.must("the most dangerous is first, what is neutral last", `(`+listed+`).startsWith("DEFAULT DENY REMOVED") && (`+listed+`).endsWith("backend → database")`)
	p.must("the counts are no good news", `document.querySelector(".counts .badge.alarm").textContent === "! 2 dangerous" && !document.querySelector(".counts .plus")`)
	p.must("what closes something too is told", `document.querySelector(".counts").textContent.includes("3 widened, of which 1 closes something too")`)
	p.must("what opens and closes is amber", `getComputedStyle(document.querySelector("#changes .rows .changed .sign")).color === "rgb(154, 98, 0)" && document.querySelector("#changes .rows .changed .sign").textContent === "~"`)
	const red = `"rgb(198, 47, 54)"`
	node := func(name string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("%s .node")].find((n) => n.querySelector(".name").textContent.endsWith(%q))`, stage, name)
	}
	for _, name := range []string{"backend", "payments"} {
		p.must(name+" is marked", `getComputedStyle(`+node(name)+`.querySelector(".card")).stroke === `+red+` && `+node(name)+`.querySelector(".alarm text").textContent === "!"`)
		p.must("a reader hears it of "+name, node(name)+`.getAttribute("aria-label").includes("danger")`)
	}
	p.must("database is not", `!`+node("database")+`.classList.contains("danger")`)
	p.must("the namespace is marked", `getComputedStyle(document.querySelector("`+stage+` .ns.danger rect")).stroke === `+red+` && document.querySelector("`+stage+` .ns.danger text").textContent === "! shop"`)
	p.must("what still passes is not closed", `!document.querySelector("`+stage+` .edge.closed") && document.querySelector("`+stage+` .label.neutral").textContent.includes("still passes")`)
	p.click("#alarms li:nth-child(2) button")
	p.must("a danger leads to its connection", equals(heading, "frontend → payments"))
	p.keys("Escape", "l")
	p.do(chromedp.EmulateViewport(1400, 900))
	p.shot("danger-list")
	p.must("the list says it", `document.querySelector("#panel-list tbody tr").textContent.startsWith("! danger+ opened")`)
	p.must("and why what is neutral is there", `document.querySelector("#panel-list").textContent.includes("it still passes: something else lets it")`)
	p.must("no word of it is broken", `[...document.querySelectorAll("#panel-list tbody .link:not(.mono), #panel-list .badge")].every((e) => { const r = document.createRange(); r.selectNodeContents(e); return r.getClientRects().length === 1; })`)
	p.keys("g", "e")
	p.must("the other environment has no danger", `document.querySelector("#alarms").hidden && document.querySelector("#about").textContent.includes("environment dev")`)
}

// TestManyDangers sees that the box stays small, and that the rest is a click away.
func TestManyDangers(t *testing.T) {
	d := dangerous(t)
	v := &d.Views[1]
	for i := range 9 {
		v.Changes = append(v.Changes, diff.Change{Kind: diff.Undecided, Class: diff.Widened, Subject: fmt.Sprintf("policy shop/odd%d", i)})
	}
	p := open(t, browser(t), page(t, d))
	p.must("five are spelled out", `document.querySelectorAll("#alarms li").length === 6`)
	p.click("#alarms .more")
	p.must("all are", `document.querySelectorAll("#alarms li").length === 11`)
	p.must("the focus is not lost", `document.activeElement.closest("#alarms") !== null`)
}

func TestNoChange(t *testing.T) {
	views := shop(t)
	views[0].About = "shop 1.4.0 (same version) · environment dev · unchanged: dev, prod"
	p := open(t, browser(t), page(t, graph.Page{Title: "What changed from a to b — shop", Views: views[:1], Diff: true}))
	p.must("it says so", `document.querySelector("#changes:not([hidden])").textContent.includes("No change of connectivity")`)
	p.must("and where", `document.querySelector("#about").textContent.includes("unchanged: dev, prod")`)
	p = open(t, browser(t), page(t, graph.Page{Title: "What changed from a to b", Diff: true}))
	p.must("it says so without a graph", `document.querySelector("main").textContent.includes("No change of connectivity")`)
}

// free holds a part of the picture against what lies over it.
const free = `((selector) => { const at = (e) => e.getBoundingClientRect(), over = [...document.querySelectorAll("#details,#changes,.zoom")].filter((e) => !e.hidden).map(at), room = at(document.querySelector("#panel-graph"));
	return [...document.querySelectorAll(selector)].filter((e) => e.getClientRects().length).map(at).every((r) => r.left >= room.left && r.right <= room.right && r.top >= room.top && r.bottom <= room.bottom && over.every((o) => r.right <= o.left || r.left >= o.right || r.bottom <= o.top || r.top >= o.bottom)); })`

// TestRoom sees that nothing lies over the picture, nor over what is selected.
func TestRoom(t *testing.T) {
	p := open(t, browser(t), page(t, dangerous(t)))
	p.do(chromedp.EmulateViewport(1400, 900))
	p.until("all nodes are in the open", free+`("`+stage+` .node")`)
	p.keys("+", "+", "+")
	p.keys("/")
	p.write("payments")
	p.keys("Enter")
	p.shot("both-panels")
	p.until("the node is beside both panels, with its callers", free+`("`+stage+` .node.near") && document.querySelectorAll("`+stage+` .node.near").length === 3`)
}

func TestNarrow(t *testing.T) {
	p := open(t, browser(t), page(t, dangerous(t)))
	p.do(chromedp.EmulateViewport(500, 900))
	p.shot("narrow")
	p.must("the danger is shown", `document.querySelector("#alarms").getBoundingClientRect().height > 40`)
	p.must("the changes are folded", `document.querySelector("#changes").getBoundingClientRect().height < 110 && document.querySelector("#change-list").getClientRects().length === 0`)
	p.until("all nodes are in the open", free+`("`+stage+` .node")`)
	p.must("nothing is wider than the window", `document.documentElement.scrollWidth <= 500`)
	p.click("#changes .fold")
	p.must("they unfold", `document.querySelector("#changes .fold").getAttribute("aria-expanded") === "true" && document.querySelector("#change-list").getClientRects().length === 1`)
	p.shot("narrow-unfolded")
	p.click("#change-list button")
	p.click("#changes .fold")
	p.must("and fold", `document.querySelector("#change-list").getClientRects().length === 0`)
}

func TestDNSKey(t *testing.T) {
	p := open(t, browser(t), page(t, graph.Page{Title: "shop", Views: shop(t)[1:]}))
	p.keys("d")
	p.must("d shows DNS", `(`+seen+`).split(",").includes("dns")`)
	p.keys("d")
	p.must("and hides it", `!(`+seen+`).split(",").includes("dns")`)
	p.keys("?")
	p.must("the keys say so", `document.querySelector("#keys").textContent.includes("dwhat the DNS")`)
}

// TestDiffHostile sees that what a diff shouts is text.
func TestDiffHostile(t *testing.T) {
	d := dangerous(t)
	const evil = `<img src=x onerror=alert(1)>`
	v := &d.Views[1]
	v.About = evil
	v.Changes = append(v.Changes, diff.Change{Kind: diff.InvariantBroken, Class: diff.Widened, Subject: "invariant " + evil, Note: evil})
	p := open(t, browser(t), page(t, d))
	p.must("markup is text", fmt.Sprintf(`!document.querySelector("img") && document.querySelector("#alarms").textContent.includes(%q) && document.querySelector("#about").textContent === %[1]q`, strings.TrimSpace(evil)))
}
