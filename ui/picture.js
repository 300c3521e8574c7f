// Draws the pictures that explainers/figures.py describes. One mount a step; called again whenever its numbers change.
// Everything a visitor can reach is written as text, never as HTML.

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

// ---- bars: a row for each class, a column for each quantity --------------------------------------------------

function buildBars(box, figure) {
  const table = add(box, "div", { class: "bars", style: `--columns: ${figure.columns.length}` });
  add(table, "span", { class: "head" });
  for (const column of figure.columns) add(table, "span", { class: "head" }, column.title);
  return figure.names.map(() => {
    const name = add(table, "span", { class: "name" });
    const parts = { name, text: add(name, "span"), mark: add(name, "span", { class: "mark" }), crown: add(name, "i"), cells: [] };
    for (const column of figure.columns) {
      const cell = add(table, "span", { class: `cell ${column.role}` });
      const track = add(cell, "span", { class: "track" });
      parts.cells.push({ cell, zero: add(track, "i", { class: "zero" }), bar: add(track, "b"), number: add(cell, "span", { class: "number" }) });
    }
    return parts;
  });
}

function drawBars(rows, figure) {
  rows.forEach((row, i) => {
    const isLabel = i === figure.label;
    setText(row.text, figure.names[i]);
    setText(row.mark, isLabel ? " ◀ y" : "");
    row.crown.classList.toggle("crown", i === figure.crown);
    row.name.classList.toggle("label", isLabel);
    row.cells.forEach(({ cell, zero, bar, number }, c) => {
      const { values, texts, lo, hi } = figure.columns[c];
      const value = Number(values[i] === "inf" ? Infinity : values[i] === "-inf" ? -Infinity : values[i]);
      const place = (v) => (100 * (Math.min(hi, Math.max(lo, v)) - lo)) / (hi - lo || 1);
      const [from, to] = [place(0), Number.isNaN(value) ? 100 : place(value)];
      bar.style.left = `${Math.min(from, to)}%`;
      bar.style.width = `${Math.abs(to - from)}%`;
      bar.classList.toggle("down", value < 0);
      zero.style.left = `${from}%`;
      setText(number, texts[i]);
      cell.classList.toggle("label", isLabel);
      cell.classList.toggle("broken", !Number.isFinite(value));
    });
  });
}

// ---- grid: a matrix whose cells show their numbers -----------------------------------------------------------

function buildGrid(box, figure) {
  const table = add(box, "table");
  add(table, "caption", {}, figure.title);
  const head = add(add(table, "thead"), "tr");
  add(head, "td");
  const columns = figure.columns.map(() => add(head, "th", { scope: "col" }));
  const body = add(table, "tbody");
  const rows = figure.rows.map(() => {
    const line = add(body, "tr");
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
      cell.style.setProperty("--share", `${Math.round(60 * Math.abs(share))}%`);
      cell.className = share < 0 ? "down" : "up";
      cell.classList.toggle("framed", figure.marks.some(([a, b]) => a === r && b === c));
      setText(cell, figure.texts[r][c]);
    });
  });
}

// ---- curve: lines and dots over two axes ---------------------------------------------------------------------

function buildCurve(box) {
  const svg = add(box, "svg", { "aria-hidden": "true" });
  return { svg, legend: add(box, "div", { class: "legend" }) };
}

