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
#: States at which the speed is taken, and cells between two samples (Datseris & Wagemakers 2022).
CROSSINGS, CELLS_APART = 200, 10.0
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
        `extent` their spread, `fraction` (dim ``outcome``): the share of starts of each number, with its
        `standard_error`, that of as many random starts (a grid's own is smaller as a rule).

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
    search = BasinSearch(system, box=box, cells=cells, dt=dt, most=most)
    label = search.label(set_out(system, axes)).reshape(tuple(len(axis) for axis in axes.values()))
    held = search.attractors()
    return label_basins_of(system, axes, label, dict(enumerate(held, start=1)), search.counts)


def label_basins_of(
    system: System, axes: dict[str, np.ndarray], label: np.ndarray, held: dict[int, np.ndarray], counts: np.ndarray
) -> xr.Dataset:
    """What `basins` returns, of labels on a grid and of the cells `held` (cells, dim) by each attractor."""
    outcomes = np.array([-1, 0, *held])
    fraction = np.array([float((label == i).mean()) for i in outcomes])
    shape = (len(held), system.dim)
    return xr.Dataset(
        {
            "basin": (tuple(axes), label),
            "attractor": (("id", "channel"), np.array([p.mean(axis=0) for p in held.values()]).reshape(shape)),
            "extent": (("id", "channel"), np.array([np.ptp(p, axis=0) for p in held.values()]).reshape(shape)),
            "fraction": ("outcome", fraction, {"units": "1"}),
            "standard_error": ("outcome", np.sqrt(fraction * (1.0 - fraction) / label.size), {"units": "1"}),
        },
        coords={
            **axes,
            "id": np.array([*held], dtype=np.int64),
            "channel": list(system.variables),
            "outcome": outcomes,
        },
        attrs=attributes(system, "recurrences on a grid of cells", CITATION, cells=" x ".join(map(str, counts))),
    )


class BasinSearch:
    """Labels starts with the attractors they reach, and keeps what it has found from one call to the next.

    Parameters
    ----------
    system, box, cells, dt, most
        As for `basins`.
    """

    def __init__(
        self,
        system: System,
        *,
        box: tuple[ArrayLike, ArrayLike],
        cells: int | None = None,
        dt: float | None = None,
        most: int = MOST,
    ):
        check_whole(most, "most", least=RECUR + 1)
        self._system, self._most, self._before = system, most, 0
        self._low, high, self.counts = _cells(system, box, cells)
        self.counts.flags.writeable = False
        self._width = (high - self._low) / self.counts
        flow = isinstance(system, Flow)
        self._step = system.divide(system.dt if dt is None else float(dt)) if flow else (0.0, 1)
        self._hits = HITS[0] if flow else HITS[1]
        self._marked, self._visited = (np.zeros(int(self.counts.prod()), np.int32) for _ in range(2))

    def label(self, starts: np.ndarray) -> np.ndarray:
        """Attractor of each of `starts` (n, dim), from 1 on; -1 where it left the box, 0 where it is not decided."""
        found = self._system.run(
            label_basins,
            view(starts),
            *self._step,
            view(self._low),
            view(self._width),
            self.counts,
            self._marked,
            self._visited,
            self._before,
            RECUR,
            LOCATE,
            self._hits,
            LOST,
            self._most,
        )
        self._before += len(starts)
        return np.asarray(found)

    def attractors(self) -> list[np.ndarray]:
        """Middles (cells, dim) of the cells of each attractor found so far."""
        where = np.flatnonzero(self._marked)
        places = np.stack(np.unravel_index(where, tuple(self.counts)), axis=1)
        places = self._low + (places + 0.5) * self._width
        return [places[self._marked[where] == i] for i in range(1, int(self._marked.max()) + 1)]


def sampling_time(system: Flow, box: tuple[ArrayLike, ArrayLike], cells: int | None) -> float:
    """Time in which a flow crosses about ten cells, so that a slow passage is not taken for a recurrence.

    From the velocities at random states of the system's `basin`; between one and a hundred of its `dt`.
    """
    low, high, counts = _cells(system, box, cells)
    states = np.random.default_rng(0).uniform(*system.basin, size=(CROSSINGS, system.dim))
    speeds = np.array([np.abs(system.velocity(state)) / (high - low) * counts for state in states]).max(axis=1)
    return float(np.clip(CELLS_APART / max(speeds.mean(), 1e-300), system.dt, 100.0 * system.dt))


def name_attractors(traits: np.ndarray, known: dict[int, np.ndarray], tol: float, *, newest: int) -> list[int]:
    """Numbers of attractors with these `traits` (n, k): of the nearest known one within `tol`, or after `newest`.

    Each known one is given once, the nearest pairs first.
    """
    pairs = sorted(
        (float(np.abs(trait - other).max()), i, number)
        for i, trait in enumerate(traits)
        for number, other in known.items()
    )
    named: dict[int, int] = {}
    for distance, i, number in pairs:
        if distance <= tol and i not in named and number not in named.values():
            named[i] = number
    for i in range(len(traits)):
        if i not in named:
            newest += 1
            named[i] = newest
    return [named[i] for i in range(len(traits))]


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
    names: list[list[int]] = []
    results: list[xr.Dataset] = []
    for value in varied:
        start = system.with_params(**{parameter: float(value)})
        found = basins(start, grid, box=box, cells=cells, dt=dt, most=most)
        traits = np.concatenate([found["attractor"].values, found["extent"].values], axis=1) / np.tile(high - low, 2)
        names.append(name_attractors(traits, known, tol, newest=max(known, default=0)))
        known |= dict(zip(names[-1], traits, strict=True))
        results.append(found)
    newest = max(known, default=0)
    fraction = np.zeros((len(varied), newest + 2))
    attractor = np.full((len(varied), newest, system.dim), np.nan)
    for row, (found, named) in enumerate(zip(results, names, strict=True)):
        fraction[row, :2] = found["fraction"].values[:2]
        for i, number in enumerate(named):
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
