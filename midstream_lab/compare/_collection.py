"""Many series of numbers as the kernels take them: all samples after each other, and where each begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import InputError
from ._pairs import columns, numbers

__all__ = ["Collection", "collection", "labels_of", "series_first"]


@dataclass(frozen=True)
class Collection:
    """Series of one number of channels, perhaps of unequal lengths.

    Attributes
    ----------
    values : ndarray of float64, shape (samples, channels)
        Finite, contiguous and read-only.
    starts : ndarray of int64, shape (series + 1,)
    labels : ndarray or None
        One for each series.
    """

    values: np.ndarray
    starts: np.ndarray
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, k: int) -> np.ndarray:
        """Series k, shape (n,) if it has one channel, else (n, channels)."""
        part = self.values[self.starts[k] : self.starts[k + 1]]
        return part[:, 0] if self.channels == 1 else part

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[k] for k in range(len(self)))

    @property
    def channels(self) -> int:
        return int(self.values.shape[1])

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.starts)

    def block(self, length: int) -> np.ndarray:
        """Series of that one length, shape (series, length, channels)."""
        return self.values.reshape(len(self), length, self.channels)


def series_first(X: xr.DataArray) -> xr.DataArray:
    """With the series along the first dimension, time along the second and any channels along the third."""
    if X.ndim not in (2, 3):
        raise InputError(f"a collection has the dimensions series, time and perhaps channel, not {X.dims}")
    time = "time" if "time" in X.dims else X.dims[1]
    others = [dim for dim in X.dims if dim != time]
    if "channel" in others:
        others = [*(dim for dim in others if dim != "channel"), "channel"]
    return X.transpose(others[0], time, *others[1:])


def labels_of(X: xr.DataArray) -> np.ndarray | None:
    """Labels of the series of what `series_first` gave."""
    return X.coords[X.dims[0]].to_numpy() if X.dims[0] in X.coords else None


def collection(X: Any, name: str) -> Collection:
    """A list of series, a mapping from labels to series, an array or a DataArray as a `Collection`.

    Raises
    ------
    InputError
        If it is empty, a series is, their channels differ, or a value is not finite.
    """
    if isinstance(X, Collection):
        return X
    labels = None
    if isinstance(X, str | bytes | pd.DataFrame | pd.Series | xr.Dataset):
        raise InputError(
            f"{name} is a {type(X).__name__}; give a list of series, a mapping from labels to series, an array of "
            "shape (series, length) or (series, length, channels), or a DataArray"
        )
    if isinstance(X, Mapping):
        labels, X = np.array(list(X)), list(X.values())
    elif isinstance(X, xr.DataArray):
        X = series_first(X)
        labels, X = labels_of(X), X.to_numpy()
    if isinstance(X, np.ndarray) and X.dtype != object:
        values, starts = _of_array(X, name)
    else:
        values, starts = _of_list(list(X), name)
    bad = ~np.isfinite(values)
    if bad.any():
        row, channel = np.argwhere(bad)[0]
        series = int(np.searchsorted(starts, row, "right")) - 1
        at = row - starts[series]
        where = f"{at}" if values.shape[1] == 1 else f"{at}, {channel}"
        raise InputError(
            f"{int(bad.sum())} values of {name} are not finite, the first is {name}[{series}][{where}] = "
            f"{values[row, channel]}; fill them with resample(x), or leave those series out"
        )
    for array in (values, starts):
        array.flags.writeable = False
    return Collection(values, starts, labels)


def _of_array(X: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    if X.ndim not in (2, 3) or 0 in X.shape:
        raise InputError(
            f"{name} has shape {X.shape}; a collection has (series, length) or (series, length, channels), none of "
            "them 0; put one series into a list"
        )
    if X.dtype.kind not in "fiub":
        raise InputError(f"{name} holds {X.dtype}, not real numbers")
    channels = X.shape[2] if X.ndim == 3 else 1
    values = np.ascontiguousarray(X, dtype=np.float64).reshape(-1, channels).view()
    return values, np.arange(len(X) + 1, dtype=np.int64) * X.shape[1]


def _of_list(X: list[Any], name: str) -> tuple[np.ndarray, np.ndarray]:
    if not X:
        raise InputError(f"{name} holds no series")
    if np.isscalar(X[0]):
        raise InputError(f"{name} is one series; a collection of one is a list: [{name}]")
    parts = [columns(numbers(series, f"{name}[{k}]")) for k, series in enumerate(X)]
    for k, part in enumerate(parts):
        if part.shape[1] != parts[0].shape[1]:
            raise InputError(
                f"{name}[{k}] has {part.shape[1]} channels and {name}[0] has {parts[0].shape[1]}; all need the same"
            )
    starts = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=starts[1:])
    return np.concatenate(parts), starts
