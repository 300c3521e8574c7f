// Draws the pictures that explainers/figures.py describes. One mount a step; called again whenever its numbers change.
// Everything a visitor can reach is written as text, never as HTML.
//
// Bars are the logit board: where a column says which link of the chain it holds (column.live), it can be recomputed
// here, so that all of it follows the hand that drags a logit. The server is told once, on release, and what it answers
// replaces what was computed here; tests/browser holds the arithmetic to core's.

const SVG = "http://www.w3.org/2000/svg";

function add(parent, tag, attributes = {}, text) {
  const inSvg = tag === "svg" || parent.namespaceURI === SVG;
  const node = inSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// ---- the learner's numbers, in the hand ----------------------------------------------------------------------

const hand = {
  told: null, // what the server said last: { logits, label, t, seq, motion }
  now: null, // what is shown instead, from the first move until the server has followed
  links: null, // the chain computed from `now`, at the learner's temperature
  held: false, // a pointer or a key is down
  seq: 0, // counts the commits, so that an answer to an older one does not snap a bar back
  waiting: 0, // the timer that gives up on an answer
  send: null,
  hint: "", // what a click on a name does
};
const roots = new Set(); // every mounted list of pictures

const shown = () => hand.now ?? hand.told;

// logits -> z/T -> minus the largest -> exp -> divide -> minus log: core/softmax.py, cross_entropy.py
function chain({ logits, t }) {
  const scaled = logits.map((z) => z / t);
  const top = Math.max(...scaled);
  const best = logits.indexOf(Math.max(...logits));
  const shifted = scaled.map((s) => s - top);
  const exp = shifted.map(Math.exp);
  const total = exp.reduce((sum, e) => sum + e, 0);
  const p = t > 0 ? exp.map((e) => e / total) : logits.map((_, i) => Number(i === best));
  const logp = t > 0 ? shifted.map((d) => d - Math.log(total)) : p.map(Math.log);
  return { z: logits, scaled, shifted, exp, p, logp, nll: logp.map((l) => 0 - l), best, t };
}

// A column may hold the chain of other logits than the learner's: scale * z + shift, at another temperature.
function linksOf({ t, scale = 1, shift = 0 }) {
  const { logits, t: own } = hand.now;
  return t === own && scale === 1 && shift === 0 ? hand.links : chain({ logits: logits.map((z) => scale * z + shift), t });
}

const oneHot = (links, label) => links.p.map((_, i) => Number(i === label));
const LIVE = {
  loss: ({ nll }, label) => nll.map((loss, i) => (i === label ? loss : 0)),
  y: oneHot,
  push: ({ p, t }) => p.map((x) => -x / t),
  pull: (links, label) => oneHot(links, label).map((y) => y / links.t),
  error: ({ p }, label) => p.map((x, i) => x - Number(i === label)),
  move: (links, label, target) => (target ?? oneHot(links, label)).map((q, i) => (q - links.p[i]) / links.t),
};

// Numbers as explainers/step.py writes them.
function fmt(x) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e-4 && size < 1e7) return (size < 99999.5 ? String(Number(x.toPrecision(5))) : x.toFixed(0)).replace("-", "−");
  const [digits, exponent] = x.toExponential(4).split("e");
  const raised = String(Number(exponent)).replace(/[-\d]/g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
  return `${String(Number(digits)).replace("-", "−")}·10${raised}`;
}

function redraw() {
  hand.links = hand.now && chain(hand.now);
  for (const root of roots) {
    if (!root.isConnected) roots.delete(root);
    else if (root.live) root.draw();
  }
}

function put(logits, label = shown().label) {
  clearTimeout(playing);
  hand.now = { ...shown(), logits, label, aim: null };
  redraw();
}

function letGo() {
  clearTimeout(hand.waiting);
  hand.waiting = 0;
  hand.held = false;
  if (!hand.now) return;
  hand.now = null;
  redraw();
}

function commit() {
  hand.held = false;
  if (!hand.now) return;
  hand.seq += 1;
  hand.send({ logits: hand.now.logits, label: hand.now.label, seq: hand.seq });
  clearTimeout(hand.waiting);
  hand.waiting = setTimeout(letGo, 5000);
}

