"""What the rescaled range of short segments is on average, and the exponent that allows for it."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["expected_range", "finite_size", "fit_line", "fit_memory"]

#: Range of a Brownian bridge that lies between samples, over its mean range: 2 x 0.5826 / sqrt(pi / 2).
DEFICIT = 0.9297
#: Most turns in which an exponent is corrected for itself.
MOST_TURNS = 200


def expected_range(size: int) -> float:
    """Mean rescaled range of `size` independent normal numbers (Anis & Lloyd 1976)."""
    k = np.arange(1, size)
    scale = math.exp(math.lgamma((size - 1) / 2.0) - math.lgamma(size / 2.0)) / math.sqrt(math.pi)
    return scale * float(np.sqrt((size - k) / k).sum())


def finite_size(exponent: float, u: np.ndarray) -> np.ndarray:
    """Logarithm of the mean rescaled range of fractional noise over its power law, up to a constant; `u` is ln(size).

    The range lacks what its path does between samples: 2 x 0.5826 on average of a Brownian bridge (Chernoff 1965),
    whose mean range is sqrt(pi / 2) roots of the size (Feller 1951); taken to be as many steps at other exponents. The
    standard deviation within a segment lacks what its mean has taken up: exactly, by a variance of size^(2 H - 2).
    """
    h = min(max(exponent, 0.0), 1.0)
    spread = -np.expm1((2.0 * h - 2.0) * u) / (2.0 - 2.0 * h) if h < 1.0 else u
    return np.log1p(-DEFICIT * np.exp(-h * u)) - 0.5 * np.log(spread)


def fit_line(u: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    """Slope of the least-squares line, and the share of variance that it explains."""
    slope, offset = np.polyfit(u, v, 1)
    return float(slope), float(1.0 - ((v - slope * u - offset) ** 2).sum() / ((v - v.mean()) ** 2).sum())


def fit_memory(u: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    """As `fit_line`, of a curve corrected for white noise: the slope that is found when it is corrected for itself."""
    weights = (u - u.mean()) / ((u - u.mean()) ** 2).sum()
    white = v + finite_size(0.5, u)
    slope = float(weights @ v)
    for _ in range(MOST_TURNS):
        last, slope = slope, float(weights @ (white - finite_size(slope, u)))
        if abs(slope - last) < 1e-9:
            break
    return slope, fit_line(u, white - finite_size(slope, u))[1]
