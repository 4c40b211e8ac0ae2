"""Lower bounds of banded dynamic time warping, and the search for nearest neighbours that they speed up.

Bounds and limits are compared with a margin for their rounding, so that the search finds what brute force finds.
"""

from __future__ import annotations

import numpy as np

from .. import kernel

__all__ = ["bound_ends", "bound_envelope", "bound_improved", "fill_envelope", "find_nearest"]

#: Share by which a bound may exceed the distance by rounding alone.
ROUNDING = 1e-10
#: What ended a candidate, in the order of `midstream_lab.compare.nearest.STAGES`.
KIM, KEOGH, IMPROVED, ABANDONED, FULL = 0, 1, 2, 3, 4


@kernel
def fill_envelope(y, window, lower, upper):
    """Least and largest of ``y[i - window : i + window + 1]`` for each i, in a time that does not grow with the window.

    Parameters
    ----------
    y : ndarray of float64, shape (m, channels)
    window : int
        At least the difference of m and n.
    lower, upper : ndarray of float64, shape (n, channels)
        Overwritten.
    """
    m = len(y)
    least, most = np.empty(m, np.int64), np.empty(m, np.int64)
    for c in range(y.shape[1]):
        # queues of the places that can still be extreme
        least_head = least_tail = most_head = most_tail = 0
        arrived = 0
        for i in range(len(lower)):
            while arrived < m and arrived <= i + window:
                value = y[arrived, c]
                while least_tail > least_head and y[least[least_tail - 1], c] >= value:
                    least_tail -= 1
                least[least_tail] = arrived
                least_tail += 1
                while most_tail > most_head and y[most[most_tail - 1], c] <= value:
                    most_tail -= 1
                most[most_tail] = arrived
                most_tail += 1
                arrived += 1
            while least[least_head] < i - window:
                least_head += 1
            while most[most_head] < i - window:
                most_head += 1
            lower[i, c], upper[i, c] = y[least[least_head], c], y[most[most_head], c]


@kernel
def cost_between(x, y, squared):
    """Sum over the channels of the differences of x and y (channels,)."""
    total = 0.0
    for c in range(x.size):
        apart = x[c] - y[c]
        total += apart * apart if squared else abs(apart)
    return total


@kernel
def bound_ends(x, y, squared):
    """Cost of the first cell and the last, which lie on every path; x (n, channels), y (m, channels)."""
    total = cost_between(x[0], y[0], squared)
    if len(x) > 1 or len(y) > 1:
        total += cost_between(x[-1], y[-1], squared)
    return total


@kernel
def bound_envelope(x, lower, upper, squared):
    """Cost of x (n, channels) outside the envelope, whose first n rows are taken."""
    total = 0.0
    for i in range(len(x)):
        for c in range(x.shape[1]):
            outside = max(x[i, c] - upper[i, c], lower[i, c] - x[i, c], 0.0)
            total += outside * outside if squared else outside
    return total


@kernel
def bound_improved(x, y, lower, upper, window, squared):
    """What Lemire's second pass adds: cost of y outside the envelope of x as projected on the envelope of y."""
    projected = np.minimum(np.maximum(x, lower[: len(x)]), upper[: len(x)])
    below, above = np.empty(y.shape), np.empty(y.shape)
    fill_envelope(projected, window, below, above)
    return bound_envelope(y, below, above, squared)


@kernel
def fill_rest(x, lower, upper, squared, rest):
    """For each row the cost that the rows after it cannot avoid, rest (n,)."""
    total = 0.0
    for i in range(len(x) - 1, -1, -1):
        rest[i] = total
        for c in range(x.shape[1]):
            outside = max(x[i, c] - upper[i, c], lower[i, c] - x[i, c], 0.0)
            total += outside * outside if squared else outside


