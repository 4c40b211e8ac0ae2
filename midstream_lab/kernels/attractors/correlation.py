"""Numbers of pairs of points within given radii, counted box against box."""

from __future__ import annotations

import numpy as np

from ..common.neighbours import build_tree
from ..preset import kernel

#: Norms by number: the largest component, and the Euclidean one (compared as squares).
MAXIMUM, EUCLIDEAN = 0, 1
#: Leaves of the tree that are compared as one patch: a power of 2.
PATCH = 4


@kernel
def measure_pair(a, b, norm):
    """Distance of two points (m,): the largest component, or the sum of squares."""
    total = 0.0
    for axis in range(a.shape[0]):
        gap = abs(a[axis] - b[axis])
        total = max(total, gap) if norm == MAXIMUM else total + gap * gap
    return total


@kernel
def bound_pair(one, other, norm):
    """Smallest and largest distance of a point in box `one` (2, m) and one in box `other`, as `measure_pair`."""
    least, most = 0.0, 0.0
    for axis in range(one.shape[1]):
        gap = max(one[0, axis] - other[1, axis], other[0, axis] - one[1, axis], 0.0)
        reach = max(one[1, axis] - other[0, axis], other[1, axis] - one[0, axis])
        if norm == MAXIMUM:
            least, most = max(least, gap), max(most, reach)
        else:
            least, most = least + gap * gap, most + reach * reach
    return least, most


@kernel
def bits_of(value):
    """A number of 0 or more as an integer of the same order, in which it is proportional to the logarithm."""
    return np.float64(value).view(np.int64) >> 46


@kernel
def index_radii(limits):
    """First radius to try for a distance of given bits: (table, bits of its first entry)."""
    base = bits_of(limits[0])
    table = np.zeros(bits_of(limits[-1]) - base + 2, np.int64)
    k = 0
    for entry in range(table.shape[0]):
        while k < limits.shape[0] - 1 and bits_of(limits[k]) < base + entry:
            k += 1
        table[entry] = k
    return table, base


@kernel
def find_radius(distance, limits, table, base):
    """Index of the smallest of `limits` that is not below `distance`; their number if all are."""
    if distance > limits[-1]:
        return limits.shape[0]
    k = table[max(0, bits_of(distance) - base)]
    while limits[k] < distance:
        k += 1
    return k


@kernel
def measure_row(columns, i, begin, end, norm, row):
    """Distances of point i of `columns` (m, n) from the points begin to end, into `row`; loops that vectorise."""
    for axis in range(columns.shape[0]):
        here = columns[axis, i]
        there = columns[axis, begin:end]
        if norm == MAXIMUM:
            for j in range(there.shape[0]):
                gap = abs(there[j] - here)
                row[j] = gap if axis == 0 or gap > row[j] else row[j]
        else:
            for j in range(there.shape[0]):
                gap = there[j] - here
                row[j] = gap * gap + (row[j] if axis > 0 else 0.0)


@kernel
def count_patches(columns, a, b, same, norm, limits, table, base, row, found):
    """Add the pairs of two patches, the positions ``a[0]:a[1]`` and ``b[0]:b[1]``, to `found`."""
    last = limits[-1]
    for i in range(a[0], a[1]):
        begin = i + 1 if same else b[0]
        measure_row(columns, i, begin, b[1], norm, row)
        for j in range(b[1] - begin):
            if row[j] <= last:
                found[find_radius(row[j], limits, table, base)] += 1


@kernel
def count_pairs(points, limits, theiler, norm):
    """Number of pairs (i, j), j > i + theiler, within each radius.

    A pair of boxes whose distances all lie between the same two radii is counted without a look at its points.

    Parameters
    ----------
    points : (n, m) float64
    limits : (k,) float64, increasing and positive; squares of the radii for the Euclidean norm
    theiler, norm : int

    Returns
    -------
    (k,) int64
    """
    n, m = points.shape
    found = np.zeros(limits.shape[0] + 1, np.int64)
    table, base = index_radii(limits)
    order, bounds, boxes = build_tree(points)
    inner = max(0, bounds.shape[0] // 2 // PATCH)
    columns = np.empty((m, n))  # points in the order of the tree, so that a patch is one run of memory
    for position in range(n):
        for axis in range(m):
            columns[axis, position] = points[order[position], axis]
    row = np.empty(n)
    stack = np.empty((1024, 2), np.int64)
    stack[0] = 0
    top = 1
    while top > 0:
        top -= 1
        a, b = stack[top, 0], stack[top, 1]
        least, most = bound_pair(boxes[a], boxes[b], norm)
        if least > limits[-1]:
            continue
        k = find_radius(most, limits, table, base)
        if k < limits.shape[0] and k == find_radius(least, limits, table, base):
            here, there = bounds[a, 1] - bounds[a, 0], bounds[b, 1] - bounds[b, 0]
            found[k] += here * (here - 1) // 2 if a == b else here * there
        elif a >= inner:  # a and b lie at the same depth
            count_patches(columns, bounds[a], bounds[b], a == b, norm, limits, table, base, row, found)
        else:
            for left in (2 * a + 1, 2 * a + 2):
                for right in (2 * b + 1, 2 * b + 2):
                    if a != b or left <= right:
                        stack[top, 0], stack[top, 1] = left, right
                        top += 1
    for i in range(n):
        for j in range(i + 1, min(i + theiler + 1, n)):
            distance = measure_pair(points[i], points[j], norm)
            found[find_radius(distance, limits, table, base)] -= 1
    return np.cumsum(found[:-1])
