"""Readers that keep what waits for them: the oldest rows, or every k-th one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .reader import Policy, Reader
from .ring import Ring
from .schema import Block

if TYPE_CHECKING:
    from ..errors import LabError
    from .feed import Feed
    from .reader import Listener

__all__ = ["Backlog", "attach"]


def attach(feed: Feed, listener: Listener, policy: Policy, *, strided: bool = False) -> Reader:
    """The reader of a policy; see `Reader` and `Backlog`."""
    kind = Reader if policy in ("block", "drop_oldest") else Backlog
    return kind(feed, listener, policy, strided=strided)


class Backlog(Reader):
    """A reader with rows of its own, as many rows and bytes as the feed's window may hold, and no more.

    - ``"drop_newest"``: when that is full, rows that come are dropped until half of it was taken. So what is read
      are long unbroken stretches.
    - ``"decimate"``: when that is full, only every k-th row is kept, of those that wait and of those that come. k
      is a power of two: it doubles whenever the backlog is full and halves whenever all was taken. The rows that are
      kept have numbers divisible by k, so the result does not depend on how they come in blocks. Nothing is averaged:
      what is shorter than k rows may be missed, and what is faster than 2 k rows is aliased.

    Parameters
    ----------
    feed, listener, strided
        See `Reader`.
    policy : {"drop_newest", "decimate"}
        What happens when the reader is behind.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from midstream_lab.feed import Channel, Feed, Schema
    >>> feed = Feed(Schema(channels=(Channel(name="x"),)), window=4)
    >>> nobody = SimpleNamespace(wake=lambda: None, fail=print)
    >>> newest, every = attach(feed, nobody, "drop_newest"), attach(feed, nobody, "decimate", strided=True)
    >>> feed.append_rows([[float(i) for i in range(10)]])
    >>> newest.take(100).columns[0], every.take(100).columns[0]
    (array([0., 1., 2., 3.]), array([0., 4., 8.]))
    >>> every.counts
    ReaderCounts(sent=10, received=3, dropped=7, waiting=0)
    """

    def offered(self, block: Block) -> LabError | None:
        self._ring.evict(self.taken)
        if self.policy == "decimate":
            self._decimate(block)
        else:
            self._fill(block)
        return None

    def _start(self, count: int) -> None:
        super()._start(count)
        held = self.feed.ring
        self._ring = self._empty()
        self.taken = self.done = 0
        self._stride_now = 1
        self._resume: int | None = None
        for run in held.runs(count):
            self.offered(held.read(*run, strided=True))

    def _empty(self) -> Ring:
        held = self.feed.ring
        return Ring(self.feed.schema, rows=held.capacity, max_bytes=held.max_bytes)

    def _fill(self, block: Block) -> None:
        """Keep the rows of `block` for which there is room."""
        if self._resume is not None:
            if self.waiting > self._resume:
                return
            self._resume = None
        rows = self._ring.room_for(block)
        if rows < len(block):
            self._resume = (self.waiting + rows) // 2
            block = block.cut(0, rows, step=self.feed.schema.time.step)
        if rows:
            self._ring.write(block)

    def _decimate(self, block: Block) -> None:
        """Keep the rows of `block` at multiples of the stride, which grows until they fit."""
        step = self.feed.schema.time.step
        if self._stride_now > 1 and not self.waiting:
            # One more row at the old stride, so that each row stands for those between it and the one before.
            passed = -block.first % self._stride_now // block.stride + 1
            self._keep(block.cut(0, min(passed, len(block)), step=step))
            if passed > len(block):
                return
            self._stride_now //= 2
            block = block.cut(passed, len(block), step=step)
        self._keep(block)

    def _keep(self, block: Block) -> None:
        step = self.feed.schema.time.step
        kept = block.thinned(self._stride_now, step=step)
        while self._ring.room_for(kept) < len(kept):
            self._stride_now *= 2
            self._thin()
            kept = block.thinned(self._stride_now, step=step)
        if len(kept):
            self._ring.write(kept)

    def _thin(self) -> None:
        """Keep of the rows that wait those at multiples of the stride."""
        crowded, begin = self._ring, self.taken
        self._ring = self._empty()
        self.taken = self.done = 0
        for run in crowded.runs(begin):
            rows = crowded.read(*run, strided=True).thinned(self._stride_now, step=self.feed.schema.time.step)
            if len(rows):
                self._ring.write(rows)
