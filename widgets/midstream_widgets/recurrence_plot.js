// The recurrence plot: the tile in sight on a canvas, axes in units of time, and the numbers beside it.
// A zoom stretches the old tile at once; Python sends a sharp one for what is in sight.

const KEYS = "arrows move, plus and minus zoom, Home or r shows all";
const EDGE = { left: 56, right: 12, top: 10, bottom: 38 };
const BAND = "#d55e00";
const LEAST = 8; // samples in sight, at least
const PACE = 40; // ms between two windows that are told

// A label as fine as its axis: neighbours 0.02 apart at 99 must differ.
const labelled = (value, step) => String(Number(value.toFixed(Math.max(0, Math.min(12, -Math.floor(Math.log10(step)))))));

function makeView(store, model, el, signal) {
  const { channel } = store, frame = makeFrame(el, model.get("_title"), KEYS);
  const { root, stage, status } = frame;
  const body = make("div", "midstream-recurrence");
  stage.before(body);
  body.append(stage);
  stage.dataset.lmSuppressShortcuts = "true";
  const canvas = make("canvas", "", stage, { "aria-hidden": "true" });
  const aside = make("aside", "", body), heading = make("h4", "", aside), table = make("table", "", aside);
  const legend = make("div", "midstream-shares", aside), read = make("div", "midstream-read", aside, { role: "status", "aria-live": "polite" });
  const sampled = make("span", ""), picture = document.createElement("canvas"), fingers = new Map();
  const plane = () => model.get("_plane");
  const ratio = () => Math.min(window.devicePixelRatio || 1, 2);
  let shown = { ...plane().shown };
  let due = 0, light = isLight(), told = 0, timer = 0, fresh = false;

  // Whether each pair of the tile has a pixel of its own.
  const single = ({ rows, columns, height, width }) => height === rows[1] - rows[0] && width === columns[1] - columns[0];
  const ramp = () => model.get("_look").ramp[light ? "light" : "dark"];
  const paper = () => (light ? [255, 255, 255] : [17, 17, 17]);

  // The root of the share, so that a thin line in a wide pixel is still seen.
  function shade(share) {
    if (share === 0) return paper();
    const colors = ramp(), at = Math.sqrt(share) * (colors.length - 1), k = Math.min(Math.floor(at), colors.length - 2);
    return colors[k].map((value, c) => value + (at - k) * (colors[k + 1][c] - value));
  }

  function paint() {
    const { tile } = store;
    if (!tile) return;
    picture.width = tile.width;
    picture.height = tile.height;
    const pen = picture.getContext("2d"), image = pen.createImageData(tile.width, tile.height);
    const inks = new Uint8ClampedArray(Array.from({ length: 256 }, (_, value) => [...shade(value / 255), 255]).flat());
    const shades = new Uint32Array(inks.buffer), pixels = new Uint32Array(image.data.buffer);
    for (let row = 0, i = 0; row < tile.height; row += 1) {
      let at = (tile.height - 1 - row) * tile.width; // time rises from the bottom
      for (let column = 0; column < tile.width; column += 1) pixels[at++] = shades[tile.shares[i++]];
    }
    pen.putImageData(image, 0, 0);
  }

  function area() {
    const width = stage.clientWidth, height = stage.clientHeight;
    return { left: EDGE.left, top: EDGE.top, wide: Math.max(1, width - EDGE.left - EDGE.right), high: Math.max(1, height - EDGE.top - EDGE.bottom) };
  }

  function places() {
    const { left, top, wide, high } = area(), { rows, columns } = shown;
    return {
      x: (sample) => left + ((sample - columns[0]) / (columns[1] - columns[0])) * wide,
      y: (sample) => top + (1 - (sample - rows[0]) / (rows[1] - rows[0])) * high,
    };
  }

  function axes(pen, { x, y }) {
    const { left, top, wide, high } = area(), { step, unit } = plane();
    pen.strokeStyle = pen.fillStyle = light ? "#1f1f1f" : "#e8e8e8";
    pen.lineWidth = 1;
    pen.strokeRect(left - 0.5, top - 0.5, wide + 1, high + 1);
    pen.font = "11px sans-serif";
    for (const [part, along, size] of [[shown.columns, x, wide], [shown.rows, y, high]]) {
      const [from, until] = part.map((sample) => sample * step), apart = niceStep(until - from, size / 70);
      pen.textAlign = along === x ? "center" : "right";
      pen.textBaseline = "middle";
      for (let k = Math.ceil(from / apart - 1e-9); k * apart <= until + 1e-9 * apart; k += 1) {
        const at = along((k * apart) / step), text = labelled(k * apart, apart);
        if (along === x) {
          pen.fillRect(at, top + high, 1, 4);
          pen.fillText(text, at, top + high + 12);
        } else {
          pen.fillRect(left - 5, at, 4, 1);
          pen.fillText(text, left - 8, at);
        }
      }
    }
    pen.textAlign = "center";
    pen.fillText(`time t (${unit})`, left + wide / 2, top + high + 29);
    pen.save();
    pen.translate(10, top + high / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(`time t′ (${unit})`, 0, 0);
    pen.restore();
  }

  function band(pen, { x, y }) {
    const { theiler } = plane(), n = plane().rows, w = theiler + 0.5;
    pen.beginPath();
    pen.moveTo(x(0), y(w));
    pen.lineTo(x(n), y(n + w));
    pen.lineTo(x(n), y(n - w));
    pen.lineTo(x(0), y(-w));
    pen.closePath();
    pen.fillStyle = `${BAND}33`;
    pen.fill();
    pen.setLineDash([5, 4]);
    pen.strokeStyle = BAND;
    for (const side of [-w, w]) {
      pen.beginPath();
      pen.moveTo(x(0), y(side));
      pen.lineTo(x(n), y(n + side));
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  function draw() {
    due = 0;
    if (!stage.clientWidth) return;
    const square = stage.clientWidth - EDGE.left - EDGE.right;
    stage.style.height = `${square + EDGE.top + EDGE.bottom + 2}px`;
    canvas.width = Math.round(stage.clientWidth * ratio());
    canvas.height = Math.round(stage.clientHeight * ratio());
    const pen = canvas.getContext("2d"), { left, top, wide, high } = area(), to = places(), { tile } = store;
    pen.scale(ratio(), ratio());
    pen.save();
    pen.beginPath();
    pen.rect(left, top, wide, high);
    pen.clip();
    pen.fillStyle = `rgb(${paper().join(",")})`;
    pen.fillRect(left, top, wide, high);
    if (tile) {
      if (fresh) paint();
      pen.imageSmoothingEnabled = !single(tile);
      const [x0, x1] = tile.columns.map(to.x), [y0, y1] = tile.rows.map(to.y);
      pen.drawImage(picture, x0, y1, x1 - x0, y0 - y1);
    }
    band(pen, to);
    pen.restore();
    axes(pen, to);
    if (tile && fresh) {
      fresh = false;
      root.dataset.tiles = store.count;
      root.dataset.radius = tile.radius;
      root.dataset.rows = tile.rows.join(" ");
      root.dataset.exact = tile.exact;
      sampled.textContent = tile.exact ? "" : `each pixel from at most ${tile.per_pixel} × ${tile.per_pixel} of its pairs`;
      channel.drawn();
    }
  }

  const redraw = () => { due ||= requestAnimationFrame(channel.guard("drawing", draw)); };

  function tell() {
    const { radius, table: lines, of, why, computing } = model.get("_numbers");
    heading.textContent = computing ? "Recurrence quantification: computing …" : `Recurrence quantification ${of || ""}`;
    table.replaceChildren();
    if (why) make("td", "", make("tr", "", table)).textContent = why;
    for (const line of lines || []) {
      const row = make("tr", "", table);
      const [name, long, value, unit] = line;
      for (const text of [name, long, value, unit]) make("td", "", row).textContent = text;
    }
    status.replaceChildren();
    if (radius) make("span", "", status).textContent = `radius ${radius}`;
    const { theiler, step, unit } = plane();
    make("span", "", status).textContent = `Theiler window ${theiler} samples = ${short(theiler * step)} ${unit}`;
    status.append(sampled);
  }

  function explain() {
    legend.replaceChildren();
    make("span", "", legend).textContent = "share of a pixel's pairs that recur: 0";
    const stops = Array.from({ length: 17 }, (_, k) => `rgb(${shade(k / 16).map(Math.round).join(",")})`);
    make("i", "", legend).style.background = `linear-gradient(90deg, ${stops.join(",")})`;
    make("span", "", legend).textContent = "1";
    const window = make("span", "", legend);
    make("b", "", window);
    window.append(" Theiler window");
  }

  // A window is told at once, and then at most every PACE ms; the last one always.
  function look() {
    redraw();
    if (timer) return;
    const send = () => {
      timer = 0;
      told = performance.now();
      channel.send({ kind: "window", ...shown, pixels: Math.round(area().wide * ratio()) });
    };
    const left = PACE - (performance.now() - told);
    if (left <= 0) send();
    else timer = setTimeout(channel.guard("telling the window", send), left);
  }

  function place(part, from, span) {
    const n = plane().rows, wide = Math.min(Math.max(span, Math.min(LEAST, n)), n);
    const first = Math.min(Math.max(from, 0), n - wide);
    shown = { ...shown, [part]: [first, first + wide] };
  }

  function move(dx, dy) {
    for (const [part, by] of [["columns", dx], ["rows", dy]]) {
      const [from, until] = shown[part];
      place(part, from + by * (until - from), until - from);
    }
    look();
  }

  function zoom(factor, fx = 0.5, fy = 0.5) {
    for (const [part, at] of [["columns", fx], ["rows", fy]]) {
      const [from, until] = shown[part], span = (until - from) / factor;
      place(part, from + at * (until - from) - at * span, span);
    }
    look();
  }

  function all() {
    for (const part of ["rows", "columns"]) place(part, 0, plane().rows);
    look();
  }

  // Where in the plane a place on the stage lies, as shares of what is in sight.
  function within(event) {
    const box = stage.getBoundingClientRect(), { left, top, wide, high } = area();
    return [(event.clientX - box.left - left) / wide, 1 - (event.clientY - box.top - top) / high];
  }

  function hover(event) {
    const [fx, fy] = within(event), { tile } = store, { step, unit } = plane();
    if (fx < 0 || fx >= 1 || fy < 0 || fy >= 1 || !tile) { read.textContent = ""; return; }
    const [column, row] = [["columns", fx], ["rows", fy]].map(([part, f]) => Math.floor(shown[part][0] + f * (shown[part][1] - shown[part][0])));
    const spot = (sample, [from, until], size) => Math.floor(((sample + 0.5 - from) / (until - from)) * size);
    const [i, j] = [spot(row, tile.rows, tile.height), spot(column, tile.columns, tile.width)];
    if (i < 0 || j < 0 || i >= tile.height || j >= tile.width) return;
    const share = tile.shares[i * tile.width + j] / 255;
    const says = single(tile) ? (share ? "recurs" : "does not recur") : `share of recurrent pairs ${short(share)}`;
    read.textContent = `t = ${short(column * step)}, t′ = ${short(row * step)} ${unit}, apart ${short(Math.abs(row - column) * step)}: ${says}`;
  }

  const on = (name, action, options = {}) =>
    stage.addEventListener(name, channel.guard("handling input", action), { signal, ...options });
  const spread = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
  on("pointerdown", (event) => {
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  on("pointermove", (event) => {
    const before = fingers.get(event.pointerId), { wide, high } = area();
    if (!before) { hover(event); return; }
    const apart = fingers.size === 2 ? spread() : 0;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (fingers.size === 2) zoom(spread() / Math.max(apart, 1), ...within(event));
    else move((before[0] - event.clientX) / wide, (event.clientY - before[1]) / high);
  });
  for (const name of ["pointerup", "pointercancel"]) on(name, (event) => fingers.delete(event.pointerId));
  on("pointerleave", () => { read.textContent = ""; });
  on("wheel", (event) => {
    if (document.activeElement !== stage) return; // the page scrolls until the picture has been chosen
    event.preventDefault();
    zoom(Math.exp(-0.002 * event.deltaY), ...within(event));
  }, { passive: false });
  on("dblclick", (event) => zoom(2, ...within(event)));
  const keys = {
    ArrowLeft: () => move(-0.1, 0), ArrowRight: () => move(0.1, 0), ArrowUp: () => move(0, 0.1), ArrowDown: () => move(0, -0.1),
    "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), Home: all, r: all,
  };
  on("keydown", (event) => {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    action();
    const { step, unit } = plane();
    read.textContent = ["columns", "rows"].map((part, k) => `${k ? "t′" : "t"} from ${shown[part].map((each) => short(each * step)).join(" to ")}`).join(", ") + ` ${unit}`;
  });

  function recolor() {
    light = isLight();
    paint();
    explain();
    redraw();
  }

  const view = {
    overlay: frame.overlay,
    invalidate() {
      fresh = true;
      redraw();
    },
  };
  function follow() {
    shown = { ...plane().shown };
    redraw();
  }

  const changes = [["change:_numbers", channel.guard("telling", tell)], ["change:_plane", channel.guard("following a program", follow)]];
  for (const [name, action] of changes) model.on(name, action);
  onTheme(channel.guard("the theme", recolor), signal);
  let width = 0;
  const sizes = new ResizeObserver(channel.guard("resizing", () => {
    if (!stage.clientWidth || stage.clientWidth === width) return;
    width = stage.clientWidth;
    look();
  }));
  sizes.observe(stage);
  channel.join(view);
  if (store.tile) view.invalidate();
  recolor();
  tell();
  return () => {
    sizes.disconnect();
    cancelAnimationFrame(due);
    clearTimeout(timer);
    for (const [name, action] of changes) model.off(name, action);
    channel.leave(view);
  };
}

export default () => {
  let store = null;
  return {
    initialize({ model }) {
      const channel = openChannel(model);
      store = { channel, tile: null, count: 0 };
      model.on("msg:custom", channel.guard("receiving", (message, buffers) => {
        if (message.kind !== "tile") return;
        const [buffer] = buffers;
        const shares = new Uint8Array(buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength));
        store.tile = { ...message, shares };
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
