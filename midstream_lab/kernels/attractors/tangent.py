"""Growth of small perturbations along a trajectory, by linear maps fitted to neighbourhoods."""

from __future__ import annotations

import math

import numpy as np

from ..common.neighbours import find_neighbours
from ..preset import kernel
from .embedding import embed_delay

#: Steps for a tangent vector to turn into the most expanding direction before its growth counts.
SETTLE = 10


@kernel
def solve_positive(a, b):
    """Solve ``a z = b`` for a positive definite `a` (m, m) by Cholesky; `b` (m,) becomes z, `a` is overwritten."""
    m = b.shape[0]
    for i in range(m):
        for j in range(i + 1):
            rest = a[i, j]
            for k in range(j):
                rest -= a[i, k] * a[j, k]
            a[i, j] = math.sqrt(max(rest, 1e-300)) if i == j else rest / a[j, j]
    for i in range(m):
        for k in range(i):
            b[i] -= a[i, k] * b[k]
        b[i] /= a[i, i]
    for i in range(m - 1, -1, -1):
        for k in range(i + 1, m):
            b[i] -= a[k, i] * b[k]
        b[i] /= a[i, i]


@kernel
def fit_gradients(points, future, index, count, ridge):
    """Linear model of `future` in the neighbourhood of every point, fitted without the point itself.

    Parameters
    ----------
    points : (n, m) float64
    future : (n,) float64: what is to be predicted
    index : (n, at least count) int64: neighbours, -1 where there are fewer
    count : int
    ridge : float: penalty as a share of the neighbourhood's total variance

    Returns
    -------
    gradient : (n, m) float64, NaN where a neighbourhood is too small to fit
    error : (n,) float64: future minus prediction, NaN there
    """
    n, m = points.shape
    gradient, error = np.full((n, m), np.nan), np.full(n, np.nan)
    a, b, centre = np.empty((m, m)), np.empty(m), np.empty(m)
    for i in range(n):
        found = 0
        mean = 0.0
        centre[:] = 0.0
        for slot in range(count):
            j = index[i, slot]
            if j < 0:
                break
            found += 1
            mean += future[j]
            for p in range(m):
                centre[p] += points[j, p]
        if found < m + 2:
            continue
        mean /= found
        a[:] = 0.0
        b[:] = 0.0
        for p in range(m):
            centre[p] /= found
        for slot in range(found):
            j = index[i, slot]
            for p in range(m):
                side = points[j, p] - centre[p]
                b[p] += side * (future[j] - mean)
                for q in range(p + 1):
                    a[p, q] += side * (points[j, q] - centre[q])
        trace = 0.0
        for p in range(m):
            trace += a[p, p]
        if trace <= 0.0:
            continue
        for p in range(m):
            a[p, p] += ridge * trace
        solve_positive(a, b)
        rest = future[i] - mean
        for p in range(m):
            gradient[i, p] = b[p]
            rest -= b[p] * (points[i, p] - centre[p])
        error[i] = rest
    return gradient, error


@kernel
def push_tangents(gradient, delay, blocks):
    """Log growth of tangent vectors pushed along the trajectory, summed by block of time.

    The fitted map shifts the components of a delay vector by one and adds ``gradient . vector``. One vector
    runs through every `delay`-th point from each of the `delay` starts.

    Returns total (blocks,): sums of log growth in one delay; used (blocks,): number of terms.
    """
    n, m = gradient.shape
    total, used = np.zeros(blocks), np.zeros(blocks, np.int64)
    v = np.empty(m)
    for start in range(delay):
        age = -1
        for i in range(start, n, delay):
            if age < 0:
                v[:] = 1.0 / math.sqrt(m)
            added = 0.0
            for p in range(m):
                added += gradient[i, p] * v[p]
            square = added * added
            for p in range(m - 1):
                v[p] = v[p + 1]
                square += v[p] * v[p]
            v[m - 1] = added
            if not square > 0.0:  # a missing gradient, or a vector that the map sends to 0
                age = -1
                continue
            norm = math.sqrt(square)
            for p in range(m):
                v[p] /= norm
            age += 1
            if age >= SETTLE:
                block = i * blocks // n
                total[block] += math.log(norm)
                used[block] += 1
    return total, used


@kernel
def gather(x, delay, dim, theiler, most):
    """Delay vectors, the value one delay after each, and the `most` nearest neighbours of each."""
    rows = x.shape[0] - dim * delay
    points = embed_delay(x, delay, dim, rows)
    index, _ = find_neighbours(points, most, theiler)
    return points, x[dim * delay :], index


@kernel
def mean_square(error):
    """Mean of the squares that are not NaN; NaN if there is none."""
    count, added = 0, 0.0
    for each in error:
        if not math.isnan(each):
            count += 1
            added += each * each
    return added / count if count > 0 else math.nan


@kernel
def grow_tangents(x, delay, dim, theiler, counts, ridge, blocks):
    """Log growth of perturbations and error of prediction over one delay, for several neighbourhood sizes.

    Parameters
    ----------
    x : (n,) float64
    delay, dim, theiler, blocks : int
    counts : (sizes,) int64, increasing: neighbours in a fit
    ridge : float

    Returns
    -------
    total : (sizes, blocks) float64, used : (sizes, blocks) int64: as `push_tangents`
    square : (sizes,) float64: mean squared error of prediction, NaN where nothing could be fitted
    """
    sizes = counts.shape[0]
    total = np.zeros((sizes, blocks))
    used = np.zeros((sizes, blocks), np.int64)
    square = np.full(sizes, np.nan)
    if x.shape[0] <= dim * delay:
        return total, used, square
    points, future, index = gather(x, delay, dim, theiler, counts[sizes - 1])
    for size in range(sizes):
        gradient, error = fit_gradients(points, future, index, counts[size], ridge)
        total[size], used[size] = push_tangents(gradient, delay, blocks)
        square[size] = mean_square(error)
    return total, used, square
