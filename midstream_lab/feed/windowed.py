"""A batch function on the newest window of a feed, again and again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

from ..errors import InputError
from .labels import label_window
from .node import BLOCK_ROWS
from .result import channels_of, values_of
from .ring import Ring
from .schema import Block, Channel, Schema

if TYPE_CHECKING:
    from .feed import Feed

__all__ = ["Windowed"]


class Windowed:
    """Run ``fn`` on the newest `window` rows at every row whose number is divisible by `every`.

    An operator for `Feed.pipe`. The output row number ``j`` belongs to the input row number ``j * every``
    and bears its time; the window ends with that row. Windows that touch missing rows are not computed but
    counted as broken.

    Parameters
    ----------
    fn : callable
        Gets a DataArray of `window` rows (the numeric channels), as `Feed.window` gives it. Returns a number,
        a mapping, a DataArray, a Dataset or what has ``to_xarray()``. Numbers, booleans and texts become columns; a
        variable over the dimension ``end`` of size 2 becomes two, ``name_low`` and ``name_high``; other arrays are left
        out.
    window : int
        Rows of a window.
    every : int
        Rows between two windows.
    late : {"skip", "wait"}, optional
        When `fn` is slower than the rows come: ``"skip"`` (default) leaves windows out and counts them, so
        that the result is never old, for views; ``"wait"`` computes every window, for rules, journals and
        tests. The pipe's policy follows: ``"drop_oldest"`` or ``"block"``.
    schema : Schema, optional
        The channels of the result. Default: `fn` is tried once, in `Feed.pipe`, on a window of noise, which
        also compiles its kernels.
    name : str, optional
        Default the name of `fn`.

    Attributes
    ----------
    fired, skipped, broken : int
        Windows that were computed, left out because `fn` was behind, and not computed for missing rows.

    Examples
    --------
    >>> from midstream_lab.feed import Channel, Feed, Schema
    >>> feed = Feed(Schema(channels=(Channel(name="x"),)))
    >>> level = feed.pipe(Windowed(lambda x: {"mean": x.mean()}, window=4, every=2, late="wait"))
    >>> feed.append_rows([[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    >>> feed.close()
    >>> level.wait(timeout=10)
    True
    >>> level.rows()["row"].values, level.rows()["mean"].values
    (array([2, 3]), array([2.5, 4.5]))
    """

    lane: Literal["slow"] = "slow"
    prompt = True

    def __init__(
        self,
        fn: Callable[[xr.DataArray], Any],
        *,
        window: int,
        every: int,
        late: Literal["skip", "wait"] = "skip",
        schema: Schema | None = None,
        name: str | None = None,
    ) -> None:
        if not callable(fn):
            raise InputError(f"fn is a function of a window, not {fn!r}")
        if late not in ("skip", "wait"):
            raise InputError(f"late must be 'skip' or 'wait', not {late!r}")
        for key, value in (("window", window), ("every", every)):
            if not isinstance(value, (int, np.integer)) or value < 1:
                raise InputError(f"{key} must be a whole number of rows, at least 1, not {value!r}")
        self.fn = fn
        self.window = int(window)
        self.every = int(every)
        self.late = late
        self.name = name or _name_of(fn)
        self.policy = "drop_oldest" if late == "skip" else "block"
        #: Rows in one turn: waiting windows one at a time, so that a turn lasts as long as one call of `fn`.
        self.turn_rows = BLOCK_ROWS if late == "skip" else min(BLOCK_ROWS, self.every)
        self._given = schema
        self._next: int | None = None

    def schema_out(self, schema: Schema) -> Schema:
        """Channels of the result; `every` times the step of the input."""
        self._picked = [i for i, channel in enumerate(schema.channels) if channel.numeric]
        if not self._picked:
            raise InputError(f"{self.name} needs a numeric channel; the feed has {', '.join(schema.names)}")
        self._schema = replace(schema, channels=tuple(schema.channels[i] for i in self._picked))
        self._start_again()
        channels = self._given.channels if self._given is not None else self._try()
        given = self._given.attrs if self._given is not None else {}
        attrs = {**schema.attrs, "method": self.name, "window": self.window, "every": self.every, **given}
        time = replace(schema.time, step=schema.time.step * self.every)
        self._out = Schema(channels=channels, time=time, attrs=attrs)
        return self._out

    def attach(self, feed: Feed) -> None:
        """A window that is skipped to must be held by the feed as a whole."""
        if self.late == "skip" and self.window > feed.ring.capacity:
            raise InputError(
                f"a window of {self.window} rows does not fit into the feed's {feed.ring.capacity}; "
                f"give the feed a larger window, or use late='wait'"
            )

    def behind(self, rows: int) -> None:
        """How many rows wait behind the next block."""
        self._behind = rows

    def update(self, block: Block) -> Block | None:
        """Compute the windows that end in `block`."""
        if self._next is not None and block.first > self._next:
            self.broken += -(-block.first // self.every) - -(-self._next // self.every)
            self._gapped = True
        self._next = block.stop
        self._aim(block)
        numeric = replace(block, columns=tuple(block.columns[i] for i in self._picked))
        found: list[tuple[int, int, list[Any]]] = []
        written = 0
        for row in range(-(-block.first // self.every) * self.every, block.stop, self.every):
            end = row + 1 - block.first
            self._ring.write(numeric.cut(written, end, step=self._schema.time.step))
            written = end
            begin = self._ring.total - self.window
            if begin < self._ring.oldest or self._ring.run_end(begin) != self._ring.total:
                self.broken += self._gapped
            elif self.late == "skip" and row != self._target:
                self.skipped += 1
            else:
                window = self._ring.read(begin, self._ring.total)
                values = values_of(self.fn(label_window(window.first, [window], self._schema)), self._out, self.name)
                found.append((row // self.every, window.end_tick(self._schema.time.step), values))
        if written < len(block):
            self._ring.write(numeric.cut(written, len(block), step=self._schema.time.step))
        self.fired += len(found)
        return self._block(found)

    def finish(self) -> None:
        """Nothing is left: a window that is not full is not computed."""

    def report(self) -> list[str]:
        """What was left out, for the health of the feed."""
        lines = [f"skipped {self.skipped} windows: {self.name} is slower than the rows come"] * bool(self.skipped)
        return lines + [f"{self.broken} windows were not computed: rows are missing"] * bool(self.broken)

    def _start_again(self) -> None:
        self.fired = self.skipped = self.broken = 0
        self._ring = Ring(self._schema, rows=self.window, max_bytes=2**62)
        self._behind = 0
        self._target = -1
        self._next = None
        self._gapped = False

    def _aim(self, block: Block) -> None:
        """Choose the window to skip to: the newest that waits."""
        newest = block.stop - 1 + self._behind
        newest -= newest % self.every
        # A choice stands until it is reached, else rows that keep coming would put it off for ever.
        if newest < block.stop or self._target < block.first:
            self._target = newest

    def _block(self, found: list[tuple[int, int, list[Any]]]) -> Block | None:
        if not found:
            return None
        columns = []
        for i, channel in enumerate(self._out.channels):
            column = np.empty(len(found), channel.dtype)
            column[:] = [values[i] for _, _, values in found]
            columns.append(column)
        ticks = None if self._out.time.regular else np.array([tick for _, tick, _ in found], np.int64)
        return Block(first=found[0][0], start=found[0][1], columns=tuple(columns), ticks=ticks)

    def _try(self) -> tuple[Channel, ...]:
        """The channels of the result, found by trying `fn` on noise."""
        columns = tuple(
            np.random.default_rng(i).standard_normal(self.window).astype(channel.dtype)
            for i, channel in enumerate(self._schema.channels)
        )
        ticks = None if self._schema.time.regular else np.arange(self.window, dtype=np.int64)
        noise = Block(first=0, start=0, columns=columns, ticks=ticks)
        try:
            result = self.fn(label_window(0, [noise], self._schema))
        except Exception as error:
            raise InputError(
                f"{self.name} could not be tried on a window of noise to learn what it returns ({error}); "
                f"say so with schema=Schema(channels=...)"
            ) from error
        return channels_of(result, self.name)


def _name_of(fn: Callable[..., Any]) -> str:
    inner = fn.func if isinstance(fn, functools.partial) else fn
    return getattr(inner, "__name__", type(inner).__name__)
