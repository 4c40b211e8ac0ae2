"""Exact nearest neighbours with a Theiler window: a k-d tree with bounding boxes, memory linear in n."""

from __future__ import annotations

import numpy as np

from ..preset import kernel

#: Points in a leaf of the tree: below this a plain scan is faster than another split.
LEAF = 12


@kernel
def select_median(values, order, begin, end, middle):
    """Reorder ``order[begin:end]`` so that position `middle` holds its rank by `values` (quickselect)."""
    low, high = begin, end - 1
    while low < high:
        pivot = values[order[(low + high) // 2]]
        i, j = low, high
        while i <= j:
            while values[order[i]] < pivot:
                i += 1
            while values[order[j]] > pivot:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@kernel
def build_tree(points):
    """Balanced k-d tree of `points` (n, m), split at the median of the widest axis.

    Returns order (n,): point at each tree position; bounds (nodes, 2): first and last position of a node;
    boxes (nodes, 2, m): its lowest and highest corner. Node k has the children 2k+1 and 2k+2.
    """
    n, m = points.shape
    levels = 0
    while (n >> levels) > LEAF:
        levels += 1
    inner = (1 << levels) - 1
    nodes = 2 * inner + 1
    order = np.arange(n)
    bounds = np.zeros((nodes, 2), np.int64)
    boxes = np.empty((nodes, 2, m))
    bounds[0, 1] = n
    for node in range(nodes):
        begin, end = bounds[node, 0], bounds[node, 1]
        widest, width = 0, -1.0
        for axis in range(m):
            low, high = np.inf, -np.inf
            for position in range(begin, end):
                value = points[order[position], axis]
                low = min(low, value)
                high = max(high, value)
            boxes[node, 0, axis] = low
            boxes[node, 1, axis] = high
            if high - low > width:
                widest, width = axis, high - low
        if node < inner:
            middle = (begin + end) // 2
            select_median(points[:, widest], order, begin, end, middle)
            bounds[2 * node + 1, 0] = begin
            bounds[2 * node + 1, 1] = middle
            bounds[2 * node + 2, 0] = middle
            bounds[2 * node + 2, 1] = end
    return order, bounds, boxes


@kernel
def box_distance(point, box):
    """Squared Euclidean distance from `point` (m,) to `box` (2, m); 0 inside."""
    total = 0.0
    for axis in range(point.shape[0]):
        gap = max(box[0, axis] - point[axis], point[axis] - box[1, axis])
        if gap > 0.0:
            total += gap * gap
    return total


@kernel
def find_neighbours(points, count, theiler):
    """The `count` nearest neighbours of every point of a trajectory, by squared Euclidean distance.

    A neighbour is more than `theiler` samples away in time and not an exact duplicate: pairs at distance 0
    say nothing about divergence.

    Parameters
    ----------
    points : (n, m) float64
    count, theiler : int

    Returns
    -------
    index : (n, count) int64, nearest first; -1 where there are fewer
    squared : (n, count) float64, inf where there are fewer
    """
    n, m = points.shape
    index = np.full((n, count), -1, np.int64)
    squared = np.full((n, count), np.inf)
    if n == 0:
        return index, squared
    order, bounds, boxes = build_tree(points)
    inner = bounds.shape[0] // 2
    packed = np.empty((n, m))  # points in tree order, so that a leaf is one run of memory
    for position in range(n):
        for axis in range(m):
            packed[position, axis] = points[order[position], axis]
    stack = np.empty(128, np.int64)
    reach = np.empty(128)
    for position in range(n):
        me = order[position]
        point = packed[position]
        near, far = index[me], squared[me]
        worst = np.inf
        stack[0] = 0
        reach[0] = 0.0
        top = 1
        while top > 0:
            top -= 1
            node = stack[top]
            if reach[top] >= worst:
                continue
            while node < inner:
                left = box_distance(point, boxes[2 * node + 1])
                right = box_distance(point, boxes[2 * node + 2])
                node = 2 * node + 1 if left <= right else 2 * node + 2
                other = max(left, right)
                if other < worst:
                    stack[top] = node + 1 if left <= right else node - 1
                    reach[top] = other
                    top += 1
                if min(left, right) >= worst:
                    node = -1
                    break
            if node < 0:
                continue
            for place in range(bounds[node, 0], bounds[node, 1]):
                candidate = order[place]
                if abs(candidate - me) <= theiler:
                    continue
                distance = 0.0
                for axis in range(m):
                    difference = packed[place, axis] - point[axis]
                    distance += difference * difference
                if distance >= worst or distance == 0.0:
                    continue
                slot = count - 1
                while slot > 0 and far[slot - 1] > distance:
                    far[slot] = far[slot - 1]
                    near[slot] = near[slot - 1]
                    slot -= 1
                far[slot] = distance
                near[slot] = candidate
                worst = far[count - 1]
    return index, squared
