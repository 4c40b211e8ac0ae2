"""Delay embedding."""

from __future__ import annotations

import numpy as np

from ..preset import kernel


@kernel
def embed_delay(x, delay, dim, rows):
    """The first `rows` delay vectors (rows, dim) of `x` (n,): row i holds x[i], x[i + delay], ..."""
    points = np.empty((rows, dim))
    for i in range(rows):
        for axis in range(dim):
            points[i, axis] = x[i + axis * delay]
    return points
