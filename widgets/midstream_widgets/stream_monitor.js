// Streams of clients: a line for each connection, a row for each subscription, and strip charts of lateness.

const KEYS = "space holds the picture; the priority of each stream is a list in its row";

// What each column shows, by the field of the message that it takes.
const COLUMNS = [
  ["name", "source", true], ["priority", "priority", true], ["policy", "policy", true], ["rows", "rows/s"], ["size", "MB/s"],
  ["late_by", "median / 99 % (ms)"], ["lost", "lost"], ["decimated", "decimated"], ["dropped", "dropped"], ["late", "late"],
  ["state", "state", true],
];
const HINTS = {
  lost: "rows that never came: dropped at the sender or no longer held there",
  decimated: "rows that the policy decimate left out evenly",
  dropped: "rows that readers in this process dropped because they were behind",
  late: "rows that came after their place was passed",
};

// What was sent, for every view of this model.
function makeStore(model) {
  const channel = openChannel(model);
  const store = { channel, model, frame: null, tables: new Map(), frames: 0 };
  model.on("msg:custom", channel.guard("receiving", (message, buffers) => {
    if (message.kind === "frame") {
      const bytes = buffers[0];
      const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
      let at = 0;
      store.tables.clear();
      for (const line of message.lines) {
        store.tables.set(line.number, all.subarray(at, at + 3 * line.points));
        at += 3 * line.points;
      }
      store.frame = message;
      store.frames += 1;
    } else if (message.kind === "error") {
      for (const view of channel.views) view.overlay(message.text, true);
    }
    if (message.seq) channel.took(message.seq);
    for (const view of channel.views) view.invalidate();
  }));
  return store;
}

// The powers of ten around all values in ms, and at least one decade.
function decades(tables) {
  let low = Infinity, high = -Infinity;
  for (const table of tables) {
    for (let i = 0; i < table.length; i += 3) {
      for (const value of [table[i + 1], table[i + 2]]) {
        if (value > 0) {
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      }
    }
  }
  if (!(high > 0)) return [0, 1];
  const begin = Math.floor(Math.log10(1e3 * low)), end = Math.ceil(Math.log10(1e3 * high));
  return [begin, Math.max(end, begin + 1)];
}

// A strip chart: seconds before now, ms on a logarithmic axis; the median as a line, the 99th percentile dotted.
function drawStrip(canvas, light, seconds, measure, lines, tables) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2), width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width || !height) return;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const left = 44, right = 8, top = 20, bottom = 32, soft = light ? "#595959" : "#b8b8b8";
  const [low, high] = decades(lines.map((line) => tables.get(line.number)));
  const px = (time) => left + ((time + seconds) / seconds) * (width - left - right);
  const py = (late) => height - bottom - ((Math.log10(1e3 * late) - low) / (high - low)) * (height - top - bottom);
  pen.font = "11px sans-serif";
  pen.lineWidth = 1;
  pen.fillStyle = soft;
  pen.strokeStyle = light ? "#0000001f" : "#ffffff2a";
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (let decade = low; decade <= high; decade += 1) {
    const y = py(10 ** (decade - 3));
    pen.strokeRect(left, y, width - left - right, 0);
    pen.fillText(short(10 ** decade), left - 5, y);
  }
  pen.textBaseline = "alphabetic";
  pen.textAlign = "left";
  pen.fillText(`${measure} (ms): — median, ··· 99 %`, left, 12);
  const step = [0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1200].find((each) => seconds / each <= width / 70) || 3600;
  pen.textAlign = "center";
  for (let time = 0; time >= -seconds; time -= step) {
    const x = px(time);
    pen.strokeRect(x, top, 0, height - top - bottom);
    pen.fillText(time ? short(time).replace("-", "−") : "now", Math.min(x, width - right - 10), height - bottom + 13);
  }
  pen.fillText("time (s)", left + (width - left - right) / 2, height - 4);
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width - left - right, height - top - bottom);
  pen.clip();
  for (const line of lines) {
    const table = tables.get(line.number);
    for (const [column, thick, dots] of [[1, 1.8, []], [2, 1.3, [1.5, 3]]]) {
      pen.strokeStyle = line.color;
      pen.lineWidth = thick;
      pen.setLineDash(dots);
      pen.beginPath();
      let down = false;
      for (let i = 0; i < table.length; i += 3) {
        const value = table[i + column];
        if (!(value > 0)) { down = false; continue; }
        if (down) pen.lineTo(px(table[i]), py(value));
        else pen.moveTo(px(table[i]), py(value));
        down = true;
      }
      pen.stroke();
    }
  }
  pen.restore();
}

