"""Connects, echoes and one big stream of bench_quic.py, below the feeds: our `Endpoint` and aioquic's protocol class.

python quic_echo.py serve STACK DATAGRAM
python quic_echo.py measure STACK DATAGRAM ADDRESS SERVER_PROCESS
"""

from __future__ import annotations

import asyncio
import statistics
import struct
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aioquic.asyncio
import numpy as np
import psutil
from aioquic.asyncio import QuicConnectionProtocol
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import HandshakeCompleted, QuicEvent, StreamDataReceived
from quic_common import say, until_told

from midstream_lab.stream._aioquic import CreditConnection, Endpoint, QuicServer
from midstream_lab.stream.card import split_address
from midstream_lab.stream.certificates import NAME, Authority, LeafKeeper
from midstream_lab.stream.configuration import client_configuration, server_configuration, use_certificate
from midstream_lab.stream.folder import data_folder

HOST = "127.0.0.1"
CONNECTS, OPENS, CONCURRENT = 30, 2000, 1000
#: Seconds that all concurrent streams have to open.
PATIENCE = 4.0
#: Bytes of each half of a concurrent stream, and of the one big stream.
HALF, BIG = 512, 64 << 20
PIECE = bytes(1 << 18)
#: How far a stream that is pushed may be ahead of what its reader has reported.
AHEAD = 1 << 20
#: A stream that begins so is pushed; any other is echoed.
PUSH = b"push"


class Ours(Endpoint):
    """Our end, either side: what comes goes to `received`."""

    def send(self, stream: int, data: bytes, *, end: bool = False) -> None:
        self.write(stream, data, end=end)

    def open(self) -> int:
        return self.open_stream(unidirectional=False)

    def on_data(self, stream_id: int, data: bytes, ended: bool) -> None:
        self.received(stream_id, data, ended)

    def on_ready(self) -> None:
        self.ready.set()


class Stock(QuicConnectionProtocol):
    """aioquic's end, either side, with the same names."""

    def send(self, stream: int, data: bytes, *, end: bool = False) -> None:
        self._quic.send_stream_data(stream, data, end)
        self._transmit_soon()

    def open(self) -> int:
        return self._quic.get_next_available_stream_id()

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived):
            self.received(event.stream_id, event.data, event.end_stream)
        elif isinstance(event, HandshakeCompleted):
            self.ready.set()


class Answering:
    """The server: echoes, or pushes bytes as they are asked for."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ready = asyncio.Event()
        self._pushes: dict[int, Push] = {}

    def received(self, stream: int, data: bytes, ended: bool) -> None:
        if data.startswith(PUSH):
            self._pushes[stream] = Push()
            data = data[len(PUSH) :]
        if (push := self._pushes.get(stream)) is None:
            self.send(stream, data, end=ended)
        else:
            push.hear(data)
            while push.written < min(push.total, push.read + AHEAD):
                push.written += len(PIECE)
                self.send(stream, PIECE, end=push.written == push.total)


class Push:
    """How far a stream that is pushed has come: the first number heard is its length, the others what was read."""

    def __init__(self) -> None:
        self.total = self.read = self.written = 0
        self._rest = b""

    def hear(self, data: bytes) -> None:
        data = self._rest + data
        whole = len(data) // 8 * 8
        for (number,) in struct.iter_unpack("<q", data[:whole]):
            self.total, self.read = (self.total, number) if self.total else (number, 0)
        self._rest = data[whole:]


class OurServer(Answering, Ours):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.limit_streams(bidirectional=CONCURRENT, unidirectional=0)


class StockServer(Answering, Stock):
    """Stock aioquic has no way to allow more than 128 streams at once."""


class Asking:
    """The client: waits until streams have brought so many bytes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ready = asyncio.Event()
        self._came: dict[int, int] = {}
        self._wanted: dict[int, tuple[int, asyncio.Future[None]]] = {}

    def want(self, stream: int, size: int) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        self._wanted[stream] = size, future
        return future

    def received(self, stream: int, data: bytes, ended: bool) -> None:
        came = self._came[stream] = self._came.get(stream, 0) + len(data)
        size, future = self._wanted[stream]
        if size == BIG and not ended and came // len(PIECE) > (came - len(data)) // len(PIECE):
            self.send(stream, struct.pack("<q", came))
        if came >= size and not future.done():
            assert came == size
            future.set_result(None)


class OurClient(Asking, Ours):
    pass


class StockClient(Asking, Stock):
    pass


