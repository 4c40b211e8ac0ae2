"""One step of the tower: a bank of experts (level 0), fixed share over them (level 1), a watch on the loss (level 2).

A tower is one flat float64 array; `offsets` says what stands where, so a copy of the array is a snapshot.
"""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel
from .gate import N, tally

#: Single numbers at the head of a tower.
FILLED, SEEN, SCALE, ORIGIN, LEVEL, POWER, RESETS, RATE, SHARE = range(9)
HEAD = 9

#: Single numbers of level 2.
REFERENCE, COUNT, CHANGE, ALARMS = range(4)
WATCH = 4

#: Rows over which the scale of the loss, and the level and variance of the signal, are taken.
SCALE_MEMORY = 50.0

#: The largest loss of one row, in units of the scale, that levels 1 and 2 let count.
MOST = 16.0

#: Rows for which level 2 first learns what loss is normal, its memory, and the slack and the threshold of its sum.
SETTLE, MEMORY, SLACK, THRESHOLD = 100.0, 500.0, 0.5, 20.0

#: Variance of a coefficient before anything is known, in units of the signal's own, and how far it may grow.
DOUBT = 100.0
GROWTH = 1e4


@kernel
def offsets(lags, learners):
    """Where lags, coefficients, covariances, memories and weights begin, and the size of a tower."""
    width = lags + 1
    coefficients = HEAD + lags
    covariances = coefficients + learners * width
    memories = covariances + learners * width * width
    weights = memories + learners
    return coefficients, covariances, memories, weights, weights + learners + 1


@kernel
def forget(tower, lags, learners, expert):
    """Covariance resetting (Goodwin and Sin 1984): `expert` keeps its coefficients and learns as fast as at first."""
    width = lags + 1
    covariances = offsets(lags, learners)[1]
    power = tower[POWER] if tower[POWER] > 0.0 else 1.0
    begin = covariances + expert * width * width
    tower[begin : begin + width * width] = 0.0
    tower[begin] = DOUBT
    for i in range(1, width):
        tower[begin + i * width + i] = DOUBT / power


@kernel
def begin(tower, lags, learners):
    """The first lags are there: take the origin and the scale from them, and start every expert as persistence."""
    mean, power, square = 0.0, 0.0, 0.0
    for i in range(lags):
        mean += tower[HEAD + i] / lags
    for i in range(lags):
        power += (tower[HEAD + i] - mean) ** 2 / lags
        square += tower[HEAD + i] ** 2 / lags
    tower[ORIGIN] = tower[LEVEL] = mean
    # Equal values say nothing of the scale of what will follow.
    tower[POWER] = max(power, 1e-6 * square)
    coefficients = offsets(lags, learners)[0]
    for k in range(learners):
        tower[coefficients + k * (lags + 1) + 1] = 1.0
        forget(tower, lags, learners, k)


@kernel
def norm(tower, lags, learners):
    """Largest Euclidean norm of an expert's lag coefficients; NaN or infinite where one is."""
    width = lags + 1
    coefficients = offsets(lags, learners)[0]
    largest = 0.0
    for k in range(learners):
        total = 0.0
        for i in range(1, width):
            value = tower[coefficients + k * width + i]
            total += value * value
        if not math.isfinite(total):
            return math.inf
        largest = max(largest, math.sqrt(total))
    return largest


@kernel
def learn(tower, lags, learners, expert, error, gain):
    """Recursive least squares with exponential forgetting for one expert whose error was `error`; `gain` is scratch."""
    width = lags + 1
    coefficients, covariances, memories, _, _ = offsets(lags, learners)
    theta, p = coefficients + expert * width, covariances + expert * width * width
    keep = 1.0 - 1.0 / tower[memories + expert]
    excitation = keep
    trace = 0.0
    for i in range(width):
        total = tower[p + i * width]
        for j in range(1, width):
            total += tower[p + i * width + j] * (tower[HEAD + j - 1] - tower[ORIGIN])
        gain[i] = total
        excitation += total * (1.0 if i == 0 else tower[HEAD + i - 1] - tower[ORIGIN])
        # Both kinds of coefficient in one unit, so that the bound below means the same for each.
        trace += tower[p + i * width + i] * (1.0 if i == 0 else max(tower[POWER], 1e-300))
    if not (excitation > 0.0 and math.isfinite(excitation) and math.isfinite(error)):
        forget(tower, lags, learners, expert)  # rounding has eaten the covariance: begin again, and count it
        tower[RESETS] += 1.0
        return
    # Where the signal does not excite a direction (a constant stream) forgetting would grow it without bound.
    if trace > GROWTH * DOUBT * width:
        keep = 1.0
    for i in range(width):
        tower[theta + i] += gain[i] / excitation * error
        for j in range(i + 1):
            value = (tower[p + i * width + j] - gain[i] * gain[j] / excitation) / keep
            tower[p + i * width + j] = value
            tower[p + j * width + i] = value


@kernel
def reweigh(tower, weights, experts, losses):
    """Fixed share (Herbster and Warmuth 1998): exponential weights, each giving a share to the others."""
    best = np.inf
    for k in range(experts):
        best = min(best, losses[k])
    total = 0.0
    for k in range(experts):
        tower[weights + k] *= math.exp(-tower[RATE] * (losses[k] - best))
        total += tower[weights + k]
    for k in range(experts):
        own = tower[weights + k] / total
        tower[weights + k] = (1.0 - tower[SHARE]) * own + tower[SHARE] * (1.0 - own) / (experts - 1)


