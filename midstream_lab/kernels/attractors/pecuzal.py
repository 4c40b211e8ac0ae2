"""Continuity statistic and noise amplification of an embedding, for the unified choice of delays."""

from __future__ import annotations

import math

import numpy as np

from ..common.neighbours import find_neighbours
from ..preset import kernel

#: Distances below this are taken for it, so that exact repetitions do not divide by 0.
TINY = 1e-12


@kernel
def measure_continuity(points, x, max_lag, theiler, needed):
    """Mean continuity statistic (max_lag + 1,) of x(t + lag) as a function on the embedding `points`.

    For every point: the smallest radius in the new component that holds, for some number of nearest neighbours k,
    ``needed[k]`` of them; more than chance would put there.

    Parameters
    ----------
    points : (n, m) float64
    x : at least (n + max_lag,) float64: sample t belongs to point t
    max_lag, theiler : int
    needed : (count + 1,) int64: by number of neighbours; 0 where a number is not tried
    """
    count = needed.shape[0] - 1
    n = points.shape[0]
    index, _ = find_neighbours(points, count, theiler)
    total, ordered = np.zeros(max_lag + 1), np.empty(count)
    used = 0
    for i in range(n):
        if index[i, count - 1] < 0:
            continue
        used += 1
        for lag in range(max_lag + 1):
            least = np.inf
            for k in range(count):
                apart = abs(x[i + lag] - x[index[i, k] + lag])
                slot = k
                while slot > 0 and ordered[slot - 1] > apart:
                    ordered[slot] = ordered[slot - 1]
                    slot -= 1
                ordered[slot] = apart
                if needed[k + 1] > 0:
                    least = min(least, ordered[needed[k + 1] - 1])
            total[lag] += least
    return total / used if used > 0 else np.full(max_lag + 1, np.nan)


@kernel
def amplify_noise(points, count, theiler, horizon):
    """Uzal's cost (horizon,): log10 of noise amplification times irredundance, over prediction horizons 1, 2, ...

    Parameters
    ----------
    points : (n, m) float64; the last `horizon` of them are only predicted
    count, theiler, horizon : int: `count` neighbours make a neighbourhood with their point
    """
    n, m = points.shape
    rows = n - horizon
    cost = np.full(horizon, np.nan)
    if rows <= 0:
        return cost
    index, _ = find_neighbours(points[:rows].copy(), count, theiler)
    ratio = np.zeros(horizon)
    inverse, used = 0.0, 0
    member = np.empty(count + 1, np.int64)
    for i in range(rows):
        if index[i, count - 1] < 0:
            continue
        used += 1
        member[0] = i
        for k in range(count):
            member[k + 1] = index[i, k]
        extent = 0.0  # mean squared distance of the pairs
        for a in range(count + 1):
            for b in range(a):
                for p in range(m):
                    extent += (points[member[a], p] - points[member[b], p]) ** 2
        extent = max(2.0 * extent / (count * (count + 1)), TINY)
        inverse += 1.0 / extent
        spread = 0.0
        for ahead in range(1, horizon + 1):
            for p in range(m):
                mean = 0.0
                for a in range(count + 1):
                    mean += points[member[a] + ahead, p]
                mean /= count + 1
                for a in range(count + 1):
                    spread += (points[member[a] + ahead, p] - mean) ** 2 / (count + 1)
            ratio[ahead - 1] += spread / ahead / extent
    if used > 0:
        for ahead in range(horizon):
            cost[ahead] = 0.5 * math.log10(max(ratio[ahead] / used, TINY)) - 0.5 * math.log10(inverse)
    return cost
