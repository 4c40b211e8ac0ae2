# ruff: noqa: F821 (LIBRARY and POINTS are set by bench_frames in the line before)
# Runs in the notebook's kernel: the same curve, `POINTS` long, moving by 256 points 60 times a second, for
# LiveAttractor (LIBRARY = "ours") or for plotly's FigureWidget (LIBRARY = "plotly").
import threading
import time

import numpy as np

NEW, RATE = 256, 60
stop = threading.Event()


def curve(first, count):
    t = 0.01 * np.arange(first, first + count)
    return [np.sin(t) + 0.3 * np.sin(2.7 * t), np.cos(t) + 0.3 * np.cos(3.1 * t), np.sin(0.31 * t)]


def offer(update):
    """Call `update(first)` at the rate; what the clock says is due is offered, also after a delay."""
    start, offered = time.monotonic(), 0
    while not stop.wait(max(0.0, start + offered / RATE - time.monotonic())):
        update(POINTS + NEW * offered)
        offered += 1


if LIBRARY == "ours":
    from midstream_lab.feed import Channel, Feed, Schema
    from midstream_widgets import LiveAttractor

    channels = tuple(Channel(name=name) for name in "xyz")
    feed = Feed(Schema(channels=channels), window=POINTS + 65_536, max_bytes=1 << 28)
    feed.append_rows(curve(0, POINTS))
    shown = LiveAttractor(feed, channels=["x", "y", "z"], trail=POINTS, estimate=False)

    def update(first):
        feed.append_rows(curve(first, NEW))
else:
    import plotly.graph_objects as go

    def arrays(first):
        return dict(zip("xyz", (each.astype(np.float32) for each in curve(first + NEW - POINTS, POINTS)), strict=True))

    shown = go.FigureWidget(go.Scatter3d(**arrays(-NEW), mode="lines", line={"width": 2}), layout={"showlegend": False})
    drawn = threading.Event()
    drawn.set()

    def update(first):
        # Whole arrays would queue up without end: plotly is given the newest when the page says the last one is drawn.
        if drawn.is_set():
            drawn.clear()
            shown.plotly_restyle({name: [each] for name, each in arrays(first).items()}, trace_indexes=0)


producer = threading.Thread(target=offer, args=(update,), name="producer", daemon=True)
