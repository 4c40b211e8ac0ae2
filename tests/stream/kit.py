"""What the tests of servers and clients share: a source that is pushed, a sink that keeps, and patience."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from midstream_lab.feed import Block, Channel, Feed, Schema


class Rows:
    """A sink's callback that keeps every row."""

    def __init__(self, feed: Feed) -> None:
        self.blocks: list[Block] = []
        self.done = threading.Event()
        self.feed = feed
        self.pipe = feed.pipe(self)

    def schema_out(self, schema: Schema) -> Schema:
        return schema

    def update(self, block: Block) -> None:
        self.blocks.append(block)

    def finish(self) -> None:
        self.done.set()

    def all(self) -> np.ndarray:
        assert self.done.wait(30)
        return np.concatenate([np.stack(block.columns, axis=1) for block in self.blocks])


class Sensor:
    """A source that cannot wait: its rows are pushed by the test."""

    live = True

    def __init__(self) -> None:
        self.schema = Schema(channels=(Channel(name="v"),))
        self.queue: list[Block | Exception] = []
        self.changed = threading.Condition()
        self.ended = False

    def push(self, *items: Block | Exception, end: bool = False) -> None:
        with self.changed:
            self.queue += items
            self.ended = end
            self.changed.notify_all()

    def blocks(self, stop: Any) -> Iterator[Block]:
        while not stop.is_set():
            with self.changed:
                if not self.queue:
                    if self.ended:
                        return
                    self.changed.wait(0.05)
                    continue
                item = self.queue.pop(0)
            if isinstance(item, Exception):
                raise item
            yield item


def numbers(first: int, count: int) -> Block:
    return Block(first=first, start=first, columns=(np.arange(first, first + count, dtype=np.float64),))


def until(condition: Any, seconds: float = 20.0) -> None:
    """Wait for something that happens in another thread."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "waited too long"
        time.sleep(0.005)
