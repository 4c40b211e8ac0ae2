// Two sequences below each other with lines between matched samples, and the path on the costs beside or below them.

const WAYS = "arrow left narrows the band, arrow right widens it, Home and End are its least and largest width";
const INK = { x: "#0072b2", y: "#d55e00" };
const WIDE = 640; // pixels of a stage in which both pictures stand side by side
const MOST_LINES = 120;
const OUTSIDE = 255;

function makeView(store, model, el, signal) {
  const { channel } = store, frame = makeFrame(el, model.get("_title"), WAYS), { root, stage, status } = frame;
  stage.classList.add("midstream-alignment");
  stage.dataset.lmSuppressShortcuts = "true";
  const canvas = make("canvas", "", stage, { "aria-hidden": "true" });
  const read = make("div", "midstream-read", root, { role: "status", "aria-live": "polite" });
  const picture = document.createElement("canvas"), given = () => model.get("_sequences");
  const ratio = () => Math.min(window.devicePixelRatio || 1, 2);
  let light = isLight(), due = 0, fresh = true, dragged = false, width = 0;

  // Left, top, width and height of both pictures.
  function areas() {
    const w = stage.clientWidth, { left, right, top, bottom } = EDGE;
    if (w >= WIDE) {
      const plane = Math.min(360, 0.42 * w - left - right), at = w - plane - right;
      return { height: plane + top + bottom, series: [left, top, at - left - left - right, plane], plane: [at, top, plane, plane] };
    }
    const wide = w - left - right, below = 200 + top + bottom;
    return { height: below + wide + top + bottom, series: [left, top, wide, 200], plane: [left, below + top, wide, wide] };
  }

  function paint() {
    const { shown } = store;
    fresh = false;
    if (!shown || !shown.width) return;
    const { width: wide, height: high, image } = shown, colors = model.get("_look").ramp[light ? "light" : "dark"];
    [picture.width, picture.height] = [wide, high];
    const pen = picture.getContext("2d"), data = pen.createImageData(wide, high);
    for (let row = 0, i = 0; row < high; row += 1) {
      for (let column = 0; column < wide; column += 1, i += 1) {
        const at = 4 * ((high - 1 - row) * wide + column); // samples of x rise from the bottom
        if (image[i] === OUTSIDE) continue;
        const color = colors[Math.round((image[i] / (OUTSIDE - 1)) * (colors.length - 1))];
        for (let c = 0; c < 3; c += 1) data.data[at + c] = color[c];
        data.data[at + 3] = 255;
      }
    }
    pen.putImageData(data, 0, 0);
  }

  // Of the values in sight: where each sequence stands, y below x.
  function scales() {
    const { x, y } = given(), [left, top, wide, high] = areas().series, last = Math.max(x.length, y.length, 2) - 1;
    const bounds = (values) => values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    const [x0, x1] = bounds(x), [y0, y1] = bounds(y), gap = 0.2 * (x1 - x0 + y1 - y0) || 1;
    const unit = high / (x1 - x0 + y1 - y0 + gap);
    return {
      across: (k) => left + (k / last) * wide,
      x: (v) => top + (x1 - v) * unit,
      y: (v) => top + high - (v - y0) * unit,
    };
  }

  function axis(pen, [left, top, wide, high], size, label, upright = false) {
    const along = upright ? high : wide, last = Math.max(size - 1, 1), { ticks } = axisTicks(0, last, along / 60);
    pen.textAlign = upright ? "right" : "center";
    pen.textBaseline = "middle";
    for (const [value, text] of ticks) {
      const at = (value / last) * along;
      if (upright) pen.fillText(text, left - 6, top + high - at);
      else pen.fillText(text, left + at, top + high + 11);
    }
    pen.textAlign = "center";
    pen.save();
    pen.translate(...(upright ? [left - 42, top + high / 2] : [left + wide / 2, top + high + 27]));
    if (upright) pen.rotate(-Math.PI / 2);
    pen.fillText(label, 0, 0);
    pen.restore();
  }

  function trace(pen, points, color, wide) {
    pen.beginPath();
    for (const [px, py] of points) pen.lineTo(px, py);
    pen.strokeStyle = color;
    pen.lineWidth = wide;
    pen.stroke();
  }

  function drawSeries(pen) {
    const { x, y } = given(), to = scales(), { series } = areas(), path = store.shown?.path || [];
    const every = Math.max(1, Math.ceil(path.length / 2 / MOST_LINES));
    pen.globalAlpha = 0.45;
    for (let k = 0; k < path.length / 2; k += every) {
      const [i, j] = [path[2 * k], path[2 * k + 1]];
      trace(pen, [[to.across(i), to.x(x[i])], [to.across(j), to.y(y[j])]], "#888", 1);
    }
    pen.globalAlpha = 1;
    for (const name of ["x", "y"]) {
      trace(pen, given()[name].map((v, k) => [to.across(k), to[name](v)]), INK[name], 2);
      pen.fillStyle = INK[name];
      pen.textAlign = "right";
      pen.fillText(name, series[0] - 8, to[name](given()[name][0]));
    }
    pen.fillStyle = light ? "#1f1f1f" : "#e8e8e8";
    axis(pen, series, Math.max(x.length, y.length), "sample");
  }

  function drawPlane(pen) {
    const { x, y } = given(), { plane } = areas(), [left, top, wide, high] = plane, { shown } = store;
    if (shown?.width) {
      pen.imageSmoothingEnabled = false;
      pen.drawImage(picture, left, top, wide, high);
      const at = [];
      for (let k = 0; k < shown.path.length; k += 2) {
        at.push([left + ((shown.path[k + 1] + 0.5) / y.length) * wide, top + (1 - (shown.path[k] + 0.5) / x.length) * high]);
      }
      trace(pen, at, light ? "#fff" : "#000", 5);
      trace(pen, at, INK.y, 2.5);
    }
    pen.lineWidth = 1;
    pen.strokeStyle = pen.fillStyle = light ? "#1f1f1f" : "#e8e8e8";
    pen.strokeRect(left - 0.5, top - 0.5, wide + 1, high + 1);
    axis(pen, plane, y.length, "sample of y");
    axis(pen, plane, x.length, "sample of x", true);
  }

  function draw() {
    due = 0;
    if (!stage.clientWidth) return;
    stage.style.height = `${areas().height}px`;
    canvas.width = Math.round(stage.clientWidth * ratio());
    canvas.height = Math.round(stage.clientHeight * ratio());
    const pen = canvas.getContext("2d"), { shown } = store, news = fresh;
    pen.scale(ratio(), ratio());
    pen.font = "11px sans-serif";
    pen.textBaseline = "middle";
    if (fresh) paint();
    drawSeries(pen);
    drawPlane(pen);
    if (!shown || !news) return;
    status.textContent = shown.why || `distance ${Number(shown.distance.toPrecision(6))}, ${shown.pairs} pairs, window ${shown.window}, ${shown.step_pattern}`;
    root.dataset.window = shown.window;
    root.dataset.pattern = shown.step_pattern;
    root.dataset.drawn = `${shown.window} ${shown.step_pattern}`;
    channel.drawn();
  }

  const redraw = () => { due ||= requestAnimationFrame(channel.guard("drawing", draw)); };

  function ask(window) {
    const [low, high] = given().range;
    channel.send({ kind: "window", window: Math.min(Math.max(Math.round(window), low), high) });
  }

  // Samples of x and y under the pointer in the plane; null outside.
  function cell(event) {
    const box = stage.getBoundingClientRect(), { x, y } = given(), [left, top, wide, high] = areas().plane;
    const [fx, fy] = [(event.clientX - box.left - left) / wide, 1 - (event.clientY - box.top - top) / high];
    return fx < 0 || fx >= 1 || fy < 0 || fy >= 1 ? null : [Math.floor(fy * x.length), Math.floor(fx * y.length)];
  }

  // The pair of the path that is nearest to the pointer: in the plane, or along the sequences.
  function hover(event) {
    const { shown } = store, at = cell(event), { x, y } = given();
    if (!shown?.pairs) return;
    const box = stage.getBoundingClientRect(), [left, top, wide, high] = areas().series;
    const fx = (event.clientX - box.left - left) / wide, fy = (event.clientY - box.top - top) / high;
    if (!at && (fx < 0 || fx > 1 || fy < 0 || fy > 1)) { read.textContent = ""; return; }
    const sample = fx * (Math.max(x.length, y.length) - 1);
    const [i, j] = at || (fy < 0.5 ? [sample, null] : [null, sample]);
    let best = 0, least = Infinity;
    for (let k = 0; k < shown.pairs; k += 1) {
      const away = (i === null ? 0 : Math.abs(shown.path[2 * k] - i)) + (j === null ? 0 : Math.abs(shown.path[2 * k + 1] - j));
      if (away < least) [least, best] = [away, k];
    }
    const [p, q] = [shown.path[2 * best], shown.path[2 * best + 1]];
    read.textContent = `x[${p}] = ${short(x[p])} with y[${q}] = ${short(y[q])}`;
  }

  const on = (name, action) => stage.addEventListener(name, channel.guard("handling input", action), { signal });
  const drag = (event) => {
    const at = cell(event);
    if (at) ask(Math.abs(at[0] - at[1]));
  };
  on("pointerdown", (event) => {
    stage.focus({ preventScroll: true });
    if (!cell(event)) return;
    stage.setPointerCapture(event.pointerId);
    dragged = true;
    drag(event);
  });
  on("pointermove", (event) => {
    hover(event);
    if (dragged) drag(event);
  });
  for (const name of ["pointerup", "pointercancel"]) on(name, () => { dragged = false; });
  on("pointerleave", () => { read.textContent = ""; });
  on("keydown", (event) => {
    const [low, high] = given().range, now = store.shown ? store.shown.window : high;
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: low, End: high }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    ask(to);
  });

  const view = {
    overlay: frame.overlay,
    invalidate() {
      fresh = true;
      redraw();
    },
  };
  onTheme(channel.guard("the theme", () => {
    light = isLight();
    view.invalidate();
  }), signal);
  const sizes = new ResizeObserver(channel.guard("resizing", () => {
    if (stage.clientWidth === width) return;
    width = stage.clientWidth;
    redraw();
  }));
  sizes.observe(stage);
  channel.join(view);
  view.invalidate();
  return () => {
    sizes.disconnect();
    cancelAnimationFrame(due);
    channel.leave(view);
  };
}

export default () => {
  let store = null;
  return {
    initialize({ model }) {
      const channel = openChannel(model);
      store = { channel, shown: null };
      model.on("msg:custom", channel.guard("receiving", (message, buffers) => {
        if (message.kind !== "alignment") return;
        const [buffer] = buffers, data = buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
        const path = new Int32Array(data, 0, 2 * message.pairs);
        store.shown = { ...message, path, image: new Uint8Array(data, path.byteLength) };
        channel.took(message.seq);
        for (const view of channel.views) view.invalidate();
      }));
    },
    render({ model, el, signal }) {
      return store.channel.guard("starting", () => makeView(store, model, el, signal))();
    },
  };
};
