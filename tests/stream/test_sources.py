"""Replays and simulations: the rows, when they are due, and their controls."""

import threading
import wave
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from midstream_lab.attractors.systems import Henon, Lorenz
from midstream_lab.errors import InputError
from midstream_lab.feed import Block, Channel, Schema, Source
from midstream_lab.sequence import sequence
from midstream_lab.stream import Replay, Simulation, connect, serve
from midstream_lab.stream.sources.pacing import LATENESS, SLOT, Pacer
from midstream_lab.timebase import TimeBase


class Clock:
    """Seconds that pass only when somebody waits, or the test says so."""

    def __init__(self, pacer: Pacer) -> None:
        self.now = 0.0
        pacer._clock = lambda: self.now
        pacer._changed.wait = self.wait  # type: ignore[method-assign]
        pacer.restart()

    def wait(self, seconds: float | None = None) -> bool:
        self.now += seconds or 0.0
        return True


def values(blocks: Iterator[Block]) -> np.ndarray:
    return np.concatenate([block.columns[0] for block in blocks])


def stop() -> threading.Event:
    return threading.Event()


def test_a_replay_and_a_simulation_are_sources_that_can_wait() -> None:
    for source in (Replay([1.0], dt=1), Simulation(Lorenz())):
        assert isinstance(source, Source)
        assert not source.live


def test_rows_come_when_they_are_due_and_not_before() -> None:
    replay = Replay(np.arange(1000.0), dt="1/100")
    clock = Clock(replay._pacer)
    for block in replay.blocks(stop()):
        last = (block.stop - 1) / 100
        assert last <= clock.now + SLOT + 1e-9
    assert clock.now == pytest.approx(9.99, abs=SLOT)


@pytest.mark.parametrize("speed", [0.25, 1, 7.5])
def test_a_replay_takes_its_own_time_divided_by_its_speed(speed: float) -> None:
    replay = Replay(np.arange(361.0), dt="1/360", speed=speed)
    clock = Clock(replay._pacer)
    assert np.array_equal(values(replay.blocks(stop())), np.arange(361.0))
    assert clock.now == pytest.approx(1 / speed, abs=SLOT)


def test_late_wake_ups_do_not_add_up() -> None:
    """Deadlines are absolute: a wait that takes longer each time does not slow the replay."""
    replay = Replay(np.arange(2000.0), dt="1/100")
    clock = Clock(replay._pacer)
    replay._pacer._changed.wait = lambda seconds=0.0: clock.wait((seconds or 0) + 0.003)  # type: ignore[method-assign]
    assert len(values(replay.blocks(stop()))) == 2000
    assert clock.now == pytest.approx(19.99, abs=0.01)


def test_after_a_long_hold_a_replay_goes_on_without_catching_up() -> None:
    replay = Replay(np.arange(200.0), dt="1/10")
    clock = Clock(replay._pacer)
    blocks = replay.blocks(stop())
    next(blocks)
    clock.now += 10 * LATENESS
    held = clock.now
    rest = list(blocks)
    assert clock.now == pytest.approx(held + 19.8, abs=0.2)
    assert max(map(len, rest)) <= 2


def test_max_speed_does_not_wait() -> None:
    replay = Replay(np.arange(1000.0), dt=3600, speed="max")
    clock = Clock(replay._pacer)
    assert len(values(replay.blocks(stop()))) == 1000
    assert clock.now == 0


def test_the_speed_can_change_while_it_runs() -> None:
    replay = Replay(np.arange(201.0), dt="1/10")
    clock = Clock(replay._pacer)
    blocks = replay.blocks(stop())
    seen = 0
    while seen < 100:
        seen += len(next(blocks))
    assert clock.now == pytest.approx(9.9, abs=0.02)
    replay.speed = 10.0
    for block in blocks:
        seen += len(block)
    assert seen == 201
    assert clock.now == pytest.approx(9.9 + 10.1 / 10, abs=0.02)