function hear(told, send) {
  hand.send = send;
  const first = !hand.told;
  hand.told = told;
  if (first) hand.seq = told.seq;
  if (hand.held || (hand.waiting && told.seq < hand.seq)) return;
  clearTimeout(playing);
  letGo();
  if (!first && told.motion) play(told.motion);
}

// A new step begins at its beginning, wherever the button stood that led to it.
let step = null;
function turn(to) {
  if (to === step) return;
  const first = step === null;
  step = to;
  if (first) return;
  const row = document.querySelector(".st-key-steps-row");
  if (row && row.getBoundingClientRect().top < 0) row.scrollIntoView();
}

// A step in two beats: first where each logit is to go, then it goes. A run: all the way, in two seconds.
let playing = 0;
function play(frames) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches || frames[0].length !== hand.told.logits.length) return;
  const beat = frames.length === 2 ? 900 : Math.max(16, 2000 / frames.length);
  const by = Math.max(1, Math.ceil((16 * frames.length) / 2000));
  const show = (k) => {
    hand.now = { ...hand.told, logits: frames[Math.min(k, frames.length - 1)], aim: frames.length === 2 && k === 0 ? frames[1] : null };
    redraw();
    playing = setTimeout(k < frames.length - 1 ? () => show(k + by) : letGo, beat);
  };
  show(0);
}

function setLogit(i, z) {
  put(shown().logits.map((old, k) => (k === i ? z : old)));
}

// Drag with a mouse or a finger. A finger that turns out to scroll the page takes nothing with it.
function draggable(node, follow) {
  let dragging = false;
  const end = (event) => {
    if (!dragging) return;
    dragging = false;
    if (event.type === "pointerup") {
      follow(event);
      commit();
    } else letGo();
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button || !hand.send) return;
    dragging = hand.held = true;
    node.box = node.getBoundingClientRect();
    node.setPointerCapture(event.pointerId);
    if (event.pointerType === "mouse") follow(event);
  });
  node.addEventListener("pointermove", (event) => dragging && follow(event));
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) node.addEventListener(type, end);
}

const tenth = (z) => Math.round(z * 10) / 10;

function grip(track, i) {
  track.classList.add("grip");
  draggable(track, (event) => {
    const [lo, hi] = track.ends;
    const share = Math.min(1, Math.max(0, (event.clientX - track.box.left) / track.box.width));
    setLogit(i, tenth(lo + share * (hi - lo)));
  });
}

const KEYS = { ArrowRight: 0.1, ArrowUp: 0.1, ArrowLeft: -0.1, ArrowDown: -0.1, PageUp: 1, PageDown: -1, Home: -Infinity, End: Infinity };

function keys(track, i) {
  track.setAttribute("role", "slider");
  track.setAttribute("tabindex", "0");
  track.addEventListener("keydown", (event) => {
    const by = KEYS[event.key];
    if (by === undefined || event.altKey || !hand.send) return; // with Alt the arrows turn the steps
    event.preventDefault();
    const [lo, hi] = track.ends;
    hand.held = true;
    setLogit(i, tenth(Math.min(hi, Math.max(lo, shown().logits[i] + by))));
  });
  track.addEventListener("keyup", (event) => event.key in KEYS && commit());
  track.addEventListener("blur", () => hand.held && commit());
}

// Pointing at a class lights it in every picture, in the formulas and in the table (ui/frame.py has the colours).
let lit = null;
function light(index) {
  if (index === lit) return;
  lit = index;
  if (index === null) delete document.documentElement.dataset.lit;
  else document.documentElement.dataset.lit = index;
  for (const root of roots) for (const node of root.querySelectorAll("[data-class]")) node.classList.toggle("lit", node.dataset.class === index);
}

function pointed(event) {
  const node = event.composedPath()[0];
  if (!node.closest) return null;
  const here = node.closest("[data-class]");
  if (here) return here.dataset.class;
  const mark = node.closest(".katex [style*='rgb(1, 2, ']");
  return mark ? /rgb\(1, 2, (\d+)\)/.exec(mark.getAttribute("style"))[1] : null;
}

// ---- bars: a row for each class, a column for each quantity --------------------------------------------------

