"""Dynamic time warping of one-channel sequences along anti-diagonals: three equally weighted steps, a band at most.

Cell (i, j) lies on the anti-diagonal k = i + j, and all cells of one are independent. Costs are kept by *slot*,
s = i - j + m: even slots in one array, odd ones in another, so that a cell overwrites the cell one diagonal step
before it and finds its other two predecessors side by side in the other array. Each sweep vectorises.
"""

from __future__ import annotations

import numpy as np

from .. import kernel

__all__ = ["measure_dtw", "trace_dtw"]

#: Shorter sequences go row by row in strips, where a sweep would be too short to pay.
STRIP = 150
#: Anti-diagonals between checkpoints; the path is found by going through the cells near it once more.
BLOCK = 64


@kernel
def is_finite(x):
    """Whether no value of x (n,) is NaN or infinite."""
    check = 0.0
    for value in x:
        check += 0.0 * value
    return check == 0.0


@kernel
def sweep_squared(x, y, here, beside):
    """Add one anti-diagonal: x and y (c,) face each other, here (c,) is overwritten, beside (c + 1,) was before."""
    for t in range(here.size):
        apart = x[t] - y[t]
        low = beside[t] if beside[t] < beside[t + 1] else beside[t + 1]
        low = here[t] if here[t] < low else low
        here[t] = apart * apart + low


@kernel
def sweep_absolute(x, y, here, beside):
    """As `sweep_squared`, for the absolute difference."""
    for t in range(here.size):
        low = beside[t] if beside[t] < beside[t + 1] else beside[t + 1]
        low = here[t] if here[t] < low else low
        here[t] = abs(x[t] - y[t]) + low


@kernel
def bound_diagonal(k, n, m, window):
    """First and last row i of anti-diagonal k inside the matrix and the band; none where the first is larger."""
    return max(0, k - m + 1, (k - window + 1) >> 1), min(n - 1, k, (k + window) >> 1)


@kernel
def add_diagonal(x, backward, even, odd, k, low, high, squared):
    """Add rows low to high of anti-diagonal k; backward (m,) is y from its end."""
    m = backward.size
    slot = 2 * low - k + m
    count = high - low + 1
    t = slot >> 1
    start = m - 1 - k + low
    if slot & 1:
        here, beside = odd[t : t + count], even[t : t + count + 1]
    else:
        here, beside = even[t : t + count], odd[t - 1 : t + count]
    if squared:
        sweep_squared(x[low : low + count], backward[start : start + count], here, beside)
    else:
        sweep_absolute(x[low : low + count], backward[start : start + count], here, beside)


