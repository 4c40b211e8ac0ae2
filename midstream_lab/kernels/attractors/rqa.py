"""Lines of a recurrence plot, found row by row and diagonal by diagonal: the matrix is never there."""

from __future__ import annotations

import numpy as np

from ..preset import kernel
from .correlation import MAXIMUM
from .recurrence import flag_row


@kernel
def flag_diagonal(columns, lag, limit, norm, row, flags):
    """Whether points i and i + lag recur, as 0 or 1 in ``flags[i]``, for all i; loops that vectorise."""
    n = columns.shape[1] - lag
    for axis in range(columns.shape[0]):
        one, other = columns[axis, :n], columns[axis, lag:]
        if norm == MAXIMUM:
            for i in range(n):
                gap = abs(other[i] - one[i])
                row[i] = gap if axis == 0 or gap > row[i] else row[i]
        else:
            for i in range(n):
                gap = other[i] - one[i]
                row[i] = gap * gap + (row[i] if axis > 0 else 0.0)
    for i in range(n):
        flags[i] = row[i] <= limit


@kernel
def count_runs(flags, size, lengths, times):
    """Add the runs of ones in ``flags[:size]``, each `times` times, to the histogram `lengths`; the number of ones.

    `flags` ends in zeros and is read eight at a time, because most of it is zeros.
    """
    words = flags.view(np.int64)
    total, run = 0, 0
    for word in range((size + 7) // 8):
        if words[word] == 0:
            if run > 0:
                lengths[run] += times
                run = 0
            continue
        for place in range(8 * word, min(8 * word + 8, size)):
            if flags[place]:
                run += 1
                total += 1
            elif run > 0:
                lengths[run] += times
                run = 0
    if run > 0:
        lengths[run] += times
    return total


@kernel
def count_lines(columns, limit, theiler, norm):
    """Lengths of the lines of a recurrence plot.

    Parameters
    ----------
    columns : (m, n) float64
        A component of all points in each row.
    limit : float
        The radius; its square for the Euclidean norm.
    theiler, norm : int

    Returns
    -------
    diagonal : (n + 1,) int64: number of diagonal lines of each length, above the main diagonal by more than `theiler`
    vertical : (n + 1,) int64: number of vertical lines of each length, in whole columns
    by_lag : (n,) int64: recurrence points on each diagonal from the main one up; 0 within `theiler`
    """
    n = columns.shape[1]
    diagonal, vertical = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    by_lag = np.zeros(n, np.int64)
    row, flags = np.empty(n), np.zeros((n + 7) // 8 * 8, np.uint8)
    for i in range(n):  # the matrix is symmetric: its rows are its columns
        flag_row(columns, i, limit, norm, row, flags[:n])
        count_runs(flags, n, vertical, 1)
    flags[:] = 0
    for lag in range(theiler + 1, n):
        flag_diagonal(columns, lag, limit, norm, row, flags)
        by_lag[lag] = count_runs(flags, n - lag, diagonal, 1)
        flags[n - lag - 1] = 0
    return diagonal, vertical, by_lag
