"""Between the radius of a recurrence plot and the share of pairs that recur."""

from __future__ import annotations

import numpy as np

from midstream_lab.attractors import correlation_sum

__all__ = ["RATES", "Thresholds"]

#: Rates between which a slider moves.
RATES = (0.001, 0.5)

#: Delay vectors up to which all pairs are counted, and the pairs that are drawn from more.
ALL_PAIRS, DRAWN = 10_000, 2_000_000

#: Radii at which pairs are counted.
RADII = 1024


class Thresholds:
    """How the recurrence rate grows with the radius, measured once so that a slider need not wait.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite and not constant.
    delay, embedding_dim, theiler, norm
        As for `attractors.rqa`, all given.
    """

    def __init__(self, values: np.ndarray, *, delay: int, embedding_dim: int, theiler: int, norm: str) -> None:
        rows = len(values) - (embedding_dim - 1) * delay
        most = float(np.ptp(values)) * (1.0 if norm == "max" else np.sqrt(embedding_dim))
        if rows <= ALL_PAIRS:
            radii = most * np.arange(1, RADII + 1) / RADII
            found = correlation_sum(
                values, radii=radii, delay=delay, embedding_dim=embedding_dim, theiler=theiler, norm=norm
            )
            shares = found["correlation_sum"].values
        else:
            # Evenly among the lags beyond the Theiler window, each with as many pairs as it has.
            rng = np.random.default_rng(0)
            lag = theiler + 1 + (rows - theiler - 1) * (1.0 - np.sqrt(rng.random(DRAWN)))
            lag = np.minimum(lag.astype(np.int64), rows - 1)
            first = (rng.random(DRAWN) * (rows - lag)).astype(np.int64)
            total = np.zeros(DRAWN)
            for axis in range(embedding_dim):
                gap = np.abs(values[first + axis * delay] - values[first + lag + axis * delay])
                total = np.maximum(total, gap) if norm == "max" else total + gap * gap
            distances = np.sort(total if norm == "max" else np.sqrt(total))
            shares = np.linspace(0.0, 1.0, 10 * RADII)
            radii = distances[np.round(shares * (DRAWN - 1)).astype(np.int64)]
        # Where several radii have one share, the smallest has it.
        self._shares, first_with = np.unique(np.concatenate(([0.0], shares)), return_index=True)
        self._radii = np.concatenate(([0.0], radii))[first_with]
        self._all = np.concatenate(([0.0], radii)), np.concatenate(([0.0], shares))

    def radius(self, rate: float) -> float:
        """Radius within which a share `rate` of the pairs lies; above 0."""
        return max(float(np.interp(rate, self._shares, self._radii)), np.finfo(float).tiny)

    def rate(self, radius: float) -> float:
        """Share of the pairs within `radius`."""
        return float(np.interp(radius, *self._all))
