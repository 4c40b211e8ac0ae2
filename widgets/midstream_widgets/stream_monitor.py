"""The streams of one or more clients at work: connections, clocks, priorities, rates and lateness."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from midstream_lab import plot, registry
from midstream_lab.errors import InputError
from midstream_lab.plot.streams import STREAM_COLORS
from midstream_lab.priority import Priority
from midstream_lab.stream import Client
from midstream_lab.stream.session import Subscribed
from midstream_lab.stream.traffic import Sample, Traffic, checked_seconds

from .asker import Asker
from .base import Canvas, Snapshot, join_esm, reject_unknown
from .clock import CLOCK
from .outbox import Outbox

__all__ = ["StreamMonitor"]

#: Seconds between two samples.
PERIOD = 0.25
#: Most subscriptions that are followed; of those that have ended the oldest make room.
MOST = 16


@dataclass
class Line:
    """One subscription: it stays as it was last seen when it has ended."""

    number: int
    client: Client
    told: Subscribed
    traffic: Traffic

    @property
    def ended(self) -> bool:
        return self.told.feed.closed


class StreamMonitor(Canvas):
    """Watch the streams of a client: connection, clock, priorities, rates, lateness.

    For each connection its state (while it is lost: the attempt and when the next is made), and how the server's clock
    stands against ours. For each subscription its rates and counts, its priority as a list to choose from, and a
    strip chart of lateness: the one-way delay where rows carry wall time, else the time between arrivals; the median
    and the 99th percentile over the last second. The rows are not read, so that no producer waits for the monitor.
    Key: space holds the picture.

    Parameters
    ----------
    clients : Client or sequence of Client
        Whom to watch; subscriptions that come later appear by themselves, up to 16.
    seconds : float, optional
        How far the charts go back; default 30, from 1 to 300.
    name : str, optional
        A view with the same name is closed first; default from the clients.

    Attributes
    ----------
    errors : deque of str
        What went wrong in the browser.

    Raises
    ------
    InputError
        If it is no client, or a keyword or value is not allowed.

    Examples
    --------
    >>> from midstream_lab.stream import Replay, connect, serve
    >>> with serve(Replay([0.0, 0.5, 1.0], dt="1/360")) as server, connect(server.card) as client:
    ...     view = StreamMonitor(client)
    ...     view
    ...     view.close()
    StreamMonitor(sequence)
    """

    _esm = join_esm("stream_monitor.js")
    _css = Canvas._css + (Path(__file__).parent / "stream_monitor.css").read_text(encoding="utf-8")
    _ended = True  # until it has been made: ipywidgets also closes what was refused

    def __init__(
        self, clients: Client | Iterable[Client], *, seconds: float = 30.0, name: str | None = None, **unknown: Any
    ):
        reject_unknown(unknown, ("seconds", "name"), what="StreamMonitor")
        self.clients = _clients(clients)
        self.seconds = checked_seconds(seconds)
        self._lines: list[Line] = []
        self._number = self._left_out = 0
        self._paused = False
        self._due = 0.0
        names = ", ".join(client.name for client in self.clients)
        look = {"colors": STREAM_COLORS, "priorities": [level.name for level in Priority], "seconds": self.seconds}
        super().__init__(_title=f"Streams of {names}", _look=look)
        self._outbox = Outbox(self.send)
        self.on_msg(self._on_message)
        self._name = name or f"streams {names}"
        self._notes: deque[str] = deque(maxlen=1)
        self._ended = False
        registry.register("view", self._name, self)
        self._asker = Asker(self.clients, told=self._notes.append, name=f"monitor-{self._name}")
        self._follow()
        CLOCK.join(self)

    def pause(self) -> None:
        """Hold the view; the streams go on."""
        self._paused = True

    def resume(self) -> None:
        """Show what is now."""
        self._paused = False

    def history(self) -> dict[str, xr.Dataset]:
        """What the charts show, by the name of the subscription; see `Traffic.history`."""
        return {self._label(line): line.traffic.history() for line in list(self._lines) if line.traffic.samples}

    def snapshot(self) -> Snapshot:
        """A static picture of what the view shows now, for a saved notebook.

        Raises
        ------
        InputError
            If nothing is subscribed to.
        """
        histories = self.history()
        if not histories:
            raise InputError("there is nothing to draw; client.subscribe(name) makes a subscription")
        title = str(self._title)
        return Snapshot(plot.png(plot.streams(histories, title=title), dpi=80), f"{title}: {', '.join(histories)}")

    def close(self) -> None:
        """Remove the view; the streams go on."""
        if self._ended:
            return
        self._ended = True
        CLOCK.leave(self)
        self._asker.close()
        for line in self._lines:
            line.traffic.close()
        registry.remove("view", self._name, self)
        super().close()

    def __repr__(self) -> str:
        return f"StreamMonitor({', '.join(client.name for client in self.clients)})"

    # -- on the clock's thread -----------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """What the clock does: four times a second, look and send what is to be seen."""
        if now < self._due:
            return
        self._due = now + PERIOD
        self._follow()
        seen = [(line, line.traffic.sample(self._asker.clock(line.client))) for line in self._lines]
        if not self._paused and self._outbox.ready(now):
            self._send_frame(seen, now)

    def failed(self, error: Exception) -> None:
        """The clock has let go of this view: say so where it was."""
        if not self._ended:
            text = f"This view stopped: {type(error).__name__}: {error}"
            self.errors.append(text)
            self.send({"kind": "error", "text": text})

    def _follow(self) -> None:
        """Take up what was subscribed to meanwhile."""
        known = {id(line.told.feed): line for line in self._lines}
        for client in self.clients:
            for told in client.subscriptions:
                if id(told.feed) in known:
                    known[id(told.feed)].told = told
                elif self._room():
                    traffic = Traffic(told.feed, seconds=self.seconds)
                    self._lines.append(Line(number=self._number, client=client, told=told, traffic=traffic))
                    self._number += 1
        followed = {id(line.told.feed) for line in self._lines}
        asked = [told for client in self.clients for told in client.subscriptions]
        self._left_out = sum(id(told.feed) not in followed for told in asked)

    def _room(self) -> bool:
        """Whether another line can be taken; the oldest that has ended is let go for it."""
        if len(self._lines) < MOST:
            return True
        for line in self._lines:
            if line.ended:
                line.traffic.close()
                self._lines.remove(line)
                return True
        return False

    def _label(self, line: Line) -> str:
        """Name of a subscription that is its own among those shown."""
        source = line.told.source
        return source if sum(o.told.source == source for o in self._lines) == 1 else str(line.told.feed.name)

    def _on_message(self, _: Any, message: dict[str, Any], buffers: Sequence[Any]) -> None:
        now, client = time.monotonic(), str(message.get("client"))
        match message.get("kind"):
            case "ack":
                self._outbox.ack(client, int(message["seq"]), now)
            case "hello":
                self._outbox.hello(client, now)
                self._due = 0.0
            case "goodbye":
                self._outbox.goodbye(client)
            case "pause":
                self._paused = not self._paused
                self._status = {"state": "paused (the streams go on)" if self._paused else ""}
            case "priority":
                for line in self._lines:
                    if line.number == message.get("number"):
                        self._asker.wish(line.client, line.told.source, Priority.of(message.get("priority", "")))
            case "error":
                self.errors.append(str(message.get("text")))

    def _send_frame(self, seen: list[tuple[Line, Sample]], now: float) -> None:
        # Times travel relative to the newest sample, so that float32 keeps them.
        tables = [
            np.array([(s.at - newest.at, s.p50, s.p99) for s in line.traffic.samples if s.measure == newest.measure])
            for line, newest in seen
        ]
        content = {
            "kind": "frame",
            "clients": [self._about_client(client) for client in self.clients],
            "lines": [
                self._about_line(line, sample) | {"points": len(table)}
                for (line, sample), table in zip(seen, tables, strict=True)
            ],
            "left_out": self._left_out,
            "note": self._notes[-1] if self._notes else "",
        }
        data = np.vstack([np.empty((0, 3)), *tables]).astype(np.float32)
        self._outbox.post(content, memoryview(data.tobytes()), now)

    def _about_client(self, client: Client) -> dict[str, Any]:
        clock = self._asker.clock(client)
        told = {"name": client.name, "state": client.state, "status": client.status(), "clock": ""}
        told["address"] = client.card.addresses[0]
        if clock is not None:
            told["clock"] = (
                f"server's clock {clock.offset / 1e6:+.3f} ms ± {clock.error / 1e6:.3f} ms, "
                f"round trip {clock.round_trip / 1e6:.3f} ms"
            )
        return told

    def _about_line(self, line: Line, sample: Sample) -> dict[str, Any]:
        told, feed = line.told, line.told.feed
        if feed.closed:
            state = "ended" if feed.error is None else f"ended: {feed.error}"
        else:
            state = feed.interruption or "live"
        wished = self._asker.wishes.get((line.client, told.source), told.priority)
        return {
            "number": line.number,
            "color": STREAM_COLORS[line.number % len(STREAM_COLORS)],
            "name": self._label(line),
            "state": state,
            "ended": feed.closed,
            "priority": wished.name,
            "policy": told.policy,
            "delivery": told.delivery,
            "measure": sample.measure,
            "rows": f"{sample.rows:,.0f}",
            "size": f"{sample.size / 1e6:,.3f}",
            **{name: f"{count:,}" for name, count in line.traffic.counts.items()},
            "p50": 1e3 * sample.p50 if np.isfinite(sample.p50) else None,
            "p99": 1e3 * sample.p99 if np.isfinite(sample.p99) else None,
            "error": 1e3 * sample.error if np.isfinite(sample.error) else None,
        }


def _clients(given: Any) -> tuple[Client, ...]:
    clients = (given,) if isinstance(given, Client) else tuple(given) if isinstance(given, Iterable) else ()
    if not clients or not all(isinstance(client, Client) for client in clients):
        raise InputError(
            f"StreamMonitor shows clients, as connect() makes them, one or more, not {given!r}; "
            "a feed's client is the one that subscribed to it"
        )
    return clients
