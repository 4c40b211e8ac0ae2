"""Crossings of a plane by a flow."""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel
from .systems import step_state

#: Bisections of the step in which the plane is crossed: to the last bit.
BISECTIONS = 60


@kernel
def measure_side(s, normal, offset, phase):
    """Signed distance of `s` (dim,) from the plane; of a phase, its sine, 0 at the plane and half a turn on."""
    if phase >= 0:
        return math.sin(s[phase] - offset)
    side = -offset
    for i in range(s.shape[0]):
        side += normal[i] * s[i]
    return side


@kernel
def collect_crossings(system, p, start, h, normal, offset, phase, direction, n, most):
    """The next `n` crossings of ``normal . s = offset``, each by a Runge-Kutta step cut to end on the plane.

    Parameters
    ----------
    phase : int: variable that is an angle and is `offset` on the plane; -1 for a plane in space
    direction : int: 1 upward only, -1 downward only, 0 both
    most : int: steps to the next crossing before the search ends

    Returns
    -------
    points : (n, dim) float64, times : (n,) float64 since the start; NaN where there were no more
    """
    dim = start.shape[0]
    points, times = np.full((n, dim), np.nan), np.full(n, np.nan)
    s, before, work = start.copy(), np.empty(dim), np.empty((5, dim))
    side = measure_side(s, normal, offset, phase)
    found, step, since = 0, 0, 0
    while found < n and since < most:
        for i in range(dim):
            before[i] = s[i]
        step_state(system, p, s, h, work)
        last, side = side, measure_side(s, normal, offset, phase)
        step += 1
        since += 1
        upward = last < 0.0 <= side
        downward = last > 0.0 >= side
        if not ((upward and direction >= 0) or (downward and direction <= 0)):
            continue
        low, high, trial = 0.0, h, s.copy()
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            for i in range(dim):
                trial[i] = before[i]
            step_state(system, p, trial, middle, work)
            there = measure_side(trial, normal, offset, phase)
            if (there >= 0.0) if upward else (there <= 0.0):
                high = middle
            else:
                low = middle
        # The sine of an angle is 0 half a turn away from the plane too.
        if phase < 0 or math.cos(trial[phase] - offset) > 0.0:
            for i in range(dim):
                points[found, i] = trial[i]
            times[found] = (step - 1) * h + high
            found += 1
            since = 0
    return points, times
