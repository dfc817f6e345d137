// The picture: its parts, what of it is seen, and where.

// stages are the pictures of the views, made ready when they are first shown.
const stages = views.map(() => null);

function stage() {
  const v = view();
  if (stages[v.index]) return stages[v.index];
  const svg = $("stage-" + v.index);
  const s = {
    svg, v, port: svg.querySelector(".viewport"), x: 0, y: 0, k: 1, boxes: v.boxes, fitted: false,
    nodes: v.nodes.map((_, i) => svg.querySelector(`[data-n="${i}"]`)),
    edges: v.edges.map((_, i) => svg.querySelector(`.edge[data-e="${i}"]`)),
    labels: new Map(), hits: [], names: [],
  };
  svg.removeAttribute("viewBox");
  for (const el of svg.querySelectorAll(".label")) s.labels.set(Number(el.dataset.e), el);
  s.paths = s.edges.map((el) => el.getAttribute("d"));
  s.heads = s.edges.map((el) => el.getAttribute("marker-end"));
  // A line is thin; what the pointer meets is wider.
  s.edges.forEach((el, i) => {
    const hit = el.cloneNode();
    hit.removeAttribute("marker-end");
    hit.classList.add("hit");
    s.hits[i] = hit;
    el.after(hit);
  });
  const defs = svg.querySelector("defs");
  for (const name of ["out-of", "into"]) {
    const head = defs.firstElementChild.cloneNode(true);
    head.id = "v" + v.index + "-" + name;
    head.setAttribute("class", "head " + name);
    defs.append(head);
  }
  s.nodes.forEach((el, i) => {
    const n = v.nodes[i];
    el.setAttribute("role", "button");
    el.setAttribute("tabindex", "-1");
    s.names[i] = el.querySelector(".sub").textContent;
    say(s, i, s.names[i]);
    if (!v.into[i].concat(v.outOf[i]).some((e) => !v.edges[e].implied || (v.edges[e].change && v.edges[e].change !== "neutral")) && n.kind === "dns") el.classList.add("quiet");
  });
  // The names of namespaces are above the nodes, so that they can be read from afar.
  const top = document.createElementNS(SVG, "g");
  s.spaces = [...svg.querySelectorAll(".ns")].map((g) => {
    const text = g.querySelector("text"), rect = g.querySelector("rect");
    const over = document.createElementNS(SVG, "g");
    over.setAttribute("class", g.getAttribute("class"));
    over.append(text);
    top.append(over);
    const box = ["x", "y", "width", "height"].map((a) => Number(rect.getAttribute(a)));
    return { name: nameOf(v, box), text, box, x: text.getAttribute("x"), y: text.getAttribute("y") };
  });
  s.port.append(top);
  stages[v.index] = s;
  rove(s, s.nodes.findIndex((el) => !el.classList.contains("quiet")));
  return s;
}

// nameOf is the namespace that a box is of: that of the nodes in it.
function nameOf(v, [x, y, w, height]) {
  return v.nodes.find((n, i) => n.namespace && v.boxes[i][0] >= x && v.boxes[i][1] >= y && v.boxes[i][0] < x + w && v.boxes[i][1] < y + height)?.namespace;
}

// say gives a node its second line, and what a screen reader says of it: what is
// seen, and what else there is.
function say(s, i, second) {
  const v = s.v, n = v.nodes[i], el = s.nodes[i];
  const own = (list) => list.filter((e) => !v.edges[e].implied).length;
  el.querySelector(".sub").textContent = second;
  el.setAttribute("aria-label", [el.querySelector(".name").textContent + " " + second, kinds[n.kind],
    n.namespace && n.namespace !== second && "namespace " + n.namespace, n.danger && "danger", n.change,
    count(own(v.into[i]), "caller"), count(own(v.outOf[i]), "callee")].filter(Boolean).join(", "));
}

// rove makes a node the one that the tab key leads to.
function rove(s, i) {
  if (i < 0) return;
  s.nodes[s.tab || 0]?.setAttribute("tabindex", "-1");
  s.tab = i;
  s.nodes[i].setAttribute("tabindex", "0");
}

