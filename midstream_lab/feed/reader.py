"""A place in a feed: what one reader has taken, what it still has to take and what it lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from ..errors import InputError, LabError
from .schema import Block

if TYPE_CHECKING:
    from .feed import Feed

__all__ = ["Policy", "Reader", "ReaderCounts"]

Policy = Literal["block", "drop_oldest"]


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
        Rows that left the feed's window before the reader took them, or that it gave up when it closed.
    waiting : int
        Rows that it has still to take; 0 once it has ended.
    """

    sent: int = 0
    received: int = 0
    dropped: int = 0
    waiting: int = 0


class Reader:
    """One reader of a feed. It keeps no rows of its own: it is a place in the feed's window.

    A `drop_oldest` reader that falls behind loses the rows that leave the window. A `block` reader loses
    nothing as long as the producer asks `Feed.room`; one that is overrun all the same ends with an error.

    Parameters
    ----------
    feed : Feed
        What to read, from the oldest row that it holds.
    listener : Listener
        Is woken when there is something to take. Held strongly.
    policy : {"block", "drop_oldest"}
        What happens when the reader is behind.
    """

    def __init__(self, feed: Feed, listener: Listener, policy: Policy) -> None:
        if policy not in ("block", "drop_oldest"):
            raise InputError(f"policy must be 'block' or 'drop_oldest', not {policy!r}")
        self.feed = feed
        self.listener = listener
        self.policy = policy
        self.attached = True
        self._dropped = 0
        self._expected: int | None = None
        with feed.lock:
            self._begin = self.taken = self.done = feed.ring.oldest
            self._end: int | None = None
            feed.readers += (self,)
            feed.hold = feed.hold and policy != "block"

    @property
    def counts(self) -> ReaderCounts:
        """A consistent snapshot of the counts."""
        with self.feed.lock:
            end = self.feed.ring.total if self._end is None else self._end
            waiting = end - self.taken
            received = self.taken - self._begin - self._dropped
            return ReaderCounts(sent=end - self._begin, received=received, dropped=self._dropped, waiting=waiting)

    @property
    def waiting(self) -> int:
        """Rows that could be taken now."""
        return self.feed.ring.total - self.taken if self.attached else 0

    @property
    def ended(self) -> bool:
        """Whether the feed is closed and everything was taken."""
        with self.feed.lock:
            return not self.attached or (self.feed.closed and self.taken == self.feed.ring.total)

    def begin_at(self, row: int) -> None:
        """Begin with the sequence number `row`, or with the first row after it that is held; before `take`."""
        with self.feed.lock:
            self._begin = self.taken = self.done = self.feed.ring.count_at(row)

    def lapse(self) -> LabError | None:
        """Account for rows that left the window (the feed's lock is held); the error if that must not be."""
        behind = self.feed.ring.oldest - self.taken
        if behind <= 0:
            return None
        self._dropped += behind
        self.taken += behind
        self.done = max(self.done, self.taken)
        if self.policy == "drop_oldest":
            return None
        return LabError(
            f"a reader with policy='block' lost {behind} rows of {self.feed.label}: the producer appended more "
            f"than room() allowed (window {self.feed.ring.capacity} rows). Ask wait_room() before append(), give the "
            f"feed a larger window, or read with policy='drop_oldest'"
        )

    def take(self, limit: int) -> Block | None:
        """At most `limit` rows of one unbroken run, or None. `release` says when they are done with."""
        with self.feed.lock:
            if not self.attached or self.taken == self.feed.ring.total:
                return None
            begin = self.taken
            end = min(begin + limit, self.feed.ring.run_end(begin))
            row = self.feed.ring.row_at(begin)
            gap = 0 if self._expected is None else row - self._expected
            block = self.feed.ring.read(begin, end, gap=gap)
            self.taken = end
            self._expected = block.stop
            return block

    def release(self) -> None:
        """What was taken is done with: a producer that waits for room may go on."""
        with self.feed.lock:
            self.done = self.taken
        if self.policy == "block":
            self.feed.room_changed()

    def detach(self) -> None:
        """End: what waits is given up and counted as dropped. May be called again."""
        with self.feed.lock:
            if not self.attached:
                return
            self.attached = False
            self._end = self.feed.ring.total
            self._dropped += self._end - self.taken
            self.taken = self.done = self._end
            self.feed.readers = tuple(reader for reader in self.feed.readers if reader is not self)
        self.feed.room_changed()
