"""Motion of a state and of the tangent vectors at it: what everything computed from equations is built on.

A step `h` of 0 means a map: one step is one iterate. `system` is the number of a built-in, or the address of a
person's own compiled equations.
"""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel
from .flows import DUFFING, VAN_DER_POL, compute_flow_jacobian, compute_velocity
from .maps import compute_image, compute_map_jacobian


@kernel
def step_state(system, p, s, h, work):
    """Move `s` (dim,) on by one iterate or one classical Runge-Kutta step; `work` (5, dim) is scratch.

    The phase of a driven system stays in [0, 2 pi).
    """
    dim = s.shape[0]
    if h == 0.0:
        compute_image(system, p, s, work[0])
        for i in range(dim):
            s[i] = work[0, i]
        return
    k1, k2, k3, k4, probe = work[0], work[1], work[2], work[3], work[4]
    compute_velocity(system, p, s, k1)
    for i in range(dim):
        probe[i] = s[i] + 0.5 * h * k1[i]
    compute_velocity(system, p, probe, k2)
    for i in range(dim):
        probe[i] = s[i] + 0.5 * h * k2[i]
    compute_velocity(system, p, probe, k3)
    for i in range(dim):
        probe[i] = s[i] + h * k3[i]
    compute_velocity(system, p, probe, k4)
    for i in range(dim):
        s[i] += h / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i])
    if system in (DUFFING, VAN_DER_POL):
        s[2] %= 2.0 * math.pi


@kernel
def advance_state(system, p, start, n, h, substeps):
    """`n` samples after `start` (dim,), each `substeps` steps of `h`. Returns states (n, dim)."""
    dim = start.shape[0]
    states, work, s = np.empty((n, dim)), np.empty((5, dim)), start.copy()
    for row in range(n):
        for _ in range(substeps):
            step_state(system, p, s, h, work)
        for i in range(dim):
            states[row, i] = s[i]
    return states


@kernel
def push_columns(a, bent, base, weight, total, reach, following):
    """Tangents `bent` through the matrix `a` (dim, dim), which may be mostly zero; the others are (dim, k).

    ``total += weight a bent`` and ``following = base + reach a bent``.
    """
    dim, k = bent.shape
    if dim == 3 and k == 3:
        # Most named flows: written out, it is four times as fast as the loops below.
        b00, b01, b02 = bent[0, 0], bent[0, 1], bent[0, 2]
        b10, b11, b12 = bent[1, 0], bent[1, 1], bent[1, 2]
        b20, b21, b22 = bent[2, 0], bent[2, 1], bent[2, 2]
        for i in range(3):
            x, y, z = a[i, 0], a[i, 1], a[i, 2]
            u = x * b00 + y * b10 + z * b20
            v = x * b01 + y * b11 + z * b21
            w = x * b02 + y * b12 + z * b22
            total[i, 0] += weight * u
            total[i, 1] += weight * v
            total[i, 2] += weight * w
            following[i, 0] = base[i, 0] + reach * u
            following[i, 1] = base[i, 1] + reach * v
            following[i, 2] = base[i, 2] + reach * w
        return
    for i in range(dim):
        for c in range(k):
            following[i, c] = base[i, c]
        for j in range(dim):
            if a[i, j] != 0.0:
                for c in range(k):
                    total[i, c] += weight * a[i, j] * bent[j, c]
                    following[i, c] += reach * a[i, j] * bent[j, c]


@kernel
def step_tangent(system, p, s, v, h, k1, k2, k3, k4, probe, jacobian, total, bent, following):
    """`step_state`, and the tangent vectors `v` (dim, k) with it.

    `k1` to `probe` (dim,), `jacobian` (dim, dim), and `total`, `bent` and `following` (dim, k) are scratch.
    """
    dim, k = v.shape
    for i in range(dim):
        for c in range(k):
            total[i, c] = 0.0 if h == 0.0 else v[i, c]
    if h == 0.0:
        compute_map_jacobian(system, p, s, jacobian)
        push_columns(jacobian, v, v, 1.0, total, 0.0, following)
        compute_image(system, p, s, k1)
        for i in range(dim):
            s[i] = k1[i]
    else:
        compute_velocity(system, p, s, k1)
        compute_flow_jacobian(system, p, s, jacobian)
        push_columns(jacobian, v, v, h / 6.0, total, 0.5 * h, bent)
        for i in range(dim):
            probe[i] = s[i] + 0.5 * h * k1[i]
        compute_velocity(system, p, probe, k2)
        compute_flow_jacobian(system, p, probe, jacobian)
        push_columns(jacobian, bent, v, h / 3.0, total, 0.5 * h, following)
        for i in range(dim):
            probe[i] = s[i] + 0.5 * h * k2[i]
        compute_velocity(system, p, probe, k3)
        compute_flow_jacobian(system, p, probe, jacobian)
        push_columns(jacobian, following, v, h / 3.0, total, h, bent)
        for i in range(dim):
            probe[i] = s[i] + h * k3[i]
        compute_velocity(system, p, probe, k4)
        compute_flow_jacobian(system, p, probe, jacobian)
        push_columns(jacobian, bent, v, h / 6.0, total, 0.0, following)
        for i in range(dim):
            s[i] += h / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i])
        if system in (DUFFING, VAN_DER_POL):
            s[2] %= 2.0 * math.pi
    for i in range(dim):
        for c in range(k):
            v[i, c] = total[i, c]
