"""Recurrence plots: which moments of a trajectory are alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.recurrence import fill_matrix, list_points
from ._checks import check_radius
from ._points import NORMS, Points, check_norm, choose_radius, embedded, limits_of

__all__ = ["recurrence_matrix", "recurrence_points"]

#: Largest matrix that is made, in rows: one byte for each element.
MAX_ROWS = 30_000


def columns_of(points: np.ndarray) -> np.ndarray:
    """Points (n, m) as contiguous read-only components (m, n)."""
    columns = np.ascontiguousarray(points.T).view()
    columns.flags.writeable = False
    return columns


def settle_radius(made: Points, radius: Any, rate: Any, code: int) -> float:
    """The radius that was given, or that of the rate."""
    if (radius is None) == (rate is None):
        raise InputError("give either radius=... or rate=..., and None for the other")
    if radius is not None:
        return check_radius(radius)
    if not isinstance(rate, int | float):
        raise InputError(f"rate must be a number between 0 and 1, not {rate!r}")
    return choose_radius(made.points, float(rate), made.theiler, code)


def recurrence_attrs(made: Points, norm: str, method: str) -> dict[str, Any]:
    """Attributes of what is taken from a recurrence plot."""
    return {
        "method": method,
        "citation": "Eckmann, Kamphorst & Ruelle (1987); Marwan et al. (2007)",
        "version": __version__,
        "norm": norm,
        **made.attrs,
    }


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What a recurrence plot is drawn of: delay vectors, the radius within which they recur, and the norm."""

    made: Points
    radius: float
    norm: str

    @property
    def drawn(self) -> tuple[np.ndarray, float, int]:
        """Components of the vectors, what their distances are compared with, and the number of the norm."""
        code = NORMS[self.norm]
        return columns_of(self.made.points), limits_of(np.array([self.radius]), code)[0], code

    def attrs(self, method: str) -> dict[str, Any]:
        """What a result says of it."""
        return {**recurrence_attrs(self.made, self.norm, method), "radius": self.radius}


def plotted(x: Any, *, radius: Any, rate: Any, norm: str, **embedding: Any) -> Plot:
    """The plot of `x`, checked; `embedding` goes to `embedded`."""
    code = check_norm(norm)
    made = embedded(x, **embedding)
    return Plot(made=made, radius=settle_radius(made, radius, rate, code), norm=norm)


def recurrence_matrix(
    x: Any,
    *,
    radius: float | None = None,
    rate: float | None = 0.05,
    delay: int | None = None,
    embedding_dim: int | None = None,
    theiler: int | None = None,
    norm: str = "max",
    dt: Any = None,
    channel: str | None = None,
) -> xr.DataArray:
    """Recurrence matrix of a sequence, dense: one byte for each pair of delay vectors.

    `recurrence_points` lists the recurrences of longer sequences; `rqa` needs no matrix.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant; at most 30,000 delay vectors.
    radius : float, optional
        Vectors no further apart recur; in units of `x`. Give ``rate=None`` with it.
    rate : float, optional
        Share of the pairs outside the Theiler window that are to recur, which sets the radius; default 0.05.
    delay, embedding_dim : int, optional
        The embedding, in samples and components; default from `estimate_delay` and `estimate_embedding_dim`.
    theiler : int, optional
        Pairs closer in time do not count for `rate`; default from `estimate_theiler`. All pairs are in the matrix.
    norm : {"max", "euclidean"}, optional
        Distance of two vectors; default the largest difference of their components.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.DataArray of bool, shape (rows, rows)
        Over ``time`` and ``other_time``, in units of time from the first sample; attr `radius`.

    Raises
    ------
    InputError
        If the sequence is constant, too short, too long or not usable, or a parameter is out of range.
    GapError
        If samples are missing.

    References
    ----------
    Eckmann, Kamphorst & Ruelle (1987), Europhys. Lett. 4, 973; Marwan et al. (2007), Phys. Rep. 438, 237.

    Examples
    --------
    >>> plot = recurrence_matrix([0.0, 1.0, 0.1, 1.1], radius=0.5, rate=None, delay=1, embedding_dim=1, theiler=0)
    >>> plot.values.astype(int).tolist()
    [[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1]]
    """
    code = check_norm(norm)
    made = embedded(x, delay=delay, embedding_dim=embedding_dim, theiler=theiler, dt=dt, channel=channel)
    rows = len(made.points)
    if rows > MAX_ROWS:
        raise InputError(
            f"the matrix of {rows} delay vectors is too large (at most {MAX_ROWS}); "
            "use recurrence_points, rqa or a shorter sequence"
        )
    plot = Plot(made=made, radius=settle_radius(made, radius, rate, code), norm=norm)
    matrix = fill_matrix(*plot.drawn)
    times = np.arange(rows) * made.dt
    return xr.DataArray(
        matrix.view(np.bool_),
        dims=("time", "other_time"),
        coords={
            "time": ("time", times, {"units": made.unit}),
            "other_time": ("other_time", times, {"units": made.unit}),
        },
        name="recurrence_matrix",
        attrs=plot.attrs("recurrence matrix"),
    )


def recurrence_points(
    x: Any,
    *,
    radius: float | None = None,
    rate: float | None = 0.05,
    delay: int | None = None,
    embedding_dim: int | None = None,
    theiler: int | None = None,
    norm: str = "max",
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """Recurrence matrix of a sequence, sparse: the pairs of delay vectors that recur, above the main diagonal.

    Parameters
    ----------
    x, radius, rate, delay, embedding_dim, theiler, norm, dt, channel
        As for `recurrence_matrix`, with sequences of any length.

    Returns
    -------
    xarray.Dataset
        Over ``pair``, by row: `row` and `column`, row < column, in samples. The matrix is symmetric, and its main
        diagonal is full: neither is listed. Attrs `radius` and `rows`, the size of the matrix.

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable, or a parameter is out of range.
    GapError
        If samples are missing.

    Notes
    -----
    Memory grows with the number of recurrences, 16 bytes for each. ``scipy.sparse.coo_array((np.ones(len(row)),
    (row, column)), shape=(rows, rows))`` makes a matrix of them.

    Examples
    --------
    >>> found = recurrence_points([0.0, 1.0, 0.1, 1.1], radius=0.5, rate=None, delay=1, embedding_dim=1, theiler=0)
    >>> list(zip(found["row"].values.tolist(), found["column"].values.tolist()))
    [(0, 2), (1, 3)]
    """
    embedding = {"delay": delay, "embedding_dim": embedding_dim, "theiler": theiler, "dt": dt, "channel": channel}
    plot = plotted(x, radius=radius, rate=rate, norm=norm, **embedding)
    rows = len(plot.made.points)
    pairs, found = list_points(*plot.drawn, 16 * rows)
    if found > len(pairs):
        pairs, found = list_points(*plot.drawn, found)
    return xr.Dataset(
        {
            "row": ("pair", pairs[:found, 0], {"units": "samples"}),
            "column": ("pair", pairs[:found, 1], {"units": "samples"}),
        },
        attrs={**plot.attrs("recurrent pairs above the main diagonal"), "rows": rows},
    )
