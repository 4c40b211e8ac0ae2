"""Dynamic time warping of many pairs at once: one pair to the lane, 32 lanes, cell by cell.

The cells of one matrix depend on each other, those of different matrices do not: the same cell of 32 matrices is
computed in vector instructions without any shuffling. Two rows go together, so that the row between them stays in the
nearest cache. Shorter series are padded: a cell does not depend on what comes after it.
"""

from __future__ import annotations

import numpy as np

from .. import kernel

__all__ = ["measure_lanes"]

LANES = 32


@kernel
def add_cost(x, y, squared, cost):
    """Sum over the channels of the differences of x and y (channels, LANES) into cost (LANES,)."""
    cost[:] = 0.0
    for c in range(len(x)):
        for lane in range(LANES):
            apart = x[c, lane] - y[c, lane]
            cost[lane] += apart * apart if squared else abs(apart)


@kernel
def sweep_one(x, y, above, diagonal, left):
    """One row: x (1, LANES), y and above (columns, ..., LANES); all of above, diagonal and left is overwritten."""
    for j in range(len(y)):
        for lane in range(LANES):
            apart = x[0, lane] - y[j, 0, lane]
            up, low = above[j, lane], diagonal[lane]
            low = up if up < low else low
            low = left[lane] if left[lane] < low else low
            diagonal[lane] = up
            left[lane] = apart * apart + low
            above[j, lane] = left[lane]


@kernel
def sweep_two(x, z, y, above, diagonal, left, left_below):
    """Two rows at once: the cell above one of z is the cell of x, the cell before that is the `left` of x."""
    for j in range(len(y)):
        for lane in range(LANES):
            apart, apart_below = x[0, lane] - y[j, 0, lane], z[0, lane] - y[j, 0, lane]
            up, low, before = above[j, lane], diagonal[lane], left[lane]
            low = up if up < low else low
            low = before if before < low else low
            here = apart * apart + low
            low = here if here < before else before
            low = left_below[lane] if left_below[lane] < low else low
            below = apart_below * apart_below + low
            diagonal[lane] = up
            left[lane] = here
            left_below[lane] = below
            above[j, lane] = below


@kernel
def sweep_channels(x, y, above, diagonal, left, squared, cost):
    """As `sweep_one` for any channels and cost."""
    for j in range(len(y)):
        add_cost(x, y[j], squared, cost)
        for lane in range(LANES):
            up, low = above[j, lane], diagonal[lane]
            low = up if up < low else low
            low = left[lane] if left[lane] < low else low
            diagonal[lane] = up
            left[lane] = cost[lane] + low
            above[j, lane] = left[lane]


@kernel
def pack(values, starts, which, first, count, packed):
    """Series which[first : first + count] side by side into packed (longest, channels, LANES); their longest."""
    longest = 0
    for lane in range(LANES):
        series = which[first + min(lane, count - 1)]
        begin, size = starts[series], starts[series + 1] - starts[series]
        longest = max(longest, size)
        for c in range(values.shape[1]):
            for i in range(size):
                packed[i, c, lane] = values[begin + i, c]
            for i in range(size, len(packed)):
                packed[i, c, lane] = values[begin + size - 1, c]
    return longest


@kernel
def measure_lanes(x, x_starts, y, y_starts, x_which, y_which, window, squared, out):
    """Cost of the best path of each pair, through the cells with ``|i - j| <= window``.

    Parameters
    ----------
    x, y : ndarray of float64, shapes (samples, channels)
        All series after each other; finite.
    x_starts, y_starts : ndarray of int64, shape (series + 1,)
        Where each begins.
    x_which, y_which : ndarray of int64, shape (pairs,)
        The pairs. Neighbours of like lengths waste least.
    window : int
        At least the difference of the lengths of any pair.
    squared : bool
        Squared or absolute differences.
    out : ndarray of float64, shape (pairs,)
    """
    n_most, m_most = 0, 0
    for pair in range(out.size):
        n_most = max(n_most, x_starts[x_which[pair] + 1] - x_starts[x_which[pair]])
        m_most = max(m_most, y_starts[y_which[pair] + 1] - y_starts[y_which[pair]])
    channels = x.shape[1]
    fast = squared and channels == 1
    rows, columns = np.empty((n_most, channels, LANES)), np.empty((m_most, channels, LANES))
    # column 0 lies before the first
    above = np.empty((m_most + 1, LANES))
    diagonal, left, left_below, cost = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for first in range(0, out.size, LANES):
        count = min(LANES, out.size - first)
        n = pack(x, x_starts, x_which, first, count, rows)
        m = pack(y, y_starts, y_which, first, count, columns)
        uneven = False
        for lane in range(count):
            uneven |= x_starts[x_which[first + lane] + 1] - x_starts[x_which[first + lane]] != n
        above[:] = np.inf
        above[0] = 0.0
        i = 0
        while i < n:
            low, high = max(0, i - window), min(m, i + window + 1)
            diagonal[:] = above[low]
            above[low] = np.inf
            left[:] = np.inf
            # the row below reaches one column further, and begins one later where the band begins inside
            if fast and not uneven and i + 1 < n and low + 1 < high:
                inner = low
                left_below[:] = np.inf
                if i >= window:
                    sweep_one(rows[i], columns[low : low + 1], above[low + 1 :], diagonal, left)
                    above[low + 1] = np.inf
                    inner = low + 1
                sweep_two(
                    rows[i], rows[i + 1], columns[inner:high], above[inner + 1 :], diagonal, left, left_below
                )  # fmt: skip
                if high < m:
                    sweep_one(rows[i + 1], columns[high : high + 1], above[high + 1 :], left, left_below)
                i += 2
                continue
            if fast:
                sweep_one(rows[i], columns[low:high], above[low + 1 :], diagonal, left)
            else:
                sweep_channels(rows[i], columns[low:high], above[low + 1 :], diagonal, left, squared, cost)
            i += 1
            if uneven:
                for lane in range(count):
                    pair = first + lane
                    if i == x_starts[x_which[pair] + 1] - x_starts[x_which[pair]]:
                        out[pair] = above[y_starts[y_which[pair] + 1] - y_starts[y_which[pair]], lane]
        if not uneven:
            for lane in range(count):
                pair = first + lane
                out[pair] = above[y_starts[y_which[pair] + 1] - y_starts[y_which[pair]], lane]
