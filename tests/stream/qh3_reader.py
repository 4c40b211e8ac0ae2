"""A client from FORMAT.md alone, on another QUIC library (qh3): read one source to its end, print what it held as JSON.

``python qh3_reader.py CARD SOURCE [TOKEN [SERVER_NAME]]``. No code of the lab runs here.
"""

import asyncio
import hashlib
import json
import struct
import sys

import pyarrow as pa
from qh3.asyncio import QuicConnectionProtocol, connect
from qh3.quic.configuration import QuicConfiguration
from qh3.quic.events import QuicEvent, StreamDataReceived


class Reader(QuicConnectionProtocol):
    """Keeps what comes on the control stream, which is stream 0, and on the data streams."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.control = bytearray()
        self.data: dict[int, bytearray] = {}
        self.ended: set[int] = set()
        self.came = asyncio.Event()

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived):
            target = self.control if event.stream_id == 0 else self.data.setdefault(event.stream_id, bytearray())
            target += event.data
            if event.end_stream:
                self.ended.add(event.stream_id)
            self.came.set()

    async def ask(self, request: dict) -> dict:
        """Send a request and wait for its answer."""
        body = json.dumps(request).encode()
        self._quic.send_stream_data(0, struct.pack(">I", len(body)) + body)
        self.transmit()
        while True:
            for answer in self.messages():
                if answer.get("re") == request["id"]:
                    return answer
            await self.more()

    def messages(self) -> list[dict]:
        """All messages so far."""
        found, at = [], 0
        while at + 4 <= len(self.control):
            (size,) = struct.unpack_from(">I", self.control, at)
            if at + 4 + size > len(self.control):
                break
            found.append(json.loads(self.control[at + 4 : at + 4 + size]))
            at += 4 + size
        return found

    async def more(self) -> None:
        self.came.clear()
        await self.came.wait()


async def read(card: dict, source: str, token: str, server_name: str) -> dict:
    host, _, port = card["addresses"][0].rpartition(":")
    configuration = QuicConfiguration(
        alpn_protocols=["midstream-lab/1"],
        server_name=server_name,
        cadata=card["authority"].encode(),
    )
    async with connect(host, int(port), configuration=configuration, create_protocol=Reader) as reader:
        hello = await reader.ask({"op": "hello", "id": 1, "version": 2, "token": token})
        if "error" in hello:
            return hello
        subscribe = {"op": "subscribe", "id": 2, "source": source, "policy": "block", "since": "oldest", "run": None}
        answer = await reader.ask(subscribe | {"priority": "normal", "delivery": "stream"})
        if "error" in answer:
            return answer
        stream = answer["ok"]["stream"]
        while stream not in reader.ended:
            await reader.more()
        return {"hello": hello["ok"], "subscribe": answer["ok"], "arrow": decoded(bytes(reader.data[stream]))}


def decoded(data: bytes) -> dict:
    """The Arrow stream, read by pyarrow."""
    batches, firsts = [], []
    with pa.ipc.open_stream(data) as stream:
        metadata = {key.decode(): value.decode() for key, value in stream.schema.metadata.items()}
        names = stream.schema.names
        while True:
            try:
                batch, custom = stream.read_next_batch_with_custom_metadata()
            except StopIteration:
                break
            batches.append(batch)
            firsts.append((int(custom["midstream.first"]), batch.num_rows, int(custom["midstream.gap"])))
    columns = {name: [batch.column(name) for batch in batches] for name in names}
    digests = {
        name: hashlib.sha256(b"".join(repr(part.to_pylist()).encode() for part in parts)).hexdigest()
        if pa.types.is_string(parts[0].type)
        else hashlib.sha256(b"".join(part.to_numpy().tobytes() for part in parts)).hexdigest()
        for name, parts in columns.items()
    }
    return {"names": names, "metadata": metadata, "batches": firsts, "digests": digests, "end": data[-8:].hex()}


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        given = json.load(file)
    words = [*sys.argv[2:], *[given["token"], "midstream-lab.local"][len(sys.argv) - 3 :]]
    result = asyncio.run(asyncio.wait_for(read(given, *words), 60))
    assert not any(module.startswith("midstream") for module in sys.modules)
    print(json.dumps(result))
