"""The windows of a series, normalised one by one, as the kernels take them."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..kernels.compare.windows import summarise_windows
from ..sequence import sequence
from ._pairs import numbers

__all__ = ["Windows", "frozen", "one_channel", "starts_of", "summarise", "whole"]


@dataclass(frozen=True)
class Windows:
    """A series and its windows.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        About 0, missing values replaced by 0.
    table : ndarray of float64, shape (3, n - window + 1)
        Mean, scale and bias of each window, as `kernels.compare.windows` describes.
    window : int
    """

    values: np.ndarray
    table: np.ndarray
    window: int

    def __len__(self) -> int:
        return int(self.table.shape[1])


def whole(value: Any, name: str, *, least: int, most: int, why: str) -> int:
    """`value` as an int within bounds, or an error that says where the bounds come from."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or not least <= number <= most:
        raise InputError(f"{name} must be a whole number from {least} to {most} ({why}), not {value!r}")
    return number


def one_channel(x: Any, name: str) -> np.ndarray:
    """`x` as a read-only contiguous array of float64, shape (n,), which may hold NaN but nothing infinite."""
    values = numbers(x, name)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise InputError(f"{name} has {values.shape[1]} channels; choose one of them first")
    infinite = np.isinf(values)
    if infinite.any():
        raise InputError(
            f"{int(infinite.sum())} values of {name} are infinite, the first at row {int(infinite.argmax())}; "
            "replace them, with NaN where they are missing"
        )
    return values


def summarise(values: np.ndarray, window: int) -> Windows:
    """Mean, scale and bias of every window."""
    missing = np.isnan(values)
    # Around a middle value, so that a large offset takes no digits from the sums.
    middle = float(np.median(values[~missing])) if not missing.all() else 0.0
    about = frozen(np.where(missing, 0.0, values - middle))
    table = np.empty((3, len(values) - window + 1))
    summarise_windows(about, frozen(missing), window, table[0], table[1], table[2])
    return Windows(about, frozen(table), window)


def starts_of(x: Any, count: int) -> dict[str, xr.Variable]:
    """The times of the first `count` rows as the coordinate ``time`` along ``start``, where `x` brings times."""
    if not isinstance(x, xr.DataArray | xr.Dataset) and not hasattr(x, "iloc"):
        return {}
    time = sequence(x, nan="keep").coords["time"]
    return (
        {} if time.attrs.get("tick_unit") == "tick" else {"time": xr.Variable("start", time.values[:count], time.attrs)}
    )


def frozen(values: np.ndarray) -> np.ndarray:
    """A contiguous read-only view, which is what the kernels are compiled for."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view
