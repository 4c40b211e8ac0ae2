"""The two threads: slow operators move, stalled ones are ended, a fork starts afresh."""

import os
import sys
import threading
import time

import pytest
from feed_tools import ONE, Pass, chunks, ramp

from midstream_lab.errors import LabError, OperatorStalled
from midstream_lab.feed import Feed
from midstream_lab.feed.lanes import Lanes


@pytest.fixture
def lanes():
    made = Lanes(turn_limit=0.02, stall_limit=0.3)
    yield made
    made.close()


class Sleepy(Pass):
    name = "sleepy"

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.threads: list[str] = []

    def update(self, block):
        self.threads.append(threading.current_thread().name)
        time.sleep(self.seconds)
        return block


def test_a_slow_turn_moves_the_operator_to_the_slow_lane_with_one_warning(lanes):
    feed = Feed(ONE, lanes=lanes)
    operator = Sleepy(0.05)
    child = feed.pipe(operator)
    for i in range(4):
        feed.append(ramp(i, i + 1))
        child.wait(n=i + 1, timeout=30)
    feed.close()
    child.wait(timeout=30)
    assert operator.threads == ["midstream-quick"] + ["midstream-slow"] * 3
    assert len(child.health) == 1
    assert "slow lane" in child.health[0]


def test_a_stalled_operator_loses_its_feed_and_the_lane_goes_on(lanes):
    feed = Feed(ONE, lanes=lanes)
    go = threading.Event()

    class Stuck(Pass):
        name = "stuck"

        def update(self, block):
            go.wait(30)
            return block

    stuck, sibling = feed.pipe(Stuck()), feed.pipe(Pass())
    feed.append(ramp(0, 5))
    with pytest.raises(OperatorStalled, match=r"more than 0\.3 s"):
        stuck.wait(timeout=30)
    assert sibling.wait(n=5, timeout=30)
    go.set()
    feed.append(ramp(5, 9))
    assert sibling.wait(n=9, timeout=30)
    assert stuck.counts.received == 0


def test_a_stall_on_both_lanes_at_once_is_survived(lanes):
    feed = Feed(ONE, lanes=lanes)
    go = threading.Event()

    class Stuck(Pass):
        def __init__(self, lane):
            super().__init__()
            self.lane = lane

        def update(self, block):
            go.wait(30)

    stuck = [feed.pipe(Stuck(lane), name=lane) for lane in ("quick", "slow")]
    feed.append(ramp(0, 5))
    for child in stuck:
        with pytest.raises(OperatorStalled):
            child.wait(timeout=30)
    assert feed.pipe(Pass()).wait(n=5, timeout=30)
    go.set()


def test_fifty_feeds_share_the_threads():
    before = threading.active_count()
    feed = Feed(ONE)
    children = [feed.pipe(Pass(), name=f"child {i}") for i in range(50)]
    for block in chunks(2000, 20):
        feed.append(block)
    feed.close()
    for child in children:
        child.wait(timeout=60)
        assert child.counts.received == 2000
    assert threading.active_count() <= before + 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_starts_lanes_of_its_own_and_old_feeds_say_what_happened():
    old = Feed(ONE, name="old")
    below = old.pipe(Pass())
    old.append(ramp(0, 3))
    below.wait(n=3, timeout=30)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            new = Feed(ONE, name="old")
            piped = new.pipe(Pass())
            new.append(ramp(0, 7))
            new.close()
            piped.wait(timeout=30)
            try:
                old.append(ramp(3, 4))
            except LabError:
                code = 0 if piped.counts.received == 7 and "forked" in str(old.error) else 2
        finally:
            sys.stdout.flush()
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    old.append(ramp(3, 5))
    assert below.wait(n=5, timeout=30)
    old.close()


def test_a_task_that_cannot_even_be_ended_does_not_end_the_lane(lanes, caplog):
    class Cursed:
        lane = "quick"
        state = "idle"

        def turn(self):
            raise RuntimeError("turn")

        def fail(self, error):
            raise RuntimeError("fail")

    lanes.submit(Cursed())
    feed = Feed(ONE, lanes=lanes)
    feed.append(ramp(0, 3))
    assert feed.pipe(Pass()).wait(n=3, timeout=30)
    assert "could not be ended" in caplog.text
