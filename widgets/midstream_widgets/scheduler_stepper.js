// The scheduler stepper: a Gantt chart on a canvas, and the words beside it.
// The whole plan comes once; a step only says how far it has been carried out.

const KEYS = "left and right arrows step back and forward, Home and End jump, M goes to the next missed deadline, " +
  "plus and minus zoom";
const ACTIONS = { ArrowRight: "step", ArrowLeft: "back", Home: "first", End: "last", m: "miss", M: "miss" };
const LEFT = 92, TOP = 8, AXIS = 30, RIGHT = 12;
const MISS = "#d55e00";
const LEGEND = [
  ["release", "release"], ["deadline", "deadline"], ["complete", "completion"], ["preempt", "preemption"],
  ["miss", "missed deadline"],
];

function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
  return 0.3 * r + 0.59 * g + 0.11 * b;
}

// One small tile for each task: its colour, and a pattern that tells it apart without colours.
function makeTile(color, kind, ratio) {
  const size = 10, tile = document.createElement("canvas");
  tile.width = tile.height = size * ratio;
  const pen = tile.getContext("2d");
  pen.scale(ratio, ratio);
  pen.fillStyle = color;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = pen.fillStyle = luminance(color) > 0.5 ? "rgba(0,0,0,0.45)" : "rgba(255,255,255,0.55)";
  pen.lineWidth = 1.4;
  const line = (x0, y0, x1, y1) => { pen.beginPath(); pen.moveTo(x0, y0); pen.lineTo(x1, y1); pen.stroke(); };
  if (kind === 1 || kind === 5) for (const d of [-size, 0, size]) line(d, size, d + size, 0);
  if (kind === 3 || kind === 5) for (const d of [-size, 0, size]) line(d, 0, d + size, size);
  if (kind === 2) { pen.beginPath(); pen.arc(5, 5, 1.8, 0, 7); pen.fill(); }
  if (kind === 4) line(5, 0, 5, size);
  return tile;
}

function drawMark(pen, kind, x, top, height, color) {
  const bottom = top + height;
  pen.strokeStyle = pen.fillStyle = color;
  pen.lineWidth = 1.5;
  pen.beginPath();
  if (kind === "release" || kind === "deadline") {
    const [tip, tail, d] = kind === "release" ? [top + 2, bottom, 5] : [bottom - 1, top, -5];
    pen.moveTo(x, tail);
    pen.lineTo(x, tip);
    pen.stroke();
    pen.beginPath();
    pen.moveTo(x, tip);
    pen.lineTo(x - 3.5, tip + d);
    pen.lineTo(x + 3.5, tip + d);
    pen.fill();
  } else if (kind === "complete") {
    pen.arc(x, bottom - 5, 3.2, 0, 7);
    pen.stroke();
  } else if (kind === "preempt") {
    pen.moveTo(x - 5, top + 4);
    pen.lineTo(x, top + height / 2);
    pen.lineTo(x - 5, bottom - 4);
    pen.stroke();
  } else {
    const r = Math.min(7, height / 2 - 2), y = top + height / 2;
    for (const [width, ink] of [[6, "#000"], [3.2, MISS]]) {
      pen.lineWidth = width;
      pen.strokeStyle = ink;
      pen.beginPath();
      pen.moveTo(x - r, y - r); pen.lineTo(x + r, y + r);
      pen.moveTo(x - r, y + r); pen.lineTo(x + r, y - r);
      pen.stroke();
    }
  }
}

