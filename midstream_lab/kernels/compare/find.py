"""The window of a series that is nearest to a query under banded time warping."""

from __future__ import annotations

import numpy as np

from .. import kernel
from .bounds import ROUNDING, bound_envelope, bound_improved, fill_envelope, fill_rest, measure_below

__all__ = ["bound_windows", "find_window"]


@kernel
def scale_window(x, table, i, scaled):
    """Window i of x at mean 0 and deviation 1 into `scaled` (m, 1)."""
    m = len(scaled)
    factor = table[1, i] * np.sqrt(m)
    for q in range(m):
        scaled[q, 0] = (x[i + q] - table[0, i]) * factor


@kernel
def bound_windows(query, x, table, band, bounds):
    """Lower bound of the cost of each window; inf where a value is missing.

    Parameters
    ----------
    query : ndarray of float64, shape (m, 1)
        At mean 0 and deviation 1.
    x : ndarray of float64, shape (n,)
    table : ndarray of float64, shape (3, n - m + 1)
        As `summarise_windows` gives it.
    band : int
    bounds : ndarray of float64, shape (n - m + 1,)
        Overwritten.
    """
    lower, upper, scaled = np.empty_like(query), np.empty_like(query), np.empty_like(query)
    fill_envelope(query, band, lower, upper)
    for i in range(len(bounds)):
        bounds[i] = np.inf
        if table[2, i] >= 0.0:
            scale_window(x, table, i, scaled)
            bounds[i] = bound_envelope(scaled, lower, upper, True)


@kernel
def find_window(query, x, table, band, free, bounds, costs, ended):
    """The free window of least cost, or -1; windows are tried in the order of their bounds.

    Parameters
    ----------
    query, x, table, band
        As for `bound_windows`.
    free : ndarray of bool, shape (n - m + 1,)
    bounds : ndarray of float64, shape (n - m + 1,)
        Raised where more is known afterwards.
    costs : ndarray of float64, shape (n - m + 1,)
        The costs known so far, else NaN; updated.
    ended : ndarray of int64, shape (3,)
        How many times a bound excluded a window, a cost was given up, and one was computed; added to.
    """
    m = len(query)
    lower, upper, scaled = np.empty_like(query), np.empty_like(query), np.empty_like(query)
    fill_envelope(query, band, lower, upper)
    rest, row = np.empty(m), np.empty(m + 2)
    keep = 1.0 - ROUNDING
    chosen, least = -1, np.inf
    for i in np.argsort(bounds):
        if bounds[i] == np.inf or bounds[i] * keep > least:
            break
        if not free[i]:
            continue
        if np.isnan(costs[i]):
            scale_window(x, table, i, scaled)
            bound = bound_envelope(scaled, lower, upper, True)
            bound += bound_improved(scaled, query, lower, upper, band, True)
            bounds[i] = max(bounds[i], bound)
            if bounds[i] * keep > least:
                ended[0] += 1
                continue
            fill_rest(scaled, lower, upper, True, rest)
            cost = measure_below(scaled, query, band, True, least, rest, row)
            if cost == np.inf:
                ended[1] += 1
                bounds[i] = max(bounds[i], least * keep)
                continue
            ended[2] += 1
            costs[i] = cost
        if costs[i] < least:
            chosen, least = i, costs[i]
    return chosen
