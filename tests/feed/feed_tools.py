"""What the feed tests share: schemas, blocks, plain operators and a collector."""

import threading
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.timebase import TimeBase

ONE = Schema(channels=(Channel(name="x", unit="mV"),), time=TimeBase.from_dt("1/360"))
TEXT = Schema(channels=(Channel(name="word", kind="text"), Channel(name="x")))
IRREGULAR = Schema(channels=(Channel(name="x"),), time=TimeBase(tick=Fraction(1, 10**9), unit="s", step=0))


def ramp(first: int, stop: int) -> Block:
    """Rows whose value is their number."""
    return Block(first=first, start=first, columns=(np.arange(first, stop, dtype=float),))


def chunks(total: int, size: int) -> Iterator[Block]:
    for first in range(0, total, size):
        yield ramp(first, min(first + size, total))


class Pass:
    """Gives back what it gets, and remembers the lengths."""

    name = "pass"

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def schema_out(self, schema: Schema) -> Schema:
        return schema

    def update(self, block: Block) -> Block:
        self.lengths.append(len(block))
        return block

    def finish(self) -> None:
        return None


class Smooth(Pass):
    """An operator with memory: a first-order low-pass whose state is carried over blocks."""

    name = "smooth"

    def schema_out(self, schema: Schema) -> Schema:
        self.state = 0.0
        return Schema(channels=(Channel(name="smooth"),), time=schema.time)

    def update(self, block: Block) -> Block:
        self.lengths.append(len(block))
        if block.gap:
            self.state = 0.0
        out = np.empty(len(block))
        for i, value in enumerate(block.columns[0]):
            self.state += 0.3 * (value - self.state)
            out[i] = self.state
        return Block(first=block.first, start=block.start, columns=(out,), ticks=block.ticks)


class Boom(Pass):
    """Raises at a given row."""

    name = "boom"

    def __init__(self, at: int, error: BaseException | None = None) -> None:
        super().__init__()
        self.at = at
        self.error = error if error is not None else RuntimeError("boom")

    def update(self, block: Block) -> Block:
        if block.first <= self.at < block.stop:
            raise self.error
        return block


class Held(Pass):
    """Waits in `update` until it is let go."""

    name = "held"

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.go = threading.Event()

    def update(self, block: Block) -> Block:
        self.entered.set()
        assert self.go.wait(30)
        return super().update(block)


class Collector:
    """A sink that keeps what it gets."""

    def __init__(self, feed: Feed, **options) -> None:
        self.blocks: list[Block] = []
        self.sink = feed.sink(self.blocks.append, **options)

    def values(self) -> np.ndarray:
        """The first column of every row, when the feed has ended."""
        self.sink.wait(timeout=60)
        return np.concatenate([block.columns[0] for block in self.blocks]) if self.blocks else np.empty(0)
