"""Flows with additive white noise."""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel
from .flows import DUFFING, VAN_DER_POL, compute_velocity


@kernel
def advance_noisy(system, p, start, h, strength, draws):
    """Euler-Maruyama steps of `h` from `start` (dim,), one for each row of `draws` (n, dim), standard normal.

    `strength` (dim,) is the noise of each variable, in its unit per square root of time. Returns the last state (dim,).
    """
    n, dim = draws.shape
    s, velocity = start.copy(), np.empty(dim)
    root = math.sqrt(h)
    for row in range(n):
        compute_velocity(system, p, s, velocity)
        for i in range(dim):
            s[i] += h * velocity[i] + root * strength[i] * draws[row, i]
        if system in (DUFFING, VAN_DER_POL):
            s[2] %= 2.0 * math.pi
    return s
