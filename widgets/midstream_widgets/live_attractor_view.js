// One view of the live attractor: size, theme, axes, mouse, touch and keys.

const LEAST = 1e-30; // half the width of a box around a constant; less does not fit float32

// The box around the trajectory, its axes with names and ranges, in a flat canvas over the picture.
function drawAxes(canvas, camera, box, look, light, ratio) {
  const pen = canvas.getContext("2d"), width = canvas.width / ratio, height = canvas.height / ratio;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const flat = look.dim === 2, size = box.half.map((half, k) => half * box.scale[k]);
  const corner = (x, y, z) => project(camera, [x * size[0], y * size[1], flat ? 0 : z * size[2]], width, height);
  pen.lineWidth = 1;
  pen.font = "11px var(--jp-ui-font-family, sans-serif)".replace(/var\([^)]*\)/, "sans-serif");
  const ends = [-1, 1];
  for (let axis = 0; axis < look.dim; axis += 1) {
    for (const a of ends) {
      for (const b of flat ? [-1] : ends) {
        const from = [0, 0, -1], until = [0, 0, -1], rest = [0, 1, 2].filter((k) => k !== axis);
        [from[axis], until[axis]] = ends;
        from[rest[0]] = until[rest[0]] = a;
        if (!flat) from[rest[1]] = until[rest[1]] = b;
        pen.strokeStyle = light ? "#0000002e" : "#ffffff3a";
        pen.beginPath();
        pen.moveTo(...corner(...from));
        pen.lineTo(...corner(...until));
        pen.stroke();
      }
    }
  }
  const middle = corner(0, 0, 0);
  // Text keeps outside the box and inside the picture.
  const write = (text, at, away, color) => {
    const dx = at[0] - middle[0], dy = at[1] - middle[1], far = Math.hypot(dx, dy) || 1;
    const half = pen.measureText(text).width / 2;
    const x = at[0] + (dx / far) * (away + half * Math.abs(dx / far)), y = at[1] + (dy / far) * away;
    pen.fillStyle = color;
    pen.fillText(text, Math.min(Math.max(x, half + 4), width - half - 4), Math.min(Math.max(y, 10), height - 10));
  };
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const strong = light ? "#1f1f1f" : "#f0f0f0", soft = light ? "#595959" : "#b8b8b8";
  for (let axis = 0; axis < look.dim; axis += 1) {
    const edge = outerEdge(axis, flat, corner, middle);
    write(look.labels[axis], corner(...edge.map((v, k) => (k === axis ? 0 : v))), 16, strong);
    for (const end of ends) {
      const value = box.offset[axis] + box.middle[axis] + end * box.half[axis];
      write(short(value), corner(...edge.map((v, k) => (k === axis ? 0.8 * end : v))), 13, soft);
    }
  }
}

// Of the four parallel edges of the box the one whose middle lies furthest out, preferring the lower ones.
function outerEdge(axis, flat, corner, middle) {
  let best = null, most = -Infinity;
  for (const a of [-1, 1]) {
    for (const b of flat ? [0] : [-1, 1]) {
      const edge = [0, 0, 0], rest = [0, 1, 2].filter((k) => k !== axis);
      edge[rest[0]] = a;
      edge[rest[1]] = b;
      const [x, y] = corner(...edge), far = Math.hypot(x - middle[0], y - middle[1]) + 0.3 * (y - middle[1]) - 0.1 * (x - middle[0]);
      if (far > most) [best, most] = [edge, far];
    }
  }
  return best;
}

