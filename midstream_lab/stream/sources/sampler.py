"""A function that is called at a rate, as a source."""

from __future__ import annotations

import math
import threading
import time as clock
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from ...errors import InputError
from ...feed.schema import Block, Schema
from ...timebase import TimeBase
from .fields import ARRIVAL, Channels, Fields
from .pacing import SLOT
from .rows import Rows, name_of

__all__ = ["Sampler"]


class Sampler:
    """Rows from a function that is called at a rate: a sensor.

    It is called at the whole multiples of the interval, counted from 1970, so that the rows of several machines fall
    on the same grid. Where a call takes so long that the next ones are due, those are left out and are gaps.

    Parameters
    ----------
    function : callable
        Without arguments; returns a row: a number or a text (one channel), a list in the order of the channels, a
        mapping by their names, or None for a row that is missing. What it raises ends the source.
    rate : float, str or Fraction
        Calls per second.
    channels : list of str, mapping of str to kind, or list of Channel
        Names of numbers, or ``{"level": "float", "note": "text"}``.
    live : bool, optional
        Whether it cannot wait for a slow reader; default True. Otherwise rows that nobody has room for are not
        sampled, and are gaps.
    name : str, optional
        Default the name of the function.

    Raises
    ------
    InputError
        If `function` cannot be called, `rate` is no positive number, or, while it runs, a value is no row.

    Examples
    --------
    >>> import threading
    >>> source = Sampler(lambda: 36.6, rate=1000, channels=["temperature"])
    >>> stop = threading.Event()
    >>> block = next(source.blocks(stop))
    >>> float(block.columns[0][0]), str(source.schema.time.dt)
    (36.6, '1/1000')
    """

    def __init__(
        self,
        function: Callable[[], Any],
        *,
        rate: float | str | Fraction,
        channels: Channels,
        live: bool = True,
        name: str | None = None,
    ) -> None:
        if not callable(function):
            raise InputError(f"a {type(function).__name__} cannot be called; give a function, or see Generator")
        try:
            frequency = TimeBase.from_dt(rate).dt
        except InputError:
            raise InputError(f"rate must be a positive number of calls per second, not {rate!r}") from None
        self._function = function
        self._fields = Fields(channels)
        self.schema = Schema(channels=self._fields.channels, time=TimeBase.from_dt(1 / frequency, epoch=ARRIVAL.epoch))
        self.live = live
        self.name = name or name_of(function, "sampler")
        self._now = clock.time
        self._elapsed = clock.monotonic

    def blocks(self, stop: threading.Event) -> Iterator[Block]:
        """Yield a row for each call, those of 4 ms together, until `stop` is set."""
        dt = self.schema.time.dt
        start = math.ceil(Fraction(self._now()) / dt)
        # from here on by the steady clock: where the wall clock is set, the grid stays
        begun = self._elapsed() + float(start * dt - Fraction(self._now()))
        rows = Rows(self.schema, start=start)
        row, handed_on = 0, begun
        while not stop.wait(max(0.0, begun + float(row * dt) - self._elapsed())):
            value = self._function()
            if value is None:
                rows.skip(1)
            else:
                rows.add(self._fields.row(value)[0])
            row += 1
            now = self._elapsed()
            if now - handed_on + float(dt) > SLOT or rows.full:
                yield from rows.take()
                now = handed_on = self._elapsed()
            passed = math.floor((now - begun) / dt) - row
            if passed > 0:
                rows.skip(passed)
                row += passed
