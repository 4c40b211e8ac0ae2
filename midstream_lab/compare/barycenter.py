"""The mean of series under dynamic time warping."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ._collection import Collection, collection
from ._pairs import columns
from .dtw import dtw
from .measures import choose_measure
from .pairwise import common_window, distances

__all__ = ["barycenter", "check_count", "mean_step"]


def barycenter(
    X: Any,
    *,
    window: int | None = None,
    initial: int | None = None,
    max_iterations: int = 50,
    tolerance: float = 1e-6,
) -> xr.Dataset:
    """The series whose squared DTW distances to all of X are small, by DTW barycenter averaging.

    Each sample of the mean becomes the mean of all samples that the best paths match with it, again and again. The
    inertia never grows; it ends in a local minimum that depends on the begin.

    Parameters
    ----------
    X : list of array_like, mapping, ndarray of shape (series, length) or (series, length, channels), or DataArray
        As for `pairwise`.
    window : int, optional
        As of `dtw_distance`.
    initial : int, optional
        Which series to begin with; the mean has its length. Default: the medoid, for which all pairs are compared.
    max_iterations : int, optional
        Default 50.
    tolerance : float, optional
        It ends when the inertia falls by less than this share of itself. Default 1e-6.

    Returns
    -------
    xarray.Dataset
        `barycenter`, dims ("sample",) or ("sample", "channel"); `inertia` over "iteration", the mean squared distance
        to the mean as it was before each iteration and, last, at the end; `status`, "ok" or, if it had not settled,
        "inconclusive", with `reasons`.

    Raises
    ------
    InputError
        If X, the window, `initial`, `max_iterations` or `tolerance` is not as described.

    References
    ----------
    Petitjean, Ketterlin & Gancarski (2011), Pattern Recognition 44, 678.

    Examples
    --------
    >>> found = barycenter([[0, 1, 0], [0, 0, 3, 0]], initial=0)
    >>> found["barycenter"].values.tolist(), found["inertia"].values[-1].item()
    ([0.0, 2.0, 0.0], 1.0)
    """
    x = collection(X, "X")
    max_iterations = check_count("max_iterations", max_iterations, None)
    if isinstance(tolerance, bool) or not 0 <= float(tolerance) < 1:
        raise InputError(f"tolerance is a share of the inertia, from 0 up to below 1, not {tolerance!r}")
    common_window(window, x, x)  # before the work
    if initial is None:
        chosen = choose_measure("dtw", {"window": window})
        initial = int(np.argmin((distances(x, x, chosen) ** 2).sum(axis=1)))
    elif isinstance(initial, bool) or not 0 <= initial < len(x):
        raise InputError(f"initial is the number of a series, from 0 to {len(x) - 1}, not {initial!r}")
    mean = np.array(x[initial])
    inertia: list[float] = []
    settled = False
    members = np.arange(len(x))
    for _ in range(max_iterations):
        moved, now = mean_step(mean, x, members, window)
        inertia.append(now)
        settled = len(inertia) > 1 and inertia[-2] - now <= tolerance * inertia[-2]
        if settled or now == 0.0:
            settled = True
            break
        mean = moved
    else:
        inertia.append(mean_step(mean, x, members, window)[1])
    reasons = "" if settled else f"the inertia still fell after {max_iterations} iterations"
    return xr.Dataset(
        {
            "barycenter": (("sample", "channel")[: mean.ndim], mean),
            "inertia": ("iteration", inertia, {"long_name": "mean squared distance to the barycenter"}),
            "status": ((), "ok" if settled else "inconclusive"),
            "reasons": ((), reasons),
        },
        attrs={
            "method": "DTW barycenter averaging",
            "citation": "Petitjean, Ketterlin & Gancarski (2011)",
        },
    )


def mean_step(mean: np.ndarray, x: Collection, members: np.ndarray, window: int | None) -> tuple[np.ndarray, float]:
    """The mean after one more iteration over these series, and their mean squared distance before it."""
    total, count = np.zeros(columns(mean).shape), np.zeros(len(mean))
    inertia = 0.0
    for k in members.tolist():
        found = dtw(mean, x[k], window=window)
        inertia += found.distance**2
        np.add.at(total, found.path[:, 0], columns(x[k])[found.path[:, 1]])
        count += np.bincount(found.path[:, 0], minlength=len(mean))
    return (total / count[:, None]).reshape(mean.shape), inertia / len(members)


def check_count(name: str, value: Any, most: int | None) -> int:
    """A whole number from 1 to `most`."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < 1 or (most is not None and value > most):
        limit = "1 or more" if most is None else f"from 1 to {most}, the number of series"
        raise InputError(f"{name} is a whole number, {limit}, not {value!r}")
    return int(value)
