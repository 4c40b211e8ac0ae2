"""Dynamic time warping in all its variants, row by row: any channels, step pattern, region, weights and ends."""

from __future__ import annotations

import numpy as np

from .. import kernel

__all__ = ["fill_costs", "measure_warping", "trace_warping"]

#: Step patterns: their numbers are the order of `midstream_lab.compare.dtw.STEP_PATTERNS`.
SYMMETRIC1, SYMMETRIC2, ASYMMETRIC = 0, 1, 2
#: Where a cell was reached from, two bits each; 0 also stands for the begin of the path.
DIAGONAL, ALONG_X, ALONG_Y = 0, 1, 2


@kernel
def cost_of(x, y, squared):
    """Sum over the channels of the squared or absolute differences of x and y (channels,)."""
    total = 0.0
    for c in range(x.size):
        apart = x[c] - y[c]
        total += apart * apart if squared else abs(apart)
    return total


@kernel
def fill_row(x, y, i, first, last, above, here, steps, squared, pattern, penalty, weights, open_begin):
    """Costs of the cells first to last of row i from those of the row above; both rows (m,), steps (m,) of uint8.

    Cells outside the region hold infinity. Ties go to the diagonal step, then to the one along x.
    """
    here[:] = np.inf
    for j in range(first, last + 1):
        cost = cost_of(x[i], y[j], squared)
        if weights.size:
            cost *= weights[abs(i - j)]
        if i == 0 and (j == 0 or open_begin):
            here[j] = cost
            steps[j] = DIAGONAL
            continue
        diagonal = along_x = along_y = np.inf
        if i > 0:
            along_x = above[j] + penalty
            if j > 0:
                diagonal = above[j - 1]
        if pattern == ASYMMETRIC:
            if i > 0 and j > 1:
                along_y = above[j - 2] + penalty
        elif j > 0:
            along_y = here[j - 1] + penalty
        if pattern == SYMMETRIC2:
            diagonal += cost
        if diagonal <= along_x and diagonal <= along_y:
            here[j] = diagonal + cost
            steps[j] = DIAGONAL
        elif along_x <= along_y:
            here[j] = along_x + cost
            steps[j] = ALONG_X
        else:
            here[j] = along_y + cost
            steps[j] = ALONG_Y


@kernel
def find_end(row, open_end):
    """Column in which the path ends: the last, or the first of the cheapest."""
    if not open_end:
        return row.size - 1
    return int(np.argmin(row))


@kernel
def measure_warping(x, y, first, last, squared, pattern, penalty, weights, open_begin, open_end):
    """Cost of the best path in linear memory.

    Parameters
    ----------
    x, y : ndarray of float64, shapes (n, channels) and (m, channels)
    first, last : ndarray of int64, shape (n,)
        Region: the columns of each row.
    squared : bool
    pattern : int
    penalty : float
        Added to the cost at each step that is not diagonal.
    weights : ndarray of float64, shape (max(n, m),) or (0,)
        Factor of the cost of a cell by ``|i - j|``.
    open_begin, open_end : bool
        Whether the path may begin and end at any element of y.

    Returns
    -------
    float
        Infinity where no path stays in the region.
    """
    above, here = np.full(len(y), np.inf), np.empty(len(y))
    steps = np.empty(len(y), np.uint8)
    for i in range(len(x)):
        fill_row(x, y, i, first[i], last[i], above, here, steps, squared, pattern, penalty, weights, open_begin)
        above, here = here, above
    return above[find_end(above, open_end)]


@kernel
def fill_costs(x, y, first, last, squared, pattern, penalty, weights, open_begin):
    """The cost of the best path to each cell, (n, m); infinity outside the region. Parameters as `measure_warping`."""
    costs = np.empty((len(x), len(y)))
    steps = np.empty(len(y), np.uint8)
    above = np.full(len(y), np.inf)
    for i in range(len(x)):
        fill_row(x, y, i, first[i], last[i], above, costs[i], steps, squared, pattern, penalty, weights, open_begin)
        above = costs[i]
    return costs


@kernel
def trace_warping(x, y, first, last, squared, pattern, penalty, weights, open_begin, open_end):
    """Cost and cells of the best path, with a quarter of a byte for each cell of the matrix.

    Returns
    -------
    cost : float
    path : ndarray of int64, shape (cells, 2)
        Empty where no path stays in the region.
    """
    n, m = len(x), len(y)
    packed = np.zeros((n, (m + 3) >> 2), np.uint8)
    above, here = np.full(m, np.inf), np.empty(m)
    steps = np.zeros(m, np.uint8)
    for i in range(n):
        fill_row(x, y, i, first[i], last[i], above, here, steps, squared, pattern, penalty, weights, open_begin)
        for j in range(first[i], last[i] + 1):
            packed[i, j >> 2] |= steps[j] << ((j & 3) << 1)
        above, here = here, above
    i, j = n - 1, find_end(above, open_end)
    cost = above[j]
    if not np.isfinite(cost):
        return cost, np.empty((0, 2), np.int64)
    path = np.empty((n + m, 2), np.int64)
    at = n + m
    while True:
        at -= 1
        path[at, 0], path[at, 1] = i, j
        if i == 0 and (j == 0 or open_begin):
            return cost, path[at:].copy()
        step = (packed[i, j >> 2] >> ((j & 3) << 1)) & 3
        if step == DIAGONAL:
            i, j = i - 1, j - 1
        elif step == ALONG_X:
            i -= 1
        elif pattern == ASYMMETRIC:
            i, j = i - 1, j - 2
        else:
            j -= 1
