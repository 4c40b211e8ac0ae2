"""The relay does to datagrams what it says, the same way for the same seed."""

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from relay import Impairments, Path, Relay

from midstream_lab.errors import InputError
from midstream_lab.stream import Card, Replay, serve

ALL = Impairments(drop=0.1, duplicate=0.1, corrupt=0.1, reorder=0.1, delay=0.01, jitter=0.002)


def fates(
    settings: Impairments, *, seed: int | str = 0, count: int = 10_000, spacing: float = 0.001
) -> list[list[bytes]]:
    """What comes of `count` numbered datagrams, in the order in which they were sent."""
    path = Path(settings, seed=seed)
    return [[data for _, data in path.offer(i.to_bytes(8), i * spacing)] for i in range(count)]


def test_one_seed_has_one_outcome_whatever_the_clock_says() -> None:
    assert fates(ALL, spacing=0.001) == fates(ALL, spacing=0.9)
    assert fates(ALL, seed=0) != fates(ALL, seed=1)


def test_one_kind_of_loss_does_not_shift_the_others() -> None:
    kept = [bool(parts) for parts in fates(Impairments(drop=0.1))]
    assert kept == [bool(parts) for parts in fates(Impairments(drop=0.1, duplicate=0.5, corrupt=0.5, reorder=0.5))]


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_so_many_are_dropped_and_the_rest_passes_unchanged(rate: float) -> None:
    found = fates(Impairments(drop=rate))
    dropped = sum(not parts for parts in found)
    assert abs(dropped - rate * 10_000) < 5 * np.sqrt(rate * (1 - rate) * 10_000)
    assert all(parts == [i.to_bytes(8)] for i, parts in enumerate(found) if parts)


def test_a_duplicate_is_the_same_datagram_again_and_a_corrupt_one_has_one_bit_flipped() -> None:
    path = Path(Impairments(duplicate=0.2, corrupt=0.3), seed=1)
    twice = flipped = 0
    for i in range(2000):
        parts = [data for _, data in path.offer(i.to_bytes(8), 0.0)]
        assert len(set(parts)) == 1
        bits = (int.from_bytes(parts[0]) ^ i).bit_count()
        assert bits in (0, 1)
        twice += len(parts) == 2
        flipped += bits
    counts = path.counts
    assert (counts.received, counts.duplicated, counts.corrupted) == (2000, twice, flipped)
    assert 300 < twice < 500 < flipped < 700


def test_jitter_alone_keeps_the_order_and_reordering_holds_back() -> None:
    steady = Path(Impairments(delay=0.01, jitter=0.02), seed=0)
    due = [steady.offer(b"x", i * 0.001)[0][0] for i in range(1000)]
    assert due == sorted(due)
    assert all(i * 0.001 + 0.01 <= d for i, d in enumerate(due))
    shuffled = Path(Impairments(reorder=0.2, hold=0.01), seed=0)
    due = [shuffled.offer(b"x", i * 0.001)[0][0] for i in range(1000)]
    late = [i for i, d in enumerate(due) if d == i * 0.001 + 0.01]
    assert len(late) == shuffled.counts.reordered > 100
    assert sum(a > b for a, b in itertools.pairwise(due)) > 50


def test_a_bandwidth_spaces_datagrams_out_and_its_queue_is_bounded() -> None:
    path = Path(Impairments(bandwidth=1000.0, queue=450), seed=0)
    due = [[when for when, _ in path.offer(bytes(100), 1.0)] for _ in range(10)]
    assert due[:5] == [pytest.approx([1.1 + 0.1 * i]) for i in range(5)]
    assert due[5:] == [[]] * 5
    assert path.counts.overflowed == 5
    assert path.offer(bytes(100), 5.0)[0][0] == pytest.approx(5.1)


@pytest.mark.parametrize("bad", [{"drop": 1.5}, {"corrupt": -0.1}, {"delay": -1}, {"queue": -1}, {"bandwidth": 0}])
def test_settings_that_make_no_sense_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Impairments(**bad)  # type: ignore[arg-type]


class Echo:
    """Answers every datagram with its bytes and the port that it came from."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while (found := self.socket.recvfrom(2048))[0] != b"stop":
            data, address = found
            self.socket.sendto(data + b" from %d" % address[1], address)

    def close(self) -> None:
        self.socket.sendto(b"stop", self.socket.getsockname())
        self.thread.join()
        self.socket.close()


class Caller:
    """A client of the relay."""

    def __init__(self, relay: Relay) -> None:
        host, port = relay.address.split(":")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, int(port)))
        self.socket.settimeout(10)

    def ask(self, data: bytes) -> tuple[bytes, int]:
        """What comes back, and the port from which the server was asked."""
        self.socket.send(data)
        answer, port = self.socket.recv(2048).rsplit(b" from ", 1)
        return answer, int(port)

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    with closing(Echo()) as echo:
        yield echo


def test_many_clients_each_have_their_own_way_to_the_server(echo: Echo) -> None:
    with Relay(echo.address) as relay:
        callers = [Caller(relay) for _ in range(8)]
        answers = [caller.ask(b"%d" % i) for i, caller in enumerate(callers)]
        assert [data for data, _ in answers] == [b"%d" % i for i in range(8)]
        assert len({port for _, port in answers}) == 8
        assert relay.counts("up").sent == relay.counts("down").sent == 8
        for caller in callers:
            caller.close()


def test_rebinding_changes_the_port_that_the_server_sees_and_answers_still_come(echo: Echo) -> None:
    with Relay(echo.address) as relay, closing(Caller(relay)) as caller:
        before = caller.ask(b"a")
        relay.rebind()
        after = caller.ask(b"b")
        assert (before[0], after[0]) == (b"a", b"b")
        assert before[1] != after[1]


def test_a_cut_swallows_both_directions_and_what_is_under_way_until_it_heals(echo: Echo) -> None:
    with Relay(echo.address, up=Impairments(delay=0.2)) as relay, closing(Caller(relay)) as caller:
        caller.ask(b"before")
        caller.socket.send(b"under way")
        time.sleep(0.05)
        relay.cut()
        caller.socket.send(b"during")
        time.sleep(0.5)
        assert relay.counts("up").dropped == 2
        relay.heal()
        assert caller.ask(b"after")[0] == b"after"


def test_the_two_directions_have_settings_of_their_own_which_can_change(echo: Echo) -> None:
    with Relay(echo.address, up=Impairments(), down=Impairments(drop=1.0)) as relay, closing(Caller(relay)) as caller:
        caller.socket.send(b"x")
        while relay.counts("down").dropped == 0:
            time.sleep(0.01)
        assert relay.counts("up").dropped == 0
        relay.impair(down=Impairments())
        assert caller.ask(b"y")[0] == b"y"


def test_a_delay_is_kept(echo: Echo) -> None:
    with Relay(echo.address, up=Impairments(delay=0.05)) as relay, closing(Caller(relay)) as caller:
        began = time.monotonic()
        caller.ask(b"x")
        assert time.monotonic() - began >= 0.1


def test_the_card_is_the_servers_with_the_address_of_the_relay() -> None:
    with serve(Replay([1.0], dt=1)) as server, Relay(server.card) as relay:
        assert isinstance(relay.card, Card)
        assert relay.card.addresses == (relay.address,)
        assert (relay.card.token, relay.card.authority) == (server.card.token, server.card.authority)


def test_closing_ends_the_thread_and_may_be_repeated(echo: Echo) -> None:
    relay = Relay(echo.address)
    relay.close()
    relay.close()
    assert not any(thread.name == "udp-relay" for thread in threading.enumerate())
