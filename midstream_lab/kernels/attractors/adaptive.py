"""Integration with error control: the pair of orders 5 and 4 of Tsitouras (2011)."""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel
from .flows import DUFFING, VAN_DER_POL, compute_velocity

#: Weights of the stages (Tsitouras 2011, Comput. Math. Appl. 62, 770, Table 1); the last row is the solution itself.
A = np.zeros((7, 6))
A[1, :1] = 0.161
A[2, :2] = -0.008480655492356989, 0.335480655492357
A[3, :3] = 2.8971530571054935, -6.359448489975075, 4.3622954328695815
A[4, :4] = 5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525
A[5, :5] = 5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383
A[6] = 0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774
#: The solution's weights less those of order 4: the error.
E = np.array(
    [
        -0.00178001105222577714,
        -0.0008164344596567469,
        0.007880878010261995,
        -0.1447110071732629,
        0.5823571654525552,
        -0.45808210592918697,
        1.0 / 66.0,
    ]
)
#: A step grows or shrinks by these factors at most, and aims at SAFETY times the tolerated error.
SHRINK, GROW, SAFETY = 0.2, 5.0, 0.9


@kernel
def advance_adaptive(system, p, start, n, dt, first, rtol, atol, most):
    """`n` samples of flow `system`, `dt` apart, after `start` (dim,); steps end at the samples.

    Parameters
    ----------
    first : float: first step to try
    rtol, atol : float: tolerated error of a step, relative to the state and absolute
    most : int: steps that may be tried from one sample to the next

    Returns
    -------
    states : (n, dim) float64, NaN from where the tolerance could not be kept
    """
    dim = start.shape[0]
    states, s, fresh = np.full((n, dim), np.nan), start.copy(), np.empty(dim)
    k = np.empty((7, dim))
    h = first
    compute_velocity(system, p, s, k[0])
    for row in range(n):
        rest, tried = dt, 0
        while rest > 0.0:
            tried += 1
            if tried > most:
                return states
            # A step that would all but reach the sample reaches it: no sliver is left for the next one.
            step = rest if h >= 0.999 * rest else h
            for stage in range(1, 7):
                for i in range(dim):
                    push = 0.0
                    for b in range(stage):
                        push += A[stage, b] * k[b, i]
                    fresh[i] = s[i] + step * push
                compute_velocity(system, p, fresh, k[stage])
            square = 0.0
            for i in range(dim):
                wrong = 0.0
                for b in range(7):
                    wrong += E[b] * k[b, i]
                wrong *= step / (atol + rtol * max(abs(s[i]), abs(fresh[i])))
                square += wrong * wrong
            error = math.sqrt(square / dim)
            if not error < np.inf:
                h = SHRINK * step
                continue
            factor = GROW if error == 0.0 else min(GROW, max(SHRINK, SAFETY * error**-0.2))
            if error > 1.0:
                h = factor * step
                continue
            # The last step before a sample may have been cut short: it must not make the next one short.
            h = max(h, factor * step) if step < h else factor * step
            rest = 0.0 if step == rest else rest - step
            for i in range(dim):
                s[i] = fresh[i]
                k[0, i] = k[6, i]
        if system in (DUFFING, VAN_DER_POL):
            s[2] %= 2.0 * math.pi
        for i in range(dim):
            states[row, i] = s[i]
    return states
