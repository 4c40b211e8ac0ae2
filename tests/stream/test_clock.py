"""The estimate of another clock on simulated clocks and paths: the truth lies within the bound that is stated."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from midstream_lab.stream.clock import KEPT, ClockEstimate, ClockEstimator
from midstream_lab.stream.datagrams import Answer

BEGIN = 1_700_000_000 * 10**9
SECOND = 10**9


@dataclass
class Clocks:
    """Two clocks, and a path on which each way has a delay and a jitter of its own. All in ns, by our true time."""

    rng: np.random.Generator
    offset: int = 0
    drift: float = 0.0
    up: float = 5e6
    down: float = 5e6
    jitter: float = 1e6
    lost: float = 0.2
    theirs_jump: tuple[float, int] = (float("inf"), 0)
    ours_jump: tuple[float, int] = (float("inf"), 0)
    now: float = 0.0
    notes: list[str] = field(default_factory=list)

    def theirs(self, t: float) -> int:
        jump = self.theirs_jump[1] if t >= self.theirs_jump[0] else 0
        return BEGIN + int(t) + self.offset + round(t * self.drift) + jump

    def ours(self, t: float) -> int:
        return BEGIN + int(t) + (self.ours_jump[1] if t >= self.ours_jump[0] else 0)

    def exchange(self, estimator: ClockEstimator) -> bool:
        """One exchange that begins now; False if it is lost."""
        begun = self.now
        came = begun + self.up + self.rng.exponential(self.jitter)
        left = came + 20_000
        self.now = left + self.down + self.rng.exponential(self.jitter)
        if self.rng.random() < self.lost:
            return False
        answer = Answer(number=0, t1=self.ours(begun), t2=self.theirs(came), t3=self.theirs(left))
        estimator.add(answer, self.ours(self.now))
        return True

    def run(self, seconds: int) -> Iterator[ClockEstimator]:
        """Exchanges as a connection makes them: a burst, then one a second."""
        estimator = ClockEstimator(on_note=self.notes.append)
        begun = self.now
        for number in range(8 + seconds):
            planned = begun + (number * 20e6 if number < 8 else (number - 7) * SECOND)
            self.now = max(self.now, planned)
            if self.exchange(estimator):
                yield estimator

    def off(self, estimate: ClockEstimate, t: float) -> float:
        """How far an estimate is from the truth."""
        return abs(estimate.offset - (self.theirs(t) - self.ours(t)))


def any_clocks(seed: int) -> Clocks:
    rng = np.random.default_rng(seed)
    return Clocks(
        rng=rng,
        offset=int(rng.normal(0, 1e12)),
        drift=float(rng.uniform(-50e-6, 50e-6)),
        up=float(rng.uniform(0.05e6, 40e6)),
        down=float(rng.uniform(0.05e6, 40e6)),
        jitter=float(rng.choice([0.02e6, 1e6, 20e6])),
    )


def inside(clocks: Clocks, seconds: int) -> tuple[int, int]:
    """Estimates whose bound holds, and all: at each exchange and 0.4 and 0.9 s after it."""
    good = total = 0
    jumps = {clocks.theirs_jump[0], clocks.ours_jump[0]}
    for estimator in clocks.run(seconds):
        for later in (0.0, 0.4, 0.9):
            t = clocks.now + later * SECOND
            if any(clocks.now < jump <= t for jump in jumps):
                continue  # nobody can know of a jump before the next exchange
            estimate = estimator.estimate(clocks.ours(t))
            good += clocks.off(estimate, t) <= estimate.error
            total += 1
    return good, total


def test_the_truth_lies_within_the_bound_for_drift_asymmetry_jitter_and_loss() -> None:
    counts = np.array([inside(any_clocks(seed), 90) for seed in range(40)])
    good, total = counts.sum(axis=0)
    assert total > 5_000
    assert good >= 0.99 * total


@pytest.mark.parametrize("side", ["theirs_jump", "ours_jump"])
@pytest.mark.parametrize("jump", [-300 * 10**6, 300 * 10**6, -3600 * SECOND, 3600 * SECOND])
def test_the_bound_holds_across_a_jump_and_the_estimate_begins_anew_with_a_note(side: str, jump: int) -> None:
    good = total = 0
    for seed in range(5):
        clocks = any_clocks(seed)
        setattr(clocks, side, (40.3 * SECOND, jump))
        some, all_of_them = inside(clocks, 80)
        good, total = good + some, total + all_of_them
        assert clocks.notes == ["a clock has jumped, ours or the server's: the estimate of its offset began anew"]
    assert good >= 0.99 * total


def test_times_before_a_jump_are_told_apart() -> None:
    clocks = Clocks(rng=np.random.default_rng(0), theirs_jump=(10 * SECOND, SECOND))
    *_, estimator = clocks.run(20)
    estimate = estimator.estimate(clocks.ours(clocks.now))
    assert estimator.jumps == 1
    assert clocks.ours(10 * SECOND) <= estimate.since <= clocks.ours(12 * SECOND)


def test_steady_clocks_are_never_taken_to_jump() -> None:
    for seed in range(40):
        clocks = any_clocks(seed)
        *_, estimator = clocks.run(90)
        assert (estimator.jumps, clocks.notes) == (0, [])


def test_drift_is_found() -> None:
    clocks = Clocks(rng=np.random.default_rng(1), drift=40e-6, up=0.1e6, down=0.1e6, jitter=0.02e6)
    *_, estimator = clocks.run(80)
    estimate = estimator.estimate(clocks.ours(clocks.now))
    assert estimate.drift == pytest.approx(40, abs=2)
    assert abs(estimate.drift - 40) <= estimate.drift_error < 15


def test_with_even_ways_the_estimate_is_far_better_than_the_bound_that_allows_for_uneven_ones() -> None:
    clocks = Clocks(rng=np.random.default_rng(2), drift=20e-6, up=10e6, down=10e6, jitter=2e6)
    *_, estimator = clocks.run(80)
    estimate = estimator.estimate(clocks.ours(clocks.now))
    assert clocks.off(estimate, clocks.now) < 0.1 * estimate.error
    assert estimate.error < 0.75 * estimate.round_trip  # half the round trip, and what little jitter leaves


def test_the_bound_is_reached_where_all_of_the_delay_is_on_one_way() -> None:
    clocks = Clocks(rng=np.random.default_rng(3), up=20e6, down=0.0, jitter=0.0, lost=0.0)
    *_, estimator = clocks.run(30)
    estimate = estimator.estimate(clocks.ours(clocks.now))
    assert 0.8 * estimate.error < clocks.off(estimate, clocks.now) <= estimate.error


def test_the_bound_grows_while_no_answer_comes() -> None:
    clocks = Clocks(rng=np.random.default_rng(4), drift=50e-6)
    *_, estimator = clocks.run(20)
    soon, late = (estimator.estimate(clocks.ours(clocks.now + wait)) for wait in (0.0, 600e9))
    assert late.error > soon.error
    assert late.age == pytest.approx(600e9, rel=1e-6)
    assert clocks.off(late, clocks.now + 600e9) <= late.error


@pytest.mark.parametrize("spoil", ["answer before the question", "no time at all"])
def test_exchanges_that_cannot_be_are_left_out(spoil: str) -> None:
    estimator = ClockEstimator()
    answers = {
        "answer before the question": Answer(number=0, t1=0, t2=50, t3=40),
        "no time at all": Answer(number=0, t1=0, t2=0, t3=1000),
    }
    estimator.add(answers[spoil], 100)
    assert not estimator.ready


def test_what_is_kept_is_bounded() -> None:
    clocks = Clocks(rng=np.random.default_rng(5), lost=0.0)
    *_, estimator = clocks.run(KEPT + 50)
    assert estimator.estimate(clocks.ours(clocks.now)).n_used == KEPT


def test_mapping_is_exact_to_the_nanosecond_and_the_error_of_older_times_holds() -> None:
    clocks = Clocks(rng=np.random.default_rng(6), offset=-(10**15), drift=30e-6)
    *_, estimator = clocks.run(60)
    estimate = estimator.estimate(clocks.ours(clocks.now))
    assert int(estimate.to_local(estimate.at + estimate.offset)) == estimate.at
    assert int(estimate.to_local(estimate.at + estimate.offset + 1)) == estimate.at + 1
    for ago in (0.0, 10e9, 50e9):
        t = clocks.now - ago
        mapped = estimate.to_local(clocks.theirs(t))
        assert abs(int(mapped) - clocks.ours(t)) <= int(estimate.error_at(mapped)) + 1


def test_the_estimate_of_a_shifted_clock_is_shifted_by_as_much() -> None:
    def final(offset: int) -> ClockEstimate:
        clocks = Clocks(rng=np.random.default_rng(7), offset=offset)
        *_, estimator = clocks.run(30)
        return estimator.estimate(clocks.ours(clocks.now))

    shift = 123_456_789_012
    assert final(shift).offset - final(0).offset == shift
    assert final(shift).error == final(0).error
