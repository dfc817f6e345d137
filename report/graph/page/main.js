// What the reader does.

// select shows the details of a node or of an edge; -1 for neither.
function select(node, edge, show) {
  state.node = node;
  state.edge = edge;
  const resized = details();
  if (state.tab !== "graph") return remember();
  const s = stage();
  highlight();
  legend();
  const refitted = resized && !s.touched, hidden = resized && !refitted;
  if (refitted) fit(s, show);
  if (node >= 0) {
    rove(s, node);
    if (show || hidden) revealNode(s, node, show ? 0.5 : 0);
    announce(s.nodes[node].getAttribute("aria-label"));
  }
  if (edge >= 0) {
    const e = s.v.edges[edge];
    if ((show || hidden) && s.boxes[e.a] && s.boxes[e.b]) revealEdge(s, e, show ? 0.5 : 0);
    announce(`${s.v.nodes[e.a].name} to ${s.v.nodes[e.b].name}, ${portsOf(e)}`);
  }
  remember();
}

function focusOn(id) {
  state.focus = id;
  state.way = "both";
  const i = id ? view().byID.get(id) : undefined;
  if (i !== undefined) {
    state.node = i;
    state.edge = -1;
  }
  refresh(true);
  const s = stage();
  if (i !== undefined && state.tab === "graph") s.nodes[i].focus({ preventScroll: true });
}

function setHops(n) {
  state.hops = n;
  refresh(true);
}

// refresh shows all anew, after the view, the focus or the tab is another.
function refresh(refit) {
  const v = view();
  for (const other of views) $("stage-" + other.index).toggleAttribute("hidden", other !== v);
  for (const name of ["graph", "matrix", "list"]) {
    const on = name === state.tab;
    $("panel-" + name).hidden = !on;
    $("tab-" + name).setAttribute("aria-selected", String(on));
    $("tab-" + name).tabIndex = on ? 0 : -1;
  }
  for (const b of $("envs").querySelectorAll("button")) b.setAttribute("aria-pressed", String(Number(b.value) === state.view));
  const choice = $("envs").querySelector("select");
  if (choice) choice.value = String(state.view);
  $("dns").setAttribute("aria-pressed", String(state.dns));
  about();
  alarms();
  changes();
  details();
  if (state.tab === "matrix") matrix();
  if (state.tab === "list") list();
  if (state.tab === "graph") {
    const s = stage();
    s.svg.classList.toggle("no-dns", !state.dns);
    s.svg.classList.toggle("only-changes", v.differs);
    const size = arrangeFocus();
    focusbar(size);
    highlight();
    legend();
    if (refit || !s.fitted) fit(s, !s.fitted);
    if (size) announce(`${v.nodes[v.byID.get(state.focus)].name}: ${size} of ${v.nodes.length} shown`);
  }
  remember();
}

function switchTo(index) {
  const before = view();
  const node = state.node >= 0 ? before.nodes[state.node].id : "";
  const edge = state.edge >= 0 ? before.edges[state.edge] : null;
  const old = stages[before.index];
  state.view = index;
  const v = view();
  state.node = v.byID.get(node) ?? -1;
  state.edge = edge ? v.edges.findIndex((e) => e.from === edge.from && e.to === edge.to) : -1;
  state.rows = state.columns = "";
  state.row = null;
  state.alarms = false;
  if (old && old.svg.contains(document.activeElement)) document.activeElement.blur();
  refresh(true);
  announce(v.name);
}

function show(tab, focus) {
  state.tab = tab;
  refresh(false);
  if (focus) $("tab-" + tab).focus();
}

// The address holds what is shown, so that a link leads there.
let restoring = false;
function remember() {
  if (restoring) return;
  const q = new URLSearchParams();
  const v = view();
  if (views.length > 1) q.set("view", v.name);
  if (state.tab !== "graph") q.set("tab", state.tab);
  if (state.focus) { q.set("focus", state.focus); q.set("hops", String(state.hops)); }
  if (state.node >= 0 && v.nodes[state.node].id !== state.focus) q.set("node", v.nodes[state.node].id);
  try { history.replaceState(null, "", "#" + q); } catch { /* not every place has addresses */ }
}

