"""Edit distance with weights and transpositions, cell by cell, and the operations of an alignment."""

from __future__ import annotations

import numpy as np

from .. import kernel

__all__ = ["measure_weighted", "trace_edits"]

#: Operations, in the order of `midstream_lab.compare.edit.OPERATIONS`; of equal costs the first is taken.
MATCH, SUBSTITUTE, DELETE, INSERT, TRANSPOSE = 0, 1, 2, 3, 4


@kernel
def fill_row(a, b, i, before, above, here, steps, insert, delete, substitute, transpose):
    """Row i + 1 of the costs (m + 1,) from the two rows above; steps (m + 1,) of uint8 is overwritten.

    A negative weight for transposing stands for never.
    """
    here[0] = above[0] + delete
    steps[0] = DELETE
    for j in range(b.size):
        if a[i] == b[j]:
            best, step = above[j], MATCH
        else:
            best, step = above[j] + substitute, SUBSTITUTE
        if above[j + 1] + delete < best:
            best, step = above[j + 1] + delete, DELETE
        if here[j] + insert < best:
            best, step = here[j] + insert, INSERT
        crossed = transpose >= 0 and i > 0 and j > 0 and a[i] == b[j - 1] and a[i - 1] == b[j]
        if crossed and before[j - 1] + transpose < best:
            best, step = before[j - 1] + transpose, TRANSPOSE
        here[j + 1] = best
        steps[j + 1] = step


@kernel
def measure_weighted(a, b, insert, delete, substitute, transpose):
    """Least summed weight of the edits that turn a (n,) into b (m,), both int64; weights are float64.

    With transpositions it is the distance of optimal string alignment: what was transposed is not edited again.
    """
    above = np.arange(b.size + 1) * insert
    before, here = np.empty(b.size + 1), np.empty(b.size + 1)
    steps = np.empty(b.size + 1, np.uint8)
    for i in range(a.size):
        fill_row(a, b, i, before, above, here, steps, insert, delete, substitute, transpose)
        before, above, here = above, here, before
    return above[b.size]


@kernel
def trace_edits(a, b, insert, delete, substitute, transpose):
    """The least weight, and the edits from the first to the last; half a byte for each cell.

    Returns
    -------
    cost : float
    operations : ndarray of uint8, shape (edits,)
    places : ndarray of int64, shape (edits, 2)
        Index into a and b at which each begins.
    """
    n, m = a.size, b.size
    packed = np.zeros((n + 1, (m + 2) >> 1), np.uint8)
    above = np.arange(m + 1) * insert
    before, here = np.empty(m + 1), np.empty(m + 1)
    steps = np.empty(m + 1, np.uint8)
    for i in range(n):
        fill_row(a, b, i, before, above, here, steps, insert, delete, substitute, transpose)
        for j in range(m + 1):
            packed[i + 1, j >> 1] |= steps[j] << ((j & 1) << 2)
        before, above, here = above, here, before
    operations, places = np.empty(n + m, np.uint8), np.empty((n + m, 2), np.int64)
    i, j, at = n, m, n + m
    while i > 0 or j > 0:
        step = (packed[i, j >> 1] >> ((j & 1) << 2)) & 15 if i > 0 else INSERT
        if step == DELETE:
            i -= 1
        elif step == INSERT:
            j -= 1
        elif step == TRANSPOSE:
            i, j = i - 2, j - 2
        else:
            i, j = i - 1, j - 1
        at -= 1
        operations[at] = step
        places[at, 0], places[at, 1] = i, j
    return above[m], operations[at:].copy(), places[at:].copy()