function apply(s) {
  s.port.setAttribute("transform", `translate(${s.x.toFixed(2)} ${s.y.toFixed(2)}) scale(${s.k.toFixed(4)})`);
  const far = s.k < 0.52, farther = s.k < 0.3;
  s.svg.classList.toggle("far", far);
  s.svg.classList.toggle("farther", farther);
  for (const n of s.spaces) {
    const [x, y, w, height] = n.box;
    if (!far) {
      n.text.removeAttribute("style");
      n.text.setAttribute("x", n.x);
      n.text.setAttribute("y", n.y);
      continue;
    }
    const size = Math.max(12, Math.min(farther ? 15 / s.k : Math.min(15 / s.k, 32), (w * 0.92) / (n.text.textContent.length * 0.6)));
    n.text.style.fontSize = size + "px";
    n.text.style.textAnchor = farther ? "middle" : "start";
    n.text.setAttribute("x", farther ? x + w / 2 : n.x);
    n.text.setAttribute("y", farther ? y + height / 2 + size / 3 : y + Math.min(36, size * 0.95));
  }
}

let moving = 0;
// move brings the picture to a place, in a short while unless that is unwanted.
function move(s, x, y, k, at_once) {
  cancelAnimationFrame(moving);
  if (at_once || calm.matches) {
    Object.assign(s, { x, y, k });
    return apply(s);
  }
  const from = [s.x, s.y, s.k], start = performance.now();
  const step = (now) => {
    const t = Math.min(1, (now - start) / 240), u = 1 - (1 - t) ** 3;
    s.k = from[2] * (k / from[2]) ** u;
    s.x = from[0] + (x - from[0]) * u;
    s.y = from[1] + (y - from[1]) * u;
    apply(s);
    if (t < 1) moving = requestAnimationFrame(step);
  };
  moving = requestAnimationFrame(step);
}

const shown = (s, i) => !s.nodes[i].classList.contains("gone") && (state.dns || !s.nodes[i].classList.contains("quiet"));

// extent is what the picture takes.
function extent(s) {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  const cover = (x, y, w, height) => {
    x0 = Math.min(x0, x); y0 = Math.min(y0, y); x1 = Math.max(x1, x + w); y1 = Math.max(y1, y + height);
  };
  s.boxes.forEach((b, i) => shown(s, i) && cover(...b));
  if (s.boxes === s.v.boxes) for (const n of s.spaces) if (n.box[2] > 0) cover(...n.box);
  return x0 > x1 ? [0, 0, 1, 1] : [x0, y0, x1 - x0, y1 - y0];
}

// room is how wide and tall the picture may be, beside what lies over it.
function room(s) {
  const r = s.svg.getBoundingClientRect();
  let { width, height } = r;
  for (const panel of [$("details"), $("changes")]) {
    if (panel.hidden || getComputedStyle(panel).position !== "absolute") continue;
    const over = panel.getBoundingClientRect();
    if (over.width < r.width) width = Math.min(width, r.width - over.width);
    else height = Math.min(height, r.height - over.height);
  }
  return { width, height };
}

// fit shows all of the picture, as large as is pleasant.
function fit(s, at_once) {
  const { width, height } = room(s);
  if (width <= 0) return;
  s.touched = false;
  const [x, y, w, tall] = extent(s), top = state.focus ? 64 : 24, left = 28, right = 68;
  const bottom = $("legend").offsetHeight ? $("legend").offsetHeight + 28 : 56;
  const k = Math.min((width - left - right) / w, (height - top - bottom) / tall, 1.3);
  move(s, left + (width - left - right - w * k) / 2 - x * k, top + (height - top - bottom - tall * k) / 2 - y * k, k, at_once);
  s.fitted = true;
}

function zoom(s, by, cx, cy) {
  const { width, height } = room(s);
  s.touched = true;
  const k = Math.max(0.04, Math.min(3, s.k * by));
  cx ??= width / 2;
  cy ??= height / 2;
  cancelAnimationFrame(moving);
  s.x = cx - (cx - s.x) * (k / s.k);
  s.y = cy - (cy - s.y) * (k / s.k);
  s.k = k;
  apply(s);
}

