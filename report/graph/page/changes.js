// What a diff says: what is dangerous above all, and every change beside the picture.

const maxAlarms = 5;
const tone = (c) => (c.danger ? "closed" : { "+": "opened", "−": "closed", "~": "changed" }[c.sign] || "neutral");

// about says what the picture is of.
function about() {
  $("about").textContent = view().about || "";
  $("about").title = $("about").textContent;
}

// words of a row, the shouted ones first.
function words(c) {
  return [c.shout ? h("strong", {}, c.shout + ": ") : null, c.text];
}

// alarms spells out what is dangerous, and leads there.
function alarms() {
  const box = $("alarms"), v = view(), all = v.changes.filter((c) => c.danger);
  box.hidden = !all.length;
  box.replaceChildren();
  if (box.hidden) return;
  const list = state.alarms ? all : all.slice(0, maxAlarms);
  box.append(h("h2", {}, h("span", { class: "mark", "aria-hidden": "true" }, "!"), "Danger"),
    h("ul", {}, list.map((c) => h("li", {}, h("button", { type: "button", onclick: () => showRow(v, c) }, ...words(c), c.note ? h("span", {}, ", " + c.note.split("; ")[0]) : null))),
      list.length < all.length
        ? h("li", {}, h("button", { type: "button", class: "more", onclick: () => { state.alarms = true; alarms(); box.querySelectorAll("button")[maxAlarms].focus(); } }, `and ${all.length - list.length} more`)) : null));
}

// tally counts the changes by class.
function tally(v) {
  const of = (name) => v.changes.filter((c) => c.class === name);
  const narrowed = of("narrowed").length, neutral = of("neutral").length;
  const widened = v.changes.filter((c) => c.class !== "narrowed" && c.class !== "neutral");
  const closing = widened.filter((c) => c.closes).length, dangers = v.changes.filter((c) => c.danger).length;
  const also = closing ? `, of which ${closing === widened.length ? "all" : closing} close${closing === 1 ? "s" : ""} something too` : "";
  return [
    dangers ? badge("!", dangers + " dangerous") : null,
    widened.length ? badge(closing ? "~" : dangers ? "" : "+", widened.length + " widened" + also) : null,
    narrowed ? badge("−", narrowed + " narrowed") : null,
    neutral ? badge("=", neutral + " neutral") : null,
  ];
}

// changes lists the rows of a diff.
function changes() {
  const box = $("changes"), v = view();
  const current = v.changes.findIndex((c) => c === state.row);
  box.hidden = !data.diff && !v.changes.length;
  box.replaceChildren();
  if (box.hidden) return;
  if (!v.changes.length) {
    box.append(h("h2", {}, "No change of connectivity"), h("p", { class: "text" }, "The policies let the same through on both sides. The graph is what they allow, now as before."));
    box.classList.add("none");
    return;
  }
  box.append(
    h("h2", {}, h("button", { type: "button", class: "fold", "aria-expanded": String(state.unfolded), "aria-controls": "change-list",
      onclick: () => { state.unfolded = !state.unfolded; changes(); box.querySelector(".fold").focus(); if (state.tab === "graph") fit(stage()); } },
    count(v.changes.length, "change"), h("span", { class: "arrow", "aria-hidden": "true" }, state.unfolded ? "▾" : "▴"))),
    h("div", { class: "counts" }, tally(v)),
    h("ul", { class: "rows", id: "change-list" }, v.changes.map((c, i) => h("li", {}, h("button", {
      type: "button", class: tone(c) + (c.danger ? " danger" : ""), "aria-current": i === current ? "true" : null,
      onclick: () => showRow(v, c),
    }, h("span", { class: "sign" }, c.danger ? "!" : c.sign), h("span", { class: "body" }, h("b", {}, ...words(c)),
      h("span", { class: "class" }, c.closes && c.sign === "~" ? c.words.replace(/^widened(, closes too)?/, "widened, opens and closes") : c.words),
      [c.note, ...(c.notes || [])].filter(Boolean).map((t) => h("span", {}, t))))))));
  box.classList.toggle("folded", !state.unfolded);
}

// showRow selects the edge, the node or the namespace that a row is about.
function showRow(v, c) {
  state.row = c;
  const box = $("changes");
  [...box.querySelectorAll("#change-list button")].forEach((b, i) => {
    if (v.changes[i] === c) b.setAttribute("aria-current", "true");
    else b.removeAttribute("aria-current");
  });
  box.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  const edge = c.to ? v.edges.findIndex((e) => e.change && c.from.includes(e.from) && c.to.includes(e.to)) : -1;
  if (edge >= 0) {
    if (!visible(v.edges[edge])) {
      state.dns = true;
      refresh(false);
    }
    return select(-1, edge, true);
  }
  const node = c.from ? v.byID.get(c.from[0]) : undefined;
  if (node !== undefined) return select(node, -1, true);
  select(-1, -1);
  if (state.tab !== "graph" || state.focus) return;
  const space = stage().spaces.find((n) => n.name === c.space);
  if (space) reveal(stage(), ...space.box);
  announce([c.shout, c.text].filter(Boolean).join(": "));
}
