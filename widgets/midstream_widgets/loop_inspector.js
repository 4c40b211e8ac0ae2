// The strange loop: levels as a stack, the sequence with its prediction, weights, proposals, journal.

const KEYS = "up and down choose a proposal, plus and minus change how many rows are seen, space pauses";

// What was sent, for every view of this model.
function makeStore(model) {
  const channel = openChannel(model);
  const store = { channel, model, frame: null, table: new Float32Array(0), width: 0, runs: new Map(), frames: 0 };
  const floats = (buffer) =>
    new Float32Array(buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength));
  model.on("msg:custom", channel.guard("receiving", (message, buffers) => {
    if (message.kind === "frame") {
      store.frame = message;
      store.table = floats(buffers[0]);
      store.width = 3 + model.get("_look").experts.length;
      store.frames += 1;
    } else if (message.kind === "run") {
      store.runs.set(message.number, floats(buffers[0]));
    } else if (message.kind === "error") {
      for (const view of channel.views) view.overlay(message.text, true);
    }
    if (message.seq) channel.took(message.seq);
    for (const view of channel.views) view.invalidate();
  }));
  return store;
}

// A chart in a canvas: axes, then what `paint` draws in the units of the data.
function drawChart(canvas, light, { x, y, label, marks = [] }, paint) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2), width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width || !height) return;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const left = 44, right = 6, top = 16, bottom = 16;
  const px = (value) => left + ((value - x[0]) / (x[1] - x[0] || 1)) * (width - left - right);
  const py = (value) => height - bottom - ((value - y[0]) / (y[1] - y[0] || 1)) * (height - top - bottom);
  const soft = light ? "#595959" : "#b8b8b8";
  pen.font = "11px sans-serif";
  pen.strokeStyle = light ? "#0000002e" : "#ffffff3a";
  pen.lineWidth = 1;
  pen.strokeRect(left, top, width - left - right, height - top - bottom);
  pen.fillStyle = soft;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const value of y.ticks || [y[0], y[1]]) {
    pen.fillText(short(value + (y.offset || 0)), left - 4, Math.min(Math.max(py(value), top + 5), height - bottom - 5));
  }
  pen.textBaseline = "bottom";
  pen.textAlign = "left";
  pen.fillText(String(x[0]), left, height);
  pen.textAlign = "right";
  pen.fillText(String(x[1]), width - right, height);
  let at = left;
  pen.textAlign = "left";
  for (const [text, color] of label) {
    pen.fillStyle = color || soft;
    if (color) {
      pen.fillRect(at, 6, 12, 3);
      at += 16;
      pen.fillStyle = soft;
    }
    pen.fillText(text, at, 14);
    at += pen.measureText(text).width + 12;
  }
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width - left - right, height - top - bottom);
  pen.clip();
  for (const [value, color] of marks) {
    pen.strokeStyle = color;
    pen.setLineDash([4, 3]);
    pen.beginPath();
    pen.moveTo(px(value), top);
    pen.lineTo(px(value), height - bottom);
    pen.stroke();
  }
  pen.setLineDash([]);
  paint({
    pen, px, py,
    line(count, value, color, thick = 1.3) {
      pen.strokeStyle = color;
      pen.lineWidth = thick;
      pen.beginPath();
      let down = false;
      for (let i = 0; i < count; i += 1) {
        const [u, v] = value(i);
        if (!Number.isFinite(v)) { down = false; continue; }
        if (down) pen.lineTo(px(u), py(v));
        else pen.moveTo(px(u), py(v));
        down = true;
      }
      pen.stroke();
    },
  });
  pen.restore();
}

function makeBars(parent, names, colors) {
  return names.map((name, i) => {
    const row = make("div", "midstream-bar", parent);
    make("b", "", row, { title: name }).textContent = name;
    const fill = make("span", "", make("i", "", row)), text = make("em", "", row);
    fill.style.background = colors[i];
    return (value) => {
      fill.style.width = `${100 * Math.min(Math.max(value, 0), 1)}%`;
      text.textContent = Number.isFinite(value) ? value.toFixed(2) : "";
    };
  });
}