@kernel
def step(tower, x, lags, learners, predictions, gain):
    """Predict `x`, then learn from it; the prediction and its squared error, NaN while the lags are not full."""
    width, experts = lags + 1, learners + 1
    coefficients, _, _, weights, _ = offsets(lags, learners)
    prediction, loss = np.nan, np.nan
    if tower[FILLED] == lags:
        predictions[learners] = tower[HEAD]  # persistence
        prediction = tower[weights + learners] * tower[HEAD]
        for k in range(learners):
            at = coefficients + k * width
            value = tower[ORIGIN] + tower[at]
            for i in range(1, width):
                value += tower[at + i] * (tower[HEAD + i - 1] - tower[ORIGIN])
            predictions[k] = value
            prediction += tower[weights + k] * value
        loss = (x - prediction) ** 2
        scale = tower[SCALE]
        for k in range(learners):
            learn(tower, lags, learners, k, x - predictions[k], gain)
        for k in range(experts):
            own = (x - predictions[k]) ** 2
            if math.isfinite(own):
                ratio = own / scale if scale > 0.0 else (MOST if own > 0.0 else 0.0)
                predictions[k] = min(ratio, MOST)
            else:
                predictions[k] = MOST
        reweigh(tower, weights, experts, predictions)
        tower[SEEN] += 1.0
        if math.isfinite(loss):
            tower[SCALE] += (loss - tower[SCALE]) / min(tower[SEEN], SCALE_MEMORY)
    else:
        tower[FILLED] += 1.0
    for i in range(lags - 1, 0, -1):
        tower[HEAD + i] = tower[HEAD + i - 1]
    tower[HEAD] = x
    if tower[FILLED] == lags and tower[SEEN] == 0.0:
        begin(tower, lags, learners)
    elif tower[SEEN] > 0.0:
        away = x - tower[LEVEL]
        tower[LEVEL] += away / SCALE_MEMORY
        tower[POWER] += (away * away - tower[POWER]) / SCALE_MEMORY
    return prediction, loss


@kernel
def watch(control, loss):
    """Level 2: Page's (1954) cumulative sum of the loss above what is normal; True when it crosses the threshold."""
    if not math.isfinite(loss):
        return False
    reference = control[REFERENCE]
    settled = control[COUNT] >= SETTLE
    if settled:
        ratio = loss / reference if reference > 0.0 else (MOST if loss > 0.0 else 1.0)
        control[CHANGE] = max(0.0, control[CHANGE] + min(ratio, MOST) - 1.0 - SLACK)
        if ratio > MOST:
            loss = MOST * reference if reference > 0.0 else loss
    control[COUNT] += 1.0
    control[REFERENCE] += (loss - reference) / min(control[COUNT], MEMORY)
    if control[CHANGE] > THRESHOLD:
        # What is normal now is learned anew.
        control[CHANGE] = control[COUNT] = control[REFERENCE] = 0.0
        control[ALARMS] += 1.0
        return True
    return False


@kernel
def advance(tower, control, x, first, end, lags, learners, prediction, loss, weights, change):
    """Rows `first` to `end` of `x` until level 2 raises an alarm; how many rows were done, and whether it did.

    Parameters
    ----------
    tower, control : float64, changed in place
    x : (n,) float64, read-only; NaN is a missing row
    prediction, loss, change : (n,) float64, written
    weights : (n, experts) float64, written
    """
    experts = learners + 1
    at = offsets(lags, learners)[3]
    scratch, gain = np.empty(experts), np.empty(lags + 1)
    for i in range(first, end):
        alarm = False
        if math.isnan(x[i]):
            tower[FILLED] = 0.0
            prediction[i] = loss[i] = np.nan
        else:
            prediction[i], loss[i] = step(tower, x[i], lags, learners, scratch, gain)
            alarm = watch(control, loss[i])
        change[i] = control[CHANGE] / THRESHOLD
        for k in range(experts):
            weights[i, k] = tower[at + k]
        if alarm:
            return i + 1 - first, True
    return end - first, False


@kernel
def advance_pair(live, shadow, control, sums, x, i, lags, learners, horizon, alpha, signals, out, weights):
    """One row for the live tower and its shadow, with the evidence so far.

    Parameters
    ----------
    live, shadow, control, sums : float64, changed in place
    x : (n,) float64, read-only
    i : int: the row
    signals : (7,) float64, written: n, norm, excess, its low and high end, loss of the live tower and of the shadow
    out : (3,) float64, written: prediction, loss, change
    weights : (experts,) float64, written

    Returns
    -------
    counted, alarm : bool
        Whether there was a prediction to judge; whether level 2 raised an alarm.
    """
    at = offsets(lags, learners)[3]
    scratch, gain = np.empty(learners + 1), np.empty(lags + 1)
    alarm, counted = False, False
    out[0] = out[1] = np.nan
    if math.isnan(x[i]):
        live[FILLED] = shadow[FILLED] = 0.0
    else:
        scale = live[SCALE]
        out[0], out[1] = step(live, x[i], lags, learners, scratch, gain)
        other = step(shadow, x[i], lags, learners, scratch, gain)[1]
        alarm = watch(control, out[1])
        if not math.isnan(out[1]):
            counted = True
            signals[1] = norm(shadow, lags, learners)
            signals[5], signals[6] = out[1], other
            if math.isfinite(other):
                signals[2], signals[3], signals[4] = tally(sums, other - out[1], scale, horizon, alpha)
            else:
                sums[N] += 1.0
            signals[0] = sums[N]
    out[2] = control[CHANGE] / THRESHOLD
    for k in range(learners + 1):
        weights[k] = live[at + k]
    return counted, alarm
