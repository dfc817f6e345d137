// The matrix of who reaches whom, and the list of all connections.

// axis returns the rows or columns that a choice stands for: namespaces, or nodes.
// Each has the indexes of its nodes.
function axis(v, choice, used) {
  const nodes = v.nodes.map((_, i) => i).filter((i) => used.has(i));
  if (choice === "spaces") {
    const by = new Map();
    for (const i of nodes) {
      const name = place(v.nodes[i]);
      by.set(name, [...(by.get(name) || []), i]);
    }
    return [...by].map(([name, members]) => ({ name, members, space: name }));
  }
  return nodes.filter((i) => choice === "all" || place(v.nodes[i]) === choice.slice(3))
    .map((i) => ({ name: v.nodes[i].name, members: [i], where: place(v.nodes[i]) }));
}

function matrix() {
  const v = view(), box = $("panel-matrix");
  const near = state.focus && v.byID.has(state.focus) ? surroundings(v, state.focus, state.hops, state.way) : null;
  const edges = v.edges.map((_, i) => i).filter((i) => visible(v.edges[i]) && (!near || near.edges.has(i)));
  const callers = new Set(edges.map((i) => v.edges[i].a)), callees = new Set(edges.map((i) => v.edges[i].b));
  const usual = (used) => (used.size <= 70 ? "all" : "spaces");
  const rowChoice = state.rows || usual(callers), columnChoice = state.columns || usual(callees);
  const rows = axis(v, rowChoice, callers), columns = axis(v, columnChoice, callees);
  const cell = new Map(), rowOf = new Map(), columnOf = new Map();
  rows.forEach((r, k) => r.members.forEach((i) => rowOf.set(i, k)));
  columns.forEach((c, k) => c.members.forEach((i) => columnOf.set(i, k)));
  for (const i of edges) {
    const r = rowOf.get(v.edges[i].a), c = columnOf.get(v.edges[i].b);
    if (r === undefined || c === undefined) continue;
    const key = r * columns.length + c;
    cell.set(key, [...(cell.get(key) || []), i]);
  }
  const chooser = (label, value, used, set) => h("label", {}, label, h("select", { onchange: (event) => { set(event.target.value); matrix(); } },
    [["spaces", "by namespace"], used.size <= 250 ? ["all", "each one"] : null,
      ...[...new Set([...used].map((i) => place(v.nodes[i])))].map((s) => ["in " + s, "in " + s])].filter(Boolean)
      .map(([key, text]) => h("option", { value: key, selected: key === value }, text))));
  box.replaceChildren(h("div", { class: "top" }, h("h2", {}, "Who may reach whom"),
    chooser("Callers", rowChoice, callers, (x) => { state.rows = x; }),
    chooser("Callees", columnChoice, callees, (x) => { state.columns = x; }),
    h("p", {}, count(edges.length, "connection") + (near ? ` around ${state.focus}` : ""))));
  if (!edges.length) return;
  box.append(h("table", { class: "matrix" },
    h("caption", { class: "out" }, "Rows may open connections to columns"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "caller ↓ callee →"),
      columns.map((c) => h("th", { scope: "col", title: c.where ? `${c.name} (${c.where})` : c.name }, h("span", {}, c.name))))),
    h("tbody", {}, rows.map((r, k) => h("tr", {}, h("th", { scope: "row", title: r.where ? `${r.name} (${r.where})` : r.name }, r.name),
      columns.map((c, l) => cellOf(v, r, c, cell.get(k * columns.length + l))))))));
}

function cellOf(v, r, c, list) {
  if (!list) return h("td", { class: !r.space && !c.space && r.members[0] === c.members[0] ? "self" : null });
  const marks = new Set(list.map((i) => v.edges[i].change || ""));
  const change = marks.size === 1 ? [...marks][0] : "", danger = list.some((i) => v.edges[i].danger);
  const look = [change, danger && "danger"].filter(Boolean).join(" ") || null, sign = (danger ? "!" : "") + (change ? signs[change] : "");
  if (!r.space && !c.space) {
    const text = list.map((i) => portsOf(v.edges[i])).join("; ");
    return h("td", { class: look }, h("button", { type: "button", title: `${r.name} → ${c.name}: ${text}`, "aria-label": `${r.name} to ${c.name}: ${danger ? "danger, " : ""}${text}`,
      onclick: () => select(-1, list[0], false) }, sign || "●"));
  }
  const text = `${count(list.length, "connection")} from ${r.name} to ${c.name}`;
  return h("td", { class: look }, h("button", { type: "button", title: text, "aria-label": text,
    onclick: () => {
      if (r.space) state.rows = "in " + r.space;
      if (c.space) state.columns = "in " + c.space;
      matrix();
      announce(text);
    } }, sign + list.length));
}

