"""What a feed holds: numbered rows in a bounded window, with the room that its readers leave."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..errors import InputError, LabError
from .check import checked_block, columns_from
from .labels import label_rows, label_window
from .ring import Ring
from .schema import Block, Schema

if TYPE_CHECKING:
    from .reader import Reader

__all__ = ["Store"]

#: What `room` answers when no reader sets a limit, and the window that means everything.
UNLIMITED = 2**62
#: Blocks of which it is known when they came.
ARRIVALS = 4096


class Store:
    """The rows of a feed and the lock that guards them; `Feed` adds names, pipes and closing."""

    name: str | None

    def __init__(self, schema: Schema, *, window: int, max_bytes: int, hold: bool) -> None:
        self.schema = schema
        self.ring = Ring(schema, rows=window, max_bytes=max_bytes)
        self.renew_locks()
        self.readers: tuple[Reader, ...] = ()
        self.hold = hold
        self._waiters = 0
        self._closed = False
        self._error: BaseException | None = None
        self._health: list[str] = []
        self._lost = 0
        self._late = 0
        self._decimated = 0
        self._origin: int | None = None
        self._arrived: float | None = None
        self._arrivals: deque[tuple[int, int, int]] = deque(maxlen=ARRIVALS)
        self._on_consumed: tuple[Callable[[int], None], ...] = ()

    @property
    def label(self) -> str:
        """How messages call it."""
        return "the feed" if self.name is None else f"feed {self.name!r}"

    def renew_locks(self) -> None:
        """Make the locks, at the start and in a forked child, where the old ones may be held for ever."""
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._numbering = threading.Lock()

    @property
    def next(self) -> int:
        """Sequence number of the next row if nothing is lost."""
        return self.ring.next

    @property
    def origin(self) -> int | None:
        """Time of the first row that ever came, in ticks; None before it."""
        return self._origin

    @property
    def arrived(self) -> float | None:
        """When the newest row came, on the clock `time.monotonic`; None before the first. Kept apart from its time."""
        return self._arrived

    def arrivals(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """When blocks came: the number and tick of the last row of each, and ns since 1970; of the newest 4,096."""
        with self.lock:
            kept = np.array(self._arrivals, np.int64).reshape(-1, 3)
        return kept[:, 0], kept[:, 1], kept[:, 2]

    def note(self, *lines: str) -> None:
        """Add lines to `health`; only the newest 100 are kept."""
        with self.lock:
            self._health = (self._health + list(lines))[-100:]

    # -- the producer's face ---------------------------------------------------------------------

    def append(self, block: Block) -> None:
        """Take a block of rows. Never waits.

        A block that begins beyond `next` leaves a gap, which is counted as lost; rows before `next` are
        late and are counted and left out. The first row ever sets the origin: before it only those are lost that
        its block has as `gap`. Rows that a block with a `stride` passes over, also before its first one, are counted
        as decimated. A block without rows says that those before its `first` will not come. The data are copied.

        Raises
        ------
        InputError
            If the block does not fit the schema, or its time does not fit its sequence numbers.
        LabError
            If the feed is closed.
        """
        if not self.offer(block):
            raise LabError(f"{self.label} is closed; rows cannot be appended to it any more")

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
            self._arrived = time.monotonic()
            self._arrivals.append((block.stop - 1, block.end_tick(self.schema.time.step), time.time_ns()))
            for reader in self.readers:
                if (error := reader.offered(block)) is not None:
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
            if self.ring.text_bytes:
                # Texts vary in size, so rows are admitted only while half of the bytes are free.
                each = self.ring.bytes / self.ring.size
                free = min(free, int(self.ring.max_bytes / 2 / each) - unread)
            return max(free, 0 if unread else 1)

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
            return self.ring.read(begin, self.ring.unbroken_end(begin), gap=gap)

    def window(self, n: int | None = None, *, unbroken: bool = False) -> xr.DataArray:
        """The newest rows as an ordinary sequence (a copy).

        Parameters
        ----------
        n : int, optional
            Sequence numbers to cover; default all that are held, and never more than the feed's window has rows.
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
        covered = self.ring.capacity if n is None else n
        return label_window(*self._held(covered, most=self.ring.capacity, unbroken=unbroken), self.schema)

    def rows(self, n: int | None = None) -> xr.Dataset:
        """The rows that are held of the newest `n` sequence numbers, default all, with all columns (a copy).

        Returns
        -------
        Dataset
            A variable for each channel over the dimension `time`, with the coordinates `time` and `row`
            (the sequence number).
        """
        return label_rows(self._held(UNLIMITED if n is None else n)[1], self.schema)

    def _held(self, n: int, *, most: int = UNLIMITED, unbroken: bool = False) -> tuple[int, list[Block]]:
        """The first sequence number that a window of `n` covers, of `most`, and the rows that are held of it."""
        if not isinstance(n, (int, np.integer)) or n < 1:
            raise InputError(f"a window is a whole number of rows and has at least one row, not {n!r}")
        with self.lock:
            if not self.ring.size:
                raise InputError(f"{self.label} has no rows yet; feed.wait(n=...) waits for them")
            since = self.ring.next - min(n, most)
            begin = self.ring.count_at(since)
            runs = self.ring.runs(begin)
            if unbroken:
                last, end = runs[-1]
                runs = [(last if self.ring.stride_at(last) == 1 else end - 1, end)]
            blocks = [self.ring.read(*run, strided=True) for run in runs]
            # Older rows are held, so the window may begin with rows that are missing.
            covered = since if begin > self.ring.oldest and not unbroken else blocks[0].first
            return covered, blocks

    def room_changed(self) -> None:
        """A reader is done with rows: tell the producer."""
        with self.lock:
            if self._waiters:
                self._changed.notify_all()
            callbacks = self._on_consumed
        for callback in callbacks:
            try:
                callback(self.consumed)
            except Exception as error:  # it runs on the thread of a reader, which must go on
                self.note(f"an on_consumed callback raised {error!r}")

    def _consumed_count(self) -> int | None:
        """Arrival count up to which rows may go; None if nobody holds any."""
        begin = self.ring.oldest if self.hold else None
        return min((reader.done for reader in self.readers if reader.policy == "block"), default=begin)

    def _newest_time(self) -> float:
        if not self.ring.total:
            return float("-inf")
        return float(self.ring.tick_at(self.ring.total - 1) * self.schema.time.tick)

    def _in_order(self, block: Block) -> Block:
        """The rows of `block` that are not late; counts those that are, and those that did not come before it."""
        rows = len(block)
        if self._origin is None:
            missing = block.gap
            self._origin = block.start if rows else None
        else:
            missing = block.first - self.ring.next
            if missing < 0 and rows:
                late = min(-(missing // block.stride), rows)
                self._late += late
                block = block.cut(*((late, rows) if late < rows else (0, 0)), step=self.schema.time.step)
                rows -= late
                missing = block.first - self.ring.next
            missing = max(0, missing)
            if rows:
                self._check_follows(block)
        if missing and not rows:
            self.ring.skip_to(block.first)
        passed = min(missing, block.stride - 1)
        self._lost += missing - passed
        self._decimated += passed
        if block.stride > 1 and rows:
            self._decimated += (rows - 1) * (block.stride - 1)
        return block

    def _check_follows(self, block: Block) -> None:
        """Refuse times that do not follow those that are held."""
        step = self.schema.time.step
        if step and block.start != self.ring.tick_of(block.first):
            raise InputError(
                f"row {block.first} of {self.label} must be at tick {self.ring.tick_of(block.first)} "
                f"(step {step}), not {block.start}; number rows by their time, or use an irregular time base"
            )
        if block.ticks is not None and block.start < self.ring.tick_at(self.ring.total - 1):
            raise InputError(f"row {block.first} of {self.label} goes back in time; sort the rows first")

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
