"""Stock aioquic's ends of bench_quic.py: the same two streams over `aioquic.asyncio`, a process each.

    python quic_stock.py serve HOST DATAGRAM SECONDS
    python quic_stock.py measure DATAGRAM ADDRESS SECONDS

The certificate is the lab's, so that both stacks sign and verify the same. The server keeps the bulk stream 1 MiB
ahead of what its reader has reported, as aioquic's own writers never wait.
"""

from __future__ import annotations

import asyncio
import struct
import sys
import threading
import time
from typing import Any

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent, StreamDataReceived
from quic_common import CASES, PATIENCE, SAMPLE, SETTLE, Arrivals, pace, samples, say, settle, until_told

from midstream_lab.stream.addresses import addresses_of
from midstream_lab.stream.card import split_address
from midstream_lab.stream.certificates import NAME, Authority, LeafKeeper, utc_now
from midstream_lab.stream.folder import data_folder

AHEAD = 1 << 20
PIECE = bytes(1 << 18)
REPORT = struct.Struct("<q")
#: The client's first bidirectional stream carries the bulk down and the reports up, its first one-way stream a wish.
BULK = 0
ALPN = "bench"


class Sending(QuicConnectionProtocol):
    """The server's end."""

    def __init__(self, *args: Any, count: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self._count = count
        self._reports = b""
        self._written = 0
        self._over = threading.Event()

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ConnectionTerminated):
            self._over.set()
        elif isinstance(event, StreamDataReceived) and event.stream_id == BULK:
            self._reports += event.data
            if whole := len(self._reports) // REPORT.size * REPORT.size:
                (read,) = REPORT.unpack(self._reports[whole - REPORT.size : whole])
                self._reports = self._reports[whole:]
                self._fill(read)
        elif isinstance(event, StreamDataReceived) and event.data:
            threading.Thread(target=self._samples, daemon=True).start()

    def _samples(self) -> None:
        for i in pace(self._count):
            if self._over.is_set():
                return
            self._loop.call_soon_threadsafe(self._send, SAMPLE.pack(time.perf_counter_ns(), i, 0.5))

    def _send(self, data: bytes) -> None:
        self._quic.send_stream_data(3, data)
        self.transmit()

    def _fill(self, read: int) -> None:
        while self._written - read < AHEAD:
            self._quic.send_stream_data(BULK, PIECE)
            self._written += len(PIECE)
        self._transmit_soon()


class Receiving(QuicConnectionProtocol):
    """The client's end."""

    arrivals: Arrivals

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._rest = b""
        self._read = self._reported = 0

    def ask_for_bulk(self) -> None:
        self._quic.send_stream_data(BULK, REPORT.pack(0))
        self.transmit()

    def ask_for_samples(self) -> None:
        self._quic.send_stream_data(2, b"!")
        self.transmit()

    def quic_event_received(self, event: QuicEvent) -> None:
        if not isinstance(event, StreamDataReceived):
            return
        if event.stream_id == BULK:
            self._read += len(event.data)
            self.arrivals.bulk(len(event.data))
            if self._read - self._reported >= len(PIECE):
                self._reported = self._read
                self._quic.send_stream_data(BULK, REPORT.pack(self._read))
            return
        data = self._rest + event.data
        whole = len(data) // SAMPLE.size * SAMPLE.size
        for stamp, number, _ in SAMPLE.iter_unpack(data[:whole]):
            self.arrivals.sample(stamp, number)
        self._rest = data[whole:]


async def measure(configuration: QuicConfiguration, address: str, case: str, seconds: float) -> dict[str, float]:
    """One case over a fresh connection."""
    host, port = split_address(address)
    async with connect(host, port, configuration=configuration, create_protocol=Receiving) as client:
        client.arrivals = Arrivals(samples(seconds) if case != "bulk" else 0)
        if case != "idle":
            client.ask_for_bulk()
            await asyncio.sleep(SETTLE)
        begin = time.perf_counter_ns()
        if case == "bulk":
            await asyncio.sleep(seconds)
        else:
            client.ask_for_samples()
            await asyncio.to_thread(client.arrivals.wait, PATIENCE * seconds)
        return client.arrivals.figures(begin, time.perf_counter_ns())


async def host_streams(host: str, datagram: int, seconds: float) -> None:
    """Serve until told to end."""
    leaf = LeafKeeper(Authority(data_folder()), clock=utc_now).leaf
    configuration = QuicConfiguration(is_client=False, alpn_protocols=[ALPN], max_datagram_size=datagram)
    configuration.certificate, configuration.private_key = leaf.certificate, leaf.key

    def make(*args: Any, **options: Any) -> Sending:
        return Sending(*args, count=samples(seconds), **options)

    server = await serve(host, 0, configuration=configuration, create_protocol=make)
    port = server._transport.get_extra_info("sockname")[1]
    say({"address": addresses_of(host, port)[0]})
    await asyncio.to_thread(until_told)
    server.close()


async def measure_all(datagram: int, address: str, seconds: float) -> None:
    """Run the cases one after the other."""
    found = {}
    for case in CASES:
        configuration = QuicConfiguration(
            alpn_protocols=[ALPN],
            max_datagram_size=datagram,
            server_name=NAME,
            cadata=Authority(data_folder()).pem.encode(),
        )
        found[case] = await measure(configuration, address, case, seconds)
    say(found)


def main() -> None:
    role, *rest = sys.argv[1:]
    settle()
    if role == "serve":
        asyncio.run(host_streams(rest[0], int(rest[1]), float(rest[2])))
    else:
        asyncio.run(measure_all(int(rest[0]), rest[1], float(rest[2])))


if __name__ == "__main__":
    main()