function buildBars(box, figure) {
  const table = add(box, "div", { class: "bars", style: `--columns: ${figure.columns.length}` });
  const classes = figure.columns.some((column) => column.live);
  add(table, "span", { class: "head" });
  for (const column of figure.columns) add(table, "span", { class: "head" }, column.title);
  return figure.names.map((_, i) => {
    const name = add(table, figure.board ? "button" : "span", { class: "name" });
    const parts = { name, text: add(name, "span"), mark: add(name, "span", { class: "mark" }), crown: add(name, "i"), cells: [] };
    if (figure.board)
      name.addEventListener("click", () => {
        put(shown().logits, i);
        commit();
      });
    if (classes) name.dataset.class = i;
    for (const column of figure.columns) {
      const cell = add(table, "span", { class: `cell ${column.role}` });
      if (classes) cell.dataset.class = i;
      const track = add(cell, "span", { class: "track" });
      if (column.live === "z") grip(track, i);
      if (column.live === "z" && figure.board) keys(track, i);
      parts.cells.push({ cell, track, zero: add(track, "i", { class: "zero" }), ghost: add(track, "s"), bar: add(track, "b"), aim: add(track, "u"), number: add(cell, "span", { class: "number" }) });
    }
    return parts;
  });
}

const valuesNow = (code, links, target) => links[code] ?? LIVE[code](links, hand.now.label, target);

function columnNow(column) {
  if (!hand.now || !column.live) return column;
  const values = valuesNow(column.live, linksOf(column), column.target);
  return { ...column, values, texts: values.map(fmt) };
}

function drawBars(rows, figure) {
  const columns = figure.columns.map(columnNow);
  const follows = hand.now && columns.some((column) => column.live);
  const label = follows && figure.label !== null ? hand.now.label : figure.label;
  const crown = follows && figure.crown !== null ? hand.links.best : figure.crown;
  rows.forEach((row, i) => {
    const isLabel = i === label;
    setText(row.text, figure.names[i]);
    setText(row.mark, isLabel ? " ◀ y" : "");
    row.crown.classList.toggle("crown", i === crown);
    row.name.classList.toggle("label", isLabel);
    if (figure.board) for (const [key, said] of [["aria-pressed", isLabel], ["title", hand.hint]]) row.name.setAttribute(key, said);
    row.cells.forEach(({ cell, track, zero, ghost, bar, aim, number }, c) => {
      const { values, texts, lo, hi, live } = columns[c];
      const value = Number(values[i] === "inf" ? Infinity : values[i] === "-inf" ? -Infinity : values[i]);
      const place = (v) => (100 * (Math.min(hi, Math.max(lo, v)) - lo)) / (hi - lo || 1);
      const [from, to] = [place(0), Number.isNaN(value) ? 100 : place(value)];
      bar.style.left = `${Math.min(from, to)}%`;
      bar.style.width = `${Math.abs(to - from)}%`;
      bar.classList.toggle("down", value < 0);
      zero.style.left = `${from}%`;
      const was = place(columns[c].ghost?.[i] ?? 0);
      ghost.style.left = `${Math.min(from, was)}%`;
      ghost.style.width = `${Math.abs(was - from)}%`;
      setText(number, texts[i]);
      cell.classList.toggle("label", isLabel);
      cell.classList.toggle("broken", !Number.isFinite(value));
      if (live !== "z") return;
      const goal = follows && hand.now.aim ? place(hand.now.aim[i]) : to;
      aim.style.left = `${Math.min(to, goal)}%`;
      aim.style.width = `${Math.abs(goal - to)}%`;
      aim.classList.toggle("down", goal < to);
      track.ends = [lo, hi];
      track.style.setProperty("--at", `${to}%`);
      if (figure.board)
        for (const [key, said] of [["label", figure.names[i]], ["valuemin", lo], ["valuemax", hi], ["valuenow", value], ["valuetext", `${texts[i]}, p ${fmt(chain(shown()).p[i])}`]]) track.setAttribute(`aria-${key}`, said);
    });
  });
}

// ---- grid: a matrix whose cells show their numbers -----------------------------------------------------------

function buildGrid(box, figure) {
  const table = add(box, "table", figure.small ? { class: "heat" } : {});
  add(table, "caption", {}, figure.title);
  const head = add(add(table, "thead"), "tr");
  add(head, "td");
  const columns = figure.columns.map(() => add(head, "th", { scope: "col" }));
  const body = add(table, "tbody");
  const rows = figure.rows.map((_, r) => {
    const line = add(body, "tr", figure.live.length ? { "data-class": r } : {});
    return { head: add(line, "th", { scope: "row" }), cells: figure.columns.map(() => add(line, "td")) };
  });
  return { columns, rows };
}