// reveal brings a part of the picture into sight, large enough to be read.
function reveal(s, x, y, w, height, least = 0.55) {
  const r = room(s);
  s.touched = true;
  const left = s.x + x * s.k, top = s.y + y * s.k;
  const above = state.focus ? 60 : 8;
  if (s.k >= least && left > 8 && top > above && left + w * s.k < r.width - 60 && top + height * s.k < r.height - 50) return;
  const k = Math.min(1.2, Math.max(s.k, least && 0.8), (r.width - 90) / w, (r.height - 120) / height);
  move(s, (r.width - 48) / 2 - (x + w / 2) * k, r.height / 2 - (y + height / 2) * k, k);
}

// revealNode brings a node into sight with its callers and callees, where there is
// room for them.
function revealNode(s, i, least) {
  const v = s.v, r = room(s), near = [i];
  for (const e of v.into[i]) if (visible(v.edges[e])) near.push(v.edges[e].a);
  for (const e of v.outOf[i]) if (visible(v.edges[e])) near.push(v.edges[e].b);
  const boxes = near.map((n) => s.boxes[n]).filter(Boolean);
  if (!boxes.length) return;
  const x = Math.min(...boxes.map((b) => b[0])), y = Math.min(...boxes.map((b) => b[1]));
  const w = Math.max(...boxes.map((b) => b[0] + b[2])) - x, height = Math.max(...boxes.map((b) => b[1] + b[3])) - y;
  if (Math.min((r.width - 90) / w, (r.height - 120) / height) >= 0.5) return reveal(s, x, y, w, height, least);
  if (s.boxes[i]) reveal(s, ...s.boxes[i], least);
}

function revealEdge(s, e, least) {
  const a = s.boxes[e.a], b = s.boxes[e.b];
  const x = Math.min(a[0], b[0]), y = Math.min(a[1], b[1]);
  reveal(s, x, y, Math.max(a[0] + a[2], b[0] + b[2]) - x, Math.max(a[1] + a[3], b[1] + b[3]) - y, least);
}

// highlight shows what is selected: a node with its callers and callees, or an edge.
function highlight() {
  const s = stage(), v = s.v;
  const near = new Set(), lit = new Map();
  if (state.edge >= 0) {
    const e = v.edges[state.edge];
    near.add(e.a).add(e.b);
    lit.set(state.edge, "lit");
  } else if (state.node >= 0) {
    near.add(state.node);
    for (const i of v.outOf[state.node]) if (visible(v.edges[i])) { lit.set(i, "out-of"); near.add(v.edges[i].b); }
    for (const i of v.into[state.node]) if (visible(v.edges[i])) { lit.set(i, lit.has(i) ? "lit" : "into"); near.add(v.edges[i].a); }
  }
  // Around the focus all is of interest.
  const center = state.node >= 0 && v.nodes[state.node].id === state.focus;
  s.svg.classList.toggle("dim", near.size > 0 && !center);
  s.nodes.forEach((el, i) => {
    el.classList.toggle("near", near.has(i));
    el.classList.toggle("current", i === state.node);
    el.setAttribute("aria-pressed", String(i === state.node));
  });
  s.edges.forEach((el, i) => {
    const how = lit.get(i);
    for (const c of ["lit", "out-of", "into"]) el.classList.toggle(c, how === c);
    el.classList.toggle("near", how !== undefined);
    const head = how && !v.edges[i].change ? `url(#v${v.index}-${how === "into" ? "into" : "out-of"})` : s.heads[i];
    if (el.getAttribute("marker-end") !== head) el.setAttribute("marker-end", head);
    s.labels.get(i)?.classList.toggle("near", how !== undefined);
  });
}

