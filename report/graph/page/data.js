// The data of the page, and small helpers. Text of the data is only ever put into
// the page as text.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// h makes an element: h("button", {class: "act", onclick: f}, "text", child).
function h(tag, properties, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else el.setAttribute(name, value === true ? "" : String(value));
  }
  el.append(...children.flat().filter((c) => c !== undefined && c !== null && c !== false));
  return el;
}

const count = (n, noun) => n + " " + noun + (n === 1 ? "" : "s");
const signs = { opened: "+", added: "+", closed: "−", removed: "−", changed: "~", neutral: "=" };
const tones = { "+": "plus", "−": "minus", "~": "tilde", "!": "alarm", "=": "equal" };
const kinds = {
  service: "Service", group: "Group", peer: "Peer, outside", dns: "DNS of the cluster",
  anything: "Anything, where a direction is not enforced", outside: "Not declared",
};

// views are the graphs, with what leads into and out of each node.
const views = data.views.map((v, index) => {
  const byID = new Map(v.nodes.map((n, i) => [n.id, i]));
  const into = v.nodes.map(() => []), outOf = v.nodes.map(() => []);
  v.edges.forEach((e, i) => {
    e.a = byID.get(e.from);
    e.b = byID.get(e.to);
    outOf[e.a].push(i);
    into[e.b].push(i);
  });
  const changes = v.changes || [];
  const differs = changes.length > 0 || v.nodes.some((n) => n.change) || v.edges.some((e) => e.change);
  return { ...v, index, byID, into, outOf, changes, differs };
});

const state = {
  view: 0, tab: "graph", dns: data.dns,
  node: -1, edge: -1, // what is selected, of which the details are shown
  focus: "", hops: data.hops || 1, way: "both",
  rows: "", columns: "", filter: "",
  row: null, alarms: false, unfolded: false, // of the changes
};
const view = () => views[state.view];
const visible = (e) => state.dns || !e.implied || (e.change && e.change !== "neutral");

// portsOf says what changed where something did.
function portsOf(e) {
  if (!e.change || e.change === "neutral") return (e.ports || []).join(", ");
  const parts = [...(e.opened || []).map((p) => "+" + p), ...(e.closed || []).map((p) => "−" + p)];
  return parts.length ? parts.join(", ") : signs[e.change] + (e.ports || []).join(", ");
}

const place = (n) => n.namespace || (n.kind === "service" ? "" : "outside");

// surroundings returns how many hops each node is from one, callers with a minus,
// and the edges between: what it reaches and what reaches it, not back and forth.
function surroundings(v, id, hops, way) {
  const start = v.byID.get(id);
  const depth = new Map([[start, 0]]), edges = new Set();
  for (const sign of [1, -1]) {
    if ((sign > 0 && way === "callers") || (sign < 0 && way === "callees")) continue;
    const seen = new Set([start]);
    let frontier = [start];
    for (let n = 1; frontier.length && (hops < 0 || n <= hops); n++) {
      const next = [];
      for (const i of frontier) {
        for (const e of sign > 0 ? v.outOf[i] : v.into[i]) {
          if (!visible(v.edges[e])) continue;
          edges.add(e);
          const to = sign > 0 ? v.edges[e].b : v.edges[e].a;
          if (seen.has(to)) continue;
          seen.add(to);
          next.push(to);
          if (!depth.has(to) || Math.abs(depth.get(to)) > n) depth.set(to, sign * n);
        }
      }
      frontier = next;
    }
  }
  return { depth, edges };
}

let announced = 0;
function announce(text) {
  clearTimeout(announced);
  announced = setTimeout(() => { $("status").textContent = text; }, 60);
}
