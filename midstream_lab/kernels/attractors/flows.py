"""Velocities of the built-in flows and their Jacobians, chosen by an integer so that one kernel serves them all."""

from __future__ import annotations

import math

from ..preset import kernel
from .user import FIRST_ADDRESS, JACOBIAN, RULE, call_user

(
    LORENZ,
    ROSSLER,
    CHUA,
    DUFFING,
    VAN_DER_POL,
    LORENZ96,
    DOUBLE_PENDULUM,
    HINDMARSH_ROSE,
    LOTKA_VOLTERRA,
    FITZHUGH_NAGUMO,
    KURAMOTO,
    QUASI_PERIODIC,
) = range(12)


@kernel
def accelerate_pendulum(p, s):
    """Angular accelerations of the double pendulum at `s`; p = (g, m1, m2, l1, l2)."""
    g, m2, l1, l2 = p[0], p[2], p[3], p[4]
    m = p[1] + m2
    c, sn = math.cos(s[0] - s[1]), math.sin(s[0] - s[1])
    r1 = -m2 * l2 * sn * s[3] ** 2 - m * g * math.sin(s[0])
    r2 = l1 * sn * s[2] ** 2 - g * math.sin(s[1])
    det = l1 * l2 * (m - m2 * c * c)
    return (l2 * r1 - m2 * l2 * c * r2) / det, (m * l1 * r2 - l1 * c * r1) / det


@kernel
def compute_velocity(system, p, s, out):
    """Velocity of flow `system` with parameters `p` at state `s` (dim,), written to `out` (dim,)."""
    if system >= FIRST_ADDRESS:
        call_user(system, RULE, p, s, out)
    elif system == LORENZ:
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
    elif system == VAN_DER_POL:
        out[0] = s[1]
        out[1] = p[0] * (1.0 - s[0] * s[0]) * s[1] - s[0] + p[1] * math.cos(s[2])
        out[2] = p[2]
    elif system == LORENZ96:
        n = s.shape[0]
        for i in range(n):
            out[i] = (s[(i + 1) % n] - s[i - 2]) * s[i - 1] - s[i] + p[0]
    elif system == DOUBLE_PENDULUM:
        a1, a2 = accelerate_pendulum(p, s)
        out[0], out[1], out[2], out[3] = s[2], s[3], a1, a2
    elif system == HINDMARSH_ROSE:
        out[0] = s[1] - p[0] * s[0] ** 3 + p[1] * s[0] ** 2 - s[2] + p[7]
        out[1] = p[2] - p[3] * s[0] ** 2 - s[1]
        out[2] = p[4] * (p[5] * (s[0] - p[6]) - s[2])
    elif system == LOTKA_VOLTERRA:
        out[0] = s[0] * (p[0] - p[1] * s[1])
        out[1] = s[1] * (p[2] * s[0] - p[3])
    elif system == FITZHUGH_NAGUMO:
        out[0] = s[0] - s[0] ** 3 / 3.0 - s[1] + p[3]
        out[1] = (s[0] + p[0] - p[1] * s[1]) / p[2]
    elif system == KURAMOTO:
        n = s.shape[0]
        c, sn = 0.0, 0.0
        for i in range(n):
            c += math.cos(s[i])
            sn += math.sin(s[i])
        for i in range(n):
            out[i] = p[2 + i] + p[0] / n * (sn * math.cos(s[i]) - c * math.sin(s[i]))
    else:
        out[0], out[1], out[2] = s[1], s[2], s[3]
        a, b = p[0] * p[0], p[1] * p[1]
        out[3] = -(a + b) * s[2] - a * b * s[0]


@kernel
def compute_flow_jacobian(system, p, s, j):
    """Jacobian of the velocity of flow `system` at `s` (dim,), written to `j` (dim, dim)."""
    for i in range(s.shape[0]):
        for k in range(s.shape[0]):
            j[i, k] = 0.0
    if system >= FIRST_ADDRESS:
        call_user(system, JACOBIAN, p, s, j)
    elif system == LORENZ:
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
    elif system == VAN_DER_POL:
        j[0, 1] = 1.0
        j[1, 0] = -2.0 * p[0] * s[0] * s[1] - 1.0
        j[1, 1] = p[0] * (1.0 - s[0] * s[0])
        j[1, 2] = -p[1] * math.sin(s[2])
    elif system == LORENZ96:
        n = s.shape[0]
        for i in range(n):
            j[i, i] = -1.0
            j[i, (i + 1) % n] += s[i - 1]
            j[i, i - 2] -= s[i - 1]
            j[i, i - 1] += s[(i + 1) % n] - s[i - 2]
    elif system == DOUBLE_PENDULUM:
        fill_pendulum_jacobian(p, s, j)
    elif system == HINDMARSH_ROSE:
        j[0, 0], j[0, 1], j[0, 2] = -3.0 * p[0] * s[0] ** 2 + 2.0 * p[1] * s[0], 1.0, -1.0
        j[1, 0], j[1, 1] = -2.0 * p[3] * s[0], -1.0
        j[2, 0], j[2, 2] = p[4] * p[5], -p[4]
    elif system == LOTKA_VOLTERRA:
        j[0, 0], j[0, 1] = p[0] - p[1] * s[1], -p[1] * s[0]
        j[1, 0], j[1, 1] = p[2] * s[1], p[2] * s[0] - p[3]
    elif system == FITZHUGH_NAGUMO:
        j[0, 0], j[0, 1] = 1.0 - s[0] ** 2, -1.0
        j[1, 0], j[1, 1] = 1.0 / p[2], -p[1] / p[2]
    elif system == KURAMOTO:
        n = s.shape[0]
        for i in range(n):
            for k in range(i):
                pull = p[0] / n * math.cos(s[k] - s[i])
                j[i, k] += pull
                j[k, i] += pull
                j[i, i] -= pull
                j[k, k] -= pull
    else:
        a, b = p[0] * p[0], p[1] * p[1]
        j[0, 1], j[1, 2], j[2, 3] = 1.0, 1.0, 1.0
        j[3, 0], j[3, 2] = -a * b, -(a + b)


@kernel
def fill_pendulum_jacobian(p, s, j):
    """Rows of the double pendulum: derivatives of ``M(angles) acceleration = force``, solved for the acceleration's."""
    g, m2, l1, l2 = p[0], p[2], p[3], p[4]
    m = p[1] + m2
    c, sn = math.cos(s[0] - s[1]), math.sin(s[0] - s[1])
    a1, a2 = accelerate_pendulum(p, s)
    det = l1 * l2 * (m - m2 * c * c)
    turn1 = m2 * l2 * (c * s[3] ** 2 - sn * a2)
    turn2 = l1 * (c * s[2] ** 2 + sn * a1)
    j[0, 2], j[1, 3] = 1.0, 1.0
    for column in range(4):
        if column == 0:
            r1, r2 = -turn1 - m * g * math.cos(s[0]), turn2
        elif column == 1:
            r1, r2 = turn1, -turn2 - g * math.cos(s[1])
        elif column == 2:
            r1, r2 = 0.0, 2.0 * l1 * sn * s[2]
        else:
            r1, r2 = -2.0 * m2 * l2 * sn * s[3], 0.0
        j[2, column] = (l2 * r1 - m2 * l2 * c * r2) / det
        j[3, column] = (m * l1 * r2 - l1 * c * r1) / det
