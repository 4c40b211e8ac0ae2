"""The largest exponent from linear maps fitted to neighbourhoods: an ensemble over dimensions and sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..kernels.attractors.tangent import grow_tangents

#: Penalty of the fits as a share of a neighbourhood's variance: large enough that directions in which an attractor has
#: no extent give no spurious exponents, small enough not to damp the others.
RIDGE = 1e-3
#: Blocks of time for the bootstrap: long ones, because fast and slow stretches of a flow alternate and cancel.
BLOCKS = 12
#: Members whose prediction error is more than this multiple of the best one do not vote.
TOLERATED = 2.5
#: Where the first dimension predicts no better than this, in standard deviations, the others are not tried.
HOPELESS = 0.7


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Estimates over embedding dimensions and neighbourhood sizes.

    Attributes
    ----------
    dims : (d,) int64
        Embedding dimensions.
    counts : (d, s) int64
        Neighbours in a fit.
    exponents : (d, s) float64
        Nats per sample; NaN where nothing could be fitted.
    errors : (d, s) float64
        Root mean square error of prediction one delay ahead, in standard deviations of the data.
    voting : (d, s) bool
        Members that predict well enough to count.
    draws : (draws,) float64
        Median of the voting members in each bootstrap sample of blocks of time, nats per sample.
    """

    dims: np.ndarray
    counts: np.ndarray
    exponents: np.ndarray
    errors: np.ndarray
    voting: np.ndarray
    draws: np.ndarray

    @property
    def centre(self) -> float:
        """Median of the voting members, nats per sample; NaN if there is none."""
        return float(np.median(self.exponents[self.voting])) if self.voting.any() else float("nan")

    @property
    def spread(self) -> float:
        """Robust standard deviation (1.4826 median absolute deviations) of the voting members, nats per sample."""
        away = np.abs(self.exponents[self.voting] - self.centre)
        return 1.4826 * float(np.median(away)) if len(away) else 0.0

    @property
    def error(self) -> float:
        """Smallest prediction error; NaN if nothing could be fitted."""
        return float(np.nanmin(self.errors)) if np.isfinite(self.errors).any() else float("nan")


def fit_ensemble(
    values: np.ndarray,
    *,
    delay: int,
    dims: np.ndarray,
    theilers: list[int],
    draws: int,
    rng: np.random.Generator,
) -> Ensemble:
    """Fit the maps for every dimension and size, on standardised, contiguous, read-only `values`.

    The neighbourhoods hold 2 m + 4 and 6 m + 12 points in m dimensions: the smaller follow the curvature of the
    attractor, the larger average over noise. Fits that were not tried are NaN.
    """
    counts = np.stack([2 * dims + 4, 6 * dims + 12], axis=1)
    shape = counts.shape
    total, used = np.zeros((*shape, BLOCKS)), np.zeros((*shape, BLOCKS), np.int64)
    square = np.full(shape, np.nan)
    for row, (dim, theiler) in enumerate(zip(dims, theilers, strict=True)):
        sizes = counts[row].view()
        sizes.flags.writeable = False
        total[row], used[row], square[row] = grow_tangents(values, delay, int(dim), int(theiler), sizes, RIDGE, BLOCKS)
        if not np.nanmin(square[row], initial=np.inf) <= HOPELESS**2:
            break
    errors = np.sqrt(square)
    with np.errstate(invalid="ignore", divide="ignore"):
        exponents = total.sum(axis=2) / used.sum(axis=2) / delay
        voting = np.isfinite(exponents) & (errors <= TOLERATED * np.nanmin(errors, initial=np.inf))
        weights = rng.multinomial(BLOCKS, np.full(BLOCKS, 1.0 / BLOCKS), size=draws)
        resampled = (weights @ total[voting].T) / (weights @ used[voting].T) / delay
    return Ensemble(
        dims=dims,
        counts=counts,
        exponents=exponents,
        errors=errors,
        voting=voting,
        draws=np.median(resampled, axis=1) if voting.any() else np.full(draws, np.nan),
    )
