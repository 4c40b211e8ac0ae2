"""Delay vectors with their defaults, norms and radii, for what counts close pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..kernels.attractors.correlation import EUCLIDEAN, MAXIMUM, count_pairs
from ..kernels.attractors.embedding import embed_delay
from ._checks import check_length, check_whole, samples
from .delay import choose_delay, refuse_constant
from .dimension import choose_dim
from .divergence import MAX_DIM
from .theiler import choose_theiler

__all__ = [
    "NORMS",
    "Points",
    "choose_embedding",
    "choose_radius",
    "embedded",
    "limits_of",
    "pairs_beyond",
]

NORMS = {"max": MAXIMUM, "euclidean": EUCLIDEAN}
#: Radii tried in each of the rounds that narrow a distance quantile down.
STEPS, ROUNDS = 64, 3


@dataclass(frozen=True, kw_only=True)
class Points:
    """Delay vectors (n, m), how they were made, the Theiler window, and the sampling interval with its unit."""

    points: np.ndarray
    delay: int
    embedding_dim: int
    theiler: int
    dt: float
    unit: str

    @property
    def attrs(self) -> dict[str, Any]:
        """What a result says of them."""
        return {
            "delay": self.delay,
            "embedding_dim": self.embedding_dim,
            "theiler": self.theiler,
            "dt": self.dt,
            "time_unit": self.unit,
        }


def choose_embedding(
    values: np.ndarray, delay: int | None, embedding_dim: int | None, theiler: int | None
) -> tuple[int, int, int]:
    """Delay, dimension and Theiler window, checked, with defaults from the estimators for what is None."""
    for name, value, least in (("delay", delay, 1), ("embedding_dim", embedding_dim, 1), ("theiler", theiler, 0)):
        if value is not None:
            check_whole(value, name, least=least)
    refuse_constant(values)
    if delay is None or embedding_dim is None or theiler is None:
        found = choose_delay(values)
        delay = found.delay if delay is None else delay
        if embedding_dim is None:
            embedding_dim = max(2, choose_dim(values, delay, 2 * found.memory, MAX_DIM)[0])
        check_length(len(values), delay, embedding_dim)
        theiler = choose_theiler(values, delay, embedding_dim, found.memory) if theiler is None else theiler
    return delay, embedding_dim, theiler


def embedded(
    x: Any, *, delay: int | None, embedding_dim: int | None, theiler: int | None, dt: Any, channel: str | None
) -> Points:
    """The delay vectors of `x`, with defaults from the estimators for what is None."""
    values, step, unit = samples(x, dt=dt, channel=channel)
    delay, embedding_dim, theiler = choose_embedding(values, delay, embedding_dim, theiler)
    rows = check_length(len(values), delay, embedding_dim)
    if rows <= theiler + 1:
        raise InputError(
            f"{rows} delay vectors leave no pair outside the Theiler window of {theiler}; use a longer sequence "
            "or a smaller theiler"
        )
    points = embed_delay(values, delay, embedding_dim, rows)
    return Points(points=points, delay=delay, embedding_dim=embedding_dim, theiler=theiler, dt=step, unit=unit)


def check_norm(norm: str) -> int:
    """The number of a norm."""
    if norm not in NORMS:
        raise InputError(f"norm must be 'max' or 'euclidean', not {norm!r}")
    return NORMS[norm]


def pairs_beyond(n: int, theiler: int) -> int:
    """Number of pairs (i, j) of n points with j > i + theiler."""
    return (n - theiler) * (n - theiler - 1) // 2


def limits_of(radii: np.ndarray, norm: int) -> np.ndarray:
    """What the kernels compare distances with: the radii, or their squares."""
    return np.array(radii if norm == MAXIMUM else radii**2, dtype=np.float64)


def choose_radius(points: np.ndarray, rate: float, theiler: int, norm: int) -> float:
    """The distance quantile: smallest radius, to 1 in 100,000, within which a share `rate` of the pairs lies."""
    if not 0.0 < rate < 1.0:
        raise InputError(f"rate must lie between 0 and 1, not {rate!r}")
    wanted = rate * pairs_beyond(len(points), theiler)
    low, high = 0.0, float(np.linalg.norm(np.ptp(points, axis=0)))
    for _ in range(ROUNDS):
        radii = low + (high - low) * np.arange(1, STEPS + 1) / STEPS
        enough = count_pairs(points, limits_of(radii, norm), theiler, norm) >= wanted
        k = int(np.argmax(enough)) if enough.any() else STEPS - 1
        low, high = (radii[k - 1] if k else low), radii[k]
    return float(high)
