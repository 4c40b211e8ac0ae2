"""Distance of a query to every window of a longer series."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.compare.windows import measure_query
from ._windows import frozen, one_channel, starts_of, summarise

__all__ = ["distance_profile", "query_in"]


def distance_profile(query: Any, haystack: Any, *, normalize: bool = True) -> xr.Dataset:
    """Euclidean distance of a query to every window of its length.

    The squares are summed one by one, many windows at once: a time that grows with the product of both lengths, and no
    digits lost to a Fourier transform.

    Parameters
    ----------
    query : array_like or xarray.DataArray, shape (m,)
        One channel, 2 samples or more.
    haystack : array_like or xarray.DataArray, shape (n,)
        One channel, at least as long. NaN stands for a missing value, here and in the query.
    normalize : bool, optional
        Bring the query and each window to mean 0 and standard deviation 1 first; default True. Then two constant
        windows are at distance 0, and a constant and another one at ``sqrt(m)``.

    Returns
    -------
    xarray.Dataset
        `distance` over ``start``, the first sample of each window, inf where a value is missing; `time` of the starts
        where the haystack brings times.

    Raises
    ------
    InputError
        If one is not a channel of finite or missing values, or the query is longer than the haystack.

    References
    ----------
    Mueen et al. (2022), The fastest similarity search algorithm for time series subsequences under Euclidean distance.

    Examples
    --------
    >>> distance_profile([0, 1, 0], [5, 5, 7, 5, 5, 5])["distance"].values.round(2).tolist()
    [3.0, 0.0, 3.0, 1.73]
    """
    wanted, values = query_in(query, haystack)
    m = len(wanted)
    if normalize:
        one, windows = summarise(wanted, m), summarise(values, m)
        mean, scale, bias = one.table[:, 0]
        squared = np.empty(len(windows))
        scaled = frozen((one.values - mean) * scale)
        measure_query(scaled, windows.values, windows.table[0], windows.table[1], squared)
        distance = np.sqrt(m * squared)
        together = windows.table[2] + bias
        distance[together > 0] = np.sqrt(m * (2 - 2 * together[together > 0]))
        distance[together < 0] = np.inf
    else:
        count = len(values) - m + 1
        squared = np.empty(count)
        measure_query(wanted, values, frozen(np.zeros(count)), frozen(np.ones(count)), squared)
        distance = np.sqrt(np.where(np.isnan(squared), np.inf, squared))
    name = "z-normalised Euclidean distance" if normalize else "Euclidean distance"
    return xr.Dataset(
        {"distance": ("start", distance, {"long_name": name, "units": "1"})},
        coords={
            "start": ("start", np.arange(len(distance)), {"units": "samples"}),
            **starts_of(haystack, len(distance)),
        },
        attrs={"window": m, "method": "distance profile", "citation": "Mueen et al. (2022)", "version": __version__},
    )


def query_in(query: Any, haystack: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both as one channel, the query not the longer; an error that says what does not fit."""
    wanted, values = one_channel(query, "query"), one_channel(haystack, "haystack")
    if not 2 <= len(wanted) <= len(values):
        raise InputError(
            f"the query has {len(wanted)} samples and the haystack {len(values)}; the query needs 2 or more, and no "
            "more than the haystack has"
        )
    return wanted, values
