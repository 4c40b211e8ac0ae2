"""The live sequence: a bounded window that moves, with counts, and pipes from feed to feed."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from .. import registry
from ..errors import InputError, LabError
from . import show
from .check import checked_block, columns_from
from .labels import label_rows, label_window
from .reader import Policy, Reader
from .ring import Ring
from .schema import Block, Channel, Schema

if TYPE_CHECKING:
    from .lanes import Lanes
    from .operators import Operator
    from .pipe import Node, Sink

__all__ = ["Counts", "Feed"]

#: What `room` answers when no reader sets a limit.
UNLIMITED = 2**62


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What happened to the rows of a feed.

    Parameters
    ----------
    received : int
        Rows that arrived and were in time.
    lost : int
        Rows that never came: the numbering jumped over them.
    late : int
        Rows that came after their place was passed, or twice; they were not used.
    overwritten : int
        Rows that have left the window because newer ones came.
    dropped : int
        Rows of the feeds above that the operator of this feed did not get because it was behind.
    """

    received: int = 0
    lost: int = 0
    late: int = 0
    overwritten: int = 0
    dropped: int = 0


class Feed:
    """A live sequence: numbered rows of typed columns, of which the newest are held.

    One producer calls `append`, which never waits. Any number of readers look at the window (`tail`,
    `window`, `rows`) or get every row (`pipe`, `sink`). All methods may be called from any thread.

    Parameters
    ----------
    schema : Schema
        Channels and time base.
    window : int, optional
        Most rows to hold; default 65,536.
    max_bytes : int, optional
        Most bytes to hold, texts included; default 64 MiB.
    name : str, optional
        A feed with a name is listed by `midstream_lab.running()` and held until it is closed; making
        another under the same name closes the older one first. A feed without one lives as long as
        something refers to it.

    Raises
    ------
    InputError
        If the window cannot hold a single row.

    Examples
    --------
    >>> feed = Feed(Schema(channels=(Channel(name="x", unit="mV"),)), window=100)
    >>> feed.append_rows([[0.5, 1.0, 1.5]])
    >>> feed.window(2).values
    array([1. , 1.5])
    >>> feed.counts.received
    3
    """

    def __init__(
        self,
        schema: Schema,
        *,
        window: int = 65_536,
        max_bytes: int = 64 * 2**20,
        name: str | None = None,
        lanes: Lanes | None = None,
    ) -> None:
        self.schema = schema
        self.name = name
        self.ring = Ring(schema, rows=window, max_bytes=max_bytes)
        self.lock = threading.RLock()
        self.readers: tuple[Reader, ...] = ()
        self.upstream: Node | None = None
        self.lanes = lanes
        self._changed = threading.Condition(self.lock)
        self._numbering = threading.Lock()
        self._waiters = 0
        self._closed = False
        self._error: BaseException | None = None
        self._lost = 0
        self._late = 0
        self._origin: int | None = None
        self._passed = float("-inf")
        self._health: list[str] = []
        self._on_consumed: tuple[Callable[[int], None], ...] = ()
        _living.add(self)
        if name is not None:
            self.note(*registry.register("feed", name, self))

    # -- what it is ------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether no row will come any more."""
        return self._closed

    @property
    def error(self) -> BaseException | None:
        """Why the feed was closed, if it was for an error."""
        return self._error

    @property
    def counts(self) -> Counts:
        """A consistent snapshot of the counts."""
        upstream = self.upstream
        dropped = sum(reader.counts.dropped for reader in upstream.inputs) if upstream is not None else 0
        with self.lock:
            return Counts(
                received=self.ring.total,
                lost=self._lost,
                late=self._late,
                overwritten=self.ring.oldest,
                dropped=dropped,
            )

    @property
    def health(self) -> list[str]:
        """Warnings and notes, oldest first: what was replaced, moved, skipped or broken."""
        with self.lock:
            lines = list(self._health)
        return lines + (self.upstream.report() if self.upstream is not None else [])

    @property
    def next(self) -> int:
        """Sequence number of the next row if nothing is lost."""
        return self.ring.next

    @property
    def origin(self) -> int | None:
        """Time of the first row that ever came, in ticks; None before it."""
        return self._origin

    def note(self, *lines: str) -> None:
        """Add lines to `health`; only the newest 100 are kept."""
        with self.lock:
            self._health = (self._health + list(lines))[-100:]

    # -- the producer's face ---------------------------------------------------------------------

    def append(self, block: Block) -> None:
        """Take a block of rows. Never waits.

        A block that begins beyond `next` leaves a gap, which is counted as lost; rows before `next` are
        late and are counted and left out. The first row ever sets the origin. The data are copied.

        Raises
        ------
        InputError
            If the block does not fit the schema, or its time does not fit its sequence numbers.
        LabError
            If the feed is closed.
        """
        if not self.offer(block):
            raise LabError(f"feed {self.name!r} is closed; rows cannot be appended to it any more")

    def append_rows(self, columns: Any, *, ticks: Any = None) -> None:
        """Take rows and number them on.

        Parameters
        ----------
        columns : array_like, shape (rows, channels), or sequence of array_like
            A 2-D array of rows, or one 1-D array for each channel (a list or tuple of them).
        ticks : array_like of int, optional
            Time of each row; needed exactly when the time base is irregular.
        """
        arrays = columns_from(columns, self.schema)
        times = None if ticks is None else np.asarray(ticks, np.int64)
        with self._numbering:
            first = self.ring.next
            start = self.ring.tick_of(first) if self.schema.time.regular else 0
            if times is not None and times.size:
                start = int(times.flat[0])
            self.append(Block(first=first, start=start, columns=arrays, ticks=times))

    def offer(self, block: Block) -> bool:
        """Like `append`, but answers False where the feed is closed."""
        block = checked_block(block, self.schema)
        failed: list[tuple[Reader, LabError]] = []
        with self.lock:
            if self._closed:
                return False
            block = self._in_order(block)
            if not len(block):
                return True
            self.ring.write(block)
            for reader in self.readers:
                if (error := reader.lapse()) is not None:
                    failed.append((reader, error))
            if self._waiters:
                self._changed.notify_all()
            readers = self.readers
            consumed = self._on_consumed
        for reader in readers:
            reader.listener.wake()
        for reader, error in failed:
            reader.listener.fail(error)
        if consumed:
            self.room_changed()
        return True

    def room(self) -> int:
        """Rows that every reader with the policy `block` can still take; a very large number if there is none."""
        with self.lock:
            begin = self._consumed_count()
            if begin is None:
                return UNLIMITED
            unread = self.ring.total - begin
            free = self.ring.capacity - unread
            if self.ring.size and self.ring.bytes > self.ring.size * 8:
                # Texts vary in size, so rows are admitted only while half of the bytes are free.
                each = self.ring.bytes / self.ring.size
                free = min(free, int((self.ring.max_bytes / 2 - unread * each) / each))
            return max(free, 0)

    def wait_room(self, rows: int, *, timeout: float | None = None) -> bool:
        """Wait until `room` is at least `rows`, or the feed is closed.

        Parameters
        ----------
        rows : int
            Rows to make room for; more than the window are never free at once.
        timeout : float, optional
            Longest wait in seconds; default no limit.

        Returns
        -------
        bool
            False if the time ran out.
        """
        if rows > self.ring.capacity:
            raise InputError(f"wait_room({rows}): the feed's window holds {self.ring.capacity} rows; ask for fewer")
        return self._wait_for(lambda: self._closed or self.room() >= rows, timeout)

    @property
    def consumed(self) -> int:
        """Sequence number up to which every `block` reader is done; `next` if there is none."""
        with self.lock:
            begin = self._consumed_count()
            return self.ring.next if begin is None or begin == self.ring.total else self.ring.row_at(begin)

    def on_consumed(self, callback: Callable[[int], None]) -> None:
        """Call ``callback(consumed)`` when `consumed` has moved, from the thread that moved it; it must be quick."""
        with self.lock:
            self._on_consumed += (callback,)

    # -- the window ------------------------------------------------------------------------------

    def tail(self, since: int) -> Block | None:
        """A copy of the first unbroken run of rows with sequence number `since` or more.

        None if there is none. Where rows are missing, call again with ``since=block.stop`` for the next run.
        """
        with self.lock:
            begin = self.ring.count_at(since)
            if begin == self.ring.total:
                return None
            gap = max(0, self.ring.row_at(begin) - since) if begin else 0
            return self.ring.read(begin, self.ring.run_end(begin), gap=gap)

    def window(self, n: int | None = None, *, unbroken: bool = False) -> xr.DataArray:
        """The newest rows as an ordinary sequence (a copy).

        Parameters
        ----------
        n : int, optional
            Sequence numbers to cover; default all that are held. Where fewer are held, those.
        unbroken : bool, optional
            Only the newest run without missing rows; default False: missing rows are NaN.

        Returns
        -------
        DataArray
            The numeric columns, ``(time,)`` for one channel and ``(time, channel)`` for more. The
            attributes `rows` and `missing` count the rows that are there and that are not. On irregular
            time missing rows have no time and are counted only.

        Raises
        ------
        InputError
            If there is no row yet, or no numeric channel.
        """
        return label_window(*self._held(n, unbroken=unbroken), self.schema)

    def rows(self, n: int | None = None) -> xr.Dataset:
        """The rows that are held of the newest `n` sequence numbers, all columns (a copy).

        Returns
        -------
        Dataset
            A variable for each channel over the dimension `time`, with the coordinates `time` and `row`
            (the sequence number).
        """
        return label_rows(self._held(n)[1], self.schema)

    def _held(self, n: int | None, *, unbroken: bool = False) -> tuple[int, list[Block]]:
        """The first sequence number that a window of `n` covers, and the rows that are held of it."""
        if n is not None and n < 1:
            raise InputError(f"a window has at least one row, not {n}")
        with self.lock:
            if not self.ring.size:
                raise InputError(f"feed {self.name!r} has no rows yet; feed.wait(n=...) waits for them")
            since = self.ring.next - min(n if n is not None else UNLIMITED, self.ring.capacity)
            begin = self.ring.count_at(since)
            runs = self.ring.runs(begin)[-1:] if unbroken else self.ring.runs(begin)
            blocks = [self.ring.read(*run) for run in runs]
            # Older rows are held, so the window may begin with rows that are missing.
            covered = since if begin > self.ring.oldest and not unbroken else blocks[0].first
            return covered, blocks

    # -- waiting and closing ---------------------------------------------------------------------

    def wait(self, n: int | None = None, t: float | None = None, timeout: float | None = None) -> bool:
        """Wait until `n` rows were received, the time `t` was reached, or (without both) the feed has closed.

        Parameters
        ----------
        n : int, optional
            Rows received since the feed was made.
        t : float, optional
            Time of the newest row, in the unit of the time axis.
        timeout : float, optional
            Longest wait in seconds; default no limit.

        Returns
        -------
        bool
            True.

        Raises
        ------
        LabError
            If the time ran out, or the feed closed before; if it closed for an error, that error.
        """

        def reached() -> bool:
            if n is None and t is None:
                return self._closed and self._error is None
            return (n is None or self.ring.total >= n) and (t is None or self._newest_time() >= t)

        in_time = self._wait_for(lambda: self._closed or reached(), timeout)
        with self.lock:
            if reached():
                return True
            if self._error is not None:
                raise self._error
            goal = " and ".join([f"{n} rows"] * (n is not None) + [f"time {t}"] * (t is not None)) or "its end"
            state = f"feed {self.name!r} has received {self.ring.total} rows"
            if not in_time:
                raise LabError(f"waited {timeout} s for {goal}, but {state}; is its source running, or paused?")
            raise LabError(f"waited for {goal}, but {state} and is closed")

    def close(self, error: BaseException | None = None) -> None:
        """End the feed: what reads it finishes the rows that it has, then closes too. May be called again.

        Parameters
        ----------
        error : BaseException, optional
            Why, if it is not the ordinary end; `wait` raises it.
        """
        with self.lock:
            if self._closed:
                return
            self._closed = True
            self._error = error
            self._changed.notify_all()
            readers = self.readers
        if self.name is not None:
            registry.remove("feed", self.name, self)
        if self.upstream is not None:
            self.upstream.detach()
        for reader in readers:
            reader.listener.wake()

    def __enter__(self) -> Feed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(error)

    # -- pipes -----------------------------------------------------------------------------------

    def pipe(self, op: Operator, *, name: str | None = None, policy: Policy | None = None, **feed: Any) -> Feed:
        """Run an operator over every row; what it says is a feed.

        Parameters
        ----------
        op : Operator
            What to run, for example `Windowed`.
        name : str, optional
            Default: the name of this feed and of the operator. A pipe with the same name is closed first.
        policy : {"block", "drop_oldest"}, optional
            Whether a producer that can wait waits for it, or rows are dropped when it is behind. Default
            what the operator asks for, else ``"block"``.
        **feed
            `window` and `max_bytes` of the new feed.

        Returns
        -------
        Feed
            Closes after this one, when the operator has finished. If the operator raises, it closes with
            the error and nothing else does.
        """
        from .pipe import Pipe

        return Pipe(self, op, name=name, policy=policy, **feed).feed

    def sink(self, callback: Callable[[Block], object], *, name: str | None = None, policy: Policy = "block") -> Sink:
        """Give every block of rows to ``callback(block)``; see `Sink`."""
        from .pipe import Sink

        return Sink(self, callback, name=name, policy=policy)

    def delay(
        self,
        *,
        rows: int,
        initial: float = float("nan"),
        channels: Sequence[Channel] | None = None,
        name: str | None = None,
    ) -> Feed:
        """The same rows, `rows` later; with `channels`, the open end of a cycle. See `midstream_lab.feed.delay`."""
        from .delay import delay

        return delay(self, rows=rows, initial=initial, channels=channels, name=name)

    def join(self, other: Feed, *, how: str = "last", tolerance: int | None = None, name: str | None = None) -> Feed:
        """Every row of this feed beside the last row of `other` that is not newer. See `midstream_lab.feed.join`."""
        from .join import join

        return join(self, other, how=how, tolerance=tolerance, name=name)

    # -- inside the room -------------------------------------------------------------------------

    @property
    def horizon(self) -> float:
        """No row at this tick or before it will still come."""
        if self._closed:
            return float("inf")
        with self.lock:
            if not self.ring.total:
                return self._passed
            return max(self._passed, self.ring.tick_at(self.ring.total - 1) + self.schema.time.step - 1)

    def passed(self, tick: int) -> None:
        """The operator that fills this feed has seen everything up to `tick`."""
        with self.lock:
            self._passed = max(self._passed, tick)
            readers = self.readers
        for reader in readers:
            reader.listener.wake()

    def room_changed(self) -> None:
        """A reader is done with rows: tell the producer."""
        with self.lock:
            if self._waiters:
                self._changed.notify_all()
            callbacks = self._on_consumed
        if self.upstream is not None:
            self.upstream.room_opened()
        for callback in callbacks:
            try:
                callback(self.consumed)
            except Exception as error:
                self.note(f"an on_consumed callback raised {error!r}")

    def _consumed_count(self) -> int | None:
        return min((reader.done for reader in self.readers if reader.policy == "block"), default=None)

    def _newest_time(self) -> float:
        if not self.ring.total:
            return float("-inf")
        return float(self.ring.tick_at(self.ring.total - 1) * self.schema.time.tick)

    def _in_order(self, block: Block) -> Block:
        """The rows of `block` that are not late; counts the late and the lost ones."""
        if self._origin is None:
            self._origin = block.start
            return block
        step = self.schema.time.step
        late = min(max(0, self.ring.next - block.first), len(block))
        if late:
            self._late += late
            block = block.cut(late, len(block), step=step)
            if not len(block):
                return block
        if step and block.start != self.ring.tick_of(block.first):
            raise InputError(
                f"row {block.first} of feed {self.name!r} must be at tick {self.ring.tick_of(block.first)} "
                f"(step {step}), not {block.start}; number rows by their time, or use an irregular time base"
            )
        if block.ticks is not None and block.start < self.ring.tick_at(self.ring.total - 1):
            raise InputError(f"row {block.first} of feed {self.name!r} goes back in time; sort the rows first")
        self._lost += block.first - self.ring.next
        return block

    def _wait_for(self, ready: Callable[[], bool], timeout: float | None) -> bool:
        limit = None if timeout is None else time.monotonic() + timeout
        with self.lock:
            self._waiters += 1
            try:
                while not ready():
                    left = None if limit is None else limit - time.monotonic()
                    if left is not None and left <= 0:
                        return False
                    self._changed.wait(left)
            finally:
                self._waiters -= 1
        return True

    def __repr__(self) -> str:
        return show.feed_text(self)

    def _repr_html_(self) -> str:
        return show.feed_html(self)


#: Every feed of this process, so that a forked child can say that they stayed behind.
_living: weakref.WeakSet[Feed] = weakref.WeakSet()


def _after_fork() -> None:
    """In a forked child the producers and the lanes of older feeds are gone, and their locks may be held."""
    for feed in list(_living):
        feed.lock = threading.RLock()
        feed._changed = threading.Condition(feed.lock)
        feed._closed = True
        feed._error = LabError(f"feed {feed.name!r} belongs to the process that was forked; make it again in this one")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
