"""A part of a recurrence plot at the resolution of a screen; the matrix is never made."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..kernels.attractors.recurrence_tile import shade_tile
from ._checks import check_whole
from ._points import check_norm, embedded, limits_of
from .recurrence import columns_of, recurrence_attrs, settle_radius

__all__ = ["recurrence_tile"]


def recurrence_tile(
    x: Any,
    *,
    rows: tuple[int, int] | None = None,
    columns: tuple[int, int] | None = None,
    size: int = 600,
    per_pixel: int = 3,
    radius: float | None = None,
    rate: float | None = 0.05,
    delay: int | None = None,
    embedding_dim: int | None = None,
    theiler: int | None = None,
    norm: str = "max",
    dt: Any = None,
    channel: str | None = None,
) -> xr.DataArray:
    """Part of a recurrence plot at the resolution of a screen, of a sequence of any length.

    A pixel holds the share of its pairs of delay vectors that recur. Where it has more than `per_pixel` rows or
    columns, so many are drawn from them, one at random from each equal part: a regular choice would beat with the
    period of the data. With no more, the tile is exact.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    rows, columns : (int, int), optional
        First delay vector and the one after the last, along either time; default all.
    size : int, optional
        Most pixels along a side; default 600. Of fewer delay vectors each has a pixel.
    per_pixel : int, optional
        Most rows and columns of a pixel that are looked at, 1 or more; default 3.
    radius, rate, delay, embedding_dim, theiler, norm, dt, channel
        As for `recurrence_matrix`.

    Returns
    -------
    xarray.DataArray, shape (at most size, at most size)
        Shares from 0 to 1 over ``time`` (rows) and ``other_time`` (columns), the middle of each pixel in units of
        time from the first sample. Attrs `radius`, and `exact` (1 or 0).

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable, or a parameter is out of range.
    GapError
        If samples are missing.

    Notes
    -----
    Time and memory grow with ``(size * per_pixel)**2``, not with n squared (but for `rate`, which sets the radius by
    the distances of all pairs).

    References
    ----------
    Eckmann, Kamphorst & Ruelle (1987), Europhys. Lett. 4, 973; Marwan et al. (2007), Phys. Rep. 438, 237.

    Examples
    --------
    >>> import numpy as np
    >>> sine = np.sin(2 * np.pi * np.arange(100_000) / 40)
    >>> tile = recurrence_tile(
    ...     sine, rows=(0, 80), columns=(99_000, 99_080), radius=0.3, rate=None, delay=10, embedding_dim=2, theiler=40
    ... )
    >>> tile.shape, tile.attrs["exact"], float(tile[0, 0]), float(tile[0, 20])
    ((80, 80), 1, 1.0, 0.0)
    """
    code = check_norm(norm)
    size = check_whole(size, "size", least=1)
    per_pixel = check_whole(per_pixel, "per_pixel", least=1)
    made = embedded(x, delay=delay, embedding_dim=embedding_dim, theiler=theiler, dt=dt, channel=channel)
    n = len(made.points)
    radius = settle_radius(made, radius, rate, code)
    parts = [_checked_part(part, name, n) for name, part in (("rows", rows), ("columns", columns))]
    edges = [first + np.arange(k + 1) * (stop - first) // k for first, stop in parts for k in [min(size, stop - first)]]
    (row_index, row_starts), (column_index, column_starts) = (_sample(each, per_pixel) for each in edges)
    points = made.points[np.concatenate((row_index, column_index))]
    limit = limits_of(np.array([radius]), code)[0]
    middles = [0.5 * (each[:-1] + each[1:] - 1) * made.dt for each in edges]
    return xr.DataArray(
        shade_tile(columns_of(points), row_starts, column_starts, limit, code),
        dims=("time", "other_time"),
        coords={
            "time": ("time", middles[0], {"units": made.unit}),
            "other_time": ("other_time", middles[1], {"units": made.unit}),
        },
        name="recurrence_tile",
        attrs={
            "units": "1",
            **recurrence_attrs(made, norm, "share of recurrent pairs in each pixel"),
            "radius": radius,
            "rows": n,
            "per_pixel": per_pixel,
            "exact": int(len(points) == sum(stop - first for first, stop in parts)),
        },
    )


def _checked_part(part: Any, name: str, n: int) -> tuple[int, int]:
    """First and stop, within n."""
    if part is None:
        return 0, n
    try:
        first, stop = part
    except (TypeError, ValueError):
        raise InputError(
            f"{name} must be two whole numbers, the first and the one after the last, not {part!r}"
        ) from None
    first = check_whole(first, f"the first of {name}", least=0, most=n - 1)
    return first, check_whole(stop, f"the end of {name}", least=first + 1, most=n)


def _sample(edges: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """At most `most` places in each pixel [edges[k], edges[k + 1]), and where those of each pixel start."""
    held = np.diff(edges)
    counts = np.minimum(held, most)
    starts = np.concatenate(([0], np.cumsum(counts)))
    slot = np.arange(starts[-1]) - np.repeat(starts[:-1], counts)
    # A pixel that holds no more than `most` has parts of one place each, so that all of its places are taken.
    within = (slot + np.random.default_rng(0).random(len(slot))) * np.repeat(held / counts, counts)
    return np.repeat(edges[:-1], counts) + within.astype(np.int64), starts
