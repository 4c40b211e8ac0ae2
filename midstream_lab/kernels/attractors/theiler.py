"""How long samples stay close in phase space only because they are close in time."""

from __future__ import annotations

import numpy as np

from ..preset import kernel


@kernel
def count_close(points, squared_radius, max_lag):
    """Share of pairs (i, i + lag) of `points` (n, m) within the radius, for lags 0 to `max_lag`."""
    n, m = points.shape
    share = np.zeros(max_lag + 1)
    for lag in range(max_lag + 1):
        close = 0
        for i in range(n - lag):
            distance = 0.0
            for axis in range(m):
                difference = points[i, axis] - points[i + lag, axis]
                distance += difference * difference
            close += distance <= squared_radius
        share[lag] = close / (n - lag)
    return share
