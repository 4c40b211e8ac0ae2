"""A recurrence plot that a person zooms, with its threshold under a slider and its quantification beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import traitlets
import xarray as xr

from midstream_lab import plot
from midstream_lab.attractors import recurrence_tile
from midstream_lab.errors import InputError, LabError
from midstream_lab.sequence import pick_channel, sequence

from .base import RAMP, Canvas, Snapshot, join_esm, reject_unknown
from .clock import CLOCK
from .controls import Choice, LogSlider
from .recurrence_numbers import RecurrenceNumbers
from .slider_view import SliderView
from .thresholds import RATES, Thresholds

__all__ = ["RecurrencePlot"]

#: Pairs that are looked at for a first tile, and for the finer one that follows when nothing moves.
QUICK, FINE = 2_000_000, 100_000_000

#: Most pixels along a side of a tile, and those of a picture for a saved notebook.
MOST_PIXELS, SAVED_PIXELS = 800, 500

#: Delay vectors that are quantified before the next slider move.
SOON = 6000

#: Seconds without a move before what takes longer is begun.
REST = 0.2

NORMS = ("max", "euclidean")
KEYWORDS = ("radius", "rate", "delay", "embedding_dim", "theiler", "norm", "dt", "channel", "name")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The threshold, and the delay vectors along the rows and the columns of what is in sight."""

    radius: float
    norm: str
    rows: tuple[int, int]
    columns: tuple[int, int]


class RecurrenceCanvas(Canvas):
    """The picture and the numbers alone; `RecurrencePlot` fills them."""

    _esm = join_esm("recurrence_plot.js")
    _css = Canvas._css + (Path(__file__).parent / "recurrence_plot.css").read_text(encoding="utf-8")
    _plane = traitlets.Dict().tag(sync=True)
    _numbers = traitlets.Dict().tag(sync=True)


