"""`connect`: a QUIC client in a thread of its own, whose subscriptions are feeds."""

from __future__ import annotations

import asyncio
import contextlib
import time
import warnings
from collections.abc import Coroutine
from dataclasses import replace
from html import escape
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

import xarray as xr

from .. import registry
from ..errors import InputError, StreamError
from ..feed import Feed
from ..feed.reader import Policy, checked_policy
from ..priority import Priority
from ..warm import warm
from .backoff import Backoff, checked_reconnect
from .card import Card
from .clock import ClockEstimate
from .frames import Header
from .inflow_datagram import DatagramCounts
from .local_time import one_way_delays
from .loop import LoopThread
from .offer import Offer, offer_from
from .qlog import QlogFolder
from .session import Session, State, Subscribed
from .sources.pacing import Speed, checked_speed

__all__ = ["Client", "connect"]

T = TypeVar("T")


def connect(
    card: Card | str | Path,
    *,
    name: str | None = None,
    timeout: float = 10.0,
    reconnect: bool | float = True,
    qlog: str | PathLike[str] | None = None,
    insecure_accept_any_certificate: bool = False,
) -> Client:
    """Connect to a server. Works in a notebook cell, whether or not an event loop runs there.

    A connection that is lost is made again, and its feeds go on at the next row: nothing is lost of what the server
    still holds (``serve(window=..., max_bytes=...)``), and what it does not hold any more is counted as lost. The
    attempts follow an exponential backoff with full jitter, at most 5 s apart (Brooker, 2015). They end at once where
    the server refuses the token or the certificate, or sends what is not of the protocol.

    Compiling a kernel later would stall what arrives, so the kernels are compiled meanwhile in another process,
    if they are not on disk yet; the client says so while it lasts.

    Parameters
    ----------
    card : Card, str or Path
        The server's connection card, or the file that holds it.
    name : str, optional
        Name of the client; default the server's. A client of this process with the same name is closed first.
    timeout : float, optional
        Seconds to wait for the server, each time; default 10.
    reconnect : bool or float, optional
        Seconds after which a lost connection is given up and the feeds close with an error; default True: 600.
        False: at once. ``float("inf")``: never.
    qlog : path, optional
        A folder for logs of what happens on the QUIC connection, in bounded ``.sqlog`` files; default none. They hold
        addresses, sizes and times, but no rows and no token.
    insecure_accept_any_certificate : bool, optional
        Connect to whoever answers, whatever its certificate, with a warning: that one gets the token and may send
        any rows. For a look at a server whose authority is lost; default False: TLS 1.3, verified.

    Returns
    -------
    Client
        Close it with `close`, or use it in a ``with`` block.

    Raises
    ------
    InputError
        If the card is not a card, or `reconnect` is no time.
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
    path = None if isinstance(card, Card) else Path(card)
    if not isinstance(card, Card):
        card = Card.load(card)
    limit = checked_reconnect(reconnect)
    if insecure_accept_any_certificate:
        line = "insecure_accept_any_certificate: whoever answers at the card's addresses gets its token and is believed"
        warnings.warn(line, stacklevel=2)
    return Client(
        card,
        path=path,
        name=name or card.name,
        timeout=timeout,
        backoff=Backoff(limit=limit),
        verify=not insecure_accept_any_certificate,
        qlog=None if qlog is None else QlogFolder(qlog),
    )


class Client:
    """A connection to a server; made by `connect`.

    Attributes
    ----------
    name : str
        Its own name.
    warming : Warming
        The kernels on their way to the disk; ``warming.progress`` is a line about it.
    """

    def __init__(
        self,
        card: Card,
        *,
        path: Path | None,
        name: str,
        timeout: float,
        backoff: Backoff,
        verify: bool,
        qlog: QlogFolder | None,
    ) -> None:
        self.name = name
        self._qlog = qlog
        self._timeout = timeout
        self._over = False
        self._feeds: dict[str, Feed] = {}
        self._replaced = registry.register("client", name, self)
        self._loop = LoopThread(f"midstream-client-{name}")
        self._session = Session(
            card, path=path, loop=self._loop, timeout=timeout, backoff=backoff, verify=verify, qlog=qlog
        )
        try:
            self._loop.call(self._session.open())
        except BaseException:
            registry.remove("client", name, self)
            self._end()
            raise
        self.warming = warm()

    @property
    def card(self) -> Card:
        """The server's card; the newest, where it came from a file."""
        return self._session.card

    @property
    def state(self) -> State:
        """``"connected"``, ``"reconnecting"`` or ``"closed"``."""
        return self._session.state

    @property
    def closed(self) -> bool:
        """Whether there is no connection any more, and none will be made."""
        return self._session.state == "closed"

    @property
    def error(self) -> BaseException | None:
        """Why the connection ended for good, if `close` did not end it."""
        return self._session.error

    @property
    def notes(self) -> list[str]:
        """What making it replaced, and when the connection was lost and made again; the newest 100."""
        return self._replaced + self._session.notes

    @property
    def feeds(self) -> dict[str, Feed]:
        """The newest feed of each source, by its name."""
        return dict(self._feeds)

    @property
    def subscriptions(self) -> tuple[Subscribed, ...]:
        """What is subscribed to now, each with its feed, policy and priority; those that have ended are left out."""
        return tuple(held.told() for held in list(self._session.subscriptions))

    @property
    def interruption(self) -> str:
        """Why no rows come now, though the client is not closed; else empty."""
        return self._session.interruption()

    @property
    def clock(self) -> ClockEstimate:
        """How the server's clock stands against ours, now, with an error bound; waits for the first exchange.

        The connection exchanges readings eight times as it begins and every second after that.

        Raises
        ------
        StreamError
            If there is no connection now, or no answer comes in time.
        """
        return self._wait(self._session.clock())

    @property
    def datagrams(self) -> DatagramCounts:
        """What came in datagrams on the present connection, or on the last one: how many, and how many out of order."""
        calling = self._session.calling
        return DatagramCounts() if calling is None else replace(calling.datagrams)

    def delays(self, source: str) -> xr.Dataset:
        """One-way delays of the newest batches of a source, with their error bound; see `one_way_delays`.

        Raises
        ------
        InputError
            If nothing was subscribed to from that source, or its rows are not stamped with ns since 1970.
        """
        if source not in self._feeds:
            known = ", ".join(self._feeds) or "none"
            raise InputError(f"nothing is subscribed to from a source {source!r}; subscriptions: {known}")
        return one_way_delays(self._feeds[source], self.clock)

    def status(self) -> str:
        """One line: whether it is connected; if not, the attempt it is at and when the next is made."""
        return f"{self.name}: {self._session.status()}"

    def list(self) -> tuple[Offer, ...]:
        """What the server offers."""
        answer = self._ask({"op": "list"})
        try:
            return tuple(offer_from(entry) for entry in answer["sources"])
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
        priority: Priority | str = "normal",
        delivery: Literal["stream", "datagram"] = "stream",
    ) -> Feed:
        """Subscribe to a source; returns its feed at once, rows arrive as they come.

        The feed outlives a lost connection: it goes on at the next row once there is another. Where the server was
        started again meanwhile, a replay or a simulation goes on at the next row too; of other sources it is not
        known how much was missed, which counts as one lost row.

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
        priority : Priority or str, optional
            ``"critical"``, ``"high"``, ``"normal"`` (default), ``"low"`` or ``"background"``: which streams of this
            connection go first where it is busy.
        delivery : {"stream", "datagram"}, optional
            Default ``"stream"``: every row that is sent arrives. ``"datagram"``: for rows that are worthless when late:
            each is sent once, what is lost on the way is counted (``counts.lost``), and so is what comes more than 5 ms
            after rows that it should precede (``counts.late``). Numbers and truths only.

        Raises
        ------
        InputError
            If the server has no such source, or its rows do not fit into datagrams that were asked for.
        StreamError
            If there is no connection now, or the server does not answer in time.
        """
        checked_policy(policy)
        if since not in ("oldest", "newest") and (type(since) is not int or since < 0):
            raise InputError(f"since must be 'oldest', 'newest' or a row number, not {since!r}")
        if delivery not in ("stream", "datagram"):
            raise InputError(f"delivery must be 'stream' or 'datagram', not {delivery!r}")
        request = {"op": "subscribe", "source": source, "policy": policy, "since": since, "run": None}
        request |= {"priority": Priority.of(priority).name, "delivery": delivery}

        def make(header: Header) -> Feed:
            source = header.labels.get("name", "")
            feed = Feed(header.schema, window=window, name=name or f"{self.name}/{source}", hold=policy == "block")
            feed.note(*[f"connection: {note}" for note in self._replaced])
            feed.interrupted = self._session.interruption
            self._feeds[source] = feed
            return feed

        return self._wait(self._session.subscribe(request, make))

    def set_priority(self, source: str, priority: Priority | str) -> None:
        """Change the priority of the subscriptions to a source, from now on.

        Raises
        ------
        InputError
            If nothing is subscribed to from that source, or there is no such priority.
        """
        self._wait(self._session.set_priority(source, Priority.of(priority).name))

    def migrate(self) -> int:
        """Go on from a new local UDP port, as after a change of network; the connection and its feeds stay.

        Returns
        -------
        int
            The new port.
        """
        return self._wait(self._session.migrate())

    def pause(self, source: str) -> None:
        """Pause a replay or a simulation, for all who are subscribed to it."""
        self._ask({"op": "pause", "source": source})

    def resume(self, source: str) -> None:
        """Let a paused source go on."""
        self._ask({"op": "resume", "source": source})

    def set_speed(self, source: str, speed: Speed) -> None:
        """Change the speed of a replay or a simulation, for all who are subscribed to it."""
        self._ask({"op": "speed", "source": source, "speed": checked_speed(speed)})

    def close(self) -> None:
        """End the connection and close its feeds; they keep their rows. May be called again."""
        registry.remove("client", self.name, self)
        if self._over:
            return
        self._over = True
        with contextlib.suppress(TimeoutError):
            self._loop.call(self._session.close(), timeout=5.0)
        self._end()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _end(self) -> None:
        self._loop.close()
        if self._qlog is not None:
            self._qlog.close()

    def __repr__(self) -> str:
        warming = "" if self.warming.done else f"; {self.warming.progress}"
        feeds = ", ".join(self._feeds) or "no feeds"
        address = self.card.addresses[0]
        return f"<Client {self.name!r} {self._session.status()} to {address}: {feeds}{warming}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(source)}</td><td>{escape(', '.join(feed.schema.names[:8]))}</td></tr>"
            for source, feed in self._feeds.items()
        )
        state = self._session.status()
        if not self.warming.done:
            state = f"{state}; {self.warming.progress}"
        head = "<tr><th>source</th><th>channels</th></tr>"
        return f"<table><caption>client {escape(self.name)}, {escape(state)}</caption>{head}{rows}</table>"

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        return dict(self._wait(self._session.ask(request)))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        if self._over:
            work.close()
            raise StreamError(f"client {self.name!r} is closed; connect() makes another")
        began = time.monotonic()
        try:
            return self._loop.call(work, timeout=self._timeout)
        except (TimeoutError, asyncio.CancelledError) as error:
            waited = time.monotonic() - began
            raise StreamError(f"the server did not answer within {waited:.1f} s; is it still running?") from error
