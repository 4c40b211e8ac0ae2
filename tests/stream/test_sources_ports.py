"""A UDP and a TCP port that take lines: what they bound, what they refuse, and that nothing of it ends them."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from midstream_lab.errors import InputError, StreamError
from midstream_lab.feed import Source
from midstream_lab.stream import TcpLines, UdpLines, connect, serve

WAIT = 60.0


class Running:
    """A source that runs in a thread; the rows that it yields can be waited for."""

    def __init__(self, source: UdpLines | TcpLines) -> None:
        self.source = source
        self.rows: list[tuple] = []
        self.turns = 0
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def wait(self, ready: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(ready, WAIT), (self.rows, self.source.counts, self.source.health)

    def wait_rows(self, count: int) -> None:
        self.wait(lambda: len(self.rows) >= count)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(WAIT)
        assert not self._thread.is_alive()

    def _work(self) -> None:
        pieces = self.source._pieces

        def watched(stop: threading.Event) -> Iterator[list[bytes | None]]:
            inner = pieces(stop)
            try:
                for lines in inner:
                    yield lines
                    with self._changed:
                        self.turns += 1
                        self._changed.notify_all()
            finally:
                inner.close()

        self.source._pieces = watched
        for block in self.source.blocks(self._stop):
            with self._changed:
                self.rows += zip(*(column.tolist() for column in block.columns), strict=True)


@pytest.fixture
def run() -> Iterator[Callable[[UdpLines | TcpLines], Running]]:
    running: list[Running] = []

    def start(source: UdpLines | TcpLines) -> Running:
        running.append(Running(source))
        return running[-1]

    yield start
    for each in running:
        each.close()
        assert each.source._socket is None  # given back at the end


def send(source: UdpLines, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        for datagram in datagrams:
            device.sendto(datagram, (source.host, source.port))


def send_lines(sender: socket.socket, count: int) -> None:
    for _ in range(0, count, 4096):
        sender.send(b"[1]\n" * 4096)


def dial(source: TcpLines) -> socket.socket:
    return socket.create_connection((source.host, source.port), timeout=WAIT)


def test_ports_are_sources_on_this_machine_only_and_say_who_waits() -> None:
    udp, tcp = UdpLines(channels=["x"]), TcpLines(channels=["x"])
    for source in (udp, tcp):
        assert isinstance(source, Source)
        assert source.host == "127.0.0.1"
        assert source.port > 0
        assert source.name == f"{source.protocol}-{source.port}"
        source.close()
        source.close()
    assert udp.live
    assert not tcp.live


def test_datagrams_hold_a_line_or_several(run) -> None:
    running = run(UdpLines(channels=["x", "y"]))
    send(running.source, b'{"x": 1, "y": 2}', b"[3, 4]\n[5, 6]\n", b"[7, 8]\r\n[9, 10]")
    running.wait_rows(5)
    assert running.rows == [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0), (7.0, 8.0), (9.0, 10.0)]


def test_a_half_line_of_a_datagram_does_not_run_into_the_next(run) -> None:
    running = run(UdpLines(channels=["x"]))
    send(running.source, b'{"x": 1', b'{"x": 2}')
    running.wait_rows(1)
    assert running.rows == [(2.0,)]
    assert running.source.counts.rejected == 1


def test_bad_datagrams_are_counted_and_never_end_the_source(run) -> None:
    running = run(UdpLines(channels=["x"], most=1000))
    bad = (b"\xff\xfe", b"{", b'{"x": "1"}', b'{"y": 1}', b'{"x": Infinity}', b"9" * 5000, b"[" * 900)
    send(running.source, *bad, b"", b'{"x": 1, "z": 0}')
    running.wait_rows(1)
    assert running.rows == [(1.0,)]
    assert running.source.counts.rejected == len(bad)
    text = "\n".join(running.source.health)
    for reason in ("not UTF-8", "not JSON", "longer than allowed", "infinite", "no channels are left out: y, z"):
        assert reason in text


def test_stop_ends_ports_that_wait_and_another_run_opens_them_again() -> None:
    for source in (UdpLines(channels=["x"]), TcpLines(channels=["x"])):
        port = source.port
        for _ in range(2):
            Running(source).close()
            assert source._socket is None
        assert source.port == port


def test_a_port_in_use_is_noticed_at_once() -> None:
    for kind, name in ((UdpLines, "UDP"), (TcpLines, "TCP")):
        first = kind(channels=["x"])
        with pytest.raises(StreamError, match=f"{name} port {first.port} of 127.0.0.1 is in use"):
            kind(first.port, channels=["x"])
        first.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"port": -1}, "0 to 65535"),
        ({"port": 65536}, "0 to 65535"),
        ({"port": True}, "0 to 65535"),
        ({"channels": []}, "at least one channel"),
        ({"format": "xml"}, "json, csv, text"),
        ({"most": 0}, "at least 1"),
        ({"connections": 0}, "at least 1"),
        ({"idle": 0}, "positive"),
    ],
)
def test_what_makes_no_port_is_refused_and_leaves_no_socket(options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        TcpLines(**({"channels": ["x"]} | options))


def test_an_address_of_another_machine_is_refused() -> None:
    for kind in (UdpLines, TcpLines):
        with pytest.raises(StreamError, match="address of this machine"):
            kind(host="192.0.2.1", channels=["x"])


def test_several_senders_send_lines_in_pieces_of_any_size(run) -> None:
    running = run(TcpLines(channels={"who": "text", "n": "int"}))
    with dial(running.source) as a, dial(running.source) as b:
        a.sendall(b'{"who": "a", "n"')
        b.sendall(b'["b", 1]\n["b"')
        running.wait_rows(1)
        a.sendall(b": 1}\n")
        running.wait_rows(2)
        b.sendall(b", 2]\n")
        running.wait_rows(3)
    assert running.rows == [("b", 1), ("a", 1), ("b", 2)]


def test_a_sender_who_hangs_up_ends_his_last_line_and_one_who_is_cut_off_does_not(run) -> None:
    running = run(TcpLines(channels=["x"]))
    with dial(running.source) as sender:
        sender.sendall(b"[1]\n[2]")
    running.wait_rows(2)
    with dial(running.source) as sender:
        sender.sendall(b"[3]\n[4]")
        running.wait_rows(3)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # reset
    with dial(running.source) as sender:
        sender.sendall(b"[5]\n")
        running.wait_rows(4)
    assert running.rows == [(1.0,), (2.0,), (3.0,), (5.0,)]
    assert running.source.counts.rejected == 0


def test_a_sender_who_says_nothing_disturbs_nobody_and_is_closed_in_the_end(run) -> None:
    source = TcpLines(channels=["x"], idle=30.0)
    now = 0.0
    source._clock = lambda: now
    running = run(source)
    with dial(source) as silent, dial(source) as dripping, dial(source) as sender:
        dripping.sendall(b"1")
        sender.sendall(b"[1]\n")
        running.wait_rows(1)
        now = 29.0
        dripping.sendall(b"2")  # bytes without a line end do not count
        sender.sendall(b"[2]\n")
        running.wait_rows(2)
        now = 31.0
        assert silent.recv(1) == b""
        assert dripping.recv(1) == b""
        sender.sendall(b"[3]\n")
        running.wait_rows(3)
    assert source.health == ["2 senders closed: no line in 30 s"]


def test_senders_beyond_the_most_are_closed_at_once_and_counted(run) -> None:
    running = run(TcpLines(channels=["x"], connections=2))
    with dial(running.source) as a, dial(running.source) as b:
        a.sendall(b"[1]\n")
        b.sendall(b"[2]\n")
        running.wait_rows(2)
        for _ in range(3):
            with dial(running.source) as refused:
                assert refused.recv(1) == b""
        a.sendall(b"[3]\n")
        running.wait_rows(3)
    assert running.source.health == ["3 senders refused: 2 are connected already"]
    turns = running.turns
    running.wait(lambda: running.turns > turns + 1)  # the ends of both were seen
    with dial(running.source) as later:
        later.sendall(b"[4]\n")
        running.wait_rows(4)


def test_a_megabyte_without_a_line_end_is_not_held(run) -> None:
    running = run(TcpLines(channels=["x"]))
    with dial(running.source) as sender:
        sender.sendall(b"[0]\n" + b"9" * 2**20 + b"\n[1]\n")
        running.wait_rows(2)
    assert running.rows == [(0.0,), (1.0,)]
    assert "longer than allowed" in running.source.health[0]


def test_senders_wait_while_nobody_takes_the_rows() -> None:
    source = TcpLines(channels=["x"])
    stop = threading.Event()
    blocks = source.blocks(stop)
    with dial(source) as sender:
        sender.sendall(b"[0]\n")
        assert next(blocks).columns[0].tolist() == [0.0]
        sender.setblocking(False)
        with pytest.raises(BlockingIOError):
            send_lines(sender, 2**26)  # 256 MiB, which no buffer of the kernel holds
    blocks.close()
    assert source._socket is None


def test_a_server_gives_the_ports_of_its_sources_back_also_where_nobody_came() -> None:
    source, other = UdpLines(channels=["x"]), TcpLines(channels=["x"])
    with serve({"udp": source, "tcp": other}, name="ports"):
        assert source._socket is not None
    assert source._socket is other._socket is None


def test_what_a_device_sends_arrives_at_a_client() -> None:
    source = UdpLines(channels=["x"], time="t")
    with serve({"device": source}, name="device") as server, connect(server.card) as client:
        feed = client.subscribe()
        send(source, b'{"x": 1, "t": 1.5}', b"oops", b'{"x": 2, "t": 2}')
        feed.wait(n=2, timeout=WAIT)
        assert feed.window().values.tolist() == [1.0, 2.0]
        assert str(feed.window()["time"].values[0]) == "1970-01-01T00:00:01.500000000"
        assert server.runners["device"].health == ["1 line left out: not JSON (first: line 2, 'oops')"]
        assert "1 line left out: not JSON" in server._repr_html_()
    assert source.counts.rejected == 1
