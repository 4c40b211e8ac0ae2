"""Groups of series that warp onto each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ._collection import Collection, collection
from .barycenter import check_count, mean_step
from .measures import Chosen, choose_measure
from .pairwise import common_window, distances

__all__ = ["cluster"]


def cluster(
    X: Any, k: int, *, rng: int | np.random.Generator, window: int | None = None, max_iterations: int = 50
) -> xr.Dataset:
    """Part series into k groups around DTW barycenters (k-means).

    Begins with series drawn by k-means++; then each series goes to the nearest mean, and each mean makes a step of
    barycenter averaging. A group that has lost all members gets the series furthest from its mean.

    Parameters
    ----------
    X : list of array_like, mapping, ndarray of shape (series, length) or (series, length, channels), or DataArray
        As for `pairwise`.
    k : int
        Number of groups, at most that of the series.
    rng : int or numpy.random.Generator
        Source of the first draw; the same seed gives the same groups. Other seeds may find a smaller inertia.
    window : int, optional
        As of `dtw_distance`.
    max_iterations : int, optional
        Default 50.

    Returns
    -------
    xarray.Dataset
        `cluster` and `distance` to its mean of each series, dim "series"; `barycenter`, dims ("cluster_number",
        "sample") and perhaps "channel", shorter ones filled up with NaN; `size` of each group; `inertia`, the mean
        squared distance; `status`, "ok" or, if groups or means still moved, "inconclusive", with `reasons`.

    Raises
    ------
    InputError
        If X, k, the window or `max_iterations` is not as described.

    References
    ----------
    Petitjean, Ketterlin & Gancarski (2011), Pattern Recognition 44, 678; Arthur & Vassilvitskii (2007), SODA, 1027.

    Examples
    --------
    >>> X = {"a": [0, 1, 0, 0], "b": [0, 0, 1, 0], "c": [9, 9, 8, 9], "d": [9, 8, 9, 9]}
    >>> found = cluster(X, 2, rng=0)
    >>> found["cluster"].sel(series="a").item() == found["cluster"].sel(series="b").item()
    True
    >>> found["size"].values.tolist(), found["inertia"].item()
    ([2, 2], 0.0)
    """
    x = collection(X, "X")
    k = check_count("k", k, len(x))
    max_iterations = check_count("max_iterations", max_iterations, None)
    common_window(window, x, x)
    chosen = choose_measure("dtw", {"window": window})
    means = _seeds(x, k, chosen, np.random.default_rng(rng))
    groups, apart = _assign(x, means, chosen)
    settled = False
    for _ in range(max_iterations):
        moved = [mean_step(mean, x, np.flatnonzero(groups == g), window)[0] for g, mean in enumerate(means)]
        new_groups, new_apart = _assign(x, moved, chosen)
        before, after = (apart**2).sum(), (new_apart**2).sum()
        if after < before:
            settled = np.array_equal(groups, new_groups) and before - after <= 1e-6 * before
            means, groups, apart = moved, new_groups, new_apart
        else:  # nothing gained
            settled = True
        if settled:
            break
    longest = max(map(len, means))
    filled = np.full((k, longest, *means[0].shape[1:]), np.nan)
    for g, mean in enumerate(means):
        filled[g, : len(mean)] = mean
    reasons = "" if settled else f"groups or means still moved after {max_iterations} iterations"
    found = xr.Dataset(
        {
            "cluster": ("series", groups),
            "distance": ("series", apart, {"long_name": chosen.long_name, "units": "1"}),
            "barycenter": (("cluster_number", "sample", "channel")[: filled.ndim], filled),
            "size": ("cluster_number", np.bincount(groups, minlength=k)),
            "inertia": ((), float((apart**2).mean()), {"long_name": "mean squared distance to the barycenter"}),
            "status": ((), "ok" if settled else "inconclusive"),
            "reasons": ((), reasons),
        },
        attrs={"method": "k-means with DTW barycenter averaging", "measure": str(chosen)},
    )
    return found if x.labels is None else found.assign_coords(series=x.labels)


def _seeds(x: Collection, k: int, chosen: Chosen, rng: np.random.Generator) -> list[np.ndarray]:
    """Series drawn one after another, likelier the further they are from those drawn before."""
    drawn = [int(rng.integers(len(x)))]
    near = np.full(len(x), np.inf)
    while len(drawn) < k:
        last = collection([x[drawn[-1]]], "X")
        near = np.minimum(near, distances(last, x, chosen)[0] ** 2)
        near[drawn] = 0.0
        total = near.sum()
        left = np.setdiff1d(np.arange(len(x)), drawn)
        drawn.append(int(rng.choice(len(x), p=near / total) if total > 0 else rng.choice(left)))
    return [np.array(x[i]) for i in drawn]


def _assign(x: Collection, means: list[np.ndarray], chosen: Chosen) -> tuple[np.ndarray, np.ndarray]:
    """The nearest mean of each series and the distance to it; an empty group takes the worst placed series over."""
    apart = distances(x, collection(means, "means"), chosen)
    groups = apart.argmin(axis=1)
    rows = np.arange(len(x))
    for g in range(len(means)):
        if not (groups == g).any():
            spare = np.bincount(groups, minlength=len(means))[groups] > 1
            groups[int(np.argmax(np.where(spare, apart[rows, groups], -1.0)))] = g
    return groups, apart[rows, groups]
