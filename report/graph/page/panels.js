// What is beside the picture: details, the changes of a diff, the focus, the legend.

function close() {
  return h("button", { type: "button", "aria-label": "Close details", title: "Close (Esc)", onclick: () => select(-1, -1) }, "✕");
}

// facts is a list of names and values, without those that have none.
function facts(pairs) {
  const list = h("dl");
  for (const [name, value, mono] of pairs) {
    const values = (Array.isArray(value) ? value : [value]).filter(Boolean);
    if (!values.length) continue;
    list.append(h("dt", {}, name), h("dd", {}, ...values.map((t) => h("div", { class: mono ? "mono" : null }, t))));
  }
  return list.childElementCount ? list : null;
}

function signed(change) {
  return change ? h("span", { class: "sign" }, signs[change]) : null;
}

function details() {
  const box = $("details"), v = view();
  const scroll = box.scrollTop, same = box.dataset.about === state.node + "/" + state.edge;
  box.replaceChildren();
  box.dataset.about = state.node + "/" + state.edge;
  if (state.edge >= 0) edgeDetails(box, v, v.edges[state.edge]);
  else if (state.node >= 0) nodeDetails(box, v, state.node);
  const was = box.hidden;
  box.hidden = state.edge < 0 && state.node < 0;
  box.scrollTop = same ? scroll : 0;
  for (const el of document.querySelectorAll(".sheet,.zoom,.legend")) el.classList.toggle("beside", !box.hidden);
  return was !== box.hidden;
}

function nodeDetails(box, v, i) {
  const n = v.nodes[i];
  box.append(h("h2", {}, h("span", {}, n.name), close()),
    h("p", { class: "kind" }, kinds[n.kind] + (n.namespace ? " in " + n.namespace : "")));
  if (n.change || n.danger) box.append(h("p", { class: "marks" }, n.danger ? badge("!", "danger") : null, n.change ? badge(signs[n.change], n.change) : null));
  if (n.description) box.append(h("p", { class: "text" }, n.description));
  const list = facts([["Ports", n.ports, true], ["Owner", n.owner], ["What", n.about], ["Change", n.notes], ["Declared", n.pos, true]]);
  if (list) box.append(list);
  if (v.into[i].length + v.outOf[i].length) {
    box.append(h("div", { class: "acts" },
      state.focus === n.id
        ? h("button", { type: "button", class: "act", onclick: () => focusOn("") }, "Leave focus")
        : h("button", { type: "button", class: "act", onclick: () => focusOn(n.id) }, "Focus")));
  }
  rows(box, v, "Callers", "in", v.into[i], (e) => e.a);
  rows(box, v, "Calls", "", v.outOf[i], (e) => e.b);
}

function rows(box, v, title, mark, list, other) {
  const all = list.filter((i) => visible(v.edges[i]));
  if (!all.length) return;
  box.append(h("h3", {}, h("i", { class: mark }), `${title} (${all.length})`),
    h("ul", { class: "rows" }, all.map((i) => {
      const e = v.edges[i];
      return h("li", {}, h("button", { type: "button", class: e.change, onclick: () => select(-1, i, true) },
        signed(e.change), h("b", {}, v.nodes[other(e)].name), h("span", { class: "mono" }, portsOf(e)),
        e.why ? h("span", { class: "note" }, e.why) : null));
    })));
}

function edgeDetails(box, v, e) {
  const a = v.nodes[e.a], b = v.nodes[e.b];
  box.append(h("h2", {}, h("span", {}, `${a.name} → ${b.name}`), close()),
    h("p", { class: "kind" }, e.implied ? "Implied by the DNS of the cluster" : "Connection"));
  if (e.change || e.danger) box.append(h("p", { class: "marks" }, e.danger ? badge("!", "danger") : null, e.change ? badge(signs[e.change], e.change) : null));
  if (e.why && !e.implied) box.append(h("p", { class: "text" }, e.why));
  const list = facts([
    ["Ports", e.ports, true], ["Opened", e.opened, true], ["Closed", e.closed, true], ["Owner", e.owner], ["Ticket", e.ticket],
    ["Expires", e.expires], ["Declared", e.pos, true], ["Because", e.implied ? e.why : ""], ["Policies", e.policies, true], ["Note", e.note],
  ]);
  if (list) box.append(list);
  box.append(h("h3", {}, "Ends"), h("ul", { class: "rows" }, [e.a, e.b].map((i) =>
    h("li", {}, h("button", { type: "button", onclick: () => select(i, -1, true) },
      h("b", {}, v.nodes[i].name), h("span", {}, place(v.nodes[i])))))));
}

function badge(sign, text) {
  return h("span", { class: "badge " + (tones[sign] || "equal") }, (sign ? sign + " " : "") + text);
}

function focusbar(size) {
  const box = $("focusbar"), v = view();
  box.hidden = state.focus === "" || !v.byID.has(state.focus);
  if (box.hidden) return;
  const pressed = box.contains(document.activeElement) ? document.activeElement.dataset.key : "";
  const button = (key, text, on, label, act) =>
    h("button", { type: "button", "data-key": key, "aria-pressed": on === null ? null : String(on), "aria-label": label, onclick: act }, text);
  box.replaceChildren(
    h("b", {}, v.nodes[v.byID.get(state.focus)].name),
    h("span", { class: "group", role: "group", "aria-label": "Hops" }, "hops", ...[1, 2, 3, -1].map((n) =>
      button("hops" + n, n < 0 ? "all" : String(n), state.hops === n, n < 0 ? "all hops" : count(n, "hop"), () => setHops(n)))),
    h("span", { class: "group", role: "group", "aria-label": "Direction" }, ...[["callers", "callers"], ["both", "both"], ["callees", "callees"]].map(([way, text]) =>
      button(way, text, state.way === way, null, () => { state.way = way; refresh(true); }))),
    h("span", { class: "group" }, `${size} of ${v.nodes.length}`),
    button("leave", "✕", null, "Leave focus", () => focusOn("")));
  if (pressed) box.querySelector(`[data-key="${pressed}"]`)?.focus();
}

function legend() {
  const v = view(), box = $("legend");
  const item = (cls, text, marker) => {
    const svg = document.createElementNS(SVG, "svg"), p = document.createElementNS(SVG, "path");
    svg.setAttribute("viewBox", "0 0 30 12");
    svg.setAttribute("aria-hidden", "true");
    p.setAttribute("class", "edge " + cls);
    p.setAttribute("d", "M1 6H27");
    p.setAttribute("marker-end", `url(#v${v.index}-${marker})`);
    svg.append(p);
    return h("span", {}, svg, text);
  };
  box.replaceChildren();
  if (v.differs) {
    const has = (c) => v.edges.some((e) => e.change === c);
    if (v.nodes.some((n) => n.danger) || v.alarms) box.append(h("span", {}, h("i", { class: "mark", "aria-hidden": "true" }, "!"), "danger"));
    if (has("opened")) box.append(item("opened", "+ opened", "headopened"));
    if (has("closed")) box.append(item("closed", "− closed", "headclosed"));
    if (has("changed")) box.append(item("changed", "~ other ports or ends", "headchanged"));
    if (has("neutral")) box.append(item("neutral", "= declared otherwise", "head"));
  }
  if (state.node >= 0) {
    box.append(item("into", "calls it", "into"), item("out-of", "it calls", "out-of"));
  } else {
    box.append(item("", "may call", "head"));
  }
  if (state.dns) box.append(item("implied", "DNS", "head"));
}
