// What lies in a plane: densities, basins or points, marks on them, a curve under them, and words beside.
// A zoom stretches what is there at once; Python sends sharper drawings of what is in sight, the coarse one first.

const UNDER = 96; // pixels for a curve, at the bottom of the stage
const UNKNOWN = 255; // a pixel of basins for which nothing is known yet
const INKS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442"];

function makeView(store, model, el, signal) {
  const { channel } = store, frame = makeFrame(el, model.get("_title"), KEYS), { root, stage, status } = frame;
  const layout = model.get("_layout"), body = make("div", `midstream-map midstream-map-${layout.kind}`);
  stage.before(body);
  const main = make("div", "midstream-map-main", body), aside = make("aside", "", body);
  main.append(stage);
  const heading = make("h4", "", aside), list = make("ul", "", aside), words = make("p", "", aside, { role: "status", "aria-live": "polite" });
  const picture = document.createElement("canvas");
  let stale = true, fresh = false, light = isLight();
  const given = () => model.get("_plane"), side = () => model.get("_side");
  const paper = () => (light ? [255, 255, 255] : [17, 17, 17]);
  const line = () => (light ? "#1f1f1f" : "#e8e8e8");
  const css = (color) => `rgb(${color.map(Math.round).join(",")})`;
  const attractorInk = (number) => INKS[(number - 1) % INKS.length];
  const parse = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const gone = () => (light ? [232, 232, 232] : [45, 45, 45]), open = () => [128, 128, 128];

  // Colour of each value that a pixel can have.
  function shades() {
    if (layout.kind === "density") {
      const colors = model.get("_look").ramp[light ? "light" : "dark"];
      return Array.from({ length: 256 }, (_, value) => {
        if (!value) return [0, 0, 0, 0];
        const at = Math.sqrt(value / 255) * (colors.length - 1), k = Math.min(Math.floor(at), colors.length - 2);
        return [...colors[k].map((each, c) => each + (at - k) * (colors[k + 1][c] - each)), 255];
      });
    }
    return Array.from({ length: 256 }, (_, value) => (value === UNKNOWN ? [0, 0, 0, 0] : [...(value === 0 ? gone() : value === 1 ? open() : parse(attractorInk(value - 1))), 255]));
  }

  function paint() {
    const { drawing } = store;
    stale = false;
    if (!drawing || layout.kind === "points") return;
    const { width, height, data } = drawing;
    [picture.width, picture.height] = [width, height];
    const pen = picture.getContext("2d"), image = pen.createImageData(width, height);
    const colors = new Uint32Array(new Uint8ClampedArray(shades().flat()).buffer), pixels = new Uint32Array(image.data.buffer);
    for (let row = 0, i = 0; row < height; row += 1) {
      let at = (height - 1 - row) * width; // the first row is the lowest
      for (let column = 0; column < width; column += 1) pixels[at++] = colors[data[i++]];
    }
    pen.putImageData(image, 0, 0);
  }

  function drawPoints(pen, to, { wide, high, left, top }) {
    const { data } = store.drawing, size = data.length > 8000 ? 1.5 : data.length > 1500 ? 2 : 3;
    if (side().diagonal) {
      const [x, y] = given().home, ends = [Math.min(x[0], y[0]), Math.max(x[1], y[1])];
      pen.strokeStyle = "#d55e00";
      pen.setLineDash([5, 4]);
      pen.beginPath();
      pen.moveTo(to.x(ends[0]), to.y(ends[0]));
      pen.lineTo(to.x(ends[1]), to.y(ends[1]));
      pen.stroke();
      pen.setLineDash([]);
    }
    pen.fillStyle = light ? "#00224e" : "#e1cc55";
    for (let i = 0; i < data.length; i += 2) {
      const x = to.x(data[i]), y = to.y(data[i + 1]);
      if (x > left - 3 && x < left + wide + 3 && y > top - 3 && y < top + high + 3) pen.fillRect(x - size / 2, y - size / 2, size, size);
    }
  }

  // The attractors: their cells, and their numbers, which say without colours which is which.
  function drawMarks(pen, to) {
    for (const { number, x, y, at } of side().marks || []) {
      for (const [ink, half] of [["#000", 1.8], ["#fff", 0.9]]) {
        pen.fillStyle = ink;
        for (let i = 0; i < x.length; i += 1) pen.fillRect(to.x(x[i]) - half, to.y(y[i]) - half, 2 * half, 2 * half);
      }
      pen.beginPath();
      pen.arc(to.x(at[0]), to.y(at[1]), 9, 0, 7);
      pen.fillStyle = "#fff";
      pen.fill();
      pen.strokeStyle = pen.fillStyle = "#000";
      pen.stroke();
      pen.font = "bold 11px sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText(String(number), to.x(at[0]), to.y(at[1]) + 0.5);
      pen.font = "11px sans-serif";
    }
  }

  function drawIn(pen, to, place) {
    const { drawing } = store, { left, top, wide, high } = place;
    pen.fillStyle = css(paper());
    pen.fillRect(left, top, wide, high);
    if (!drawing) return;
    if (layout.kind === "points") drawPoints(pen, to, place);
    else {
      if (stale) paint();
      pen.imageSmoothingEnabled = false;
      const [[x0, x1], [y0, y1]] = [drawing.window[0].map(to.x), drawing.window[1].map(to.y)];
      pen.drawImage(picture, x0, y1, x1 - x0, y0 - y1);
    }
    drawMarks(pen, to);
    if (fresh) {
      fresh = false;
      root.dataset.drawings = store.count;
      root.dataset.token = drawing.token;
      root.dataset.drawn = drawing.window.flat().join(" ");
      root.dataset.detail = drawing.detail;
      channel.drawn();
    }
  }

  // A curve over the same horizontal axis; a rule at zero.
  function drawCurve(pen, to, { left, top, wide, high }) {
    const { curve } = side();
    if (!layout.under) return;
    const y0 = top + high + 12, low = top + high + UNDER, tall = low - y0;
    pen.strokeRect(left - 0.5, y0 - 0.5, wide + 1, tall + 1);
    const [name, unit] = layout.under, seen = [];
    (curve ? curve.x : []).forEach((x, i) => { if (curve.y[i] !== null && to.x(x) >= left - 1 && to.x(x) <= left + wide + 1) seen.push([x, curve.y[i]]); });
    pen.save();
    pen.translate(9, (y0 + low) / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(name, 0, 0);
    pen.restore();
    pen.textAlign = "left";
    pen.textBaseline = "top";
    pen.fillText(unit, left + 4, y0 + 3);
    if (!seen.length) return;
    const values = seen.map((each) => each[1]).sort((a, b) => a - b), cut = values[Math.floor(values.length * 0.03)];
    const [from, until] = [Math.min(cut, 0), Math.max(values[values.length - 1], 0)], room = 0.12 * (until - from) || 0.5;
    const y = (v) => low - ((v - from + room) / (until - from + 2 * room)) * tall;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    let last = Infinity;
    for (const [value] of axisTicks(from, until, 3).ticks) {
      if (last - y(value) < 12) continue;
      last = y(value);
      pen.fillRect(left - 5, y(value), 4, 1);
      pen.fillText(short(value), left - 8, y(value));
    }
    pen.save();
    pen.beginPath();
    pen.rect(left, y0, wide, tall);
    pen.clip();
    pen.setLineDash([5, 4]);
    pen.strokeStyle = "#d55e00";
    pen.beginPath();
    pen.moveTo(left, y(0));
    pen.lineTo(left + wide, y(0));
    pen.stroke();
    pen.setLineDash([]);
    pen.strokeStyle = light ? "#0072b2" : "#56b4e9";
    pen.lineWidth = 1.5;
    pen.beginPath();
    seen.forEach(([x, v], i) => pen[i ? "lineTo" : "moveTo"](to.x(x), y(v)));
    pen.stroke();
    pen.restore();
    pen.strokeStyle = pen.fillStyle = line();
    pen.lineWidth = 1;
  }

  // A value with as many digits as the window resolves.
  const value = (v, [from, until]) => Number(v.toPrecision(Math.min(16, 4 + Math.max(0, Math.ceil(Math.log10((1e-300 + Math.abs(v)) / (until - from)))))));

  function nearest({ x, y }, at) {
    let best = -1;
    x.forEach((each, i) => { if (y[i] !== null && (best < 0 || Math.abs(each - at) < Math.abs(x[best] - at))) best = i; });
    return best;
  }

  function read(x, y, shown) {
    const { drawing } = store, { axes } = given(), { curve, names } = side();
    const parts = [`${axes[0]} = ${value(x, shown[0])}`, `${axes[1]} = ${value(y, shown[1])}`];
    if (drawing && layout.kind === "labels") {
      const spot = (at, [from, until], size) => Math.floor(((at - from) / (until - from)) * size);
      const [i, j] = [spot(y, drawing.window[1], drawing.height), spot(x, drawing.window[0], drawing.width)];
      if (i >= 0 && j >= 0 && i < drawing.height && j < drawing.width) parts.push((names || [])[drawing.data[i * drawing.width + j]] || "");
    }
    const k = curve ? nearest(curve, x) : -1;
    if (k >= 0) parts.push(`${layout.under[0]} = ${short(curve.y[k])} ${layout.under[1]} at ${value(curve.x[k], shown[0])}`);
    return parts.filter(Boolean).join(", ");
  }

  function swatch(item, kind) {
    const box = make("i", "", item);
    if (kind === "ramp") {
      const colors = shades().slice(1).filter((_, k) => k % 16 === 0).map((color) => css(color.slice(0, 3)));
      box.className = "midstream-wide";
      box.style.background = `linear-gradient(90deg, ${colors.join(",")})`;
    } else if (kind === "gone" || kind === "open") box.style.background = css(kind === "gone" ? gone() : open());
    else if (typeof kind === "number") {
      box.style.background = attractorInk(kind);
      make("b", "", box).textContent = String(kind);
    } else box.remove();
  }

  function tell() {
    const { heading: head, lines, why, said, computing } = side();
    heading.textContent = head || "";
    list.replaceChildren();
    for (const [kind, text] of lines || []) {
      const item = make("li", "", list);
      swatch(item, kind);
      make("span", "", item).textContent = text;
    }
    words.textContent = said || "";
    words.dataset.computing = Boolean(computing);
    frame.overlay(why || "", false);
    aside.hidden = !head && !said && !(lines || []).length;
    plane.redraw();
  }

  const host = {
    home: () => given().home,
    axes: () => given().axes,
    under: () => (layout.under ? UNDER : 0),
    height: (width) => (layout.square ? Math.min(Math.max(width - 30, 260), 560) : Math.min(Math.max(0.55 * width, 240), 430) + (layout.under ? UNDER : 0)),
    draw: drawIn,
    drawUnder: drawCurve,
    read,
    tell: (shown, size) => channel.send({ kind: "window", shown, size }),
    recolor() {
      light = isLight();
      stale = true;
      tell();
    },
  };
  const plane = makePlane(frame, channel, signal, host);
  const changes = [
    ["change:_side", channel.guard("telling", tell)],
    ["change:_plane", channel.guard("following a program", () => plane.show(given().shown))],
  ];
  for (const [name, action] of changes) model.on(name, action);
  const view = {
    overlay: frame.overlay,
    invalidate() {
      stale = fresh = true;
      plane.redraw();
    },
  };
  channel.join(view);
  plane.show(given().shown);
  if (store.drawing) view.invalidate();
  tell();
  status.remove();
  return () => {
    plane.stop();
    for (const [name, action] of changes) model.off(name, action);
    channel.leave(view);
  };
}

export default () => {
  let store = null;
  return {
    initialize({ model }) {
      const channel = openChannel(model);
      store = { channel, drawing: null, count: 0 };
      model.on("msg:custom", channel.guard("receiving", (message, buffers) => {
        if (message.kind !== "drawing") return;
        const [buffer] = buffers, bytes = buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
        store.drawing = { ...message, data: message.doubles ? new Float64Array(bytes) : new Uint8Array(bytes) };
        store.count += 1;
        channel.took(message.seq);
        for (const view of channel.views) view.invalidate();
      }));
    },
    render({ model, el, signal }) {
      return store.channel.guard("starting", () => makeView(store, model, el, signal))();
    },
  };
};
