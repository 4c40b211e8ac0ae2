"""A place in a feed: what one reader has taken, what it still has to take and what it lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import numpy as np

from ..errors import InputError, LabError
from .schema import Block

if TYPE_CHECKING:
    from .feed import Feed

__all__ = ["Policy", "Reader", "ReaderCounts", "checked_policy"]

Policy = Literal["block", "drop_oldest", "drop_newest", "decimate"]


class Listener(Protocol):
    """What a reader reads for."""

    def wake(self) -> None:
        """There are rows to take, or the feed has closed."""
        ...

    def fail(self, error: BaseException) -> None:
        """The reader cannot go on."""
        ...


@dataclass(frozen=True, kw_only=True)
class ReaderCounts:
    """Rows of a feed as one reader sees them; ``sent == received + dropped + waiting``, always.

    Parameters
    ----------
    sent : int
        Rows that the feed had for this reader.
    received : int
        Rows that the reader took.
    dropped : int
        Rows that its policy dropped, or that it gave up when it closed.
    waiting : int
        Rows that it has still to take; 0 once it has ended.
    """

    sent: int = 0
    received: int = 0
    dropped: int = 0
    waiting: int = 0


def checked_policy(policy: Any) -> Policy:
    """`policy`, or an `InputError` that names those there are."""
    known: tuple[Policy, ...] = get_args(Policy)
    if policy not in known:
        raise InputError(f"policy must be one of {', '.join(map(repr, known))}, not {policy!r}")
    return known[known.index(policy)]


class Reader:
    """One reader of a feed. It keeps no rows of its own: it is a place in the feed's window.

    What happens when it is behind is its policy's business:

    - ``"block"``: it loses nothing as long as the producer asks `Feed.room`; if it is overrun all the same, as by
      a source that cannot wait, it ends with an error;
    - ``"drop_oldest"``: it loses the rows that leave the window;
    - ``"drop_newest"`` and ``"decimate"`` keep rows of their own: see `Backlog`, which `attach` makes for them.

    Parameters
    ----------
    feed : Feed
        What to read, from the oldest row that it holds.
    listener : Listener
        Is woken when there is something to take. Held strongly.
    policy : {"block", "drop_oldest"}
        What happens when the reader is behind.
    strided : bool, optional
        Take evenly spaced rows as one block with a `stride`; default False: each as a block of its own.
    """

    def __init__(self, feed: Feed, listener: Listener, policy: Policy, *, strided: bool = False) -> None:
        self.feed = feed
        self.listener = listener
        self.policy = policy
        self.strided = strided
        self.attached = True
        self.taken = self.done = self._begin = self._received = 0
        self._stride = 1
        #: Sequence number of the next row if none is missed; None where the first row has still to come.
        self._next: int | None = None
        with feed.lock:
            self._ring = feed.ring
            self._end: int | None = None
            self._end_row: int | None = None
            self._start(feed.ring.oldest)
            feed.readers += (self,)
            feed.hold = feed.hold and policy != "block"

    @property
    def counts(self) -> ReaderCounts:
        """A consistent snapshot of the counts."""
        with self.feed.lock:
            end = self.feed.ring.total if self._end is None else self._end
            sent, waiting = end - self._begin, self.waiting
            dropped = sent - self._received - waiting
            return ReaderCounts(sent=sent, received=self._received, dropped=dropped, waiting=waiting)

    @property
    def waiting(self) -> int:
        """Rows that could be taken now."""
        with self.feed.lock:
            return self._ring.total - self.taken if self.attached else 0

    @property
    def ended(self) -> bool:
        """Whether the feed is closed and everything was taken."""
        with self.feed.lock:
            return not self.attached or (self.feed.closed and not self.waiting)

    def begin_at(self, row: int) -> None:
        """Begin with the sequence number `row`, or with the first row after it that is held; before `take`."""
        with self.feed.lock:
            self._start(self.feed.ring.count_at(row))

    def offered(self, block: Block) -> LabError | None:
        """The feed has taken `block` (its lock is held); the error if the reader cannot go on."""
        behind = self._ring.oldest - self.taken
        if behind <= 0:
            return None
        self.taken += behind
        self.done = max(self.done, self.taken)
        if self.policy == "drop_oldest":
            return None
        return LabError(
            f"a reader with policy='block' lost {behind} rows of {self.feed.label}: the producer appended more "
            f"than room() allowed (window {self.feed.ring.capacity} rows). Ask wait_room() before append(), give the "
            f"feed a larger window, or read with another policy: 'drop_oldest', 'drop_newest' or 'decimate'"
        )

    def take(self, limit: int) -> Block | None:
        """At most `limit` rows of one unbroken run, or None. `release` says when they are done with."""
        with self.feed.lock:
            if not self.waiting:
                return None
            begin = self.taken
            run_end = self._ring.run_end(begin) if self.strided else self._ring.unbroken_end(begin)
            gap = self._ring.row_at(begin) - self._next_row()
            block = self._ring.read(begin, min(begin + limit, run_end), gap=gap, strided=self.strided)
            self.taken = begin + len(block)
            self._received += len(block)
            self._stride = block.stride
            self._next = block.stop
            return block

    def release(self) -> None:
        """What was taken is done with: a producer that waits for room may go on."""
        with self.feed.lock:
            self.done = self.taken
        if self.policy == "block":
            self.feed.room_changed()

    def rest(self) -> Block:
        """A block without rows whose `gap` is what was missed between the last rows that were taken and the end."""
        with self.feed.lock:
            row, schema = self._end_row if self._end_row is not None else self.feed.next, self.feed.schema
            columns = tuple(np.empty(0, channel.dtype) for channel in schema.channels)
            ticks = None if schema.time.regular else np.empty(0, np.int64)
            start = self.feed.ring.tick_of(row) if schema.time.regular else 0
            gap = row - self._next_row()
            return Block(first=row, start=start, columns=columns, ticks=ticks, gap=gap, stride=self._stride)

    def detach(self) -> None:
        """End: what waits is given up and counted as dropped. May be called again."""
        with self.feed.lock:
            if not self.attached:
                return
            self.attached = False
            self._end, self._end_row = self.feed.ring.total, self.feed.next
            self.taken = self.done = self._ring.total
            self.feed.readers = tuple(reader for reader in self.feed.readers if reader is not self)
        self.feed.room_changed()

    def _start(self, count: int) -> None:
        """Begin with the row of the feed that arrived as number `count`."""
        ring = self.feed.ring
        self._begin = self.taken = self.done = count
        if ring.total:
            self._next = ring.row_at(count) if count < ring.total else ring.next

    def _next_row(self) -> int:
        return self.feed.ring.first if self._next is None else self._next