@asynccontextmanager
async def calling(stack: str, datagram: int, address: str) -> AsyncIterator[Any]:
    """A client, connected."""
    host, port = split_address(address)
    authority = Authority(data_folder()).pem
    if stack == "stock":
        configuration = QuicConfiguration(
            alpn_protocols=["bench"], max_datagram_size=datagram, server_name=NAME, cadata=authority.encode()
        )
        async with aioquic.asyncio.connect(
            host, port, configuration=configuration, create_protocol=StockClient
        ) as client:
            yield client
        return
    configuration = client_configuration(host, authority=authority, server_name=NAME)
    _, client = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: OurClient(CreditConnection(configuration=configuration)), remote_addr=(host, port)
    )
    client.connect((host, port))
    await client.ready.wait()
    try:
        yield client
    finally:
        client.close()
        client.close_socket()


async def connects(way: tuple[str, int, str]) -> list[float]:
    """Milliseconds from nothing to the first echo, each over a new connection."""
    times = []
    for _ in range(CONNECTS):
        began = time.perf_counter()
        async with calling(*way) as client:
            stream = client.open()
            echoed = client.want(stream, 1)
            client.send(stream, b"x", end=True)
            await echoed
            times.append((time.perf_counter() - began) * 1e3)
    return times


async def opens(client: Any) -> np.ndarray:
    """Milliseconds from opening a stream to its first byte echoed, one after the other."""
    times = np.zeros(OPENS)
    for i in range(OPENS):
        began = time.perf_counter()
        stream = client.open()
        echoed = client.want(stream, 1)
        client.send(stream, b"x", end=True)
        await echoed
        times[i] = (time.perf_counter() - began) * 1e3
    return times


async def concurrent(client: Any) -> tuple[int, float]:
    """How many of the streams could be open at once, and the seconds until those had all their bytes."""
    began = time.perf_counter()
    echoes = {}
    for _ in range(CONCURRENT):
        stream = client.open()
        echoes[stream] = client.want(stream, HALF)
        client.send(stream, bytes(HALF))
    await asyncio.wait(echoes.values(), timeout=PATIENCE)
    opened = [stream for stream, echoed in echoes.items() if echoed.done()]
    rest = [client.want(stream, 2 * HALF) for stream in opened]
    for stream in opened:
        client.send(stream, bytes(HALF), end=True)
    await asyncio.gather(*rest)
    return len(opened), time.perf_counter() - began


async def big(client: Any) -> float:
    """MB/s of one stream."""
    began = time.perf_counter()
    stream = client.open()
    came = client.want(stream, BIG)
    client.send(stream, PUSH + struct.pack("<q", BIG))
    await came
    return BIG / (time.perf_counter() - began) / 1e6


async def measure(way: tuple[str, int, str], server: int) -> dict[str, float]:
    """All figures of one stack."""
    found: dict[str, float] = {"connect": statistics.median(await connects(way))}
    async with calling(*way) as client:
        times = (await opens(client))[100:]
        found |= {"open p50": float(np.percentile(times, 50)), "open p99": float(np.percentile(times, 99))}
    ends = psutil.Process(), psutil.Process(server)
    before = [end.memory_info().rss for end in ends]
    async with calling(*way) as client:
        found["streams"], found["concurrent"] = await concurrent(client)
        found["memory"] = max(end.memory_info().rss - idle for end, idle in zip(ends, before, strict=True)) / 2**20
    async with calling(*way) as client:
        found["big"] = await big(client)
    return found


async def host_echo(stack: str, datagram: int) -> None:
    """Serve until told to end."""
    leaf = LeafKeeper(Authority(data_folder())).leaf
    if stack == "stock":
        configuration = QuicConfiguration(is_client=False, alpn_protocols=["bench"], max_datagram_size=datagram)
    else:
        configuration = server_configuration(HOST)
    use_certificate(configuration, leaf.certificate, leaf.key)
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: QuicServer(configuration=configuration, create_protocol=StockServer if stack == "stock" else OurServer),
        local_addr=(HOST, 0),
    )
    say({"address": f"{HOST}:{transport.get_extra_info('sockname')[1]}"})
    await asyncio.to_thread(until_told)
    server.close()


def main() -> None:
    role, stack, datagram, *rest = sys.argv[1:]
    if role == "serve":
        asyncio.run(host_echo(stack, int(datagram)))
    else:
        say(asyncio.run(measure((stack, int(datagram), rest[0]), int(rest[1]))))


if __name__ == "__main__":
    main()
