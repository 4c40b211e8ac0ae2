"""Random walks along a trajectory: pseudo-periodic surrogates."""

from __future__ import annotations

import numpy as np

from ..preset import kernel


@kernel
def weigh_jumps(squared, radius):
    """Cumulative probabilities (n, 1 + k) of going on from a point itself, then from each of its k neighbours.

    `squared` (n, k) are squared distances, inf where there are fewer; the weights are exp(-distance / radius).
    """
    n, k = squared.shape
    cumulative = np.empty((n, k + 1))
    for i in range(n):
        total = 1.0
        cumulative[i, 0] = total
        for slot in range(k):
            total += np.exp(-np.sqrt(squared[i, slot]) / radius)
            cumulative[i, slot + 1] = total
        for slot in range(k + 1):
            cumulative[i, slot] /= total
    return cumulative


@kernel
def walk_trajectory(x, index, cumulative, start, draws):
    """A walk that at every step goes on from its point or from a neighbour of it.

    Parameters
    ----------
    x : (n,) float64
    index : (rows, k) int64: neighbours; every row has a successor in `x`
    cumulative : (rows, 1 + k) float64: as `weigh_jumps`
    start : int
    draws : (n,) float64: uniform in [0, 1)

    Returns
    -------
    walk : (n,) float64
    """
    n, rows = draws.shape[0], index.shape[0]
    walk = np.empty(n)
    here = start
    for t in range(n):
        walk[t] = x[here]
        if here >= rows:  # the end of the data has no successor: go on where its predecessor's neighbour went
            here = index[rows - 1, 0] + 1
            if here <= 0 or here >= rows:
                here = start
        slot = np.searchsorted(cumulative[here], draws[t], side="right")
        if slot > 0:
            here = index[here, slot - 1]
        here += 1
    return walk
