"""What must hold before an exponent is believed; each check that fails gives one reason in words."""

from __future__ import annotations

import numpy as np

__all__ = ["judge_data", "judge_determinism", "judge_estimate", "linear_error"]

#: Fewest samples, distinct values, and autocorrelation times in the sequence.
MIN_SAMPLES, MIN_VALUES, MIN_MEMORIES = 500, 32, 40
#: Largest difference of the means of the two halves, in standard deviations.
MAX_DRIFT = 1.0
#: Largest error of prediction one delay ahead, in standard deviations, and as a multiple of a linear model's.
MAX_ERROR, MAX_ERROR_RATIO = 0.1, 0.4
#: Least share of the divergence curve's variance that a line explains.
MIN_R2 = 0.9
#: The slope of the divergence curve must lie between these multiples of the exponent.
SLOPE_RANGE = (0.4, 1.6)
#: Largest width of the interval as a multiple of the exponent.
MAX_WIDTH = 1.0


def judge_data(values: np.ndarray, memory: int) -> list[str]:
    """Reasons why the data alone cannot carry an estimate; `values` are not constant."""
    reasons = []
    distinct = len(np.unique(values))
    if distinct < MIN_VALUES:
        reasons.append(f"the sequence takes only {distinct} different values; at least {MIN_VALUES} are needed")
    half = len(values) // 2
    drift = abs(values[:half].mean() - values[half:].mean()) / values.std()
    if drift > MAX_DRIFT:
        reasons.append(f"not stationary: the means of the two halves differ by {drift:.1f} standard deviations")
    if len(values) < MIN_MEMORIES * memory:
        reasons.append(
            f"too short for its pace: {len(values) // memory} autocorrelation times; at least {MIN_MEMORIES} are needed"
        )
    return reasons


def linear_error(values: np.ndarray, delay: int, lags: int) -> float:
    """Root mean square error of the best linear prediction one delay ahead from `lags` delayed values."""
    rows = len(values) - lags * delay
    if rows < 4 * lags:
        return float("nan")
    past = np.stack([values[k * delay : k * delay + rows] for k in range(lags)] + [np.ones(rows)], axis=1)
    future = values[lags * delay :]
    weights = np.linalg.lstsq(past, future, rcond=None)[0]
    return float(np.sqrt(np.mean((future - past @ weights) ** 2)))


def judge_determinism(error: float, linear: float) -> list[str]:
    """Reasons to think that the sequence is noise, or that a linear model explains it.

    Casdagli's comparison of local with global linear prediction: chaos is predicted well from
    neighbours and badly by a linear model; linear noise, sines and their sums are not.
    """
    if not np.isfinite(error):
        return ["no neighbourhoods to fit: the sequence is too short for this embedding and Theiler window"]
    reasons = []
    if error > MAX_ERROR:
        reasons.append(
            f"no determinism found: predicting one delay ahead from neighbours errs by {error:.2f} standard "
            f"deviations (at most {MAX_ERROR})"
        )
    if np.isfinite(linear) and error > MAX_ERROR_RATIO * linear:
        reasons.append(
            "a linear model predicts nearly as well or better, as for periodic or quasi-periodic motion or linear "
            f"noise (error {linear:.2g} against {error:.2g} from neighbours)"
        )
    return reasons


def judge_estimate(exponent: float, low: float, high: float, slope: float, r2: float) -> list[str]:
    """Reasons not to take a positive exponent as shown; all in the same unit."""
    if low <= 0:
        return ["the interval holds 0 or less: exponential divergence is not shown"]
    reasons = []
    if high - low > MAX_WIDTH * exponent:
        reasons.append(f"the interval is {(high - low) / exponent:.1f} times as wide as the value")
    if r2 < MIN_R2:
        reasons.append(f"no scaling region: a line explains {max(r2, 0):.0%} of the divergence curve's rise")
    elif not SLOPE_RANGE[0] * exponent <= slope <= SLOPE_RANGE[1] * exponent:
        reasons.append(f"two methods disagree: the slope of the divergence curve is {slope:.3g}, not {exponent:.3g}")
    return reasons
