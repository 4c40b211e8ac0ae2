// A plane under a person's hands: axes with units, zoom by rectangle, wheel, fingers or keys, and the way back.

const EDGE = { left: 62, right: 14, top: 10, bottom: 38 };
const PACE = 40; // ms between two windows that are told
const KEYS = "arrows move, plus and minus zoom, Backspace goes back, Home or r shows all";

// Ticks of an axis, and what they count from where their digits would not fit: 3.856781 and 3.856782 must differ.
function axisTicks(from, until, most) {
  const step = niceStep(until - from, most), places = Math.max(0, Math.min(15, -Math.floor(Math.log10(step))));
  const deep = places > 4 && Math.abs(from) > 50 * step;
  const base = deep ? Number(from.toFixed(places - 1)) : 0, ticks = [];
  for (let k = Math.ceil(from / step - 1e-9); k * step <= until + 1e-9 * step; k += 1) {
    const value = k * step, near = Math.abs(value - base) < step / 2;
    ticks.push([value, deep ? (near ? "0" : (value - base).toExponential(1)) : String(Number(value.toFixed(places)))]);
  }
  return { ticks, base: deep ? String(base) : "" };
}

// `host` says what lies in the plane: home() and axes(), draw(pen, to, area) in it and drawUnder below it, read(x, y,
// shown), tell(window, size), and the height of the stage and of what lies under the plane.
function makePlane(frame, channel, signal, host) {
  const { root, stage } = frame, fingers = new Map(), past = [];
  stage.dataset.lmSuppressShortcuts = "true";
  const canvas = make("canvas", "", stage, { "aria-hidden": "true" });
  const bar = make("div", "midstream-way", root), buttons = {};
  stage.after(bar);
  const read = make("div", "midstream-read", root, { role: "status", "aria-live": "polite" });
  bar.after(read);
  let shown = host.home(), due = 0, told = 0, timer = 0, band = null, width = 0, gesture = -Infinity;
  const ratio = () => Math.min(window.devicePixelRatio || 1, 2);

  function area() {
    const wide = Math.max(1, stage.clientWidth - EDGE.left - EDGE.right);
    return { left: EDGE.left, top: EDGE.top, wide, high: Math.max(1, stage.clientHeight - EDGE.top - EDGE.bottom - host.under()) };
  }

  function places() {
    const { left, top, wide, high } = area(), [[x0, x1], [y0, y1]] = shown;
    return { x: (v) => left + ((v - x0) / (x1 - x0)) * wide, y: (v) => top + (1 - (v - y0) / (y1 - y0)) * high };
  }

  function axes(pen, to) {
    const { left, top, wide, high } = area(), low = top + high + host.under();
    const [x, y] = host.axes(), across = axisTicks(...shown[0], wide / 78), up = axisTicks(...shown[1], high / 44);
    const from = (label, { base }) => (base ? `${label}, less ${base}` : label);
    pen.strokeRect(left - 0.5, top - 0.5, wide + 1, high + 1);
    pen.textBaseline = "middle";
    pen.textAlign = "center";
    for (const [value, text] of across.ticks) {
      const at = to.x(value), half = pen.measureText(text).width / 2;
      pen.fillRect(at, low, 1, 4);
      if (at + half < left + wide + EDGE.right) pen.fillText(text, at, low + 12);
    }
    pen.textAlign = "right";
    for (const [value, text] of up.ticks) {
      pen.fillRect(left - 5, to.y(value), 4, 1);
      pen.fillText(text, left - 8, to.y(value));
    }
    pen.textAlign = "center";
    pen.fillText(from(x, across), left + wide / 2, low + 29);
    pen.save();
    pen.translate(9, top + high / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(from(y, up), 0, 0);
    pen.restore();
  }

  function drawBand(pen, { left, top, wide, high }) {
    const [fx, fy, gx, gy] = band;
    const box = [left + Math.min(fx, gx) * wide, top + (1 - Math.max(fy, gy)) * high, Math.abs(gx - fx) * wide, Math.abs(gy - fy) * high];
    pen.fillStyle = "#d55e0033";
    pen.strokeStyle = "#d55e00";
    pen.fillRect(...box);
    pen.strokeRect(...box);
  }

  function draw() {
    due = 0;
    if (!stage.clientWidth) return;
    stage.style.height = `${host.height(stage.clientWidth)}px`;
    canvas.width = Math.round(stage.clientWidth * ratio());
    canvas.height = Math.round(stage.clientHeight * ratio());
    const pen = canvas.getContext("2d"), { left, top, wide, high } = area(), to = places();
    pen.scale(ratio(), ratio());
    pen.font = "11px sans-serif";
    pen.save();
    pen.beginPath();
    pen.rect(left, top, wide, high);
    pen.clip();
    host.draw(pen, to, area());
    if (band) drawBand(pen, area());
    pen.restore();
    pen.strokeStyle = pen.fillStyle = isLight() ? "#1f1f1f" : "#e8e8e8";
    pen.lineWidth = 1;
    host.drawUnder(pen, to, area());
    axes(pen, to);
    root.dataset.window = shown.flat().join(" ");
  }

  const redraw = () => { due ||= requestAnimationFrame(channel.guard("drawing", draw)); };

  // A window is told at once, and then at most every PACE ms; the last one always.
  function look() {
    redraw();
    offer();
    if (timer) return;
    const send = () => {
      timer = 0;
      told = performance.now();
      const { wide, high } = area();
      host.tell(shown, [Math.round(wide * ratio()), Math.round(high * ratio())]);
    };
    const left = PACE - (performance.now() - told);
    if (left <= 0) send();
    else timer = setTimeout(channel.guard("telling the window", send), left);
  }

  // The place to come back to: one for each gesture, and for keys and wheel that follow each other within `apart` ms.
  function remember(apart = 0) {
    const now = performance.now();
    if (now - gesture > apart) past.push(shown);
    gesture = now;
    if (past.length > 200) past.shift();
  }

  function place(k, from, span) {
    const [first, last] = host.home()[k], least = 2e-12 * Math.max(Math.abs(first), Math.abs(last));
    const wide = Math.min(Math.max(span, least), last - first);
    const begin = Math.min(Math.max(from, first), last - wide);
    shown = shown.map((part, i) => (i === k ? [begin, Math.min(begin + wide, last)] : part));
  }

  function move(dx, dy) {
    [dx, dy].forEach((by, k) => { const [from, until] = shown[k]; place(k, from + by * (until - from), until - from); });
    look();
  }

  function zoom(factor, fx = 0.5, fy = 0.5) {
    [fx, fy].forEach((at, k) => {
      const [from, until] = shown[k], span = (until - from) / factor;
      place(k, from + at * (until - from) - at * span, span);
    });
    look();
  }

  function select([fx, fy, gx, gy]) {
    remember();
    [[fx, gx], [fy, gy]].forEach((ends, k) => {
      const [from, until] = shown[k], [low, high] = [Math.min(...ends), Math.max(...ends)];
      place(k, from + low * (until - from), (high - low) * (until - from));
    });
    look();
  }

  function back() {
    if (!past.length) return;
    shown = past.pop();
    gesture = -Infinity;
    look();
  }

  function all() {
    remember();
    shown = host.home();
    look();
  }

  function offer() {
    const home = host.home().flat();
    buttons.back.disabled = !past.length;
    buttons.all.disabled = shown.flat().every((end, i) => end === home[i]);
  }

  function within(event) {
    const box = stage.getBoundingClientRect(), { left, top, wide, high } = area();
    return [(event.clientX - box.left - left) / wide, 1 - (event.clientY - box.top - top) / high];
  }

  const clip = (share) => Math.min(Math.max(share, 0), 1);

  function hover(event) {
    const [fx, fy] = within(event), [[x0, x1], [y0, y1]] = shown;
    const outside = fx < 0 || fx > 1 || fy < 0 || fy > 1;
    read.textContent = outside ? "" : host.read(x0 + fx * (x1 - x0), y0 + fy * (y1 - y0), shown);
  }

  const on = (name, action, options = {}) =>
    stage.addEventListener(name, channel.guard("handling input", action), { signal, ...options });
  const spread = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
  on("pointerdown", (event) => {
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    const at = within(event).map(clip);
    band = fingers.size === 1 && !event.shiftKey ? [...at, ...at] : null;
    if (!band) remember();
  });
  on("pointermove", (event) => {
    hover(event);
    const before = fingers.get(event.pointerId), { wide, high } = area();
    if (!before) return;
    const apart = fingers.size === 2 ? spread() : 0;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (fingers.size === 2) zoom(spread() / Math.max(apart, 1), ...within(event).map(clip));
    else if (band) {
      band = [band[0], band[1], ...within(event).map(clip)];
      redraw();
    } else move((before[0] - event.clientX) / wide, (event.clientY - before[1]) / high);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    on(name, (event) => {
      fingers.delete(event.pointerId);
      const chosen = band, { wide, high } = area();
      band = null;
      // Less than a few pixels is a click.
      const meant = chosen && Math.abs(chosen[2] - chosen[0]) * wide > 5 && Math.abs(chosen[3] - chosen[1]) * high > 5;
      if (meant && name === "pointerup") select(chosen);
      else redraw();
    });
  }
  on("pointerleave", () => { read.textContent = ""; });
  on("wheel", (event) => {
    if (document.activeElement !== stage) return; // the page scrolls until the picture has been chosen
    event.preventDefault();
    remember(1000);
    zoom(Math.exp(-0.002 * event.deltaY), ...within(event).map(clip));
  }, { passive: false });
  on("dblclick", (event) => { remember(); zoom(2, ...within(event).map(clip)); });
  const moved = (...by) => () => { remember(1000); move(...by); }, zoomed = (by) => () => { remember(1000); zoom(by); };
  const keys = {
    ArrowLeft: moved(-0.1, 0), ArrowRight: moved(0.1, 0), ArrowUp: moved(0, 0.1), ArrowDown: moved(0, -0.1),
    "+": zoomed(1.4), "=": zoomed(1.4), "-": zoomed(1 / 1.4), Backspace: back, Home: all, r: all,
  };
  // As many digits as tell the ends of a window apart.
  const digits = (end, [a, b]) => Number(end.toPrecision(Math.min(15, 3 + Math.ceil(Math.log10(1 + Math.abs(end) / (b - a))))));
  on("keydown", (event) => {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    action();
    read.textContent = host.axes().map((label, k) => `${label} from ${shown[k].map((end) => digits(end, shown[k])).join(" to ")}`).join(", ");
  });
  const ways = [["back", "back", "The part shown before (Backspace)", back], ["all", "show all", "All there is (Home)", all]];
  for (const [name, text, tip, action] of ways) {
    buttons[name] = make("button", "", bar, { type: "button", title: tip });
    buttons[name].textContent = text;
    buttons[name].addEventListener("click", channel.guard("handling input", action), { signal });
  }
  make("span", "", bar).textContent = "drag a rectangle to zoom, shift and drag to move";
  const sizes = new ResizeObserver(channel.guard("resizing", () => {
    if (!stage.clientWidth || stage.clientWidth === width) return;
    width = stage.clientWidth;
    stage.style.height = `${host.height(width)}px`;
    look();
  }));
  sizes.observe(stage);
  onTheme(channel.guard("the theme", () => host.recolor()), signal);

  return {
    redraw,
    // A program, or the first picture, has chosen what is shown.
    show(window) {
      if (fingers.size) return;
      shown = window;
      offer();
      redraw();
    },
    stop() {
      sizes.disconnect();
      cancelAnimationFrame(due);
      clearTimeout(timer);
    },
  };
}
