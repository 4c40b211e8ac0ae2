"""Divergence of neighbouring trajectories."""

from __future__ import annotations

import math

import numpy as np

from ..common.neighbours import box_distance, build_tree, find_neighbours
from ..preset import kernel
from .embedding import embed_delay

#: Squared distances are multiplied as long as the product stays between these, so that one log serves several.
TINY, HUGE = 1e-150, 1e150


@kernel
def add_squares(x, a, b, square):
    """Add (x[a + k] - x[b + k])^2 to every ``square[k]``; a loop of its own, so that it vectorises."""
    for k in range(square.shape[0]):
        difference = x[a + k] - x[b + k]
        square[k] += difference * difference


@kernel
def follow_pairs(x, delay, dim, theiler, count, steps):
    """Mean log distance of neighbouring delay vectors as both move on; finds the neighbours and calls `follow`.

    Parameters
    ----------
    x : (n,) float64
    delay, dim, theiler, count, steps : int

    Returns
    -------
    curve : (steps + 1,) float64, NaN where no pair was left
    used : (steps + 1,) int64: number of reference points in each mean
    """
    rows = max(0, x.shape[0] - (dim - 1) * delay - steps)
    index, _ = find_neighbours(embed_delay(x, delay, dim, rows), count, theiler)
    return follow(x, index, delay, dim, steps)


@kernel
def follow(x, index, delay, dim, steps):
    """Mean log distance of delay vectors and their neighbours as both move on.

    Each reference point and its neighbours are followed for `steps` samples; its log distance at step k is the log of
    the root mean square over the neighbours (the single distance of Rosenstein for one, a neighbourhood as in Kantz
    for more).

    Parameters
    ----------
    x : (n,) float64
    index : (rows, count) int64
        Neighbours of the first `rows` delay vectors, -1 where there are fewer.
    delay, dim, steps : int

    Returns
    -------
    curve : (steps + 1,) float64, NaN where no pair was left
    used : (steps + 1,) int64: number of reference points in each mean
    """
    total, used = np.zeros(steps + 1), np.zeros(steps + 1, np.int64)
    square, product = np.empty(steps + 1), np.ones(steps + 1)
    for i in range(index.shape[0]):
        found = sum_squares(x, index[i], i, delay, dim, square)
        if found == 0:
            continue
        for k in range(steps + 1):
            mean = square[k] / found
            if mean > TINY:
                used[k] += 1
                product[k] *= mean
                if product[k] < TINY or product[k] > HUGE:
                    total[k] += math.log(product[k])
                    product[k] = 1.0
            elif mean > 0.0:
                used[k] += 1
                total[k] += math.log(mean)
    for k in range(steps + 1):
        total[k] = 0.5 * (total[k] + math.log(product[k])) / used[k] if used[k] > 0 else np.nan
    return total, used


@kernel
def sum_squares(x, near, i, delay, dim, square):
    """Squared distances of delay vector i and its neighbours `near` (count,) at every step, summed; their number."""
    found = 0
    square[:] = 0.0
    for slot in range(near.shape[0]):
        if near[slot] < 0:
            break
        found += 1
        for axis in range(dim):
            add_squares(x, i + axis * delay, near[slot] + axis * delay, square)
    return found


@kernel
def follow_fading(x, near, delay, dim, steps, fade):
    """As `follow`, with a neighbour each, `near` (rows, 1); a pair weighs `fade` for every row since its older vector.

    `fade` lies between 0 and 1. Where all weights are too small for a number the curve is NaN.
    """
    total, weights = np.zeros(steps + 1), np.zeros(steps + 1)
    used, square = np.zeros(steps + 1, np.int64), np.empty(steps + 1)
    for i in range(near.shape[0]):
        if sum_squares(x, near[i], i, delay, dim, square) == 0:
            continue
        weight = fade ** (near.shape[0] - 1 - min(i, near[i, 0]))
        for k in range(steps + 1):
            if square[k] > 0.0:
                used[k] += 1
                weights[k] += weight
                total[k] += weight * math.log(square[k])
    for k in range(steps + 1):
        total[k] = 0.5 * total[k] / weights[k] if weights[k] > 0.0 else np.nan
    return total, used


@kernel
def follow_balls(x, delay, dim, theiler, radius, least, steps):
    """Mean log of the mean distance to all neighbours in a ball as they move on (Kantz 1994).

    The ball holds the delay vectors within `radius` (Euclidean) of a reference vector that are more than `theiler`
    samples from it and no exact duplicates; the distance is that of the newest component. Balls with fewer than `least`
    neighbours are left out.

    Parameters
    ----------
    x : (n,) float64
    delay, dim, theiler, least, steps : int
    radius : float

    Returns
    -------
    curve : (steps + 1,) float64, NaN where no ball was left
    used : (steps + 1,) int64: number of balls in each mean
    """
    newest = (dim - 1) * delay
    rows = max(0, x.shape[0] - newest - steps)
    total, used = np.zeros(steps + 1), np.zeros(steps + 1, np.int64)
    points = embed_delay(x, delay, dim, rows)
    order, bounds, boxes = build_tree(points)
    inner = bounds.shape[0] // 2
    stack, apart = np.empty(128, np.int64), np.empty(steps + 1)
    limit = radius * radius
    for i in range(rows):
        found = 0
        apart[:] = 0.0
        stack[0] = 0
        top = 1
        while top > 0:
            top -= 1
            node = stack[top]
            if box_distance(points[i], boxes[node]) > limit:
                continue
            if node < inner:
                stack[top] = 2 * node + 1
                stack[top + 1] = 2 * node + 2
                top += 2
                continue
            for place in range(bounds[node, 0], bounds[node, 1]):
                j = order[place]
                square = 0.0
                for axis in range(dim):
                    square += (points[j, axis] - points[i, axis]) ** 2
                if abs(j - i) > theiler and 0.0 < square <= limit:
                    found += 1
                    add_distances(x, i + newest, j + newest, apart)
        if found < least:
            continue
        for k in range(steps + 1):
            if apart[k] > 0.0:
                total[k] += math.log(apart[k] / found)
                used[k] += 1
    for k in range(steps + 1):
        total[k] = total[k] / used[k] if used[k] > 0 else np.nan
    return total, used


@kernel
def add_distances(x, a, b, apart):
    """Add |x[a + k] - x[b + k]| to every ``apart[k]``; a loop of its own, so that it vectorises."""
    for k in range(apart.shape[0]):
        apart[k] += abs(x[a + k] - x[b + k])
