"""The 0-1 test for chaos: how fast a walk driven by the data spreads."""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel


@kernel
def drive_walk(x, c, p, q):
    """Positions (n + 1,) of the walk with steps x[j] (cos, sin)((j + 1) c), from the origin."""
    p[0], q[0] = 0.0, 0.0
    for j in range(x.shape[0]):
        p[j + 1] = p[j] + x[j] * math.cos((j + 1) * c)
        q[j + 1] = q[j] + x[j] * math.sin((j + 1) * c)


@kernel
def add_displacements(p, q, start, spread):
    """Add the square displacement from `start` over 1, 2, ... steps to `spread` (cut,); a loop that vectorises."""
    cut = spread.shape[0]
    here, there = p[start], q[start]
    later_p, later_q = p[start + 1 : start + 1 + cut], q[start + 1 : start + 1 + cut]
    for k in range(cut):
        a, b = later_p[k] - here, later_q[k] - there
        spread[k] += a * a + b * b


@kernel
def spread_walk(p, q, spread):
    """Mean square displacement over 1 to cut steps, into `spread` (cut,), over the same starts at every lag."""
    starts = p.shape[0] - 1 - spread.shape[0]
    spread[:] = 0.0
    for j in range(1, starts + 1):
        add_displacements(p, q, j, spread)
    spread /= starts


@kernel
def correlate_growth(x, angles, cut):
    """Correlation (k,) of the mean square displacement with time, for each of `angles` (k,); `x` has mean 0."""
    n = x.shape[0]
    p, q, spread = np.empty(n + 1), np.empty(n + 1), np.empty(cut)
    growth = np.empty(angles.shape[0])
    middle = (cut + 1) / 2.0
    for index in range(angles.shape[0]):
        drive_walk(x, angles[index], p, q)
        spread_walk(p, q, spread)
        mean = spread.mean()
        both, steps, squares = 0.0, 0.0, 0.0
        for k in range(cut):
            a, b = k + 1 - middle, spread[k] - mean
            both += a * b
            steps += a * a
            squares += b * b
        growth[index] = both / math.sqrt(steps * squares) if squares > 0.0 else 0.0
    return growth