function makeTower(stage, look) {
  const tower = make("div", "midstream-tower", stage);
  const edge = make("div", "midstream-edge", tower, { "data-cut": String(!look.closed) });
  const gate = make("div", "midstream-gate", edge);
  const level = (title, gives) => {
    const box = make("div", "midstream-level", tower, { "data-gives": gives });
    make("h4", "", box).textContent = title;
    return box;
  };
  const two = level("Level 2 · has the world changed?", "");
  const change = makeBars(two, ["belief"], [look.verdicts.open])[0];
  const budget = make("div", "midstream-quiet", two);
  budget.textContent = look.closed
    ? `may propose ${look.budget[0]} times in ${look.budget[1].toLocaleString("en")} rows` : "may not propose (loop cut)";
  const weights = makeBars(level("Level 1 · whom to trust", "loss"), look.experts, look.colors);
  const zero = level("Level 0 · experts", "predictions");
  const said = make("div", "midstream-quiet", zero);
  said.textContent = look.experts.join(", ");
  return {
    show(table, width, rows, newest) {
      const at = (rows - 1) * width;
      change(rows ? table[at + 2] : NaN);
      weights.forEach((bar, i) => bar(rows ? table[at + 3 + i] : NaN));
      const verdict = newest ? newest.verdict : "";
      gate.textContent = verdict === "open" ? "gate: shadow runs" : verdict ? `gate: ${verdict}` : "gate";
      edge.style.borderColor = edge.style.color = gate.style.borderColor = verdict ? look.verdicts[verdict] : "";
    },
  };
}

