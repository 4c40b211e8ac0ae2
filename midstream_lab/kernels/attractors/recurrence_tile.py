"""A part of a recurrence plot at the resolution of a screen."""

from __future__ import annotations

import numpy as np

from ..preset import kernel
from .correlation import measure_row


@kernel
def shade_tile(columns, row_starts, column_starts, limit, norm):
    """Share of the pairs in each pixel that recur.

    Parameters
    ----------
    columns : (m, a + b) float64
        A component of all points in each row: first the `a` points of the tile's rows, then the `b` of its columns.
    row_starts, column_starts : (height + 1,), (width + 1,) int64
        Pixel k holds the rows ``row_starts[k]:row_starts[k + 1]`` of the `a`; columns likewise of the `b`.
    limit : float
        The radius; its square for the Euclidean norm.
    norm : int

    Returns
    -------
    (height, width) float64
    """
    height, width = row_starts.shape[0] - 1, column_starts.shape[0] - 1
    shares = np.zeros((height, width))
    begin, end = row_starts[height], columns.shape[1]
    row = np.empty(end - begin)
    for k in range(height):
        for i in range(row_starts[k], row_starts[k + 1]):
            measure_row(columns, i, begin, end, norm, row)
            for pixel in range(width):
                for j in range(column_starts[pixel], column_starts[pixel + 1]):
                    shares[k, pixel] += row[j] <= limit
        tall = row_starts[k + 1] - row_starts[k]
        for pixel in range(width):
            shares[k, pixel] /= tall * (column_starts[pixel + 1] - column_starts[pixel])
    return shares
