"""Equations of motion: built-in systems chosen by an integer, so that one compiled kernel serves them all."""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel

LORENZ, ROSSLER, CHUA, DUFFING, VAN_DER_POL = range(5)
LOGISTIC, HENON, TENT, LOZI, IKEDA = range(5)


@kernel
def compute_velocity(system, p, s, out):
    """Velocity of flow `system` with parameters `p` at state `s` (dim,), written to `out` (dim,)."""
    if system == LORENZ:
        out[0] = p[0] * (s[1] - s[0])
        out[1] = s[0] * (p[1] - s[2]) - s[1]
        out[2] = s[0] * s[1] - p[2] * s[2]
    elif system == ROSSLER:
        out[0] = -s[1] - s[2]
        out[1] = s[0] + p[0] * s[1]
        out[2] = p[1] + s[2] * (s[0] - p[2])
    elif system == CHUA:
        bend = p[3] * s[0] + 0.5 * (p[2] - p[3]) * (abs(s[0] + 1.0) - abs(s[0] - 1.0))
        out[0] = p[0] * (s[1] - s[0] - bend)
        out[1] = s[0] - s[1] + s[2]
        out[2] = -p[1] * s[1]
    elif system == DUFFING:
        out[0] = s[1]
        out[1] = p[3] * math.cos(s[2]) - p[0] * s[1] - p[1] * s[0] - p[2] * s[0] ** 3
        out[2] = p[4]
    else:
        out[0] = s[1]
        out[1] = p[0] * (1.0 - s[0] * s[0]) * s[1] - s[0] + p[1] * math.cos(s[2])
        out[2] = p[2]


@kernel
def compute_flow_jacobian(system, p, s):
    """Jacobian (dim, dim) of the velocity of flow `system` at `s`."""
    j = np.zeros((3, 3))
    if system == LORENZ:
        j[0, 0], j[0, 1] = -p[0], p[0]
        j[1, 0], j[1, 1], j[1, 2] = p[1] - s[2], -1.0, -s[0]
        j[2, 0], j[2, 1], j[2, 2] = s[1], s[0], -p[2]
    elif system == ROSSLER:
        j[0, 1], j[0, 2] = -1.0, -1.0
        j[1, 0], j[1, 1] = 1.0, p[0]
        j[2, 0], j[2, 2] = s[2], s[0] - p[2]
    elif system == CHUA:
        slope = p[2] if abs(s[0]) < 1.0 else p[3]
        j[0, 0], j[0, 1] = -p[0] * (1.0 + slope), p[0]
        j[1, 0], j[1, 1], j[1, 2] = 1.0, -1.0, 1.0
        j[2, 1] = -p[1]
    elif system == DUFFING:
        j[0, 1] = 1.0
        j[1, 0], j[1, 1], j[1, 2] = -p[1] - 3.0 * p[2] * s[0] ** 2, -p[0], -p[3] * math.sin(s[2])
    else:
        j[0, 1] = 1.0
        j[1, 0] = -2.0 * p[0] * s[0] * s[1] - 1.0
        j[1, 1] = p[0] * (1.0 - s[0] * s[0])
        j[1, 2] = -p[1] * math.sin(s[2])
    return j


@kernel
def advance_flow(system, p, start, n, h, substeps):
    """`n` samples of flow `system` after `start` (dim,), each `substeps` classical Runge-Kutta steps of `h`.

    Returns states (n, dim). The phase of a driven system stays in [0, 2 pi).
    """
    dim = start.shape[0]
    driven = system in (DUFFING, VAN_DER_POL)
    states = np.empty((n, dim))
    s, probe = start.copy(), np.empty(dim)
    k1, k2, k3, k4 = np.empty(dim), np.empty(dim), np.empty(dim), np.empty(dim)
    for row in range(n):
        for _ in range(substeps):
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
            if driven:
                s[2] %= 2.0 * math.pi
        for i in range(dim):
            states[row, i] = s[i]
    return states


@kernel
def advance_map(system, p, start, n):
    """`n` iterates of map `system` after `start` (dim,). Returns states (n, dim)."""
    dim = start.shape[0]
    states = np.empty((n, dim))
    x = start[0]
    y = start[dim - 1]
    for row in range(n):
        if system == LOGISTIC:
            x = p[0] * x * (1.0 - x)
        elif system == HENON:
            x, y = 1.0 - p[0] * x * x + y, p[1] * x
        elif system == TENT:
            x = p[0] * min(x, 1.0 - x)
        elif system == LOZI:
            x, y = 1.0 - p[0] * abs(x) + y, p[1] * x
        else:
            turn = p[0] - p[1] / (1.0 + x * x + y * y)
            c, s = math.cos(turn), math.sin(turn)
            x, y = 1.0 + p[2] * (x * c - y * s), p[2] * (x * s + y * c)
        states[row, 0] = x
        if dim == 2:
            states[row, 1] = y
    return states


@kernel
def compute_map_jacobian(system, p, s):
    """Jacobian (dim, dim) of map `system` at `s` (dim,)."""
    dim = s.shape[0]
    j = np.zeros((dim, dim))
    x = s[0]
    y = s[dim - 1]
    if system == LOGISTIC:
        j[0, 0] = p[0] * (1.0 - 2.0 * x)
    elif system == TENT:
        j[0, 0] = p[0] if x < 0.5 else -p[0]
    elif system == HENON:
        j[0, 0], j[0, 1], j[1, 0] = -2.0 * p[0] * x, 1.0, p[1]
    elif system == LOZI:
        j[0, 0], j[0, 1], j[1, 0] = -p[0] * np.sign(x), 1.0, p[1]
    else:
        r = 1.0 + x * x + y * y
        turn = p[0] - p[1] / r
        c, sn = math.cos(turn), math.sin(turn)
        tx, ty = 2.0 * p[1] * x / (r * r), 2.0 * p[1] * y / (r * r)
        u, v = x * c - y * sn, x * sn + y * c
        j[0, 0], j[0, 1] = p[2] * (c - v * tx), p[2] * (-sn - v * ty)
        j[1, 0], j[1, 1] = p[2] * (sn + u * tx), p[2] * (c + u * ty)
    return j