// The box that the picture shows, drawn towards the box of the data, at once for people who prefer less motion.
function makeBox() {
  const shown = { lo: null, hi: null };
  return {
    // Whether it has moved, and whether it will go on to.
    follow(store, still) {
      if (!store.count) return { moved: false, moving: false };
      const moved = !shown.lo || [0, 1, 2].some((k) => shown.lo[k] !== store.lo[k] || shown.hi[k] !== store.hi[k]);
      shown.lo ??= store.lo.slice(0, 3);
      shown.hi ??= store.hi.slice(0, 3);
      const away = (k) => Math.max(Math.abs(store.lo[k] - shown.lo[k]), Math.abs(store.hi[k] - shown.hi[k]));
      const moving = !still && [0, 1, 2].some((k) => away(k) > 2e-3 * (store.hi[k] - store.lo[k]));
      for (let k = 0; k < 3; k += 1) {
        shown.lo[k] = moving ? shown.lo[k] + 0.18 * (store.lo[k] - shown.lo[k]) : store.lo[k];
        shown.hi[k] = moving ? shown.hi[k] + 0.18 * (store.hi[k] - shown.hi[k]) : store.hi[k];
      }
      return { moved, moving };
    },
    forget() { shown.lo = shown.hi = null; },
    measure(look) {
      const lo = shown.lo || [0, 0, 0], hi = shown.hi || [1, 1, 1];
      const half = hi.map((value, k) => Math.max((value - lo[k]) / 2, LEAST));
      if (look.dim === 2) half[2] = LEAST;
      const widest = Math.max(...half);
      return {
        half,
        middle: hi.map((value, k) => (value + lo[k]) / 2),
        scale: half.map((value, k) => 1 / (look.equal ? widest : (look.dim === 2 && k === 2 ? 1 : value))),
        offset: look.offset,
      };
    },
  };
}

function listen(stage, pose, view, signal) {
  const fingers = new Map();
  const turn = (dx, dy) => {
    if (view.look().dim === 2) {
      pose.x += (2 * dx) / stage.clientWidth;
      pose.y -= (2 * dy) / stage.clientHeight;
    } else {
      pose.azimuth += 0.008 * dx;
      pose.elevation = Math.min(Math.max(pose.elevation + 0.008 * dy, -1.57), 1.57);
    }
    view.turned();
  };
  const zoom = (factor) => {
    pose.zoom = Math.min(Math.max(pose.zoom * factor, 0.2), 20);
    view.turned();
  };
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  };
  const on = (name, action, options = {}) =>
    stage.addEventListener(name, view.channel.guard("handling input", action), { signal, ...options });
  on("pointerdown", (event) => {
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  on("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const apart = fingers.size === 2 ? spread() : 0;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (fingers.size === 2) zoom(spread() / Math.max(apart, 1));
    else turn(event.clientX - before[0], event.clientY - before[1]);
  });
  for (const name of ["pointerup", "pointercancel"]) on(name, (event) => fingers.delete(event.pointerId));
  on("wheel", (event) => {
    if (document.activeElement !== stage) return; // the page scrolls until the picture has been chosen
    event.preventDefault();
    zoom(Math.exp(-0.0015 * event.deltaY));
  }, { passive: false });
  const keys = {
    ArrowLeft: () => turn(-12, 0), ArrowRight: () => turn(12, 0), ArrowUp: () => turn(0, -12), ArrowDown: () => turn(0, 12),
    "+": () => zoom(1.15), "=": () => zoom(1.15), "-": () => zoom(1 / 1.15),
    " ": () => view.channel.send({ kind: "pause" }),
    r: () => { Object.assign(pose, HOME); view.turned(); },
  };
  on("keydown", (event) => {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });
}

