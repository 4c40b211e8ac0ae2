"""Which pairs of points recur."""

from __future__ import annotations

import numpy as np

from ..preset import kernel
from .correlation import measure_row


@kernel
def flag_span(columns, i, begin, end, limit, norm, row, flags):
    """Whether each of the points begin to end of `columns` (m, n) lies within `limit` of point i, as 0 or 1."""
    measure_row(columns, i, begin, end, norm, row)
    for j in range(end - begin):
        flags[j] = row[j] <= limit


@kernel
def flag_row(columns, i, limit, norm, row, flags):
    """Whether each point of `columns` (m, n) lies within `limit` of point i, as 0 or 1 in `flags` (n,)."""
    flag_span(columns, i, 0, columns.shape[1], limit, norm, row, flags)


@kernel
def fill_matrix(columns, limit, norm):
    """Recurrence matrix (n, n) of the points `columns` (m, n), as 0 and 1; the diagonal is 1."""
    n = columns.shape[1]
    matrix, row = np.empty((n, n), np.uint8), np.empty(n)
    for i in range(n):
        flag_row(columns, i, limit, norm, row, matrix[i])
    return matrix


@kernel
def list_points(columns, limit, norm, size):
    """The first `size` recurrent pairs (size, 2) of points with i < j, by row, and how many there are in all."""
    n = columns.shape[1]
    pairs, row, flags = np.empty((size, 2), np.int64), np.empty(n), np.empty(n, np.uint8)
    found = 0
    for i in range(n):
        flag_row(columns, i, limit, norm, row, flags)
        for j in range(i + 1, n):
            if flags[j]:
                if found < size:
                    pairs[found, 0], pairs[found, 1] = i, j
                found += 1
    return pairs, found
