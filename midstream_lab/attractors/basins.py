"""Basins of attraction, and how they change with a parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..errors import InputError
from ..kernels.attractors.basins import label_basins
from ._checks import check_whole
from ._equations import attributes, check_grid, check_system, set_out
from .systems import Flow, System
from .systems.base import view

__all__ = ["basin_fractions", "basins"]

#: Samples running: in cells seen before (a new attractor), in cells of a known one (flows, maps), outside (left);
#: samples that mark the cells of a new one, and samples before a search ends.
RECUR, HITS, LOST, LOCATE, MOST = 100, (20, 2), 20, 1000, 20_000
#: Most cells of the grid on which recurrences are seen.
MAX_CELLS = 20_000_000
CITATION = "Datseris & Wagemakers (2022), Chaos 32, 023104"


def basins(
    system: System,
    grid: dict[str, Any],
    *,
    box: tuple[ArrayLike, ArrayLike],
    cells: int | None = None,
    dt: float | None = None,
    most: int = MOST,
) -> xr.Dataset:
    """Which attractor each start of a grid reaches; the attractors need not be known.

    The box is divided into cells. A trajectory that keeps to cells where it was before has found an attractor; one
    that keeps to cells of a known attractor belongs to it (Datseris & Wagemakers 2022).

    Parameters
    ----------
    system : Flow or Map
    grid : dict of str to array_like
        Increasing values of some variables; the others are where the system starts.
    box : pair of array_like, shape (dim,)
        Corners of a box that holds the attractors.
    cells : int, optional
        Cells along each variable; default as many as give a million in all, at most 1000. Attractors closer than
        a cell are one.
    dt : float, optional
        Time between the samples of a flow; default its `dt`. Some samples should fall in different cells.
    most : int, optional
        Samples before a start is given up; default 20,000.

    Returns
    -------
    xarray.Dataset
        `basin` over the variables of the grid: the number of the attractor from 1 on, -1 where the trajectory left
        the box, 0 where `most` samples did not decide. `attractor` (dims ``id``, ``channel``): the middle of its cells,
        `extent` their spread, `fraction` (dim ``outcome``): the share of starts of each number.

    Raises
    ------
    InputError
        If the grid, the box or a parameter does not fit.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Logistic
    >>> found = basins(Logistic(r=2.8), {"x": [-0.5, 0.1, 0.9]}, box=([-1.0], [2.0]))
    >>> found["basin"].values.tolist(), found["attractor"].values.round(2).tolist()
    ([-1, 1, 1], [[0.64]])
    """
    check_system(system)
    axes = check_grid(grid, system)
    low, high, counts = _cells(system, box, cells)
    check_whole(most, "most", least=RECUR + 1)
    flow = isinstance(system, Flow)
    h, substeps = system.divide(system.dt if dt is None else float(dt)) if flow else (0.0, 1)
    width = (high - low) / counts
    counts.flags.writeable = False
    label, marked = system.run(
        label_basins,
        view(set_out(system, axes)),
        h,
        substeps,
        view(low),
        view(width),
        counts,
        RECUR,
        LOCATE,
        HITS[0] if flow else HITS[1],
        LOST,
        most,
    )
    where = np.flatnonzero(marked)
    places = low + (np.stack(np.unravel_index(where, tuple(counts)), axis=1) + 0.5) * width
    ids = np.arange(1, label.max(initial=0) + 1)
    held = [places[marked[where] == i] for i in ids]
    outcomes = np.concatenate([[-1, 0], ids])
    shape = tuple(len(axis) for axis in axes.values())
    return xr.Dataset(
        {
            "basin": (tuple(axes), label.reshape(shape)),
            "attractor": (("id", "channel"), np.array([p.mean(axis=0) for p in held]).reshape(-1, system.dim)),
            "extent": (("id", "channel"), np.array([np.ptp(p, axis=0) for p in held]).reshape(-1, system.dim)),
            "fraction": ("outcome", [float((label == i).mean()) for i in outcomes], {"units": "1"}),
        },
        coords={**axes, "id": ids, "channel": list(system.variables), "outcome": outcomes},
        attrs=attributes(system, "recurrences on a grid of cells", CITATION, cells=" x ".join(map(str, counts))),
    )


def _cells(
    system: System, box: tuple[ArrayLike, ArrayLike], cells: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    try:
        low, high = (np.array(corner, dtype=np.float64) for corner in box)
        fits = low.shape == high.shape == (system.dim,) and np.isfinite(low + high).all() and (low < high).all()
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise InputError(f"box must be two corners of {system.dim} finite numbers, low below high, not {box!r}")
    count = min(1000, int(1e6 ** (1.0 / system.dim) + 1e-9)) if cells is None else check_whole(cells, "cells", least=2)
    if float(count) ** system.dim > MAX_CELLS or count < 2:
        raise InputError(
            f"{count} cells along each of {system.dim} variables are too many or too few: at least 2, "
            f"and at most {MAX_CELLS:,} in all"
        )
    return low, high, np.full(system.dim, count, np.int64)


def basin_fractions(
    system: System,
    parameter: str,
    values: ArrayLike,
    grid: dict[str, Any],
    *,
    box: tuple[ArrayLike, ArrayLike],
    cells: int | None = None,
    dt: float | None = None,
    most: int = MOST,
    tol: float = 0.1,
) -> xr.Dataset:
    """Shares of the basins as a parameter varies, each attractor followed from one value to the next.

    Parameters
    ----------
    system, grid, box, cells, dt, most
        As for `basins`.
    parameter : str
        Name of the parameter that varies.
    values : array_like, shape (m,)
        Its values, in the order in which attractors are followed.
    tol : float, optional
        An attractor is the one of the value before if their middles and extents differ by at most this share of the
        box; default 0.1. Nearest pairs first; one without a match is new.

    Returns
    -------
    xarray.Dataset
        `fraction` (dims `parameter`, ``outcome``: -1 left, 0 undecided, then attractors) and `attractor`
        (dims `parameter`, ``id``, ``channel``), NaN where the attractor does not exist.

    Raises
    ------
    InputError
        As for `basins`, or if the parameter does not exist.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Logistic
    >>> found = basin_fractions(Logistic(), "r", [2.5, 2.6], {"x": [0.2, 0.4]}, box=([-1.0], [2.0]))
    >>> found["fraction"].sel(outcome=1).values.tolist()
    [1.0, 1.0]
    """
    varied = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if varied.ndim != 1 or not varied.size:
        raise InputError(f"values must be one or more numbers, not {values!r}")
    check_system(system)
    low, high, _ = _cells(system, box, cells)
    known: dict[int, np.ndarray] = {}
    names: list[dict[int, int]] = []
    results: list[xr.Dataset] = []
    newest = 0
    for value in varied:
        start = system.with_params(**{parameter: float(value)})
        found = basins(start, grid, box=box, cells=cells, dt=dt, most=most)
        traits = np.concatenate([found["attractor"].values, found["extent"].values], axis=1) / np.tile(high - low, 2)
        pairs = sorted(
            (float(np.abs(traits[i] - trait).max()), i, number)
            for i in range(len(traits))
            for number, trait in known.items()
        )
        named: dict[int, int] = {}
        for distance, i, number in pairs:
            if distance <= tol and i not in named and number not in named.values():
                named[i] = number
        for i in range(len(traits)):
            if i not in named:
                newest += 1
                named[i] = newest
        known |= {number: traits[i] for i, number in named.items()}
        names.append(named)
        results.append(found)
    fraction = np.zeros((len(varied), newest + 2))
    attractor = np.full((len(varied), newest, system.dim), np.nan)
    for row, (found, named) in enumerate(zip(results, names, strict=True)):
        fraction[row, :2] = found["fraction"].values[:2]
        for i, number in named.items():
            fraction[row, number + 1] = found["fraction"].values[i + 2]
            attractor[row, number - 1] = found["attractor"].values[i]
    ids = np.arange(1, newest + 1)
    return xr.Dataset(
        {
            "fraction": ((parameter, "outcome"), fraction, {"units": "1"}),
            "attractor": ((parameter, "id", "channel"), attractor),
        },
        coords={
            parameter: varied,
            "outcome": np.concatenate([[-1, 0], ids]),
            "id": ids,
            "channel": list(system.variables),
        },
        attrs=attributes(system, "basins followed by their attractors", CITATION, tol=tol),
    )
