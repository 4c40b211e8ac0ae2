"""The attractor of a feed, drawing itself in the browser while the feed runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np

from midstream_lab import registry
from midstream_lab.errors import InputError, LabError

from .base import Canvas, OnClock, Snapshot, join_esm, reject_unknown
from .clock import CLOCK
from .controls import Controls
from .estimate import RunningEstimate, checked_options, suggest_delay
from .look import Settings, Subject
from .outbox import Outbox
from .picture import Shown
from .readback import Readbacks
from .status import Status
from .trail import COLUMNS, Trail

__all__ = ["LiveAttractor"]

#: Vertices in one message: the first picture of a long trail comes in parts.
CHUNK = 32_768

#: The most that a graphics card holds; speeds may exceed it.
LARGEST = float(np.finfo(np.float32).max)

#: A delay is chosen by itself once so many samples are there.
ENOUGH_FOR_DELAY = 1000

STATUS_PERIOD = 0.25
PICTURE_PERIOD = 5.0


class AttractorCanvas(Canvas):
    """The picture alone; `LiveAttractor` fills it."""

    _esm = join_esm("live_attractor.js", "live_attractor_view.js")


class LiveAttractor(OnClock, ipywidgets.VBox):
    """Watch the attractor of a live sequence.

    One channel is drawn as its delay embedding, two or three as they are. Turn the picture with the mouse,
    a finger or the arrow keys; it shows the newest `trail` points, and says below how fast they come, what
    was lost, and what the running Lyapunov estimate is. Looking never makes the network wait.

    Parameters
    ----------
    feed : Feed
        What to watch.
    channel : str, optional
        The channel to embed; default the first numeric one.
    channels : sequence of str, optional
        Two or three channels to draw directly instead.
    delay : int, optional
        Samples between the components; default: chosen by `attractors.estimate_delay` from the first 1000.
    dim : {3, 2}, optional
        Components of the delay vectors.
    trail : int, optional
        Points shown; default 4096, at most 1,048,576.
    color : {"time", "speed"}, optional
        What the colour of a point means.
    style : {"line", "points"}, optional
        Lines for flows, points for maps.
    estimate : bool or mapping, optional
        Whether to run the estimate; a mapping gives its window, its pace and keywords of
        `attractors.lyapunov_max`. Default True. It uses one channel, the first of those that are drawn.
    name : str, optional
        A view with the same name is closed first; default from the feed.

    Attributes
    ----------
    errors : list of str
        What went wrong in the browser.

    Raises
    ------
    InputError
        If a channel or a keyword does not exist, or a value is not allowed.

    Examples
    --------
    >>> from midstream_lab.feed import Channel, Feed, Schema
    >>> feed = Feed(Schema(channels=(Channel(name="x", unit="mV"),)), name="example")
    >>> view = LiveAttractor(feed, delay=5, estimate=False)
    >>> view
    LiveAttractor(feed='example')
    >>> view.close()
    """

    _ended = True  # until it has been made: ipywidgets also closes what was refused

    def __init__(
        self,
        feed: Any,
        *,
        channel: str | None = None,
        channels: Sequence[str] | None = None,
        delay: int | None = None,
        dim: int = 3,
        trail: int = 4096,
        color: str = "time",
        style: str = "line",
        estimate: bool | Mapping[str, Any] = True,
        name: str | None = None,
        **unknown: Any,
    ):
        reject_unknown(unknown, KEYWORDS, what="LiveAttractor")
        if not hasattr(feed, "tail"):
            raise InputError(
                f"LiveAttractor shows a feed, not a {type(feed).__name__}; connect(...).subscribe() gives one"
            )
        if style not in ("line", "points"):
            raise InputError(f"style must be 'line' or 'points', not {style!r}")
        self.feed = feed
        self._subject = Subject(feed.schema, channel, channels)
        self._style = style
        dim = dim if self._subject.embedded else len(self._subject.names)
        self._settings = Settings(delay=1 if delay is None else delay, dim=dim, trail=trail, color=color)
        self._check_fits(self._settings)
        self._choose_delay = delay is None and self._subject.embedded
        self._want_estimate = checked_options(estimate)
        self._estimate: RunningEstimate | None = None
        self._no_estimate = "" if self._want_estimate is None else "λ: not estimated, the feed has ended"
        self._warming: Any = None
        self._lock = threading.Lock()
        self._shown: Settings | None = None
        self._generation = 0
        self._skipped = 0
        self._offset = np.zeros(3)
        self._trail: Trail | None = None
        self._no_webgl = False
        self._picture_due = 0.0
        self._status_due = 0.0
        self._status = Status(feed)
        self._readbacks = Readbacks(lambda question: CLOCK.post(self._canvas.send, question))
        title = f"Attractor of {feed.name or 'a feed'}: {', '.join(self._subject.names)}"
        self._canvas = AttractorCanvas(_title=title, _look=self._look())
        self._outbox = Outbox(self._canvas.send)
        self._canvas.on_msg(self._on_message)
        values = asdict(self._settings)
        if not self._subject.embedded:
            del values["delay"], values["dim"]
        self._controls = Controls(
            values,
            longest=min(max(100, 2 * self._settings.delay), max(1, (feed.capacity - 1) // 2)),
            changed=self._from_control,
        )
        self._name = name or f"attractor of {feed.name or hex(id(feed))}"
        super().__init__([self._canvas, self._controls.box], layout=ipywidgets.Layout(width="100%"))
        self._ended = False
        registry.register("view", self._name, self)
        self._warm()
        CLOCK.join(self)

    # -- what a program may do -------------------------------------------------------------------

    @property
    def errors(self) -> list[str]:
        """What went wrong in the browser, oldest first."""
        return list(self._canvas.errors)

    @property
    def delay(self) -> int:
        """Samples between the components; set it to move the slider."""
        return self._settings.delay

    @delay.setter
    def delay(self, value: int) -> None:
        self._change(delay=value)

    @property
    def dim(self) -> int:
        """Components of the delay vectors."""
        return self._settings.dim

    @dim.setter
    def dim(self, value: int) -> None:
        self._change(dim=value)

    @property
    def trail(self) -> int:
        """Points shown."""
        return self._settings.trail

    @trail.setter
    def trail(self, value: int) -> None:
        self._change(trail=value)

    @property
    def color(self) -> str:
        """What the colour of a point means, ``"time"`` or ``"speed"``."""
        return self._settings.color

    @color.setter
    def color(self, value: str) -> None:
        self._change(color=value)

    def pause(self) -> None:
        """Hold the picture; the stream goes on."""
        self._change(paused=True)

    def resume(self) -> None:
        """Show the newest points again."""
        self._change(paused=False)

    def points(self) -> np.ndarray:
        """The newest vertices as the picture shows them, float64, shape (n, dim); NaN rows mark breaks."""
        return self._now_shown().rows()[:, :-2]

    def snapshot(self) -> Snapshot:
        """A static picture of what the view shows now, for a saved notebook.

        Raises
        ------
        InputError
            If there are too few rows to draw.
        """
        self._choose(now=True)
        return self._now_shown().snapshot()

    def export(self, path: str | Path) -> Path:
        """Write what the view shows now: ``.png`` the picture, ``.csv`` or ``.npz`` the points with their units.

        Raises
        ------
        InputError
            If the suffix is another one.
        """
        self._choose(now=True)
        return self._now_shown().export(Path(path))

    def drawn(self, *, timeout: float = 5.0) -> np.ndarray:
        """The points that stand in the browser's graphics memory, read back, shape (n, dim).

        Raises
        ------
        LabError
            If no browser answers within `timeout` seconds.
        """
        vertices = np.frombuffer(self._readbacks.wait(timeout), np.float32).reshape(-1, COLUMNS)
        dim = self._settings.dim
        return vertices[:, :dim] + self._offset[:dim]

    def close(self) -> None:
        """Stop watching and remove the view; the feed goes on."""
        if self._ended:
            return
        self._ended = True
        CLOCK.leave(self)
        registry.remove("view", self._name, self)
        if self._estimate is not None:
            self._estimate.close()
        self._controls.close()
        self._canvas.close()
        super().close()

    def __repr__(self) -> str:
        return f"LiveAttractor(feed={self.feed.name!r})"

    # -- on the clock's thread ---------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """What the clock does 60 times a second: follow the controls, send what is new, tell how it goes."""
        if self._warming is not None and self._warming.done:
            self._start_computing()
        settings = self._settings
        if settings != self._shown:
            self._follow(settings)
        if self._trail is not None and not settings.paused:
            self._send_new(settings, now)
        if now >= self._status_due:
            self._status_due = now + STATUS_PERIOD
            self._tell(now)
        if self._no_webgl and now >= self._picture_due:
            self._picture_due = now + PICTURE_PERIOD
            self._send_picture()

    def failed(self, error: Exception) -> None:
        """The clock has let go of this view: say so where it was."""
        if not self._ended:
            text = f"This view stopped: {type(error).__name__}: {error}"
            self._canvas.errors.append(text)
            self._canvas.send({"kind": "error", "text": text})

    def _on_message(self, _: Any, message: dict[str, Any], buffers: Sequence[Any]) -> None:
        now, client = time.monotonic(), str(message.get("client"))
        match message.get("kind"):
            case "ack":
                self._outbox.ack(client, int(message["seq"]), now)
            case "hello":
                self._outbox.hello(client, now)
                self._restart(self._settings)
            case "goodbye":
                self._outbox.goodbye(client)
            case "pause":
                self._change(paused=not self._settings.paused)
            case "error":
                self._canvas.errors.append(str(message.get("text")))
            case "no-webgl":
                self._no_webgl = True
            case "readback":
                current = message.get("generation") == self._generation and self._shown == self._settings
                counts = message.get("drawn") and current
                self._readbacks.heard(message["id"], bytes(buffers[0]) if counts else None)

    def _from_control(self, name: str, value: Any) -> None:
        if getattr(self._settings, name) != value:
            self._change(**{name: value})

    def _change(self, **changes: Any) -> None:
        with self._lock:
            settings = replace(self._settings, **changes)
            self._check_fits(settings)
            self._settings = settings
            if "delay" in changes:
                self._choose_delay = False

    def _check_fits(self, settings: Settings) -> None:
        rows = self.feed.capacity
        if self._subject.embedded and (settings.dim - 1) * settings.delay >= rows:
            raise InputError(
                f"delay {settings.delay} at dimension {settings.dim} does not fit into the feed's window of {rows:,} "
                f"rows; choose a smaller delay or subscribe with a larger window"
            )

    def _follow(self, settings: Settings) -> None:
        """Bring the page to new settings."""
        before, self._shown = self._shown, settings
        self._controls.show(asdict(settings))
        self._canvas._look = self._look()
        if before is None or replace(settings, color="time", paused=False) != replace(
            before, color="time", paused=False
        ):
            self._restart(settings)
        self._picture_due = 0.0

    def _restart(self, settings: Settings) -> None:
        """Send the whole trail anew."""
        self._generation += 1
        self._trail = self._read(settings)
        self._fresh = True

    def _read(self, settings: Settings) -> Trail:
        subject = self._subject
        return Trail(
            self.feed, subject.columns, delay=settings.delay, dim=settings.dim, dt=subject.dt, rows=settings.trail
        )

    def _send_new(self, settings: Settings, now: float) -> None:
        trail = self._trail
        assert trail is not None
        if trail.waiting > settings.trail:
            behind = trail.waiting - settings.trail
            self._skipped += behind if self._outbox.watched else 0
            trail.skip(behind)
        while trail.waiting and self._outbox.ready(now):
            vertices = trail.take(CHUNK)
            if not len(vertices):
                return
            if self._fresh:
                # Positions travel relative to the first one, so that float32 keeps small motion on a large offset.
                self._offset = vertices[0, :3].copy()
                self._fresh = False
                self._canvas._look = self._look()
            vertices[:, :3] -= self._offset
            data = memoryview(vertices.clip(-LARGEST, LARGEST).astype(np.float32).tobytes())
            self._outbox.post({"kind": "points", "generation": self._generation, "span": settings.trail}, data, now)

    def _tell(self, now: float) -> None:
        if self._estimate is not None:
            estimate = self._estimate.text(now)
        else:
            estimate = self._no_estimate if self._warming is None else f"λ: {self._warming.progress}"
        left_out = 0 if self._trail is None else self._trail.left_out
        said = self._status.lines(now, skipped=self._skipped, left_out=left_out, paused=self._settings.paused)
        lag = self._lag_text() if self._subject.embedded else ""
        self._canvas._status = {**said, "lag": lag, "estimate": estimate}
        self._choose(now=self._warming is None)

    def _send_picture(self) -> None:
        try:
            self._canvas._picture = self._now_shown().snapshot().data
        except InputError:
            self._picture_due = 0.0  # too few rows yet

    # -- computing -----------------------------------------------------------------------------------

    def _warm(self) -> None:
        """Have the kernels compiled elsewhere before they are used: compiling here would stall the stream."""
        if self._want_estimate is not None or self._choose_delay:
            from midstream_lab.warm import warm

            self._warming = warm()

    def _start_computing(self) -> None:
        self._warming = None
        if self._want_estimate is not None and not self.feed.closed:
            name = f"Lyapunov estimate for {self._name}"
            try:
                self._estimate = RunningEstimate(
                    self.feed, self._subject.names[0], name=name, options=self._want_estimate
                )
            except LabError as error:
                self._no_estimate = f"λ: not estimated: {error}"

    def _choose(self, *, now: bool) -> None:
        """Choose the delay, if nobody has, once there are enough rows."""
        if now and self._choose_delay and self.feed.counts.received >= ENOUGH_FOR_DELAY:
            self._choose_delay = False
            delay, self._status.note = suggest_delay(self.feed, self._subject.names[0])
            self._change(delay=delay)

    def _now_shown(self) -> Shown:
        settings = self._settings
        trail = self._read(settings)
        vertices = trail.take(settings.trail)[-settings.trail :]
        rows = trail.taken[-settings.trail :]
        return Shown(
            vertices=vertices,
            ages=(rows.max(initial=0) - rows) * self._subject.dt,
            look=self._subject.look(settings, self._style, self._offset.tolist()),
            title=self._canvas._title,
            lag=self._subject.lag(settings.delay) if self._subject.embedded else "",
        )

    def _look(self) -> dict[str, Any]:
        return self._subject.look(self._settings, self._style, self._offset.tolist())

    def _lag_text(self) -> str:
        if self._choose_delay:
            return "τ: chosen from the first samples"
        return self._subject.lag(self._settings.delay)


KEYWORDS = ("channel", "channels", "delay", "dim", "trail", "color", "style", "estimate", "name")