class RecurrencePlot(SliderView[Shown]):
    """See which moments of a sequence are alike, zoom in, and move the threshold.

    Only what is in sight is computed, at the resolution of the screen, so that long sequences need no matrix. A
    pixel that holds more pairs than one shows the share of them that recur, first of a few drawn at random, then
    of more. The recurrence quantification of the threshold stands beside it: of the whole sequence up to 20,000 delay
    vectors, of the part in sight for longer ones. The Theiler window is the band along the diagonal.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    radius : float, optional
        Vectors no further apart recur; in units of `x`.
    rate : float, optional
        Share of the pairs outside the Theiler window that are to recur, which sets the radius, from 0.001 to 0.5;
        default 0.05 where no radius is given.
    delay, embedding_dim, theiler : int, optional
        As for `attractors.rqa`.
    norm : {"max", "euclidean"}, optional
        Distance of two vectors; default the largest difference of their components.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.
    name : str, optional
        A view with the same name is closed first; default ``"recurrence"``.

    Attributes
    ----------
    errors : list of str
        What went wrong in the browser.
    quantification : xarray.Dataset or None
        The newest result of `attractors.rqa`; None where there is none.

    Raises
    ------
    InputError
        If a keyword does not exist, a value is not allowed, or the sequence is constant, too short or not usable.
    GapError
        If samples are missing.

    Notes
    -----
    The radius of a rate comes from the distances of all pairs up to 10,000 delay vectors, and of two million pairs
    drawn at random from longer ones; the rate that the threshold really gives is among the numbers.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Henon
    >>> view = RecurrencePlot(Henon().trajectory(1000), channel="x", rate=0.1)
    >>> view.wait(timeout=60)
    True
    >>> round(float(view.quantification["recurrence_rate"]), 3)
    0.1
    >>> view.close()
    """

    def __init__(
        self,
        x: Any,
        *,
        radius: float | None = None,
        rate: float | None = None,
        delay: int | None = None,
        embedding_dim: int | None = None,
        theiler: int | None = None,
        norm: str = "max",
        dt: Any = None,
        channel: str | None = None,
        name: str = "recurrence",
        **unknown: Any,
    ):
        reject_unknown(unknown, KEYWORDS, what="RecurrencePlot")
        if radius is not None and rate is not None:
            raise InputError("give radius=... or rate=..., not both")
        embedding: dict[str, Any] = {"delay": delay, "embedding_dim": embedding_dim, "theiler": theiler}
        # A single pixel: the batch function checks everything, and says which embedding it takes.
        probe = recurrence_tile(
            x,
            radius=1.0 if radius is None else radius,
            rate=None,
            size=1,
            per_pixel=1,
            norm=norm,
            dt=dt,
            channel=channel,
            **embedding,
        ).attrs
        self._embedding = {key: probe[key] for key in embedding}
        self._rows, self._step, self._unit = probe["rows"], probe["dt"], probe["time_unit"]
        self._x = pick_channel(sequence(x, dt=dt), channel)
        self._values = np.ascontiguousarray(self._x.values)
        self._thresholds = {each: Thresholds(self._values, norm=each, **self._embedding) for each in NORMS}
        self._numbers = RecurrenceNumbers(
            self._values, self._embedding, rows=self._rows, step=self._step, unit=self._unit
        )
        self._rate: float | None = None
        if radius is None:
            self._rate = _checked_rate(0.05 if rate is None else rate)
            radius = self._thresholds[norm].radius(self._rate)
        whole = (0, self._rows)
        self._pixels = SAVED_PIXELS
        self.quantification: xr.Dataset | None = None
        shown = Shown(radius=float(radius), norm=norm, rows=whole, columns=whole)
        plane = {"rows": self._rows, "step": self._step, "unit": self._unit, "theiler": self._embedding["theiler"]}
        self._canvas = RecurrenceCanvas(
            _title=self._title(),
            _plane={**plane, "shown": {"rows": whole, "columns": whole}},
            _look={"ramp": RAMP},
            layout={"width": "100%"},
        )
        work = {"tile": (self._draw_soon, 0.0), "fine": (self._draw_finely, REST)}
        self._build(shown, work=work, controls=self._make_controls(shown), canvases=[self._canvas], name=name)

    # -- what a program may do -----------------------------------------------------------------------

    @property
    def radius(self) -> float:
        """The threshold, in units of the sequence; set it to move the sliders."""
        return self._shown.radius

    @radius.setter
    def radius(self, value: float) -> None:
        number = float(value)
        if not 0.0 < number < np.inf:
            raise InputError(f"radius must be a number above 0, not {value!r}")
        self._rate = None
        self._change(radius=number)

    @property
    def rate(self) -> float:
        """Share of the pairs outside the Theiler window that recur; set it to move the sliders."""
        return self._thresholds[self._shown.norm].rate(self._shown.radius)

    @rate.setter
    def rate(self, value: float) -> None:
        self._rate = _checked_rate(value)
        self._change(radius=self._thresholds[self._shown.norm].radius(self._rate))

    @property
    def norm(self) -> str:
        """The distance; after a change the rate stays if it was the rate that was set, else the radius."""
        return self._shown.norm

    @norm.setter
    def norm(self, value: str) -> None:
        if value not in NORMS:
            raise InputError(f"norm must be 'max' or 'euclidean', not {value!r}")
        fixed = {} if self._rate is None else {"radius": self._thresholds[value].radius(self._rate)}
        self._change(norm=value, **fixed)

    def zoom(self, rows: tuple[int, int] | None = None, columns: tuple[int, int] | None = None) -> None:
        """Show the delay vectors from the first to the one before the last of either pair; None shows all."""
        parts = {"rows": rows or (0, self._rows), "columns": columns or (0, self._rows)}
        for name, part in parts.items():
            if len(part) != 2 or not 0 <= part[0] < part[1] <= self._rows:
                raise InputError(f"{name} must be two numbers that rise, from 0 to {self._rows}, not {part!r}")
        whole = {name: (int(part[0]), int(part[1])) for name, part in parts.items()}
        CLOCK.post(self._send_window, whole)
        self._change(**whole)

    def snapshot(self) -> Snapshot:
        """A static picture of what is in sight, with its numbers, for a saved notebook."""
        shown = self._shown
        tile = self._compute_tile(shown, size=SAVED_PIXELS, pairs=FINE)
        try:
            numbers = self._numbers.of(shown.columns, radius=shown.radius, norm=shown.norm)
        except LabError:
            numbers = None
        figure = plot.recurrence(tile, rqa=numbers, title=self._title())
        return Snapshot(plot.png(figure, dpi=80), f"{self._title()}; radius {shown.radius:.3g}, {shown.norm} norm")

    def __repr__(self) -> str:
        return f"RecurrencePlot({self._rows:,} delay vectors, radius={self.radius:.3g}, norm={self.norm!r})"

    # -- what it shows -------------------------------------------------------------------------------

    def _make_controls(self, shown: Shown) -> dict[str, Any]:
        wide = {"flex": "1 1 260px", "min_width": "0", "max_width": "440px"}
        low, high, step = self._radii(shown)
        values = self._control_values(shown)
        return {
            "rate": LogSlider(
                value=values["rate"], min=np.log10(RATES[0]), max=np.log10(RATES[1]),
                step=0.01, readout_format=".2g", description="recurrence rate", layout=wide,
                tooltip="Share of the pairs outside the Theiler window that recur",
            ),
            "radius": LogSlider(
                value=values["radius"], min=low, max=high, step=step, readout_format=".3g",
                description=f"radius{self._of_unit()}", layout=wide, tooltip="Vectors no further apart recur",
            ),
            "norm": Choice(
                options=[("maximum", "max"), ("Euclidean", "euclidean")], value=shown.norm, description="norm",
                layout={"flex": "0 1 200px", "min_width": "0"}, tooltip="Distance of two delay vectors",
            ),
        }  # fmt: skip

    def _radii(self, shown: Shown) -> tuple[float, float, float]:
        """Decades between which the radius slider moves, and its step."""
        ends = [self._thresholds[shown.norm].radius(rate) for rate in RATES]
        low, high = (float(np.log10(end)) for end in (min(ends[0], shown.radius), max(ends[1], shown.radius)))
        high = max(high, low + 0.01)
        return low, high, (high - low) / 300

    def _slider_ranges(self, shown: Shown) -> dict[str, tuple[float, float, float]]:
        return {"radius": self._radii(shown)}

    def _control_values(self, shown: Shown) -> dict[str, Any]:
        rate = self._thresholds[shown.norm].rate(shown.radius)
        return {"rate": min(max(rate, RATES[0]), RATES[1]), "radius": shown.radius, "norm": shown.norm}

    def _moved(self, name: str, value: Any) -> None:
        setattr(self, name, value)

    def _of_unit(self) -> str:
        unit = str(self._x.attrs.get("units", ""))
        return f" ({unit})" if unit else ""

    def _title(self) -> str:
        named = f" of {self._x.name}" if self._x.name else ""
        return "Recurrence plot{}, delay {delay}, dimension {embedding_dim}".format(named, **self._embedding)

    # -- on threads of its own -----------------------------------------------------------------------

    def _draw_soon(self, shown: Shown) -> None:
        """A tile at once, and the numbers if there are few vectors."""
        self._draw(shown, QUICK)
        first, stop = self._numbers.part(shown.columns)
        if stop - first <= SOON:
            self._quantify(shown)
        else:
            CLOCK.post(self._say, shown, {"computing": True})

    def _draw_finely(self, shown: Shown) -> None:
        """A tile of more pairs, and the numbers."""
        self._draw(shown, FINE)
        self._quantify(shown)

    def _draw(self, shown: Shown, pairs: int) -> None:
        tile = self._compute_tile(shown, size=self._pixels, pairs=pairs)
        CLOCK.post(self._newest.show, lambda: _picture(shown, tile))

    def _quantify(self, shown: Shown) -> None:
        try:
            self.quantification = self._numbers.of(shown.columns, radius=shown.radius, norm=shown.norm)
            told = self._numbers.words(shown.columns, self.quantification)
        except LabError as error:
            self.quantification, told = None, {"why": str(error)}
        CLOCK.post(self._say, shown, told)

    def _compute_tile(self, shown: Shown, *, size: int, pairs: int) -> xr.DataArray:
        height, width = (min(size, stop - first) for first, stop in (shown.rows, shown.columns))
        tile = recurrence_tile(
            self._values,
            rows=shown.rows,
            columns=shown.columns,
            size=size,
            per_pixel=max(1, int(np.sqrt(pairs / (height * width)))),
            radius=shown.radius,
            rate=None,
            norm=shown.norm,
            **self._embedding,
        )
        # The values were given bare, and were counted in samples.
        tile = tile.assign_coords({dim: tile[dim] * self._step for dim in tile.dims})
        return tile.assign_attrs(dt=self._step, time_unit=self._unit)

    # -- on the clock's thread -----------------------------------------------------------------------

    def _send_window(self, parts: dict[str, tuple[int, int]]) -> None:
        if not self._ended:
            self._canvas._plane = {**self._canvas._plane, "shown": parts}

    def _say(self, shown: Shown, told: dict[str, Any]) -> None:
        if not self._over(shown):
            self._canvas._numbers = {"radius": f"{shown.radius:.4g}{self._of_unit()}", **told}

    def _heard(self, message: dict[str, Any]) -> None:
        if message.get("kind") == "window":
            self._look_at(message)

    def _look_at(self, message: dict[str, Any]) -> None:
        """What a person has zoomed to."""
        self._pixels = int(min(max(int(message["pixels"]), 50), MOST_PIXELS))
        parts = {}
        for name in ("rows", "columns"):
            first, stop = (float(end) for end in message[name])
            begin = int(min(max(np.floor(first), 0), self._rows - 1))
            parts[name] = (begin, int(min(max(np.ceil(stop), begin + 1), self._rows)))
        self._change(**parts)


def _picture(shown: Shown, tile: xr.DataArray) -> tuple[dict[str, Any], bytes]:
    """What is sent of a tile; rounded up, so that a single recurrence in a pixel is not lost."""
    height, width = tile.shape
    content = {
        "kind": "tile", "rows": shown.rows, "columns": shown.columns, "height": height, "width": width,
        "radius": shown.radius, "exact": tile.attrs["exact"], "per_pixel": tile.attrs["per_pixel"],
    }  # fmt: skip
    return content, np.ceil(255 * tile.values).astype(np.uint8).tobytes()


def _checked_rate(rate: Any) -> float:
    try:
        number = float(rate)
    except (TypeError, ValueError):
        number = float("nan")
    if not RATES[0] <= number <= RATES[1]:
        raise InputError(f"rate must be a number from {RATES[0]} to {RATES[1]} here, not {rate!r}")
    return number
