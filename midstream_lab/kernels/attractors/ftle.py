"""Linearised flow along trajectories from many starts."""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel
from .systems import step_tangent


@kernel
def push_frames(system, p, starts, h, steps):
    """Move each of `starts` (n, dim) by `steps` steps of `h`, with the matrix of the linearised motion.

    Returns
    -------
    ends : (n, dim) float64
    matrix : (n, dim, dim) float64, divided by what keeps it within 1e-100 to 1e100
    scale : (n,) float64: logarithm of what it was divided by
    """
    n, dim = starts.shape
    ends, matrix, scale = starts.copy(), np.empty((n, dim, dim)), np.zeros(n)
    s, v = np.empty(dim), np.empty((dim, dim))
    k1, k2, k3, k4, probe = np.empty(dim), np.empty(dim), np.empty(dim), np.empty(dim), np.empty(dim)
    jacobian, total = np.empty((dim, dim)), np.empty((dim, dim))
    bent, following = np.empty((dim, dim)), np.empty((dim, dim))
    for row in range(n):
        for i in range(dim):
            s[i] = starts[row, i]
            for c in range(dim):
                v[i, c] = 1.0 if i == c else 0.0
        for _ in range(steps):
            step_tangent(system, p, s, v, h, k1, k2, k3, k4, probe, jacobian, total, bent, following)
            largest = 0.0
            for i in range(dim):
                for c in range(dim):
                    largest = max(largest, abs(v[i, c]))
            if largest > 1e100 or 0.0 < largest < 1e-100:
                scale[row] += math.log(largest)
                for i in range(dim):
                    for c in range(dim):
                        v[i, c] /= largest
        for i in range(dim):
            ends[row, i] = s[i]
            for c in range(dim):
                matrix[row, i, c] = v[i, c]
    return ends, matrix, scale
