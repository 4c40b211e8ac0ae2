"""Images of the built-in maps and their Jacobians, chosen by an integer so that one kernel serves them all."""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel
from .user import FIRST_ADDRESS, JACOBIAN, RULE, call_user

LOGISTIC, HENON, TENT, LOZI, IKEDA, ARNOLD_CAT, KAPLAN_YORKE, STANDARD = range(8)

TURN = 2.0 * math.pi


@kernel
def compute_image(system, p, s, out):
    """Next iterate of map `system` with parameters `p` from state `s` (dim,), written to `out` (dim,)."""
    if system >= FIRST_ADDRESS:
        call_user(system, RULE, p, s, out)
    elif system == LOGISTIC:
        out[0] = p[0] * s[0] * (1.0 - s[0])
    elif system == HENON:
        out[0], out[1] = 1.0 - p[0] * s[0] * s[0] + s[1], p[1] * s[0]
    elif system == TENT:
        out[0] = p[0] * min(s[0], 1.0 - s[0])
    elif system == LOZI:
        out[0], out[1] = 1.0 - p[0] * abs(s[0]) + s[1], p[1] * s[0]
    elif system == IKEDA:
        x, y = s[0], s[1]
        turn = p[0] - p[1] / (1.0 + x * x + y * y)
        c, sn = math.cos(turn), math.sin(turn)
        out[0], out[1] = 1.0 + p[2] * (x * c - y * sn), p[2] * (x * sn + y * c)
    elif system == ARNOLD_CAT:
        out[0], out[1] = (2.0 * s[0] + s[1]) % 1.0, (s[0] + s[1]) % 1.0
    elif system == KAPLAN_YORKE:
        # Doubling loses a bit of the state at every iterate: 2 - 1e-12 keeps the orbit from ending at 0.
        out[0] = ((2.0 - 1e-12) * s[0]) % 1.0
        out[1] = p[0] * s[1] + math.cos(2.0 * TURN * s[0])
    else:
        momentum = s[1] + p[0] * math.sin(s[0])
        out[0], out[1] = (s[0] + momentum) % TURN, momentum % TURN


@kernel
def compute_map_jacobian(system, p, s, j):
    """Jacobian of map `system` at `s` (dim,), written to `j` (dim, dim)."""
    j[:] = 0.0
    if system >= FIRST_ADDRESS:
        call_user(system, JACOBIAN, p, s, j)
    elif system == LOGISTIC:
        j[0, 0] = p[0] * (1.0 - 2.0 * s[0])
    elif system == TENT:
        j[0, 0] = p[0] if s[0] < 0.5 else -p[0]
    elif system == HENON:
        j[0, 0], j[0, 1], j[1, 0] = -2.0 * p[0] * s[0], 1.0, p[1]
    elif system == LOZI:
        j[0, 0], j[0, 1], j[1, 0] = -p[0] * np.sign(s[0]), 1.0, p[1]
    elif system == IKEDA:
        x, y = s[0], s[1]
        r = 1.0 + x * x + y * y
        turn = p[0] - p[1] / r
        c, sn = math.cos(turn), math.sin(turn)
        tx, ty = 2.0 * p[1] * x / (r * r), 2.0 * p[1] * y / (r * r)
        u, v = x * c - y * sn, x * sn + y * c
        j[0, 0], j[0, 1] = p[2] * (c - v * tx), p[2] * (-sn - v * ty)
        j[1, 0], j[1, 1] = p[2] * (sn + u * tx), p[2] * (c + u * ty)
    elif system == ARNOLD_CAT:
        j[0, 0], j[0, 1], j[1, 0], j[1, 1] = 2.0, 1.0, 1.0, 1.0
    elif system == KAPLAN_YORKE:
        j[0, 0], j[1, 0], j[1, 1] = 2.0, -2.0 * TURN * math.sin(2.0 * TURN * s[0]), p[0]
    else:
        kick = p[0] * math.cos(s[0])
        j[0, 0], j[0, 1], j[1, 0], j[1, 1] = 1.0 + kick, 1.0, kick, 1.0