function drawGrid({ columns, rows }, figure) {
  columns.forEach((cell, c) => setText(cell, figure.columns[c]));
  rows.forEach((row, r) => {
    setText(row.head, figure.rows[r]);
    row.cells.forEach((cell, c) => {
      const share = figure.shares[r][c];
      cell.style.setProperty("--share", `${Math.round((figure.small ? 100 : 60) * Math.abs(share))}%`);
      cell.className = share < 0 ? "down" : "up";
      cell.classList.toggle("framed", figure.marks.some(([a, b]) => a === r && b === c));
      const code = hand.now && figure.live[c];
      const empty = code === "loss" && r !== hand.now.label; // only the label's cell falls into the loss
      if (figure.small) cell.title = `${figure.rows[r]} → ${figure.columns[c]}: ${figure.texts[r][c]}`;
      else setText(cell, code ? (empty ? "" : fmt(valuesNow(code, hand.links)[r])) : figure.texts[r][c]);
    });
  });
}

// Curves and rolls are drawn for letters of 16 pixels, and grow with them.
const unit = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

function resize(svg, width, height) {
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", width * unit());
  svg.setAttribute("height", height * unit());
}

// ---- curve: lines and dots over two axes ---------------------------------------------------------------------

function buildCurve(box) {
  const svg = add(box, "svg", { "aria-hidden": "true" });
  return { svg, legend: add(box, "div", { class: "legend" }), drawn: null };
}

function drawCurve(built, figure) {
  const room = built.svg.parentElement.clientWidth / unit();
  const tallest = built.svg.closest(".dense") ? 135 : 300;
  const anew = built.drawn !== figure || built.room !== room || built.tallest !== tallest;
  Object.assign(built, { drawn: figure, room, tallest });
  if (anew) drawLines(built, figure);
  drawDots(built, figure);
}

// A number of the whole, for a dot or a value that follows the hand.
const SCALAR = {
  loss: ({ nll }, label) => nll[label],
  p_y: ({ p }, label) => p[label],
  z_y: ({ z }, label) => z[label],
  margin: ({ scaled, t }, label) => {
    const others = scaled.filter((_, i) => i !== label);
    const top = Math.max(...others);
    return t * (scaled[label] - top - Math.log(others.reduce((sum, s) => sum + Math.exp(s - top), 0)));
  },
};
const scalarNow = (code) => SCALAR[code](hand.links, hand.now.label);

function drawDots({ dots, x, y, room, top }, figure) {
  dots.replaceChildren();
  for (const dot of figure.dots) {
    const follows = hand.now && dot.live;
    const [at, height] = follows ? dot.live.map(scalarNow) : [dot.x, dot.y];
    const [cx, cy] = [x(at), y(height)];
    add(dots, "circle", { class: dot.role, cx, cy, r: 7 });
    const end = cx > room * 0.6;
    add(dots, "text", { class: "dot", x: cx + (end ? -12 : 12), y: Math.max(top + 12, cy - 8), "text-anchor": end ? "end" : "start" }, follows ? fmt(height) : dot.text);
  }
}

