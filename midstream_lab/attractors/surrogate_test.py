"""Surrogate tests: does a sequence hold more than a null hypothesis says?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.embedding import embed_delay
from ..kernels.attractors.prediction import average_analogues
from ._checks import check_length, check_whole, frozen, samples
from .delay import choose_delay, refuse_constant
from .surrogates import NULLS, make_surrogates

__all__ = ["surrogate_test"]

#: Share of the samples that may be cut at the ends to make them match.
CUT = 0.05
#: Fewest samples that are tested.
MIN_SAMPLES = 100
#: Embedding dimension and neighbours of the prediction error.
DIM, NEIGHBOURS = 3, 4
TAILS = ("less", "greater", "two-sided")


def matching_ends(values: np.ndarray) -> tuple[int, int, float]:
    """First and last + 1 sample of the stretch whose ends match best, and the step from its last to its first.

    The match joins that of the values and that of the slopes (Schreiber & Schmitz 2000), each against the usual
    difference of neighbours; the step is a multiple of the largest one in the data. Lengths with a prime factor
    above 11 are left out, because their Fourier transforms are slow.
    """
    n = len(values)
    room = max(1, int(CUT * n) // 2)
    head, tail = np.arange(room), np.arange(n - room, n)
    step = np.diff(values)
    jump = values[head][:, None] - values[tail][None]
    bend = step[head][:, None] - step[tail - 1][None]
    mismatch = jump**2 / np.mean(step**2) + bend**2 / max(np.mean(np.diff(step) ** 2), np.finfo(float).tiny)
    mismatch[~np.isin(tail[None] + 1 - head[:, None], _smooth(n))] = np.inf
    a, b = np.unravel_index(np.argmin(mismatch), mismatch.shape)
    return int(head[a]), int(tail[b]) + 1, float(abs(jump[a, b]) / np.abs(step).max())


def _smooth(most: int) -> list[int]:
    """Whole numbers up to `most` without a prime factor above 11."""
    found = [1]
    for prime in (2, 3, 5, 7, 11):
        for number in found:  # grows as it goes, which adds the powers
            if number * prime <= most:
                found.append(number * prime)
    return found


def prediction_error(values: np.ndarray, delay: int, theiler: int) -> float:
    """Root mean square error, in standard deviations, of prediction one delay ahead by the mean of four analogues."""
    rows = len(values) - DIM * delay
    points = embed_delay(values, delay, DIM, rows)
    future = values[DIM * delay :]
    told = average_analogues(points, future[:, None], NEIGHBOURS, theiler)[:, 0]
    return float(np.sqrt(np.nanmean((told - future) ** 2)) / values.std())


def time_asymmetry(values: np.ndarray, delay: int) -> float:
    """Third moment of the increments over one delay, scaled by their second: 0 for what is reversible in time."""
    step = values[delay:] - values[:-delay]
    square = np.mean(step**2)
    return float(np.mean(step**3) / square**1.5) if square > 0 else 0.0


def _statistic(
    statistic: str | Callable[[np.ndarray], float], delay: int, theiler: int
) -> tuple[Callable[[np.ndarray], float], str, str]:
    """The function, its name and its usual tail."""
    if callable(statistic):
        return lambda x: float(statistic(x)), getattr(statistic, "__name__", "statistic"), "two-sided"
    if statistic == "prediction_error":
        return lambda x: prediction_error(x, delay, theiler), statistic, "less"
    if statistic == "time_asymmetry":
        return lambda x: time_asymmetry(x, delay), statistic, "two-sided"
    raise InputError(f"statistic must be 'prediction_error', 'time_asymmetry' or a function, not {statistic!r}")


def rank_p(value: float, null: np.ndarray, tail: str) -> float:
    """Probability, under the null, of a rank as extreme as that of `value`; ties count against rejection."""
    n = len(null) + 1
    low, high = (1 + (null <= value).sum()) / n, (1 + (null >= value).sum()) / n
    return float({"less": low, "greater": high, "two-sided": min(1.0, 2.0 * min(low, high))}[tail])


def surrogate_test(
    x: Any,
    *,
    statistic: str | Callable[[np.ndarray], float] = "prediction_error",
    tail: str | None = None,
    method: str = "iaaft",
    n: int = 99,
    alpha: float = 0.05,
    rng: Any = 0,
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """Rank a statistic of the data among those of surrogates.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled and without gaps. Up to 5% of it is cut at the ends, so that they match.
    statistic : str or callable, optional
        ``"prediction_error"`` (default): error of prediction one delay ahead by analogues in three dimensions, which
        is small where there is determinism; ``"time_asymmetry"``: the third moment of increments; or a
        function that takes an array and gives a number.
    tail : str, optional
        ``"less"``, ``"greater"`` or ``"two-sided"``: where a value speaks against the null. Default ``"less"`` for
        the prediction error, else ``"two-sided"``.
    method, n, rng : optional
        As in `surrogates`; default 99 of ``"iaaft"``.
    alpha : float, optional
        Size of the test; default 0.05.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        `p_value`, by rank; `statistic` of the data; `null` (dim ``surrogate``), those of the surrogates; `z`, the
        distance from their mean in standard deviations; `rejected`, whether `p_value` is at most `alpha`; `status`
        (inconclusive: constant, short, ends that do not match, too few surrogates for `alpha`, or a statistic that is
        not finite) and `reasons`. Where nothing was tested the numbers are NaN and `rejected` is False.

    Raises
    ------
    InputError
        If the sequence is not usable or a parameter is out of range.
    GapError
        If samples are missing.

    Notes
    -----
    A rejection says that the null is wrong, not that the data are chaotic: a process that is not stationary, or is
    nonlinear and stochastic, is rejected as well. Gaussian linear noise is rejected at the nominal rate; where a
    monotone function flattens many values to nearly the same one, IAAFT cannot keep their order, and the test rejects
    too often (the cube of an AR(1) process with coefficient 0.8: 0.09 at 0.05, measured).

    References
    ----------
    Theiler et al. (1992), Physica D 58, 77; Schreiber & Schmitz (2000), Physica D 142, 346; Kantz & Schreiber
    (2004), Nonlinear Time Series Analysis, chapter 7.

    Examples
    --------
    >>> import numpy as np
    >>> from midstream_lab.attractors.systems import Henon
    >>> bool(surrogate_test(Henon().trajectory(500), channel="x", n=19)["rejected"])
    True
    >>> bool(surrogate_test(np.random.default_rng(0).standard_normal(500), n=19)["rejected"])
    False
    """
    values, _, _ = samples(x, dt=dt, channel=channel)
    n = check_whole(n, "n", least=1)
    if not 0.0 < alpha < 1.0:
        raise InputError(f"alpha must lie between 0 and 1, not {alpha!r}")
    if tail is not None and tail not in TAILS:
        raise InputError(f"tail must be one of {', '.join(TAILS)}, not {tail!r}")
    if method not in NULLS:
        raise InputError(f"method must be one of {', '.join(NULLS)}, not {method!r}")
    function, name, usual = _statistic(statistic, 1, 1)
    attrs: dict[str, Any] = {
        "method": f"rank of {name} among {n} surrogates ({method})",
        "null": NULLS[method][0],
        "citation": f"{NULLS[method][1]}; Schreiber & Schmitz (2000)",
        "version": __version__,
        "tail": tail or usual,
        "alpha": alpha,
    }
    reasons = _untestable(values)
    if reasons:
        return _labelled(float("nan"), np.full(n, np.nan), float("nan"), alpha, reasons, attrs)
    refuse_constant(values)
    first, last, jump = matching_ends(values)
    part = values[first:last]
    found = choose_delay(part)
    function, _, _ = _statistic(statistic, found.delay, 2 * found.memory)
    check_length(len(part), found.delay, DIM + 1)
    value = function(part)
    null = np.array([function(frozen(row)) for row in make_surrogates(part, method, n, np.random.default_rng(rng))])
    p = rank_p(value, null, attrs["tail"])
    if not (np.isfinite(value) and np.isfinite(null).all()):
        reasons.append("the statistic is not finite, of the data or of a surrogate")
        p = float("nan")
    sides = 2 if attrs["tail"] == "two-sided" else 1
    if sides / (n + 1) > alpha:
        reasons.append(
            f"{n} surrogates cannot reject at {alpha}; at least {int(np.ceil(sides / alpha)) - 1} are needed"
        )
    if jump > 1.0 and method in ("ft", "aaft", "iaaft"):
        reasons.append(
            f"the ends of the sequence do not match (the step from last to first is {jump:.1f} times the largest one), "
            "which gives the surrogates a spurious high-frequency part: it drifts, or is too short"
        )
    attrs |= {"first": first, "samples": len(part), "delay": found.delay, "theiler": 2 * found.memory}
    return _labelled(value, null, p, alpha, reasons, attrs)


def _untestable(values: np.ndarray) -> list[str]:
    if np.ptp(values) == 0:
        return [f"the sequence is constant ({values[0]:g})"]
    if len(values) < MIN_SAMPLES:
        return [f"{len(values)} samples; at least {MIN_SAMPLES} are needed"]
    return []


def _labelled(
    value: float, null: np.ndarray, p: float, alpha: float, reasons: list[str], attrs: dict[str, Any]
) -> xr.Dataset:
    spread = null.std(ddof=1) if len(null) > 1 else float("nan")
    return xr.Dataset(
        {
            "p_value": ((), p, {"units": "1"}),
            "statistic": ((), value),
            "null": ("surrogate", null),
            "z": ((), (value - null.mean()) / spread if spread > 0 else float("nan"), {"units": "1"}),
            "rejected": ((), bool(p <= alpha)),
            "status": ((), "inconclusive" if reasons else "ok"),
            "reasons": ((), "; ".join(reasons)),
        },
        attrs=attrs,
    )
