"""Sums over a window that moves."""

from __future__ import annotations

import numpy as np

from ..preset import kernel
from .correlation import measure_row


@kernel
def slide_rate(columns, known, rows, limit, norm, theiler, later):
    """Change of the number of recurrent pairs when a window of `rows` points moves to the end of `columns` (m, n).

    The first `known` points have been seen: ``later[i]`` (n,) is the number of later points seen that recur with point
    i, beyond `theiler`. It is brought up to date. Points leave once `rows` later ones have come.
    """
    n = columns.shape[1]
    row, change = np.empty(n), 0
    for i in range(known, n):
        begin = max(0, i - rows + 1)
        if i - rows >= 0:
            change -= later[i - rows]
        end = i - theiler
        if end <= begin:
            continue
        measure_row(columns, i, begin, end, norm, row)
        counts = later[begin:end]
        for j in range(counts.shape[0]):
            close = row[j] <= limit
            counts[j] += close
            change += close
    return change
