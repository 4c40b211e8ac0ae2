"""Subsequences of a stream under dynamic time warping, in a time per sample that grows with the query alone."""

from __future__ import annotations

import numpy as np

from .. import kernel

__all__ = ["follow_stream"]


@kernel
def take(value, now, query, cost, begin):
    """Lengthen the paths by one row, in place."""
    before, before_begin = np.inf, now  # matched up to the query's sample before, at the row before
    here, here_begin = 0.0, now
    for i in range(len(query)):
        apart = value - query[i]
        above, above_begin = cost[i], begin[i]
        if above < here:
            here, here_begin = above, above_begin
        if before < here:
            here, here_begin = before, before_begin
        here += apart * apart
        before, before_begin = above, above_begin
        cost[i], begin[i] = here, here_begin


@kernel
def follow_stream(values, query, row, limit, cost, begin, best, place, ending, found, found_place):
    """Take samples; report the best of each group of overlapping subsequences once nothing can better it.

    A value that is not finite ends the group and starts everything again.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    query : ndarray of float64, shape (m,)
    row : int
        Number of the first of the values.
    limit : float
        Largest sum of squares of a match.
    cost, begin : ndarray of float64 and int64, shape (2, m)
        Least sum of squares of a path from any row to here, matched up to each sample of the query, and its first row;
        then the same of the paths that begin after the best of the group, from which the search goes on once that is
        reported; updated.
    best, place : ndarray of float64 and int64, shape (1,), (2,)
        The best of the group so far, its first row and its last; updated.
    ending : ndarray of float64, shape (n,)
        Least sum of squares of a subsequence that ends at each row; overwritten.
    found, found_place : ndarray of float64 and int64, shape (n,), (n, 2)
        What is reported at each row, else NaN and -1; overwritten.
    """
    for k in range(len(values)):
        value, now = values[k], row + k
        found[k], found_place[k, :] = np.nan, -1
        bad = not np.isfinite(value)
        done = bad
        if bad:
            ending[k] = np.nan
        else:
            take(value, now, query, cost[0], begin[0])
            ending[k] = cost[0, -1]
            if place[1] >= 0:
                take(value, now, query, cost[1], begin[1])
                done = True
                for i in range(len(query)):
                    done = done and (cost[0, i] >= best[0] or begin[0, i] > place[1])
        if done and place[1] >= 0:
            found[k], found_place[k, 0], found_place[k, 1] = best[0], place[0], place[1]
            cost[0], begin[0] = cost[1], begin[1]
            best[0] = np.inf
            place[:] = -1
        if bad:
            cost[:] = np.inf
        elif cost[0, -1] <= limit and cost[0, -1] < best[0]:
            best[0], place[0], place[1] = cost[0, -1], begin[0, -1], now
            cost[1] = np.inf
