"""`connect`: a QUIC client in a thread of its own, whose subscriptions are feeds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from .. import registry
from ..errors import InputError, LabError, StreamError
from ..feed import Feed
from ..feed.reader import Policy, checked_policy
from ..warm import warm
from .calling import Calling, dial
from .card import Card
from .inflow import Inflow
from .loop import LoopThread
from .sources.pacing import Speed, checked_speed

__all__ = ["Client", "Offer", "connect"]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A source that a server offers.

    Parameters
    ----------
    name : str
        What `Client.subscribe` takes.
    channels : tuple of str
        Names of its channels.
    interval : str
        Time between rows.
    live : bool
        Whether it cannot wait for a slow reader.
    """

    name: str
    channels: tuple[str, ...]
    interval: str
    live: bool


def connect(card: Card | str | Path, *, name: str | None = None, timeout: float = 10.0) -> Client:
    """Connect to a server. Works in a notebook cell, whether or not an event loop runs there.

    Compiling a kernel later would stall what arrives, so the kernels are compiled meanwhile in another process,
    if they are not on disk yet; the client says so while it lasts.

    Parameters
    ----------
    card : Card, str or Path
        The server's connection card, or the file that holds it.
    name : str, optional
        Name of the client; default the server's. A client of this process with the same name is closed first.
    timeout : float, optional
        Seconds to wait for the server; default 10.

    Returns
    -------
    Client
        Close it with `close`, or use it in a ``with`` block.

    Raises
    ------
    InputError
        If the card is not a card.
    AuthError
        If the server's certificate or the card's token is refused.
    StreamError
        If no server answers in time.

    Examples
    --------
    >>> from midstream_lab.stream import Replay, connect, serve
    >>> with serve(Replay([0.0, 0.5, 1.0], dt="1/360", speed="max")) as server, connect(server.card) as client:
    ...     feed = client.subscribe(policy="block")
    ...     _ = feed.wait(timeout=10)
    ...     feed.window().values
    array([0. , 0.5, 1. ])
    """
    if not isinstance(card, Card):
        card = Card.load(card)
    return Client(card, name=name or card.name, timeout=timeout)


@dataclass(eq=False, kw_only=True)
class _Subscription:
    """What a client remembers of a feed, so that `Client.reopen` can go on with it."""

    source: str
    policy: Policy
    window: int
    feed: Feed
    run: str
    inflow: Inflow
    number: int


