"""The bound on less urgent data, against paths that a small simulation knows exactly."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

import numpy as np
import pytest

from midstream_lab.stream.flight import FlightBound

DATAGRAM = 1200


def drive(
    flight: FlightBound, *, bandwidth: Callable[[float], float], base: Callable[[float], float], seconds: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep as much on its way as the bound allows; returns times, seconds in the queue and bytes that had come."""
    rng = random.Random(1)
    now = free = 0.0
    under_way = came = 0
    events: list[tuple[float, float]] = []
    rows = []
    while now < seconds:
        while under_way + DATAGRAM <= flight.bound:
            free = max(free, now) + DATAGRAM / bandwidth(now)
            heapq.heappush(events, (free + base(now) + rng.random() * 2e-4, now))
            under_way += DATAGRAM
        flight.leave_over()
        now, sent_at = heapq.heappop(events)
        under_way -= DATAGRAM
        came += DATAGRAM
        flight.on_acked(now=now, sent_at=sent_at, size=DATAGRAM)
        rows.append((now, max(0.0, free - now), came))
    times, queue, total = np.array(rows).T
    return times, queue, total


@pytest.mark.parametrize(("bandwidth", "base"), [(10e6, 0.02), (1e6, 0.05), (40e6, 0.005), (5e6, 0.004), (4e6, 0.1)])
def test_the_path_is_full_and_its_queue_short(bandwidth: float, base: float) -> None:
    times, queue, total = drive(
        FlightBound(datagram=DATAGRAM), bandwidth=lambda now: bandwidth, base=lambda now: base, seconds=8
    )
    settled = times > 4
    rate = (total[-1] - total[settled][0]) / (times[-1] - times[settled][0])
    assert rate > 0.95 * bandwidth
    assert np.percentile(queue[settled], 99) < max(0.001, 0.2 * base)


def test_the_bound_follows_a_path_that_becomes_faster() -> None:
    times, queue, total = drive(
        FlightBound(datagram=DATAGRAM),
        bandwidth=lambda now: 2e6 if now < 3 else 8e6,
        base=lambda now: 0.02,
        seconds=9,
    )
    late = times > 7
    assert (total[-1] - total[late][0]) / (times[-1] - times[late][0]) > 0.9 * 8e6
    assert np.percentile(queue[late], 99) < 0.005


def test_the_bound_follows_a_path_that_becomes_longer() -> None:
    """The least round trip of long ago is forgotten: else the bound stayed small for ever."""
    times, _, total = drive(
        FlightBound(datagram=DATAGRAM),
        bandwidth=lambda now: 5e6,
        base=lambda now: 0.01 if now < 2 else 0.03,
        seconds=45,
    )
    late = times > 38
    assert (total[-1] - total[late][0]) / (times[-1] - times[late][0]) > 0.9 * 5e6


def test_the_bound_does_not_grow_while_it_keeps_nothing_back() -> None:
    flight = FlightBound(datagram=DATAGRAM)
    before = flight.bound
    for step in range(1000):
        flight.on_acked(now=step * 0.02 + 0.02, sent_at=step * 0.02, size=DATAGRAM)
    assert flight.bound <= before


def test_on_one_machine_the_bound_is_two_datagrams() -> None:
    flight = FlightBound(datagram=65_000, fixed=True)
    for step in range(100):
        flight.leave_over()
        flight.on_acked(now=step + 1.0, sent_at=float(step), size=65_000)
    assert flight.bound == 130_000
