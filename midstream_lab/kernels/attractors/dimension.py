"""Cao's test for the embedding dimension."""

from __future__ import annotations

import math

import numpy as np

from ..common.neighbours import find_neighbours
from ..preset import kernel
from .embedding import embed_delay


@kernel
def measure_expansion(x, delay, max_dim, theiler):
    """Mean growth of nearest-neighbour distances when the dimension grows from d to d + 1.

    Returns growth (max_dim,): mean ratio of the distances, for d = 1 to `max_dim`;
    apart (max_dim,): mean distance in the added component.
    """
    growth, apart = np.full(max_dim, np.nan), np.full(max_dim, np.nan)
    for dim in range(1, max_dim + 1):
        rows = x.shape[0] - dim * delay
        if rows <= 0:
            break
        index, squared = find_neighbours(embed_delay(x, delay, dim, rows), 1, theiler)
        ratio, added, used = 0.0, 0.0, 0
        for i in range(rows):
            j = index[i, 0]
            if j >= 0:
                difference = x[i + dim * delay] - x[j + dim * delay]
                ratio += math.sqrt(1.0 + difference * difference / squared[i, 0])
                added += abs(difference)
                used += 1
        if used > 0:
            growth[dim - 1] = ratio / used
            apart[dim - 1] = added / used
    return growth, apart
