"""The distances of all pairs of many series."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..kernels.compare.lanes import measure_lanes
from ._collection import Collection, collection
from .dtw import Variant, dtw_distance
from .measures import Chosen, choose_measure
from .region import check_window

__all__ = ["pairwise"]

#: Pairs that a thread computes at a time.
BATCH = 4096
#: Most pairs whose distances are kept in memory, unless the caller raises it.
MAX_PAIRS = 100_000_000


def pairwise(
    X: Any,
    Y: Any = None,
    *,
    measure: str | Callable[..., float] = "dtw",
    n_jobs: int = 1,
    max_pairs: int = MAX_PAIRS,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> xr.DataArray:
    """Distances of all pairs of series.

    Parameters
    ----------
    X : list of array_like, mapping, ndarray of shape (series, length) or (series, length, channels), or DataArray
        Series of numbers, finite, of one number of channels; in a list their lengths may differ. The keys of a mapping
        are labels. A DataArray has the dimension ``time`` (else its second is taken for it), one for the series, and
        perhaps ``channel``. A DataArray or array of dask gives a lazy result.
    Y : as X, optional
        Default: X itself. Each pair is computed once then, if the measure is symmetric.
    measure : str or callable, optional
        Name of a measure (`midstream_lab.compare.MEASURES`), or a function ``f(x, y, **options) -> float`` of two
        arrays, which is called for every pair and so takes its own time. Default ``"dtw"``.
    n_jobs : int, optional
        Threads. Default 1. A lazy result runs on the caller's scheduler instead.
    max_pairs : int, optional
        Most pairs held in memory; default 1e8, which take 0.8 GB. It does not bound a lazy result.
    progress : callable, optional
        ``progress(done, total)`` after some thousand pairs each; not of a lazy result.
    **options
        Of the measure.

    Returns
    -------
    xarray.DataArray of float64, dims ("x", "y")
        With the labels of the series, where they have any.

    Raises
    ------
    InputError
        If a collection is empty or not finite, the channels differ, there are too many pairs, or as the measure does.

    Notes
    -----
    Plain and banded DTW goes through 32 pairs at once in vector instructions; other measures go pair by pair.

    Examples
    --------
    >>> found = pairwise({"a": [0, 1, 2], "b": [0, 0, 1, 2], "c": [5, 5, 5]})
    >>> found.sel(x="a", y="b").item(), found.sel(x="a", y="a").item()
    (0.0, 0.0)
    >>> found.sel(x="c", y="a").item() == (25 + 16 + 9) ** 0.5
    True
    """
    chosen = choose_measure(measure, options)
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, int | np.integer) or n_jobs < 1:
        raise InputError(f"n_jobs is a number of threads, 1 or more, not {n_jobs!r}")
    if _lazy(X) or (Y is not None and _lazy(Y)):
        from ._blocks import pairwise_blocks

        return _labelled(*pairwise_blocks(X, Y, chosen), chosen)
    x = collection(X, "X")
    y = x if Y is None else collection(Y, "Y")
    if len(x) * len(y) > max_pairs:
        raise InputError(
            f"{len(x):,} times {len(y):,} pairs are more than max_pairs={max_pairs:,}; give dask arrays for a lazy "
            "result, take nearest(...) if only the nearest are wanted, or raise max_pairs"
        )
    return _labelled(distances(x, y, chosen, n_jobs=n_jobs, progress=progress), x.labels, y.labels, chosen)


def distances(
    x: Collection,
    y: Collection,
    chosen: Chosen,
    *,
    n_jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """The distances of all pairs, shape (len(x), len(y)); if `x` is `y` and the measure allows it, of half of them."""
    if x.channels != y.channels:
        raise InputError(
            f"X has {x.channels} channels and Y has {y.channels}; both need the same: choose channels first"
        )
    half = x is y and chosen.symmetric
    out = np.empty((len(x), len(y)))
    total = len(x) * (len(x) + 1) // 2 if half else out.size
    compute = pair_distances(x, y, chosen)
    done = 0

    def fill(pairs: tuple[np.ndarray, np.ndarray]) -> int:
        found = compute(*pairs)
        out[pairs] = found
        if half:
            out[pairs[::-1]] = found
        return len(found)

    with ThreadPoolExecutor(n_jobs) as threads:
        jobs = map(fill, batches(x, y, half)) if n_jobs == 1 else threads.map(fill, batches(x, y, half))
        for count in jobs:
            done += count
            if progress is not None:
                progress(done, total)
    return out


def batches(x: Collection, y: Collection, half: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All pairs, or those on and above the diagonal, in lots of like lengths."""
    rows, columns = np.argsort(x.lengths, kind="stable"), np.argsort(y.lengths, kind="stable")
    held: list[tuple[np.ndarray, np.ndarray]] = []
    waiting = 0
    for at, row in enumerate(rows):
        other = columns[at:] if half else columns
        for begin in range(0, len(other), BATCH):
            part = other[begin : begin + BATCH]
            held.append((np.full(len(part), row), part))
            waiting += len(part)
            if waiting >= BATCH:
                yield _joined(held)
                held, waiting = [], 0
    if held:
        yield _joined(held)


