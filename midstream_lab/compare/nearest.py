"""The nearest of many series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..kernels.compare.bounds import find_nearest
from ._collection import Collection, collection
from .measures import Chosen, choose_measure
from .pairwise import common_window, distances, plain_variant

__all__ = ["STAGES", "nearest", "search"]

#: What a candidate was ended by, in the order of the kernel.
STAGES = ("lb_kim", "lb_keogh", "lb_improved", "abandoned", "computed")


def nearest(
    query: Any, X: Any, *, k: int = 1, measure: str | Callable[..., float] = "dtw", **options: Any
) -> xr.Dataset:
    """The k nearest series to each query, exactly.

    Plain and banded DTW tries bounds of rising price (`lb_kim`, `lb_keogh`, `lb_improved`) on each candidate, and gives
    the distance up as soon as it must exceed the k-th best so far. Other measures compute every distance.

    Parameters
    ----------
    query : array_like, shape (length,), or a collection as X
        One series of one channel, or many.
    X : list of array_like, mapping, ndarray of shape (series, length) or (series, length, channels), or DataArray
        Where to look, as for `pairwise`.
    k : int, optional
        How many; default 1.
    measure : str or callable, optional
        As for `pairwise`; default ``"dtw"``.
    **options
        Of the measure, such as `window`.

    Returns
    -------
    xarray.Dataset
        `index` into X and `distance`, dims ("query", "neighbour"), the nearest first, of equally near ones the first
        of X; `candidates`, dims ("query", "stage"), how many each bound excluded, how many distances were abandoned and
        how many computed. The labels of the series, where they have any, are in `label`.

    Raises
    ------
    InputError
        If k is not between 1 and the number of series, and as `pairwise` does.

    References
    ----------
    Rakthanmanon et al. (2012), KDD; Lemire (2009), Pattern Recognition 42, 2169.

    Examples
    --------
    >>> found = nearest([0, 1, 2], [[5, 5, 5], [0, 1, 1, 2], [0, 1, 3]], k=2)
    >>> found["index"].values.tolist(), found["distance"].values.tolist()
    ([[1, 2]], [[0.0, 1.0]])
    """
    chosen = choose_measure(measure, options)
    if not isinstance(query, Mapping | Collection) and _is_series(query):
        query = [query]
    queries, x = collection(query, "query"), collection(X, "X")
    index, distance, ended = search(queries, x, chosen, k)
    found = xr.Dataset(
        {
            "index": (("query", "neighbour"), index, {"long_name": "index into X"}),
            "distance": (("query", "neighbour"), distance, {"long_name": chosen.long_name, "units": "1"}),
            "candidates": (("query", "stage"), ended, {"long_name": "candidates that ended at this stage"}),
        },
        coords={"stage": list(STAGES)},
        attrs={"measure": str(chosen)},
    )
    if queries.labels is not None:
        found = found.assign_coords(query=queries.labels)
    return found if x.labels is None else found.assign(label=(("query", "neighbour"), x.labels[index]))


def search(queries: Collection, x: Collection, chosen: Chosen, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices and distances, shape (queries, k), and the candidates by stage, shape (queries, stages)."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= len(x):
        raise InputError(f"k is a number of neighbours from 1 to {len(x)}, the number of series in X, not {k!r}")
    if queries.channels != x.channels:
        raise InputError(f"query has {queries.channels} channels and X has {x.channels}; both need the same")
    index, distance = np.empty((len(queries), k), np.int64), np.empty((len(queries), k))
    ended = np.zeros((len(queries), len(STAGES)), np.int64)
    variant = plain_variant(chosen)
    if variant is None:
        for q in range(len(queries)):
            row = distances(collection([queries[q]], "query"), x, chosen)[0]
            index[q] = np.argsort(row, kind="stable")[:k]
            distance[q] = row[index[q]]
        ended[:, -1] = len(x)
        return index, distance, ended
    window = common_window(variant.window, queries, x)
    for q in range(len(queries)):
        part = queries.values[queries.starts[q] : queries.starts[q + 1]]
        find_nearest(part, x.values, x.starts, window, variant.squared, index[q], distance[q], ended[q])
    return index, np.sqrt(distance) if variant.squared else distance, ended


def _is_series(query: Any) -> bool:
    """Whether it is one series of numbers, not many."""
    if hasattr(query, "ndim"):
        return query.ndim == 1 and query.dtype != object
    try:
        return all(np.ndim(value) == 0 for value in query)
    except TypeError:
        return True
