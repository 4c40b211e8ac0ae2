"""A generator function or an iterator as a source."""

from __future__ import annotations

import threading
import time as clock
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from ...errors import InputError
from ...feed.schema import Block, Schema
from ...timebase import TimeBase
from .fields import ARRIVAL, Channels, Fields
from .pacing import SLOT
from .rows import Rows, name_of

__all__ = ["Generator"]


class Generator:
    """Rows from a generator function, an iterable or an iterator; it sets its own pace.

    Each item is a row: a number or a text (one channel), a list in the order of the channels, or a mapping by their
    names; or it is a 2-D array of several rows, of shape (rows, channels).

    Parameters
    ----------
    make : callable or iterable
        A function without arguments that returns an iterator, as a generator function does: each run calls it anew.
        Or an iterable; an iterator can run only once. While it waits for its next row, it cannot be stopped.
    channels : list of str, mapping of str to kind, or list of Channel
        Names of numbers, or ``{"level": "float", "note": "text"}``.
    dt : float, str or Fraction, optional
        Time between rows, exactly. Default: rows have the time of their arrival, in nanoseconds since 1970.
    dt_unit : str, optional
        Unit of `dt`; default ``"s"``.
    time : str, optional
        The field of a row that holds its time (the first of a list), ISO 8601 or a number of `unit` since 1970.
    unit : str, optional
        Unit of a time that is a number; default ``"s"``.
    live : bool, optional
        Whether it cannot wait for a slow reader; default False: the next row is asked for when there is room for it.
        A live one hands each item on at once, others those of 4 ms together.
    name : str, optional
        Default the name of the function, else ``"generator"``.

    Raises
    ------
    InputError
        If `make` is none of these, or, while it runs, an item is no row.

    Examples
    --------
    >>> import threading
    >>> def squares():
    ...     for n in range(4):
    ...         yield n**2
    >>> source = Generator(squares, channels=["square"], dt="1/100")
    >>> [block.columns[0].tolist() for block in source.blocks(threading.Event())]
    [[0.0, 1.0, 4.0, 9.0]]
    """

    def __init__(
        self,
        make: Callable[[], Iterable[Any]] | Iterable[Any],
        *,
        channels: Channels,
        dt: float | str | Fraction | None = None,
        dt_unit: str = "s",
        time: str | None = None,
        unit: str = "s",
        live: bool = False,
        name: str | None = None,
    ) -> None:
        if not callable(make) and not isinstance(make, Iterable):
            raise InputError(f"a {type(make).__name__} makes no rows; give a generator function or an iterable")
        if dt is not None and time is not None:
            raise InputError(f"rows are dt={dt!r} apart or have times of their own in {time!r}, not both; give one")
        self._make = make
        self._fields = Fields(channels, time=time, unit=unit)
        self.schema = Schema(
            channels=self._fields.channels, time=ARRIVAL if dt is None else TimeBase.from_dt(dt, unit=dt_unit)
        )
        self.live = live
        self.name = name or name_of(make, "generator")
        self._over = False

    def blocks(self, stop: threading.Event) -> Iterator[Block]:
        """Yield the rows as they are made, until they end or `stop` is set."""
        if self._over:
            raise InputError(f"{self.name!r} has ended, and an iterator runs only once; give a generator function")
        made = self._make() if callable(self._make) else self._make
        if not isinstance(made, Iterable):
            raise InputError(f"{self.name!r} returned a {type(made).__name__}, which is no iterator; see Sampler")
        items = iter(made)
        rows = Rows(self.schema)
        begun = clock.monotonic()
        try:
            for count, item in enumerate(items):
                try:
                    for row in item if isinstance(item, np.ndarray) and item.ndim == 2 else (item,):
                        rows.add(*self._fields.row(row))
                except InputError as error:
                    raise InputError(f"item {count} of {self.name!r}: {error}") from error
                if self.live or rows.full or clock.monotonic() - begun > SLOT:
                    yield from rows.take()
                    begun = clock.monotonic()
                if stop.is_set():
                    return
            yield from rows.take()
            self._over = items is self._make
        finally:
            if callable(self._make) and hasattr(items, "close"):
                items.close()
