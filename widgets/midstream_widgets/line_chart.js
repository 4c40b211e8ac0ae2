// A small line chart in SVG: axes with units, marked places, a band, values under the pointer or the arrow keys.

const SVG = "http://www.w3.org/2000/svg";
const HIGH = 176, INSIDE = { left: 50, right: 10, top: 8, bottom: 34 };

function shape(tag, parent, attributes = {}) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (parent) parent.append(node);
  return node;
}

function tickValues(low, high, most, whole) {
  const step = whole ? Math.max(1, niceStep(high - low, most)) : niceStep(high - low, most), ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) ticks.push(k * step);
  return ticks;
}

// Lines differ by dashes and marks too, so that they can be told apart without colours.
function drawMarker(kind, parent, x, y, ink) {
  if (kind === "disc") shape("circle", parent, { cx: x, cy: y, r: 3.2, fill: ink });
  else if (kind === "square") shape("rect", parent, { x: x - 3, y: y - 3, width: 6, height: 6, fill: ink });
  else if (kind === "cross") shape("path", parent, { d: `M${x - 3.5} ${y - 3.5}l7 7m0 -7l-7 7`, stroke: ink, "stroke-width": 2 });
}

function makeChart(parent, channel, signal) {
  const root = make("div", "midstream-chart", parent);
  const title = make("h4", "", root), keys = make("div", "midstream-keys", root);
  const svg = shape("svg", root, { tabindex: "0", role: "img", "data-lm-suppress-shortcuts": "true" });
  const read = make("div", "midstream-read", root, { role: "status", "aria-live": "polite" });
  const note = make("div", "midstream-note", root);
  let spec = null, here = null, width = 0, cursor = null, at = -1;

  const ink = (k) => `var(--midstream-ink-${k % 4})`;

  function bounds() {
    const xs = spec.series.flatMap((each) => each.x), ys = spec.series.flatMap((each) => each.y).filter((y) => y !== null);
    let [x0, x1] = [Math.min(...xs), Math.max(...xs)], [y0, y1] = [Math.min(...ys), Math.max(...ys)];
    if (spec.from !== undefined) y0 = Math.min(y0, spec.from);
    if (x1 <= x0) [x0, x1] = [x0 - 0.5, x0 + 0.5];
    if (y1 <= y0) [y0, y1] = [y0 - 0.5, y0 + 0.5];
    const room = 0.06 * (y1 - y0);
    return spec.whole ? [x0 - 0.3, x1 + 0.3, y0, y1 + room] : [x0, x1, y0 - room, y1 + room];
  }

  function scales() {
    const [x0, x1, y0, y1] = bounds(), { left, right, top, bottom } = INSIDE;
    const wide = Math.max(1, width - left - right), high = HIGH - top - bottom;
    return { x0, x1, y0, y1, x: (v) => left + ((v - x0) / (x1 - x0)) * wide, y: (v) => top + (1 - (v - y0) / (y1 - y0)) * high };
  }

  function path(each, { x, y }) {
    let text = "", pen = "M";
    each.x.forEach((value, i) => {
      if (each.y[i] === null) { pen = "M"; return; }
      text += `${pen}${x(value).toFixed(1)} ${y(each.y[i]).toFixed(1)}`;
      pen = "L";
    });
    return text;
  }

  function axes({ x0, x1, y0, y1, x, y }) {
    const { left, right, top, bottom } = INSIDE, low = HIGH - bottom;
    for (const value of tickValues(y0, y1, 4)) {
      shape("line", svg, { class: "midstream-rule", x1: left, x2: width - right, y1: y(value), y2: y(value) });
      shape("text", svg, { x: left - 5, y: y(value) + 4, "text-anchor": "end" }).textContent = short(value);
    }
    for (const value of tickValues(x0, x1, width / 60, spec.whole)) {
      shape("line", svg, { class: "midstream-edge-line", x1: x(value), x2: x(value), y1: low, y2: low + 4 });
      shape("text", svg, { x: x(value), y: low + 15, "text-anchor": "middle" }).textContent = short(value);
    }
    shape("path", svg, { class: "midstream-edge-line", d: `M${left} ${top}V${low}H${width - right}` });
    shape("text", svg, { x: (left + width - right) / 2, y: HIGH - 4, "text-anchor": "middle" }).textContent = spec.x;
    const middle = (top + low) / 2;
    shape("text", svg, { x: 11, y: middle, "text-anchor": "middle", transform: `rotate(-90 11 ${middle})` }).textContent = spec.y;
  }

  function draw() {
    svg.replaceChildren();
    cursor = null;
    if (!spec || !spec.series.length || width < 2) return;
    const to = scales(), low = HIGH - INSIDE.bottom, inside = (value) => Math.min(Math.max(to.x(value), INSIDE.left), width - INSIDE.right);
    if (spec.band) {
      const [from, until] = spec.band.map(inside);
      shape("rect", svg, { class: "midstream-band", x: from, y: INSIDE.top, width: Math.max(1, until - from), height: low - INSIDE.top });
    }
    axes(to);
    for (const line of spec.lines || []) {
      shape("line", svg, { x1: to.x(line.x), x2: to.x(line.x), y1: INSIDE.top, y2: low, stroke: ink(1), "stroke-width": 2, "stroke-dasharray": "2 3" });
    }
    if (here && here.x >= to.x0 && here.x <= to.x1) {
      shape("path", svg, { d: `M${to.x(here.x)} ${INSIDE.top + 6}l-5 -8h10z`, fill: ink(3) });
      shape("line", svg, { x1: to.x(here.x), x2: to.x(here.x), y1: INSIDE.top, y2: low, stroke: ink(3), "stroke-width": 1.5 });
    }
    spec.series.forEach((each, k) => {
      shape("path", svg, { class: "midstream-line", d: path(each, to), stroke: ink(k), "stroke-dasharray": each.dash ? "6 4" : "none" });
      if (each.mark) each.x.forEach((value, i) => { if (each.y[i] !== null) drawMarker(each.mark, svg, to.x(value), to.y(each.y[i]), ink(k)); });
    });
    cursor = shape("line", svg, { class: "midstream-cursor", y1: INSIDE.top, y2: low, visibility: "hidden" });
    if (at >= 0) point(Math.min(at, spec.series[0].x.length - 1));
  }

  function explain() {
    keys.replaceChildren();
    const entry = (text, paint) => {
      const item = make("span", "", keys);
      paint(shape("svg", item, { viewBox: "0 0 24 10", "aria-hidden": "true" }));
      make("span", "", item).textContent = text;
    };
    spec.series.forEach((each, k) => entry(each.name, (small) => {
      shape("line", small, { x1: 0, x2: 24, y1: 5, y2: 5, stroke: ink(k), "stroke-width": 2, "stroke-dasharray": each.dash ? "6 4" : "none" });
      if (each.mark) drawMarker(each.mark, small, 12, 5, ink(k));
    }));
    for (const line of spec.lines || []) {
      entry(line.name, (small) => shape("line", small, { x1: 12, x2: 12, y1: 0, y2: 10, stroke: ink(1), "stroke-width": 2, "stroke-dasharray": "2 3" }));
    }
    if (here && spec.series.length) {
      entry(here.name, (small) => {
        shape("path", small, { d: "M12 6l-4 -6h8z", fill: ink(3) });
        shape("line", small, { x1: 12, x2: 12, y1: 0, y2: 10, stroke: ink(3), "stroke-width": 1.5 });
      });
    }
  }

  // What stands at place i of the first line, and the other lines' values there.
  function point(i) {
    at = i;
    const first = spec.series[0], value = first.x[i], to = scales();
    const said = spec.series.flatMap((each) => {
      const k = each.x.indexOf(value);
      return k < 0 || each.y[k] === null ? [] : [`${each.name} ${short(each.y[k])}`];
    });
    read.textContent = `${spec.x.replace(/ \(.*/, "")} ${short(value)}: ${said.join(", ") || "no value"}`;
    cursor.setAttribute("visibility", "visible");
    cursor.setAttribute("x1", to.x(value));
    cursor.setAttribute("x2", to.x(value));
  }

  function leave() {
    at = -1;
    read.textContent = "";
    cursor?.setAttribute("visibility", "hidden");
  }

  const on = (name, action) => svg.addEventListener(name, channel.guard("reading a chart", action), { signal });
  on("pointermove", (event) => {
    if (!cursor) return;
    const to = scales(), value = event.clientX - svg.getBoundingClientRect().left, { x } = spec.series[0];
    point(x.reduce((best, each, i) => (Math.abs(to.x(each) - value) < Math.abs(to.x(x[best]) - value) ? i : best), 0));
  });
  on("pointerleave", leave);
  on("blur", leave);
  on("keydown", (event) => {
    const last = cursor ? spec.series[0].x.length - 1 : -1, from = at < 0 ? 0 : at;
    const goal = { ArrowLeft: from - 1, ArrowRight: at < 0 ? 0 : from + 1, Home: 0, End: last }[event.key];
    if (goal === undefined || last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    point(Math.min(Math.max(goal, 0), last));
  });

  return {
    root,
    // `given` as Python made it; `place` marks where the slider stands.
    show(given, place = null) {
      if (!given || !given.title) return;
      [spec, here] = [given, place];
      title.textContent = spec.title;
      note.textContent = spec.note;
      root.dataset.wrong = Boolean(spec.wrong);
      svg.setAttribute("aria-label", `${spec.title}: ${spec.y} over ${spec.x}. ${spec.note}. Left and right arrows read values.`);
      if (!spec.series.length) leave();
      explain();
      draw();
    },
    resize() {
      const now = svg.clientWidth;
      if (now !== width) {
        width = now;
        draw();
      }
    },
  };
}
