"""Files that grow, are cut and are replaced, and streams that come once, as lines."""

import gzip
import io
import os
import threading
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from blocks import rows

from midstream_lab.errors import InputError
from midstream_lab.stream import Lines, Replay
from midstream_lab.stream.sources import tail as tail_module


class Turns(threading.Event):
    """Where a source would wait for its file, the next act of the test takes place; after the last, it is stopped."""

    def __init__(self, *acts) -> None:
        super().__init__()
        self.acts = list(acts)

    def wait(self, timeout: float | None = None) -> bool:
        if self.acts:
            self.acts.pop(0)()
        else:
            self.set()
        return self.is_set()


def append(path: Path, text: str):
    def act() -> None:
        with path.open("a") as file:
            file.write(text)

    return act


# -- files that grow -----------------------------------------------------------------------------


def test_a_file_is_followed_and_a_half_line_waits_for_its_other_half(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"x": 1}\n{"x": ')
    stop = Turns(append(path, '2}\n{"x": 3}'), append(path, "\n"))
    lines = Lines(path)
    assert lines.name == "log"
    assert rows(lines.blocks(stop)) == [(1.0,), (2.0,), (3.0,)]
    assert lines.counts.rejected == 0


def test_a_half_line_at_the_end_is_a_line_where_nothing_follows(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"x": 1}\n{"x": 2}')
    lines = Lines(path, follow=False)
    for _ in range(2):  # each run begins anew
        assert rows(lines.blocks(threading.Event())) == [(1.0,), (2.0,)]
    path.write_text('{"x": 1}\n{"x": ')
    assert rows(lines.blocks(threading.Event())) == [(1.0,)]
    assert "not JSON" in lines.health[0]


def test_only_new_lines_where_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "flow.csv"
    path.write_text("time,flow\n1,10\n2,20\n3,")
    lines = Lines(path, begin="end", time="time")
    path.write_text("time,flow\n1,10\n2,20\n3,30\n4,40\n")
    assert rows(lines.blocks(Turns())) == [(30.0,), (40.0,)]


def test_a_file_that_is_rotated_goes_on_in_the_new_one_and_loses_nothing(tmp_path: Path) -> None:
    path, old = tmp_path / "log.csv", tmp_path / "log.csv.1"
    path.write_text("x,y\n1,1\n")

    def rotate() -> None:
        append(path, "2,2\n3,3")()  # written, but not read yet, when the file gets its new name
        os.rename(path, old)

    def renew() -> None:
        path.write_text("x,y\n4,4\n")

    lines = Lines(path)
    found = rows(lines.blocks(Turns(rotate, renew, append(path, "5,5\n"))))
    assert found == [(i, i) for i in (1.0, 2.0, 3.0, 4.0, 5.0)]
    assert lines.counts.rejected == 0
    assert lines.health == ["log.csv was replaced by a new file: 1 x"]


def test_a_file_that_is_cut_goes_on_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"x": 1}\n{"x": 2}\n{"x"')
    lines = Lines(path)
    assert rows(lines.blocks(Turns(lambda: path.write_text('{"x": 3}\n')))) == [(1.0,), (2.0,), (3.0,)]
    assert lines.health == ["log.jsonl was cut: 1 x"]


def test_a_file_that_is_still_to_come_is_waited_for_where_its_channels_are_declared(tmp_path: Path) -> None:
    path = tmp_path / "late.jsonl"
    lines = Lines(path, channels=["x"])
    assert rows(lines.blocks(Turns(lambda: path.write_text('{"x": 1}\n')))) == [(1.0,)]
    with pytest.raises(InputError, match=r"declare its channels"):
        Lines(tmp_path / "never.jsonl")


def test_a_large_file_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.csv"
    path.write_text("n\n" + "\n".join(map(str, range(50_000))) + "\n")
    blocks = list(Lines(path, follow=False).blocks(threading.Event()))
    assert [row for (row,) in rows(iter(blocks))] == list(range(50_000))
    assert max(map(len, blocks)) <= 2 * tail_module.PIECE // 6
    assert [block.first for block in blocks] == np.cumsum([0, *map(len, blocks[:-1])]).tolist()


def test_blocks_of_long_texts_stay_small() -> None:
    lines = Lines(io.BytesIO(b"x" * 60_000 + b"\n" + (b"y" * 60_000 + b"\n") * 40), format="text")
    sizes = [sum(map(len, block.columns[0])) for block in lines.blocks(threading.Event())]
    assert sum(sizes) == 41 * 60_000
    assert max(sizes) < 400_000


# -- streams -------------------------------------------------------------------------------------


def test_a_pipe_is_read_as_it_is_written_and_stopped_while_it_waits() -> None:
    out, into = os.pipe()
    stop, found = threading.Event(), []
    arrived = threading.Event()

    def work(lines: Lines) -> None:
        for block in lines.blocks(stop):
            found.append(block.columns[0].tolist())
            if sum(map(len, found)) == 3:
                arrived.set()

    with open(out, "rb") as stream, open(into, "wb", buffering=0) as writer:
        writer.write(b'{"x": 1}\n{"x": 2}\n{"x"')
        lines = Lines(stream)
        thread = threading.Thread(target=work, args=(lines,))
        thread.start()
        writer.write(b": 3}\n")
        assert arrived.wait(60)
        stop.set()
        thread.join(60)
        assert not thread.is_alive()
    assert [x for block in found for x in block] == [1.0, 2.0, 3.0]


def test_a_stream_that_decompresses_yields_what_it_says_and_one_that_was_begun_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(b"1\n2\n3\n"))
    with gzip.open(path) as stream:
        assert rows(Lines(stream).blocks(threading.Event())) == [(1.0,), (2.0,), (3.0,)]
    plain = tmp_path / "log.txt"
    plain.write_bytes(b"a remark\n1\n2\n")
    with plain.open("rb") as stream:
        stream.readline()
        assert rows(Lines(stream).blocks(threading.Event())) == [(1.0,), (2.0,)]


def test_a_stream_comes_only_once() -> None:
    lines = Lines(io.BytesIO(b"1\n2\n"))
    assert len(rows(lines.blocks(threading.Event()))) == 2
    with pytest.raises(InputError, match="only once"):
        list(lines.blocks(threading.Event()))


def test_a_large_csv_is_replayed_at_its_own_times_a_piece_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text("t,x\n" + "".join(f"{1_700_000_000 + n / 8},{n}\n" for n in range(20_000)))
    replay = Replay(Lines(path, follow=False, time="t"), speed="max")
    first, second = islice(replay.blocks(threading.Event()), 2)
    assert (first.first, second.first) == (0, len(first))
    assert second.ticks[0] - first.ticks[0] == len(first) * 125_000_000
    replay.seek(19_999)
    assert rows(replay.blocks(threading.Event())) == [(19_999.0,)]
