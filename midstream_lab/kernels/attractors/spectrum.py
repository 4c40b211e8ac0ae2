"""Growth of an orthonormal frame of tangent vectors along a trajectory."""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel
from .systems import step_tangent


@kernel
def orthonormalise(v, grown):
    """Modified Gram-Schmidt on the columns of `v` (dim, k) in place; logs of the lengths are added to `grown` (k,)."""
    dim, k = v.shape
    for c in range(k):
        for b in range(c):
            along = 0.0
            for i in range(dim):
                along += v[i, b] * v[i, c]
            for i in range(dim):
                v[i, c] -= along * v[i, b]
        square = 0.0
        for i in range(dim):
            square += v[i, c] * v[i, c]
        norm = math.sqrt(square)
        grown[c] += math.log(norm) if norm > 0.0 else -np.inf
        for i in range(dim):
            v[i, c] = v[i, c] / norm if norm > 0.0 else 0.0


@kernel
def grow_frame(system, p, start, frame, h, every, skip, blocks, rounds):
    """Log growth of a frame of tangent vectors, orthonormalised after every `every` steps of `h`.

    Parameters
    ----------
    start : (dim,) float64, frame : (dim, k) float64, orthonormal
    skip : int: rounds of `every` steps before anything counts, in which the frame turns into place
    blocks, rounds : int: blocks of time, and rounds in each

    Returns
    -------
    grown : (blocks, k) float64: sums of log growth
    state : (dim,) float64: where the trajectory ended
    """
    dim, k = frame.shape
    s, v = start.copy(), frame.copy()
    k1, k2, k3, k4, probe = np.empty(dim), np.empty(dim), np.empty(dim), np.empty(dim), np.empty(dim)
    jacobian, total, bent, following = np.empty((dim, dim)), np.empty((dim, k)), np.empty((dim, k)), np.empty((dim, k))
    grown, ignored = np.zeros((blocks, k)), np.zeros(k)
    for block in range(-1, blocks):
        for _ in range(skip if block < 0 else rounds):
            for _ in range(every):
                step_tangent(system, p, s, v, h, k1, k2, k3, k4, probe, jacobian, total, bent, following)
            orthonormalise(v, ignored if block < 0 else grown[block])
    return grown, s