function restore() {
  const q = new URLSearchParams(location.hash.slice(1));
  restoring = true;
  // At first, what is dangerous.
  state.view = Math.max(0, q.has("view") ? views.findIndex((v) => v.name === q.get("view")) : views.findIndex((v) => v.changes.some((c) => c.danger)));
  if (["matrix", "list"].includes(q.get("tab"))) state.tab = q.get("tab");
  state.focus = q.get("focus") || (location.hash.length > 1 ? "" : data.focus);
  const hops = Number(q.get("hops"));
  if (hops) state.hops = hops < 0 ? -1 : hops;
  const v = view();
  state.node = v.byID.get(q.get("node") || state.focus) ?? -1;
  restoring = false;
}

function environments() {
  const box = $("envs");
  if (views.length < 2) return;
  if (views.length <= 5 && views.reduce((n, v) => n + v.name.length, 0) < 60) {
    box.append(...views.map((v, i) => h("button", { type: "button", value: i, onclick: () => switchTo(i) }, ...labelOf(v))));
  } else {
    box.append(h("select", { "aria-label": "Environment", onchange: (event) => switchTo(Number(event.target.value)) },
      views.map((v, i) => h("option", { value: i }, v.changes.some((c) => c.danger) ? "! " + v.name : v.name))));
  }
}

// labelOf is the name of a view, with a mark where it is dangerous.
function labelOf(v) {
  return v.changes.some((c) => c.danger) ? [h("span", { class: "mark", role: "img", "aria-label": "danger in" }, "!"), " " + v.name] : [v.name];
}

// search: a list of matches below the field, of which one is chosen.
function search() {
  const input = $("search"), results = $("results");
  let found = [], at = 0;
  const hide = () => { results.hidden = true; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const mark = () => {
    [...results.children].forEach((li, k) => li.setAttribute("aria-selected", String(k === at)));
    const li = results.children[at];
    if (li && li.id) { input.setAttribute("aria-activedescendant", li.id); li.scrollIntoView({ block: "nearest" }); }
  };
  const choose = (i) => {
    hide();
    input.value = "";
    const v = view();
    if (state.tab !== "graph") show("graph");
    if (v.nodes.length > 80 || state.focus) return focusOn(v.nodes[i].id);
    select(i, -1, true);
    stage().nodes[i].focus({ preventScroll: true });
  };
  const look = () => {
    const v = view(), q = input.value.trim().toLowerCase();
    if (!q) return hide();
    found = v.nodes.map((n, i) => {
      const name = n.name.toLowerCase();
      const rank = name === q ? 0 : name.startsWith(q) ? 1 : name.includes(q) ? 2
        : [n.namespace, n.owner, n.description, ...(n.ports || []), ...(n.about || [])].some((t) => t && t.toLowerCase().includes(q)) ? 3 : -1;
      return { i, rank, name };
    }).filter((m) => m.rank >= 0 && (state.dns || v.nodes[m.i].kind !== "dns" || v.differs))
      .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1));
    const all = found.length;
    found = found.slice(0, 40);
    at = 0;
    results.replaceChildren(...found.map((m, k) => {
      const n = v.nodes[m.i], cut = m.name.indexOf(q);
      const text = cut < 0 || m.name.length !== n.name.length ? [n.name] : [n.name.slice(0, cut), h("mark", {}, n.name.slice(cut, cut + q.length)), n.name.slice(cut + q.length)];
      return h("li", { id: "match-" + k, role: "option", onpointerdown: (event) => { event.preventDefault(); choose(m.i); } },
        h("span", {}, ...text), h("span", { class: "where" }, place(n) || n.kind));
    }));
    if (!found.length) results.append(h("li", { class: "none", role: "option", "aria-disabled": "true" }, "No match"));
    results.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark();
    announce(all ? count(all, "match").replace("matchs", "matches") : "no match");
  };
  input.addEventListener("input", look);
  input.addEventListener("focus", look);
  input.addEventListener("blur", hide);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      at = (at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % Math.max(1, found.length);
      mark();
    } else if (event.key === "Enter" && !results.hidden && found[at]) {
      event.preventDefault();
      choose(found[at].i);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (input.value) { input.value = ""; hide(); } else input.blur();
    }
  });
}

