// What every live widget shares. Python joins this text with the widget's own file into one ES module.

// A small wrapper around the model: who we are, what we owe an acknowledgement for, and errors.
function openChannel(model) {
  const client = Math.random().toString(36).slice(2, 10);
  const views = new Set();
  let received = 0, acked = 0, frames = 0, timer = 0;
  const send = (content, buffers) => model.send({ ...content, client }, undefined, buffers);
  // A page that is left or reloaded says so while it can; else it is waited for until it counts as silent.
  window.addEventListener("pagehide", () => { if (views.size) send({ kind: "goodbye" }); });
  window.addEventListener("pageshow", (event) => { if (event.persisted && views.size) send({ kind: "hello" }); });
  function acknowledge() {
    frames = 0;
    if (received <= acked) return;
    acked = received;
    send({ kind: "ack", seq: received });
  }
  const channel = {
    client,
    views,
    send,
    took(seq) { received = seq; },
    // Acknowledge about every sixth frame, and soon after the last one when no more follow.
    drawn() {
      frames += 1;
      clearTimeout(timer);
      if (frames >= 6) acknowledge();
      else timer = setTimeout(acknowledge, 100);
    },
    join(view) {
      views.add(view);
      if (views.size === 1) send({ kind: "hello" });
    },
    leave(view) {
      views.delete(view);
      if (views.size === 0) send({ kind: "goodbye" });
    },
    // An error is shown to the person on every view, and told to Python.
    fail(error, during) {
      const text = `${during}: ${error && error.message ? error.message : error}`;
      console.error("[midstream_widgets]", text, error);
      for (const view of views) view.overlay(`This view stopped. ${text}`, true);
      send({ kind: "error", text, stack: String((error && error.stack) || "") });
    },
    guard(during, action) {
      return (...args) => {
        try {
          return action(...args);
        } catch (error) {
          channel.fail(error, during);
          return undefined;
        }
      };
    },
  };
  return channel;
}

function make(tag, className, parent, attributes = {}) {
  const node = document.createElement(tag);
  node.className = className;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (parent) parent.append(node);
  return node;
}

// The frame around a picture: stage, message over it, status line under it.
function makeFrame(el, label, keys) {
  const root = make("div", "midstream", el);
  const stage = make("div", "midstream-stage", root, {
    tabindex: "0",
    role: "application",
    "aria-roledescription": "interactive picture",
    "aria-label": `${label}. Keys: ${keys}`,
  });
  const message = make("div", "midstream-message", stage, { role: "alert", hidden: "" });
  const status = make("div", "midstream-status", root, { role: "status", "aria-live": "off" });
  return {
    root,
    stage,
    status,
    overlay(text, wrong) {
      message.hidden = !text;
      message.textContent = text || "";
      message.classList.toggle("midstream-wrong", Boolean(wrong));
    },
  };
}

// JupyterLab says on <body> whether its theme is light; elsewhere the system's wish counts.
function isLight() {
  const said = document.body.dataset.jpThemeLight;
  return said === undefined ? !matchMedia("(prefers-color-scheme: dark)").matches : said === "true";
}

function onTheme(action, signal) {
  const watcher = new MutationObserver(action);
  watcher.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  const query = matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", action, { signal });
  signal.addEventListener("abort", () => watcher.disconnect());
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// 1234.5 as people write it on an axis.
function short(value) {
  if (!Number.isFinite(value)) return "";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

// Steps of an axis: 1, 2 or 5 times a power of ten.
function niceStep(span, most) {
  const rough = span / Math.max(1, most), power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((k) => k * power >= rough * 0.999999);
}
