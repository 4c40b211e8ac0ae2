"""Times after which a trajectory comes back."""

from __future__ import annotations

import numpy as np

from ..preset import kernel


@kernel
def find_returns(points, starts, limit):
    """Samples (starts,) until the trajectory has left and then re-entered a ball around each start; -1 if never.

    `points` (n, m); `starts` (k,) int64; `limit` is the squared radius of the balls.
    """
    n, m = points.shape
    found = np.full(starts.shape[0], -1, np.int64)
    for k in range(starts.shape[0]):
        here, left = starts[k], False
        for j in range(here + 1, n):
            square = 0.0
            for p in range(m):
                square += (points[j, p] - points[here, p]) ** 2
            if square > limit:
                left = True
            elif left:
                found[k] = j - here
                break
    return found
