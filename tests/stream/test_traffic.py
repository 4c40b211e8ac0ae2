"""Rates and lateness of a feed, on clocks that the test moves."""

from fractions import Fraction

import numpy as np
import pytest

from midstream_lab.errors import InputError
from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.stream.clock import ClockEstimate
from midstream_lab.stream.traffic import MOST, Traffic
from midstream_lab.timebase import TimeBase

EPOCH = "1970-01-01T00:00:00"
START = 1_700_000_000 * 10**9  # ns


class Hand:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def steady(self) -> float:
        return self.now

    def wall(self) -> int:
        return START + round((self.now - 100.0) * 1e9)


def make(time: TimeBase | None = None, **options) -> tuple[Feed, Traffic, Hand]:
    hand = Hand()
    feed = Feed(Schema(channels=(Channel(name="x"),), time=time or TimeBase()), window=500)
    return feed, Traffic(feed, steady=hand.steady, wall=hand.wall, **options), hand


def clock(offset: int, error: int = 1000) -> ClockEstimate:
    return ClockEstimate(
        offset=offset, drift=0.0, error=error, drift_error=0.0, round_trip=10, n_used=8, age=0, at=START
    )


def stamped() -> TimeBase:
    return TimeBase(tick=Fraction(1, 1000), unit="s", epoch=EPOCH)


def test_rates_are_those_of_the_last_second_and_bytes_those_of_the_rows() -> None:
    feed, traffic, hand = make()
    for _ in range(30):
        hand.now += 0.1
        feed.append_rows([np.zeros(20)])
        sample = traffic.sample()
    assert sample.rows == pytest.approx(200, rel=0.01)
    assert sample.size == pytest.approx(200 * 8, rel=0.01)
    hand.now += 5.0
    traffic.sample()
    hand.now += 1.0
    assert traffic.sample().rows == 0


def test_without_wall_time_the_quantiles_are_those_of_the_times_between_arrivals() -> None:
    feed, traffic, hand = make()
    for i in range(101):
        hand.now += 0.005 if i % 10 else 0.02
        feed.append_rows([[1.0]])
    sample = traffic.sample(clock(0))
    assert sample.measure == "time between arrivals"
    assert sample.p50 == pytest.approx(0.005)
    assert sample.p99 == pytest.approx(0.02)
    assert np.isnan(sample.error)


def test_with_wall_time_and_the_senders_clock_they_are_one_way_delays() -> None:
    feed, traffic, hand = make(stamped())
    ahead = 300_000_000  # the sender's clock is 300 ms ahead of ours
    for i in range(100):
        hand.now += 0.01
        sent = hand.wall() - 7_000_000 + ahead  # each row was sent 7 ms ago
        feed.append(Block(first=10 * i, start=sent // 10**6, columns=(np.zeros(10),), gap=0))
    sample = traffic.sample(clock(ahead, error=250_000))
    assert sample.measure == "one-way delay"
    assert sample.p50 == pytest.approx(0.007, abs=1e-3)
    assert sample.p99 == pytest.approx(0.007, abs=1e-3)
    assert sample.error == pytest.approx(250e-6)
    assert traffic.sample(None).measure == "time between arrivals", "an unknown clock is not taken to be ours"


def test_a_replay_of_an_old_recording_has_no_one_way_delay() -> None:
    feed, traffic, hand = make(TimeBase(tick=Fraction(1, 1000), unit="s", epoch="1990-01-01T00:00:00"))
    for _ in range(3):
        hand.now += 0.1
        feed.append_rows([[1.0]])
    assert traffic.sample(clock(0)).measure == "time between arrivals"


def test_while_nothing_comes_there_is_a_gap_in_the_history() -> None:
    feed, traffic, hand = make()
    for i in range(12):
        hand.now += 0.52
        if not 4 <= i < 8:
            feed.append_rows([[1.0]])
            hand.now += 0.01
            feed.append_rows([[1.0]])
        traffic.sample()
    missing = np.isnan(traffic.history()["p50"].values)
    assert missing.tolist() == [i in (5, 6, 7) for i in range(12)]


def test_intervals_of_nearly_a_second_are_no_gaps() -> None:
    feed, traffic, hand = make()
    for _ in range(5):
        hand.now += 0.9
        feed.append_rows([[1.0]])
        sample = traffic.sample()
    assert sample.p50 == pytest.approx(0.9)


def test_while_nothing_comes_the_measure_stays() -> None:
    feed, traffic, hand = make(stamped())
    feed.append(Block(first=0, start=START // 10**6, columns=(np.zeros(1),)))
    traffic.sample(clock(0))
    hand.now += 5
    assert traffic.sample(None).measure == "one-way delay"
    assert np.isfinite(traffic.history()["p50"].values).tolist() == [True, False]


def test_samples_and_arrivals_are_bounded() -> None:
    feed, traffic, hand = make(seconds=2)
    for _ in range(2 * MOST):
        feed.append_rows([[1.0]])
    assert len(traffic._arrivals) == MOST
    for _ in range(100):
        hand.now += 0.1
        traffic.sample()
    history = traffic.history()
    assert len(history["time"]) <= 21
    assert float(history["time"][0]) >= -2.0 - 1e-9
    assert float(history["time"][-1]) == 0


def test_quantiles_of_another_measure_are_not_drawn_on_one_line() -> None:
    feed, traffic, hand = make(stamped())
    for i, known in enumerate((None, None, clock(0), clock(0))):
        hand.now += 0.2
        feed.append(Block(first=i, start=START // 10**6 + i, columns=(np.zeros(1),)))
        traffic.sample(known)
    history = traffic.history()
    assert history.attrs["measure"] == "one-way delay"
    assert np.isnan(history["p50"].values).tolist() == [True, True, False, False]


def test_it_counts_what_other_readers_dropped_and_disturbs_nobody() -> None:
    feed, traffic, _ = make()
    for _ in range(3):
        feed.append_rows([np.zeros(400)])
    assert traffic.counts == {"received": 1200, "lost": 0, "decimated": 0, "late": 0, "dropped": 0}
    assert feed.room() > 10**6, "the producer does not wait for it"
    traffic.close()
    traffic.close()
    assert feed.readers == ()
    feed.append_rows([[1.0]])


def test_values_that_are_not_allowed_are_refused() -> None:
    feed = Feed(Schema(channels=(Channel(name="x"),)))
    for seconds in (0, -1, 1e9, True, "10"):
        with pytest.raises(InputError, match="seconds must be"):
            Traffic(feed, seconds=seconds)
    traffic = Traffic(feed)
    with pytest.raises(InputError, match="nothing was sampled"):
        traffic.history()
    traffic.close()
