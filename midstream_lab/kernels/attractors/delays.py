"""Delay differential equations x' = f(x, x(t - tau)) of one variable, by Runge-Kutta steps that divide the delay.

A history is (lags + 2,): the newest value first, one step apart, the last one a step older than the delay.
"""

from __future__ import annotations

import numpy as np

from ..preset import kernel


@kernel
def feed_back(p, late):
    """Mackey and Glass: the production that answers to the value a delay ago, and its slope; p = (beta, gamma, n)."""
    power = late ** p[2]
    below = 1.0 + power
    return p[0] * late / below, p[0] * (1.0 + power - p[2] * power) / (below * below)


@kernel
def push_delayed(p, history, frame, h, n, substeps):
    """`n` samples, each `substeps` Runge-Kutta steps of `h`, with tangent histories.

    Parameters
    ----------
    history : (size,) float64
    frame : (size, k) float64: tangent vectors, k may be 0

    Returns
    -------
    samples : (n,) float64
    history, frame : as given, where the run ended
    """
    size, k = frame.shape
    lags, steps = size - 2, n * substeps
    x, v = np.empty(size + steps), np.empty((size + steps, k))
    for i in range(size):
        x[i] = history[size - 1 - i]
        v[i] = frame[size - 1 - i]
    # With the delayed values known the equation is linear: the Runge-Kutta step is one weighted sum, of values as of
    # tangents. The value half-way between two grid points of the past is their cubic interpolation.
    z = -p[1] * h
    keep = 1.0 + z * (1.0 + z / 2.0 * (1.0 + z / 3.0 * (1.0 + z / 4.0)))
    w1 = h / 6.0 * (1.0 + z * (1.0 + z / 2.0 * (1.0 + z / 2.0)))
    w2 = h / 6.0 * (4.0 + z * (2.0 + z / 2.0))
    w3 = h / 6.0
    for now in range(size - 1, size - 1 + steps):
        old = now - lags
        g1, d1 = feed_back(p, x[old])
        g2, d2 = feed_back(p, (9.0 * (x[old] + x[old + 1]) - x[old - 1] - x[old + 2]) / 16.0)
        g3, d3 = feed_back(p, x[old + 1])
        x[now + 1] = keep * x[now] + w1 * g1 + w2 * g2 + w3 * g3
        for c in range(k):
            middle = (9.0 * (v[old, c] + v[old + 1, c]) - v[old - 1, c] - v[old + 2, c]) / 16.0
            v[now + 1, c] = keep * v[now, c] + w1 * d1 * v[old, c] + w2 * d2 * middle + w3 * d3 * v[old + 1, c]
    samples = np.empty(n)
    for row in range(n):
        samples[row] = x[size - 1 + (row + 1) * substeps]
    return samples, x[steps:][::-1].copy(), v[steps:][::-1].copy()
