"""Prediction of a sequence from like moments of its own past."""

from __future__ import annotations

import math

import numpy as np

from ..common.neighbours import find_neighbours
from ..preset import kernel
from .tangent import solve_positive

#: Penalty of the weighted fit as a share of its variance, for directions in which the data have no extent.
RIDGE = 1e-9


@kernel
def average_analogues(points, future, count, theiler):
    """Mean future (n, leads) of the `count` nearest neighbours of every point; NaN where there is none.

    `points` (n, m), `future` (n, leads); neighbours are more than `theiler` samples away.
    """
    n, leads = future.shape
    index, _ = find_neighbours(points, count, theiler)
    mean = np.full((n, leads), np.nan)
    for i in range(n):
        found = 0
        for slot in range(count):
            if index[i, slot] >= 0:
                found += 1
        if found == 0:
            continue
        mean[i] = 0.0
        for slot in range(found):
            for lead in range(leads):
                mean[i, lead] += future[index[i, slot], lead] / found
    return mean


@kernel
def map_locally(points, future, targets, theta, theiler):
    """Predictions (t, leads) by a linear map fitted to all points, weighted by their nearness to each target.

    The weight is exp(-theta distance / mean distance); a target within `points` does not use what lies within
    `theiler` samples of it.

    Parameters
    ----------
    points : (n, m) float64; the last of them have no future where a target is to be extrapolated
    future : (r, leads) float64, r <= n: of the first r points
    targets : (t,) int64: which points
    theta : float
    theiler : int
    """
    m, (used, leads) = points.shape[1], future.shape
    made = np.full((targets.shape[0], leads), np.nan)
    weight, solved = np.empty(used), np.empty(m)
    for t in range(targets.shape[0]):
        here = targets[t]
        total, count = 0.0, 0
        for j in range(used):
            weight[j] = -1.0
            if abs(j - here) > theiler:
                square = 0.0
                for p in range(m):
                    square += (points[j, p] - points[here, p]) ** 2
                weight[j] = math.sqrt(square)
                total += weight[j]
                count += 1
        if count < m + 2 or total <= 0.0:
            continue
        scale = theta * count / total
        mass = 0.0
        centre, mean = np.zeros(m), np.zeros(leads)
        for j in range(used):
            if weight[j] >= 0.0:
                weight[j] = math.exp(-scale * weight[j])
                mass += weight[j]
                for p in range(m):
                    centre[p] += weight[j] * points[j, p]
                for lead in range(leads):
                    mean[lead] += weight[j] * future[j, lead]
            else:
                weight[j] = 0.0
        centre /= mass
        mean /= mass
        a, b = np.zeros((m, m)), np.zeros((leads, m))
        for j in range(used):
            if weight[j] > 0.0:
                for p in range(m):
                    side = weight[j] * (points[j, p] - centre[p])
                    for q in range(p + 1):
                        a[p, q] += side * (points[j, q] - centre[q])
                    for lead in range(leads):
                        b[lead, p] += side * (future[j, lead] - mean[lead])
        trace = 0.0
        for p in range(m):
            trace += a[p, p]
        for lead in range(leads):
            made[t, lead] = mean[lead]
        if trace > 0.0:
            for p in range(m):
                a[p, p] += RIDGE * trace
            for lead in range(leads):
                solved[:] = b[lead]
                solve_positive(a.copy(), solved)
                for p in range(m):
                    made[t, lead] += solved[p] * (points[here, p] - centre[p])
    return made
