"""Basins of attraction over two variables, for a person to zoom and to vary parameters."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from midstream_lab import plot
from midstream_lab.attractors._equations import check_system
from midstream_lab.attractors.basins import BasinSearch, label_basins_of, name_attractors, sampling_time
from midstream_lab.attractors.systems import Flow, System
from midstream_lab.errors import InputError

from .base import reject_unknown
from .controls import NumberSlider
from .map_view import LATER, SOON, Drawing, MapView, Shown, check_range

__all__ = ["BasinMap"]

#: Starts along a side of the first picture, and at most.
FIRST_SIDE, MOST_SIDE = 8, 512
#: Seconds of work after which no finer picture is begun.
WORK = 15.0
#: Attractors of two values of a parameter are one if middles and extents differ by at most this share of the box.
SAME = 0.1
#: Cells of an attractor that are drawn.
DRAWN = 300
#: A pixel for which nothing is known yet; those of known ones are their outcome and 1.
UNKNOWN = 255

KEYWORDS = ("box", "parameters", "cells", "dt", "most", "name")


@dataclass(frozen=True, kw_only=True)
class Basins(Shown):
    """The values of the parameters that have sliders."""

    params: tuple[float, ...] = ()


class BasinMap(MapView[Basins]):
    """See which attractor each start reaches, zoom into the boundaries, and vary parameters.

    A coarse grid of starts is followed first, then finer ones as long as nothing moves. The attractors are found on the
    way (`attractors.basins`); their cells and numbers stand on the map, their shares with standard errors beside it.
    An attractor keeps its number and colour when a parameter moves, as far as it can be followed.

    Parameters
    ----------
    system : Flow or Map
        Variables that are not on the map begin where the system starts.
    grid : dict of str to pair of float
        Lowest and highest value of the two variables on the map, the one across first.
    box : pair of array_like, shape (dim,), optional
        Corners of a box that holds the attractors; default three times the system's `basin`, and the map.
    parameters : dict of str to pair of float, optional
        Parameters that get a slider, with the lowest and highest value of each.
    cells, most : int, optional
        As for `attractors.basins`.
    dt : float, optional
        Time between the samples of a flow; default the period of the drive, and without one about the time
        in which the flow crosses ten cells, so that a slow passage is not taken for a recurrence.
    name : str, optional
        A view with the same name is closed first; default ``"basins"``.

    Attributes
    ----------
    errors : list of str
        What went wrong in the browser.
    basins : xarray.Dataset or None
        The newest whole grid, as `attractors.basins` gives it.

    Raises
    ------
    InputError
        If a keyword does not exist, or as for `attractors.basins`.

    Notes
    -----
    The standard errors are those of as many random starts; a grid's own are smaller as a rule.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Henon
    >>> view = BasinMap(Henon(), {"x": (-2, 2), "y": (-2, 2)}, parameters={"a": (1.0, 1.4)})
    >>> view.wait(timeout=60)
    True
    >>> view.basins.sizes["id"]
    1
    >>> view.close()
    """

    _layout = {"kind": "labels", "square": True}  # noqa: RUF012 - a trait's value, not changed

    def __init__(
        self,
        system: System,
        grid: Mapping[str, Sequence[float]],
        *,
        box: tuple[ArrayLike, ArrayLike] | None = None,
        parameters: Mapping[str, Sequence[float]] | None = None,
        cells: int | None = None,
        dt: float | None = None,
        most: int = 20_000,
        name: str = "basins",
        **unknown: Any,
    ):
        reject_unknown(unknown, KEYWORDS, what="BasinMap")
        check_system(system)
        if not isinstance(grid, Mapping) or len(grid) != 2 or not set(grid) <= set(system.variables):
            raise InputError(f"grid must map two of the variables {system.variables} to ranges, not {grid!r}")
        window = tuple(check_range(part, f"grid[{each!r}]") for each, part in grid.items())
        self._ranges = {each: check_range(part, f"parameters[{each!r}]") for each, part in (parameters or {}).items()}
        if absent := set(self._ranges) - set(system.params):
            raise InputError(f"{system.name} has no parameter {sorted(absent)}; it has {list(system.params)}")
        self._system, self._pair = system, tuple(grid)
        self._box = self._default_box(window) if box is None else box
        self._cells, self._dt, self._most = cells, dt, most
        # Checks the box and the rest.
        self._search = self._begin(system)
        self._searched: tuple[float, ...] | None = None
        self._seen: dict[int, np.ndarray] = {}
        self._numbers: list[int] = []
        self.basins: xr.Dataset | None = None
        params = tuple(float(system.params[each]) for each in self._ranges)
        shown = Basins(window=(window[0], window[1]), params=params)
        title = f"Basins of attraction of {system.name}"
        self._make(shown, self._make_controls(params), axes=self._pair, title=title, name=name)

    @property
    def params(self) -> dict[str, float]:
        """Values of the parameters that have sliders; set some to move them."""
        return dict(zip(self._ranges, self._shown.params, strict=True))

    @params.setter
    def params(self, values: Mapping[str, float]) -> None:
        if absent := set(values) - set(self._ranges):
            raise InputError(f"no slider for {sorted(absent)}; there are {list(self._ranges)}")
        new = {**self.params, **{each: float(value) for each, value in values.items()}}
        for each, value in new.items():
            low, high = self._ranges[each]
            if not low <= value <= high:
                raise InputError(f"{each} must be from {low:g} to {high:g}, not {value!r}")
        self._change(params=tuple(new.values()))

    def __repr__(self) -> str:
        parts = ", ".join(f"{each}={value:.6g}" for each, value in self.params.items())
        return f"BasinMap({self._system!r}{', ' if parts else ''}{parts})"

    # -- what it shows -------------------------------------------------------------------------------

    def _default_box(self, window: tuple[tuple[float, float], ...]) -> tuple[np.ndarray, np.ndarray]:
        low, high = (np.array(corner, dtype=np.float64) for corner in self._system.basin)
        low, high = low - (high - low), high + (high - low)
        for each, (first, last) in zip(self._pair, window, strict=True):
            k = self._system.variables.index(each)
            low[k], high[k] = min(low[k], first), max(high[k], last)
        return low, high

    def _begin(self, system: System) -> BasinSearch:
        dt = self._dt
        if dt is None and isinstance(system, Flow):
            dt = _period(system) or sampling_time(system, self._box, self._cells)
        return BasinSearch(system, box=self._box, cells=self._cells, dt=dt, most=self._most)

    def _make_controls(self, params: tuple[float, ...]) -> dict[str, Any]:
        made = {}
        for (each, (low, high)), value in zip(self._ranges.items(), params, strict=True):
            ends = (min(low, value), max(high, value))
            self._ranges[each] = ends
            made[each] = NumberSlider(
                value=value, min=ends[0], max=ends[1], step=(ends[1] - ends[0]) / 200, readout_format=".4g",
                description=each, tooltip=f"Parameter {each} of {self._system.name}",
                layout={"flex": "1 1 240px", "min_width": "0", "max_width": "420px"},
            )  # fmt: skip
        return made

    def _control_values(self, shown: Basins) -> dict[str, Any]:
        return dict(zip(self._ranges, shown.params, strict=True))

    def _moved(self, name: str, value: Any) -> None:
        low, high = self._ranges[name]
        self.params = {name: min(max(float(value), low), high)}

    def _refine(self, shown: Basins) -> Iterator[Drawing]:
        if shown.params != self._searched:
            self._system = self._system.with_params(**self._control_values(shown))
            self._search = self._begin(self._system)
            self._searched, self._numbers = shown.params, []
        side = 1 << int(np.log2(min(*shown.size, MOST_SIDE)))
        axes = {
            each: low + (np.arange(side) + 0.5) * (high - low) / side
            for each, (low, high) in zip(self._pair, shown.window, strict=True)
        }
        label, known = np.zeros((side, side), np.int64), np.zeros((side, side), bool)
        begun, cost, stride = time.monotonic(), 0.0, side // FIRST_SIDE
        while stride:
            fresh = np.zeros((side, side), bool)
            fresh[::stride, ::stride] = True
            todo = np.argwhere(fresh & ~known)
            if time.monotonic() - begun + cost * len(todo) > WORK and known.any():
                break
            done = 0
            while done < len(todo):
                share = SOON if stride == side // FIRST_SIDE else LATER
                part = todo[done : done + (max(1, int(share / cost)) if cost else 1)]
                start = time.monotonic()
                label[tuple(part.T)] = self._label(axes, part)
                cost = (time.monotonic() - start) / len(part)
                known[tuple(part.T)] = True
                done += len(part)
                if done == len(todo):
                    self._keep(axes, label, stride)
                yield self._drawing(shown, label, known, stride)
            stride //= 2

    def _label(self, axes: dict[str, np.ndarray], part: np.ndarray) -> np.ndarray:
        """Outcomes of the starts at places `part` (n, 2) of the grid, by their numbers on the map."""
        starts = np.tile(self._system.start, (len(part), 1))
        for k, (each, values) in enumerate(axes.items()):
            starts[:, self._system.variables.index(each)] = values[part[:, k]]
        found = self._search.label(starts)
        low, high = (np.asarray(corner, dtype=np.float64) for corner in self._box)
        held = self._search.attractors()
        if len(held) > len(self._numbers):
            traits = np.array([[*p.mean(axis=0), *np.ptp(p, axis=0)] for p in held[len(self._numbers) :]])
            traits = traits / np.tile(high - low, 2)
            free = {number: each for number, each in self._seen.items() if number not in self._numbers}
            newest = max(self._seen, default=0)
            for number, each in zip(name_attractors(traits, free, SAME, newest=newest), traits, strict=True):
                self._numbers.append(number)
                self._seen[number] = each
        return np.array([-1, 0, *self._numbers])[found + 1]

    def _keep(self, axes: dict[str, np.ndarray], label: np.ndarray, stride: int) -> None:
        held = dict(sorted(zip(self._numbers, self._search.attractors(), strict=True)))
        thin = {each: values[::stride] for each, values in axes.items()}
        self.basins = label_basins_of(self._system, thin, label[::stride, ::stride], held, self._search.counts)

    def _drawing(self, shown: Basins, label: np.ndarray, known: np.ndarray, stride: int) -> Drawing:
        pixels = np.full(label.shape, UNKNOWN, np.uint8)
        for each in (2 * stride, stride):
            if each > len(label) // FIRST_SIDE:
                continue
            wide = np.ones((each, each), np.uint8)
            there = np.kron(known[::each, ::each], wide).astype(bool)
            pixels[there] = np.kron((label[::each, ::each] + 1).astype(np.uint8), wide)[there]
        final = bool(known[::stride, ::stride].all())
        names = [f"attractor {number}" for number in range(1, max(self._seen, default=0) + 1)]
        side = {
            "marks": self._marks(),
            "names": ["left the box", "undecided", *names],
            "computing": not (final and stride == 1),
        }
        if self.basins is not None and final:
            side |= self._legend(self.basins)
        count = len(label) // stride
        return Drawing(window=shown.window, values=pixels.T.copy(), detail=str(count), side=side)

    def _marks(self) -> list[dict[str, Any]]:
        """Cells of each attractor as the map sees them, and one near their middle for the number."""
        columns = [self._system.variables.index(each) for each in self._pair]
        marks = []
        for number, cells in zip(self._numbers, self._search.attractors(), strict=True):
            places = cells[:: max(1, len(cells) // DRAWN)][:, columns]
            middle = np.argmin(np.abs(places - np.median(places, axis=0)).sum(axis=1))
            x, y = places.T.tolist()
            marks.append({"number": number, "x": x, "y": y, "at": places[middle].tolist()})
        return marks

    def _legend(self, found: xr.Dataset) -> dict[str, Any]:
        lines: list[list[Any]] = []
        for outcome in found["outcome"].values.tolist():
            at = found.sel(outcome=outcome)
            share, error = float(at["fraction"]), float(at["standard_error"])
            if share > 0.0:
                words = {-1: ("gone", "left the box"), 0: ("open", "undecided")}
                kind, text = words.get(outcome, (outcome, f"attractor {outcome}"))
                lines.append([kind, f"{text}: {share:.3f} ± {error:.3f}"])
        others = dict(zip(self._system.variables, self._system.start, strict=True))
        fixed = ", ".join(f"{each} = {value:.4g}" for each, value in others.items() if each not in self._pair)
        said = f"{' x '.join(map(str, found['basin'].shape))} starts" + (f", {fixed}" if fixed else "")
        return {"heading": "Share of the starts ± standard error", "lines": lines, "said": said}

    def _figure(self, shown: Basins) -> Any:
        self.wait()
        found = self.basins
        if found is None:
            raise InputError("nothing has been computed yet; view.wait() waits for it")
        return plot.basins(found, title=self._title)


def _period(system: Flow) -> float | None:
    """Period of the drive, if there is one: samples a period apart are comparable."""
    if "phase" in system.variables and system.params.get("omega", 0.0) > 0.0:
        return 2.0 * np.pi / system.params["omega"]
    return None
