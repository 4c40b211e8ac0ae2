"""Windows of a series, each brought to mean 0 and deviation 1, and their distances to a query.

A window's `bias` says what it is: 0 plain, 1/2 constant, -inf with a missing value. The correlation of two windows plus
both biases is then 1 for two constant windows, 1/2 for a constant and a plain one, and -inf where a value is missing.
"""

from __future__ import annotations

import numpy as np

from .. import kernel

__all__ = ["measure_pairs", "measure_query", "summarise_windows"]

#: Windows that are summed side by side, in the lanes of vector instructions.
BLOCK = 256


@kernel
def summarise_windows(x, missing, m, mean, scale, bias):
    """Mean of each window of m samples, 1 / norm of its deviations from it (0 where constant), and its bias.

    The deviations are summed anew for each window: running sums lose the small windows that follow a large value.

    Parameters
    ----------
    x : ndarray of float64, shape (n,)
        Finite; anything where a value is missing.
    missing : ndarray of bool, shape (n,)
    m : int
    mean, scale, bias : ndarray of float64, shape (n - m + 1,)
        Overwritten.
    """
    count = len(mean)
    for begin in range(0, count, BLOCK):
        end = min(begin + BLOCK, count)
        centre, total = mean[begin:end], scale[begin:end]
        centre[:] = 0.0
        total[:] = 0.0
        for q in range(m):
            part = x[begin + q : end + q]
            for i in range(len(centre)):
                centre[i] += part[i]
        for i in range(len(centre)):
            centre[i] /= m
        for q in range(m):
            part = x[begin + q : end + q]
            for i in range(len(centre)):
                apart = part[i] - centre[i]
                total[i] += apart * apart
    same, last = 0, -1  # how many samples up to here are equal, and where the last is missing
    for i in range(len(x)):
        same = same + 1 if i > 0 and x[i] == x[i - 1] else 1
        if missing[i]:
            last = i
        begin = i - m + 1
        if begin < 0:
            continue
        constant = same >= m or not scale[begin] > 1e-300
        scale[begin] = 0.0 if constant or last >= begin else 1.0 / np.sqrt(scale[begin])
        bias[begin] = -np.inf if last >= begin else 0.5 if constant else 0.0


@kernel
def measure_query(query, x, mean, scale, distance):
    """Squared distance of `query` (m,) to each window of x, less `mean` and times `scale`.

    Parameters
    ----------
    query : ndarray of float64, shape (m,)
    x : ndarray of float64, shape (n,)
    mean, scale, distance : ndarray of float64, shape (n - m + 1,)
        `distance` is overwritten.
    """
    count = len(distance)
    for begin in range(0, count, BLOCK):
        end = min(begin + BLOCK, count)
        centre, factor, total = mean[begin:end], scale[begin:end], distance[begin:end]
        total[:] = 0.0
        for q in range(len(query)):
            part, wanted = x[begin + q : end + q], query[q]
            for i in range(len(total)):
                apart = (part[i] - centre[i]) * factor[i] - wanted
                total[i] += apart * apart


@kernel
def measure_pairs(x, y, m, x_windows, y_windows, index, distance):
    """Distance of window i of x and window ``index[i]`` of y, both brought to mean 0 and deviation 1; inf for -1.

    Parameters
    ----------
    x, y : ndarray of float64
    m : int
    x_windows, y_windows : ndarray of float64, shape (3, windows)
        Mean, scale and bias.
    index : ndarray of int64, shape (windows of x,)
    distance : ndarray of float64, shape (windows of x,)
        Overwritten.
    """
    for i in range(len(index)):
        j = index[i]
        if j < 0:
            distance[i] = np.inf
            continue
        bias = x_windows[2, i] + y_windows[2, j]
        if bias != 0.0:
            distance[i] = np.inf if bias < 0.0 else np.sqrt(m * (2.0 - 2.0 * bias))
            continue
        total = 0.0
        for q in range(m):
            one = (x[i + q] - x_windows[0, i]) * x_windows[1, i]
            other = (y[j + q] - y_windows[0, j]) * y_windows[1, j]
            total += (one - other) * (one - other)
        distance[i] = np.sqrt(m * total)