@kernel
def begin_slots(n, m):
    """Empty slots, but for a zero before the first cell."""
    even, odd = np.full((n + m) // 2 + 3, np.inf), np.full((n + m) // 2 + 3, np.inf)
    if m & 1:
        odd[m >> 1] = 0.0
    else:
        even[m >> 1] = 0.0
    return even, odd


@kernel
def read_slot(even, odd, slot):
    """The cost in a slot."""
    return odd[slot >> 1] if slot & 1 else even[slot >> 1]


@kernel
def measure_strips(x, y):
    """Squared cost of the best path without a band: four rows at a time, each one column behind the one above."""
    n, m = x.size, y.size
    row = np.full(m + 1, np.inf)
    row[0] = 0.0
    i = 0
    while i + 4 <= n:
        # of the four rows: the cost to the left, and the cost up and to the left
        left0 = left1 = left2 = left3 = diagonal1 = diagonal2 = diagonal3 = np.inf
        diagonal0 = row[0]
        above1 = above2 = above3 = np.inf
        row[0] = np.inf
        for j in range(m + 3):
            new0 = new1 = new2 = new3 = np.inf
            if j >= 3:
                apart = x[i + 3] - y[j - 3]
                new3 = apart * apart + min(min(above3, diagonal3), left3)
            if 2 <= j < m + 2:
                apart = x[i + 2] - y[j - 2]
                new2 = apart * apart + min(min(above2, diagonal2), left2)
            if 1 <= j < m + 1:
                apart = x[i + 1] - y[j - 1]
                new1 = apart * apart + min(min(above1, diagonal1), left1)
            if j < m:
                above0 = row[j + 1]
                apart = x[i] - y[j]
                new0 = apart * apart + min(min(above0, diagonal0), left0)
                diagonal0 = above0
            diagonal1, diagonal2, diagonal3 = above1, above2, above3
            above1, above2, above3 = new0, new1, new2
            left0, left1, left2, left3 = new0, new1, new2, new3
            if j >= 3:
                row[j - 2] = new3
        i += 4
    while i < n:
        diagonal, left = row[0], np.inf
        row[0] = np.inf
        for j in range(m):
            apart = x[i] - y[j]
            left = apart * apart + min(min(diagonal, row[j + 1]), left)
            diagonal, row[j + 1] = row[j + 1], left
        i += 1
    return row[m]


@kernel
def measure_dtw(x, y, window, squared):
    """Cost of the best path through the cells with ``|i - j| <= window``, in linear memory.

    Parameters
    ----------
    x, y : ndarray of float64, shapes (n,) and (m,), not empty
    window : int
        At least ``|n - m|``.
    squared : bool
        Squared or absolute differences.

    Returns
    -------
    cost : float
        Their sum along the path; NaN where a value is not finite.
    """
    n, m = x.size, y.size
    if not (is_finite(x) and is_finite(y)):
        return np.nan
    if squared and window >= max(n, m) - 1 and n < STRIP and m < STRIP:
        return measure_strips(x, y)
    backward = y[::-1].copy()
    even, odd = begin_slots(n, m)
    for k in range(n + m - 1):
        low, high = bound_diagonal(k, n, m, window)
        if low <= high:
            add_diagonal(x, backward, even, odd, k, low, high, squared)
    return read_slot(even, odd, n)


@kernel
def plan_checkpoints(n, m, window):
    """For each block of anti-diagonals, the first slot pair that the two diagonals before it used, (blocks,).

    Second, where the copy of those slots begins, (blocks + 1,).
    """
    blocks = (n + m - 2) // BLOCK + 1
    first = np.empty(blocks, np.int64)
    offset = np.zeros(blocks + 1, np.int64)
    for block in range(blocks):
        least, most = m >> 1, m >> 1
        if block:
            least, most = n + m, 0
            for k in (block * BLOCK - 2, block * BLOCK - 1):
                low, high = bound_diagonal(k, n, m, window)
                if low <= high:
                    least, most = min(least, (2 * low - k + m) >> 1), max(most, (2 * high - k + m) >> 1)
        first[block] = least
        offset[block + 1] = offset[block] + most - least + 1
    return first, offset


@kernel
def redo_block(x, y, window, squared, k_first, k_last, slot, even, odd, first, cells):
    """Costs of the cells from which a path can reach `slot` on anti-diagonal k_last.

    Row q of cells stands for anti-diagonal k_first - 2 + q, column z for slot ``slot - span - 2 + z``. The two
    diagonals before k_first come from the checkpoint even, odd (c,), whose first pair of slots is `first`.
    """
    n, m = x.size, y.size
    span = k_last - k_first
    width = 2 * span + 5
    for q in range(2):
        cells[q, :width] = np.inf
    for z in range(width):
        s = slot - span - 2 + z
        t = (s >> 1) - first
        if 0 <= t < even.size:
            cells[(s - m - k_first) & 1, z] = odd[t] if s & 1 else even[t]
    for k in range(k_first, k_last + 1):
        low, high = bound_diagonal(k, n, m, window)
        q = k - k_first + 2
        reach = k_last - k
        for z in range(span + 2 - reach, span + 3 + reach, 2):
            i = (slot - span - 2 + z - m + k) >> 1
            cells[q, z] = np.inf
            if low <= i <= high:
                apart = x[i] - y[k - i]
                before = min(cells[q - 2, z], min(cells[q - 1, z - 1], cells[q - 1, z + 1]))
                cells[q, z] = (apart * apart if squared else abs(apart)) + before


@kernel
def trace_dtw(x, y, window, squared):
    """Cost and cells of the best path, in far less memory than the matrix of costs.

    The slots are copied every `BLOCK` anti-diagonals. From the end backwards, the few cells of a block that can
    lie on the path are computed again from the copy before it. Of equal costs the diagonal step is taken before
    the one along x, and that before the one along y.

    Parameters
    ----------
    x, y, window, squared
        As for `measure_dtw`.

    Returns
    -------
    cost : float
        NaN where a value is not finite; the path is empty then.
    path : ndarray of int64, shape (cells, 2)
        Indices into x and y from the first cell to the last.
    """
    n, m = x.size, y.size
    if not (is_finite(x) and is_finite(y)):
        return np.nan, np.empty((0, 2), np.int64)
    backward = y[::-1].copy()
    even, odd = begin_slots(n, m)
    first, offset = plan_checkpoints(n, m, window)
    evens, odds = np.empty(offset[-1]), np.empty(offset[-1])
    for block in range(first.size):
        part, size = offset[block], offset[block + 1] - offset[block]
        evens[part : part + size] = even[first[block] : first[block] + size]
        odds[part : part + size] = odd[first[block] : first[block] + size]
        for k in range(block * BLOCK, min(n + m - 1, (block + 1) * BLOCK)):
            low, high = bound_diagonal(k, n, m, window)
            if low <= high:
                add_diagonal(x, backward, even, odd, k, low, high, squared)
    cost = read_slot(even, odd, n)

    path = np.empty((n + m - 1, 2), np.int64)
    cells = np.empty((BLOCK + 2, 2 * BLOCK + 5))
    at, i, j = n + m - 1, n - 1, m - 1
    while True:
        block = (i + j) // BLOCK
        k_first, end, slot = block * BLOCK, i + j, i - j + m
        part, stop = offset[block], offset[block + 1]
        redo_block(x, y, window, squared, k_first, end, slot, evens[part:stop], odds[part:stop], first[block], cells)
        base = slot - (end - k_first) - 2
        while i + j >= k_first:
            at -= 1
            path[at, 0], path[at, 1] = i, j
            if i == 0 and j == 0:
                return cost, path[at:].copy()
            q, z = i + j - k_first + 2, i - j + m - base
            diagonal, along_x, along_y = cells[q - 2, z], cells[q - 1, z - 1], cells[q - 1, z + 1]
            if i > 0 and j > 0 and diagonal <= along_x and diagonal <= along_y:
                i, j = i - 1, j - 1
            elif i > 0 and along_x <= along_y:
                i -= 1
            else:
                j -= 1
