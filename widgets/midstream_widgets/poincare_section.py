"""A Poincaré section whose plane a person moves, with its return map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from midstream_lab import plot
from midstream_lab.attractors import poincare_section
from midstream_lab.attractors._checks import check_whole
from midstream_lab.attractors.systems import Flow
from midstream_lab.errors import InputError

from .base import reject_unknown
from .clock import CLOCK
from .controls import Choice, NumberSlider, Steps, Switch
from .map_view import Drawing, MapView, Shown, Window

__all__ = ["PoincareSection"]

#: Samples of a flow that are cut first; the integrator's own crossings follow.
SAMPLES = 20_000
#: Crossings of a driving phase that are drawn first: each is a whole period away.
FIRST_TURNS = 60
#: Results of the integrator that are kept, so that a zoom costs nothing.
KEPT = 8
#: How the crossings of the integrator are called.
EXACT = "by the integrator"
#: Crossings that are offered.
COUNTS = (250, 500, 1000, 2000, 4000, 8000, 16_000)
#: Variables, at most, for which the normal has a slider each.
MOST_SLIDERS = 6
#: Steps of the sliders for a component and, as a share of its range, for the offset.
TILT, STEP = 0.05, 1 / 400

PHASE = "phase"
KEYWORDS = ("plane", "direction", "n", "axes", "return_map", "transient", "name")


@dataclass(frozen=True, kw_only=True)
class Cut(Shown):
    """The plane ``normal . x = offset``, which crossings count, and what is drawn of them."""

    normal: tuple[float, ...]
    offset: float
    direction: str
    n: int
    across: str
    up: str
    return_map: bool


class PoincareSection(MapView[Cut]):
    """Cut a flow, or a sampled trajectory, with a plane, and move the plane.

    Sliders turn and shift the plane. Of a flow, samples of one long trajectory are cut at once, and the crossings of
    the integrator, exact to the last bit, follow when the sliders rest; a sampled trajectory is cut on the cubic
    through four samples. The return map shows a variable at each crossing over the one before.

    Parameters
    ----------
    system : Flow or xarray.DataArray
        A flow, or a trajectory with the dimensions ``time`` and ``channel``.
    plane : (str or array_like, float), optional
        Variable, or normal vector of shape (dim,), and the value on the plane; default the last variable at
        its median, of a driven system the phase at 0.
    direction : {"up", "down", "both"}, optional
        Sign of the crossings that count; default ``"up"``.
    n : int, optional
        Crossings, at most; default 2000.
    axes : pair of str, optional
        Variables that are drawn across and up; default the first two that the plane does not fix.
    return_map : bool, optional
        Whether the return map of the first of `axes` is shown; default False.
    transient : float, optional
        Time discarded first; default the `transient` of a flow, and 0 for a trajectory.
    name : str, optional
        A view with the same name is closed first; default ``"section"``.

    Attributes
    ----------
    errors : list of str
        What went wrong in the browser.
    section : xarray.Dataset or None
        The newest result of `attractors.poincare_section`; None where there is none.

    Raises
    ------
    InputError
        If a keyword does not exist, or as for `attractors.poincare_section`.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Rossler
    >>> view = PoincareSection(Rossler(), plane=("y", 0.0), n=500)
    >>> view.wait(timeout=60)
    True
    >>> view.offset = 1.0
    >>> view.wait(timeout=60), view.section.sizes["crossing"]
    (True, 500)
    >>> view.close()
    """

    _layout = {"kind": "points", "square": True}  # noqa: RUF012 - a trait's value, not changed

    def __init__(
        self,
        system: Flow | xr.DataArray,
        *,
        plane: tuple[Any, float] | None = None,
        direction: str = "up",
        n: int = 2000,
        axes: tuple[str, str] | None = None,
        return_map: bool = False,
        transient: float | None = None,
        name: str = "section",
        **unknown: Any,
    ):
        reject_unknown(unknown, KEYWORDS, what="PoincareSection")
        check_whole(n, "n", least=1)
        names = _names(system)
        self._turns = isinstance(system, Flow) and PHASE in names
        if plane is None and self._turns:
            plane = (PHASE, 0.0)
        start = float(system.start[-1]) if isinstance(system, Flow) else 0.0
        probe = ((names or [""])[-1], start) if plane is None else plane
        # The batch function checks everything.
        poincare_section(system, probe, direction=direction, n=1, transient=transient)
        self._flow: Flow | None = None
        self._samples: xr.DataArray
        if isinstance(system, Flow):
            self._flow = system.settled(transient)
            self._flow.reset(initial=self._flow.state)
            self._samples, self._transient = self._flow.trajectory(SAMPLES, transient=0.0), None
        else:
            self._samples, self._transient = system, transient
        self._names = names
        self._points = self._samples.transpose("time", "channel").values.astype(np.float64)
        self._middle = np.median(self._points, axis=0)
        if plane is None:
            plane = (names[-1], float(self._middle[-1]))
        what, offset = plane
        normal = np.eye(len(names))[names.index(what)] if isinstance(what, str) else np.array(what, dtype=np.float64)
        size = max(1.0, float(np.abs(normal).max()))
        across, up = self._two(axes, normal)
        cut = Cut(
            window=self._hull(across, up, bool(return_map)), normal=tuple((normal / size).tolist()),
            offset=float(offset) / size, direction=direction, n=int(n), across=across, up=up,
            return_map=bool(return_map),
        )  # fmt: skip
        self.section: xr.Dataset | None = None
        self._exact: dict[tuple[Any, ...], xr.Dataset] = {}
        named = system.name if isinstance(system, Flow) else system.attrs.get("title", "a trajectory")
        self._make(
            cut, self._make_controls(cut), axes=self._labels(cut), title=f"Poincaré section of {named}", name=name
        )

    # -- what a program may do -----------------------------------------------------------------------

    @property
    def normal(self) -> tuple[float, ...]:
        """Normal vector of the plane; set it to turn the plane about the middle of the trajectory."""
        return self._shown.normal

    @normal.setter
    def normal(self, value: Any) -> None:
        normal = np.asarray(value, dtype=np.float64)
        if normal.shape != (len(self._names),) or not np.isfinite(normal).all() or not normal.any():
            raise InputError(f"normal must be {len(self._names)} finite numbers, not all 0, not {value!r}")
        self._turn_to(normal / max(1.0, float(np.abs(normal).max())))

    @property
    def offset(self) -> float:
        """What the normal times a point of the plane gives; set it to shift the plane."""
        return self._shown.offset

    @offset.setter
    def offset(self, value: float) -> None:
        if not np.isfinite(number := float(value)):
            raise InputError(f"offset must be a finite number, not {value!r}")
        self._change(offset=number)

    @property
    def direction(self) -> str:
        """Sign of the crossings that count: ``"up"``, ``"down"`` or ``"both"``."""
        return self._shown.direction

    @direction.setter
    def direction(self, value: str) -> None:
        if value not in ("up", "down", "both"):
            raise InputError(f"direction must be 'up', 'down' or 'both', not {value!r}")
        self._change(direction=value)

    @property
    def return_map(self) -> bool:
        """Whether the return map is shown."""
        return self._shown.return_map

    @return_map.setter
    def return_map(self, value: bool) -> None:
        self._change(return_map=bool(value))

    def __repr__(self) -> str:
        normal = ", ".join(f"{each:.3g}" for each in self.normal)
        return f"PoincareSection(normal=({normal}), offset={self.offset:.6g}, direction={self.direction!r})"

    # -- what it shows -------------------------------------------------------------------------------

    def _turn_to(self, normal: np.ndarray) -> None:
        """Turn the plane about the middle of the trajectory, from which it keeps its distance."""
        if self._turns:
            raise InputError(f"the plane of a driven system is a {PHASE}; it can be shifted, not turned")
        old = np.array(self._shown.normal)
        sizes = [float(np.linalg.norm(each)) for each in (old, normal)]
        apart = (self._shown.offset - float(old @ self._middle)) * sizes[1] / sizes[0] if sizes[0] else 0.0
        self._change(normal=tuple(normal.tolist()), offset=float(normal @ self._middle) + apart)

    def _two(self, axes: tuple[str, str] | None, normal: np.ndarray) -> tuple[str, str]:
        """Variables across and up: those that are asked for, or the first that the plane does not fix."""
        if axes is not None:
            if len(axes) != 2 or not set(axes) <= set(self._names):
                raise InputError(f"axes must be two of the variables {self._names}, not {axes!r}")
            return axes[0], axes[1]
        fixed = np.abs(normal) > 0.999 * np.linalg.norm(normal)
        free = [name for name, held in zip(self._names, fixed, strict=True) if not held]
        return free[0], free[1] if len(free) > 1 else self._names[int(np.argmax(fixed))]

    def _hull(self, across: str, up: str, return_map: bool) -> Window:
        """All that the drawn variables reach, whatever the plane, so that a moving plane does not shake the axes."""
        ends = []
        for name in (across, across if return_map else up):
            values = self._points[:, self._names.index(name)]
            low, high = float(values.min()), float(values.max())
            room = 0.04 * (high - low) or 0.5
            ends.append((low - room, high + room))
        return ends[0], ends[1]

    def _change(self, **changes: Any) -> None:
        if changes.keys() & {"across", "up", "return_map"}:
            new = replace(self._shown, **changes)
            changes["window"] = self._home = self._hull(new.across, new.up, new.return_map)
            self._axes = self._labels(new)
            CLOCK.post(self._send_plane)
        super()._change(**changes)

    def _make_controls(self, cut: Cut) -> dict[str, Any]:
        wide = {"flex": "1 1 210px", "min_width": "0", "max_width": "330px"}
        narrow = {"flex": "0 1 170px", "min_width": "0"}
        low, high = self._offsets(cut)
        made: dict[str, Any] = {
            "offset": NumberSlider(
                value=cut.offset, min=low, max=high, step=(high - low) * STEP,
                readout_format=".4g", description="offset", tooltip="n · x on the plane", layout=wide,
            ),
        }  # fmt: skip
        # A plane of constant phase cannot be tilted.
        if not self._turns and len(self._names) <= MOST_SLIDERS:
            for name, part in zip(self._names, cut.normal, strict=True):
                tip = f"Component of the normal along {name}"
                made[f"normal {name}"] = NumberSlider(
                    value=part, min=-1.0, max=1.0, step=TILT, description=f"normal, {name}", tooltip=tip, layout=wide
                )
        ways = [("upward", "up"), ("downward", "down")] + ([] if self._turns else [("both", "both")])
        counts = sorted({*COUNTS, cut.n})
        made |= {
            "direction": Choice(options=ways, value=cut.direction, description="crossings", layout=narrow),
            "n": Steps(options=counts, value=cut.n, description="at most", layout=wide, tooltip="Crossings"),
            "across": Choice(options=self._names, value=cut.across, description="across", layout=narrow),
            "up": Choice(options=self._names, value=cut.up, description="up", layout=narrow),
            "return_map": Switch(
                value=cut.return_map, description="return map", layout={"flex": "0 0 110px"},
                tooltip="The variable across, at each crossing over the one before",
            ),
        }  # fmt: skip
        return made

    def _offsets(self, cut: Cut) -> tuple[float, float]:
        """Between which offsets a plane with this normal meets the trajectory."""
        if self._turns:
            return 0.0, 2 * np.pi
        along = self._points @ np.array(cut.normal)
        low, high = float(along.min()), float(along.max())
        return min(low, cut.offset), max(high, cut.offset, low + 1e-9)

    def _control_values(self, shown: Cut) -> dict[str, Any]:
        parts = {f"normal {name}": part for name, part in zip(self._names, shown.normal, strict=True)}
        values = {"offset": shown.offset} | parts
        values |= {name: getattr(shown, name) for name in ("direction", "n", "across", "up", "return_map")}
        return {name: value for name, value in values.items() if name in self._controls.controls}

    def _slider_ranges(self, shown: Cut) -> dict[str, tuple[float, float, float]]:
        low, high = self._offsets(shown)
        return {"offset": (low, high, (high - low) * STEP)}

    def _moved(self, name: str, value: Any) -> None:
        if name.startswith("normal "):
            normal = np.array(self._shown.normal)
            normal[self._names.index(name.removeprefix("normal "))] = value
            self._turn_to(normal)
        else:
            super()._moved(name, value)

    def _labels(self, shown: Cut) -> tuple[str, str]:
        return (shown.across, f"next {shown.across}") if shown.return_map else (shown.across, shown.up)

    def _cut(self, shown: Cut, n: int, *, exactly: bool) -> xr.Dataset:
        plane: tuple[Any, float] = (PHASE, shown.offset) if self._turns else (shown.normal, shown.offset)
        if exactly and self._flow is not None:
            return poincare_section(self._flow, plane, direction=shown.direction, n=n, transient=0.0)
        return poincare_section(self._samples, plane, direction=shown.direction, n=n, transient=self._transient)

    def _refine(self, shown: Cut) -> Iterator[Drawing]:
        key = _key(shown)
        if key in self._exact:
            yield self._drawing(shown, self._exact[key], EXACT)
        elif self._turns:
            yield self._drawing(shown, self._cut(shown, min(shown.n, FIRST_TURNS), exactly=True), "the first")
        else:
            found = self._cut(shown, shown.n, exactly=False)
            if key not in self._exact:
                yield self._drawing(shown, found, "from samples")

    def _beside(self, shown: Cut) -> Iterator[dict[str, Any]]:
        if self._flow is None:
            return iter(())
        key = _key(shown)
        if key not in self._exact:
            if len(self._exact) >= KEPT:
                self._exact.clear()
            self._exact[key] = self._cut(shown, shown.n, exactly=True)
        # Drawn again even if it was there: the samples may have been drawn while it was computed for another window.
        CLOCK.post(self._take, shown, self._drawing(shown, self._exact[key], EXACT))
        return iter(())

    def _drawing(self, shown: Cut, found: xr.Dataset, how: str) -> Drawing:
        self.section = found
        points = np.stack([found["points"].sel(channel=name).values for name in (shown.across, shown.up)], axis=1)
        if shown.return_map:
            points = np.stack([points[:-1, 0], points[1:, 0]], axis=1)
        count = found.sizes["crossing"]
        parts = zip(self._names, shown.normal, strict=True)
        terms = " + ".join(name if part == 1.0 else f"{part:.3g} {name}" for name, part in parts if part)
        side = {
            "heading": f"Plane {terms} = {shown.offset:.4g}".replace("+ -", "− ").replace("-", "−"),
            "said": f"{count:,} crossings, {how}" if count else "no crossing: the plane misses the trajectory",
            "computing": self._flow is not None and how != EXACT,
            "diagonal": shown.return_map,
        }
        return Drawing(window=shown.window, values=points, detail=f"{count} {how}", side=side)

    def _figure(self, shown: Cut) -> Any:
        found = self._cut(shown, shown.n, exactly=True)
        figure = plot.section(
            found, axes=(shown.across, shown.up), return_map=shown.across if shown.return_map else None,
            title=self._title,
        )  # fmt: skip
        figure.axes[0].set(xlim=shown.window[0], ylim=shown.window[1])
        return figure


def _names(system: Any) -> list[str]:
    """Names of the variables; none of what is no system and no trajectory."""
    if isinstance(system, Flow):
        return list(system.variables)
    labelled = isinstance(system, xr.DataArray) and set(system.dims) == {"time", "channel"}
    return [str(name) for name in system["channel"].values] if labelled else []


def _key(shown: Cut) -> tuple[Any, ...]:
    return shown.normal, shown.offset, shown.direction, shown.n