function drawLines(built, figure) {
  const { svg, legend, room, tallest } = built;
  const width = Math.max(240, room);
  const height = Math.min(tallest, Math.round(width * 0.62));
  const [left, right, top, bottom] = [58, figure.right ? 58 : 16, 30, 44];
  svg.replaceChildren();
  resize(svg, width, height);
  const scale = (axis, from, to) => (v) => from + ((Math.min(axis.hi, Math.max(axis.lo, v)) - axis.lo) / (axis.hi - axis.lo || 1)) * (to - from);
  const x = scale(figure.x, left, width - right);
  const y = scale(figure.y, height - bottom, top);
  for (const [value, text] of figure.x.ticks) {
    add(svg, "line", { class: "rule", x1: x(value), x2: x(value), y1: top, y2: height - bottom });
    add(svg, "text", { x: x(value), y: height - bottom + 17, "text-anchor": "middle" }, text);
  }
  for (const [value, text] of figure.y.ticks) {
    add(svg, "line", { class: "rule", x1: left, x2: width - right, y1: y(value), y2: y(value) });
    add(svg, "text", { x: left - 7, y: y(value) + 4, "text-anchor": "end" }, text);
  }
  add(svg, "text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle", class: "axis" }, figure.x.title);
  add(svg, "text", { x: 4, y: 14, class: "axis" }, figure.y.title);
  if (figure.right) {
    add(svg, "text", { x: width - 4, y: 14, class: "axis", "text-anchor": "end" }, figure.right.title);
    for (const [value, text] of figure.right.ticks) add(svg, "text", { x: width - right + 7, y: y(value) + 4 }, text);
  }
  for (const [, value] of figure.levels ?? []) add(svg, "line", { class: "level", x1: left, x2: width - right, y1: y(value), y2: y(value) });
  for (const line of figure.lines) {
    if (line.cloud) {
      for (const point of line.points) if (point) add(svg, "circle", { class: `cloud ${line.role}`, cx: x(point[0]), cy: y(point[1]), r: 3 });
      continue;
    }
    let path = "";
    let pen = "M";
    for (const point of line.points) {
      if (point) path += `${pen}${x(point[0]).toFixed(1)} ${y(point[1]).toFixed(1)}`;
      pen = point ? "L" : "M";
    }
    add(svg, "path", { class: `line ${line.role}${line.dash ? " dash" : ""}`, d: path });
  }
  for (const [text, value] of figure.levels ?? []) add(svg, "text", { class: "level", x: left + 6, y: y(value) - 4 }, text);
  Object.assign(built, { x, y, top, dots: add(svg, "g") });
  legend.replaceChildren();
  if (figure.lines.length > 1)
    for (const line of figure.lines) {
      const item = add(legend, "span");
      const swatch = add(item, "svg", { width: 26, height: 10 });
      if (line.cloud) add(swatch, "circle", { class: `cloud ${line.role}`, cx: 13, cy: 5, r: 4 });
      else add(swatch, "path", { class: `line ${line.role}${line.dash ? " dash" : ""}`, d: "M1 5L25 5" });
      add(item, "span", {}, line.text);
    }
}

// ---- simplex: three shares of one whole, as a point in a triangle --------------------------------------------

function buildSimplex(box) {
  const svg = add(box, "svg", { "aria-hidden": "true", viewBox: "-34 -24 268 222", class: "simplex" });
  const parts = { svg, still: add(svg, "g"), moving: add(svg, "g") };
  draggable(svg, (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const first = 1 - at.y / HEIGHT;
    const third = (at.x - 100 * first) / 200;
    const raw = [first, 1 - first - third, third].map((share) => Math.max(0.002, share));
    const total = raw[0] + raw[1] + raw[2];
    put(toLogits(parts.figure.groups, raw.map((share) => share / total)));
  });
  return parts;
}

const HEIGHT = 100 * Math.sqrt(3);
const corner = ([first, , third]) => [100 * first + 200 * third, HEIGHT * (1 - first)].map((v) => Number(v.toFixed(2)));
const groupLog = ({ logp }, group) => Math.log(group.reduce((sum, i) => sum + Math.exp(logp[i]), 0) || Number.MIN_VALUE);

// Logits that give each group its share and keep the proportions inside a group, and the mean of all logits.
function toLogits(groups, shares) {
  const { logits, t } = shown();
  const links = chain(shown());
  const moved = [...logits];
  groups.forEach((group, g) => {
    const by = t * (Math.log(shares[g]) - groupLog(links, group));
    for (const i of group) moved[i] += by;
  });
  const drift = moved.reduce((sum, z, i) => sum + z - logits[i], 0) / moved.length;
  return moved.map((z) => Math.round((z - drift) * 100) / 100);
}