def _joined(held: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = (np.concatenate(parts) for parts in zip(*held, strict=True))
    for array in (rows, columns):
        array.flags.writeable = False
    return rows, columns


def pair_distances(x: Collection, y: Collection, chosen: Chosen) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """What computes the distances of the pairs ``x[rows[k]], y[columns[k]]``."""
    variant = plain_variant(chosen)
    if variant is None:

        def each(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
            return np.array([_named(chosen, x, y, i, j) for i, j in zip(rows.tolist(), columns.tolist(), strict=True)])

        return each
    window = common_window(variant.window, x, y)

    def lanes(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        out = np.empty(len(rows))
        measure_lanes(x.values, x.starts, y.values, y.starts, rows, columns, window, variant.squared, out)
        return np.sqrt(out) if variant.squared else out

    return lanes


def plain_variant(chosen: Chosen) -> Variant | None:
    """The options if it is plain or banded DTW, which has kernels for many pairs."""
    variant = Variant(**chosen.options) if chosen.distance is dtw_distance else None
    return variant if variant is not None and variant.plain else None


def common_window(window: Any, x: Collection, y: Collection) -> int:
    """The half-width of the band, wide enough for every pair."""
    longest = int(max(x.lengths.max(), y.lengths.max()))
    if window is None:
        return longest
    worst = max(
        ((int(x.lengths[i]), int(y.lengths[j])) for i, j in (
            (x.lengths.argmax(), y.lengths.argmin()), (x.lengths.argmin(), y.lengths.argmax())
        )),
        key=lambda pair: abs(pair[0] - pair[1]),
    )  # fmt: skip
    check_window(window, *worst)
    return min(int(window), longest)


def _named(chosen: Chosen, x: Collection, y: Collection, i: int, j: int) -> float:
    try:
        return chosen(x[i], y[j])
    except Exception as error:
        error.add_note(f"in the pair X[{i}], Y[{j}]")
        raise


def _lazy(X: Any) -> bool:
    """Whether it is a dask array, bare or in a DataArray."""
    return getattr(X.data if isinstance(X, xr.DataArray) else X, "dask", None) is not None


def _labelled(found: Any, x_labels: np.ndarray | None, y_labels: np.ndarray | None, chosen: Chosen) -> xr.DataArray:
    coords = {dim: labels for dim, labels in (("x", x_labels), ("y", y_labels)) if labels is not None}
    return xr.DataArray(
        found, dims=("x", "y"), coords=coords, name="distance",
        attrs={"long_name": chosen.long_name, "measure": str(chosen), "units": "1"},
    )  # fmt: skip