@kernel
def measure_below(x, y, window, squared, limit, rest, row):
    """Cost of the best path if it is at most `limit`, else infinity; cells that cannot lead there are left out.

    x (n, channels) and y (m, channels); rest (n,) as of `fill_rest`; row (m + 1,) or longer is overwritten.
    """
    n, m = len(x), len(y)
    row[: m + 1] = np.inf
    row[0] = 0.0
    begin, last_alive = 0, m
    limit *= 1.0 + ROUNDING
    for i in range(n):
        low, high = max(begin, i - window), min(m, i + window + 1)
        diagonal, left = row[low], np.inf
        row[low] = np.inf
        first, last = -1, -1
        spare = limit - rest[i]
        for j in range(low, high):
            up = row[j + 1]
            left = cost_between(x[i], y[j], squared) + min(min(up, diagonal), left)
            diagonal = up
            row[j + 1] = left
            if left <= spare:
                if first < 0:
                    first = j
                last = j
            elif j > last_alive:  # nothing alive above, and nothing to the left
                row[j + 2 : high + 1] = np.inf
                break
        if first < 0:
            return np.inf
        begin, last_alive = first, last
    return row[m]


@kernel
def insert_nearest(series, cost, nearest, costs):
    """Put a candidate into the sorted costs (k,); of equal ones the lower number comes first."""
    at = costs.size
    while at > 0 and (cost < costs[at - 1] or (cost == costs[at - 1] and series < nearest[at - 1])):
        at -= 1
    for k in range(costs.size - 1, at, -1):
        costs[k], nearest[k] = costs[k - 1], nearest[k - 1]
    if at < costs.size:
        costs[at], nearest[at] = cost, series


@kernel
def find_nearest(query, values, starts, window, squared, nearest, costs, ended):
    """The k series of least cost, through bounds of rising price.

    Parameters
    ----------
    query : ndarray of float64, shape (m, channels)
    values : ndarray of float64, shape (samples, channels)
        All series after each other.
    starts : ndarray of int64, shape (series + 1,)
    window : int
        At least the difference of m and any length.
    squared : bool
    nearest : ndarray of int64, shape (k,)
    costs : ndarray of float64, shape (k,)
        Overwritten, from the least on.
    ended : ndarray of int64, shape (5,)
        How many candidates each stage ended.
    """
    count = starts.size - 1
    longest = 0
    for s in range(count):
        longest = max(longest, starts[s + 1] - starts[s])
    lower, upper = np.empty((longest, query.shape[1])), np.empty((longest, query.shape[1]))
    fill_envelope(query, window, lower, upper)
    rest, row = np.empty(longest), np.empty(len(query) + 2)
    costs[:] = np.inf
    nearest[:] = count
    ended[:] = 0
    ends = np.empty(count)
    for s in range(count):
        ends[s] = bound_ends(values[starts[s] : starts[s + 1]], query, squared)
    order = np.argsort(ends)
    # the candidates with the nearest ends give a first limit
    for s in order[: costs.size]:
        x = values[starts[s] : starts[s + 1]]
        rest[:] = 0.0
        insert_nearest(s, measure_below(x, query, window, squared, np.inf, rest, row), nearest, costs)
        ended[FULL] += 1
    left, bounds = np.empty(count, np.int64), np.empty(count)
    waiting = 0
    keep = 1.0 - ROUNDING
    for s in order[costs.size :]:
        if ends[s] * keep > costs[-1]:
            ended[KIM] += 1
            continue
        bound = bound_envelope(values[starts[s] : starts[s + 1]], lower, upper, squared)
        if bound * keep > costs[-1]:
            ended[KEOGH] += 1
            continue
        left[waiting], bounds[waiting] = s, bound
        waiting += 1
    for at in np.argsort(bounds[:waiting]):
        s, bound = left[at], bounds[at]
        if bound * keep > costs[-1]:
            ended[KEOGH] += 1
            continue
        x = values[starts[s] : starts[s + 1]]
        if (bound + bound_improved(x, query, lower, upper, window, squared)) * keep > costs[-1]:
            ended[IMPROVED] += 1
            continue
        fill_rest(x, lower, upper, squared, rest)
        cost = measure_below(x, query, window, squared, costs[-1], rest, row)
        if cost < np.inf:
            ended[FULL] += 1
            insert_nearest(s, cost, nearest, costs)
        else:
            ended[ABANDONED] += 1
