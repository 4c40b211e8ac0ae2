"""The client's side of one connection: the control stream, and the streams that the server opens."""

from __future__ import annotations

import asyncio
import itertools
import socket
from functools import partial
from typing import Any

from ..errors import AuthError, FrameError, InputError, LabError, LimitError, StreamError
from ._aioquic import CreditConnection, Endpoint
from .card import Card, split_address
from .certificates import NAME, check_authority
from .configuration import IDLE_TIMEOUT, certificate_refused, client_configuration
from .control import VERSION, Messages, check_reply, error_from, pack
from .datagrams import Answer, RowsFrame, parse
from .exchange import ClockExchange
from .frames import Header
from .incoming import Incoming
from .inflow_datagram import DatagramCounts, DatagramInflow
from .loop import LoopThread
from .qlog import QlogFolder
from .tickets import tickets

__all__ = ["Calling", "dial"]

#: Seconds between pings that keep the connection, and find out whether the server is there.
KEEP_ALIVE = 1.5
#: Seconds that a server which is gone from its port has for its last word.
FAREWELL = 1.0


async def dial(
    card: Card, loop: LoopThread, *, timeout: float, verify: bool = True, qlog: QlogFolder | None = None
) -> Calling:
    """Connect to the first address of a card that answers, and show the token.

    Parameters
    ----------
    card : Card
        The server's card.
    loop : LoopThread
        Where the connection lives.
    timeout : float
        Seconds for all addresses together.
    verify : bool, optional
        Whether the server's certificate has to be signed by the card's authority; default True.
    qlog : QlogFolder, optional
        Where the events of the connection are logged; default nowhere.

    Raises
    ------
    AuthError
        If the certificate or the token is refused.
    StreamError
        If no address answers in time.
    """
    failures = []
    share = timeout / len(card.addresses)
    for address in card.addresses:
        host, port = split_address(address)
        try:
            return await asyncio.wait_for(_dial(card, loop, host, port, verify=verify, qlog=qlog), share)
        except (AuthError, InputError, LimitError):
            raise
        except TimeoutError:
            failures.append(f"{address}: no answer within {share:.1f} s")
        except (LabError, OSError) as error:
            failures.append(f"{address}: {error}")
    raise StreamError(
        f"no connection to the server {card.name!r} ({'; '.join(failures)}). Is it running, does the card hold its "
        "present address, and do firewalls let UDP through?"
    )


async def _dial(
    card: Card, loop: LoopThread, host: str, port: int, *, verify: bool, qlog: QlogFolder | None
) -> Calling:
    running = asyncio.get_running_loop()
    info = (await running.getaddrinfo(host, port, type=socket.SOCK_DGRAM))[0]
    address = info[4]
    check_authority(card.authority)
    configuration = client_configuration(
        str(address[0]), authority=card.authority, server_name=NAME, verify=verify, qlog=qlog
    )
    # the ticket of a server that was not verified does not stand for a verified one
    known = (card.server, card.authority if verify else "")
    configuration.session_ticket = tickets.take(known)
    quic = CreditConnection(configuration=configuration, session_ticket_handler=partial(tickets.put, known))
    # a connected socket of the address's own family: hosts without IPv6 work, and a closed port is noticed at once
    _, calling = await running.create_datagram_endpoint(
        lambda: Calling(quic, loop=loop),
        remote_addr=(str(address[0]), port),
        family=info[0],
    )
    try:
        await calling.greet(address, card.token)
    except BaseException:
        if configuration.session_ticket is not None and not calling.handshaken:
            tickets.put(known, configuration.session_ticket)  # nobody has answered: it may serve the next attempt
        await calling.hang_up()
        raise
    return calling