function drawCurve({ svg, legend }, figure) {
  const width = Math.max(240, svg.parentElement.clientWidth);
  const height = Math.min(300, Math.round(width * 0.62));
  const [left, right, top, bottom] = [58, 16, 30, 44];
  svg.replaceChildren();
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
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
  for (const line of figure.lines) {
    let path = "";
    let pen = "M";
    for (const point of line.points) {
      if (point) path += `${pen}${x(point[0]).toFixed(1)} ${y(point[1]).toFixed(1)}`;
      pen = point ? "L" : "M";
    }
    add(svg, "path", { class: `line ${line.role}${line.dash ? " dash" : ""}`, d: path });
  }
  for (const dot of figure.dots) {
    const [cx, cy] = [x(dot.x), y(dot.y)];
    add(svg, "circle", { class: dot.role, cx, cy, r: 7 });
    const end = cx > width * 0.6;
    add(svg, "text", { class: "dot", x: cx + (end ? -12 : 12), y: Math.max(top + 12, cy - 8), "text-anchor": end ? "end" : "start" }, dot.text);
  }
  legend.replaceChildren();
  if (figure.lines.length > 1)
    for (const line of figure.lines) {
      const item = add(legend, "span");
      const swatch = add(item, "svg", { width: 26, height: 10 });
      add(swatch, "path", { class: `line ${line.role}${line.dash ? " dash" : ""}`, d: "M1 5L25 5" });
      add(item, "span", {}, line.text);
    }
}

// ---- value: one number --------------------------------------------------------------------------------------

const buildValue = (box) => add(box, "strong", { class: "value" });
const drawValue = (node, figure) => setText(node, figure.text);

// ---- pipeline: pictures joined by arrows, each under a title that leads to its lesson -------------------------

function buildPipeline(box, figure) {
  box.setAttribute("role", "group");
  const flow = add(box, "div", { class: "flow" });
  return figure.stages.map((stage) => {
    const node = add(flow, "section", { class: `stage ${stage.key}` });
    const parts = { link: add(node, "a"), formula: add(node, "span", { class: "formula" }) };
    const body = add(node, "div", { class: "body", role: "img" });
    return { ...parts, body, built: KINDS[stage.picture.kind][0](body, stage.picture) };
  });
}

function drawPipeline(parts, figure) {
  parts.forEach(({ link, formula, body, built }, i) => {
    const stage = figure.stages[i];
    setText(link, figure.titles[stage.key]);
    link.setAttribute("href", figure.links[stage.slug]);
    setText(formula, stage.formula);
    body.setAttribute("aria-label", stage.alt);
    KINDS[stage.picture.kind][1](built, stage.picture);
  });
}

// ---- the component -------------------------------------------------------------------------------------------

const KINDS = { bars: [buildBars, drawBars], grid: [buildGrid, drawGrid], curve: [buildCurve, drawCurve], value: [buildValue, drawValue], pipeline: [buildPipeline, drawPipeline] };

// What must be alike for a picture to be updated in place, so that its bars glide instead of being made anew.
const shape = (f) => f.stages ? f.stages.map((stage) => shape(stage.picture)).join("\n") : [f.kind, f.title, (f.names || f.rows || []).length, (f.columns || []).map((c) => c.role + c.title).join()].join("|");

const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE); // ui/picture.py puts picture.css here

const decoder = new TextDecoder();

function draw({ data: bytes, parentElement }) {
  const data = JSON.parse(decoder.decode(bytes));
  const home = parentElement.getRootNode();
  if (!home.adoptedStyleSheets.includes(sheet)) home.adoptedStyleSheets.push(sheet);
  const root = parentElement.querySelector(".pictures");
  const figures = data.figures;
  const shapes = figures.map(shape).join("\n");
  if (root.shapes !== shapes) {
    root.replaceChildren();
    root.shapes = shapes;
    root.parts = figures.map((figure) => {
      const box = add(root, "div", { class: "picture", role: "img" });
      return { box, built: KINDS[figure.kind][0](box, figure) };
    });
  }
  root.draw = () =>
    figures.forEach((figure, i) => {
      root.parts[i].box.setAttribute("aria-label", data.alts[i]);
      KINDS[figure.kind][1](root.parts[i].built, figure);
    });
  root.draw();
  if (!root.watcher) {
    root.watcher = new ResizeObserver(() => root.draw());
    root.watcher.observe(root);
  }
}

// The code comes to the page once; every picture on it only calls it (see ui/picture.py).
export default function () {
  globalThis.drawPicture = draw;
  for (const component of globalThis.waitingPictures || []) draw(component);
  globalThis.waitingPictures = [];
}
