"""A sequence's embedding under a person's hands: the attractor beside what speaks for a delay and a dimension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import traitlets
import xarray as xr

from midstream_lab import plot
from midstream_lab.attractors import (
    divergence_curve,
    embed,
    estimate_delay,
    estimate_embedding_dim,
    estimate_theiler,
    lyapunov_max,
    mutual_information,
)
from midstream_lab.attractors.delay import information_bins
from midstream_lab.errors import InputError, LabError
from midstream_lab.feed import Feed, SequenceSource
from midstream_lab.sequence import pick_channel, sequence, series

from .base import Canvas, Snapshot, join_esm, reject_unknown
from .clock import CLOCK
from .controls import Slider
from .embedding_charts import dimension_chart, divergence_chart, failed_chart, information_chart
from .estimate import describe
from .live_attractor import LARGEST, AttractorCanvas
from .look import Settings, Subject
from .slider_view import SliderView
from .trail import Trail

__all__ = ["EmbeddingExplorer"]

#: Largest dimension that is offered, and that Cao's test goes to.
MAX_DIM = 8

#: Newest delay vectors that are drawn: more are not told apart.
MAX_DRAWN = 20_000

#: Seconds for which the sliders rest before the estimate, which takes longer, is begun.
REST = 0.25

KEYWORDS = ("delay", "embedding_dim", "theiler", "dt", "channel", "name")


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """What the sliders say, in samples and components."""

    delay: int
    embedding_dim: int
    theiler: int


class ChartsCanvas(Canvas):
    """The charts and the words alone; `EmbeddingExplorer` fills them."""

    _esm = join_esm("line_chart.js", "embedding_explorer.js")
    _css = Canvas._css + (Path(__file__).parent / "line_chart.css").read_text(encoding="utf-8")
    _information = traitlets.Dict().tag(sync=True)
    _dimension = traitlets.Dict().tag(sync=True)
    _divergence = traitlets.Dict().tag(sync=True)
    _now = traitlets.Dict().tag(sync=True)


class EmbeddingExplorer(SliderView[Embedding]):
    """Choose the delay embedding of a sequence by hand, and see at once what follows from it.

    Sliders for delay, dimension and Theiler window stand above the attractor, the average mutual information with
    the delay chosen from it, Cao's E1 and E2 with the share of false neighbours, and the divergence curve with the part
    that is fitted and its slope. The estimate of the largest Lyapunov exponent takes longer and follows when the
    sliders rest, with its status and its reasons in words.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    delay, embedding_dim, theiler : int, optional
        Where the sliders stand at first; default from `attractors.estimate_delay`, `attractors.estimate_embedding_dim`
        and `attractors.estimate_theiler`. The dimension is from 2 to 8.
    dt : float or str, optional
        Sampling interval, for data that bring no time.
    channel : str, optional
        Which channel to take, if there are several.
    name : str, optional
        A view with the same name is closed first; default ``"embedding"``.

    Attributes
    ----------
    errors : list of str
        What went wrong in the browser.
    curve, estimate : xarray.Dataset or None
        The newest results of `attractors.divergence_curve` and `attractors.lyapunov_max`; None where there is none.

    Raises
    ------
    InputError
        If a keyword does not exist, `dt` is missing, or the sequence is constant, too short or not usable.
    GapError
        If samples are missing.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Henon
    >>> view = EmbeddingExplorer(Henon().trajectory(2000), channel="x")
    >>> view.delay, view.embedding_dim
    (1, 2)
    >>> view.embedding_dim = 3
    >>> view.wait(timeout=60)
    True
    >>> view.close()
    """

    def __init__(
        self,
        x: Any,
        *,
        delay: int | None = None,
        embedding_dim: int | None = None,
        theiler: int | None = None,
        dt: Any = None,
        channel: str | None = None,
        name: str = "embedding",
        **unknown: Any,
    ):
        reject_unknown(unknown, KEYWORDS, what="EmbeddingExplorer")
        self._values, self._step, self._unit = series(x, dt=dt, channel=channel)
        self._x = pick_channel(sequence(x, dt=dt), channel)
        self._found = estimate_delay(self._x)
        longest = max(1, min(len(self._values) // 10, max(100, 3 * int(self._found["delay"]), 3 * (delay or 0))))
        self._most = Embedding(delay=longest, embedding_dim=MAX_DIM, theiler=max(1, len(self._values) // 4))
        first = self._first(delay, embedding_dim, theiler)
        self.curve: xr.Dataset | None = None
        self.estimate: xr.Dataset | None = None
        self._make_results()
        self._make_page(first, name)

    # -- what a program may do -----------------------------------------------------------------------

    @property
    def delay(self) -> int:
        """Samples between the components; set it to move the slider."""
        return self._shown.delay

    @delay.setter
    def delay(self, value: int) -> None:
        self._change(delay=value)

    @property
    def embedding_dim(self) -> int:
        """Number of components; set it to move the slider."""
        return self._shown.embedding_dim

    @embedding_dim.setter
    def embedding_dim(self, value: int) -> None:
        self._change(embedding_dim=value)

    @property
    def theiler(self) -> int:
        """Theiler window in samples; set it to move the slider."""
        return self._shown.theiler

    @theiler.setter
    def theiler(self, value: int) -> None:
        self._change(theiler=value)

    def snapshot(self) -> Snapshot:
        """A static picture of what the view shows, for a saved notebook; it waits for the estimate.

        Raises
        ------
        InputError
            If the sequence is too short for the embedding.
        """
        now = self._shown
        curve, cao = self._divergence(now), self._cao(now.delay, now.theiler)
        figure = plot.embedding(
            embed(self._x, delay=now.delay, dim=min(now.embedding_dim, 3)),
            information=self._information(),
            cao=cao,
            divergence=curve,
            estimate=self._lyapunov(now),
            style=self._style,
            title=self._title(),
        )
        return Snapshot(plot.png(figure, dpi=80), f"{self._title()}; {self._describe(self._lyapunov(now))}")

    def __repr__(self) -> str:
        now = self._shown
        return f"EmbeddingExplorer(delay={now.delay}, embedding_dim={now.embedding_dim}, theiler={now.theiler})"

    # -- what it shows -------------------------------------------------------------------------------

    def _first(self, delay: int | None, dim: int | None, theiler: int | None) -> Embedding:
        """Where the sliders stand at first."""
        delay = int(self._found["delay"]) if delay is None else delay
        self._checked("delay", delay)
        if dim is None:
            dim = max(2, int(estimate_embedding_dim(self._x, delay=delay, max_dim=MAX_DIM - 1)["embedding_dim"]))
        self._checked("embedding_dim", dim)
        if theiler is None:
            theiler = int(estimate_theiler(self._x, delay=delay, dim=dim)["theiler"])
        return Embedding(delay=delay, embedding_dim=dim, theiler=self._checked("theiler", theiler))

    def _checked(self, name: str, value: Any) -> int:
        least, most = 2 if name == "embedding_dim" else 1, getattr(self._most, name)
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            raise InputError(f"{name} must be a whole number, from {least} to {most:,} here, not {value!r}")
        return int(value)

    def _make_results(self) -> None:
        """The batch functions on this sequence; each result is kept, so that going back costs nothing."""
        n, memory = len(self._values), int(self._found["memory"])
        steps = max(2, min(20 * memory, n // 5))

        @lru_cache(maxsize=1)
        def information() -> xr.DataArray:
            return mutual_information(self._x, max_lag=self._most.delay, bins=information_bins(n))

        @lru_cache(maxsize=256)
        def cao(delay: int, theiler: int) -> xr.Dataset:
            return estimate_embedding_dim(self._x, delay=delay, theiler=theiler, max_dim=MAX_DIM)

        @lru_cache(maxsize=256)
        def divergence(now: Embedding) -> xr.Dataset:
            return divergence_curve(self._x, **vars(now), steps=steps)

        @lru_cache(maxsize=256)
        def lyapunov(now: Embedding) -> xr.Dataset:
            return lyapunov_max(self._x, **vars(now))

        self._information, self._cao, self._divergence, self._lyapunov = information, cao, divergence, lyapunov

    def _make_page(self, first: Embedding, name: str) -> None:
        source = SequenceSource(self._x)
        self._feed = Feed(source.schema, window=len(self._values), max_bytes=16 * len(self._values) + (1 << 20))
        for block in source.blocks():
            self._feed.append(block)
        self._subject = Subject(source.schema, None, None)
        self._style = "points" if str(self._found["rule"].item()).startswith("map-like") else "line"
        # Positions travel relative to the mean, so that float32 keeps small motion on a large offset.
        self._offset = float(self._values.mean())
        self._generation = 0
        self._attractor = AttractorCanvas(_title=self._title(), _look=self._look(first), layout={"flex": "1 1 320px"})
        self._charts = ChartsCanvas(_title="Charts of the embedding", layout={"flex": "2 1 420px", "min_width": "0"})
        self._charts.on_msg(self._on_charts)
        tips = {
            "delay": ("delay τ", "Samples between the components of the delay vectors"),
            "embedding_dim": ("dimension m", "Number of components of the delay vectors"),
            "theiler": ("Theiler window", "Neighbours are more than this many samples apart"),
        }
        work = {"curves": (self._compute_curves, 0.0), "estimate": (self._compute_estimate, REST)}
        sliders = {field: self._slider(first, field, *words) for field, words in tips.items()}
        self._build(first, work=work, controls=sliders, canvases=[self._attractor, self._charts], name=name)

    def _slider(self, first: Embedding, field: str, words: str, tip: str) -> Slider:
        least = 2 if field == "embedding_dim" else 1
        value, most = getattr(first, field), getattr(self._most, field)
        if field == "theiler":  # what few will want would crowd out what most do
            most = max(value, min(most, 20 * value))
        return Slider(
            min=least, max=most, value=value, description=words, tooltip=tip, continuous_update=True,
            layout={"flex": "1 1 240px", "min_width": "0", "max_width": "420px"},
        )  # fmt: skip

    def _slider_ranges(self, shown: Embedding) -> dict[str, tuple[float, float, float]]:
        sliders = self._controls.controls.items()
        return {name: (each.min, max(each.max, getattr(shown, name)), each.step) for name, each in sliders}

    def _change(self, **changes: Any) -> None:
        super()._change(**{field: self._checked(field, value) for field, value in changes.items()})

    # -- on threads of its own -----------------------------------------------------------------------

    def _compute_curves(self, now: Embedding) -> None:
        self._tell("_divergence", "Divergence of neighbours", lambda: self._divergence_of(now))
        self._tell(
            "_dimension", "Cao's test and false neighbours", lambda: dimension_chart(self._cao(now.delay, now.theiler))
        )
        self._tell("_information", "Average mutual information", self._information_chart)

    def _compute_estimate(self, now: Embedding) -> None:
        try:
            self.estimate = self._lyapunov(now)
            said = self._describe(self.estimate)
        except LabError as error:
            self.estimate, said = None, f"λ: not estimated: {error}"
        CLOCK.post(self._say, now, said)

    def _tell(self, trait: str, title: str, make: Callable[[], dict[str, Any]]) -> None:
        """Compute one chart and have the clock show it, or why there is none."""
        try:
            chart = make()
        except LabError as error:
            chart = failed_chart(title, error)
        CLOCK.post(self._put, trait, chart)

    def _divergence_of(self, now: Embedding) -> dict[str, Any]:
        self.curve = None
        self.curve = self._divergence(now)
        return divergence_chart(self.curve) | {"of": vars(now)}

    def _information_chart(self) -> dict[str, Any]:
        return information_chart(
            self._information(),
            chosen=int(self._found["delay"]),
            rule=str(self._found["rule"].item()),
            step=self._step,
            unit=self._unit,
        )

    # -- on the clock's thread -----------------------------------------------------------------------

    def _show_controls(self, now: Embedding) -> None:
        super()._show_controls(now)
        if self._over(now):
            return
        known = self._done.get("estimate") == now
        self._charts._now = {
            **vars(now),
            "step": self._step,
            "words": self._words(now),
            "estimate": self._charts._now["estimate"] if known else "λ: computing …",
            "computing": not known,
        }
        self._newest.show(self._points)

    def _put(self, trait: str, chart: dict[str, Any]) -> None:
        if not self._ended:
            setattr(self._charts, trait, chart)

    def _say(self, now: Embedding, said: str) -> None:
        if not self._over(now):
            self._charts._now = {**self._charts._now, "estimate": said, "computing": False}

    def _points(self) -> tuple[dict[str, Any], Any]:
        """The attractor as it is now."""
        vertices = self._vertices()
        vertices[:, :3] -= self._offset
        self._generation += 1
        self._attractor._look = self._look(self._shown)
        content = {"kind": "points", "generation": self._generation, "span": max(len(vertices), 1)}
        return content, vertices.clip(-LARGEST, LARGEST).astype(np.float32).tobytes()

    def _vertices(self) -> np.ndarray:
        """The newest delay vectors, of which the first three components are drawn."""
        now = self._shown
        rows = min(MAX_DRAWN, len(self._values))
        trail = Trail(
            self._feed,
            self._subject.columns,
            delay=now.delay,
            dim=min(now.embedding_dim, 3),
            dt=self._step,
            rows=rows,
        )
        return trail.take(rows)

    def _heard(self, message: dict[str, Any]) -> None:
        if message.get("kind") == "no-webgl":
            self._charts.errors.append("this browser has no WebGL2; snapshot() gives a static picture")

    def _on_charts(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("kind") == "error":
            self._charts.errors.append(str(message.get("text")))

    # -- words ---------------------------------------------------------------------------------------

    def _title(self) -> str:
        return f"Embedding of {self._subject.names[0]}" if self._x.name else "Embedding"

    def _look(self, now: Embedding) -> dict[str, Any]:
        drawn = min(MAX_DRAWN, len(self._values))
        settings = Settings(delay=now.delay, dim=min(now.embedding_dim, 3), trail=max(2, drawn), color="time")
        keys = "arrows turn, plus and minus zoom, r resets the view"
        return {**self._subject.look(settings, self._style, [self._offset] * 3), "keys": keys}

    def _words(self, now: Embedding) -> str:
        vectors = len(self._values) - (now.embedding_dim - 1) * now.delay
        parts = [
            self._subject.lag(now.delay),
            f"m = {now.embedding_dim}" + (", the first 3 drawn" if now.embedding_dim > 3 else ""),
            f"Theiler window {now.theiler} samples",
            f"{max(vectors, 0):,} delay vectors" + (f", the newest {MAX_DRAWN:,} drawn" if vectors > MAX_DRAWN else ""),
        ]
        return " · ".join(parts)

    def _describe(self, found: xr.Dataset) -> str:
        low, high = (float(end) for end in found["interval"])
        row: dict[str, Any] = {"exponent": float(found["exponent"]), "low": low, "high": high}
        row |= {name: str(found[name].item()) for name in ("status", "reasons")}
        return describe(row, str(found["exponent"].attrs["units"]))