function makeView(channel, model, el, signal) {
  const frame = makeFrame(el, model.get("_title"), KEYS);
  const { stage, root, status } = frame;
  stage.style.cursor = "default";
  stage.style.touchAction = "auto";
  const canvas = make("canvas", "", stage);
  const legend = make("div", "midstream-schedule-legend", null);
  const why = make("div", "midstream-schedule-why", null, { role: "status", "aria-live": "polite" });
  const last = make("div", "midstream-schedule-miss", null);
  const queue = make("div", "midstream-schedule-queue", null);
  stage.after(legend, why, last, queue);
  legend.style.cssText = "display:flex;flex-wrap:wrap;gap:2px 12px;padding:7px 2px 3px;font-size:11px";
  why.style.cssText = "padding:4px 2px;min-height:2.8em;font-size:13px";
  last.style.cssText = `padding:2px 8px;border-left:4px solid ${MISS}`;
  queue.style.cssText = "overflow-x:auto;padding:4px 0";
  const view = { t0: 0, span: 1, overlay: frame.overlay };
  let tiles = [], due = 0, fitted = false;

  const plan = () => model.get("_plan");
  const at = () => model.get("_at");
  const ratio = () => window.devicePixelRatio || 1;
  const color = (task) => model.get("_look").palette[task % 8];
  const pattern = (task) => (task + Math.floor(task / 8)) % model.get("_look").patterns;

  function layout() {
    const { cores, tasks } = plan();
    const row = Math.max(15, Math.min(34, (560 - TOP - AXIS) / (cores + tasks.length)));
    const height = TOP + AXIS + row * (cores + tasks.length) + 8;
    stage.style.height = `${height}px`;
    const width = stage.clientWidth;
    const left = Math.min(LEFT, width * 0.26);
    return { row, height, width, left, wide: Math.max(1, width - left - RIGHT), tasksAt: TOP + row * cores + 8 };
  }

  function fit() {
    const { until, tasks } = plan(), { wide } = layout();
    const least = Math.min(...tasks.map((task) => task.wcet)), period = Math.min(...tasks.map((task) => task.period));
    view.span = Math.min(until, Math.max((wide / 18) * least, 3 * period));
    view.t0 = 0;
  }

  function follow() {
    const { until } = plan(), { now } = at();
    if (now > view.t0 + view.span * 0.92 || now < view.t0) view.t0 = now - view.span * 0.6;
    view.t0 = Math.max(0, Math.min(view.t0, until - view.span));
  }

  function draw() {
    due = 0;
    const { cores, tasks, segments, marks, unit } = plan(), { position, now } = at();
    const { row, height, width, left, wide, tasksAt } = layout();
    if (!width) return;
    if (!fitted) {
      fitted = true; // only now is the width known
      fit();
      follow();
    }
    canvas.width = Math.round(width * ratio());
    canvas.height = Math.round(height * ratio());
    const pen = canvas.getContext("2d");
    pen.scale(ratio(), ratio());
    const light = isLight(), ink = light ? "#1f1f1f" : "#e8e8e8", faint = light ? "#d8d8d8" : "#4a4a4a";
    const x = (time) => left + ((time - view.t0) / view.span) * wide;
    const bottom = height - AXIS;
    pen.font = "11px sans-serif";
    pen.textBaseline = "middle";
    const step = niceStep(view.span, wide / 50);
    pen.textAlign = "center";
    for (let k = Math.ceil(view.t0 / step); k * step <= view.t0 + view.span * 1.0001; k += 1) {
      pen.fillStyle = faint;
      pen.fillRect(x(k * step), TOP, 1, bottom - TOP);
      pen.fillStyle = ink;
      pen.fillText(String(Number((k * step).toPrecision(12))), x(k * step), bottom + 8);
    }
    pen.fillText(unit ? `time (${unit})` : "time", left + wide / 2, bottom + 22);
    pen.textAlign = "right";
    for (let core = 0; core < cores; core += 1) pen.fillText(`core ${core}`, left - 6, TOP + row * (core + 0.5));
    tasks.forEach((task, i) => {
      let name = task.name;
      while (name.length > 1 && pen.measureText(name).width > left - 10) name = `${name.slice(0, -2)}…`;
      pen.fillText(name, left - 6, tasksAt + row * (i + 0.5));
    });
    pen.fillStyle = ink;
    pen.fillRect(0, tasksAt - 4, width, 1);

    pen.save();
    pen.beginPath();
    pen.rect(view.t0 > 0 ? left : left - 6, 0, wide + RIGHT, bottom);
    pen.clip();
    const fills = tiles.map((tile) => pen.createPattern(tile, "repeat"));
    for (const fill of fills) fill.setTransform(new DOMMatrix().scale(1 / ratio()));
    pen.textAlign = "center";
    for (const [core, task, start, end, number] of segments) {
      if (number >= position || start > view.t0 + view.span || end < view.t0) continue;
      const from = x(start), size = Math.max(x(Math.min(end, now)) - from, start < now ? 1 : 0);
      if (size <= 0) continue;
      for (const [y, h] of [[TOP + row * core + 2, row - 4], [tasksAt + row * task + row * 0.3, row * 0.5]]) {
        pen.fillStyle = fills[task];
        pen.fillRect(from, y, size, h);
        pen.strokeStyle = light ? "#fff" : "#111";
        pen.lineWidth = 1;
        pen.strokeRect(from, y, size, h);
      }
      const name = tasks[task].name, need = pen.measureText(name).width + 6;
      if (need < size) {
        const middle = TOP + row * (core + 0.5);
        pen.fillStyle = "rgba(255,255,255,0.88)";
        pen.fillRect(from + size / 2 - need / 2, middle - 7, need, 14);
        pen.fillStyle = "#1f1f1f";
        pen.fillText(name, from + size / 2, middle + 0.5);
      }
    }
    for (const pass of [false, true]) {
      for (const [kind, time, task, core, number] of marks) {
        if (number >= position || pass !== (kind === "miss")) continue;
        const top = tasksAt + row * task;
        if (kind === "release") {
          if (time + tasks[task].deadline >= view.t0) drawMark(pen, "deadline", x(time + tasks[task].deadline), top, row - 1, ink);
        }
        if (time < view.t0 || time > view.t0 + view.span) continue;
        if (kind === "preempt") drawMark(pen, kind, x(time), TOP + row * core, row, ink);
        else drawMark(pen, kind, x(time), top, row - 1, ink);
      }
    }
    pen.fillStyle = light ? "#0072b2" : "#56b4e9";
    pen.fillRect(x(now) - 1, 0, 2, bottom);
    pen.restore();
    canvas.setAttribute("aria-hidden", "true");
    root.dataset.position = position;
    root.dataset.total = segments.length;
  }

  function redraw() {
    if (!due) due = requestAnimationFrame(channel.guard("drawing", draw));
  }

  function tell() {
    const { event, queue: rows, clock, position } = at(), { unit, misses, notes, policy } = plan();
    why.textContent = event;
    const missed = Object.keys(misses).map(Number).filter((number) => number < position);
    const newest = missed.length ? Math.max(...missed) : -1;
    last.textContent = newest < 0 ? "" : `${missed.length} missed; the last: ${misses[newest]}`;
    last.hidden = newest < 0 || newest === position - 1; // else it would be said twice
    status.replaceChildren();
    for (const text of [policy, `now ${clock}${unit ? ` ${unit}` : ""}`, `event ${position}`, ...notes]) {
      make("span", "", status).textContent = text;
    }
    queue.replaceChildren();
    const table = make("table", "", queue);
    table.style.cssText = "border-collapse:collapse;font-size:12px;text-align:left";
    const line = (cells, tag) => {
      const tr = make("tr", "", table);
      for (const text of cells) {
        const cell = make(tag, "", tr);
        cell.style.cssText = "padding:1px 10px 1px 2px;text-align:left";
        cell.textContent = text;
      }
    };
    line(["ready", "job", "compared", "left", "deadline", ""], "th");
    for (const job of rows) {
      const where = job.core === null ? "waits" : `runs on core ${job.core}`;
      const more = job.behind ? `, ${job.behind} more behind` : "";
      line([job.task, job.job, job.key, job.remaining, `${job.deadline}${job.late ? " (missed)" : ""}`, where + more], "td");
    }
    if (!rows.length) line(["empty", "", "", "", "", ""], "td");
  }

  function explain() {
    legend.replaceChildren();
    const entry = (paint, text) => {
      const item = make("span", "", legend);
      item.style.cssText = "display:inline-flex;align-items:center;gap:4px";
      const swatch = make("canvas", "", item, { "aria-hidden": "true" });
      swatch.width = swatch.height = 16 * ratio();
      swatch.style.cssText = "width:16px;height:16px";
      const pen = swatch.getContext("2d");
      pen.scale(ratio(), ratio());
      paint(pen);
      make("span", "", item).textContent = text;
    };
    plan().tasks.slice(0, 40).forEach((task, i) => entry((pen) => pen.drawImage(tiles[i], 0, 0, 16, 16), task.name));
    const ink = isLight() ? "#1f1f1f" : "#e8e8e8";
    for (const [kind, text] of LEGEND) entry((pen) => drawMark(pen, kind, kind === "preempt" ? 11 : 8, 0, 16, ink), text);
  }

  function start() {
    tiles = plan().tasks.map((_, i) => makeTile(color(i), pattern(i), ratio()));
    stage.setAttribute("aria-label", `${model.get("_title")}. Keys: ${KEYS}`);
    fitted = false;
    explain();
    moved();
  }

  function moved() {
    follow();
    tell();
    redraw();
  }

  const changes = [
    ["change:_plan", channel.guard("showing the schedule", start)],
    ["change:_at", channel.guard("showing a step", moved)],
    ["msg:custom", (message) => { if (message.kind === "notice") frame.overlay(message.text, false); }],
  ];
  for (const [name, action] of changes) model.on(name, action);
  stage.addEventListener("keydown", channel.guard("a key", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "+" || event.key === "-") {
      const { until } = plan();
      view.span = Math.min(until, Math.max(until * 1e-6, view.span * (event.key === "+" ? 0.7 : 1 / 0.7)));
      view.t0 = at().now - view.span * 0.6;
      moved();
    } else if (ACTIONS[event.key]) {
      frame.overlay("");
      channel.send({ kind: "key", action: ACTIONS[event.key] });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }), { signal });
  stage.addEventListener("pointerdown", () => stage.focus(), { signal });
  onTheme(channel.guard("the theme", () => { explain(); redraw(); }), signal);
  const watcher = new ResizeObserver(redraw);
  watcher.observe(stage);
  channel.join(view);
  start();
  return () => {
    watcher.disconnect();
    cancelAnimationFrame(due);
    for (const [name, action] of changes) model.off(name, action);
    channel.leave(view);
  };
}

export default () => {
  let channel = null;
  return {
    initialize({ model }) { channel = openChannel(model); },
    render({ model, el, signal }) {
      return channel.guard("starting", () => makeView(channel, model, el, signal))();
    },
  };
};