function drawSimplex(parts, figure) {
  const { svg, still, moving } = parts;
  if (parts.figure !== figure) {
    parts.figure = figure;
    still.replaceChildren();
    const joined = (points) => points.map((point) => corner(point).join(" ")).join("L");
    add(still, "path", { class: "frame", d: `M${joined([[1, 0, 0], [0, 1, 0], [0, 0, 1]])}Z` });
    for (const contour of figure.contours) {
      add(still, "path", { class: "line loss thin", d: `M${joined(contour.points)}` });
      const [x, y] = contour.points.map(corner).reduce((most, point) => (point[0] > most[0] ? point : most));
      add(still, "text", { x: x + 4, y: y + 3, class: "level" }, contour.text);
    }
    if (figure.path.length) add(still, "path", { class: "line exp", d: `M${joined(figure.path)}` });
    for (const point of figure.path) {
      const [cx, cy] = corner(point);
      add(still, "circle", { class: "exp step", cx, cy, r: 2.2 });
    }
    if (figure.target) {
      const [x, y] = corner(figure.target);
      add(still, "path", { class: "target", d: `M${x - 7} ${y}L${x} ${y - 7}L${x + 7} ${y}L${x} ${y + 7}Z` });
    }
    [[100, -12, "middle"], [-32, HEIGHT + 20, "start"], [232, HEIGHT + 20, "end"]].forEach(([x, y, anchor], i) => add(still, "text", { x, y, "text-anchor": anchor, class: "axis" }, figure.names[i]));
  }
  moving.replaceChildren();
  const point = hand.now ? figure.groups.map((group) => Math.exp(groupLog(hand.links, group))) : figure.point;
  const [cx, cy] = corner(point);
  add(moving, "circle", { class: "loss grip", cx, cy, r: 8 });
  svg.classList.toggle("live", Boolean(hand.send));
}

// ---- block: a sheet [time, classes] for each sequence; each label is a tile that falls on its cell, then into the loss --

function buildBlock(box, figure) {
  const block = add(box, "div", { class: `block${figure.texts ? "" : " small"}`, style: `--classes: ${figure.names.length}` });
  return figure.labels.map((labels, b) => {
    const sheet = add(block, "div", { class: "sheet", style: `--times: ${labels.length}` });
    add(sheet, "strong", { class: "title" }, figure.titles[b]);
    if (figure.texts) for (const [row, sign] of [[2, "y"], [-2, "−ln p(y)"]]) add(sheet, "span", { class: "row rail", style: `grid-row: ${row}` }, sign);
    const names = figure.texts ? figure.names.map((_, i) => add(sheet, "span", { class: "row", style: `grid-row: ${3 + i}` })) : [];
    const columns = labels.map((_, t) => {
      const column = add(sheet, "div", { class: "column", style: `grid-column: ${t + (figure.texts ? 2 : 1)}` });
      add(column, "span", { class: "rail" });
      const cells = figure.names.map(() => add(column, "span", { class: "place" }));
      const loss = add(column, "span", { class: "rail" });
      return { column, cells, loss, tile: add(column, "b", { class: "tile", style: `transition-delay: ${60 * t}ms` }) };
    });
    return { names, columns };
  });
}

function drawBlock(sheets, figure) {
  sheets.forEach(({ names, columns }, b) => {
    names.forEach((name, i) => setText(name, figure.names[i]));
    columns.forEach(({ column, cells, loss, tile }, t) => {
      const chosen = figure.at[0] === b && figure.at[1] === t;
      const follows = chosen && hand.now && figure.live;
      const label = follows ? hand.now.label : figure.labels[b][t];
      const values = follows && valuesNow(figure.live, hand.links);
      const texts = values ? values.map(fmt) : figure.texts?.[b][t];
      column.classList.toggle("chosen", chosen);
      cells.forEach((cell, i) => {
        const share = figure.shares[b][t][i];
        cell.style.setProperty("--share", `${Math.round(60 * Math.abs(share))}%`);
        cell.classList.toggle("down", share < 0);
        if (texts) setText(cell, texts[i]);
      });
      const said = follows ? fmt(hand.links.nll[label]) : figure.losses[b][t];
      tile.style.setProperty("--fall", figure.fallen === 0 ? 0 : figure.fallen === 1 ? 1 + label : 1 + figure.names.length);
      tile.dataset.at = figure.fallen;
      setText(tile, figure.fallen === 0 ? figure.names[label] : figure.fallen === 1 ? (texts ? texts[label] : "") : said);
      loss.classList.toggle("filled", figure.fallen === 2);
    });
  });
}

// ---- letters: a text as it stands, a tile for each character -------------------------------------------------

function buildLetters(box) {
  return { title: add(box, "strong"), body: add(box, "div", { class: "letters" }), drawn: null };
}

