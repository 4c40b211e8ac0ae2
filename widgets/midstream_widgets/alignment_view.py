"""Two sequences under time warping: what is matched with what, as a person moves the width of the band."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import traitlets

from midstream_lab import plot
from midstream_lab.compare import Alignment, dtw
from midstream_lab.compare._pairs import pair_of
from midstream_lab.compare.dtw import STEP_PATTERNS
from midstream_lab.errors import InputError, LabError

from .base import RAMP, Canvas, Snapshot, join_esm, reject_unknown
from .clock import CLOCK
from .controls import Choice, Slider
from .slider_view import SliderView

__all__ = ["AlignmentView"]

#: Most cells of the cost matrix, so that each move is drawn at once.
CELLS = 4_000_000
#: Most pixels along a side of its picture, and the value of those outside the band.
PIXELS, OUTSIDE = 256, 255

KEYWORDS = ("window", "step_pattern", "name")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the controls say."""

    window: int
    step_pattern: str


class AlignmentCanvas(Canvas):
    """The sequences, the costs and the path alone; `AlignmentView` fills them."""

    _esm = join_esm("plane.js", "alignment_view.js")
    _css = Canvas._css + (Path(__file__).parent / "alignment_view.css").read_text(encoding="utf-8")
    _sequences = traitlets.Dict().tag(sync=True)


