# ruff: noqa: F821 (ROUTE and SIDE are set by bench_latency in the line before)
# Runs in the notebook's kernel: samples whose place in the picture is their index, sent one by one at random times.
# ROUTE = "quic" streams them through a server and a client on loopback, "append" puts them into a feed directly.
import threading
import time
from fractions import Fraction

import numpy as np

from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.timebase import TimeBase
from midstream_widgets import LiveAttractor

go = threading.Event()
sent = []

#: The corners fix the picture's scale; the last row, on which the view puts its mark, lies in the middle.
FRAME = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [0, 0]], dtype=float)


def place(index):
    """Sample `index` stands in the middle of cell `index` of the grid."""
    row, column = divmod(index, SIDE)
    return [(2 * column + 1) / SIDE - 1, (2 * row + 1) / SIDE - 1]


class Marks:
    """A sensor: the frame, then, once told to, a sample every 30 to 90 ms, not in step with anything."""

    live = True
    schema = Schema(
        channels=(Channel(name="x"), Channel(name="y")), time=TimeBase(tick=Fraction(1, 1000), unit="s", step=60)
    )

    def blocks(self, stop):
        yield self.block(0, FRAME)
        go.wait()
        waits = np.random.default_rng(0).uniform(0.03, 0.09, SIDE * SIDE)
        for index, wait in enumerate(waits):
            time.sleep(wait)
            block = self.block(len(FRAME) + index, np.array([place(index)]))
            sent.append(time.time_ns())
            yield block

    def block(self, first, points):
        return Block(first=first, start=60 * first, columns=tuple(np.ascontiguousarray(c) for c in points.T))


source = Marks()
if ROUTE == "quic":
    from midstream_lab.stream import connect, serve

    server = serve({"marks": source}, name="latency bench")
    feed = connect(server.card).subscribe("marks")
else:
    feed = Feed(source.schema)

    def produce():
        for block in source.blocks(None):
            feed.append(block)

    threading.Thread(target=produce, name="producer", daemon=True).start()
shown = LiveAttractor(feed, channels=["x", "y"], style="points", estimate=False)