function drawLetters(built, figure) {
  if (built.drawn === figure) return;
  built.drawn = figure;
  setText(built.title, figure.title);
  const ends = new Set(figure.ends);
  const wrong = new Set(figure.wrong);
  const tiles = figure.text.flatMap((character, i) => {
    const tile = document.createElement("span");
    tile.textContent = character;
    if (figure.tints[i]) tile.style.setProperty("--share", `${Math.round(75 * figure.tints[i])}%`);
    if (figure.said.length) tile.title = figure.said[i];
    if ("↵␣⇥".includes(character)) tile.classList.add("sign");
    if (wrong.has(i)) tile.classList.add("wrong");
    if (figure.at === i) tile.classList.add("chosen");
    return ends.has(i) ? [tile, document.createElement("br")] : [tile];
  });
  built.body.replaceChildren(...tiles);
}

// ---- roll: notes over time -----------------------------------------------------------------------------------

const buildRoll = (box) => ({ svg: add(box, "svg", { "aria-hidden": "true", class: "roll" }), drawn: null });

function drawRoll(built, figure) {
  const room = built.svg.parentElement.clientWidth / unit();
  if (built.drawn === figure && built.room === room) return;
  Object.assign(built, { drawn: figure, room });
  const { svg } = built;
  svg.replaceChildren();
  const pitches = figure.notes.map((note) => note[2]);
  const [low, high] = [Math.min(60, ...pitches) - 1, Math.max(72, ...pitches) + 1];
  const end = Math.max(1, ...figure.notes.map(([start, length]) => start + length), ...figure.measures.map((measure) => measure[1]));
  const [left, top, row] = [30, 20, 7];
  const beat = Math.max(36, (room - left - 8) / Math.max(end, 8)); // pixels for a whole note; more than fits scrolls
  const [x, y] = [(time) => left + time * beat, (pitch) => top + (high - pitch) * row];
  const bottom = y(low);
  resize(svg, Math.ceil(x(end) + 8), bottom + 6);
  for (const [from, to, wrong] of figure.measures) {
    if (wrong) {
      add(svg, "rect", { class: "wrong", x: x(from), y: top, width: Math.max(6, x(to) - x(from)), height: bottom - top });
      add(svg, "text", { class: "cross", x: (x(from) + Math.max(x(to), x(from) + 6)) / 2, y: top - 5, "text-anchor": "middle" }, "✗");
    }
    for (const time of [from, to]) add(svg, "line", { class: "rule", x1: x(time), x2: x(time), y1: top, y2: bottom });
  }
  for (let pitch = 12 * Math.ceil(low / 12); pitch <= high; pitch += 12) {
    add(svg, "line", { class: "rule", x1: left, x2: x(end), y1: y(pitch) + row / 2, y2: y(pitch) + row / 2 });
    add(svg, "text", { x: left - 6, y: y(pitch) + row, "text-anchor": "end" }, `C${pitch / 12 - 1}`);
  }
  for (const [start, length, pitch] of figure.notes) add(svg, "rect", { class: "note", x: x(start), y: y(pitch), width: Math.max(1.5, length * beat - 1), height: row, rx: 2 });
}

// ---- value: one number --------------------------------------------------------------------------------------

const buildValue = (box) => add(box, "strong", { class: "value" });
const drawValue = (node, figure) => setText(node, hand.now && figure.live ? `${figure.sign} = ${fmt(scalarNow(figure.live))}` : figure.text);

// ---- pipeline: pictures joined by arrows, each under a title that leads to its lesson -------------------------

function buildPipeline(box, figure) {
  const flow = add(box, "div", { class: "flow" });
  return figure.stages.map((stage) => {
    const node = add(flow, "section", { class: `stage ${stage.key}` });
    const link = add(node, "a");
    for (const type of ["pointerdown", "focus"]) link.addEventListener(type, () => link.setAttribute("href", stage.slug + location.search));
    const parts = { link, formula: add(node, "span", { class: "formula" }) };
    const body = add(node, "div", { class: "body" });
    return { ...parts, body, said: unseen(body, stage.picture), built: KINDS[stage.picture.kind][0](body, stage.picture) };
  });
}

function drawPipeline(parts, figure, alts) {
  parts.forEach(({ link, formula, body, said, built }, i) => {
    const stage = figure.stages[i];
    setText(link, figure.titles[stage.key]);
    link.setAttribute("href", stage.slug + location.search); // the address is the state
    setText(formula, stage.formula);
    KINDS[stage.picture.kind][1](built, stage.picture);
    say(body, said, stage.picture, alts[i]);
  });
}

// ---- who listens instead of looking ---------------------------------------------------------------------------

