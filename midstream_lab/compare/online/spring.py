"""Matches of a query in a stream under dynamic time warping."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import xarray as xr

from ...errors import GapError, InputError
from ...feed import Block, Channel, Schema
from ...kernels.compare.spring import follow_stream
from .._windows import frozen, one_channel, whole

__all__ = ["SpringMonitor"]


class SpringMonitor:
    """Parts of a stream whose warping distance to a query is at most a threshold, reported once and without overlap.

    An operator for `Feed.pipe`, which can be fed by hand with ``update(block)``. Each sample takes a time that grows
    with the query alone. Of subsequences that overlap the best is reported, at the first row after which none that
    starts in it can be better. Values are compared as they are: bring stream and query to the same scale first.

    Parameters
    ----------
    query : array_like or xarray.DataArray, shape (m,)
        One channel without missing values.
    threshold : float
        Largest distance of a match, 0 or more: the square root of the summed squares, as of `dtw_distance`.
    channel : str, optional
        Which channel of the feed; needed where several are numeric.
    history : int, optional
        Most matches that `result` holds; default 1,000.

    Raises
    ------
    GapError
        If values of the query are missing.
    InputError
        If the query or a parameter cannot be used.

    Notes
    -----
    A row of the output has `distance`, that of the best subsequence that ends at this row (which begins after the last
    match reported), and, where a match is reported, `match_distance`, `match_start` and `match_end` (row numbers), else
    NaN and -1. The search goes on with the subsequences that begin after the match and have not ended before the row of
    the report. Missing rows and values that are not finite end a match and start the search again.

    References
    ----------
    Sakurai, Faloutsos & Yamamuro (2007), ICDE.

    Examples
    --------
    >>> from midstream_lab.feed import Block
    >>> monitor = SpringMonitor([0, 3, 1], threshold=0.5)
    >>> _ = monitor.update(Block(first=0, start=0, columns=(np.array([9, 9, 0, 3, 3, 1, 9, 9.0]),)))
    >>> found = monitor.result()
    >>> found["start"].values.tolist(), found["end"].values.tolist(), found["distance"].values.tolist()
    ([2], [5], [0.0])
    """

    name = "spring"

    def __init__(self, query: Any, threshold: float, *, channel: str | None = None, history: int = 1000) -> None:
        self.query = one_channel(query, "query")
        if np.isnan(self.query).any():
            raise GapError(f"a value of the query is missing (NaN) at row {int(np.isnan(self.query).argmax())}")
        try:
            self.threshold = float(threshold)
        except (TypeError, ValueError):
            self.threshold = float("nan")
        if not 0.0 <= self.threshold < np.inf:
            raise InputError(f"threshold must be a distance, 0 or more, not {threshold!r}")
        self.channel = channel
        self._matches: deque[tuple[int, int, float]] = deque(
            maxlen=whole(history, "history", least=1, most=10**7, why="matches are held in memory")
        )
        self._column = 0
        self._next: int | None = None
        self._begin()

    def schema_out(self, schema: Schema) -> Schema:
        """Distance and matches, at the rate of the input."""
        numeric = [channel.name for channel in schema.channels if channel.numeric]
        if self.channel is None and len(numeric) != 1:
            raise InputError(f"choose one of the channels {', '.join(numeric) or '(none is numeric)'} with channel=...")
        name = numeric[0] if self.channel is None else self.channel
        if name not in numeric:
            raise InputError(f"no numeric channel named {name!r}; there are {', '.join(numeric)}")
        self._column = schema.index(name)
        self._begin()
        channels = (
            Channel(name="distance"),
            Channel(name="match_distance"),
            Channel(name="match_start", kind="int"),
            Channel(name="match_end", kind="int"),
        )
        attrs = {**schema.attrs, "method": self.name, "threshold": self.threshold}
        return Schema(channels=channels, time=schema.time, attrs=attrs)

    def update(self, block: Block) -> Block:
        """Take a block; give the distance at each of its rows, and the matches that are certain there."""
        values = np.asarray(block.columns[self._column], dtype=np.float64)
        first = block.first
        gap = self._next is not None and (bool(block.gap) or first != self._next)
        self._next = block.stop
        if gap:
            # A row that is missing stands for all of them: it ends the match that is open.
            ended, place = self._follow(np.array([np.nan]), first - 1)[1:]
        ending, found, places = self._follow(values, first)
        if gap and place[0, 1] >= 0:
            found[0], places[0] = ended[0], place[0]
        for k in np.flatnonzero(places[:, 1] >= 0):
            self._matches.append((int(places[k, 0]), int(places[k, 1]), float(np.sqrt(found[k]))))
            self._count += 1
        columns = (np.sqrt(ending), np.sqrt(found), places[:, 0].copy(), places[:, 1].copy())
        return Block(first=first, start=block.start, columns=columns, gap=block.gap)

    def finish(self) -> None:
        """The stream has ended: an open match is complete, and joins those of `result`."""
        if self._place[1] >= 0:
            self._matches.append((int(self._place[0]), int(self._place[1]), float(np.sqrt(self._best[0]))))
            self._count += 1
        self._restart()

    def result(self) -> xr.Dataset:
        """The matches so far.

        Returns
        -------
        xarray.Dataset
            Over ``match``, the newest `history` of them: `start` and `end`, numbers of the first row and the last, and
            `distance`; `count` of all reported, and `open`, whether one is found that may still become better.
        """
        held = list(self._matches)
        return xr.Dataset(
            {
                "start": ("match", np.array([match[0] for match in held], np.int64), {"units": "rows"}),
                "end": ("match", np.array([match[1] for match in held], np.int64), {"units": "rows"}),
                "distance": ("match", np.array([match[2] for match in held], np.float64), {"units": "1"}),
                "count": ((), self._count),
                "open": ((), bool(self._place[1] >= 0)),
            },
            attrs={"method": self.name, "threshold": self.threshold, "citation": "Sakurai et al. (2007), ICDE"},
        )

    def _begin(self) -> None:
        self._matches.clear()
        self._count = 0
        self._next = None
        self._restart()

    def _restart(self) -> None:
        m = len(self.query)
        self._cost, self._from = np.full((2, m), np.inf), np.zeros((2, m), np.int64)
        self._best, self._place = np.array([np.inf]), np.full(2, -1, np.int64)

    def _follow(self, values: np.ndarray, row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n, state = len(values), (self._cost, self._from, self._best, self._place)
        ending, found, places = np.empty(n), np.empty(n), np.empty((n, 2), np.int64)
        follow_stream(frozen(values), self.query, row, self.threshold**2, *state, ending, found, places)
        return ending, found, places
