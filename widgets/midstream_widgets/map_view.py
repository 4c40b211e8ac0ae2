"""What the maps share: a plane that a person zooms, drawn coarsely at once and then finer, the newest move first."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import traitlets

from midstream_lab import plot
from midstream_lab.errors import InputError, LabError

from .base import RAMP, Canvas, Snapshot, join_esm
from .clock import CLOCK
from .slider_view import SliderView

__all__ = ["Drawing", "MapView", "Shown", "Window", "check_range"]

#: Fewest and most pixels along a side of a drawing, and those of one that nobody has looked at.
FEWEST, MOST, FIRST = 60, 1024, (600, 400)

#: Seconds of work after which a drawing is shown: the first, and those that make it finer.
SOON, LATER = 0.03, 0.15

#: Seconds without a move before what takes longer is begun.
REST = 0.15

Window = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a person has asked to see; a subclass adds what its controls say.

    Attributes
    ----------
    window : pair of pairs of float
        Ends of the horizontal and of the vertical axis.
    size : pair of int
        Pixels across and up.
    """

    window: Window
    size: tuple[int, int] = FIRST


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One picture of a plane.

    Attributes
    ----------
    window : pair of pairs of float
        The part of the plane that it covers.
    values : ndarray
        ``uint8`` of shape (height, width), the lowest row first; or points, float64 of shape (n, 2).
    detail : str
        How fine it is, in words.
    side : dict
        What stands on and beside it.
    """

    window: Window
    values: np.ndarray
    detail: str
    side: dict[str, Any]


class MapCanvas(Canvas):
    """The picture and the words beside it; a `MapView` fills them."""

    _esm = join_esm("plane.js", "map_view.js")
    _css = Canvas._css + (Path(__file__).parent / "map_view.css").read_text(encoding="utf-8")
    _layout = traitlets.Dict().tag(sync=True)
    _plane = traitlets.Dict().tag(sync=True)
    _side = traitlets.Dict().tag(sync=True)


S = TypeVar("S", bound=Shown)


class MapView(SliderView[S], Generic[S]):
    """Base of the maps. A subclass says how its plane is drawn, and what takes longer."""

    #: ``kind`` of the drawings, whether the plane is ``square``, and name and unit of a curve ``under`` it.
    _layout: dict[str, Any]
    _turn = 0

    def _make(self, shown: S, controls: dict[str, Any], *, axes: Sequence[str], title: str, name: str) -> None:
        """Make the page; the first window is all there is to see."""
        self._home, self._axes, self._title = shown.window, tuple(axes), title
        self._canvas = MapCanvas(
            _title=title, _layout=self._layout, _plane=self._plane_of(shown), _look={"ramp": RAMP},
            layout={"width": "100%"},
        )  # fmt: skip
        work = {"picture": (self._compute_picture, 0.0), "beside": (self._compute_beside, REST)}
        self._build(shown, work=work, controls=controls, canvases=[self._canvas], name=name)

    # -- what a subclass says ------------------------------------------------------------------------

    @abstractmethod
    def _refine(self, shown: S) -> Iterator[Drawing]:
        """Drawings of what is shown, from coarse to fine, each within a fraction of a second of the one before."""

    def _beside(self, shown: S) -> Iterator[dict[str, Any]]:
        """What stands beside the picture and takes longer, as it comes."""
        return iter(())

    @abstractmethod
    def _figure(self, shown: S) -> Any:
        """What is shown, as a figure of matplotlib."""

    def _token(self, shown: S) -> str:
        """What the controls say, in a word."""
        return " ".join(
            f"{value:.6g}" if isinstance(value, float) else f"{value}" for value in self._control_values(shown).values()
        )

    # -- what a program may do -----------------------------------------------------------------------

    @property
    def window(self) -> Window:
        """Ends of the horizontal and of the vertical axis that are shown."""
        return self._shown.window

    def zoom(self, x: Sequence[float] | None = None, y: Sequence[float] | None = None) -> None:
        """Show from the first to the second of either pair; None shows all there is."""
        window = tuple(
            home if part is None else check_range(part, name, inside=home)
            for name, part, home in zip("xy", (x, y), self._home, strict=True)
        )
        self._change(window=window)
        CLOCK.post(self._send_plane)

    def snapshot(self) -> Snapshot:
        """A static picture of what is shown, for a saved notebook."""
        shown = self._shown
        (x0, x1), (y0, y1) = shown.window
        said = f"{self._axes[0]} from {x0:.6g} to {x1:.6g}, {self._axes[1]} from {y0:.6g} to {y1:.6g}"
        return Snapshot(plot.png(self._figure(shown), dpi=80), f"{self._title}; {said}")

    # -- what it shows -------------------------------------------------------------------------------

    def _plane_of(self, shown: S) -> dict[str, Any]:
        # Counted: a page that has moved on by itself follows a program back to where it was before.
        self._turn += 1
        return {"axes": self._axes, "home": self._home, "shown": shown.window, "turn": self._turn}

    # -- on threads of its own -----------------------------------------------------------------------

    def _compute_picture(self, shown: S) -> None:
        try:
            for drawing in self._refine(shown):
                if self._over(shown):
                    return
                CLOCK.post(self._take, shown, drawing)
        except LabError as error:
            CLOCK.post(self._say, shown, {"why": str(error)})

    def _compute_beside(self, shown: S) -> None:
        try:
            for side in self._beside(shown):
                if self._over(shown):
                    return
                CLOCK.post(self._say, shown, side)
        except LabError as error:
            CLOCK.post(self._say, shown, {"said": str(error)})

    def _complete(self, shown: S) -> None:
        CLOCK.post(self._say, shown, {"computing": False})

    # -- on the clock's thread -----------------------------------------------------------------------

    def _send_plane(self) -> None:
        if not self._ended:
            self._canvas._plane = self._plane_of(self._shown)

    def _say(self, shown: S, side: dict[str, Any]) -> None:
        if not self._over(shown):
            self._canvas._side = {**self._canvas._side, **side}

    def _take(self, shown: S, drawing: Drawing) -> None:
        if self._over(shown):
            return
        self._say(shown, {"why": "", **drawing.side})
        values = drawing.values
        content = {
            "kind": "drawing", "window": drawing.window, "height": values.shape[0], "width": values.shape[1],
            "doubles": values.dtype == np.float64, "token": self._token(shown), "detail": drawing.detail,
        }  # fmt: skip
        self._newest.show(lambda: (content, values.tobytes()))

    def _heard(self, message: dict[str, Any]) -> None:
        if message.get("kind") == "window":
            self._look_at(message)

    def _look_at(self, message: dict[str, Any]) -> None:
        """What a person has zoomed to."""
        window = tuple(_clipped(part, home) for part, home in zip(message["shown"], self._home, strict=True))
        size = tuple(int(min(max(int(side), FEWEST), MOST)) for side in message["size"])
        if (window, size) != (self._shown.window, self._shown.size):
            self._change(window=window, size=size)


def _clipped(part: Sequence[float], home: tuple[float, float]) -> tuple[float, float]:
    low, high = (min(max(float(end), home[0]), home[1]) for end in part)
    return (low, high) if low < high else home


def check_range(given: Any, name: str, *, inside: tuple[float, float] = (-np.inf, np.inf)) -> tuple[float, float]:
    """Two finite numbers that rise, within `inside`."""
    try:
        low, high = (float(end) for end in given)
    except (TypeError, ValueError):
        low = high = np.nan
    if not (np.isfinite([low, high]).all() and inside[0] <= low < high <= inside[1]):
        where = f", from {inside[0]:.6g} to {inside[1]:.6g}" if np.isfinite(inside).all() else ""
        raise InputError(f"{name} must be two finite numbers that rise{where}, not {given!r}")
    return low, high
