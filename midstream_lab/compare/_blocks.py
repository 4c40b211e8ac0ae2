"""All pairs of two dask arrays, block by block, on whatever scheduler the caller computes with."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ._collection import collection, labels_of, series_first
from .measures import Chosen
from .pairwise import distances

__all__ = ["pairwise_blocks"]


def pairwise_blocks(X: Any, Y: Any, chosen: Chosen) -> tuple[Any, np.ndarray | None, np.ndarray | None]:
    """The lazy distances, and the labels of both sides.

    A task holds one block of each side and their distances. Of a symmetric measure the blocks below the diagonal are
    the others turned over.
    """
    import dask
    import dask.array as da

    x, x_labels = _parts(X, "X")
    y, y_labels = (x, x_labels) if Y is None else _parts(Y, "Y")
    half = Y is None and chosen.symmetric
    task = dask.delayed(_block, pure=True)
    rows: list[list[Any]] = []
    for i, (first, n) in enumerate(x):
        row = []
        for j, (second, m) in enumerate(y):
            if half and j < i:
                row.append(rows[j][i].T)
            else:
                same = Y is None and i == j
                row.append(da.from_delayed(task(first, None if same else second, chosen), (n, m), float))
        rows.append(row)
    return da.block(rows), x_labels, y_labels


def _parts(X: Any, name: str) -> tuple[list[tuple[Any, int]], np.ndarray | None]:
    """Each block of whole series with their number, and the labels of all."""
    import dask.array as da

    labels = None
    if isinstance(X, xr.DataArray):
        X = series_first(X)
        labels, X = labels_of(X), X.data
    X = da.asarray(X if hasattr(X, "dask") else np.asarray(X))
    if X.ndim not in (2, 3) or 0 in X.shape:
        raise InputError(
            f"{name} has shape {X.shape}; a collection has (series, length) or (series, length, channels), none "
            "of them 0"
        )
    whole = X.rechunk(dict.fromkeys(range(1, X.ndim), -1))
    return list(zip(whole.to_delayed().ravel(), whole.chunks[0], strict=True)), labels


def _block(x: np.ndarray, y: np.ndarray | None, chosen: Chosen) -> np.ndarray:
    first = collection(np.asarray(x), "X")
    return distances(first, first if y is None else collection(np.asarray(y), "Y"), chosen)
