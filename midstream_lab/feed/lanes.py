"""The two threads that run every operator: a quick one, and a slow one for windows and slow operators."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..errors import OperatorStalled

__all__ = ["LaneName", "Lanes", "Task", "TaskState", "default_lanes"]

log = logging.getLogger("midstream_lab")

#: How often the watch looks at a turn before it calls it stalled.
CHECKS = 10

LaneName = Literal["quick", "slow"]
TaskState = Literal["idle", "queued", "running", "again", "dead"]


class Task(Protocol):
    """What a lane runs, a turn at a time; never on two threads at once."""

    lane: LaneName
    state: TaskState

    def turn(self) -> bool:
        """Do a bounded piece of work; True if there is more to do now."""
        ...

    def fail(self, error: BaseException) -> None:
        """End with `error`."""
        ...

    def slowed(self, seconds: float) -> None:
        """A turn took more than the `seconds` of the quick lane; the task now runs on the slow one."""
        ...


@dataclass(eq=False)
class Lane:
    """One queue, the thread that serves it, and the turn that it is in."""

    name: LaneName
    queue: deque[Task] = field(default_factory=deque)
    thread: threading.Thread | None = None
    task: Task | None = None
    began: float = 0.0
    seen: int = 0


class Lanes:
    """A scheduler of two threads, started when first needed, and a watch that replaces a stalled one.

    A task waits in a queue at most once; when it is woken while it runs, it is queued again afterwards.
    An exception ends its task and no other.

    Parameters
    ----------
    turn_limit : float, optional
        Seconds after which a turn on the quick lane sends its task to the slow one; default 0.05.
    stall_limit : float, optional
        Seconds after which a turn ends its task with `OperatorStalled`; default 5.
    """

    def __init__(self, *, turn_limit: float = 0.05, stall_limit: float = 5.0) -> None:
        self.turn_limit = turn_limit
        self.stall_limit = stall_limit
        self._lock = threading.Lock()
        self._work = {name: threading.Condition(self._lock) for name in ("quick", "slow")}
        self._lanes: dict[str, Lane] = {"quick": Lane("quick"), "slow": Lane("slow")}
        self._busy = threading.Condition(self._lock)
        self._watch: threading.Thread | None = None
        self._closed = False

    def submit(self, task: Task) -> None:
        """Queue a turn of `task`, unless one is queued."""
        with self._lock:
            if task.state == "idle":
                self._enqueue(task)
            elif task.state == "running":
                task.state = "again"

    def close(self) -> None:
        """End the threads when their turns end. Lanes of one's own only; the shared ones stay."""
        with self._lock:
            self._closed = True
            for work in (*self._work.values(), self._busy):
                work.notify_all()

    def _enqueue(self, task: Task) -> None:
        lane = self._lanes[task.lane]
        task.state = "queued"
        lane.queue.append(task)
        if lane.thread is None:
            lane.thread = self._start(f"midstream-{lane.name}", self._serve, lane)
        if self._watch is None:
            self._watch = self._start("midstream-watch", self._guard)
        self._work[lane.name].notify()

    def _start(self, name: str, target: object, *args: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)  # type: ignore[arg-type]
        thread.start()
        return thread

    def _serve(self, lane: Lane) -> None:
        while self._run_next(lane):
            pass  # a call for each turn, so that a waiting thread refers to no task

    def _run_next(self, lane: Lane) -> bool:
        """Wait for a task and run a turn of it; False if this thread is to end."""
        with self._lock:
            while not lane.queue and not self._closed:
                self._work[lane.name].wait()
            if self._closed:
                return False
            task = lane.queue.popleft()
            task.state = "running"
            lane.task, lane.began, lane.seen = task, time.monotonic(), 0
            self._busy.notify()
        more = self._turn(task)
        with self._lock:
            if lane.thread is not threading.current_thread():
                return False  # stalled and replaced: the task is dead, another thread serves the lane
            took = time.monotonic() - lane.began
            lane.task = None
            again = more or task.state == "again"
            task.state = "idle"
            moved = took > self.turn_limit and task.lane == "quick"
            if moved:
                task.lane = "slow"
            if again:
                self._enqueue(task)
        if moved:
            task.slowed(self.turn_limit)
        return True

    def _turn(self, task: Task) -> bool:
        """A turn; whatever is raised ends the task and not the lane."""
        try:
            return task.turn()
        except BaseException as error:
            self._fail(task, error)
            return False

    def _fail(self, task: Task, error: BaseException) -> None:
        try:
            task.fail(error)
        except Exception:
            log.exception("a task could not be ended after %r", error)

    def _guard(self) -> None:
        while self._look():
            time.sleep(self.stall_limit / CHECKS)

    def _look(self) -> bool:
        """Replace the thread of a lane whose turn does not end; False when the lanes are closed."""
        with self._lock:
            while not self._closed and all(lane.task is None for lane in self._lanes.values()):
                self._busy.wait()
            stalled = [self._take_stalled(lane) for lane in self._lanes.values()]
        for task in stalled:
            if task is not None:
                self._fail(
                    task,
                    OperatorStalled(
                        f"the operator took more than {self.stall_limit:g} s for one turn, so its feed was closed; "
                        f"give it smaller windows, or run it outside of the feed"
                    ),
                )
        return not self._closed

    def _take_stalled(self, lane: Lane) -> Task | None:
        """The task of `lane`, taken off it, if its turn has lasted too long."""
        task = lane.task
        lane.seen += 1
        # Checks are counted, not seconds: while something holds the GIL, or the machine sleeps, nobody is to blame.
        if task is None or lane.seen <= CHECKS or self._closed:
            return None
        task.state = "dead"
        lane.task = None
        lane.thread = self._start(f"midstream-{lane.name}", self._serve, lane)
        return task


_shared: Lanes | None = None
_shared_lock = threading.Lock()


def default_lanes() -> Lanes:
    """The lanes that all feeds of this process share."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = Lanes()
        return _shared


def _after_fork() -> None:
    """A forked child has none of its parent's threads: it starts lanes of its own."""
    global _shared, _shared_lock
    _shared, _shared_lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