function makeView(store, model, el, signal) {
  const { channel } = store, frame = makeFrame(el, model.get("_title"), model.get("_look").keys || KEYS);
  const { stage, root, status } = frame;
  stage.dataset.lmSuppressShortcuts = "true"; // the notebook's own keys rest while the picture has the focus
  const glass = make("canvas", "midstream-points", stage), chart = make("canvas", "midstream-axes", stage, { "aria-hidden": "true" });
  const legend = make("div", "midstream-legend", stage), fields = {};
  const low = make("span", "", legend), ramp = make("span", "midstream-ramp", legend), high = make("span", "", legend);
  const pose = { ...HOME }, box = makeBox();
  let painter = null, pending = 0, last = 0, interval = 0, axes = true, updates = 0, generation = null, light = isLight();
  const look = () => model.get("_look");
  const ratio = () => Math.min(window.devicePixelRatio || 1, 2);

  const view = {
    overlay: frame.overlay,
    channel,
    look,
    invalidate() { pending ||= requestAnimationFrame(channel.guard("drawing", draw)); },
    turned() { axes = true; view.invalidate(); },
  };

  function draw(now) {
    pending = 0;
    if (!painter || !stage.clientWidth) return;
    const settings = look(), fresh = painter.upload();
    if (generation !== store.generation) {
      generation = store.generation;
      box.forget();
    }
    const { moved, moving } = box.follow(store, calm());
    const measured = box.measure(settings);
    const camera = orbit(pose, settings.dim === 2, stage.clientWidth, stage.clientHeight);
    painter.paint(camera, measured, settings, ratio());
    if (axes || moved) drawAxes(chart, camera, measured, settings, light, ratio());
    axes = false;
    if (now - last < 250) interval = interval ? 0.9 * interval + 0.1 * (now - last) : now - last;
    last = now;
    if (fresh) updates += 1;
    root.dataset.points = store.count;
    root.dataset.total = store.head;
    root.dataset.updates = updates;
    channel.drawn();
    if (moving) view.invalidate();
  }

  function begin() {
    const gl = glass.getContext("webgl2", { antialias: true, alpha: true, premultipliedAlpha: true });
    if (!gl) return false;
    painter = makePainter(gl, store);
    view.read = () => painter.read();
    recolor();
    return true;
  }

  function recolor() {
    light = isLight();
    const colors = look().ramp[light ? "light" : "dark"];
    if (painter) painter.setRamp(colors);
    ramp.style.background = `linear-gradient(90deg, ${colors.map((c) => `rgb(${c.join(",")})`).join(",")})`;
    [low.textContent, high.textContent] = look().legend;
    view.turned();
  }

  function resize() {
    for (const canvas of [glass, chart]) {
      canvas.width = Math.max(1, Math.round(stage.clientWidth * ratio()));
      canvas.height = Math.max(1, Math.round(stage.clientHeight * ratio()));
    }
    view.turned();
  }

  function tell() {
    const said = { ...model.get("_status") };
    if (painter && interval) said.frame = `frame ${interval.toFixed(0)} ms`;
    for (const [name, text] of Object.entries(said)) {
      fields[name] ??= make("span", `midstream-${name}`, status);
      if (fields[name].textContent !== text) fields[name].textContent = text;
    }
  }

  function showPicture() {
    const picture = model.get("_picture");
    if (painter || !picture || !picture.byteLength) return;
    const image = stage.querySelector("img") || make("img", "", stage, { alt: `${model.get("_title")}, static picture` });
    const old = image.src;
    image.src = URL.createObjectURL(new Blob([picture], { type: "image/png" }));
    if (old) URL.revokeObjectURL(old);
  }

  const on = (name, action) => model.on(`change:${name}`, channel.guard(`following ${name}`, action));
  on("_look", recolor);
  on("_status", tell);
  on("_picture", showPicture);
  glass.addEventListener("webglcontextlost", (event) => {
    event.preventDefault();
    painter = null;
    if (!signal.aborted) frame.overlay("The graphics context was lost; the picture returns when the browser restores it.");
  });
  glass.addEventListener("webglcontextrestored", channel.guard("restoring the picture", () => {
    frame.overlay("");
    begin();
  }));
  onTheme(recolor, signal);
  const sizes = new ResizeObserver(channel.guard("resizing", resize));
  sizes.observe(stage);
  listen(stage, pose, view, signal);
  if (!begin()) {
    glass.hidden = chart.hidden = true;
    frame.overlay("This browser has no WebGL2, so here is a static picture, drawn anew every few seconds.");
    channel.send({ kind: "no-webgl" });
    recolor();
  }
  resize();
  tell();
  showPicture();
  channel.join(view);
  return () => {
    sizes.disconnect();
    cancelAnimationFrame(pending);
    channel.leave(view);
    const gl = painter && glass.getContext("webgl2");
    painter = null;
    if (gl) gl.getExtension("WEBGL_lose_context")?.loseContext();
  };
}

export default () => {
  let store = null;
  return {
    initialize({ model }) { store = makeStore(model); },
    render({ model, el, signal }) {
      return store.channel.guard("starting", () => makeView(store, model, el, signal))();
    },
  };
};