function makeRow(body, line, priorities, choose) {
  const row = make("tr", "", body), cells = {};
  for (const [field, title, isText] of COLUMNS) {
    const cell = make("td", `midstream-${field}${isText ? " midstream-text" : ""}`, row);
    if (field !== "name") cell.dataset.title = title;
    cells[field] = cell;
  }
  make("span", "midstream-swatch", cells.name, { "aria-hidden": "true" }).style.background = line.color;
  const name = make("span", "", cells.name);
  const select = make("select", "", cells.priority, { "aria-label": `priority of ${line.name}` });
  select.dataset.lmSuppressShortcuts = "true"; // its arrow keys choose; the notebook would move to another cell
  for (const level of priorities) make("option", "", select).textContent = level;
  let chosen = 0;
  select.addEventListener("change", () => {
    chosen = Date.now();
    choose(line.number, select.value);
  });
  const number = (value) => (value === null ? "–" : short(value));
  return {
    row,
    show(said) {
      const told = { ...said, late_by: `${number(said.p50)} / ${number(said.p99)}` };
      name.textContent = cells.name.title = said.name;
      if (told.delivery === "datagram") told.policy += ", datagrams";
      for (const [field] of COLUMNS) {
        if (field !== "name" && field !== "priority" && cells[field].textContent !== told[field]) cells[field].textContent = told[field];
      }
      cells.state.title = said.state;
      select.disabled = said.ended;
      // what a person has just chosen stays while messages that do not know of it are on their way
      if (select.value !== said.priority && Date.now() - chosen > 1000) select.value = said.priority;
    },
  };
}

function makeView(store, model, el, signal) {
  const { channel } = store, look = model.get("_look"), frame = makeFrame(el, model.get("_title"), KEYS);
  const { stage, root, status } = frame;
  stage.classList.add("midstream-streams");
  stage.setAttribute("role", "group");
  stage.dataset.lmSuppressShortcuts = "true"; // the notebook's own keys rest while the picture has the focus
  const links = make("div", "midstream-links", stage), charts = make("div", "midstream-strips", stage);
  const table = make("table", "midstream-table", stage, { "aria-label": model.get("_title") });
  const heads = make("tr", "", make("thead", "", table)), body = make("tbody", "", table);
  for (const [field, title, isText] of COLUMNS) {
    make("th", isText ? "midstream-text" : "", heads, { scope: "col", title: HINTS[field] || "" }).textContent = title;
  }
  const note = make("div", "midstream-note", stage, { role: "alert" });
  const rows = new Map(), strips = new Map(), lines = [], fields = {};
  let pending = 0, last = 0;
  const view = {
    overlay: frame.overlay,
    invalidate() { pending ||= requestAnimationFrame(channel.guard("drawing", draw)); },
  };
  const choose = channel.guard("choosing", (number, priority) => channel.send({ kind: "priority", number, priority }));

  function showLinks(clients) {
    while (lines.length < clients.length) {
      const line = make("div", "midstream-link", links);
      lines.push({ line, name: make("b", "", line), parts: ["status", "address", "clock"].map(() => make("span", "", line)) });
    }
    clients.forEach((client, i) => {
      const { line, name, parts } = lines[i], status = client.status.slice(client.name.length + 2);
      line.dataset.state = client.state;
      name.textContent = client.name;
      [status, client.address, client.clock].forEach((text, k) => {
        if (parts[k].textContent !== text) parts[k].textContent = text;
      });
    });
  }

  function showRows(said) {
    for (const [number, each] of rows) {
      if (said.every((line) => line.number !== number)) {
        each.row.remove();
        rows.delete(number);
      }
    }
    for (const line of said) {
      if (!rows.has(line.number)) rows.set(line.number, makeRow(body, line, look.priorities, choose));
      rows.get(line.number).show(line);
    }
  }

  function showStrips(said) {
    const light = isLight(), measures = [...new Set(said.map((line) => line.measure))].toSorted();
    for (const [measure, canvas] of strips) {
      if (!measures.includes(measure)) {
        canvas.remove();
        strips.delete(measure);
      }
    }
    for (const measure of measures) {
      if (!strips.has(measure)) strips.set(measure, make("canvas", "midstream-strip", charts, { role: "img" }));
      const drawn = said.filter((line) => line.measure === measure), canvas = strips.get(measure);
      canvas.setAttribute("aria-label", `${measure} of ${drawn.map((line) => line.name).join(", ")}, over ${look.seconds} s; now in the table`);
      drawStrip(canvas, light, look.seconds, measure, drawn, store.tables);
    }
  }

  function draw() {
    pending = 0;
    const said = store.frame, now = performance.now();
    if (!said) return;
    showLinks(said.clients);
    showRows(said.lines);
    // those who want little motion see the charts move once a second
    if (!calm() || now - last > 950) {
      last = now;
      showStrips(said.lines);
    }
    const more = said.left_out ? `${said.left_out} more subscriptions are not shown. ` : "";
    if (note.textContent !== more + said.note) note.textContent = more + said.note;
    root.dataset.frames = store.frames;
    channel.drawn();
  }

  stage.addEventListener("keydown", channel.guard("handling input", (event) => {
    if (event.key !== " " || event.target !== stage) return;
    event.preventDefault();
    event.stopPropagation();
    channel.send({ kind: "pause" });
  }), { signal });

  function tell() {
    for (const [name, text] of Object.entries(model.get("_status"))) {
      fields[name] ??= make("span", `midstream-${name}`, status);
      if (fields[name].textContent !== text) fields[name].textContent = text;
    }
  }
  model.on("change:_status", channel.guard("following _status", tell));
  const repaint = () => {
    last = 0;
    view.invalidate();
  };
  onTheme(repaint, signal);
  const sizes = new ResizeObserver(channel.guard("resizing", () => {
    stage.classList.toggle("midstream-narrow", root.clientWidth < 760);
    repaint();
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