// pointer lets the picture be moved, zoomed and pointed at.
function pointer() {
  const panel = $("panel-graph"), tip = $("tip"), down = new Map();
  let moved = 0, pinch = 0;
  const target = (event) => {
    const el = event.target.closest?.("[data-n],[data-e]");
    if (!el) return [-1, -1];
    return el.dataset.n !== undefined ? [Number(el.dataset.n), -1] : [-1, Number(el.dataset.e)];
  };
  const inside = (event) => event.target.closest?.(".stage");
  panel.addEventListener("pointerdown", (event) => {
    if (!inside(event) || event.button > 0) return;
    cancelAnimationFrame(moving);
    down.set(event.pointerId, [event.clientX, event.clientY, target(event)]);
    moved = 0;
    pinch = 0;
  });
  panel.addEventListener("pointermove", (event) => {
    const s = stage(), was = down.get(event.pointerId);
    if (!was) return hover(event);
    const dx = event.clientX - was[0], dy = event.clientY - was[1];
    moved += Math.abs(dx) + Math.abs(dy);
    if (moved < 4) return;
    if (!s.svg.hasPointerCapture(event.pointerId)) s.svg.setPointerCapture(event.pointerId);
    s.svg.classList.add("grabbing");
    tip.hidden = true;
    was[0] = event.clientX;
    was[1] = event.clientY;
    if (down.size === 2) {
      const [a, b] = [...down.values()], r = s.svg.getBoundingClientRect();
      const apart = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (pinch) zoom(s, apart / pinch, (a[0] + b[0]) / 2 - r.left, (a[1] + b[1]) / 2 - r.top);
      pinch = apart;
      return;
    }
    s.touched = true;
    s.x += dx;
    s.y += dy;
    apply(s);
  });
  const up = (event) => {
    const was = down.get(event.pointerId);
    down.delete(event.pointerId);
    stage().svg.classList.remove("grabbing");
    if (!was || moved >= 4 || event.type === "pointercancel") return;
    const [node, edge] = was[2];
    select(node, edge);
    if (node >= 0) stage().nodes[node].focus({ preventScroll: true });
  };
  panel.addEventListener("pointerup", up);
  panel.addEventListener("pointercancel", up);
  panel.addEventListener("dblclick", (event) => {
    const [node] = target(event);
    if (inside(event) && node >= 0) focusOn(view().nodes[node].id);
  });
  panel.addEventListener("wheel", (event) => {
    if (!inside(event)) return;
    event.preventDefault();
    const s = stage(), r = s.svg.getBoundingClientRect();
    zoom(s, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.0016)), event.clientX - r.left, event.clientY - r.top);
  }, { passive: false });
  const hover = (event) => {
    const [node, edge] = inside(event) ? target(event) : [-1, -1], v = view(), s = stage();
    for (const el of s.svg.querySelectorAll(".edge.over")) el.classList.remove("over");
    if (node < 0 && edge < 0) { tip.hidden = true; return; }
    if (node >= 0) {
      const n = v.nodes[node];
      tip.replaceChildren(h("b", {}, n.name), [kinds[n.kind], n.namespace, n.description].filter(Boolean).join(" · "));
    } else {
      const e = v.edges[edge];
      s.edges[edge].classList.add("over");
      tip.replaceChildren(h("b", {}, `${v.nodes[e.a].name} → ${v.nodes[e.b].name}`), [portsOf(e), e.why].filter(Boolean).join(" · "));
    }
    tip.hidden = false;
    const r = panel.getBoundingClientRect(), x = event.clientX - r.left, y = event.clientY - r.top;
    tip.style.left = Math.max(6, Math.min(x + 14, r.width - tip.offsetWidth - 6)) + "px";
    tip.style.top = (y + 18 + tip.offsetHeight > r.height ? y - tip.offsetHeight - 10 : y + 18) + "px";
  };
  panel.addEventListener("pointerleave", () => { tip.hidden = true; });
}

