"""Growth of nearest-neighbour distances with the dimension: Cao's test and false neighbours."""

from __future__ import annotations

import math

import numpy as np

from ..common.neighbours import find_neighbours
from ..preset import kernel
from .embedding import embed_delay


@kernel
def measure_expansion(x, delay, max_dim, theiler, ratio, size):
    """What a further component does to nearest neighbours in d dimensions, for d = 1 to `max_dim`.

    Parameters
    ----------
    x : (n,) float64
    delay, max_dim, theiler : int
    ratio : float: a neighbour is false if the added distance exceeds this multiple of its distance
    size : float: or if its distance in d + 1 dimensions exceeds this

    Returns
    -------
    growth : (max_dim,) float64: mean ratio of the distances in d + 1 and d dimensions
    apart : (max_dim,) float64: mean distance in the added component
    false : (max_dim, 3) float64: shares false by ratio, by size, by either
    """
    growth, apart = np.full(max_dim, np.nan), np.full(max_dim, np.nan)
    false = np.full((max_dim, 3), np.nan)
    for dim in range(1, max_dim + 1):
        rows = x.shape[0] - dim * delay
        if rows <= 0:
            break
        index, squared = find_neighbours(embed_delay(x, delay, dim, rows), 1, theiler)
        total, added, used = 0.0, 0.0, 0
        far, wide, either = 0, 0, 0
        for i in range(rows):
            j = index[i, 0]
            if j >= 0:
                difference = abs(x[i + dim * delay] - x[j + dim * delay])
                grown = math.sqrt(1.0 + difference * difference / squared[i, 0])
                distance = math.sqrt(squared[i, 0])
                by_ratio, by_size = difference > ratio * distance, grown * distance > size
                total += grown
                added += difference
                used += 1
                far += by_ratio
                wide += by_size
                either += by_ratio or by_size
        if used > 0:
            growth[dim - 1] = total / used
            apart[dim - 1] = added / used
            false[dim - 1, 0] = far / used
            false[dim - 1, 1] = wide / used
            false[dim - 1, 2] = either / used
    return growth, apart, false
