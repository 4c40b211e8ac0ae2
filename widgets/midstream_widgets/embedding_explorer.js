// The charts beside an embedding, and the words under them.

function makeView(channel, model, el, signal) {
  const root = make("div", "midstream", el, { role: "group", "aria-label": model.get("_title") });
  const grid = make("div", "midstream-grid", root);
  const message = make("div", "midstream-message", root, { role: "alert", hidden: "" });
  message.style.position = "static";
  const charts = { _information: null, _dimension: null, _divergence: null };
  for (const name of Object.keys(charts)) charts[name] = makeChart(grid, channel, signal);
  const words = make("div", "midstream-said", grid, { role: "status", "aria-live": "polite" });
  const [estimate, embedding] = ["estimate", "embedding"].map((name) => make("p", `midstream-${name}`, words));
  const places = {
    _information: ({ delay, step }) => ({ x: delay * step, name: `shown: ${delay}` }),
    _dimension: (now) => ({ x: now.embedding_dim, name: `shown: ${now.embedding_dim}` }),
    _divergence: () => null,
  };

  function show(name) {
    const now = model.get("_now");
    charts[name].show(model.get(name), now.delay ? places[name](now) : null);
    const { of } = model.get("_divergence");
    if (name === "_divergence" && of) root.dataset.drawn = [of.delay, of.embedding_dim, of.theiler].join(" ");
  }

  function tell() {
    const now = model.get("_now");
    estimate.textContent = now.estimate || "";
    estimate.dataset.computing = Boolean(now.computing);
    embedding.textContent = now.words || "";
    root.dataset.shown = [now.delay, now.embedding_dim, now.theiler].join(" ");
    for (const name of ["_information", "_dimension"]) show(name);
  }

  const recolor = () => { root.dataset.light = isLight(); };
  const view = {
    overlay(text) {
      message.hidden = !text;
      message.textContent = text || "";
      message.classList.add("midstream-wrong");
    },
  };
  const changes = [["change:_now", channel.guard("telling", tell)]];
  for (const name of Object.keys(charts)) changes.push([`change:${name}`, channel.guard("drawing", () => show(name))]);
  for (const [name, action] of changes) model.on(name, action);
  onTheme(recolor, signal);
  const sizes = new ResizeObserver(channel.guard("resizing", () => { for (const chart of Object.values(charts)) chart.resize(); }));
  sizes.observe(grid);
  recolor();
  channel.join(view);
  tell();
  show("_divergence");
  return () => {
    sizes.disconnect();
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
