"""How far apart in time two points must be for their closeness to mean something."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..kernels.attractors.embedding import embed_delay
from ..kernels.attractors.theiler import count_close
from ._checks import check_length, check_whole, samples
from .delay import choose_delay, refuse_constant

__all__ = ["estimate_theiler"]

#: Two points are close when nearer than this share of all pairs.
CLOSE = 0.05


def close_square(points: np.ndarray) -> float:
    """Squared distance within which `CLOSE` of all pairs lie, from pairs of 200 of the two or more points."""
    sample = points[np.linspace(0, len(points) - 1, min(len(points), 200)).astype(np.int64)]
    squared = ((sample[:, None] - sample[None]) ** 2).sum(axis=2)[np.triu_indices(len(sample), 1)]
    return float(np.quantile(squared, CLOSE))


def separate_in_time(values: np.ndarray, delay: int, dim: int, max_lag: int) -> int:
    """First lag at which close pairs are no commoner than among all pairs; `max_lag` if there is none."""
    rows = len(values) - (dim - 1) * delay
    if rows < 2:
        return max_lag
    points = embed_delay(values, delay, dim, rows)
    share = count_close(points, close_square(points), min(max_lag, rows - 1))
    usual = np.flatnonzero(share <= CLOSE)
    return int(usual[0]) if len(usual) else max_lag


def choose_theiler(values: np.ndarray, delay: int, dim: int, memory: int) -> int:
    """What `estimate_theiler` says, on a contiguous read-only array that is not constant."""
    bound = max(1, min(len(values) // 20, 10 * memory))
    return max(separate_in_time(values, delay, dim, bound), 2 * memory, (dim - 1) * delay, 1)


def estimate_theiler(
    x: Any, *, delay: int | None = None, dim: int = 3, dt: Any = None, channel: str | None = None
) -> xr.Dataset:
    """Theiler window: the largest of three times, never 0.

    They are the space-time separation (the first lag at which delay vectors are close no more often than any two
    vectors are), twice the lag at which the autocorrelation falls to 1/e, and the length of a delay vector.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    delay, dim : int, optional
        The embedding; default from `estimate_delay`, and 3.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        Variable `theiler` in samples.

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable.
    GapError
        If samples are missing.

    References
    ----------
    Theiler (1986), Phys. Rev. A 34, 2427; Provenzale et al. (1992), Physica D 58, 31.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Logistic
    >>> int(estimate_theiler(Logistic().trajectory(1000), dim=2)["theiler"])
    2
    """
    values, step, unit = samples(x, dt=dt, channel=channel)
    refuse_constant(values)
    found = choose_delay(values)
    delay = found.delay if delay is None else check_whole(delay, "delay", least=1)
    dim = check_whole(dim, "dim", least=1)
    check_length(len(values), delay, dim)
    return xr.Dataset(
        {"theiler": ((), choose_theiler(values, delay, dim, found.memory), {"units": "samples"})},
        attrs={
            "method": "largest of space-time separation, twice the autocorrelation time and (dim - 1) delay",
            "citation": "Theiler (1986); Provenzale et al. (1992)",
            "version": __version__,
            "delay": delay,
            "dim": dim,
            "dt": step,
            "time_unit": unit,
        },
    )