def test_a_pause_holds_and_resume_goes_on_at_the_next_row() -> None:
    replay = Replay(np.arange(40.0), dt="1/10")
    clock = Clock(replay._pacer)
    blocks = replay.blocks(stop())
    first = [next(blocks) for _ in range(10)]
    replay.pause()
    assert replay.paused
    waits = 0

    def wait(seconds: float | None = None) -> bool:
        nonlocal waits
        waits += 1
        clock.now += 5.0 if replay.paused else seconds or 0.0
        if waits == 3:
            replay.resume()
        return True

    replay._pacer._changed.wait = wait  # type: ignore[method-assign]
    rest = list(blocks)
    assert first[-1].stop == rest[0].first
    assert rest[-1].stop == 40
    assert clock.now == pytest.approx(3.9 + 15.0, abs=0.2)


def test_stop_ends_a_replay_that_is_paused_or_waits() -> None:
    for paused in (True, False):
        replay = Replay(np.arange(10.0), dt=1000)
        if paused:
            replay.pause()
        event = threading.Event()
        found: list[Block] = []
        thread = threading.Thread(target=lambda r=replay, e=event, f=found: f.extend(r.blocks(e)))
        thread.start()
        event.set()
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan"), "fast", None, True])
def test_a_speed_that_is_none_is_refused(speed: object) -> None:
    with pytest.raises(InputError, match="speed must be"):
        Replay([1.0], dt=1, speed=speed)  # type: ignore[arg-type]


def test_time_without_seconds_needs_a_rate() -> None:
    bare = np.arange(30.0)
    with pytest.raises(InputError, match=r"give rate=\.\.\. in rows per second, or speed='max'"):
        Replay(bare)
    replay = Replay(bare, rate=10)
    clock = Clock(replay._pacer)
    assert len(values(replay.blocks(stop()))) == 30
    assert clock.now == pytest.approx(2.9, abs=SLOT)
    assert len(values(Replay(bare, speed="max").blocks(stop()))) == 30
    with pytest.raises(InputError, match="rate must be"):
        Replay(bare, rate=0)


def test_irregular_time_is_replayed_at_its_own_times() -> None:
    times = np.array([0.0, 0.5, 0.51, 4.0])
    x = sequence(np.arange(4.0), dt=1).assign_coords(time=("time", times, {"units": "s"}))
    replay = Replay(x)
    clock = Clock(replay._pacer)
    arrived = []
    for block in replay.blocks(stop()):
        arrived += [clock.now] * len(block)
    assert arrived == pytest.approx(times, abs=0.02)
    with pytest.raises(InputError, match="no rate"):
        Replay(x, rate=3)


def test_a_loop_counts_rows_and_time_on() -> None:
    replay = Replay([1.0, 2.0, 3.0], dt="1/2", loop=True, speed="max")
    blocks = list(islice(replay.blocks(stop()), 3))
    assert [block.first for block in blocks] == [block.start for block in blocks] == [0, 3, 6]
    x = sequence(np.arange(3.0), dt=1).assign_coords(time=("time", np.array([0.0, np.pi / 3, np.e]), {"units": "s"}))
    ticks = np.concatenate([b.ticks for b in islice(Replay(x, loop=True, speed="max").blocks(stop()), 3)])
    assert (np.diff(ticks) > 0).all()


@pytest.mark.parametrize("row", [0, 1, 4095, 4096, 9999])
def test_a_replay_can_begin_at_any_row(row: int) -> None:
    replay = Replay(np.arange(10_000.0), dt=1, speed="max")
    replay.seek(row)
    blocks = list(replay.blocks(stop()))
    assert blocks[0].first == row
    assert np.array_equal(values(iter(blocks)), np.arange(float(row), 10_000.0))
    assert next(replay.blocks(stop())).first == 0
    with pytest.raises(InputError, match="0 or more"):
        replay.seek(-1)


def test_a_loop_can_begin_in_a_later_round() -> None:
    replay = Replay([1.0, 2.0, 3.0], dt=1, loop=True, speed="max")
    replay.seek(7)
    first, second = islice(replay.blocks(stop()), 2)
    assert (first.first, first.columns[0].tolist()) == (7, [2.0, 3.0])
    assert (second.first, second.columns[0].tolist()) == (9, [1.0, 2.0, 3.0])


