"""What the twins share: the newest rows, hops, gaps, and results with their age."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from ...errors import InputError
from ...feed import Block, Channel, Schema
from ...feed.result import channels_of, values_of
from .._checks import check_whole

__all__ = ["Twin"]


class Twin:
    """An estimate over the last `window` rows of one channel, given out at every row divisible by `every`.

    An operator for `Feed.pipe`; the output row number ``j`` belongs to the input row number ``j * every``. Nothing is
    given out before a window is full.
    """

    #: What it is a twin of; stands in the default name of the feed.
    name = "twin"

    def __init__(self, *, window: int, every: int, channel: str | None, least: int) -> None:
        self.window = check_whole(window, "window", least=least)
        self.every = check_whole(every, "every", least=1)
        self.channel = channel
        self._schema = Schema(channels=(Channel(name=channel or "x"),))
        self._column = 0
        self._next: int | None = None
        self._out: Schema | None = None
        self._cut()

    def begin(self) -> None:
        """Forget everything; the rows held are forgotten already."""

    def advance(self, values: np.ndarray) -> None:
        """Take finite values that follow the last ones; `self._held` still ends before them."""

    def estimate(self) -> xr.Dataset:
        """What the batch function says of the rows held."""
        raise NotImplementedError

    def hop(self) -> None:
        """The window is full at a row where a result is given out."""

    def used(self) -> tuple[int, int]:
        """Samples that the estimate rests on, and rows that have come since."""
        return len(self._held), 0

    def schema_out(self, schema: Schema) -> Schema:
        """The scalars of the result as channels; `every` times the step of the input."""
        numeric = [channel.name for channel in schema.channels if channel.numeric]
        if self.channel is None and len(numeric) != 1:
            raise InputError(f"choose one of the channels {', '.join(numeric) or '(none is numeric)'} with channel=...")
        name = numeric[0] if self.channel is None else self.channel
        if name not in numeric:
            raise InputError(f"no numeric channel named {name!r}; there are {', '.join(numeric)}")
        if not schema.time.regular:
            raise InputError(f"{self.name} needs an even time base; make it even first, with resample")
        self._schema, self._column, self._next = schema, schema.index(name), None
        self._cut()
        attrs = {**schema.attrs, "method": self.name, "window": self.window, "every": self.every}
        time = replace(schema.time, step=schema.time.step * self.every)
        self._out = Schema(channels=self.channels(), time=time, attrs=attrs)
        return self._out

    def channels(self) -> tuple[Channel, ...]:
        """What a row of the output holds."""
        return channels_of(self.result(), self.name)

    def update(self, block: Block) -> Block | None:
        """Take a block; give the estimates of the hops in it, if a window was full there."""
        values, out = self._read(block)
        found: list[list[Any]] = []
        hops: list[int] = []
        begin = 0
        for row in range(-(-block.first // self.every) * self.every, block.stop, self.every):
            end = row + 1 - block.first
            self._extend(values[begin:end])
            begin = end
            if len(self._held) == self.window:
                self.hop()
                hops.append(row)
                found.append(values_of(self.result(), out, self.name))
        self._extend(values[begin:])
        return self._block(block, out, hops, found) if hops else None

    def finish(self) -> None:
        """Nothing is left."""

    def result(self) -> xr.Dataset:
        """The estimate now, with `n_used`, `window` and `age`.

        Returns
        -------
        xarray.Dataset
            The variables of the batch function; `n_used` samples, of at most `window`, the newest `age` rows old.
        """
        used, age = self.used()
        found = self.estimate()
        return found.assign(
            n_used=((), used, {"units": "samples"}),
            window=((), self.window, {"units": "samples"}),
            age=((), age, {"units": "samples"}),
        )

    @property
    def clock(self) -> tuple[float, str]:
        """Sampling interval and its unit."""
        return float(self._schema.time.dt), self._schema.time.unit

    def _read(self, block: Block) -> tuple[np.ndarray, Schema]:
        """The values of a block, and the schema of the output; everything starts again where rows are missing."""
        out = self._out if self._out is not None else self.schema_out(self._schema)
        if block.gap or (self._next is not None and block.first != self._next):
            self._cut()
        self._next = block.stop
        return np.asarray(block.columns[self._column], dtype=np.float64), out

    def _cut(self) -> None:
        """Rows are missing before those that come."""
        self._restart()

    def _restart(self) -> None:
        self._held = np.empty(0)
        self.begin()

    def _extend(self, values: np.ndarray) -> None:
        """Pass on `values`; a value that is not finite starts everything again."""
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            self._restart()
            values = values[bad[-1] + 1 :]
        if len(values):
            self.advance(values)
            self._held = np.concatenate([self._held, values])[-self.window :]

    def _block(self, block: Block, schema: Schema, hops: list[int], found: list[list[Any]]) -> Block:
        columns = []
        for i, channel in enumerate(schema.channels):
            column = np.empty(len(found), channel.dtype)
            column[:] = [values[i] for values in found]
            columns.append(column)
        start = block.start + (hops[0] - block.first) * self._schema.time.step
        return Block(first=hops[0] // self.every, start=start, columns=tuple(columns))