// A board is worked part by part after a line that says its numbers, a table is read cell by cell, and every other
// picture is an image that says its numbers (explainers/spoken.py). What does not fit can be scrolled by keyboard.
const unseen = (box, figure) => (figure.board ? add(box, "p", { class: "unseen" }) : null);

function say(box, said, figure, alt) {
  if (said) setText(said, alt);
  else if (alt) for (const [name, value] of [["role", "img"], ["aria-label", alt]]) box.setAttribute(name, value);
  if (hand.now) return;
  if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}

// What has changed on the board is said once, when it has come to rest; what a page begins with is not.
function announce(root, text) {
  root.status ??= add(root.parentElement, "p", { class: "unseen", role: "status" });
  if (root.told === text) return;
  clearTimeout(root.speaking);
  if (root.told !== undefined) root.speaking = setTimeout(() => setText(root.status, text), 700);
  root.told = text;
}

// ---- the component -------------------------------------------------------------------------------------------

const KINDS = { bars: [buildBars, drawBars], grid: [buildGrid, drawGrid], curve: [buildCurve, drawCurve], value: [buildValue, drawValue], simplex: [buildSimplex, drawSimplex], block: [buildBlock, drawBlock], letters: [buildLetters, drawLetters], roll: [buildRoll, drawRoll], pipeline: [buildPipeline, drawPipeline] };

// What must be alike for a picture to be updated in place, so that its bars glide instead of being made anew.
const shape = (f) => f.stages ? f.stages.map((stage) => shape(stage.picture)).join("\n") : [f.kind, f.board, f.title, (f.names || f.rows || []).length, f.labels?.map((row) => row.length).join(), f.titles?.length && f.titles.join(), (f.columns || []).map((c) => c.role + c.live + c.title).join()].join("|");

const follows = (f) => f.stages ? f.stages.some((stage) => follows(stage.picture)) : f.kind === "simplex" || f.live?.length > 0 || [...(f.columns || []), ...(f.dots || []), f].some((part) => part.live);

const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE); // ui/picture.py puts picture.css here

const decoder = new TextDecoder();

function draw({ data: bytes, parentElement, setTriggerValue }) {
  const data = JSON.parse(decoder.decode(bytes));
  const home = parentElement.getRootNode();
  if (!home.adoptedStyleSheets.includes(sheet)) home.adoptedStyleSheets.push(sheet);
  const root = parentElement.querySelector(".pictures");
  const figures = data.figures;
  if (data.live) hand.hint = data.hint;
  const shapes = figures.map(shape).join("\n");
  if (root.shapes !== shapes) {
    root.replaceChildren();
    root.shapes = shapes;
    root.parts = figures.map((figure) => {
      const box = add(root, "div", { class: `picture${figure.board ? " board" : ""}${figure.wide ? " wide" : ""}` });
      if (figure.kind === "bars") box.style.flexBasis = `${Math.max(16, 6.5 * figure.columns.length)}rem`; // many columns want a row
      return { box, said: unseen(box, figure), built: KINDS[figure.kind][0](box, figure) };
    });
  }
  root.live = figures.some(follows);
  root.draw = () => {
    root.classList.toggle("held", Boolean(hand.now && !hand.now.aim));
    figures.forEach((figure, i) => {
      const { box, said, built } = root.parts[i];
      KINDS[figure.kind][1](built, figure, data.alts[i]);
      if (!figure.stages) say(box, said, figure, data.alts[i]);
    });
  };
  roots.add(root);
  if (data.live) hear(data.live, (value) => setTriggerValue("commit", value));
  root.draw();
  document.dispatchEvent(new Event("drawn")); // ui/projector.js may want it smaller
  turn(data.step);
  if (data.live) announce(root, data.said);
  if (!root.watcher) {
    root.watcher = new ResizeObserver(() => root.draw());
    root.watcher.observe(root);
  }
}

// The code comes to the page once; every picture on it only calls it (see ui/picture.py).
export default function ({ data: language }) {
  document.documentElement.lang = language; // a screen reader pronounces by it, and fonts have the shapes of one language
  if (!globalThis.drawPicture) document.addEventListener("pointerover", (event) => light(pointed(event)));
  globalThis.drawPicture ??= Object.assign(draw, { put }); // put: tests/browser moves the logits as a hand would
  for (const component of globalThis.waitingPictures || []) draw(component);
  globalThis.waitingPictures = [];
}
