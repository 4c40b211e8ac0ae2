"""When a client tries again, with a clock and a dice of the test's own."""

from typing import Any

import numpy as np
import pytest

from midstream_lab.stream.backoff import BASE, CAP, DEFAULT_LIMIT, STEADY, Backoff, checked_reconnect


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Highest:
    """A dice that always falls on the bound."""

    def uniform(self, low: float, high: float) -> float:
        assert low == 0.0
        return high


def highest(limit: float, clock: Clock) -> Backoff:
    backoff = Backoff(limit=limit, clock=clock)
    backoff._rng = Highest()  # type: ignore[assignment]
    return backoff


def test_the_bounds_double_up_to_the_cap() -> None:
    backoff = highest(1e9, Clock())
    backoff.lost()
    assert [backoff.next() for _ in range(9)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert (BASE, CAP, backoff.attempt) == (0.1, 5.0, 9)


def test_the_jitter_is_full_and_comes_from_the_seed() -> None:
    def schedule(seed: Any) -> list[float | None]:
        backoff = Backoff(limit=1e9, clock=Clock(), rng=seed)
        backoff.lost()
        return [backoff.next() for _ in range(2000)]

    drawn = np.array(schedule(7)[10:], float)
    assert schedule(7) == schedule(7) != schedule(8)
    assert 0 <= drawn.min() < 0.01 * CAP
    assert 0.99 * CAP < drawn.max() <= CAP
    assert abs(drawn.mean() - CAP / 2) < 4 * CAP / np.sqrt(12 * len(drawn))


def test_attempts_end_when_the_time_is_over_and_the_last_wait_is_cut_to_it() -> None:
    clock = Clock()
    backoff = highest(1.0, clock)
    backoff.lost()
    waits = []
    while (wait := backoff.next()) is not None:
        waits.append(wait)
        clock.now += wait
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.3])
    assert backoff.left == 0


def test_no_attempt_is_made_without_time_for_it() -> None:
    backoff = highest(0.0, Clock())
    backoff.lost()
    assert backoff.next() is None


def test_a_connection_that_lasted_begins_with_short_waits_again_and_one_that_did_not_goes_on() -> None:
    clock = Clock()
    backoff = highest(1e9, clock)
    backoff.lost()
    assert [backoff.next() for _ in range(3)] == [0.1, 0.2, 0.4]
    backoff.connected()
    clock.now += STEADY / 2
    backoff.lost()
    assert backoff.next() == 0.8
    backoff.connected()
    clock.now += STEADY
    backoff.lost()
    assert (backoff.next(), backoff.attempt) == (0.1, 1)


def test_very_many_attempts_do_not_overflow() -> None:
    backoff = highest(1e9, Clock())
    backoff.attempt = 100_000
    assert backoff.next() == CAP


@pytest.mark.parametrize(
    ("given", "limit"), [(True, DEFAULT_LIMIT), (False, 0.0), (0, 0.0), (2.5, 2.5), (float("inf"), float("inf"))]
)
def test_what_reconnect_means_in_seconds(given: Any, limit: float) -> None:
    assert checked_reconnect(given) == limit