class AlignmentView(SliderView[Shown]):
    """See how two sequences are warped onto each other, and move the width of the band.

    The sequences stand below each other, with lines between matched samples; beside them the path lies on the cost
    of the best path to each cell. Drag in that plane, press the arrow keys or move the slider to change the band.

    Parameters
    ----------
    x, y : array_like, shape (n,) and (m,)
        Sequences of one channel, not empty and without gaps; at most 4,000,000 cells (n times m).
    window : int, optional
        Half-width of the Sakoe-Chiba band in samples, at least ``|n - m|``; default: no band, which is the largest.
    step_pattern : {"symmetric1", "symmetric2", "asymmetric"}, optional
        As for `compare.dtw`; default ``"symmetric1"``.
    name : str, optional
        A view with the same name is closed first; default ``"alignment"``.

    Attributes
    ----------
    errors : list of str
        What went wrong in the browser.
    alignment : Alignment or None
        The newest result of `compare.dtw`, with its cost matrix; None where no path exists.

    Raises
    ------
    InputError
        If a keyword does not exist, a value is not allowed, or the sequences are empty, too long, not finite or of
        several channels.

    Examples
    --------
    >>> view = AlignmentView([0, 1, 2, 1, 0], [0, 0, 1, 2, 1, 0], window=2)
    >>> view.wait(timeout=60)
    True
    >>> view.alignment.distance
    0.0
    >>> view.close()
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        *,
        window: int | None = None,
        step_pattern: str = "symmetric1",
        name: str = "alignment",
        **unknown: Any,
    ):
        reject_unknown(unknown, KEYWORDS, what="AlignmentView")
        # Checks the sequences and the options; that no path exists depends on the step pattern alone.
        dtw(x, y, window=window, max_cells=CELLS)
        self._x, self._y = (values.copy() for values in pair_of(x, y))
        if self._x.ndim != 1 or self._y.ndim != 1:
            raise InputError(f"x has shape {self._x.shape} and y {self._y.shape}; give one channel of each")
        n, m = len(self._x), len(self._y)
        self._range = (abs(n - m), max(n, m) - 1)
        shown = Shown(
            window=self._range[1] if window is None else min(int(window), self._range[1]),
            step_pattern=_checked_pattern(step_pattern),
        )
        self.alignment: Alignment | None = None
        self._canvas = AlignmentCanvas(
            _title=f"Alignment of {n:,} and {m:,} samples",
            _sequences={"x": self._x.tolist(), "y": self._y.tolist(), "range": self._range},
            _look={"ramp": RAMP},
            layout={"width": "100%"},
        )
        work = {"alignment": (self._align_anew, 0.0)}
        self._build(shown, work=work, controls=self._make_controls(shown), canvases=[self._canvas], name=name)

    # -- what a program may do -----------------------------------------------------------------------

    @property
    def window(self) -> int:
        """Half-width of the band in samples; set it to move the slider."""
        return self._shown.window

    @window.setter
    def window(self, value: int) -> None:
        low, high = self._range
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
            raise InputError(f"window is a whole number of samples from {low} to {high} here, not {value!r}")
        self._change(window=int(value))

    @property
    def step_pattern(self) -> str:
        """Which steps a path may take."""
        return self._shown.step_pattern

    @step_pattern.setter
    def step_pattern(self, value: str) -> None:
        self._change(step_pattern=_checked_pattern(value))

    def snapshot(self) -> Snapshot:
        """A static picture of what is shown, for a saved notebook."""
        shown = self._shown
        found = self._align(shown)
        figure = plot.alignment(self._x, self._y, found, title=f"window {shown.window}, {shown.step_pattern}")
        said = f"Alignment of {len(self._x)} and {len(self._y)} samples; {found.measure}"
        return Snapshot(plot.png(figure, dpi=80), f"{said}; distance {found.distance:.6g}")

    def __repr__(self) -> str:
        lengths = f"{len(self._x):,} and {len(self._y):,} samples"
        return f"AlignmentView({lengths}, window={self.window}, step_pattern={self.step_pattern!r})"

    # -- what it shows -------------------------------------------------------------------------------

    def _make_controls(self, shown: Shown) -> dict[str, Any]:
        low, high = self._range
        return {
            "window": Slider(
                value=shown.window, min=low, max=high, description="window (samples)", continuous_update=True,
                tooltip="Half-width of the band", layout={"flex": "1 1 260px", "min_width": "0", "max_width": "440px"},
            ),
            "step_pattern": Choice(
                options=STEP_PATTERNS, value=shown.step_pattern, description="step pattern",
                tooltip="Which steps a path may take", layout={"flex": "0 1 220px", "min_width": "0"},
            ),
        }  # fmt: skip

    # -- on a thread of its own ----------------------------------------------------------------------

    def _align(self, shown: Shown) -> Alignment:
        return dtw(
            self._x, self._y, window=shown.window, step_pattern=shown.step_pattern, cost_matrix=True, max_cells=CELLS
        )

    def _align_anew(self, shown: Shown) -> None:
        content: dict[str, Any] = {"kind": "alignment", "window": shown.window, "step_pattern": shown.step_pattern}
        try:
            found: Alignment | None = self._align(shown)
        except LabError as error:
            found = None
            content |= {"why": str(error), "pairs": 0, "height": 0, "width": 0}
        data = b""
        if found is not None and found.cost_matrix is not None:
            image = _picture(found.cost_matrix.values)
            content |= {"why": "", "distance": found.distance, "pairs": len(found.path)}
            content |= {"height": image.shape[0], "width": image.shape[1]}
            data = found.path.astype("<i4").tobytes() + image.tobytes()
        if not self._over(shown):
            self.alignment = found
        CLOCK.post(self._newest.show, lambda: (content, data))

    def _heard(self, message: dict[str, Any]) -> None:
        if message.get("kind") == "window":
            low, high = self._range
            self._change(window=int(min(max(int(message["window"]), low), high)))


def _checked_pattern(value: Any) -> str:
    if value not in STEP_PATTERNS:
        raise InputError(f"step_pattern must be one of {', '.join(STEP_PATTERNS)}, not {value!r}")
    return str(value)


def _picture(costs: np.ndarray) -> np.ndarray:
    """The root of each cost as uint8 of at most 256 pixels a side, 0 to 254; 255 where no path leads."""
    rows, columns = (np.linspace(0, size - 1, min(size, PIXELS)).round().astype(int) for size in costs.shape)
    part = costs[np.ix_(rows, columns)]
    reached = np.isfinite(part)
    most = part[reached].max(initial=0.0)
    image = np.full(part.shape, OUTSIDE, np.uint8)
    image[reached] = np.sqrt(part[reached] / most) * (OUTSIDE - 1) if most > 0.0 else 0
    return image
