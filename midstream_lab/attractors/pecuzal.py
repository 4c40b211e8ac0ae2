"""Delays and dimension of an embedding in one: PECUZAL."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.pecuzal import amplify_noise, measure_continuity
from ._checks import check_whole, frozen, samples
from .delay import choose_delay, refuse_constant

__all__ = ["pecuzal"]

#: Neighbours of the continuity statistic: from, to; and the chance that it allows.
NEIGHBOURS, CHANCE = (8, 13), 0.05
#: Neighbours of the cost.
COST_NEIGHBOURS = 3
#: The longest lag that is tried by default, in delays or autocorrelation times, and at least.
REACH, LEAST_REACH = 4, 10


def needed_by_chance() -> np.ndarray:
    """How many of k neighbours must stay together to exceed chance, for each k; 0 where k is not tried."""
    first, last = NEIGHBOURS
    needed = np.zeros(last + 1, np.int64)
    for k in range(first, last + 1):
        needed[k] = next(q for q in range(k + 1) if sum(comb(k, j) for j in range(q, k + 1)) < CHANCE * 2**k)
    return needed


def delay_vectors(values: np.ndarray, delays: list[int], rows: int) -> np.ndarray:
    """Delay vectors (rows, m) with a lag for each component."""
    return np.stack([values[lag : lag + rows] for lag in delays], axis=1)


def peaks(curve: np.ndarray) -> list[int]:
    """Lags at which a curve has a local maximum; the first is none, the last is none."""
    inner = (curve[1:-1] >= curve[:-2]) & (curve[1:-1] > curve[2:])
    return (np.flatnonzero(inner) + 1).tolist()


def gain(old: np.ndarray, new: np.ndarray, theiler: int, horizon: int) -> float:
    """Smallest difference over horizons of the costs of two embeddings, negative where the new one is better."""
    before = amplify_noise(old, COST_NEIGHBOURS, theiler, horizon)
    after = amplify_noise(new, COST_NEIGHBOURS, theiler, horizon)
    return float((after - before)[1:].min())


def pecuzal(
    x: Any,
    *,
    max_lag: int | None = None,
    max_dim: int = 8,
    theiler: int | None = None,
    threshold: float = -0.05,
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """Delays and dimension chosen together, with a lag for each component: PECUZAL.

    In every cycle the continuity statistic tells which lags are independent of the embedding so far (its peaks), and of
    those the one that lowers Uzal's cost most is added, until none lowers it. Where the delay of `estimate_delay` is 1,
    as for a map, every lag is tried, because there the statistic has no peak before it saturates.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    max_lag : int, optional
        Longest lag in samples, 3 or more; default four times the delay or the autocorrelation time of
        `estimate_delay`, whichever is longer, at least 10.
    max_dim : int, optional
        Most components; default 8.
    theiler : int, optional
        Neighbours are more than this many samples apart, 1 or more; default twice the autocorrelation time.
    threshold : float, optional
        A component must change the cost by less than this, 0 or below; default -0.05, which keeps small gains that
        noise makes from counting.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        `embedding_dim`; over ``component``: the `delays` in samples, the first 0, and the `gain`, by how much the
        component changed the cost (NaN for the first); over ``cycle`` and ``lag`` (units of time): the
        `continuity` statistic, the last of which found nothing more. `status` is inconclusive where no second component
        makes it better (noise, a map of one dimension, a statistic without an early peak), or `max_dim` ended the
        search; `reasons` says which.

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable, or a parameter is out of range.
    GapError
        If samples are missing.

    Notes
    -----
    The delay vectors are x(t), x(t + delays[1]), ...: with unequal steps, unlike those of `embed`.

    References
    ----------
    Kraemer et al. (2021), New J. Phys. 23, 033017; Pecora et al. (2007), Chaos 17, 013110; Uzal et al. (2011), Phys.
    Rev. E 84, 016223.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Lorenz
    >>> found = pecuzal(Lorenz().trajectory(3000), channel="x")
    >>> int(found["embedding_dim"])
    3
    """
    values, step, unit = samples(x, dt=dt, channel=channel)
    max_dim = check_whole(max_dim, "max_dim", least=2)
    if not -np.inf < threshold <= 0.0:
        raise InputError(f"threshold must be 0 or below, not {threshold!r}")
    refuse_constant(values)
    found = choose_delay(values)
    theiler = 2 * found.memory if theiler is None else check_whole(theiler, "theiler", least=1)
    if max_lag is None:
        max_lag = max(LEAST_REACH, REACH * max(found.delay, found.memory))
    max_lag = check_whole(max_lag, "max_lag", least=3)
    rows = len(values) - max_lag
    if rows - max_lag < 2 * theiler + NEIGHBOURS[1] + 2:
        raise InputError(
            f"{len(values)} samples are too few for lags up to {max_lag} with theiler {theiler}; use a longer sequence "
            "or a smaller max_lag"
        )
    scaled = frozen((values - values.mean()) / values.std())
    delays, gains, curves, needed = [0], [float("nan")], [], frozen(needed_by_chance())
    while len(delays) < max_dim:
        old = delay_vectors(scaled, delays, rows)
        curves.append(measure_continuity(old, scaled, max_lag, theiler, needed))
        tried = {
            lag: gain(old, delay_vectors(scaled, [*delays, lag], rows), theiler, max_lag)
            for lag in (range(1, max_lag + 1) if found.delay == 1 else peaks(curves[-1]))
            if lag not in delays
        }
        best = min(tried, key=tried.__getitem__, default=0)
        if best == 0 or not tried[best] < threshold:
            break
        delays.append(best)
        gains.append(tried[best])
    reasons = []
    if len(delays) == 1:
        reasons.append(
            "no lag that was tried makes the embedding better: noise, a map of one dimension, or a flow whose "
            "continuity statistic rises without an early peak"
        )
    elif len(delays) == max_dim:
        reasons.append(f"the search ended at max_dim={max_dim}, while components still made the embedding better")
    return xr.Dataset(
        {
            "embedding_dim": ((), len(delays), {"units": "1"}),
            "delays": ("component", delays, {"units": "samples"}),
            "gain": ("component", gains, {"units": "1"}),
            "continuity": (("cycle", "lag"), np.stack(curves), {"units": "standard deviations"}),
            "status": ((), "inconclusive" if reasons else "ok"),
            "reasons": ((), "; ".join(reasons)),
        },
        coords={
            "component": np.arange(1, len(delays) + 1),
            "cycle": np.arange(1, len(curves) + 1),
            "lag": ("lag", np.arange(max_lag + 1) * step, {"units": unit}),
        },
        attrs={
            "method": "PECUZAL: peaks of the continuity statistic, chosen by Uzal's cost",
            "citation": "Kraemer et al. (2021)",
            "version": __version__,
            "theiler": theiler,
            "threshold": threshold,
            "dt": step,
            "time_unit": unit,
        },
    )