function extent(table, width, rows, columns) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < rows; i += 1) {
    for (const column of columns) {
      const value = table[i * width + column];
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (!(high >= low)) return [0, 1];
  const margin = 0.05 * (high - low) || 0.5;
  return [low - margin, high + margin];
}

function drawRun(canvas, light, look, run) {
  const rows = run ? run.length / 4 : 0;
  const y = Object.assign([-1.5, 1.5], { ticks: [-1, 0, 1] });
  const label = [["excess loss", look.line], ["95 %", look.band]];
  drawChart(canvas, light, { x: [0, look.horizon], y, label }, ({ pen, px, py, line }) => {
    pen.fillStyle = `${look.band}55`;
    pen.beginPath();
    for (let i = 0; i < rows; i += 1) pen.lineTo(px(run[4 * i]), py(run[4 * i + 2]));
    for (let i = rows - 1; i >= 0; i -= 1) pen.lineTo(px(run[4 * i]), py(run[4 * i + 3]));
    pen.fill();
    line(2, (i) => [i * look.horizon, 0], light ? "#777777" : "#aaaaaa", 1);
    line(rows, (i) => [run[4 * i], run[4 * i + 1]], look.line, 1.8);
  });
}

function makeView(store, model, el, signal) {
  const { channel } = store, look = model.get("_look"), frame = makeFrame(el, model.get("_title"), KEYS);
  const { stage, root, status } = frame;
  stage.classList.add("midstream-loop");
  stage.dataset.lmSuppressShortcuts = "true"; // the notebook's own keys rest while the picture has the focus
  const tower = makeTower(stage, look);
  const charts = make("div", "midstream-charts", stage);
  const sequence = make("canvas", "midstream-sequence", charts, { role: "img", "aria-label": "the sequence and its prediction" });
  const weights = make("canvas", "midstream-weights", charts, { role: "img", "aria-label": "weights of the experts over time; dashed lines are proposals and verdicts" });
  const tried = make("div", "midstream-tried", stage), side = make("div", "", tried), shown = make("div", "midstream-run", tried);
  make("h4", "", side).textContent = "Proposals";
  const list = make("ul", "midstream-list", side, { role: "listbox", "aria-label": "proposals" });
  const chart = make("canvas", "", shown, { role: "img", "aria-label": "shadow run of the chosen proposal" });
  const reason = make("p", "midstream-reason", shown, { "aria-live": "polite" });
  const journal = make("div", "midstream-journal", stage);
  make("h4", "", journal).textContent = "Journal";
  const lines = make("ol", "midstream-lines", journal);
  const fields = {};
  let pending = 0, chosen = null, drawnLines = "", drawnList = "";

  const proposals = () => (store.frame ? store.frame.proposals : []);
  const current = () => proposals().find((each) => each.number === chosen) || proposals().at(-1);
  const view = { overlay: frame.overlay, invalidate() { pending ||= requestAnimationFrame(channel.guard("drawing", draw)); } };

  function draw() {
    pending = 0;
    const light = isLight(), said = store.frame, { table, width } = store;
    const rows = said ? table.length / width : 0, first = said ? said.first : 0, ink = light ? "#8a8a8a" : "#a0a0a0";
    const x = [first, first + Math.max(rows - 1, 1)];
    const marks = (said ? said.journal : []).map((entry) => [entry.row, look.verdicts[entry.verdict]]);
    const y = Object.assign(extent(table, width, rows, [0]), { offset: said ? said.offset : 0 });
    drawChart(sequence, light, { x, y, label: [["value", ink], ["prediction", look.line]], marks }, ({ line }) => {
      line(rows, (i) => [first + i, table[i * width]], ink);
      line(rows, (i) => [first + i, table[i * width + 1]], look.line);
    });
    const unit = Object.assign([-0.02, 1.02], { ticks: [0, 0.5, 1] });
    drawChart(weights, light, { x, y: unit, label: [["weight by row"]], marks }, ({ line }) => {
      look.experts.forEach((_, k) => line(rows, (i) => [first + i, table[i * width + 3 + k]], look.colors[k], 1.6));
    });
    tower.show(table, width, rows, proposals().at(-1));
    showProposals(light);
    showJournal(said);
    root.dataset.total = said ? said.total : 0;
    root.dataset.proposals = proposals().length;
    channel.drawn();
  }

  function showProposals(light) {
    const now = current(), text = JSON.stringify([proposals().map((each) => [each.number, each.verdict]), now && now.number]);
    if (text !== drawnList) {
      drawnList = text;
      list.replaceChildren();
      for (const each of proposals()) {
        const item = make("li", "", list, { role: "option", "aria-selected": String(each === now) });
        make("span", "midstream-chip", item).style.background = look.verdicts[each.verdict];
        make("span", "", item).textContent = `${each.number} · row ${each.row.toLocaleString("en")} · ${each.verdict}`;
        item.addEventListener("click", () => choose(each.number), { signal });
        if (each === now) list.scrollTop = item.offsetTop - list.offsetTop - 60;
      }
      if (!now) make("li", "midstream-quiet", list).textContent = "none yet";
    }
    drawRun(chart, light, look, now && store.runs.get(now.number));
    const told = now ? `${now.proposer} to ${now.target}: ${now.change} → ${now.verdict}: ${now.reason}`
      : `The gate asks: ${look.formulas.join("; ")}; commits when excess_hi < 0.`;
    if (reason.textContent !== told) reason.textContent = told;
  }

  function showJournal(said) {
    const text = JSON.stringify(said ? said.journal : []);
    if (text === drawnLines) return;
    drawnLines = text;
    lines.replaceChildren();
    for (const entry of (said ? said.journal : []).toReversed()) {
      make("li", "", lines).textContent = `row ${entry.row}  #${entry.number}  ${entry.verdict}  ${entry.reason}`;
    }
    if (!lines.children.length) make("li", "midstream-quiet", lines).textContent = "empty";
  }

  function choose(number) {
    chosen = number;
    view.invalidate();
  }
  function move(by) {
    const all = proposals(), at = all.indexOf(current());
    if (all.length) choose(all[Math.min(Math.max(at + by, 0), all.length - 1)].number);
  }
  const zoom = (factor) => channel.send({ kind: "rows", rows: Math.round((store.frame ? store.frame.rows : 1000) * factor) });
  const keys = {
    ArrowUp: () => move(-1), ArrowDown: () => move(1), "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
    " ": () => channel.send({ kind: "pause" }),
  };
  stage.addEventListener("keydown", channel.guard("handling input", (event) => {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }), { signal });

  function tell() {
    for (const [name, text] of Object.entries(model.get("_status"))) {
      fields[name] ??= make("span", `midstream-${name}`, status);
      if (fields[name].textContent !== text) fields[name].textContent = text;
    }
  }
  model.on("change:_status", channel.guard("following _status", tell));
  onTheme(view.invalidate, signal);
  const sizes = new ResizeObserver(channel.guard("resizing", () => {
    stage.classList.toggle("midstream-narrow", root.clientWidth < 620);
    view.invalidate();
  }));
  sizes.observe(root);
  tell();
  channel.join(view);
  return () => {
    sizes.disconnect();
    cancelAnimationFrame(pending);
    channel.leave(view);
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
