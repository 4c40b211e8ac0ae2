"""Average mutual information between a sequence and its own past."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.information import bin_equiprobable, count_information
from ._checks import check_whole, samples

__all__ = ["mutual_information"]


def mutual_information(
    x: Any, *, max_lag: int = 100, bins: int = 16, dt: Any = None, channel: str | None = None
) -> xr.DataArray:
    """Average mutual information of x(t) and x(t + lag), from a histogram with equiprobable bins.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled and without gaps.
    max_lag : int, optional
        Largest lag in samples; default 100, less than n.
    bins : int, optional
        Bins of the histogram along each axis, 2 or more; default 16. Equal values share a bin.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.DataArray, shape (max_lag + 1,)
        Information in nats over the dimension ``lag``, whose coordinate is in units of time. The value at lag
        0 is the entropy of the bins. Of independent values it exceeds 0 by about ``(bins - 1)**2 / (2 n)``.

    Raises
    ------
    InputError
        If the sequence is not longer than `max_lag`, or a parameter is out of range.
    GapError
        If samples are missing.

    References
    ----------
    Fraser & Swinney (1986), Phys. Rev. A 33, 1134.

    Examples
    --------
    >>> mutual_information([0, 1, 0, 1, 0, 1, 0, 1, 0], max_lag=2, bins=2).values.round(2).tolist()
    [0.69, 0.69, 0.68]
    """
    values, step, unit = samples(x, dt=dt, channel=channel)
    bins = check_whole(bins, "bins", least=2)
    max_lag = check_whole(max_lag, "max_lag", least=1)
    if max_lag >= len(values):
        raise InputError(f"max_lag={max_lag} needs more than {len(values)} samples; choose a smaller lag")
    return xr.DataArray(
        count_information(bin_equiprobable(values, bins), bins, max_lag),
        dims=("lag",),
        coords={"lag": ("lag", np.arange(max_lag + 1) * step, {"units": unit})},
        name="mutual_information",
        attrs={
            "units": "nat",
            "method": "average mutual information, equiprobable bins",
            "citation": "Fraser & Swinney (1986)",
            "version": __version__,
            "bins": bins,
        },
    )
