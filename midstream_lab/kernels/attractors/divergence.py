"""Divergence of neighbouring trajectories, summed in blocks of reference points for the bootstrap."""

from __future__ import annotations

import math

import numpy as np

from ..common.neighbours import find_neighbours
from ..preset import kernel
from .embedding import embed_delay


@kernel
def follow_pairs(x, delay, dim, theiler, count, steps, blocks):
    """Log distance of neighbouring delay vectors as both move on, summed by block of reference points.

    Each reference point i and its `count` neighbours are followed for `steps` samples; its log
    distance at step k is the log of the root mean square over the neighbours (the single distance of
    Rosenstein for count 1, a neighbourhood as in Kantz for more).

    Parameters
    ----------
    x : (n,) float64
    delay, dim, theiler, count, steps, blocks : int

    Returns
    -------
    total : (blocks, steps + 1) float64: sums of log distances
    used : (blocks, steps + 1) int64: number of reference points in each sum
    """
    rows = x.shape[0] - (dim - 1) * delay - steps
    total = np.zeros((blocks, steps + 1))
    used = np.zeros((blocks, steps + 1), np.int64)
    if rows <= 0:
        return total, used
    index, _ = find_neighbours(embed_delay(x, delay, dim, rows), count, theiler)
    square = np.empty(steps + 1)
    for i in range(rows):
        block = i * blocks // rows
        found = 0
        square[:] = 0.0
        for slot in range(count):
            j = index[i, slot]
            if j < 0:
                break
            found += 1
            for axis in range(dim):
                a, b = i + axis * delay, j + axis * delay
                for k in range(steps + 1):
                    difference = x[a + k] - x[b + k]
                    square[k] += difference * difference
        if found == 0:
            continue
        for k in range(steps + 1):
            if square[k] > 0.0:
                total[block, k] += 0.5 * math.log(square[k] / found)
                used[block, k] += 1
    return total, used
