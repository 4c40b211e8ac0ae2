"""How the spread of a sequence grows with the length of the segments it is measured in."""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel


@kernel
def measure_fluctuations(profile, basis, starts, square):
    """Mean square of what polynomials leave of segments of `profile` (n,), into `square` (k,).

    `basis` (order + 1, size) holds orthonormal polynomials; `starts` (k,) the first samples of the segments.
    """
    size = basis.shape[1]
    rest = np.empty(size)
    for segment in range(starts.shape[0]):
        begin = starts[segment]
        for i in range(size):
            rest[i] = profile[begin + i]
        for power in range(basis.shape[0]):
            share = 0.0
            for i in range(size):
                share += basis[power, i] * rest[i]
            for i in range(size):
                rest[i] -= share * basis[power, i]
        total = 0.0
        for i in range(size):
            total += rest[i] * rest[i]
        square[segment] = total / size


@kernel
def rescale_ranges(x, size, starts, ratio):
    """Rescaled range R/S of segments of `x` (n,), `size` samples from `starts` (k,), into `ratio`; NaN if S is 0."""
    for segment in range(starts.shape[0]):
        begin = starts[segment]
        mean = 0.0
        for i in range(begin, begin + size):
            mean += x[i]
        mean /= size
        sum_, low, high, square = 0.0, 0.0, 0.0, 0.0
        for i in range(begin, begin + size):
            gap = x[i] - mean
            square += gap * gap
            sum_ += gap
            low, high = min(low, sum_), max(high, sum_)
        ratio[segment] = (high - low) / math.sqrt(square / size) if square > 0.0 else np.nan
