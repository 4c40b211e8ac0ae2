"""What a system visits in the long run, for many values of a parameter."""

from __future__ import annotations

import numpy as np

from ..preset import kernel
from .systems import step_state


@kernel
def collect_orbits(system, params, start, h, skip, n, axis, most, follow):
    """Iterates of a map (`h` = 0) or successive maxima of a flow, of variable `axis`, for each row of `params`.

    Parameters
    ----------
    params : (m, k) float64
    skip : int: steps before anything counts
    most : int: steps after which a flow's search for maxima ends
    follow : bool: whether each row starts where the last one ended

    Returns
    -------
    points : (m, n) float64, NaN where there were no more
    """
    m, dim = params.shape[0], start.shape[0]
    points, s, work = np.full((m, n), np.nan), start.copy(), np.empty((5, dim))
    for row in range(m):
        p = params[row]
        if not follow or not np.isfinite(s).all():
            s[:] = start
        for _ in range(skip):
            step_state(system, p, s, h, work)
        if h == 0.0:
            for column in range(n):
                step_state(system, p, s, h, work)
                points[row, column] = s[axis]
            continue
        found = 0
        older = s[axis]
        step_state(system, p, s, h, work)
        old = s[axis]
        for _ in range(most):
            step_state(system, p, s, h, work)
            new = s[axis]
            if older < old >= new:
                # Vertex of the parabola through three samples.
                slope, bend = 0.5 * (new - older), new - 2.0 * old + older
                points[row, found] = old - 0.5 * slope * slope / bend
                found += 1
                if found == n:
                    break
            older, old = old, new
    return points
