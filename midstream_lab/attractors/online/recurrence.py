"""Recurrence rate and recurrence quantification of the newest rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ...kernels.attractors.embedding import embed_delay
from ...kernels.attractors.online import slide_rate
from .._checks import check_whole
from .._points import NORMS, Points, check_norm, check_radius, limits_of, pairs_beyond
from ..recurrence import columns_of, recurrence_attrs
from ..rqa import UNITS, quantify
from .base import Twin

__all__ = ["OnlineRecurrenceRate", "OnlineRqa"]


class _Recurrence(Twin):
    """Delay vectors of the newest rows, with a radius that stays."""

    def __init__(
        self,
        *,
        window: int,
        every: int,
        radius: float,
        delay: int,
        embedding_dim: int,
        theiler: int,
        norm: str,
        channel: str | None,
    ) -> None:
        check_norm(norm)
        self.radius, self.norm = check_radius(radius), norm
        self.delay = check_whole(delay, "delay", least=1)
        self.embedding_dim = check_whole(embedding_dim, "embedding_dim", least=1)
        self.theiler = check_whole(theiler, "theiler", least=0)
        self._reach = (self.embedding_dim - 1) * self.delay
        super().__init__(window=window, every=every, channel=channel, least=self._reach + self.theiler + 2)

    def _points(self, x: np.ndarray) -> Points:
        step, unit = self.clock
        return Points(
            points=embed_delay(_frozen(x), self.delay, self.embedding_dim, max(0, len(x) - self._reach)),
            delay=self.delay,
            embedding_dim=self.embedding_dim,
            theiler=self.theiler,
            dt=step,
            unit=unit,
        )


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
        super().__init__(
            window=window,
            every=every,
            radius=radius,
            delay=delay,
            embedding_dim=embedding_dim,
            theiler=theiler,
            norm=norm,
            channel=channel,
        )

    def begin(self) -> None:
        self._later, self._total = np.empty(0, np.int64), 0

    def advance(self, values: np.ndarray) -> None:
        points = self._points(np.concatenate([self._held, values])).points
        known, rows, code = len(self._later), self.window - self._reach, NORMS[self.norm]
        later = np.concatenate([self._later, np.zeros(len(points) - known, np.int64)])
        limit = limits_of(np.array([self.radius]), code)[0]
        self._total += slide_rate(columns_of(points), known, rows, limit, code, self.theiler, later)
        self._later = later[-rows:]

    def estimate(self) -> xr.Dataset:
        n = len(self._later)
        rate = self._total / pairs_beyond(n, self.theiler) if n > self.theiler + 1 else np.nan
        attrs: dict[str, Any] = recurrence_attrs(self._points(np.empty(0)), self.norm, "recurrence rate")
        return xr.Dataset(
            {"recurrence_rate": ((), rate, {"units": UNITS["recurrence_rate"]})},
            attrs={**attrs, "radius": self.radius},
        )


class OnlineRqa(_Recurrence):
    """`rqa` of the last `window` rows, computed anew at every hop: 20 ms at 4,096 rows on one core.

    Parameters
    ----------
    window : int
        Rows of the window.
    every : int
        Rows between two results.
    radius : float
        Vectors no further apart recur.
    delay, embedding_dim, theiler : int, optional
        The embedding and the Theiler window, in samples; default 1, 1 and 0.
    min_diagonal, min_vertical : int, optional
        Shortest lines that count; default 2.
    norm : {"max", "euclidean"}, optional
        Distance of two vectors; default the largest difference of their components.
    channel : str, optional
        Which channel of the feed; needed where several are numeric.

    Examples
    --------
    >>> from midstream_lab.feed import Block
    >>> twin = OnlineRqa(window=50, every=10, radius=0.1)
    >>> _ = twin.update(Block(first=0, start=0, columns=(np.sin(np.arange(60) * np.pi / 8),)))
    >>> float(twin.result()["longest_diagonal"])
    34.0
    """

    name = "rqa"
    lane = "slow"

    def __init__(
        self,
        *,
        window: int,
        every: int,
        radius: float,
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
            every=every,
            radius=radius,
            delay=delay,
            embedding_dim=embedding_dim,
            theiler=theiler,
            norm=norm,
            channel=channel,
        )

    def estimate(self) -> xr.Dataset:
        made = self._points(self._held)
        if len(made.points) > self.theiler + 1:
            return quantify(made, self.radius, self.norm, self.min_diagonal, self.min_vertical)
        return xr.Dataset({name: ((), np.nan, {"units": unit}) for name, unit in UNITS.items()})


def _frozen(x: np.ndarray) -> np.ndarray:
    view = x.view()
    view.flags.writeable = False
    return view