def test_odd_inputs_are_replayed_or_refused() -> None:
    for given in ([1, 2], np.arange(2, dtype=np.float32), np.arange(4)[::2], np.broadcast_to(1.0, 3)):
        assert len(values(Replay(given, dt=1, speed="max").blocks(stop()))) == len(given)
    for wrong in ([], [float("inf")], ["a"], np.zeros((2, 2, 2))):
        with pytest.raises(InputError):
            Replay(wrong, dt=1)


def test_a_simulation_is_its_system_however_it_is_cut() -> None:
    want = Lorenz()
    want.advance(int(np.ceil(want.transient / 0.02)), 0.02)
    states = want.advance(5000, 0.02)
    source = Simulation(Lorenz(), dt="1/50", speed="max", rows=5000)
    blocks = list(source.blocks(stop()))
    assert source.name == "Lorenz"
    assert source.schema.names == ("x", "y", "z")
    assert str(source.schema.time.dt) == "1/50"
    for index in range(3):
        assert np.array_equal(np.concatenate([b.columns[index] for b in blocks]), states[:, index])


def test_a_simulation_keeps_its_time_and_every_run_begins_anew() -> None:
    source = Simulation(Lorenz(), dt="1/100", channels=["z"], speed=2, rows=400)
    clock = Clock(source._pacer)
    first = values(source.blocks(stop()))
    assert clock.now == pytest.approx(2.0, abs=0.02)
    assert np.array_equal(values(source.blocks(stop())), first)


def test_a_map_is_simulated_by_iterates() -> None:
    source = Simulation(Henon(), speed="max", rows=10, transient=0)
    assert source.schema.time.unit == "iterate"
    want = Henon().advance(10)
    assert np.array_equal(values(source.blocks(stop())), want[:, 0])


def test_a_system_of_ones_own_needs_three_things_only() -> None:
    class Counter:
        name = "counter"
        variables = ("n",)
        n = 0

        def advance(self, n: int, dt: float) -> np.ndarray:
            self.n += n
            return np.arange(self.n - n, self.n, dtype=float)[:, None]

    counter = Counter()
    source = Simulation(counter, dt="1/2", speed="max", rows=5000)
    assert np.array_equal(values(source.blocks(stop())), np.arange(5000.0))
    assert counter.n == 0


def test_a_simulation_of_nothing_of_unknown_channels_or_out_of_bounds_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be simulated"):
        Simulation(3)
    with pytest.raises(InputError, match="not variables of Lorenz: x, y, z"):
        Simulation(Lorenz(), channels=["w"])
    with pytest.raises(InputError, match="rows must be"):
        Simulation(Lorenz(), rows=0)
    with pytest.raises(InputError, match="transient must be"):
        Simulation(Lorenz(), transient=-1)
    with pytest.raises(InputError, match="left every bound"):
        values(Simulation(Henon(a=3.0), speed="max", rows=5000, transient=0).blocks(stop()))


