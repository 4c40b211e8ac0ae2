"""All that waits at a socket comes in one turn, in order, and no more than a turn's worth."""

import asyncio
import socket

from midstream_lab.stream.arrivals import TURN, Arrivals


class Notes(asyncio.DatagramProtocol):
    """Notes what comes, turn by turn."""

    def __init__(self) -> None:
        self.arrivals = Arrivals()
        self.turns: list[list[bytes]] = []
        self.errors: list[Exception] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.arrivals.listen(transport, self)

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.turns.append([data, *(more for more, _ in self.arrivals.waiting())])

    def error_received(self, exc: Exception) -> None:
        self.errors.append(exc)


async def received(count: int) -> Notes:
    """What comes of so many datagrams that all wait already."""
    transport, notes = await asyncio.get_running_loop().create_datagram_endpoint(Notes, local_addr=("127.0.0.1", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for i in range(count):
            sender.sendto(str(i).encode(), transport.get_extra_info("sockname"))
    for _ in range(200):
        if sum(map(len, notes.turns)) == count:
            break
        await asyncio.sleep(0.05)
    notes.arrivals.close()
    transport.close()
    return notes


def test_what_waits_comes_in_order_a_bounded_part_in_each_turn() -> None:
    notes = asyncio.run(received(TURN + 10))
    assert [len(turn) for turn in notes.turns] == [TURN, 10]
    assert [data for turn in notes.turns for data in turn] == [str(i).encode() for i in range(TURN + 10)]
    assert notes.errors == []


def test_a_single_datagram_is_a_turn() -> None:
    assert asyncio.run(received(1)).turns == [[b"0"]]


def test_once_closed_or_without_a_socket_nothing_waits() -> None:
    arrivals = Arrivals()
    arrivals.close()
    assert list(arrivals.waiting()) == []
    arrivals.listen(asyncio.DatagramTransport(), Notes())
    assert list(arrivals.waiting()) == []


def test_an_error_of_the_socket_goes_to_the_protocol() -> None:
    class Refusing:
        def recvfrom(self, size: int) -> tuple[bytes, object]:
            raise ConnectionRefusedError(111, "Connection refused")

    arrivals, notes = Arrivals(), Notes()
    arrivals._socket, arrivals._protocol = Refusing(), notes  # type: ignore[assignment]
    assert list(arrivals.waiting()) == []
    assert isinstance(notes.errors[0], ConnectionRefusedError)
