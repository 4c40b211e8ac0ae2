"""Which cells of the matrix a warping path may use."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import InputError

__all__ = ["band", "check_window", "itakura_region"]


def check_window(window: Any, n: int, m: int) -> int:
    """The half-width of the Sakoe-Chiba band; without one, as wide as the matrix."""
    if window is None:
        return max(n, m)
    try:
        width = int(window)
        whole = width == window and not isinstance(window, bool)
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole or width < 0:
        raise InputError(f"window must be a whole number of samples, 0 or more, or None for no band, not {window!r}")
    if width < abs(n - m):
        raise InputError(
            f"window={width} is too narrow for lengths {n} and {m}: no path leads to the end; the least is {abs(n - m)}"
        )
    return min(width, max(n, m))


def band(n: int, m: int, window: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last column of each row with ``|i - j| <= window``."""
    rows = np.arange(n)
    return np.maximum(rows - window, 0), np.minimum(rows + window, m - 1)


def itakura_region(n: int, m: int, slope: Any) -> tuple[np.ndarray, np.ndarray]:
    """First and last column of each row of the Itakura parallelogram.

    Its sides have `slope` and ``1 / slope`` times the slope of the diagonal, from both corners (Itakura 1975).
    """
    if isinstance(slope, bool) or not isinstance(slope, int | float | np.number) or not 1.0 < float(slope) < math.inf:
        raise InputError(f"itakura must be a slope above 1, such as 2, not {slope!r}")
    if n == 1 or m == 1:
        return band(n, m, max(n, m))
    # shares of the way along x and y, so that the diagonal has slope 1 whatever the lengths
    along = np.arange(n) / (n - 1)
    low = np.maximum(along / slope, 1.0 - slope * (1.0 - along))
    high = np.minimum(slope * along, 1.0 - (1.0 - along) / slope)
    margin = 1e-9
    first = np.ceil((m - 1) * low - margin).astype(np.int64)
    last = np.floor((m - 1) * high + margin).astype(np.int64)
    # between unequal lengths a row may fall between the sides, or two rows not touch: as little as needed is added
    near = np.rint((m - 1) * along).astype(np.int64)
    first, last = np.minimum(first, near), np.maximum(last, near)
    last[:-1] = np.maximum(last[:-1], first[1:] - 1)
    return first, last
