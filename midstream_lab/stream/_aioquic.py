"""All private names of aioquic that the lab uses, in one place; written for aioquic 1.7.

aioquic grants a sender more flow-control credit as bytes arrive, and lets a sender buffer without bound. Here the
credit of a data stream moves only when its rows were consumed, and `Endpoint.backlog` says how much is buffered.
``tests/stream/test_aioquic_internals.py`` fails when one of these names moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer
from aioquic.buffer import Buffer, size_uint_var
from aioquic.quic import events
from aioquic.quic.congestion.base import K_GRANULARITY
from aioquic.quic.connection import MAX_STREAM_DATA_FRAME_CAPACITY, QuicConnection
from aioquic.quic.packet import QuicFrameType, QuicPacketType, pull_quic_header
from aioquic.quic.packet_builder import QuicDeliveryState
from aioquic.tls import Epoch, SessionTicket

from ..priority import Priority
from .arrivals import Arrivals
from .configuration import LOOPBACK_DATAGRAM, WINDOW
from .congestion import SparingPacer

__all__ = [
    "Admission",
    "CreditConnection",
    "Endpoint",
    "Listener",
    "QuicServer",
    "SessionTicket",
]

#: What becomes of a client that begins: it is let in, has to prove its address first, or is passed over.
Admission = Literal["yes", "prove", "no"]
#: Urgency of a stream that was given none, such as the control stream: before all others.
CONTROL = -1
#: Unsent DATAGRAM frames beyond which the oldest is dropped, and what surrounds the bytes of one in its packet.
DATAGRAMS, DATAGRAM_OVERHEAD = 256, 64
#: Datagrams of less urgent streams that are made at once; what became urgent meanwhile then comes first.
SLICE = 8


class PriorityConnection(QuicConnection):
    """A connection that sends what is more urgent first; streams of one level take turns.

    Less urgent data goes only as far as `FlightBound` allows, so that it makes no queue for what is urgent to wait in.
    """

    #: Whether less urgent data was held back to let other work come first.
    held: bool

    @classmethod
    def adopt(cls, connection: QuicConnection) -> None:
        """Make this of a fresh connection: aioquic's server makes them itself, of its own class."""
        connection.__class__ = cls
        connection._begin()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._begin()

    def _begin(self) -> None:
        self.held = False
        self._first = CONTROL
        self._loss._pacer = SparingPacer(self._loss._cc, max_datagram_size=self._max_datagram_size)

    def receive_datagram(self, data: bytes, *args: Any, **options: Any) -> None:
        # On one machine an acknowledgement that waits a millisecond is most of a round trip of bulk. One that is due
        # just before now goes with the next packet and is not paced.
        if self._max_datagram_size == LOOPBACK_DATAGRAM:
            self._ack_delay = -1e-6 if len(data) > LOOPBACK_DATAGRAM // 4 else K_GRANULARITY
        super().receive_datagram(data, *args, **options)

    def _write_application(self, builder: Any, network_path: Any, now: float) -> None:
        # the sort is stable, so what aioquic has rotated within one level stays so
        self._streams_queue.sort(key=self._urgency)
        levels = [u for u in map(self._urgency, self._streams_queue) if u != CONTROL]
        # on one machine the bound is for all: more would only overflow the buffer of the peer's socket
        self._first = CONTROL if self._max_datagram_size == LOOPBACK_DATAGRAM else min([*levels, Priority.normal])
        self.held = False
        try:
            super()._write_application(builder, network_path, now)
        finally:
            if any(not s.sender.buffer_is_empty and self._urgency(s) != CONTROL for s in self._streams_queue):
                self._loss._cc.flight.leave_over()

    def _write_stream_frame(self, builder: Any, space: Any, stream: Any, max_offset: int) -> int:
        sender, size = stream.sender, self._max_datagram_size
        if self._urgency(stream) > self._first:
            under_way = builder._datagram_flight_bytes + builder._flight_bytes
            room = self._loss._cc.flight.bound - self._loss.bytes_in_flight - under_way
            if room < size:  # less than a datagram is not worth one
                return 0
            if under_way >= SLICE * size:
                self.held = True
                return 0
            max_offset = min(max_offset, sender.highest_offset + room)
        offset_size = size_uint_var(sender.next_offset) if sender.next_offset else 0
        overhead = 5 + size_uint_var(stream.stream_id) + offset_size
        highest = sender.highest_offset
        frame = sender.get_frame(builder.remaining_flight_space - overhead, max_offset)
        if frame is None:
            return 0
        buffer = builder.start_frame(
            QuicFrameType.STREAM_BASE | 2 | (4 if frame.offset else 0) | (1 if frame.fin else 0),
            capacity=overhead,
            handler=sender.on_data_delivery,
            handler_args=(frame.offset, frame.offset + len(frame.data), frame.fin),
        )
        buffer.push_uint_var(stream.stream_id)
        if frame.offset:
            buffer.push_uint_var(frame.offset)
        # aioquic writes the length in two bytes, which hold 16,383 at most: these are four
        buffer.push_uint32(len(frame.data) | 0x8000_0000)
        buffer.push_bytes(frame.data)
        return sender.highest_offset - highest

    @staticmethod
    def _urgency(stream: Any) -> int:
        return getattr(stream, "urgency", CONTROL)


