"""Recurrence rate and recurrence quantification of the newest rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ...kernels.attractors.online import slide_rate
from ...kernels.attractors.online_lines import LAST, slide_lines
from .._checks import check_radius, check_whole
from .._points import check_norm, limits_of, pairs_beyond
from ..recurrence import Plot, columns_of
from ..rqa import METHOD, UNITS, quantify
from .delayed import Delayed

__all__ = ["OnlineRecurrenceRate", "OnlineRqa"]


class _Recurrence(Delayed):
    """Delay vectors of the newest rows, with a radius that stays."""

    def __init__(
        self,
        *,
        window: int,
        radius: float,
        every: int = 1,
        delay: int = 1,
        embedding_dim: int = 1,
        theiler: int = 0,
        norm: str = "max",
        channel: str | None = None,
    ) -> None:
        self._code = check_norm(norm)
        self.radius, self.norm = check_radius(radius), norm
        self._limit = limits_of(np.array([self.radius]), self._code)[0]
        super().__init__(
            window=window, every=every, delay=delay, embedding_dim=embedding_dim, theiler=theiler, channel=channel
        )

    def _columns(self, values: np.ndarray) -> np.ndarray:
        """Components of the delay vectors held and of those that come with `values`."""
        return columns_of(self.vectors(np.concatenate([self._held, values])).points)

    def _attrs(self, method: str) -> dict[str, Any]:
        return Plot(made=self.vectors(np.empty(0)), radius=self.radius, norm=self.norm).attrs(method)


class OnlineRecurrenceRate(_Recurrence):
    """The `recurrence_rate` of `rqa` over the last `window` rows, exactly; the cost of a row grows with `window`.

    Parameters
    ----------
    window : int
        Rows of the window.
    radius : float
        Vectors no further apart recur.
    every : int, optional
        Rows between two results; default 1.
    delay, embedding_dim, theiler : int, optional
        The embedding and the Theiler window, in samples; default 1, 1 and 0.
    norm : {"max", "euclidean"}, optional
        Distance of two vectors; default the largest difference of their components.
    channel : str, optional
        Which channel of the feed; needed where several are numeric.

    Examples
    --------
    >>> from midstream_lab.feed import Block
    >>> twin = OnlineRecurrenceRate(window=4, radius=0.5)
    >>> _ = twin.update(Block(first=0, start=0, columns=(np.array([9.0, 0.0, 1.0, 0.1, 1.1]),)))
    >>> round(float(twin.result()["recurrence_rate"]), 3)
    0.333
    """

    name = "recurrence_rate"

    def begin(self) -> None:
        self._later, self._total = np.empty(0, np.int64), 0

    def advance(self, values: np.ndarray) -> None:
        columns, known = self._columns(values), self.known
        later = np.concatenate([self._later, np.zeros(columns.shape[1] - known, np.int64)])
        self._total += slide_rate(columns, known, self.rows, self._limit, self._code, self.theiler, later)
        self._later = later[-self.rows :]

    def estimate(self) -> xr.Dataset:
        n = self.known
        rate = self._total / pairs_beyond(n, self.theiler) if n > self.theiler + 1 else np.nan
        return xr.Dataset(
            {"recurrence_rate": ((), rate, {"units": UNITS["recurrence_rate"]})}, attrs=self._attrs("recurrence rate")
        )


class OnlineRqa(_Recurrence):
    """`rqa` of the last `window` rows, exactly; the cost of a row grows with `window`, not with its square.

    Parameters
    ----------
    window : int
        Rows of the window.
    radius : float
        Vectors no further apart recur.
    every : int, optional
        Rows between two results; default 1.
    delay, embedding_dim, theiler : int, optional
        The embedding and the Theiler window, in samples; default 1, 1 and 0.
    min_diagonal, min_vertical : int, optional
        Shortest lines that count; default 2.
    norm : {"max", "euclidean"}, optional
        Distance of two vectors; default the largest difference of their components.
    channel : str, optional
        Which channel of the feed; needed where several are numeric.

    Notes
    -----
    A row that comes or goes lengthens, shortens, begins or ends one line of each diagonal and column: the numbers of
    lines of each length are kept, and no matrix. Memory grows with `window`.

    Examples
    --------
    >>> from midstream_lab.feed import Block
    >>> twin = OnlineRqa(window=50, every=10, radius=0.1)
    >>> _ = twin.update(Block(first=0, start=0, columns=(np.sin(np.arange(60) * np.pi / 8),)))
    >>> float(twin.result()["longest_diagonal"])
    34.0
    """

    name = "rqa"

    def __init__(
        self,
        *,
        window: int,
        radius: float,
        every: int = 1,
        delay: int = 1,
        embedding_dim: int = 1,
        theiler: int = 0,
        min_diagonal: int = 2,
        min_vertical: int = 2,
        norm: str = "max",
        channel: str | None = None,
    ) -> None:
        self.min_diagonal = check_whole(min_diagonal, "min_diagonal", least=1)
        self.min_vertical = check_whole(min_vertical, "min_vertical", least=1)
        super().__init__(
            window=window,
            radius=radius,
            every=every,
            delay=delay,
            embedding_dim=embedding_dim,
            theiler=theiler,
            norm=norm,
            channel=channel,
        )

    def begin(self) -> None:
        self._before = 0
        self._diagonals, self._verticals = _no_lines(self.rows), _no_lines(0)
        self._lengths = np.zeros((2, self.rows + 1), np.int64)
        self._by_lag = np.zeros(self.rows, np.int64)

    def advance(self, values: np.ndarray) -> None:
        columns, known = self._columns(values), self.known
        come = columns.shape[1] - known
        verticals = np.concatenate([self._verticals, _no_lines(come)], axis=1)
        slide_lines(
            columns,
            self._before,
            known,
            self.rows,
            self._limit,
            self._code,
            self.theiler,
            self._diagonals,
            verticals,
            self._lengths[0],
            self._lengths[1],
            self._by_lag,
        )
        self._verticals = np.ascontiguousarray(verticals[:, -self.rows :])
        self._before += max(0, known + come - self.rows)

    def estimate(self) -> xr.Dataset:
        return quantify(
            (self._lengths[0], self._lengths[1], self._by_lag[: self.known]),
            self.theiler,
            min_diagonal=self.min_diagonal,
            min_vertical=self.min_vertical,
            attrs=self._attrs(METHOD),
        )


def _no_lines(places: int) -> np.ndarray:
    """State of the lines, as `slide_lines` has it, before any row has come."""
    lines = np.zeros((3, places), np.int64)
    lines[LAST] = -2
    return lines
