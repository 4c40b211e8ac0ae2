"""The widgets' clock: one thread, a bounded queue, nothing made up for."""

import threading
import time

import pytest

from midstream_widgets.clock import Clock


class Ticker:
    def __init__(self, *, fail_at: int | None = None):
        self.ticks: list[float] = []
        self.threads: set[str] = set()
        self.enough = threading.Event()
        self.error: Exception | None = None
        self.fail_at = fail_at

    def tick(self, now: float) -> None:
        self.ticks.append(now)
        self.threads.add(threading.current_thread().name)
        if self.fail_at == len(self.ticks):
            raise ValueError("broken")
        if len(self.ticks) >= 5:
            self.enough.set()

    def failed(self, error: Exception) -> None:
        self.error = error
        self.enough.set()


@pytest.fixture
def clock():
    clock = Clock(period=0.002, limit=4)
    yield clock
    for member in list(clock._members):
        clock.leave(member)
    wait_for(lambda: not clock.running)


def wait_for(condition, timeout=10.0):
    limit = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < limit, "did not happen"
        time.sleep(0.002)


def test_members_tick_on_one_thread_that_ends_with_the_last(clock):
    first, second = Ticker(), Ticker()
    clock.join(first)
    clock.join(first)
    clock.join(second)
    assert first.enough.wait(10)
    assert second.enough.wait(10)
    assert first.threads == second.threads == {"midstream-widgets-clock"}
    clock.leave(first)
    assert clock.running
    clock.leave(second)
    wait_for(lambda: not clock.running)


def test_messages_are_handled_on_the_clocks_thread_in_order_even_without_members(clock):
    seen = []
    for number in range(3):
        assert clock.post(lambda n=number: seen.append((n, threading.current_thread().name)))
    wait_for(lambda: len(seen) == 3)
    assert seen == [(n, "midstream-widgets-clock") for n in range(3)]
    wait_for(lambda: not clock.running)


def test_a_full_queue_drops_and_counts_instead_of_waiting(clock):
    held, entered = threading.Event(), threading.Event()
    clock.post(lambda: (entered.set(), held.wait(10)))
    assert entered.wait(10)
    assert [clock.post(int) for _ in range(6)] == [True] * 4 + [False] * 2
    assert clock.dropped == 2
    held.set()


def test_a_member_that_raises_is_let_go_and_the_others_go_on(clock, caplog):
    broken, sound = Ticker(fail_at=2), Ticker()
    clock.join(broken)
    clock.join(sound)
    assert broken.enough.wait(10)
    assert sound.enough.wait(10)
    assert isinstance(broken.error, ValueError)
    assert len(broken.ticks) == 2
    assert "a widget stopped" in caplog.text


def test_a_handler_that_raises_does_not_end_the_clock(clock, caplog):
    seen = []
    clock.post(lambda: 1 / 0)
    clock.post(lambda: seen.append(1))
    wait_for(lambda: seen)
    assert "message handler failed" in caplog.text


def test_ticks_missed_in_a_stall_are_not_made_up_for(clock):
    class Slow(Ticker):
        def tick(self, now: float) -> None:
            super().tick(now)
            if len(self.ticks) == 2:
                time.sleep(0.1)

    member = Slow()
    clock.join(member)
    assert member.enough.wait(10)
    after = member.ticks[2]
    # 0.1 s is fifty periods; of those at most one tick follows at once.
    assert sum(after <= tick < after + 0.0015 for tick in member.ticks) <= 2