class Client:
    """A connection to a server; made by `connect`.

    Attributes
    ----------
    card : Card
        The server's card.
    name : str
        Its own name.
    notes : list of str
        What making it replaced.
    warming : Warming
        The kernels on their way to the disk; ``warming.progress`` is a line about it.
    """

    def __init__(self, card: Card, *, name: str, timeout: float) -> None:
        self.card = card
        self.name = name
        self._timeout = timeout
        self._subscriptions: dict[str, _Subscription] = {}
        self._loop: LoopThread | None = None
        self._calling: Calling | None = None
        self.notes = registry.register("client", name, self)
        self._open()
        self.warming = warm()

    @property
    def closed(self) -> bool:
        """Whether there is no connection any more."""
        return self._calling is None or self._calling.lost

    @property
    def error(self) -> BaseException | None:
        """Why the connection ended, if `close` did not end it."""
        return None if self._loop is None or self._calling is None else self._calling.error

    @property
    def feeds(self) -> dict[str, Feed]:
        """The feeds by the name of their source."""
        return {source: subscription.feed for source, subscription in self._subscriptions.items()}

    def list(self) -> tuple[Offer, ...]:
        """What the server offers."""
        answer = self._ask({"op": "list"})
        try:
            return tuple(_offer(entry) for entry in answer["sources"])
        except (KeyError, TypeError) as error:
            raise StreamError(f"the server's list of sources makes no sense: {error!r}") from error

    def subscribe(
        self,
        source: str | None = None,
        *,
        policy: Policy = "drop_oldest",
        window: int = 65_536,
        since: int | Literal["oldest", "newest"] = "oldest",
        name: str | None = None,
    ) -> Feed:
        """Subscribe to a source; returns its feed at once, rows arrive as they come.

        Parameters
        ----------
        source : str, optional
            Name of the source; may be left out where the server has only one.
        policy : {"drop_oldest", "drop_newest", "decimate", "block"}, optional
            What the server does when this end is behind. Default ``"drop_oldest"``: it lets old rows go.
            ``"drop_newest"``: it keeps what waits and lets go what comes meanwhile, so that unbroken old stretches
            arrive. ``"decimate"``: it keeps every k-th row, k doubling as the backlog grows. In all three the source
            never waits for this feed, which counts the rows that it did not get (``counts.lost``,
            ``counts.decimated``). ``"block"``: a source that can wait waits, and no row is lost; the feed fills its
            window and then holds until something reads it (`pipe`, `sink`). A source that cannot wait ends the
            subscription with an error when it overruns the server's window.
        window : int, optional
            Rows that the feed holds; default 65,536.
        since : int, "oldest" or "newest", optional
            First row that is wanted; default the oldest that the server holds.
        name : str, optional
            Name of the feed; default the client's and the source's.

        Raises
        ------
        InputError
            If the server has no such source.
        StreamError
            If the connection has ended, or the server does not answer in time.
        """
        checked_policy(policy)
        if since not in ("oldest", "newest") and (type(since) is not int or since < 0):
            raise InputError(f"since must be 'oldest', 'newest' or a row number, not {since!r}")
        return self._subscribe(source, policy=policy, window=window, since=since, name=name, older=None)

    def pause(self, source: str) -> None:
        """Pause a replay or a simulation, for all who are subscribed to it."""
        self._ask({"op": "pause", "source": source})

    def resume(self, source: str) -> None:
        """Let a paused source go on."""
        self._ask({"op": "resume", "source": source})

    def set_speed(self, source: str, speed: Speed) -> None:
        """Change the speed of a replay or a simulation, for all who are subscribed to it."""
        self._ask({"op": "speed", "source": source, "speed": checked_speed(speed)})

    def reopen(self, *, timeout: float | None = None) -> dict[str, Feed]:
        """Connect again and go on with every subscription that had not come to its end.

        Returns
        -------
        dict of str to Feed
            A new feed for each source: it holds what the older one held and goes on at the next row. Rows that
            the server does not have any more are counted as lost. Pipes of the older feeds have ended with them.
        """
        older = {s: held for s, held in self._subscriptions.items() if not (held.feed.closed and held.inflow.complete)}
        self.close()
        if timeout is not None:
            self._timeout = timeout
        self.notes = registry.register("client", self.name, self)
        self._open()
        return {
            source: self._subscribe(
                source,
                policy=held.policy,
                window=held.window,
                since=held.feed.next if held.feed.counts.received else "oldest",
                name=held.feed.name,
                older=held,
            )
            for source, held in older.items()
        }

    def close(self) -> None:
        """End the connection and close its feeds; they keep their rows. May be called again."""
        registry.remove("client", self.name, self)
        loop, self._loop = self._loop, None
        if loop is None:
            return
        if self._calling is not None:
            with contextlib.suppress(TimeoutError):
                loop.call(self._calling.hang_up(), timeout=5.0)
        loop.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "connected"
        warming = "" if self.warming.done else f"; {self.warming.progress}"
        feeds = ", ".join(self.feeds) or "no feeds"
        return f"<Client {self.name!r} {state} to {self.card.addresses[0]}: {feeds}{warming}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(source)}</td><td>{escape(', '.join(feed.schema.names[:8]))}</td></tr>"
            for source, feed in self.feeds.items()
        )
        state = "closed" if self.closed else "connected"
        if not self.warming.done:
            state = f"{state}; {escape(self.warming.progress)}"
        head = "<tr><th>source</th><th>channels</th></tr>"
        return f"<table><caption>client {escape(self.name)}, {state}</caption>{head}{rows}</table>"

    def _open(self) -> None:
        loop = LoopThread(f"midstream-client-{self.name}")
        try:
            self._calling = loop.call(dial(self.card, loop, timeout=self._timeout))
        except BaseException:
            registry.remove("client", self.name, self)
            loop.close()
            raise
        self._loop = loop

    def _subscribe(
        self,
        source: str | None,
        *,
        policy: Policy,
        window: int,
        since: int | str,
        name: str | None,
        older: _Subscription | None,
    ) -> Feed:
        loop, calling = self._connected()
        request = {"op": "subscribe", "source": source, "policy": policy, "since": since}
        request |= {"priority": "normal", "delivery": "stream"}
        request["run"] = None if older is None else older.run
        number, inflow, header = self._wait(calling.subscribe(request))
        try:
            source = header.labels.get("name", source or "")
            feed = Feed(header.schema, window=window, name=name or f"{self.name}/{source}", hold=policy == "block")
            if older is not None:
                _continue(older, feed, inflow, header.labels)
        except LabError:
            loop.post(inflow.drop)
            raise
        feed.note(*[f"connection: {note}" for note in self.notes])
        self._subscriptions[source] = _Subscription(
            source=source,
            policy=policy,
            window=window,
            feed=feed,
            run=header.labels.get("run", ""),
            inflow=inflow,
            number=number,
        )
        loop.post(lambda: inflow.attach(feed))
        return feed

    def _connected(self) -> tuple[LoopThread, Calling]:
        loop, calling = self._loop, self._calling
        if loop is None or calling is None:
            raise StreamError(f"client {self.name!r} is closed; client.reopen() connects again")
        if calling.lost:
            raise StreamError(f"the connection has ended ({calling.error}); client.reopen() connects again")
        return loop, calling

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        return dict(self._wait(self._connected()[1].ask(request)))

    def _wait(self, work: Any) -> Any:
        loop, _ = self._connected()
        began = time.monotonic()
        try:
            return loop.call(work, timeout=self._timeout)
        except (TimeoutError, asyncio.CancelledError) as error:
            waited = time.monotonic() - began
            raise StreamError(f"the server did not answer within {waited:.1f} s; is it still running?") from error


def _continue(older: _Subscription, feed: Feed, inflow: Inflow, labels: dict[str, str]) -> None:
    """Give a new feed the rows that the older one held, and number what comes on from there."""
    if older.feed.schema != feed.schema:
        feed.note("the source has changed since the connection was lost; this feed begins anew")
        return
    since = 0
    while (block := older.feed.tail(since)) is not None:
        feed.append(block)
        since = block.stop
    if labels.get("continues") == "no":
        inflow.restart = older.feed.next + 1
        feed.note("the source began anew while the connection was lost; the gap is of unknown size, counted as one row")


def _offer(entry: dict[str, Any]) -> Offer:
    interval = (
        f"{entry['tick']} {entry['unit']}"
        if entry["step"] == 1
        else f"{entry['step']} x {entry['tick']} {entry['unit']}"
    )
    return Offer(
        name=str(entry["name"]),
        channels=tuple(str(channel["name"]) for channel in entry["channels"]),
        interval=interval if entry["step"] else "irregular",
        live=bool(entry["live"]),
    )
