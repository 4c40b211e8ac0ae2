"""A recurrence plot that a person zooms, with its threshold under a slider and its quantification beside it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import traitlets
import xarray as xr

from midstream_lab import plot, registry
from midstream_lab.attractors import recurrence_tile, rqa
from midstream_lab.errors import InputError, LabError
from midstream_lab.sequence import pick_channel, sequence

from .base import RAMP, Canvas, OnClock, Snapshot, join_esm, reject_unknown
from .clock import CLOCK
from .controls import Choice, LogSlider
from .latest import Latest
from .outbox import Outbox
from .thresholds import RATES, Thresholds

__all__ = ["RecurrencePlot"]

#: Pairs that are looked at for a first tile, and for the finer one that follows when nothing moves.
QUICK, FINE = 2_000_000, 100_000_000

#: Most pixels along a side of a tile, and those of a picture for a saved notebook.
MOST_PIXELS, SAVED_PIXELS = 800, 500

#: Delay vectors that are quantified before the next slider move, and at all: the time grows with their square.
SOON, AT_ALL = 6000, 20_000

#: Seconds without a move before what takes longer is begun.
REST = 0.2

#: Seconds within which a page sends back what it was told.
ECHO = 2.0

NORMS = ("max", "euclidean")
KEYWORDS = ("radius", "rate", "delay", "embedding_dim", "theiler", "norm", "dt", "channel", "name")

#: Short names, as the field has them.
SHORT = {
    "recurrence_rate": "RR",
    "determinism": "DET",
    "mean_diagonal": "L",
    "longest_diagonal": "Lmax",
    "divergence": "DIV",
    "diagonal_entropy": "ENTR",
    "laminarity": "LAM",
    "trapping_time": "TT",
    "longest_vertical": "Vmax",
    "trend": "TREND",
}


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


class RecurrencePlot(OnClock, ipywidgets.VBox):
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

    _ended = True  # until it has been made: ipywidgets also closes what was refused

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
        self._rqa = lru_cache(maxsize=64)(self._quantify_part)
        self._rate: float | None = None
        if radius is None:
            self._rate = _checked_rate(0.05 if rate is None else rate)
            radius = self._thresholds[norm].radius(self._rate)
        whole = (0, self._rows)
        self._shown = Shown(radius=float(radius), norm=norm, rows=whole, columns=whole)
        self._pixels = SAVED_PIXELS
        # What the sliders were told, and when.
        self._sent: dict[str, deque[tuple[float, float]]] = {each: deque(maxlen=256) for each in ("rate", "radius")}
        self._tile: tuple[Shown, xr.DataArray] | None = None
        self.quantification: xr.Dataset | None = None
        self._lock = threading.Condition()
        self._told: Shown | None = None
        self._make_page(name)
        self._ended = False
        self._name = name
        registry.register("view", name, self)
        self._follow(self._shown)

    # -- what a program may do -----------------------------------------------------------------------

    @property
    def errors(self) -> list[str]:
        """What went wrong in the browser, oldest first."""
        return list(self._canvas.errors)

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

    def wait(self, *, timeout: float = 60.0) -> bool:
        """Wait until the finer tile and the numbers belong to what is in sight; False if they do not in time."""
        with self._lock:
            return self._lock.wait_for(lambda: self._told == self._shown, timeout)

    def snapshot(self) -> Snapshot:
        """A static picture of what is in sight, with its numbers, for a saved notebook."""
        shown = self._shown
        tile = self._compute_tile(shown, size=SAVED_PIXELS, pairs=FINE)
        try:
            numbers = self._quantify(shown)
        except LabError:
            numbers = None
        figure = plot.recurrence(tile, rqa=numbers, title=self._title())
        return Snapshot(plot.png(figure, dpi=80), f"{self._title()}; radius {shown.radius:.3g}, {shown.norm} norm")

    def close(self) -> None:
        """Remove the view; what is being computed is not waited for."""
        if self._ended:
            return
        self._ended = True
        registry.remove("view", self._name, self)
        self._quick.close()
        self._slow.close()
        for part in (*self._controls.values(), *self.children):
            part.close()
        super().close()

    def __repr__(self) -> str:
        return f"RecurrencePlot({self._rows:,} delay vectors, radius={self.radius:.3g}, norm={self.norm!r})"

    # -- what it shows -------------------------------------------------------------------------------

    def _make_page(self, name: str) -> None:
        plane = {"rows": self._rows, "step": self._step, "unit": self._unit, "theiler": self._embedding["theiler"]}
        plane["shown"] = {"rows": self._shown.rows, "columns": self._shown.columns}
        self._canvas = RecurrenceCanvas(
            _title=self._title(), _plane=plane, _look={"ramp": RAMP}, layout={"width": "100%"}
        )
        self._canvas.on_msg(self._on_message)
        self._outbox = Outbox(self._canvas.send)
        self._quick, self._slow = Latest(f"{name}-tile"), Latest(f"{name}-fine", rest=REST)
        wide = {"flex": "1 1 260px", "min_width": "0", "max_width": "440px"}
        low, high = self._radii()
        self._controls: dict[str, Any] = {
            "rate": LogSlider(
                value=self._in_range("rate"), min=np.log10(RATES[0]), max=np.log10(RATES[1]),
                step=0.01, readout_format=".2g", description="recurrence rate", layout=wide,
                tooltip="Share of the pairs outside the Theiler window that recur",
            ),
            "radius": LogSlider(
                value=self.radius, min=low, max=high, step=(high - low) / 300, readout_format=".3g",
                description=f"radius{self._of_unit()}", layout=wide, tooltip="Vectors no further apart recur",
            ),
            "norm": Choice(
                options=[("maximum", "max"), ("Euclidean", "euclidean")], value=self.norm, description="norm",
                layout={"flex": "0 1 200px", "min_width": "0"}, tooltip="Distance of two delay vectors",
            ),
        }  # fmt: skip
        for field, control in self._controls.items():
            control.style.description_width = "initial"
            control.observe(lambda change, field=field: self._from_control(field, change["new"]), names="value")
        row = ipywidgets.HBox(list(self._controls.values()), layout={"flex_flow": "row wrap", "width": "100%"})
        super().__init__([row, self._canvas], layout={"width": "100%"})

    def _radii(self) -> tuple[float, float]:
        """Decades between which the radius slider moves."""
        ends = [self._thresholds[self.norm].radius(rate) for rate in RATES]
        low, high = (np.log10(end) for end in (min(ends[0], self.radius), max(ends[1], self.radius)))
        return float(low), float(max(high, low + 0.01))

    def _of_unit(self) -> str:
        unit = str(self._x.attrs.get("units", ""))
        return f" ({unit})" if unit else ""

    def _title(self) -> str:
        named = f" of {self._x.name}" if self._x.name else ""
        return "Recurrence plot{}, delay {delay}, dimension {embedding_dim}".format(named, **self._embedding)

    def _from_control(self, field: str, value: Any) -> None:
        # Handled on the clock's thread, as is what brings the controls to what a program has set.
        if self._following or self._stands_at(field, value):
            return
        # The page rounds what it is told to the steps of a slider and sends that back, perhaps after the next move.
        begun = time.monotonic() - ECHO
        if field == "norm" or not any(
            when > begun and self._near(field, value, told) for when, told in self._sent[field]
        ):
            setattr(self, field, value)

    def _stands_at(self, field: str, value: Any) -> bool:
        """Whether a control at `value` says what holds."""
        if field == "norm":
            return bool(value == self.norm)
        return self._near(field, value, self._in_range(field))

    def _near(self, field: str, value: float, other: float) -> bool:
        """Whether two values are the same step of a slider."""
        return bool(abs(np.log10(value / other)) < 0.505 * self._controls[field].step)

    def _in_range(self, field: str) -> float:
        """What a slider is to show."""
        return self.radius if field == "radius" else min(max(self.rate, RATES[0]), RATES[1])

    _following = False

    def _change(self, **changes: Any) -> None:
        with self._lock:
            self._shown = shown = replace(self._shown, **changes)
        self._follow(shown)

    def _follow(self, shown: Shown) -> None:
        CLOCK.post(self._show_controls)
        self._quick.ask(lambda: self._compute(shown, QUICK, SOON))
        self._slow.ask(lambda: self._compute(shown, FINE, AT_ALL))

    # -- on threads of its own -----------------------------------------------------------------------

    def _compute(self, shown: Shown, pairs: int, most: int) -> None:
        """A tile from at most so many pairs, then the numbers if there are at most so many vectors."""
        CLOCK.post(self._take, shown, self._compute_tile(shown, size=self._pixels, pairs=pairs))
        size = self._stretch(shown)[1] - self._stretch(shown)[0]
        final = most == AT_ALL
        if size <= most or final:
            try:
                self.quantification = self._quantify(shown)
                told = self._numbers(shown, self.quantification)
            except LabError as error:
                self.quantification, told = None, {"why": str(error)}
        else:
            told = {"computing": True}
        CLOCK.post(self._say, shown, told)
        if final:
            with self._lock:
                self._told = shown
                self._lock.notify_all()

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

    def _stretch(self, shown: Shown) -> tuple[int, int]:
        """The delay vectors that are quantified."""
        return (0, self._rows) if self._rows <= AT_ALL else shown.columns

    def _quantify(self, shown: Shown) -> xr.Dataset:
        first, stop = self._stretch(shown)
        if stop - first > AT_ALL:
            raise InputError(
                f"{stop - first:,} delay vectors are too many to quantify while you wait; zoom in to at most {AT_ALL:,}"
            )
        return self._rqa(first, stop, shown.radius, shown.norm)

    def _quantify_part(self, first: int, stop: int, radius: float, norm: str) -> xr.Dataset:
        beyond = (self._embedding["embedding_dim"] - 1) * self._embedding["delay"]
        return rqa(self._values[first : stop + beyond], radius=radius, rate=None, norm=norm, **self._embedding)

    def _numbers(self, shown: Shown, found: xr.Dataset) -> dict[str, Any]:
        first, stop = self._stretch(shown)
        whole = stop - first == self._rows
        table = [
            [SHORT[name], name.replace("_", " "), f"{float(value):.4g}" if np.isfinite(value) else "none",
             "" if value.attrs["units"] == "1" else value.attrs["units"]]
            for name, value in ((str(each), found[each]) for each in found.data_vars)
        ]  # fmt: skip
        part = "" if whole else f", from {first * self._step:.4g} to {stop * self._step:.4g} {self._unit}"
        return {"table": table, "of": f"of {stop - first:,} delay vectors{part}"}

    # -- on the clock's thread -----------------------------------------------------------------------

    def _show_controls(self) -> None:
        if self._ended:
            return
        self._following = True
        try:
            radius = self._controls["radius"]
            low, high = self._radii()
            if (radius.min, radius.max) != (low, high):
                radius.min, radius.max = min(low, radius.min), max(high, radius.max)
                radius.min, radius.max, radius.step = low, high, (high - low) / 300
            for field, sent in self._sent.items():
                if not self._stands_at(field, self._controls[field].value):
                    self._controls[field].value = value = self._in_range(field)
                    sent.append((time.monotonic(), value))
            self._controls["norm"].value = self.norm
        finally:
            self._following = False

    def _send_window(self, parts: dict[str, tuple[int, int]]) -> None:
        if not self._ended:
            self._canvas._plane = {**self._canvas._plane, "shown": parts}

    def _say(self, shown: Shown, told: dict[str, Any]) -> None:
        if not self._ended and shown == self._shown:
            self._canvas._numbers = {"radius": f"{shown.radius:.4g}{self._of_unit()}", **told}

    def _take(self, shown: Shown, tile: xr.DataArray) -> None:
        """A tile has been made: send it, unless browsers are behind; then the newest goes when they have caught up."""
        self._tile = (shown, tile)
        self._send()

    def _send(self) -> None:
        now = time.monotonic()
        if self._ended or self._tile is None or not self._outbox.ready(now):
            return
        (shown, tile), self._tile = self._tile, None
        self._last = (shown, tile)
        height, width = tile.shape
        content = {
            "kind": "tile", "rows": shown.rows, "columns": shown.columns, "height": height, "width": width,
            "radius": shown.radius, "exact": tile.attrs["exact"], "per_pixel": tile.attrs["per_pixel"],
        }  # fmt: skip
        # Rounded up: a single recurrence in a pixel is not lost.
        self._outbox.post(content, memoryview(np.ceil(255 * tile.values).astype(np.uint8).tobytes()), now)

    _last: tuple[Shown, xr.DataArray] | None = None

    def _on_message(self, _: Any, message: dict[str, Any], __: Sequence[Any]) -> None:
        now, client = time.monotonic(), str(message.get("client"))
        match message.get("kind"):
            case "ack":
                self._outbox.ack(client, int(message["seq"]), now)
                self._send()
            case "hello":
                self._outbox.hello(client, now)
                self._tile = self._tile or self._last
                self._send()
            case "goodbye":
                self._outbox.goodbye(client)
            case "window":
                self._look_at(message)
            case "error":
                self._canvas.errors.append(str(message.get("text")))

    def _look_at(self, message: dict[str, Any]) -> None:
        """What a person has zoomed to."""
        self._pixels = int(min(max(int(message["pixels"]), 50), MOST_PIXELS))
        parts = {}
        for name in ("rows", "columns"):
            first, stop = (float(end) for end in message[name])
            begin = int(min(max(np.floor(first), 0), self._rows - 1))
            parts[name] = (begin, int(min(max(np.ceil(stop), begin + 1), self._rows)))
        self._change(**parts)


def _checked_rate(rate: Any) -> float:
    try:
        number = float(rate)
    except (TypeError, ValueError):
        number = float("nan")
    if not RATES[0] <= number <= RATES[1]:
        raise InputError(f"rate must be a number from {RATES[0]} to {RATES[1]} here, not {rate!r}")
    return number
