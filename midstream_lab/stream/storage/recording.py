"""A recording that is there: as arrays, and as a source that plays it bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html import escape
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ...errors import InputError, require
from ...feed.labels import label_rows, label_window
from ...feed.node import BLOCK_ROWS
from ...feed.schema import Block
from .published import load
from .runs import UNKNOWN, Run, follow, place_of, table

__all__ = ["Recording"]


class Recording:
    """The rows that a recorder has written, also while it goes on: what it held when it was opened.

    It is a `Source` that can begin at any row: ``serve(Recording(path))`` sends its rows with their sequence numbers,
    times and gaps, as fast as the readers take them; ``serve(Replay(Recording(path)))`` at the rate of their times.

    Parameters
    ----------
    path : path
        The folder that was given to `record`. Nothing in it is changed.

    Attributes
    ----------
    schema : Schema
        What the rows hold.
    name : str
        Name of what was recorded.
    path : Path
        The folder.
    published : int
        Rows in the Zarr store; those after them stand in the journal.
    torn : int
        Bytes at the end of the journal that a crash has left; they are no whole rows.

    Raises
    ------
    InputError
        If there is no recording, or it is damaged.
    MissingExtra
        If numcodecs, which comes with zarr, is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from midstream_lab.feed import Channel, Feed, Schema
    >>> from midstream_lab.stream import record
    >>> feed = Feed(Schema(channels=(Channel(name="x"),)), name="heart")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with record(feed, folder + "/run.zarr"):
    ...         feed.append(Block(first=0, start=0, columns=(np.arange(3.0),)))
    ...         feed.append(Block(first=5, start=5, columns=(np.arange(2.0),)))
    ...     recording = Recording(folder + "/run.zarr")
    ...     rows = [block.first for block in recording.blocks()]
    >>> len(recording), recording.lost, rows
    (5, 2, [0, 5])
    """

    live = False

    def __init__(self, path: str | PathLike[str]) -> None:
        require("numcodecs", extra="record")
        self.path = Path(fspath(path)).expanduser()
        self._published, journal = load(self.path)
        layout = self._published.layout
        self.schema = layout.schema
        self.name = layout.name
        self.published = layout.rows
        self.torn = journal.torn if journal is not None else 0
        step = self.schema.time.step
        self._tail = journal.after(layout.rows, step=step) if journal is not None else []
        self._position = self._published.position
        found = []
        for entry in self._tail:
            run, self._position = follow(entry.block, self._position, unknown=entry.anew, step=step)
            found += [run] if run is not None else []
        self._runs = np.concatenate([self._published.runs, table(found, len(found))])
        self._first = 0

    def __len__(self) -> int:
        return self._position.count if self._position is not None else 0

    @property
    def next(self) -> int:
        """Sequence number after the newest row."""
        return self._position.row + 1 if self._position is not None else 0

    @property
    def runs(self) -> tuple[Run, ...]:
        """Which rows follow each other, and how many are missing between."""
        return tuple(map(Run.of, self._runs))

    @property
    def lost(self) -> int:
        """Rows that are missing, as far as it is known how many."""
        gaps = self._runs[:, 4]
        return int(gaps[gaps > 0].sum())

    @property
    def restarts(self) -> int:
        """How often the source began anew: gaps of unknown size, each counted as one row in the numbering."""
        return int((self._runs[:, 4] == UNKNOWN).sum())

    def seek(self, row: int) -> None:
        """Let the next run of `blocks` begin at the sequence number `row` instead of at the first."""
        if row < 0:
            raise InputError(f"a row is 0 or more, not {row}")
        self._first = row

    def blocks(self, stop: Any = None) -> Iterator[Block]:
        """Yield the rows, until they end or the event `stop` is set; a chunk at a time is in memory."""
        first, self._first = self._first, 0
        last: int | None = None
        step = self.schema.time.step
        for run in self._from(place_of(first, self._runs, len(self))):
            for at in range(0, len(run), BLOCK_ROWS):
                if stop is not None and stop.is_set():
                    return
                block = run.cut(at, min(at + BLOCK_ROWS, len(run)), step=step)
                yield replace(block, gap=0 if last is None else block.first - last)
                last = block.stop

    def window(self, n: int | None = None, *, unbroken: bool = False) -> xr.DataArray:
        """The newest rows as an ordinary sequence, missing ones as NaN; like `Feed.window`.

        Parameters
        ----------
        n : int, optional
            Sequence numbers to cover; default all.
        unbroken : bool, optional
            Only the newest run without missing rows; default False.

        Returns
        -------
        DataArray
            The numeric columns, ``(time,)`` for one channel and ``(time, channel)`` for more.
        """
        place = self._place(n)
        since = self.next - n if n is not None and place else 0
        if unbroken:
            place, since = max(place, int(self._runs[-1, 0])), 0
        blocks = list(self._from(place))
        return label_window(max(since, 0) or blocks[0].first, blocks, self.schema)

    def to_xarray(self, n: int | None = None) -> xr.Dataset:
        """The rows of the newest `n` sequence numbers, all columns; missing rows are left out, like `Feed.rows`.

        Returns
        -------
        Dataset
            A variable for each channel over ``time``, with the coordinates `time` and `row` (the sequence number).
        """
        return label_rows(list(self._from(self._place(n))), self.schema)

    def __repr__(self) -> str:
        return f"<Recording {self.name!r} in {str(self.path)!r}: {self._summary()}>"

    def _repr_html_(self) -> str:
        channels = "".join(
            f"<tr><td>{escape(c.name)}</td><td>{escape(c.unit)}</td><td>{c.kind}</td></tr>"
            for c in self.schema.channels
        )
        head = "<tr><th>channel</th><th>unit</th><th>kind</th></tr>"
        title = f"<strong>Recording {escape(self.name)}</strong>: {escape(self._summary())}"
        return f"<div>{title}<table>{head}{channels}</table></div>"

    def _summary(self) -> str:
        parts = [f"{len(self):,} rows"]
        parts += [f"{self.lost:,} lost"] * bool(self.lost)
        parts += [f"began anew {self.restarts} times"] * bool(self.restarts)
        return ", ".join(parts)

    def _place(self, n: int | None) -> int:
        """Place of the first row of a window of `n` sequence numbers."""
        if n is not None and (not isinstance(n, (int, np.integer)) or n < 1):
            raise InputError(f"a window is a whole number of rows and has at least one row, not {n!r}")
        if not len(self):
            raise InputError(f"{str(self.path)!r} has no rows yet")
        return 0 if n is None else place_of(self.next - int(n), self._runs, len(self))

    def _from(self, place: int) -> Iterator[Block]:
        """The rows from a place on, in blocks that are unbroken."""
        yield from self._published.blocks(place)
        for entry in self._tail:
            rest = entry.after(place, step=self.schema.time.step)
            if rest is not None:
                yield rest.block
