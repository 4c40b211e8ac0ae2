"""All that is asked before a sequence is embedded, in one table with its doubts."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.embedding import embed_delay
from ..kernels.attractors.embedding_report import find_returns
from ..kernels.attractors.information import bin_equiprobable, count_information
from ..kernels.attractors.theiler import count_close
from ._checks import check_length, check_whole, samples
from ._evidence import judge_data
from .delay import choose_delay, correlate, information_bins, refuse_constant
from .dimension import FEW, Dimension, choose_dim
from .theiler import choose_theiler, close_square

__all__ = ["embedding_report"]

#: Points whose returns are awaited.
STARTS = 200
#: Fewest returns in the sequence, largest difference of two dimensions, and least departure of E2 from 1.
MIN_RETURNS, MAX_DIFFERENCE, MIN_E2 = 20, 1, 0.1


def embedding_report(x: Any, *, max_dim: int = 8, dt: Any = None, channel: str | None = None) -> xr.Dataset:
    """Delay, dimension, Theiler window and recurrences of a sequence, with the curves they come from and the doubts.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    max_dim : int, optional
        Largest dimension to try, 2 or more; default 8.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        `delay` in samples and the `rule` it follows; `memory`, the lag in samples at which the autocorrelation falls to
        1/e; `dim_cao` and `dim_fnn`, 0 where not found; `embedding_dim`, the larger of the two, at least 2, or
        `max_dim` where neither was found; `theiler` in samples; `recurrence_time`, the median time until a delay vector
        comes back near (units of time), and `recurrences`, how often it fits into the sequence. Over ``lag`` (units of
        time): `mutual_information` (nats), `autocorrelation`, and `close_share`, the share of the pairs of delay
        vectors so far apart in time that are near, which is that of any two beyond the Theiler window. Over ``dim``:
        `e1`, `e2` and `false_share`. `status` is inconclusive where the embedding should not be trusted, and `reasons`
        says why.

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable, or a parameter is out of range.
    GapError
        If samples are missing.

    Notes
    -----
    Near is within the radius that holds 5% of all pairs; a return counts after the trajectory has left, which on a
    chaotic attractor takes several turns. What is asked for: 20 or more recurrence times, 40 or more autocorrelation
    times, stationary halves, two estimates of the dimension that agree to 1, and an E2 that departs from 1 somewhere,
    which it does not for random numbers.

    References
    ----------
    Fraser & Swinney (1986), Phys. Rev. A 33, 1134; Cao (1997), Physica D 110, 43; Kennel, Brown & Abarbanel (1992),
    Phys. Rev. A 45, 3403; Theiler (1986), Phys. Rev. A 34, 2427; Provenzale et al. (1992), Physica D 58, 31.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Rossler
    >>> report = embedding_report(Rossler().trajectory(5000, dt=0.15), channel="x")
    >>> int(report["delay"]), int(report["embedding_dim"]), report["status"].item()
    (9, 3, 'ok')
    """
    values, step, unit = samples(x, dt=dt, channel=channel)
    max_dim = check_whole(max_dim, "max_dim", least=2)
    refuse_constant(values)
    found = choose_delay(values)
    window = max(2 * found.memory, 1)
    if len(values) - (max_dim + 1) * found.delay < 2 * window + 2:
        raise InputError(
            f"{len(values)} samples are too few for dimension {max_dim} at delay {found.delay} with an autocorrelation "
            f"time of {found.memory}; use a longer sequence or a smaller max_dim"
        )
    dims = choose_dim(values, found.delay, window, max_dim)
    dim = max(2, dims.cao, dims.fnn) if dims.cao or dims.fnn else max_dim
    points = embed_delay(values, found.delay, dim, check_length(len(values), found.delay, dim))
    near = close_square(points)
    period = recurrence_time(points, near)
    theiler = choose_theiler(values, found.delay, dim, found.memory)
    reasons = judge_data(values, found.memory) + _doubts(dims, len(values) / period, max_dim)
    lags = min(len(points) - 1, max(4 * found.delay, 4 * found.memory, theiler))
    bins = information_bins(len(values))
    over_lag = {
        "mutual_information": (count_information(bin_equiprobable(values, bins), bins, lags), "nat"),
        "autocorrelation": (correlate(values, lags), "1"),
        "close_share": (count_close(points, near, lags), "1"),
    }
    return xr.Dataset(
        {
            "delay": ((), found.delay, {"units": "samples"}),
            "rule": ((), found.rule),
            "memory": ((), found.memory, {"units": "samples"}),
            "embedding_dim": ((), dim, {"units": "1"}),
            "dim_cao": ((), dims.cao, {"units": "1"}),
            "dim_fnn": ((), dims.fnn, {"units": "1"}),
            "theiler": ((), theiler, {"units": "samples"}),
            "recurrence_time": ((), period * step, {"units": unit}),
            "recurrences": ((), len(values) / period, {"units": "1"}),
            **{name: ("lag", curve, {"units": units}) for name, (curve, units) in over_lag.items()},
            "e1": ("dim", dims.e1, {"units": "1"}),
            "e2": ("dim", dims.e2, {"units": "1"}),
            "false_share": ("dim", dims.false[:, 2], {"units": "1"}),
            "status": ((), "inconclusive" if reasons else "ok"),
            "reasons": ((), "; ".join(reasons)),
        },
        coords={"lag": ("lag", np.arange(lags + 1) * step, {"units": unit}), "dim": np.arange(1, max_dim + 1)},
        attrs={
            "method": "mutual information, Cao's E1, false nearest neighbours, space-time separation, close returns",
            "citation": "Fraser & Swinney (1986); Cao (1997); Kennel, Brown & Abarbanel (1992)",
            "version": __version__,
            "dt": step,
            "time_unit": unit,
            "samples": len(values),
        },
    )


def recurrence_time(points: np.ndarray, near: float) -> float:
    """Median time in samples until a point comes back within the squared distance `near`; infinite if half never do."""
    starts = np.linspace(0, len(points) // 2, min(len(points), STARTS)).astype(np.int64)
    returns = find_returns(points, starts, near)
    return float(np.median(np.where(returns > 0, returns, np.inf)))


def _doubts(dims: Dimension, returns: float, max_dim: int) -> list[str]:
    """Reasons not to trust the dimension, or to want more data."""
    reasons = []
    if dims.cao == 0:
        reasons.append(f"Cao's E1 reaches no plateau up to dimension {max_dim}: noise, or a system of many dimensions")
    if dims.fnn == 0:
        reasons.append(
            f"more than {FEW:.0%} of the neighbours are false up to dimension {max_dim}: noise, or a system of many "
            "dimensions"
        )
    if dims.cao and dims.fnn and abs(dims.cao - dims.fnn) > MAX_DIFFERENCE:
        reasons.append(f"two estimates disagree: {dims.cao} dimensions by Cao's E1, {dims.fnn} by false neighbours")
    if not (np.abs(dims.e2 - 1.0) > MIN_E2).any():
        reasons.append("E2 is near 1 in every dimension, as for random numbers")
    if returns < MIN_RETURNS:
        reasons.append(f"{returns:.0f} recurrence times in the sequence; at least {MIN_RETURNS} are needed")
    return reasons