class Calling(Endpoint):
    """Asks the server and takes its streams. Lives in the loop thread.

    Attributes
    ----------
    lost : bool
        Whether the connection has ended.
    error : LabError or None
        Why.
    ended : Future
        Done when the connection has ended.
    """

    def __init__(self, *args: Any, loop: LoopThread, **options: Any) -> None:
        super().__init__(*args, **options)
        self.lost = False
        self.error: LabError | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._thread = loop
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._messages = Messages()
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._headers: dict[int, asyncio.Future[tuple[Incoming, Header]]] = {}
        self._streams: dict[int, Incoming] = {}
        self._done: set[int] = set()
        self._subscribed: dict[int, Incoming] = {}
        self._reasons: dict[int, LabError] = {}
        self._control: int | None = None
        self._pinging: asyncio.TimerHandle | None = None
        #: How the server's clock stands against ours.
        self.clock = ClockExchange(self)
        self._flows: dict[int, DatagramInflow] = {}
        self.datagrams = DatagramCounts()

    async def greet(self, address: Any, token: str) -> None:
        """Shake hands and show the token, both at once where a ticket of the server allows that."""
        self.connect(address, transmit=False)
        if not self.early:
            self.transmit()
            await self._ready
        self._control = self.open_stream(unidirectional=False)
        await self.ask({"op": "hello", "version": VERSION, "token": token})
        await self._ready  # what is asked for next may not come twice, so it is not sent early
        self._keep_alive()
        self.clock.ask()

    async def ask(self, request: dict[str, Any], *, number: int | None = None) -> dict[str, Any]:
        """Send a request and wait for its answer, or raise the error that it brings."""
        if self.error is not None or self._control is None:
            raise self.error or StreamError("not connected")
        number = next(self._numbers) if number is None else number
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            self.write(self._control, pack(request | {"id": number}))
            return await answer
        finally:
            self._answers.pop(number, None)

    async def subscribe(self, request: dict[str, Any]) -> tuple[int, Incoming, Header]:
        """Subscribe, and wait for the header of the stream that the server opens."""
        number = next(self._numbers)
        header = self._headers[number] = asyncio.get_running_loop().create_future()
        if request["delivery"] == "datagram":
            self._flows[number] = DatagramInflow(self.datagrams)
        try:
            await self.ask(request, number=number)
            stream, found = await header
        except BaseException:
            self._flows.pop(number, None)
            if (late := self._subscribed.get(number)) is not None:
                late.close()
            raise
        finally:
            self._headers.pop(number, None)
            self._reasons.pop(number, None)
        return number, stream, found

    async def hang_up(self) -> None:
        """End the connection."""
        self._fail(StreamError("the connection was closed at this end"))
        self.close()
        self.close_socket()

    def on_ready(self) -> None:
        if not self._ready.done():
            self._ready.set_result(None)

    def on_data(self, stream_id: int, data: bytes, ended: bool) -> None:
        if stream_id == self._control:
            try:
                for message in self._messages.receive(data):
                    self._on_message(check_reply(message))
            except FrameError as error:
                self._break(error)
            return
        if stream_id in self._done:
            return
        stream = self._streams.get(stream_id)
        if stream is None:
            stream = self._streams[stream_id] = Incoming(
                self, stream_id, self._thread, on_header=self._on_header, on_bad=self._on_bad, on_done=self._on_done
            )
        flow = next((flow for flow in self._flows.values() if flow.stream is stream), None)
        if flow is None:
            stream.receive(data, ended)
        else:
            flow.receive_stream(data, ended)

    def on_datagram(self, data: bytes) -> None:
        try:
            frame = parse(data)
        except FrameError:  # as if it were lost
            self.datagrams.ignored += 1
            return
        if isinstance(frame, Answer):
            self.clock.receive(frame)
        elif isinstance(frame, RowsFrame) and frame.subscription in self._flows:
            self._flows[frame.subscription].receive(frame)

    def on_reset(self, stream_id: int) -> None:
        stream = self._streams.get(stream_id)
        if stream is not None:
            stream.finish(StreamError("the server gave this stream up"))

    def on_lost(self, code: int, reason: str) -> None:
        if certificate_refused(code):
            error: LabError = AuthError(
                f"the server's certificate was refused ({reason or 'not signed by the authority of this card'}): it is "
                "another server, or its authority was made again. Get a new card from it"
            )
        elif code == 2:
            error = AuthError(f"the server refused this client: {reason}")
        elif code == 3:
            error = LimitError(f"the server ended the connection: {reason}")
        elif reason == "Idle timeout":  # aioquic's word for it
            error = StreamError(f"the server is gone: nothing was heard from it for {IDLE_TIMEOUT:.0f} s")
        elif code:
            error = StreamError(f"the connection ended: {reason or f'QUIC error {code:#x}'}")
        else:
            error = StreamError(reason or "the server has ended the connection")
        self._fail(error)

    def error_received(self, exc: OSError) -> None:
        error = StreamError(f"nothing listens there ({exc.strerror or exc})")
        if not self._ready.done():
            self._fail(error)
        elif self.on_loopback:
            # Beyond loopback anybody can send an ICMP message, so an established connection does not believe it.
            # The server's own word on why it ended may be on its way.
            asyncio.get_running_loop().call_later(FAREWELL, self._give_up, error)

    def _on_message(self, message: dict[str, Any]) -> None:
        if "event" in message:
            self._on_ended(message["subscription"], message["error"])
            return
        answer = self._answers.get(message["re"])
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(error_from(message["error"]))
        else:
            answer.set_result(message["ok"])

    def _on_ended(self, number: int, error: dict[str, str] | None) -> None:
        if error is None:
            return
        if number in self._subscribed:
            self._subscribed[number].explain(error_from(error))
        elif number in self._headers:  # the stream itself has still to come
            self._reasons[number] = error_from(error)

    def _on_header(self, stream: Incoming, header: Header) -> None:
        text = header.labels.get("subscription", "")
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
        waiting = self._headers.get(number)
        if waiting is None or waiting.done():
            raise FrameError("the server opened a stream that was not asked for")
        self._subscribed[number] = stream
        if number in self._flows:
            self._flows[number].begin(stream, header.schema)
        if number in self._reasons:
            stream.explain(self._reasons.pop(number))
        waiting.set_result((stream, header))

    def _on_bad(self, stream: Incoming, error: FrameError) -> None:
        if stream in self._subscribed.values():
            return
        # It bears no number yet, so whoever waits for a stream hears of it.
        self._forget(stream)
        for waiting in self._headers.values():
            if not waiting.done():
                waiting.set_exception(error)

    def _on_done(self, stream: Incoming) -> None:
        for number, held in list(self._subscribed.items()):
            if held is stream:
                del self._subscribed[number]
                self._flows.pop(number, None)
                if not stream.complete and not self.lost:
                    self._tell({"op": "unsubscribe", "subscription": number})
        self._forget(stream)

    def _forget(self, stream: Incoming) -> None:
        """What still comes on this stream is thrown away."""
        self._streams.pop(stream.stream_id, None)
        self._done.add(stream.stream_id)

    def _tell(self, request: dict[str, Any]) -> None:
        """Send a request whose answer nobody waits for."""
        if self._control is not None:
            self.write(self._control, pack(request | {"id": next(self._numbers)}))

    def _break(self, error: LabError) -> None:
        self._fail(error)
        self.close(1, "a message that is not of the protocol")

    def _give_up(self, error: LabError) -> None:
        if not self.lost:
            self._fail(error)
            self.close()

    def _fail(self, error: LabError) -> None:
        """Everything that waits for the server gets this error."""
        self.lost = True
        self.error = self.error or error
        if self._pinging is not None:
            self._pinging.cancel()
        self.clock.stop()
        for flow in list(self._flows.values()):
            flow.close()
        waiters: list[asyncio.Future[Any]] = [self._ready, *self._answers.values(), *self._headers.values()]
        for waiting in waiters:
            if not waiting.done():
                waiting.set_exception(error)
                waiting.exception()  # it may be that nobody awaits this one
        if not self.ended.done():
            self.ended.set_result(None)
        for stream in list(self._streams.values()):
            stream.sever()

    def _keep_alive(self) -> None:
        if self.lost:
            return
        self.send_ping()
        self._pinging = asyncio.get_running_loop().call_later(KEEP_ALIVE, self._keep_alive)
