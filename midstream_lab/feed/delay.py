"""A feed some rows later, and the way to close a cycle of feeds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from .feed import Feed
from .node import BLOCK_ROWS, Node
from .reader import Reader
from .schema import Block, Channel, Schema

__all__ = ["CycleFeed", "delay"]


def delay(
    feed: Feed,
    *,
    rows: int,
    initial: float = float("nan"),
    channels: Sequence[Channel] | None = None,
    name: str | None = None,
) -> Feed:
    """The rows of a feed, `rows` later; or the open end of a cycle.

    Parameters
    ----------
    feed : Feed
        What to delay; for a cycle, the feed whose rows the cycle goes through.
    rows : int
        Row ``n`` of the result holds the values of row ``n - rows``.
    initial : float, optional
        Value of the first `rows` rows, and of as many after a gap; default NaN. Integer and boolean channels
        start with 0, texts with the empty text.
    channels : sequence of Channel, optional
        For a cycle: what will come back. The result is a `CycleFeed`; its ``follow(feed)`` says from where.
    name : str, optional
        Default the name of the feed and ``delay``.

    Returns
    -------
    Feed
        With the time base of `feed`.

    Examples
    --------
    A running sum: each row of `total` adds the input to the total one row before.

    >>> from midstream_lab.feed import Block, Channel, Feed, Schema
    >>> class Add:
    ...     def schema_out(self, schema):
    ...         return Schema(channels=(Channel(name="total"),), time=schema.time)
    ...     def update(self, block):
    ...         return Block(first=block.first, start=block.start, columns=(block.columns[0] + block.columns[1],))
    ...     def finish(self):
    ...         return None
    >>> x = Feed(Schema(channels=(Channel(name="x"),)))
    >>> before = x.delay(rows=1, channels=[Channel(name="before")], initial=0.0)
    >>> total = x.join(before).pipe(Add())
    >>> before.follow(total)
    >>> x.append_rows([[1.0, 2.0, 3.0, 4.0]])
    >>> x.close()
    >>> total.wait(timeout=10)
    True
    >>> total.window().values
    array([ 1.,  3.,  6., 10.])
    """
    if not isinstance(rows, (int, np.integer)) or rows < 1:
        raise InputError(f"a delay is a whole number of rows, at least 1, not {rows!r}")
    if channels is None:
        return feed.pipe(Delay(int(rows), initial), name=name)
    return CycleFeed(feed, rows=int(rows), initial=initial, channels=tuple(channels), name=name)


def initial_columns(channels: Sequence[Channel], rows: int, initial: float) -> tuple[np.ndarray, ...]:
    """Columns of a delay line that nothing has entered yet."""
    empty: dict[str, Any] = {"float": initial, "int": 0, "bool": False, "category": "", "text": ""}
    return tuple(np.full(rows, empty[channel.kind], channel.dtype) for channel in channels)


class Delay:
    """The operator behind ``feed.delay(rows=...)``."""

    prompt = True

    def __init__(self, rows: int, initial: float) -> None:
        self.rows = rows
        self.initial = initial
        self.name = f"delay{rows}"

    def schema_out(self, schema: Schema) -> Schema:
        """The same."""
        self._channels = schema.channels
        self._line = initial_columns(schema.channels, self.rows, self.initial)
        return schema

    def update(self, block: Block) -> Block:
        """The values that entered `rows` rows before, at the times of `block`."""
        if block.gap:
            self._line = initial_columns(self._channels, self.rows, self.initial)
        line = [np.concatenate(pair) for pair in zip(self._line, block.columns, strict=True)]
        n = len(block)
        self._line = tuple(column[n:] for column in line)
        return Block(
            first=block.first,
            start=block.start,
            columns=tuple(column[:n] for column in line),
            ticks=block.ticks,
            gap=block.gap,
        )

    def finish(self) -> None:
        """What is still in the line has no time yet and is left out."""


class CycleFeed(Feed):
    """The open end of a cycle: row ``n`` holds row ``n - rows`` of a feed that is named later.

    Made by ``feed.delay(rows=..., channels=...)``. Since `rows` rows are known ahead and no more, whatever
    stands in the cycle gets blocks of at most `rows` rows. After a gap of the source of `rows` rows or more
    the cycle starts again with `initial`; in a smaller one the missing rows come back as `initial`.
    """

    def __init__(
        self, source: Feed, *, rows: int, initial: float, channels: tuple[Channel, ...], name: str | None = None
    ) -> None:
        if not source.schema.time.regular:
            raise InputError(
                "a cycle needs a regular time base, so that the time of a later row is known; resample first"
            )
        if name is None and source.name is not None:
            name = f"{source.name}.cycle{rows}"
        schema = Schema(channels=channels, time=source.schema.time, attrs=dict(source.schema.attrs))
        super().__init__(schema, window=max(65_536, 2 * rows), name=name, lanes=source.lanes)
        self.rows_behind = rows
        self._node = _Cycle(self, source, rows=rows, initial=initial)

    def follow(self, feed: Feed) -> None:
        """Close the cycle: the rows of `feed` come back in this one.

        Parameters
        ----------
        feed : Feed
            One row for each row of the source, with channels of the same kinds as this feed's.

        Raises
        ------
        InputError
            If its time base or its channels differ, or the cycle is closed already.
        """
        if feed.schema.time != self.schema.time:
            raise InputError("what comes back in a cycle must have one row for each row of the source")
        kinds = [[channel.kind for channel in schema.channels] for schema in (feed.schema, self.schema)]
        if kinds[0] != kinds[1]:
            raise InputError(f"the channels that come back are {kinds[0]}; the delay was made for {kinds[1]}")
        self._node.follow(feed)


class _Cycle(Node):
    """Fills a `CycleFeed` from the numbers of the source and the rows that come back."""

    def __init__(self, feed: Feed, source: Feed, *, rows: int, initial: float) -> None:
        super().__init__(feed, key=f"cycle{rows}")
        self.close_older(source)
        self._rows = rows
        self._initial = initial
        self._step = source.schema.time.step
        self._restarts: deque[tuple[int, int, int]] = deque()  # rows that must be back before; new first row; its tick
        self._back = 0  # sequence number of the next row that comes back
        self._source_next: int | None = None
        self._clock = Reader(source, self, "block")
        self._return: Reader | None = None
        self.inputs = (self._clock,)
        self.wake()

    def follow(self, feed: Feed) -> None:
        """Read what comes back."""
        if self._return is not None:
            raise InputError("this cycle is closed already; make another delay for another cycle")
        self._return = Reader(feed, self, "block")
        self.inputs = (self._clock, self._return)
        self.wake()

    def turn(self) -> bool:
        if self.feed.closed or not self.deliver():
            return False
        more = self._tell_time()
        while self._restarts and self._back >= self._restarts[0][0]:
            _, first, start = self._restarts.popleft()
            self._fill(first, first + self._rows, start)
            self._back = first
        block = self._return.take(min(self._rows, BLOCK_ROWS)) if self._return is not None else None
        if block is not None and self._return is not None:
            if block.first > self._back:
                self._fill(
                    self._back + self._rows,
                    block.first + self._rows,
                    block.start - (block.first - self._back - self._rows) * self._step,
                )
            self.hold(
                Block(
                    first=block.first + self._rows,
                    start=block.start + self._rows * self._step,
                    columns=block.columns,
                )
            )
            self._back = block.stop
            self._return.release()
        if self.deliver() and block is None and self._return is not None and self._return.ended and not self._restarts:
            self.feed.close(self._return.feed.error)
            return False
        return more or block is not None

    def _tell_time(self) -> bool:
        """See how far the source has come: where it begins, and where it has gaps."""
        block = self._clock.take(BLOCK_ROWS)
        if block is None:
            return False
        if self._source_next is None:
            self._restarts.append((0, block.first, block.start))
        elif block.gap >= self._rows:
            self._restarts.append((self._source_next, block.first, block.start))
        self._source_next = block.stop
        self._clock.release()
        return True

    def _fill(self, first: int, stop: int, start: int) -> None:
        columns = initial_columns(self.feed.schema.channels, stop - first, self._initial)
        self.hold(Block(first=first, start=start, columns=columns))
