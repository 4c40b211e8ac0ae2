"""Sequences as sources, and sources into feeds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import InputError
from .feed import Feed
from .node import BLOCK_ROWS
from .schema import Block, Channel, Schema, Source

__all__ = ["SequenceSource", "run_source"]

#: How often a thread that waits for room looks whether it was told to stop, in seconds.
PATIENCE = 0.2


class SequenceSource:
    """A sequence as a `Source`: all its rows, as fast as they are taken.

    Rows are numbered from 0 by their time, so missing rows are gaps in the numbers; NaN values stay. Of a Dataset
    the variables of texts along ``time`` come too, behind the numeric ones; a missing text is an empty one.

    Parameters
    ----------
    x : DataArray, Dataset or array_like
        What `midstream_lab.sequence` takes.
    chunk : int, optional
        Most rows in a block; default 4,096.
    **sequence
        `dt`, `unit`, `name`, `channels`: passed on to `midstream_lab.sequence`.

    Raises
    ------
    InputError
        If `x` is not a sequence, or a variable along ``time`` holds neither numbers nor texts.

    Examples
    --------
    >>> source = SequenceSource([0.0, 0.5, 1.0], dt="1/360", chunk=2)
    >>> [len(block) for block in source.blocks()]
    [2, 1]
    """

    live = False

    def __init__(self, x: Any, *, chunk: int = BLOCK_ROWS, **sequence: Any) -> None:
        from .. import sequence as room

        if not isinstance(chunk, (int, np.integer)) or chunk < 1:
            raise InputError(f"chunk must be a whole number of rows, at least 1, not {chunk!r}")
        array = room.sequence(x, nan="keep", **sequence)
        base = room.timebase(array)
        self._chunk = int(chunk)
        self._ticks = room.ticks(array)
        texts = _texts(x)
        self._columns = [*np.ascontiguousarray(array.values.reshape(len(array), -1).T), *texts.values()]
        names = [str(name) for name in array["channel"].values] if array.ndim == 2 else [str(array.name or "x")]
        shared = str(array.attrs.get("units", ""))
        units = [str(unit) for unit in array["unit"].values] if "unit" in array.coords else [shared] * len(names)
        attrs = {key: value for key, value in array.attrs.items() if isinstance(value, (str, int, float))}
        attrs.pop("units", None)
        self.schema = Schema(
            channels=tuple(Channel(name=name, unit=unit) for name, unit in zip(names, units, strict=True))
            + tuple(Channel(name=name, kind="text") for name in texts),
            time=base,
            attrs=attrs,
        )

    def __len__(self) -> int:
        return len(self._ticks)

    def blocks(self, stop: threading.Event | None = None) -> Iterator[Block]:
        """Yield blocks until the rows end or `stop` is set."""
        step = self.schema.time.step
        rows = (self._ticks - self._ticks[0]) // step if step else np.arange(len(self._ticks))
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        last = 0
        for begin, end in zip([0, *breaks], [*breaks, len(rows)], strict=True):
            for at in range(begin, end, self._chunk):
                if stop is not None and stop.is_set():
                    return
                to = min(at + self._chunk, end)
                yield Block(
                    first=int(rows[at]),
                    start=int(self._ticks[at]),
                    columns=tuple(column[at:to] for column in self._columns),
                    ticks=None if step else self._ticks[at:to],
                    gap=int(rows[at]) - last,
                )
                last = int(rows[to - 1]) + 1


def _texts(x: Any) -> dict[str, np.ndarray]:
    """The texts of a Dataset along its time, by the name of their variable."""
    found: dict[str, np.ndarray] = {}
    for name, variable in x.data_vars.items() if isinstance(x, xr.Dataset) else ():
        if variable.dims != ("time",) or variable.dtype.kind in "fiub":
            continue
        values = variable.values.astype(object)
        values[pd.isna(values)] = ""
        if not all(isinstance(value, str) for value in values):
            raise InputError(
                f"the variable {name!r} holds neither numbers nor texts ({variable.dtype}); leave it out: "
                f"x.drop_vars({name!r})"
            )
        found[str(name)] = values
    return found


def run_source(source: Source, feed: Feed, *, stop: threading.Event | None = None) -> threading.Thread:
    """Push a source into a feed from a thread, and close the feed when the source ends.

    A source that is not live waits while the feed has no room. If the source raises, the feed is closed with
    the error; if the feed is closed, the source is stopped.

    Parameters
    ----------
    source : Source
        Its schema must be the feed's.
    feed : Feed
        What to fill.
    stop : threading.Event, optional
        Set it to end early.

    Returns
    -------
    threading.Thread
        Running already.

    Examples
    --------
    >>> source = SequenceSource([1.0, 2.0, 3.0], dt=1)
    >>> feed = Feed(source.schema)
    >>> run_source(source, feed).join()
    >>> feed.counts.received, feed.closed
    (3, True)
    """
    if source.schema.channels != feed.schema.channels or source.schema.time != feed.schema.time:
        raise InputError("the feed was made for another schema; make it with Feed(source.schema)")
    stopping = stop if stop is not None else threading.Event()
    thread = threading.Thread(
        target=_push, args=(source, feed, stopping), name=f"midstream-source-{feed.name or 'unnamed'}", daemon=True
    )
    thread.start()
    return thread


def _push(source: Source, feed: Feed, stop: threading.Event) -> None:
    try:
        for block in source.blocks(stop):
            if not (feed.offer(block) if source.live else _push_patiently(block, feed, stop)) or stop.is_set():
                break
    except Exception as error:
        feed.close(error)
    stop.set()
    feed.close()


def _push_patiently(block: Block, feed: Feed, stop: threading.Event) -> bool:
    """Append `block` in pieces for which there is room; False if the feed has closed."""
    step = feed.schema.time.step
    at = 0
    while at < len(block) and not stop.is_set():
        if feed.wait_room(1, timeout=PATIENCE):
            to = min(at + max(feed.room(), 1), len(block), at + BLOCK_ROWS)
            if not feed.offer(block.cut(at, to, step=step)):
                return False
            at = to
    return True