class CreditConnection(PriorityConnection):
    """A client's connection whose incoming data streams get credit from `grant` alone."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._granted: dict[int, int] = {}

    def _receive_retry_packet(self, *args: Any, **options: Any) -> None:
        begun = self._retry_count
        super()._receive_retry_packet(*args, **options)
        if self._retry_count > begun:
            # aioquic forgets what it has sent: early data would never come
            for stream in self._streams.values():
                sent = stream.sender.highest_offset
                stream.sender.on_data_delivery(QuicDeliveryState.LOST, 0, sent, False)

    def grant(self, stream_id: int, limit: int) -> None:
        """Let the peer send up to the offset `limit` of a stream; credit is never taken back."""
        self._granted[stream_id] = max(limit, self._granted.get(stream_id, 0))

    def _write_stream_limits(self, builder: Any, space: Any, stream: Any) -> None:
        if not stream.max_stream_data_local:  # a stream that only sends
            return
        if stream.stream_id & 3 == 3:
            limit = self._granted.get(stream.stream_id, 0)
        else:
            limit = stream.receiver.starting_offset() + WINDOW
            if limit - stream.max_stream_data_local < WINDOW // 2:
                limit = 0
        stream.max_stream_data_local = max(limit, stream.max_stream_data_local)
        if stream.max_stream_data_local_sent != stream.max_stream_data_local:
            buffer = builder.start_frame(
                QuicFrameType.MAX_STREAM_DATA,
                capacity=MAX_STREAM_DATA_FRAME_CAPACITY,
                handler=self._on_max_stream_data_delivery,
                handler_args=(stream,),
            )
            buffer.push_uint_var(stream.stream_id)
            buffer.push_uint_var(stream.max_stream_data_local)
            stream.max_stream_data_local_sent = stream.max_stream_data_local

    def _write_connection_limits(self, builder: Any, space: Any) -> None:
        # The connection's credit covers the credit of its streams, so that one that waits cannot starve another.
        limit = self._local_max_data
        due = sum(
            stream.max_stream_data_local - stream.receiver.highest_offset
            for stream in self._streams.values()
            if stream.max_stream_data_local and not stream.receiver.is_finished
        )
        wanted = limit.used + due + 4 * WINDOW
        used = limit.used
        if wanted - limit.value >= WINDOW:
            limit.value = wanted
        try:
            # the original doubles the limit when half of it is used: it shall see none of it used
            limit.used = 0
            super()._write_connection_limits(builder, space)
        finally:
            limit.used = used


class Endpoint(QuicConnectionProtocol):
    """One end of a connection: named calls over aioquic's protocol class. Use it in its event loop only."""

    _timer: asyncio.TimerHandle | None
    _timer_at: float | None

    def __init__(self, quic: QuicConnection, *args: Any, **options: Any) -> None:
        if not isinstance(quic, PriorityConnection):
            PriorityConnection.adopt(quic)
        super().__init__(quic, *args, **options)
        self._arrivals = Arrivals()
        self._turn: asyncio.Handle | None = None

    def on_data(self, stream_id: int, data: bytes, ended: bool) -> None:
        """Bytes of a stream have come, in order."""

    def on_reset(self, stream_id: int) -> None:
        """The peer has given up a stream that it sends, or wants no more of one that it receives."""

    def on_datagram(self, data: bytes) -> None:
        """A datagram has come: perhaps late, twice or out of order."""

    def on_ready(self) -> None:
        """The handshake is complete."""

    def on_lost(self, code: int, reason: str) -> None:
        """The connection has ended."""

    def on_progress(self) -> None:
        """Datagrams were handled: there may be room to send."""

    def limit_streams(self, *, bidirectional: int, unidirectional: int) -> None:
        """Allow the peer so many open streams; before the handshake only."""
        both = (self._quic._local_max_streams_bidi, bidirectional), (self._quic._local_max_streams_uni, unidirectional)
        for limit, count in both:
            limit.value = limit.sent = count

    def open_stream(self, *, unidirectional: bool) -> int:
        """The id of the next stream; it counts as open once something was written to it."""
        return self._quic.get_next_available_stream_id(is_unidirectional=unidirectional)

    def write(self, stream_id: int, data: bytes | bytearray, *, end: bool = False) -> None:
        """Send bytes on a stream."""
        self._quic.send_stream_data(stream_id, data, end)
        self._transmit_soon()

    def set_priority(self, stream_id: int, priority: Priority) -> None:
        """Place a stream that this end sends, and has written to, among the others, from now on."""
        stream = self._quic._streams.get(stream_id)
        if stream is not None:
            stream.urgency = priority
            self._transmit_soon()

    def backlog(self, stream_id: int) -> int:
        """Bytes of a stream that were written and are not acknowledged."""
        stream = self._quic._streams.get(stream_id)
        return 0 if stream is None else len(stream.sender._buffer)

    def grant(self, stream_id: int, limit: int) -> None:
        """Let the peer send up to the offset `limit` of a stream."""
        self._quic.grant(stream_id, limit)
        self._transmit_soon()

    @property
    def datagram_room(self) -> int:
        """Most bytes of a datagram; 0 if the peer takes none."""
        largest = self._quic._remote_max_datagram_frame_size or 0
        return max(0, min(largest, self._quic._max_datagram_size) - DATAGRAM_OVERHEAD)

    def datagrams_fit(self, count: int) -> bool:
        """Whether so many datagrams can be sent without dropping one that waits."""
        return len(self._quic._datagrams_pending) + count <= DATAGRAMS

    def send_datagram(self, data: bytes) -> int:
        """Send bytes once, unacknowledged; returns how many older datagrams were dropped for want of room to send."""
        waiting = self._quic._datagrams_pending
        dropped = 0
        while len(waiting) >= DATAGRAMS:
            waiting.popleft()
            dropped += 1
        self._quic.send_datagram_frame(data)
        self._transmit_soon()
        return dropped

    def give_up(self, stream_id: int) -> None:
        """End a stream at once: what this end sends is reset, what it receives is refused."""
        stream = self._quic._streams.get(stream_id)
        if stream is None:
            return
        if not stream.sender.is_finished:
            self._quic.reset_stream(stream_id, 0)
        if not stream.receiver.is_finished:
            self._quic.stop_stream(stream_id, 0)
        self._transmit_soon()

    @property
    def on_loopback(self) -> bool:
        """Whether both ends are on this machine."""
        return self._quic.configuration.max_datagram_size == LOOPBACK_DATAGRAM

    def transmit(self) -> None:
        super().transmit()
        if self._quic.held and self._transmit_task is None:
            self._transmit_soon()

    @property
    def closing(self) -> bool:
        """Whether one of the ends has closed the connection."""
        return self._quic._close_event is not None

    @property
    def peer(self) -> str:
        """Where the other end is now, as host and port."""
        host, port = self._quic._network_paths[0].addr[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    # -- coming back: early data (0-RTT) and another local port -----------------------------------

    @property
    def early(self) -> bool:
        """Whether what is written now is sent before the handshake is complete, under the key of a session ticket."""
        return self._quic._cryptos[Epoch.ZERO_RTT].send.is_valid()

    @property
    def early_accepted(self) -> bool:
        """Whether the server has taken what was sent early."""
        return self._quic.tls.early_data_accepted

    @property
    def handshaken(self) -> bool:
        """Whether the handshake is complete, so that nobody else can have sent what comes."""
        return self._quic._handshake_complete

    async def migrate(self) -> int:
        """Go on from a new local port and with a new connection id (RFC 9000, section 9); returns the port."""
        older = self._transport
        host, port = older.get_extra_info("peername")[:2]
        # connection_made puts the new socket in the place of the older one
        transport, _ = await self._loop.create_datagram_endpoint(lambda: self, remote_addr=(host, port))
        older.close()
        self._quic.change_connection_id()
        self.send_ping()
        return transport.get_extra_info("sockname")[1]

    def send_ping(self) -> None:
        """Send a ping; the peer's acknowledgement shows that it is there."""
        self._quic.send_ping(id(self))
        self._transmit_soon()

    def close_socket(self) -> None:
        """Close a client's own socket, after what was written to it is sent."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._quic.configuration.is_client:  # the socket of a server is its listener's
            self._arrivals.listen(transport, self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport.is_closing():  # not so after a migration, which has left an older transport
            self._arrivals.close()

    def datagram_received(self, data: bytes | str, addr: Any) -> None:
        self._quic.receive_datagram(data, addr, now=self._loop.time())
        for more, sender in self._arrivals.waiting():
            self._quic.receive_datagram(more, sender, now=self._loop.time())
        if self._turn is None:
            self._turn = self._loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        """Handle what the datagrams of one turn have brought, once for all of them."""
        self._turn = None
        self._process_events()
        due, now = self._quic._spaces[Epoch.ONE_RTT].ack_at, self._loop.time()
        if self._quic._handshake_complete and due is not None and due > now:
            self._arm()  # what has to be sent by itself goes with the acknowledgement; what is written goes at once
        else:
            self.transmit()
        self.on_progress()

    def _arm(self) -> None:
        timer_at = self._quic.get_timer()
        if self._timer is not None and self._timer_at != timer_at:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and timer_at is not None:
            self._timer = self._loop.call_at(timer_at, self._handle_timer)
        self._timer_at = timer_at

    def quic_event_received(self, event: events.QuicEvent) -> None:
        if isinstance(event, events.StreamDataReceived):
            self.on_data(event.stream_id, event.data, event.end_stream)
        elif isinstance(event, events.DatagramFrameReceived):
            self.on_datagram(event.data)
        elif isinstance(event, (events.StreamReset, events.StopSendingReceived)):
            self.on_reset(event.stream_id)
        elif isinstance(event, events.HandshakeCompleted):
            self.on_ready()
        elif isinstance(event, events.ConnectionTerminated):
            self.on_lost(event.error_code, event.reason_phrase)


class Listener(QuicServer):
    """A server's socket that decides, for each client that begins, whether it has to prove its address first.

    Parameters
    ----------
    admission : callable
        Called for each client that begins; says what becomes of it. The proof is a Retry (RFC 9000, 8.1.2).
    **options
        Those of aioquic's server.
    """

    def __init__(self, *, admission: Callable[[], Admission], **options: Any) -> None:
        super().__init__(retry=True, **options)
        self._retry: Any
        self._admission = admission
        self._prover = self._retry
        self._arrivals = Arrivals()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._arrivals.listen(transport, self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrivals.close()

    def datagram_received(self, data: bytes | str, addr: Any) -> None:
        self._receive(data, addr)
        for more, sender in self._arrivals.waiting():
            self._receive(more, sender)

    def _receive(self, data: bytes | str, addr: Any) -> None:
        if isinstance(data, str) or not data:
            return
        if data[0] & 0x80:
            try:
                header = pull_quic_header(Buffer(data=data), host_cid_length=self._configuration.connection_id_length)
            except ValueError:
                return
            if header.packet_type == QuicPacketType.INITIAL and header.destination_cid not in self._protocols:
                answer = self._admission()
                if answer == "no":
                    return
                # who brings a proof was asked for it, though there may be room again by now
                self._retry = self._prover if answer == "prove" or header.token else None
        super().datagram_received(data, addr)
