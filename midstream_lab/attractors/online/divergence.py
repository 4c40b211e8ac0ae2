"""Nearest neighbours among the newest delay vectors, and how fast they part."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ... import __version__
from ...errors import InputError
from ...kernels.attractors.divergence import follow, follow_fading
from ...kernels.attractors.online_neighbours import slide_neighbours
from .._checks import check_whole, frozen
from ..divergence import describe_curve
from ..recurrence import columns_of
from .delayed import Delayed

__all__ = ["OnlineDivergence", "OnlineNeighbours"]


class _Neighbours(Delayed):
    """The nearest neighbour of every delay vector of the window, updated with every row."""

    def begin(self) -> None:
        self._near, self._far = np.empty(0, np.int64), np.empty(0)

    def advance(self, values: np.ndarray) -> None:
        columns, known = columns_of(self.vectors(np.concatenate([self._held, values])).points), self.known
        come = columns.shape[1] - known
        near = np.concatenate([self._near, np.zeros(come, np.int64)])
        far = np.concatenate([self._far, np.zeros(come)])
        slide_neighbours(columns, known, self.rows, self.theiler, near, far)
        gone = max(0, known + come - self.rows)
        # Whose neighbour has gone has found another, so that what is below 0 now was -1.
        self._near, self._far = np.maximum(near[gone:] - gone, -1), far[gone:].copy()


class OnlineNeighbours(_Neighbours):
    """The nearest neighbour of every delay vector of the last `window` rows, exactly.

    Neighbours are those of `divergence_curve`: by Euclidean distance, outside the Theiler window, and no exact
    duplicates. Of two that are equally near it may be either.

    Parameters
    ----------
    window : int
        Rows of the window.
    every : int, optional
        Rows between two results; default 1.
    delay, embedding_dim : int, optional
        The embedding, in samples and components; default 1 and 2.
    theiler : int, optional
        Neighbours are more than this many samples apart, 1 or more; default 1.
    channel : str, optional
        Which channel of the feed; needed where several are numeric.

    Notes
    -----
    The result holds, over ``vector`` (oldest first), `neighbour`, the position of the nearest neighbour (-1 for
    none), and `distance` to it (NaN for none); and of the newest vector `newest_distance` and `newest_lag`, in samples
    from the neighbour (0 for none). The cost of a row grows with `window`.

    Examples
    --------
    >>> from midstream_lab.feed import Block
    >>> twin = OnlineNeighbours(window=4, embedding_dim=1)
    >>> _ = twin.update(Block(first=0, start=0, columns=(np.array([9.0, 0.0, 1.0, 0.1, 1.3]),)))
    >>> twin.result()["neighbour"].values
    array([2, 3, 0, 1])
    """

    name = "nearest_neighbours"

    def __init__(
        self,
        *,
        window: int,
        every: int = 1,
        delay: int = 1,
        embedding_dim: int = 2,
        theiler: int = 1,
        channel: str | None = None,
    ) -> None:
        super().__init__(
            window=window,
            every=every,
            delay=delay,
            embedding_dim=embedding_dim,
            theiler=theiler,
            channel=channel,
            least_theiler=1,
        )

    def estimate(self) -> xr.Dataset:
        distance = np.where(self._near >= 0, np.sqrt(self._far), np.nan)
        found = bool(len(distance)) and self._near[-1] >= 0
        return xr.Dataset(
            {
                "neighbour": ("vector", self._near),
                "distance": ("vector", distance),
                "newest_distance": ((), float(distance[-1]) if found else np.nan),
                "newest_lag": ((), len(distance) - 1 - int(self._near[-1]) if found else 0, {"units": "samples"}),
            },
            attrs={
                "method": "nearest neighbours outside the Theiler window, Euclidean norm",
                "citation": "Theiler (1986)",
                "version": __version__,
                **self.attrs(),
            },
        )


class OnlineDivergence(_Neighbours):
    """`divergence_curve` of the last `window` rows, exactly; or with old pairs that fade.

    The nearest neighbours are kept up to date with every row; the pairs are followed when a result is asked for.

    Parameters
    ----------
    window : int
        Rows of the window.
    steps : int
        Samples to follow, 2 or more.
    every : int, optional
        Rows between two results; default 1.
    delay, embedding_dim : int, optional
        The embedding, in samples and components; default 1 and 2.
    theiler : int, optional
        Neighbours are more than this many samples apart, 1 or more; default 1.
    half_life : float, optional
        Rows after which a pair weighs half as much in the mean, counted from its older vector, so that what came before
        a change fades with all its pairs; default: all weigh the same until they leave the window, as in
        `divergence_curve`.
    channel : str, optional
        Which channel of the feed; needed where several are numeric.

    Notes
    -----
    Without `half_life` the result equals the batch, but where two neighbours are equally near (quantised data), of
    which it may follow the other. With it the neighbours are still exact; the mean over the pairs is another one, which
    tends to that of the batch as `half_life` grows. `pairs` counts pairs, however little they weigh. The cost of a row
    grows with `window`, that of a result with `window` times `steps`.

    References
    ----------
    Rosenstein, Collins & De Luca (1993), Physica D 65, 117.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Logistic
    >>> from midstream_lab.feed import Block
    >>> twin = OnlineDivergence(window=1000, steps=12)
    >>> _ = twin.update(Block(first=0, start=0, columns=(Logistic().trajectory(1500).values[:, 0],)))
    >>> abs(float(twin.result()["slope"]) - 0.693) < 0.07
    True
    """

    name = "divergence_curve"

    def __init__(
        self,
        *,
        window: int,
        steps: int,
        every: int = 1,
        delay: int = 1,
        embedding_dim: int = 2,
        theiler: int = 1,
        half_life: float | None = None,
        channel: str | None = None,
    ) -> None:
        self.steps = check_whole(steps, "steps", least=2)
        if half_life is not None and not (isinstance(half_life, int | float) and 0.0 < half_life < np.inf):
            raise InputError(f"half_life must be a number of rows above 0, or None, not {half_life!r}")
        self.half_life = half_life
        super().__init__(
            window=window,
            every=every,
            delay=delay,
            embedding_dim=embedding_dim,
            theiler=theiler,
            channel=channel,
            ahead=self.steps,
            least_theiler=1,
        )

    def estimate(self) -> xr.Dataset:
        x, index = frozen(self._held), self._near[:, None]
        step, unit = self.clock
        attrs: dict[str, Any] = {**self.attrs(), "neighbours": 1}
        del attrs["time_unit"]
        if self.half_life is None:
            curve, pairs = follow(x, index, self.delay, self.embedding_dim, self.steps)
        else:
            fade = 0.5 ** (1.0 / self.half_life)
            curve, pairs = follow_fading(x, index, self.delay, self.embedding_dim, self.steps, fade)
            attrs["half_life"] = self.half_life
        return describe_curve(curve, pairs, step, unit, attrs)
