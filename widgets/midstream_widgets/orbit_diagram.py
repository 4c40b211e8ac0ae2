"""An orbit diagram that a person zooms; what is in sight is computed again at the resolution of the screen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from midstream_lab import plot
from midstream_lab.attractors import lyapunov_spectrum, orbit_diagram
from midstream_lab.attractors.systems import Flow, System
from midstream_lab.errors import LabError

from .base import reject_unknown
from .clock import CLOCK
from .map_view import LATER, MOST, SOON, Drawing, MapView, Shown, check_range

__all__ = ["OrbitDiagram"]

#: Points for each value of the parameter in a first picture, of a map and of a flow, and how often there are four
#: times as many in the finer ones that follow.
POINTS, FINER = (200, 20), 4
#: Values of the parameter, at most: a flow takes longer.
COLUMNS = (MOST, MOST // 2)
#: Seconds of work after which no finer picture, and no further exponent, is begun.
WORK = 6.0
#: Points that are held at a time.
HELD = 2_000_000
#: Values of the parameter, and points for each, from which the first window is found.
LOOK = ((65, 200), (17, 8))
#: Values for which the exponent is computed, and sampling intervals of each run.
EXPONENTS, DURATION = 128, 2000
#: Values of the parameter, and points for each, in a picture for a saved notebook.
SAVED = ((600, 400), (240, 60))

KEYWORDS = ("parameter", "range", "variable", "transient", "name")


class OrbitDiagram(MapView[Shown]):
    """Look into the orbit diagram of a system as deep as you like.

    Long-run values of one variable stand over a parameter: of a map its iterates, of a flow its maxima. Drag a
    rectangle, turn the wheel or use the keys to zoom; what is in sight is computed again, a coarse picture first, then
    more values of the parameter and more points for each. The largest Lyapunov exponent, from the equations, stands
    below on the same axis.

    Parameters
    ----------
    system : Flow or Map
        The other parameters and the start are its own.
    parameter : str
        Name of the parameter that varies.
    range : pair of float
        Lowest and highest value of it.
    variable : str, optional
        Which variable; default the first.
    transient : float, optional
        Time discarded for each value; default the system's `transient`.
    name : str, optional
        A view with the same name is closed first; default ``"orbits"``.

    Attributes
    ----------
    errors : list of str
        What went wrong in the browser.
    exponents : xarray.DataArray or None
        The newest exponents along the parameter, in nats per unit of time; NaN where the orbit left every bound.

    Raises
    ------
    InputError
        If a keyword does not exist, or as for `attractors.orbit_diagram`.

    Notes
    -----
    Shades are relative to the densest pixel of each column. The exponents come from runs of 2000 iterates or
    sampling intervals, enough for a curve; `attractors.lyapunov_spectrum` gives them with an interval.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Logistic
    >>> view = OrbitDiagram(Logistic(), parameter="r", range=(2.8, 4.0))
    >>> view.zoom((3.8, 3.9), (0.4, 0.6))
    >>> view.wait(timeout=60)
    True
    >>> view.close()
    """

    def __init__(
        self,
        system: System,
        *,
        parameter: str,
        range: tuple[float, float],
        variable: str | None = None,
        transient: float | None = None,
        name: str = "orbits",
        **unknown: Any,
    ):
        reject_unknown(unknown, KEYWORDS, what="OrbitDiagram")
        low, high = check_range(range, "range")
        flow = isinstance(system, Flow)
        self._kind = int(flow)
        self._system, self._parameter, self._variable, self._transient = system, parameter, variable, transient
        values, n = LOOK[self._kind]
        # The batch function checks everything.
        first = self._orbits(np.linspace(low, high, values), n)
        self._variable = str(first.name)
        self._unit = system.unit
        self._layout = {"kind": "density", "under": ["λ", f"nat/{self._unit}"]}
        self.exponents: xr.DataArray | None = None
        self._known: dict[float, float] = {}
        what = f"maxima of {self._variable}" if flow else self._variable
        shown = Shown(window=((low, high), _hull(first.values)))
        title = f"Orbit diagram of {system.name}"
        self._make(shown, {}, axes=(parameter, what), title=title, name=name)

    def __repr__(self) -> str:
        (low, high), _ = self.window
        return f"OrbitDiagram({self._system!r}, parameter={self._parameter!r}, range=({low:.6g}, {high:.6g}))"

    def _orbits(self, values: np.ndarray, n: int) -> xr.DataArray:
        return orbit_diagram(
            self._system, self._parameter, values, n=n, variable=self._variable, transient=self._transient
        )

    def _refine(self, shown: Shown) -> Iterator[Drawing]:
        (x0, x1), (y0, y1) = shown.window
        width = 1 << int(np.log2(min(shown.size[0], COLUMNS[self._kind])))
        values = x0 + (np.arange(width) + 0.5) * (x1 - x0) / width
        counts, known = np.zeros((width, shown.size[1]), np.int64), np.zeros(width, bool)
        order, begun, cost = _spread(width), time.monotonic(), 0.0
        low, high = y0, y1
        n = POINTS[self._kind]
        # The share of the points that a window sees falls with its height.
        rounds = 2 + int(np.log(max(1.0, np.ptp(self._home[1]) / (y1 - y0))) / np.log(FINER))
        for turn in range(rounds):
            if turn and time.monotonic() - begun + FINER * cost * width > WORK:
                break
            n *= FINER if turn else 1
            cost *= FINER
            done = 0
            while done < width:
                share = SOON if not known.any() else LATER
                count = (8, 2)[self._kind] if cost == 0.0 else int(share / cost)
                columns = order[done : done + max(1, min(count, HELD // n))]
                start = time.monotonic()
                points = self._orbits(values[columns], n).values
                counts[columns] = _count(points, y0, y1, shown.size[1])
                cost = (time.monotonic() - start) / len(columns)
                known[columns] = True
                done += len(columns)
                low, high = (
                    np.fmin.reduce(points, axis=None, initial=low),
                    np.fmax.reduce(points, axis=None, initial=high),
                )
                yield self._drawing(shown, counts, known, n)
        if shown.window == self._home and (low < y0 or high > y1):
            self._grow(shown, _hull(np.array([low, high])))

    def _grow(self, shown: Shown, up: tuple[float, float]) -> None:
        """More than the first look had seen."""
        if not self._over(shown):
            home = (self._home[0], up)
            self._home = home
            self._change(window=home)
            CLOCK.post(self._send_plane)

    def _drawing(self, shown: Shown, counts: np.ndarray, known: np.ndarray, n: int) -> Drawing:
        # A column that is not known yet shows the next one to the left.
        held = np.flatnonzero(known)
        nearest = held[np.maximum(np.searchsorted(held, np.arange(len(known)), side="right") - 1, 0)]
        filled = counts[nearest]
        shares = filled / np.maximum(filled.max(axis=1, keepdims=True), 1)
        said = f"{len(held)} values of {self._parameter}, {n:,} points for each"
        side = {
            "lines": [["ramp", "density of points: few, to the most in a column"]],
            "said": said if filled.any() else f"{said}; none in sight",
            "computing": held.size < known.size,
        }
        values = np.ceil(255 * shares.T).astype(np.uint8)
        return Drawing(window=shown.window, values=values, detail=f"{len(held)} {n}", side=side)

    def _beside(self, shown: Shown) -> Iterator[dict[str, Any]]:
        (x0, x1), _ = shown.window
        values = x0 + (np.arange(EXPONENTS) + 0.5) * (x1 - x0) / EXPONENTS
        # The first may have to wait for a compiler, which does not count.
        self._exponent(float(values[0]))
        begun = told = time.monotonic()
        for k in _spread(EXPONENTS):
            self._exponent(float(values[k]))
            now = time.monotonic()
            if self._over(shown) or now - begun > WORK:
                break
            if now - told > LATER:
                told = now
                yield {"curve": self._curve(values)}
        yield {"curve": self._curve(values)}

    def _exponent(self, value: float) -> float:
        """Largest exponent at a value of the parameter, kept; NaN where there is none."""
        if value not in self._known:
            if len(self._known) > 20 * EXPONENTS:
                self._known.clear()
            system = self._system.with_params(**{self._parameter: value})
            duration = DURATION * (system.dt if isinstance(system, Flow) else 1.0)
            try:
                found = lyapunov_spectrum(
                    system, n_exponents=1, duration=duration, transient=self._transient, blocks=4
                )["spectrum"].values[0]
            except LabError:
                found = np.nan
            self._known[value] = float(found)
        return self._known[value]

    def _curve(self, values: np.ndarray) -> dict[str, Any]:
        held = np.array([value for value in values.tolist() if value in self._known])
        exponents = np.array([self._known[value] for value in held.tolist()])
        self.exponents = xr.DataArray(
            exponents,
            dims=(self._parameter,),
            coords={self._parameter: held},
            name="exponent",
            attrs={"units": f"nat/{self._unit}", "system": self._system.name},
        )
        return {"x": held.tolist(), "y": [value if np.isfinite(value) else None for value in exponents.tolist()]}

    def _figure(self, shown: Shown) -> Any:
        (x0, x1), (y0, y1) = shown.window
        count, n = SAVED[self._kind]
        n = int(n * min(10.0, np.ptp(self._home[1]) / (y1 - y0)))
        found = self._orbits(np.linspace(x0, x1, count), n)
        for _ in self._beside(shown):
            pass
        return plot.orbits(found, exponents=self.exponents, window=(y0, y1), title=self._title)


def _spread(n: int) -> np.ndarray:
    """0 to n - 1 for a power of two `n`, each as far as can be from those before (van der Corput)."""
    bits = n.bit_length() - 1
    numbers, found = np.arange(n), np.zeros(n, np.int64)
    for _ in range(bits):
        found = 2 * found + numbers % 2
        numbers //= 2
    return found


def _count(points: np.ndarray, low: float, high: float, height: int) -> np.ndarray:
    """How many of each row of `points` (m, n) fall into each of `height` bins from `low` to `high`."""
    with np.errstate(invalid="ignore"):
        bins = np.floor((points - low) / (high - low) * height)
        inside = (bins >= 0) & (bins < height)
    rows = np.nonzero(inside)[0]
    flat = rows * height + bins[inside].astype(np.int64)
    return np.bincount(flat, minlength=len(points) * height).reshape(len(points), height)


def _hull(points: np.ndarray) -> tuple[float, float]:
    """An interval a little wider than all finite `points`."""
    held = points[np.isfinite(points)]
    low, high = (float(held.min()), float(held.max())) if held.size else (-1.0, 1.0)
    room = 0.05 * (high - low) or 0.05 * max(abs(low), 1.0)
    return low - room, high + room
