"""The bounded memory of a feed: the newest rows, in rows and in bytes."""

from __future__ import annotations

import sys
from bisect import bisect_right

import numpy as np

from ..errors import InputError
from .schema import Block, Schema

__all__ = ["Ring"]


class Ring:
    """The newest rows of a sequence, column by column.

    Rows are counted as they arrive: `total` is how many ever came, `oldest` the count of the oldest that
    is still held. Sequence numbers may jump between runs; inside a run they are evenly spaced. Not safe for
    threads: the feed that owns it holds a lock.

    Parameters
    ----------
    schema : Schema
        The columns to hold.
    rows : int
        Most rows to hold.
    max_bytes : int
        Most bytes to hold; texts count with the memory that Python gives them.
    """

    def __init__(self, schema: Schema, *, rows: int, max_bytes: int) -> None:
        if not isinstance(schema, Schema):
            raise InputError(f"a feed is made for a Schema, not for {type(schema).__name__}; see feed.Schema")
        for key, value in (("window", rows), ("max_bytes", max_bytes)):
            if not isinstance(value, (int, np.integer)):
                raise InputError(f"{key} must be a whole number, not {value!r}")
        self._step = schema.time.step
        self._texts = tuple(i for i, channel in enumerate(schema.channels) if channel.dtype == object)
        fixed = (
            sum(channel.dtype.itemsize for channel in schema.channels) + 8 * (not self._step) + 8 * bool(self._texts)
        )
        if rows < 1 or max_bytes < fixed:
            raise InputError(
                f"a feed holds at least one row: window={rows} rows and max_bytes={max_bytes} must allow "
                f"1 row of {fixed} bytes"
            )
        self.capacity = min(rows, max_bytes // fixed)
        self.max_bytes = max_bytes
        self._fixed = fixed
        self._columns = [np.empty(self.capacity, channel.dtype) for channel in schema.channels]
        self._ticks = None if self._step else np.empty(self.capacity, np.int64)
        self._sizes = np.zeros(self.capacity, np.int64) if self._texts else None
        self.text_bytes = 0  # of the texts that are held
        self._run_counts: list[int] = []  # arrival count at which each run begins
        self._run_rows: list[int] = []  # its first sequence number
        self._run_strides: list[int] = []  # and the distance of its numbers
        self._run_next = 0  # sequence number with which the newest run goes on
        self._origin_row = 0
        self._origin_tick = 0
        self.total = 0
        self.oldest = 0
        self.next = 0  # sequence number of the next row if nothing is lost
        self.first = 0  # sequence number of the first row that there ever was, whether it came or not

    @property
    def size(self) -> int:
        """Rows held now."""
        return self.total - self.oldest

    @property
    def bytes(self) -> int:
        """Bytes of the rows held now."""
        return self.size * self._fixed + self.text_bytes

    def row_at(self, count: int) -> int:
        """Sequence number of the row that arrived as number `count`."""
        run = bisect_right(self._run_counts, count) - 1
        return self._run_rows[run] + (count - self._run_counts[run]) * self._run_strides[run]

    def count_at(self, row: int) -> int:
        """Arrival count of the first held row whose sequence number is `row` or more; `total` if none is."""
        run = bisect_right(self._run_rows, row) - 1
        if run < 0:
            return self.oldest
        end = self._run_counts[run + 1] if run + 1 < len(self._run_counts) else self.total
        ahead = -((self._run_rows[run] - row) // self._run_strides[run])
        return max(self.oldest, min(self._run_counts[run] + ahead, end))

    def run_end(self, count: int) -> int:
        """Arrival count at which the run of row `count` ends."""
        run = bisect_right(self._run_counts, count)
        return self._run_counts[run] if run < len(self._run_counts) else self.total

    def unbroken_end(self, count: int) -> int:
        """Arrival count up to which no row is missing after row `count`."""
        return self.run_end(count) if self.stride_at(count) == 1 else count + 1

    def stride_at(self, count: int) -> int:
        """Distance of the sequence numbers in the run of row `count`."""
        return self._run_strides[bisect_right(self._run_counts, count) - 1]

    def tick_at(self, count: int) -> int:
        """Time of the row that arrived as number `count`, in ticks."""
        if self._ticks is not None:
            return int(self._ticks[count % self.capacity])
        return self.tick_of(self.row_at(count))

    def tick_of(self, row: int) -> int:
        """Time that a regular sequence gives to the sequence number `row`, in ticks."""
        return self._origin_tick + (row - self._origin_row) * self._step

    def write(self, block: Block) -> None:
        """Take the rows of `block`, whose numbers follow those that are held, and let the oldest go."""
        n = len(block)
        sizes = self._measure(block) if self._sizes is not None else None
        if not self.total:
            self._origin_row, self._origin_tick = block.first, block.start
            self.first = block.first - block.gap
        if not self.total or block.first != self._run_next or block.stride != self._run_strides[-1]:
            self._run_counts.append(self.total)
            self._run_rows.append(block.first)
            self._run_strides.append(block.stride)
        skip = max(0, n - self.capacity)
        self.evict(self.total + n - self.capacity)
        at = (self.total + skip) % self.capacity
        for held, column in zip(self._columns, block.columns, strict=True):
            _put(held, at, column[skip:])
        if self._ticks is not None and block.ticks is not None:
            _put(self._ticks, at, block.ticks[skip:])
        self.total += n
        self.next = block.stop
        self._run_next = self.next + block.stride - 1
        self.oldest = max(self.oldest, self.total - self.capacity)
        if self._sizes is not None and sizes is not None:
            _put(self._sizes, at, sizes[skip:])
            self.text_bytes += int(sizes[skip:].sum())
            self._fit_bytes()
        self._forget_runs()

    def skip_to(self, row: int) -> None:
        """No row before the sequence number `row` will come any more."""
        self.next = row

    def room_for(self, block: Block) -> int:
        """Rows of `block`, from its first on, that fit beside those that are held."""
        rows = min(len(block), self.capacity - self.size)
        if self._sizes is None or not rows:
            return rows
        needed = np.cumsum(self._measure(block)[:rows] + self._fixed)
        return int(np.searchsorted(needed, self.max_bytes - self.bytes, side="right"))

    def read(self, begin: int, end: int, *, gap: int = 0, strided: bool = False) -> Block:
        """Copies of the rows that arrived as ``begin:end``, as a read-only block.

        Without `strided` they must lie before `unbroken_end`, with it before `run_end`.
        """
        columns = tuple(self._copy(held, begin, end) for held in self._columns)
        return Block(
            first=self.row_at(begin),
            start=self.tick_at(begin),
            columns=columns,
            ticks=None if self._ticks is None else self._copy(self._ticks, begin, end),
            gap=gap,
            stride=self.stride_at(begin) if strided else 1,
        )

    def runs(self, begin: int) -> list[tuple[int, int]]:
        """The runs from arrival count `begin` on, each as a pair of counts."""
        found = []
        while begin < self.total:
            end = self.run_end(begin)
            found.append((begin, end))
            begin = end
        return found

    def _copy(self, held: np.ndarray, begin: int, end: int) -> np.ndarray:
        at = begin % self.capacity
        over = at + end - begin - self.capacity
        copy = held[at : at + end - begin].copy() if over <= 0 else np.concatenate((held[at:], held[:over]))
        copy.flags.writeable = False
        return copy

    def _measure(self, block: Block) -> np.ndarray:
        """Bytes of the texts of each row."""
        sizes = np.zeros(len(block), np.int64)
        for i in self._texts:
            sizes += np.fromiter(map(sys.getsizeof, block.columns[i]), np.int64, len(block))
        if len(sizes) and int(sizes.max()) + self._fixed > self.max_bytes:
            raise InputError(
                f"a row of {int(sizes.max()) + self._fixed} bytes does not fit into a feed of "
                f"max_bytes={self.max_bytes}; give the feed more or cut the text"
            )
        return sizes

    def evict(self, until: int) -> None:
        """Let go of the rows that arrived before number `until`."""
        until = min(until, self.total)
        if self._sizes is not None and until > self.oldest:
            slots = np.arange(self.oldest, until) % self.capacity
            self.text_bytes -= int(self._sizes[slots].sum())
            for i in self._texts:
                self._columns[i][slots] = None
        self.oldest = max(self.oldest, until)

    def _fit_bytes(self) -> None:
        excess = self.bytes - self.max_bytes
        if excess <= 0 or self._sizes is None:
            return
        slots = np.arange(self.oldest, self.total) % self.capacity
        freed = np.cumsum(self._sizes[slots] + self._fixed)
        self.evict(self.oldest + int(np.searchsorted(freed, excess)) + 1)

    def _forget_runs(self) -> None:
        gone = bisect_right(self._run_counts, self.oldest) - 1
        if gone > 0:
            del self._run_counts[:gone], self._run_rows[:gone], self._run_strides[:gone]


def _put(held: np.ndarray, at: int, values: np.ndarray) -> None:
    """Write `values` into the ring `held` from slot `at` on, around its end."""
    room = len(held) - at
    if len(values) <= room:
        held[at : at + len(values)] = values
    else:
        held[at:] = values[:room]
        held[: len(values) - room] = values[room:]
