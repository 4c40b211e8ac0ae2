"""How many components a delay vector needs: Cao's test."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.dimension import measure_expansion
from ._checks import check_whole, samples
from .delay import choose_delay, refuse_constant

__all__ = ["estimate_embedding_dim"]

#: E1 counts as having reached its plateau of 1 here; true of every chaotic system that was tried.
PLATEAU = 0.8


def choose_dim(values: np.ndarray, delay: int, theiler: int, max_dim: int) -> tuple[int, np.ndarray, np.ndarray]:
    """Chosen dimension (0 if none), E1 and E2 (max_dim,) of a contiguous read-only array."""
    growth, apart = measure_expansion(values, delay, max_dim + 1, theiler)
    with np.errstate(divide="ignore", invalid="ignore"):
        e1, e2 = growth[1:] / growth[:-1], apart[1:] / apart[:-1]
    reached = np.flatnonzero(e1 >= PLATEAU)
    return (int(reached[0]) + 1 if len(reached) else 0), e1, e2


def estimate_embedding_dim(
    x: Any,
    *,
    delay: int | None = None,
    theiler: int | None = None,
    max_dim: int = 8,
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """Smallest sufficient embedding dimension by Cao's E1, with Euclidean neighbours.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    delay : int, optional
        In samples; default from `estimate_delay`.
    theiler : int, optional
        Neighbours closer than this many samples in time are not used; default twice the autocorrelation time.
    max_dim : int, optional
        Largest dimension to try; default 8.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        Variable `embedding_dim`: the first dimension where E1 reaches 0.8 of its plateau of 1, or 0 where it
        never does; and over ``dim`` the curves `e1` and `e2` (1 at every dimension for random numbers).

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable.
    GapError
        If samples are missing.

    References
    ----------
    Cao (1997), Physica D 110, 43.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Henon
    >>> int(estimate_embedding_dim(Henon().trajectory(2000), channel="x")["embedding_dim"])
    2
    """
    values, _, _ = samples(x, dt=dt, channel=channel)
    refuse_constant(values)
    found = choose_delay(values)
    delay = found.delay if delay is None else check_whole(delay, "delay", least=1)
    theiler = max(2 * found.memory, 1) if theiler is None else check_whole(theiler, "theiler", least=1)
    max_dim = check_whole(max_dim, "max_dim", least=1)
    if len(values) - (max_dim + 1) * delay < 2 * theiler + 2:
        raise InputError(
            f"{len(values)} samples are too few for dimension {max_dim} at delay {delay} with theiler {theiler}; "
            "use a longer sequence or a smaller max_dim"
        )
    dim, e1, e2 = choose_dim(values, delay, theiler, max_dim)
    return xr.Dataset(
        {
            "embedding_dim": ((), dim, {"units": "1"}),
            "e1": ("dim", e1, {"units": "1"}),
            "e2": ("dim", e2, {"units": "1"}),
        },
        coords={"dim": np.arange(1, max_dim + 1)},
        attrs={
            "method": f"Cao's E1 reaches {PLATEAU}",
            "citation": "Cao (1997)",
            "version": __version__,
            "delay": delay,
            "theiler": theiler,
        },
    )
