"""For every window of a series its nearest neighbour: the matrix profile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.compare.matrix_profile import LANES, follow_diagonals
from ..kernels.compare.windows import measure_pairs
from ._windows import Windows, frozen, one_channel, starts_of, summarise, whole

__all__ = ["join_profile", "matrix_profile"]

CITATION = "Yeh et al. (2016), ICDM; Zhu et al. (2016), ICDM; Zhu et al. (2018), KAIS 54, 203"
#: Best correlation and its place, for every window.
Best = tuple[np.ndarray, np.ndarray]


def matrix_profile(x: Any, *, window: int, exclusion: int | None = None, n_jobs: int = 1) -> xr.Dataset:
    """Distance of every window to the nearest other window of the same series, and where that is.

    The distance is Euclidean between windows that were each brought to mean 0 and standard deviation 1. Two constant
    windows are at distance 0, a constant and another one at ``sqrt(window)``, and a window with a missing value has no
    neighbour, as in stumpy. Neighbours are found by correlations that are updated along the diagonals; the distance to
    the neighbour found is then summed anew, so that it is exact also where it is small.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        One channel. NaN stands for a missing value.
    window : int
        Samples of a window, 3 or more.
    exclusion : int, optional
        Neighbours start more than this many samples apart, so that a window does not find itself; default a quarter of
        the window, rounded up.
    n_jobs : int, optional
        Threads; default 1. The answer does not depend on it.

    Returns
    -------
    xarray.Dataset
        Over ``start``, the first sample of each window: `profile` and `index`; `left_profile` and `left_index` among
        the windows that start before, `right_profile` and `right_index` among those that start after. Where there is
        no neighbour, inf and -1. `time` of the starts where x brings times.

    Raises
    ------
    InputError
        If x is not one channel of finite or missing values, or the window does not fit.

    References
    ----------
    Yeh et al. (2016), ICDM (the profile); Zhu et al. (2016), ICDM (its computation along diagonals).

    Examples
    --------
    >>> found = matrix_profile([0, 1, 3, 0, 9, 7, 0, 2, 6, 0], window=3)
    >>> found["index"].values.tolist()
    [6, 7, 0, 0, 1, 2, 0, 1]
    >>> float(found["profile"][0].round(9))
    0.0
    """
    values = one_channel(x, "x")
    window, why = _window(window, len(values), "x"), f"there are {len(values)} samples"
    if exclusion is None:
        exclusion = -(-window // 4)
    exclusion = whole(exclusion, "exclusion", least=0, most=len(values), why=why)
    windows = summarise(values, window)
    right, left = _follow(windows, windows, exclusion + 1, _jobs(n_jobs))
    found: dict[str, Any] = {}
    for name, best in (("", _better(left, right)), ("left_", left), ("right_", right)):
        found |= _labelled(name, windows, windows, best)
    return _dataset(found, x, window, exclusion)


def join_profile(x: Any, y: Any, *, window: int, n_jobs: int = 1) -> xr.Dataset:
    """Distance of every window of x to the nearest window of y, and where that is.

    Parameters
    ----------
    x, y : array_like or xarray.DataArray, shape (n,), (m,)
        One channel each. NaN stands for a missing value.
    window : int
        Samples of a window, 3 or more.
    n_jobs : int, optional
        Threads; default 1.

    Returns
    -------
    xarray.Dataset
        Over ``start``, the first sample of each window of x: `profile` and `index`, the start in y; distances and
        missing values as for `matrix_profile`.

    Raises
    ------
    InputError
        As `matrix_profile` does.

    References
    ----------
    Yeh et al. (2016), ICDM.

    Examples
    --------
    >>> found = join_profile([0, 1, 3, 2], [5, 9, 7, 0, 2, 6], window=3)
    >>> found["index"].values.tolist()
    [3, 0]
    """
    a, b = one_channel(x, "x"), one_channel(y, "y")
    window = _window(window, min(len(a), len(b)), "the shorter series")
    one, other = summarise(a, window), summarise(b, window)
    jobs = _jobs(n_jobs)
    later, _ = _follow(one, other, 0, jobs)
    _, earlier = _follow(other, one, 1, jobs)
    return _dataset(_labelled("", one, other, _better(later, earlier)), x, window, -(-window // 4))


def _window(window: Any, n: int, name: str) -> int:
    if n < 3:
        raise InputError(f"{name} has {n} samples; a window needs at least 3")
    return whole(window, "window", least=3, most=n, why=f"{name} has {n} samples")


def _jobs(n_jobs: Any) -> int:
    return whole(n_jobs, "n_jobs", least=1, most=256, why="threads")


def _follow(x: Windows, y: Windows, lag: int, jobs: int) -> tuple[Best, Best]:
    """For each window of x the best window of y that starts `lag` or more later; and the same for each of y."""
    rows, cols = _with_factors(x), np.zeros((5, len(y) + LANES))
    cols[:, : len(y)] = _with_factors(y)
    cols[2, len(y) :] = -np.inf
    values = frozen(np.append(y.values, np.zeros(LANES)))
    rows, cols = frozen(rows), frozen(cols)

    def part(first: int, last: int) -> tuple[Best, Best]:
        row, col = _nothing(len(x)), _nothing(len(y) + LANES)
        follow_diagonals(x.values, values, x.window, rows, cols, first, last, *row, *col)
        return row, (col[0][: len(y)], col[1][: len(y)])

    edges = _shares(lag, len(x), len(y), jobs)
    if len(edges) == 2:
        return part(*edges)
    with ThreadPoolExecutor(len(edges) - 1) as threads:
        parts = list(threads.map(part, edges[:-1], edges[1:]))
    row, col = parts[0]
    for other_row, other_col in parts[1:]:
        row, col = _better(row, other_row), _better(col, other_col)
    return row, col


def _shares(lag: int, rows: int, cols: int, jobs: int) -> list[int]:
    """Lags that part the diagonals into shares of about the same number of cells."""
    lags = np.arange(lag, max(cols, lag + 1), LANES)
    cells = np.cumsum(np.clip(cols - lags, 0, rows))
    cuts = [int(lags[min(np.searchsorted(cells, cells[-1] * k / jobs) + 1, len(lags) - 1)]) for k in range(1, jobs)]
    return [*sorted({lag, *cuts}), max(cols, lag + 1)]


def _with_factors(x: Windows) -> np.ndarray:
    """The table of the windows and below it the two factors of the update of a covariance."""
    table = np.zeros((5, len(x)))
    table[:3] = x.table
    come, gone, mean = x.values[x.window :], x.values[: len(x) - 1], x.table[0]
    table[3, 1:] = (come - gone) / 2
    table[4, 1:] = (come - mean[1:]) + (gone - mean[:-1])
    return table


def _nothing(count: int) -> Best:
    return np.full(count, -np.inf), np.full(count, -1, np.int64)


def _better(one: Best, other: Best) -> Best:
    """Of two partners the one that correlates more, of equal ones the first."""
    second = other[0] > one[0]
    return np.where(second, other[0], one[0]), np.where(second, other[1], one[1])


def _labelled(name: str, x: Windows, y: Windows, best: Best) -> dict[str, Any]:
    """Distances to the partners, summed anew, and the partners."""
    distance, index = np.empty(len(x)), frozen(best[1])
    measure_pairs(x.values, y.values, x.window, x.table, y.table, index, distance)
    return {
        f"{name}profile": ("start", distance, {"long_name": "z-normalised Euclidean distance", "units": "1"}),
        f"{name}index": ("start", best[1], {"long_name": "start of the nearest window", "units": "samples"}),
    }


def _dataset(found: dict[str, Any], x: Any, window: int, exclusion: int) -> xr.Dataset:
    count = len(found["profile"][1])
    coords = {"start": ("start", np.arange(count), {"units": "samples"}), **starts_of(x, count)}
    attrs = {
        "window": window,
        "exclusion": exclusion,
        "method": "matrix profile",
        "citation": CITATION,
        "version": __version__,
    }
    return xr.Dataset(found, coords=coords, attrs=attrs)