// short is a cell that is not broken at a hyphen, unless it is long.
const short = (text) => h("td", { class: text && text.length <= 24 ? "short" : null }, text || "");

// pathOf is a path that may be broken after its slashes.
const pathOf = (text) => (text || "").split(/(?<=\/)/).flatMap((part, i) => (i ? [h("wbr"), part] : [part]));

// rankOf orders connections: what is dangerous, what changed, all else.
const rankOf = (e) => (e.danger ? 0 : e.change && e.change !== "neutral" ? 1 : e.change ? 2 : 3);

function list() {
  const v = view(), box = $("panel-list");
  const near = state.focus && v.byID.has(state.focus) ? surroundings(v, state.focus, state.hops, state.way) : null;
  const edges = v.edges.map((e, i) => [e, i]).filter(([e, i]) => visible(e) && (!near || near.edges.has(i)));
  if (edges.some(([e]) => e.change)) edges.sort(([a], [b]) => rankOf(a) - rankOf(b));
  const summary = h("p", { role: "status" });
  const filter = h("input", { type: "search", "aria-label": "Filter the connections", placeholder: "Filter", value: state.filter, autocomplete: "off" });
  const lines = edges.map(([e, i]) => {
    const a = v.nodes[e.a], b = v.nodes[e.b];
    const row = h("tr", { class: (e.danger ? "danger " : "") + (e.change || "") || null },
      h("th", { scope: "row" }, h("button", { type: "button", class: "link", onclick: () => select(e.a, -1, false) }, a.name)),
      h("td", {}, h("button", { type: "button", class: "link", onclick: () => select(e.b, -1, false) }, b.name)),
      h("td", { class: "mono" }, h("button", { type: "button", class: "link mono", "aria-label": `${portsOf(e) || "ports"}, details of ${a.name} to ${b.name}`, onclick: () => select(-1, i, false) }, portsOf(e))),
      h("td", {}, e.why || ""), short(e.owner), short(e.ticket),
      h("td", { class: "mono" }, pathOf(e.pos)), h("td", { class: "mono" }, (e.policies || []).map((p) => h("div", {}, pathOf(p)))));
    if (v.differs) row.prepend(h("td", { class: "change" }, e.danger ? badge("!", "danger") : null, e.change ? badge(signs[e.change], e.change) : null, e.change && e.note ? h("div", { class: "note" }, e.note) : null));
    return { row, text: [a.name, a.namespace, b.name, b.namespace, e.change, portsOf(e), e.why, e.owner, e.ticket, e.pos, ...(e.policies || [])].join(" ").toLowerCase() };
  });
  const narrow = () => {
    state.filter = filter.value;
    const words = state.filter.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const l of lines) {
      l.row.hidden = !words.every((w) => l.text.includes(w));
      if (!l.row.hidden) n++;
    }
    summary.textContent = n === lines.length ? count(n, "connection") : `${n} of ${count(lines.length, "connection")}`;
  };
  filter.addEventListener("input", narrow);
  box.replaceChildren(h("div", { class: "top" }, h("h2", {}, "Connections"), filter, summary),
    h("table", { class: "list" }, h("caption", { class: "out" }, "Connections that the policies let through"),
      h("thead", {}, h("tr", {}, [v.differs ? "Change" : null, "From", "To", "Ports", "Why", "Owner", "Ticket", "Declared", "Policies"].filter(Boolean)
        .map((t) => h("th", { scope: "col", class: "col-" + t.toLowerCase() }, t)))),
      h("tbody", {}, lines.map((l) => l.row))));
  narrow();
}