@pytest.mark.parametrize("suffix", ["csv", "parquet", "nc", "zarr", "wav"])
def test_a_file_of_any_format_is_served_by_its_path(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"mine.{suffix}"
    x = sequence(np.sin(np.arange(400) / 8), dt="1/8000", name="level")
    if suffix == "csv":
        path.write_text("t,level\n" + "".join(f"{t},{v}\n" for t, v in zip(x.time.values, x.values, strict=True)))
    elif suffix == "parquet":
        x.to_dataframe().reset_index().to_parquet(path)
    elif suffix == "wav":
        with wave.open(str(path), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes((x.values * 32767).astype("<i2").tobytes())
    else:
        data = x.to_dataset(name="level")
        data.to_netcdf(path) if suffix == "nc" else data.to_zarr(path, zarr_format=2, consolidated=False)
    with serve(path, name="mine") as server, connect(server.card) as client:
        assert [offer.name for offer in client.list()] == ["mine"]
        feed = client.subscribe(policy="block")
        feed.wait(timeout=60)
        assert feed.counts.received == 400
        assert str(feed.schema.time.dt) == "1/8000"  # a sound is replayed at its sampling rate


class Counted:
    """Blocks that are made as they are asked for: strided ones, and one behind a gap."""

    schema = Schema(channels=(Channel(name="n"),), time=TimeBase.from_dt("1/10"))
    live = False

    def __init__(self) -> None:
        self.made = 0
        self.name = "counted"

    def blocks(self, stop: object) -> Iterator[Block]:
        for first, stride, gap in ((0, 1, 0), (100, 1, 0), (250, 5, 50)):
            self.made += 1
            rows = np.arange(first, first + 100 * stride, stride, dtype=float)
            yield Block(first=first, start=first, columns=(rows,), gap=gap, stride=stride)


def test_a_source_is_replayed_at_its_own_rate_a_block_at_a_time() -> None:
    source = Counted()
    replay = Replay(source)
    clock = Clock(replay._pacer)
    seen = []
    for block in replay.blocks(stop()):
        assert source.made <= 1 + sum(block.first >= first for first in (100, 250))
        for row in range(len(block)):
            number = block.first + row * block.stride
            assert block.columns[0][row] == number
            assert number / 10 <= clock.now + SLOT + 1e-9
            seen.append(number)
    assert replay.name == "counted"
    assert seen == [*range(200), *range(250, 750, 5)]
    assert clock.now == pytest.approx(74.5, abs=2 * SLOT)


@pytest.mark.parametrize("row", [0, 99, 150, 220, 251, 745])
def test_a_replay_of_a_source_can_begin_at_any_row_and_loop(row: int) -> None:
    replay = Replay(Counted(), speed="max", loop=True)
    replay.seek(row)
    whole = [*range(200), *range(250, 750, 5)]
    seen = [b.first + i * b.stride for b in islice(replay.blocks(stop()), 5) for i in range(len(b))]
    later = [746 * rounds + number for rounds in (1, 2) for number in whole]
    want = [number for number in whole if number >= row] + later
    assert seen == want[: len(seen)]


@pytest.mark.parametrize(("row", "due"), [(0, 0), (0, 99), (5, 150), (99, 251), (220, 220), (300, 100), (700, 9999)])
@pytest.mark.parametrize("loop", [False, True])
def test_rows_before_the_one_that_is_due_come_at_once_and_the_others_at_their_pace(
    row: int, due: int, loop: bool
) -> None:
    """The same rows in the same order as without `due`: only when they come is another matter."""
    replay = Replay(Counted(), loop=loop)
    clock = Clock(replay._pacer)
    replay.seek(row, due=due)
    whole = [*range(200), *range(250, 750, 5)]
    numbers = [746 * rounds + number for rounds in range(20 if loop else 1) for number in whole]
    numbers = [number for number in numbers if number >= row][:250]
    begins = next((number for number in numbers if number >= due), None)
    seen: list[int] = []
    for block in replay.blocks(stop()):
        for i in range(len(block)):
            number = block.first + i * block.stride
            seen.append(number)
            if number < due:
                assert clock.now == 0.0
            elif begins is not None:
                assert (number - begins) / 10 <= clock.now + SLOT + 1e-9
        if len(seen) >= 250:
            break
    assert seen[:250] == numbers


def test_a_live_source_is_not_replayed() -> None:
    source = Counted()
    for options in ({"dt": 1}, {"chunk": 3}):
        with pytest.raises(InputError, match="serve a live one as it is"):
            Replay(source, **options)
    source.live = True
    with pytest.raises(InputError, match="serve a live one as it is"):
        Replay(source)


def test_an_empty_source_cannot_loop() -> None:
    class Empty(Counted):
        def blocks(self, stop: object) -> Iterator[Block]:
            yield from ()

    assert list(Replay(Empty()).blocks(stop())) == []
    with pytest.raises(InputError, match="has no rows"):
        list(Replay(Empty(), loop=True).blocks(stop()))
