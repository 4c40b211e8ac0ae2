"""Where in a long series something like a query is."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.compare.find import bound_windows, find_window
from ._windows import frozen, starts_of, summarise, whole
from .profile import distance_profile, query_in
from .region import check_window

__all__ = ["find"]

#: How the windows of the haystack ended.
STAGES = ("lb_keogh", "lb_improved", "abandoned", "computed")


def find(
    query: Any,
    haystack: Any,
    *,
    k: int = 1,
    measure: str = "euclidean",
    window: int | None = None,
    exclusion: int | None = None,
) -> xr.Dataset:
    """The k windows of a long series that are nearest to a query, exactly.

    The query and every window of its length are brought to mean 0 and standard deviation 1. The nearest window comes
    first, then the nearest that starts outside its exclusion zone, and so on. Under time warping windows are tried in
    the order of a lower bound, and most are never reached.

    Parameters
    ----------
    query : array_like or xarray.DataArray, shape (m,)
        One channel, 2 samples or more; under ``"dtw"`` without missing values.
    haystack : array_like or xarray.DataArray, shape (n,)
        One channel, at least as long. Windows with a missing value (NaN) are left out.
    k : int, optional
        At most how many; default 1.
    measure : {"euclidean", "dtw"}, optional
        ``"dtw"`` is the square root of the summed squares along the best path; default ``"euclidean"``.
    window : int, optional
        Half-width of the band that warping may use, in samples; default none. Only for ``"dtw"``.
    exclusion : int, optional
        Windows found start more than this many samples apart; default half of the query, rounded up.

    Returns
    -------
    xarray.Dataset
        `start`, `end` (the last sample) and `distance` over ``match``; `time` of the start where the haystack brings
        times; `candidates` over ``stage``: windows never reached for their bound, then how many times the improved
        bound excluded one, a distance was given up, and one was computed.

    Raises
    ------
    InputError
        If an input cannot be used, the query is longer than the haystack, or a parameter is out of range.

    References
    ----------
    Rakthanmanon et al. (2012), KDD; Lemire (2009), Pattern Recognition 42, 2169.

    Examples
    --------
    >>> found = find([0, 1, 0], [5, 5, 7, 5, 5, 0, 0, 4, 0], k=2)
    >>> found["start"].values.tolist(), found["distance"].values.round(9).tolist()
    ([1, 6], [0.0, 0.0])
    """
    wanted, values = query_in(query, haystack)
    m, count = len(wanted), len(values) - len(wanted) + 1
    k = whole(k, "k", least=1, most=count, why="the number of windows")
    exclusion = -(-m // 2) if exclusion is None else exclusion
    exclusion = whole(exclusion, "exclusion", least=0, most=len(values), why=f"there are {len(values)} samples")
    if measure == "euclidean":
        if window is not None:
            raise InputError("window is the band of 'dtw'; leave it out with 'euclidean'")
        distances = distance_profile(query, haystack)["distance"].values
        starts = _nearest(distances, k, exclusion)
        distance, ended = distances[starts], [0, 0, 0, count]
    elif measure == "dtw":
        starts, distance, ended = _warped(wanted, values, k, check_window(window, m, m), exclusion)
    else:
        raise InputError(f"measure must be 'euclidean' or 'dtw', not {measure!r}")
    found: dict[str, Any] = {
        "start": ("match", starts, {"units": "samples"}),
        "end": ("match", starts + m - 1, {"units": "samples"}),
        "distance": ("match", distance, {"long_name": f"z-normalised {measure} distance", "units": "1"}),
        "candidates": ("stage", ended, {"long_name": "windows that ended at this stage"}),
    }
    found |= {name: ("match", time.values[starts]) for name, time in starts_of(haystack, count).items()}
    attrs = {"measure": measure, "exclusion": exclusion, "method": "find", "citation": "Rakthanmanon et al. (2012)"}
    return xr.Dataset(found, coords={"stage": list(STAGES)}, attrs={**attrs, "version": __version__})


def _nearest(distances: np.ndarray, k: int, exclusion: int) -> np.ndarray:
    """Starts of the least distances, each outside the zones of those before."""
    left = distances.copy()
    starts: list[int] = []
    while len(starts) < k and np.isfinite(left.min()):
        starts.append(int(left.argmin()))
        left[max(0, starts[-1] - exclusion) : starts[-1] + exclusion + 1] = np.inf
    return np.array(starts, np.int64)


def _warped(
    query: np.ndarray, values: np.ndarray, k: int, band: int, exclusion: int
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Starts, distances and how the windows ended."""
    if np.isnan(query).any():
        raise InputError(f"a value of the query is missing (NaN) at row {int(np.isnan(query).argmax())}; fill it first")
    m = len(query)
    one, windows = summarise(query, m), summarise(values, m)
    mean, scale, _ = one.table[:, 0]
    scaled = frozen(((one.values - mean) * scale * np.sqrt(m))[:, None])
    bounds, costs = np.empty(len(windows)), np.full(len(windows), np.nan)
    bound_windows(scaled, windows.values, windows.table, band, bounds)
    first = bounds.copy()
    free, ended = np.ones(len(windows), bool), np.zeros(3, np.int64)
    starts: list[int] = []
    while len(starts) < k:
        at = int(find_window(scaled, windows.values, windows.table, band, free, bounds, costs, ended))
        if at < 0:
            break
        starts.append(at)
        free[max(0, at - exclusion) : at + exclusion + 1] = False
    never = int(np.sum((bounds == first) & np.isnan(costs)))
    places = np.array(starts, np.int64)
    return places, np.sqrt(costs[places]), [never, *ended.tolist()]
