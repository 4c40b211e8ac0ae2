"""Growth of a full frame of perturbations along a trajectory, by linear maps fitted to neighbourhoods."""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel
from .spectrum import orthonormalise
from .tangent import SETTLE, fit_gradients, gather, mean_square


@kernel
def push_frame(gradient, delay, blocks):
    """Log growth of an orthonormal frame pushed along the trajectory, summed by block of time.

    The fitted map shifts the components of a delay vector by one and adds ``gradient . vector``. One frame runs
    through every `delay`-th point from each of the `delay` starts.

    Returns total (blocks, m): sums of log growth in one delay; used (blocks,): number of terms.
    """
    n, m = gradient.shape
    total, used = np.zeros((blocks, m)), np.zeros(blocks, np.int64)
    v, step = np.empty((m, m)), np.empty(m)
    for start in range(delay):
        age = -1
        for i in range(start, n, delay):
            if math.isnan(gradient[i, 0]):
                age = -1
                continue
            if age < 0:
                v[:] = 0.0
                for p in range(m):
                    v[p, p] = 1.0
                age = 0
            for c in range(m):
                added = 0.0
                for p in range(m):
                    added += gradient[i, p] * v[p, c]
                for p in range(m - 1):
                    v[p, c] = v[p + 1, c]
                v[m - 1, c] = added
            step[:] = 0.0
            orthonormalise(v, step)
            if not math.isfinite(step[m - 1]):  # a map that loses a direction
                age = -1
                continue
            age += 1
            if age > SETTLE:
                block = i * blocks // n
                used[block] += 1
                for c in range(m):
                    total[block, c] += step[c]
    return total, used


@kernel
def grow_data_frame(x, delay, dim, theiler, counts, ridges, blocks):
    """Log growth of a frame and error of prediction over one delay, for several neighbourhood sizes and penalties.

    Parameters
    ----------
    x : (n,) float64
    delay, dim, theiler, blocks : int
    counts : (sizes,) int64, increasing: neighbours in a fit
    ridges : (penalties,) float64: as for `fit_gradients`

    Returns
    -------
    total : (members, blocks, dim) float64, used : (members, blocks) int64: as `push_frame`
    square : (members,) float64: mean squared error of prediction, NaN where nothing could be fitted
    """
    sizes, penalties = counts.shape[0], ridges.shape[0]
    total = np.zeros((penalties * sizes, blocks, dim))
    used = np.zeros((penalties * sizes, blocks), np.int64)
    square = np.full(penalties * sizes, np.nan)
    if x.shape[0] <= dim * delay:
        return total, used, square
    points, future, index = gather(x, delay, dim, theiler, counts[sizes - 1])
    for penalty in range(penalties):
        for size in range(sizes):
            member = penalty * sizes + size
            gradient, error = fit_gradients(points, future, index, counts[size], ridges[penalty])
            total[member], used[member] = push_frame(gradient, delay, blocks)
            square[member] = mean_square(error)
    return total, used, square