// step goes from a node to the nearest one in a direction.
function step(dx, dy) {
  const s = stage(), from = s.nodes.indexOf(document.activeElement);
  if (from < 0) return s.nodes[s.tab || 0]?.focus();
  const middle = (i) => [s.boxes[i][0] + s.boxes[i][2] / 2, s.boxes[i][1] + s.boxes[i][3] / 2];
  const [x, y] = middle(from);
  let best = -1, least = Infinity;
  s.nodes.forEach((_, i) => {
    if (i === from || !shown(s, i)) return;
    const [a, b] = middle(i), along = (a - x) * dx + (b - y) * dy, aside = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
    if (along < 4) return;
    const cost = along + aside * 2.5;
    if (cost < least) { least = cost; best = i; }
  });
  if (best < 0) return;
  rove(s, best);
  s.nodes[best].focus({ preventScroll: true });
  reveal(s, ...s.boxes[best]);
}

function escape() {
  if (state.node >= 0 || state.edge >= 0) {
    const keep = state.focus && state.node >= 0 && view().nodes[state.node].id === state.focus;
    const back = state.node;
    select(-1, -1);
    if (state.tab === "graph" && back >= 0) stage().nodes[back].focus({ preventScroll: true });
    if (!keep) return;
  }
  if (state.focus) return focusOn("");
  if (state.tab === "graph") fit(stage());
}

function keyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
    const typing = event.target.matches?.("input,select,textarea");
    if (event.key === "Escape") return escape();
    if (typing) return;
    const s = state.tab === "graph" ? stage() : null, on = s ? s.nodes.indexOf(document.activeElement) : -1;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const act = {
      "/": () => $("search").focus(), "?": () => $("keys").showModal(),
      g: () => show("graph"), m: () => show("matrix"), l: () => show("list"),
      e: () => views.length > 1 && switchTo((state.view + 1) % views.length),
      d: () => !$("dns").hidden && $("dns").click(),
      "+": s && (() => zoom(s, 1.25)), "=": s && (() => zoom(s, 1.25)), "-": s && (() => zoom(s, 0.8)), 0: s && (() => fit(s)),
      f: () => { const i = on >= 0 ? on : state.node; if (i >= 0) focusOn(view().nodes[i].id); },
    }[event.key];
    if (act) {
      event.preventDefault();
      act();
    } else if (s && arrows[event.key] && (on >= 0 || document.activeElement === document.body)) {
      event.preventDefault();
      step(...arrows[event.key]);
    } else if (on >= 0 && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      select(on, -1, true);
    } else if (state.focus && event.key >= "1" && event.key <= "9") {
      setHops(Number(event.key));
    }
  });
  const names = ["graph", "matrix", "list"];
  names.forEach((name, i) => {
    $("tab-" + name).addEventListener("click", () => show(name));
    $("tab-" + name).addEventListener("keydown", (event) => {
      const to = { ArrowRight: (i + 1) % 3, ArrowLeft: (i + 2) % 3, Home: 0, End: 2 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      show(names[to], true);
    });
  });
}

function start() {
  document.documentElement.dataset.ready = "true";
  if (!views.length) {
    document.body.classList.add("empty");
    $("panel-graph").replaceChildren(h("p", { class: "nothing" }, data.diff ? "No change of connectivity." : "There is nothing to draw."));
    return;
  }
  environments();
  restore();
  search();
  pointer();
  keyboard();
  $("dns").hidden = !views.some((v) => v.edges.some((e) => e.implied));
  $("dns").addEventListener("click", () => { state.dns = !state.dns; refresh(true); });
  $("help").addEventListener("click", () => $("keys").showModal());
  $("zoom-in").addEventListener("click", () => zoom(stage(), 1.25));
  $("zoom-out").addEventListener("click", () => zoom(stage(), 0.8));
  $("zoom-fit").addEventListener("click", () => fit(stage()));
  $("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
  });
  new ResizeObserver(() => { if (state.tab === "graph" && !stage().touched) fit(stage(), true); }).observe($("panel-graph"));
  addEventListener("hashchange", () => { restore(); refresh(true); });
  refresh(true);
}
start();
