"""A 24-byte sample every millisecond beside a saturating stream, at `Endpoint`, on virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from aioquic.asyncio import QuicConnectionProtocol
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import HandshakeCompleted, StreamDataReceived
from relay import Impairments
from virtual_path import run, serve_over

from midstream_lab.priority import Priority
from midstream_lab.stream._aioquic import CreditConnection, Endpoint, QuicServer
from midstream_lab.stream.certificates import NAME, Authority, LeafKeeper
from midstream_lab.stream.configuration import WINDOW, client_configuration, server_configuration, use_certificate
from midstream_lab.stream.outflow import BACKLOG

PERIOD, SAMPLE = 0.001, 24
PIECE = bytes(1 << 16)
HOST = "192.0.2.2"


@dataclass(kw_only=True)
class Traffic:
    """What to send, and what has come."""

    priorities: dict[str, Priority]
    sender: Any = None
    sent: list[float] = field(default_factory=list)
    came: list[float] = field(default_factory=list)
    bulk_came: int = 0


class Sends:
    """The server's end: samples on one stream, bulk on another."""

    def __init__(self, *args: Any, traffic: Traffic, **options: Any) -> None:
        super().__init__(*args, **options)
        self._traffic = traffic
        self._streams: dict[str, int] = {}
        traffic.sender = self

    def on_ready(self) -> None:
        for name in self._traffic.priorities:
            self._streams[name] = self.open_stream(unidirectional=True)
            # the first byte says which stream it is
            self.write(self._streams[name], name[:1].encode())
        self.change(self._traffic.priorities)
        self.on_progress()
        if "samples" in self._streams:
            self._sample(self._streams["samples"], self._loop.time())

    def on_progress(self) -> None:
        bulk = self._streams.get("bulk")
        while bulk is not None and self.backlog(bulk) < BACKLOG:
            self.write(bulk, PIECE)

    def change(self, priorities: dict[str, Priority]) -> None:
        """Give streams other priorities."""
        for name, priority in priorities.items():
            self.set_priority(self._streams[name], priority)

    def _sample(self, stream: int, due: float) -> None:
        self._traffic.sent.append(self._loop.time())
        self.write(stream, bytes(SAMPLE))
        self._loop.call_at(due + PERIOD, self._sample, stream, due + PERIOD)


class Receives:
    """The client's end: grants credit as bytes come."""

    def __init__(self, *args: Any, traffic: Traffic, **options: Any) -> None:
        super().__init__(*args, **options)
        self._traffic = traffic
        self._read: dict[int, int] = {}
        self._kinds: dict[int, bytes] = {}

    def on_data(self, stream_id: int, data: bytes, ended: bool) -> None:
        kind = self._kinds.setdefault(stream_id, data[:1])
        read = self._read[stream_id] = self._read.get(stream_id, 0) + len(data)
        self.grant(stream_id, read + WINDOW)
        if kind == b"s":
            whole = (read - 1) // SAMPLE
            self._traffic.came += [self._loop.time()] * (whole - len(self._traffic.came))
        else:
            self._traffic.bulk_came += len(data)


class Sending(Sends, Endpoint):
    """The server's end with priorities."""


class Receiving(Receives, Endpoint):
    """The client's end with credit of its own."""


class Stock(QuicConnectionProtocol):
    """Stock aioquic under the names of `Endpoint`: no priorities, and credit as bytes come."""

    open_stream, write, backlog = Endpoint.open_stream, Endpoint.write, Endpoint.backlog

    def set_priority(self, stream_id: int, priority: Priority) -> None:
        """Stock aioquic has none."""

    def grant(self, stream_id: int, limit: int) -> None:
        """Stock aioquic grants credit itself."""

    def on_progress(self) -> None:
        """Only the sender has something to do."""

    def datagram_received(self, data: Any, addr: Any) -> None:
        super().datagram_received(data, addr)
        self.on_progress()

    def quic_event_received(self, event: Any) -> None:
        if isinstance(event, StreamDataReceived):
            self.on_data(event.stream_id, event.data, event.end_stream)
        elif isinstance(event, HandshakeCompleted):
            self.on_ready()


class StockSending(Sends, Stock):
    """The server's end without priorities."""


class StockReceiving(Receives, Stock):
    """The client's end without credit of its own."""

    def on_ready(self) -> None:
        """The server begins."""


def _ends(folder: Path, traffic: Traffic, *, stock: bool) -> tuple[QuicServer, Any]:
    """A server and a client, not yet joined."""
    authority = Authority(folder)
    leaf = LeafKeeper(authority).leaf
    if stock:
        here = QuicConfiguration(is_client=False, alpn_protocols=["bench"])
        there = QuicConfiguration(alpn_protocols=["bench"], server_name=NAME, cadata=authority.pem.encode())
        client: Any = StockReceiving(QuicConnection(configuration=there), traffic=traffic)
    else:
        here = server_configuration(HOST)
        there = client_configuration(HOST, authority=authority.pem, server_name=NAME)
        client = Receiving(CreditConnection(configuration=there), traffic=traffic)
    use_certificate(here, leaf.certificate, leaf.key)
    make = partial(StockSending if stock else Sending, traffic=traffic)
    return QuicServer(configuration=here, create_protocol=make), client


async def _measure(
    folder: Path,
    path: Impairments,
    traffic: Traffic,
    change: dict[str, Priority],
    settle: float,
    seconds: float,
    stock: bool,
) -> None:
    server, client = _ends(folder, traffic, stock=stock)
    serve_over(path, server, client)
    await asyncio.sleep(settle)
    begun = len(traffic.sent)
    traffic.bulk_came = 0
    await asyncio.sleep(seconds / 2)
    traffic.sender.change(change)
    await asyncio.sleep(seconds / 2)
    traffic.sent, traffic.came = traffic.sent[begun:], traffic.came[begun:]
    client.close()
    server.close()


def measure(
    folder: Path,
    path: Impairments,
    *,
    samples: Priority | None = None,
    bulk: Priority | None = None,
    change: dict[str, Priority] | None = None,
    settle: float = 1.0,
    seconds: float = 1.0,
    stock: bool = False,
) -> tuple[np.ndarray, float]:
    """One-way delays of the samples in seconds, and bytes a second of the bulk stream, once that has settled.

    Streams without a priority are left out; `change` gives other priorities after half of the time; `stock` takes
    aioquic as it is.
    """
    given = {"samples": samples, "bulk": bulk}
    traffic = Traffic(priorities={name: priority for name, priority in given.items() if priority is not None})
    run(_measure(folder, path, traffic, change or {}, settle, seconds, stock))
    count = len(traffic.came)
    return np.array(traffic.came) - np.array(traffic.sent[:count]), traffic.bulk_came / seconds
