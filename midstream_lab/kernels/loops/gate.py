"""Evidence for or against a modification: an anytime-valid confidence sequence for the mean loss difference."""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel

#: Running sums of the gate.
N, TOTAL, TOTAL_X, TOTAL_SQUARE, BETS, BETS_X, DRIFT = range(7)
SUMS = 7

#: A difference counts at most so many times the live loss, either way; the sequence needs a bounded variable.
BOUND = 4.0

#: Largest bet, as in Waudby-Smith and Ramdas.
LARGEST = 0.75


@kernel
def tally(sums, difference, scale, horizon, alpha):
    """Add one difference of losses (shadow less live) and give the mean and its confidence interval.

    The predictable plug-in empirical-Bernstein confidence sequence of Waudby-Smith and Ramdas (2024, Theorem 2),
    with bets tuned to be tight at `horizon`. It holds at every n at once with probability at least 1 - alpha,
    so one may look at each step and stop.

    Parameters
    ----------
    sums : (SUMS,) float64, changed in place
    difference : float
    scale : float: the live tower's mean loss, known before this row
    horizon : int
    alpha : float

    Returns
    -------
    excess, low, high : float
        In units of `scale`.
    """
    if scale > 0.0:
        d = min(max(difference / scale, -BOUND), BOUND)
    else:
        d = 0.0 if difference == 0.0 else math.copysign(BOUND, difference)
    x = (d + BOUND) / (2.0 * BOUND)
    n = sums[N]
    mean = (0.5 + sums[TOTAL_X]) / (n + 1.0)
    variance = (0.25 + sums[TOTAL_SQUARE]) / (n + 1.0)
    log = math.log(2.0 / alpha)
    bet = min(math.sqrt(2.0 * log / (variance * horizon)), LARGEST)
    sums[BETS] += bet
    sums[BETS_X] += bet * x
    sums[DRIFT] += (x - mean) ** 2 * (-math.log(1.0 - bet) - bet)
    sums[N] = n + 1.0
    sums[TOTAL] += d
    sums[TOTAL_X] += x
    after = (0.5 + sums[TOTAL_X]) / (n + 2.0)
    sums[TOTAL_SQUARE] += (x - after) ** 2
    centre = sums[BETS_X] / sums[BETS]
    width = (log + sums[DRIFT]) / sums[BETS]
    low, high = max(centre - width, 0.0), min(centre + width, 1.0)
    return sums[TOTAL] / sums[N], BOUND * (2.0 * low - 1.0), BOUND * (2.0 * high - 1.0)


@kernel
def tally_all(sums, difference, scale, horizon, alpha, excess, low, high):
    """`tally` for every row of `difference` and `scale`, both (n,); writes the three outputs, (n,) each."""
    for i in range(difference.shape[0]):
        excess[i], low[i], high[i] = tally(sums, difference[i], scale[i], horizon, alpha)
    return np.int64(difference.shape[0])