// arrangeFocus shows a node and its surroundings alone, callers on the left and
// callees on the right, a column a hop; without a focus all is as it was drawn.
function arrangeFocus() {
  const s = stage(), v = s.v;
  const focused = state.focus !== "" && v.byID.has(state.focus);
  s.svg.classList.toggle("focused", focused);
  if (!focused) {
    s.boxes = v.boxes;
    s.nodes.forEach((el, i) => {
      el.classList.remove("gone");
      el.setAttribute("transform", `translate(${v.boxes[i][0]} ${v.boxes[i][1]})`);
      say(s, i, s.names[i]);
    });
    s.paths.forEach((d, i) => { for (const el of [s.edges[i], s.hits[i]]) { el.classList.remove("gone"); el.setAttribute("d", d); } });
    return;
  }
  const { depth, edges } = surroundings(v, state.focus, state.hops, state.way);
  s.boxes = ego(v, depth, edges);
  s.nodes.forEach((el, i) => {
    el.classList.toggle("gone", !depth.has(i));
    if (!depth.has(i)) return;
    el.setAttribute("transform", `translate(${s.boxes[i][0]} ${s.boxes[i][1]})`);
    say(s, i, v.nodes[i].namespace || s.names[i]);
  });
  s.edges.forEach((el, i) => {
    const keep = edges.has(i);
    for (const x of [el, s.hits[i]]) {
      x.classList.toggle("gone", !keep);
      if (keep) x.setAttribute("d", line(s.boxes[v.edges[i].a], s.boxes[v.edges[i].b]));
    }
  });
  return depth.size;
}

// ego places the surroundings of a node in columns by hops. Long columns are broken.
function ego(v, depth, edges) {
  const columns = new Map();
  for (const [i, d] of depth) columns.set(d, [...(columns.get(d) || []), i]);
  const at = new Map(), ordered = [...columns.keys()].sort((a, b) => a - b);
  for (const d of ordered) {
    columns.get(d).sort((a, b) => (v.nodes[a].namespace || "~").localeCompare(v.nodes[b].namespace || "~", "en") || v.nodes[a].name.localeCompare(v.nodes[b].name, "en"));
    columns.get(d).forEach((i, k) => at.set(i, k - columns.get(d).length / 2));
  }
  for (let sweep = 0; sweep < 6; sweep++) {
    for (const d of [...ordered].sort((a, b) => Math.abs(a) - Math.abs(b))) {
      if (d === 0) continue;
      const column = columns.get(d), want = new Map();
      for (const i of column) {
        const near = [];
        for (const e of v.into[i]) if (edges.has(e)) near.push(at.get(v.edges[e].a));
        for (const e of v.outOf[i]) if (edges.has(e)) near.push(at.get(v.edges[e].b));
        want.set(i, near.reduce((a, b) => a + b, 0) / (near.length || 1));
      }
      column.sort((a, b) => want.get(a) - want.get(b));
      column.forEach((i, k) => at.set(i, k - column.length / 2));
    }
  }
  const boxes = [], tall = 22, gap = 16;
  let x = 0;
  for (const d of ordered) {
    const column = columns.get(d), parts = Math.ceil(column.length / tall), each = Math.ceil(column.length / parts);
    for (let p = 0; p < parts; p++) {
      const part = column.slice(p * each, (p + 1) * each);
      const w = Math.max(...part.map((i) => v.boxes[i][2]));
      let y = -(part.length * (44 + gap) - gap) / 2;
      for (const i of part) {
        boxes[i] = [x + (w - v.boxes[i][2]) / 2, y, v.boxes[i][2], v.boxes[i][3]];
        y += 44 + gap;
      }
      x += w + (p + 1 < parts ? 28 : 110);
    }
  }
  return boxes;
}

// line is the path of an edge between two boxes.
function line(a, b) {
  const ya = a[1] + a[3] / 2, yb = b[1] + b[3] / 2;
  if (a === b) return `M${a[0] + a[2]} ${ya - 8}c34 -22 34 38 0 16`;
  if (b[0] >= a[0] + a[2]) {
    const xa = a[0] + a[2], xb = b[0], m = (xa + xb) / 2;
    return `M${xa} ${ya}C${m} ${ya} ${m} ${yb} ${xb} ${yb}`;
  }
  if (b[0] + b[2] <= a[0]) {
    const xa = a[0], xb = b[0] + b[2], m = (xa + xb) / 2;
    return `M${xa} ${ya}C${m} ${ya} ${m} ${yb} ${xb} ${yb}`;
  }
  const xa = a[0] + a[2], xb = b[0] + b[2], m = Math.max(xa, xb) + 46;
  return `M${xa} ${ya}C${m} ${ya} ${m} ${yb} ${xb} ${yb}`;
}
