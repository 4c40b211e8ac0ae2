"""What a client has with a server: one connection after another, and subscriptions that outlive them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import AuthError, FrameError, InputError, LabError, StreamError
from ..feed import Feed
from ..feed.reader import Policy
from ..priority import Priority
from .backoff import Backoff
from .calling import Calling, dial
from .card import Card
from .clock import ClockEstimate
from .frames import Header
from .incoming import Incoming
from .inflow import Inflow
from .loop import LoopThread
from .qlog import QlogFolder

__all__ = ["Session", "State", "Subscribed", "Subscription"]

log = logging.getLogger("midstream_lab")

State = Literal["connected", "reconnecting", "closed"]

#: Seconds between looks at the feeds that were closed while nothing comes.
LOOK = 1.5
#: Most lines of `Session.notes`.
MAX_NOTES = 100


@dataclass(frozen=True, kw_only=True)
class Subscribed:
    """A subscription as it stands.

    Parameters
    ----------
    source : str
        Name of the source at the server.
    feed : Feed
        Where its rows go.
    policy : {"block", "drop_oldest", "drop_newest", "decimate"}
        What the server does when this end is behind.
    priority : Priority
        Which streams of the connection go first.
    delivery : {"stream", "datagram"}
        How its rows travel.
    """

    source: str
    feed: Feed
    policy: Policy
    priority: Priority
    delivery: str


@dataclass(eq=False, kw_only=True)
class Subscription:
    """What has to be asked for again after a lost connection."""

    request: dict[str, Any]
    number: int
    inflow: Inflow

    @property
    def source(self) -> str:
        """Name of the source."""
        return str(self.request["source"])

    @property
    def since(self) -> int | str:
        """The row to go on with, or where to begin if none has come."""
        begin: int | str = self.request["since"]
        return begin if self.inflow.next is None else self.inflow.next

    def told(self) -> Subscribed:
        """It as it stands now."""
        return Subscribed(
            source=self.source,
            feed=self.inflow.feed,
            policy=self.request["policy"],
            priority=Priority.of(self.request["priority"]),
            delivery=self.request["delivery"],
        )


class Session:
    """Keeps a connection to a server, and its subscriptions. Lives in the loop thread; others may read its state.

    Parameters
    ----------
    card : Card
        The server's card.
    path : Path, optional
        The file of the card, read again before each attempt: the server may have written a newer one.
    loop : LoopThread
        Where it lives.
    timeout : float
        Seconds that one attempt to connect may take.
    backoff : Backoff
        When to try again, and for how long.
    verify : bool
        Whether the server's certificate has to be signed by the card's authority.
    qlog : QlogFolder, optional
        Where the events of its connections are logged.

    Attributes
    ----------
    error : BaseException or None
        Why it ended, if nobody closed it.
    notes : list of str
        What happened to the connection.
    """

    def __init__(
        self,
        card: Card,
        *,
        path: Path | None,
        loop: LoopThread,
        timeout: float,
        backoff: Backoff,
        verify: bool,
        qlog: QlogFolder | None,
    ) -> None:
        self.card = card
        self.calling: Calling | None = None
        self._state: State = "connected"
        self.error: BaseException | None = None
        self.notes: list[str] = []
        self.subscriptions: list[Subscription] = []
        self._path = path
        self._loop = loop
        self._timeout = timeout
        self._backoff = backoff
        self._verify, self._qlog = verify, qlog
        self._due: float | None = None  # when the next attempt is made, on the loop's clock
        self._keeper: asyncio.Task[None] | None = None
        self._looking: asyncio.TimerHandle | None = None

    @property
    def state(self) -> State:
        """What it does now."""
        if self._state == "connected" and self.calling is not None and self.calling.lost:
            return "reconnecting"
        return self._state

    async def open(self) -> None:
        """Connect for the first time."""
        self.calling = await self._dial(self._timeout)
        self._backoff.connected()
        self._keeper = asyncio.get_running_loop().create_task(self._keep())
        self._look()

    async def close(self) -> None:
        """End the connection, or the attempts to get one; the feeds close and keep their rows."""
        self._state = "closed"
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._looking is not None:
            self._looking.cancel()
        for subscription in list(self.subscriptions):
            subscription.inflow.close(None)
        if self.calling is not None:
            await self.calling.hang_up()

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask the server something."""
        return await self._connected().ask(request)

    async def subscribe(self, request: dict[str, Any], make: Callable[[Header], Feed]) -> Feed:
        """Subscribe, and fill the feed that `make` makes from the header of the stream."""
        number, stream, header = await self._connected().subscribe(request)
        try:
            feed = make(header)
        except LabError:
            stream.close()
            raise
        source = header.labels.get("name") or request["source"] or ""
        request |= {"source": source, "run": header.labels.get("run")}
        inflow = Inflow(feed, stream, self._loop, on_end=self._forget)
        self.subscriptions.append(Subscription(request=request, number=number, inflow=inflow))
        inflow.pump()
        return feed

    async def set_priority(self, source: str, priority: str) -> None:
        """Change the priority of the subscriptions to a source, also for the time after a lost connection."""
        found = [held for held in self.subscriptions if held.source == source]
        if not found:
            known = ", ".join(sorted({held.source for held in self.subscriptions})) or "none"
            raise InputError(f"nothing is subscribed to from a source {source!r}; subscriptions: {known}")
        for held in found:
            held.request["priority"] = priority
            if self.state == "connected":
                await self.ask({"op": "priority", "subscription": held.number, "priority": priority})

    async def migrate(self) -> int:
        """Go on from a new local port."""
        return await self._connected().migrate()

    async def clock(self) -> ClockEstimate:
        """How the server's clock stands against ours."""
        return await self._connected().clock.estimate()

    def status(self) -> str:
        """One phrase about the connection."""
        if self.state == "connected":
            return "connected"
        if self.state == "closed":
            return "closed" if self.error is None else f"closed: {self.error}"
        due = self._due
        wait = 0.0 if due is None else due - self._loop.loop.time()
        return f"reconnecting, attempt {self._backoff.attempt}" + (f", next in {wait:.0f} s" if wait >= 1 else "")

    def interruption(self) -> str:
        """Why no rows come now; empty while there is a connection."""
        return self.status() if self.state == "reconnecting" else ""

    def _connected(self) -> Calling:
        if self.state == "closed":
            reason = "" if self.error is None else f" ({self.error})"
            raise StreamError(f"the connection to server {self.card.name!r} has ended{reason}; connect() makes another")
        if self.calling is None or self.calling.lost:
            raise StreamError(f"there is no connection to server {self.card.name!r} now ({self.status()})")
        return self.calling

    async def _keep(self) -> None:
        """Wait for the end of the connection and make another, until somebody closes this or it is of no use."""
        while True:
            assert self.calling is not None
            await self.calling.ended
            await self.calling.hang_up()
            reason = self.calling.error or StreamError("the connection has ended")
            if isinstance(reason, (AuthError, FrameError)):
                self._end(reason)
                return
            self._backoff.lost()
            try:
                await self._reconnect(reason)
            except LabError as error:
                self._end(error)
                return
            except Exception as error:  # nobody awaits this task, and the feeds must not wait for ever
                log.exception("the client of %r cannot go on", self.card.name)
                self._end(StreamError(f"the connection was lost and making another failed: {error!r}"))
                return

    async def _dial(self, timeout: float) -> Calling:
        calling = await dial(self.card, self._loop, timeout=timeout, verify=self._verify, qlog=self._qlog)
        calling.clock.on_note = self._note
        return calling

    async def _reconnect(self, reason: LabError) -> None:
        """Try until there is a connection and every subscription goes on."""
        last: LabError = reason
        while (wait := self._backoff.next()) is not None:
            if self._state != "reconnecting":
                self._state = "reconnecting"
                self._note(f"the connection was lost ({reason}); trying again for {self._backoff.limit:g} s")
            for held in self.subscriptions:
                held.inflow.sever()
            self._due = asyncio.get_running_loop().time() + wait
            await asyncio.sleep(wait)
            self._due = None
            self._read_card()
            try:
                calling = await self._dial(min(self._timeout, max(self._backoff.left, 0.1)))
            except AuthError:
                raise
            except LabError as error:
                last = error
                continue
            self.calling = calling
            self._backoff.connected()
            if await self._resubscribe(calling):
                self._state = "connected"
                self._note(f"connected again after {self._backoff.elapsed:.1f} s")
                return
            last = calling.error or last
            await calling.hang_up()
        if self._backoff.limit:
            last = StreamError(f"no connection within {self._backoff.limit:g} s after the last was lost: {last}")
        raise last

    async def _resubscribe(self, calling: Calling) -> bool:
        """Go on with every subscription that has not ended; whether the connection lasted for that."""
        # in the order of their rows: a replay that is started again begins where the first one goes on
        for held in sorted(self.subscriptions, key=lambda held: held.since if isinstance(held.since, int) else 0):
            held.inflow.look()
            if not held.inflow.waiting:
                continue
            request = held.request | {"since": held.since}
            try:
                held.number, stream, header = await asyncio.wait_for(calling.subscribe(request), self._timeout)
            except TimeoutError:
                return False
            except LabError as error:
                if calling.lost:
                    return False
                held.inflow.give_up(error)
                continue
            self._go_on(held, stream, header)
        return not calling.lost

    def _go_on(self, held: Subscription, stream: Incoming, header: Header) -> None:
        feed = held.inflow.feed
        if header.schema != feed.schema:
            stream.close()
            held.inflow.give_up(
                StreamError(
                    f"source {held.source!r} has changed while the connection was lost: feed {feed.name!r} has the "
                    f"channels {', '.join(feed.schema.names)}, the source {', '.join(header.schema.names)}, or another "
                    "time base; subscribe again"
                )
            )
            return
        continues = header.labels.get("continues") == "yes"
        held.request["run"] = header.labels.get("run")
        if not continues:
            held.request["since"] = "oldest"  # the row that was asked for first was one of another run
        held.inflow.follow(stream, continues=continues)

    def _end(self, error: LabError) -> None:
        """No connection will be made any more."""
        self.error = error
        self._state = "closed"
        for held in list(self.subscriptions):
            held.inflow.give_up(error)

    def _read_card(self) -> None:
        """Take what the card's file holds by now, if it is still the card of this server."""
        if self._path is None:
            return
        with contextlib.suppress(InputError):  # it may be away while the server starts
            card = Card.load(self._path)
            if card.server == self.card.server:
                self.card = card

    def _note(self, line: str) -> None:
        self.notes = [*self.notes, line][-MAX_NOTES:]
        for held in self.subscriptions:
            held.inflow.feed.note(line)

    def _look(self) -> None:
        """Notice the feeds that were closed."""
        for held in list(self.subscriptions):
            held.inflow.look()
        self._looking = asyncio.get_running_loop().call_later(LOOK, self._look)

    def _forget(self, inflow: Inflow) -> None:
        self.subscriptions = [held for held in self.subscriptions if held.inflow is not inflow]
