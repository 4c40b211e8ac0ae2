"""A schedule that a person steps through, forward and back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..kernels.scheduling import simulation as kernels
from .event import Event, describe, key_text
from .policy import Policy, find_policy
from .task import TaskSet, Time

if TYPE_CHECKING:
    from .schedule import Schedule

__all__ = ["MOST_CORES", "Simulation"]

MOST_CORES = 1024

#: Events made in one call of the kernel, so that memory grows with what is needed.
BATCH = 1 << 16


class Simulation:
    """Periodic tasks on identical cores, under a global policy.

    Every job needs its whole `wcet`. Jobs of one task run one after another, never on two cores at once. A job
    that misses its deadline goes on; the miss is an event at the deadline. At one instant completions come first,
    then misses, releases, and decisions; a job done exactly at its deadline has met it.

    **Ties.** ``"rm"`` and ``"dm"`` give each task a place of its own: equal periods (deadlines) are ordered by
    deadline (period), then by order in the set; ``"fp"`` orders equal priorities by order in the set. The other
    policies compare the key, then the earlier release, then the order in the set. The first job goes to the free
    core with the lowest number; if none is free, the running job that comes last in this order is preempted.

    Parameters
    ----------
    taskset : TaskSet
        What to schedule.
    policy : {"fp", "rm", "dm", "edf", "llf", "fifo", "rr"} or Policy
        ``"llf"`` decides again at every multiple of `quantum` (and at releases and completions); ``"rr"`` moves a
        job that used up its quantum to the end of the queue, behind jobs released at that instant.
    cores : int, optional
        Number of identical cores; default 1. Jobs may migrate.
    quantum : number or str, optional
        For ``"llf"`` and ``"rr"``, in the caller's unit; default: the greatest common divisor of all times of the
        task set.
    preemptive : bool, optional
        Whether a running job can lose its core before it is done; default True.

    Raises
    ------
    InputError
        If the policy is unknown, `cores` is no whole number from 1 to 1024, or `quantum` is not positive or is
        given to a policy that has none.

    References
    ----------
    Liu and Layland (1973), rate-monotonic and earliest deadline first; Leung and Whitehead (1982),
    deadline-monotonic; Mok (1983), least laxity first.

    Examples
    --------
    >>> from midstream_lab.scheduling import Task, TaskSet
    >>> tasks = TaskSet([Task("a", wcet=2, period=5), Task("b", wcet=4, period=7)])
    >>> simulation = Simulation(tasks, "rm")
    >>> for _ in range(3):
    ...     event = simulation.step()
    >>> print(event)
    t = 0: start a job 0 on core 0. It goes first: a has period 5, b has period 7.
    >>> simulation.step_back().kind, simulation.now
    ('start', 0)
    """

    def __init__(
        self,
        taskset: TaskSet,
        policy: str | Policy,
        cores: int = 1,
        *,
        quantum: Time | None = None,
        preemptive: bool = True,
        _keep: bool = True,
    ):
        if not isinstance(taskset, TaskSet):
            raise InputError(
                f"taskset must be a TaskSet, not {type(taskset).__name__}; TaskSet([Task(...), ...]) is one"
            )
        if isinstance(cores, bool) or not isinstance(cores, (int, np.integer)) or not 1 <= cores <= MOST_CORES:
            raise InputError(f"cores must be a whole number from 1 to {MOST_CORES}, not {cores!r}")
        self.taskset = taskset
        self.policy = find_policy(policy)
        self.cores = int(cores)
        self.preemptive = bool(preemptive)
        self._quantum = self._choose_quantum(quantum)
        table = np.column_stack([taskset.table, self.policy.ranks(taskset)])
        self._tasks = np.ascontiguousarray(table, dtype=np.int64).view()
        self._tasks.flags.writeable = False
        self._keep = _keep
        self._state = np.empty(kernels.state_size(len(taskset), self.cores), dtype=np.int64)
        self._events = np.empty((64, len(kernels.EVENT_COLUMNS)), dtype=np.int64)
        self._begins = np.empty(64, dtype=np.int64)
        self._log = np.empty((1024, 2), dtype=np.int64)
        self._counts = np.empty(3, dtype=np.int64)
        self.reset()

    def _choose_quantum(self, quantum: Time | None) -> int:
        if quantum is None:
            return math.gcd(*(int(time) for time in self.taskset.table.flat))
        if not self.policy.sliced:
            raise InputError(f"policy {self.policy.name!r} has no quantum; 'llf' and 'rr' have one")
        ticks = self.taskset.ticks(quantum, "quantum")
        if ticks < 1 or self.taskset.value(ticks) != quantum:
            raise InputError(
                f"quantum must be a positive multiple of the clock's tick, {self.taskset.show(1)}, not {quantum!r}"
            )
        return ticks

    # -- moving --------------------------------------------------------------------------------------

    def step(self) -> Event:
        """Go on to the next event and return it.

        Raises
        ------
        InputError
            If it lies beyond the 64-bit clock.
        """
        if self._advance(kernels.LAST, 1) == kernels.ENDED:
            raise InputError(f"the 64-bit clock ends at {self.taskset.show(kernels.LAST)}; reset() begins again")
        return self.event(self.count - 1)

    def step_back(self) -> Event:
        """Undo the newest event, exactly, and return what was undone.

        Raises
        ------
        InputError
            If there is none.
        """
        if not self.count:
            raise InputError("there is no event to step back over: the simulation stands at its beginning")
        undone = self.event(self.count - 1)
        self.go_to(self.count - 1)
        return undone

    def run_until(self, t: Time) -> None:
        """Make all events up to and including time `t`; then it is `t`.

        Raises
        ------
        InputError
            If `t` has passed, or lies beyond the 64-bit clock.
        """
        ticks = self.taskset.ticks(t, "t")
        if ticks < self._state[kernels.CLOCK]:
            raise InputError(f"time {t!r} has passed: now is {self.now!r}; step_back() or reset() go back")
        if ticks >= kernels.LAST:
            raise InputError(f"time {t!r} is beyond the 64-bit clock, which ends at {self.taskset.show(kernels.LAST)}")
        while self._advance(ticks, BATCH) == kernels.MADE:
            pass

    def go_to(self, count: int) -> None:
        """Go forward or back until `count` events have been made.

        Raises
        ------
        InputError
            If `count` is negative, or the clock ends before.
        """
        if count < 0:
            raise InputError(f"count must be 0 or more events, not {count!r}")
        if count < self.count:
            kernels.undo_events(self.count - count, self._state, self._begins, self._log, self._counts)
        while self.count < count:
            if self._advance(kernels.LAST, min(BATCH, count - self.count)) == kernels.ENDED:
                raise InputError(f"the 64-bit clock ends at {self.taskset.show(kernels.LAST)}")

    def reset(self) -> None:
        """Go back to time 0, before anything is released."""
        self._counts[:] = 0
        kernels.begin_simulation(len(self.taskset), self.cores, self._state)

    def _advance(self, until: int, most: int) -> int:
        self._counts[2] = self._counts[1]
        goal = self.count + most
        while True:
            status = kernels.advance_simulation(
                self._tasks,
                self.policy.order,
                self._quantum,
                self.preemptive,
                self.cores,
                until,
                goal - self.count,
                self._state,
                self._events,
                self._begins,
                self._log,
                self._counts,
                self._keep,
            )
            if status != kernels.ROOM:
                return int(status)
            if self.count >= len(self._events):
                self._events = _doubled(self._events)
                self._begins = _doubled(self._begins)
            else:
                self._log = _doubled(self._log, least=8 * self.cores + 32)

    # -- looking -------------------------------------------------------------------------------------

    @property
    def now(self) -> int | float:
        """Current time, in the caller's unit."""
        return self.taskset.value(self._state[kernels.CLOCK])

    @property
    def count(self) -> int:
        """Events made so far."""
        return int(self._counts[0])

    @property
    def quantum(self) -> int | float | None:
        """The quantum, in the caller's unit; None if the policy has none."""
        return self.taskset.value(self._quantum) if self.policy.sliced else None

    @property
    def state(self) -> xr.Dataset:
        """Everything the future depends on, in ticks, along ``task`` and ``core``; a copy.

        ``released`` and ``finished`` count jobs, ``checked`` the deadlines that are settled, ``remaining`` is the
        work left of the first unfinished job, ``core`` where it runs (-1: nowhere), ``begun`` whether it has run,
        ``turn`` and ``slice`` its place in the round and the part of the quantum used; ``runs`` is the task on
        each core (-1: none), ``idling`` whether its idleness was told.
        """
        n, m = len(self.taskset), self.cores
        blocks = self._state[kernels.BLOCKS :].copy()
        per_task = blocks[: kernels.TASK_BLOCKS * n].reshape(-1, n)
        per_core = blocks[kernels.TASK_BLOCKS * n :].reshape(-1, m)
        names = ("released", "finished", "checked", "remaining", "on_core", "begun", "turn", "slice")
        data: dict[str, Any] = {name: ("task", row) for name, row in zip(names, per_task, strict=True)}
        data |= {name: ("core", row) for name, row in zip(("runs", "idling"), per_core, strict=True)}
        data |= {name: int(self._state[i]) for i, name in enumerate(("now", "next_turn", "due"))}
        return xr.Dataset(data, coords={"task": list(self.taskset.names), "core": np.arange(m)})

    def event(self, i: int) -> Event:
        """Event number `i` of those made so far, from 0."""
        if not 0 <= i < self.count:
            raise InputError(f"there are events 0 to {self.count - 1}, not {i!r}")
        return describe(self._events[: self.count], i, self.taskset, self.policy, self.cores)

    def queue(self) -> list[dict[str, Any]]:
        """The jobs that run or wait now, those that run first, each in the order of the policy.

        Returns
        -------
        list of dict
            ``task``, ``job``, ``core`` (None: waits), ``key`` (text), ``remaining`` and ``deadline`` in the
            caller's unit, ``late`` (whether the deadline has passed), ``behind`` (later jobs of the task).
        """
        n = len(self.taskset)
        blocks = self._state[kernels.BLOCKS : kernels.BLOCKS + kernels.TASK_BLOCKS * n].reshape(-1, n)
        rows = []
        for i in map(int, np.flatnonzero(blocks[kernels.RELEASED] > blocks[kernels.HEAD])):
            job, core = int(blocks[kernels.HEAD, i]), int(blocks[kernels.CORE, i])
            _, period, deadline, offset = (int(time) for time in self.taskset.table[i])
            release = offset + job * period
            key = int(kernels.job_key(self._tasks, self.policy.order, self._state, n, i))
            row = {
                "task": self.taskset.names[i],
                "job": job,
                "core": None if core < 0 else core,
                "key": key_text(self.taskset, self.policy, i, key),
                "remaining": self.taskset.value(blocks[kernels.REMAINING, i]),
                "deadline": self.taskset.value(release + deadline),
                "late": bool(blocks[kernels.CHECKED, i] > job),
                "behind": int(blocks[kernels.RELEASED, i]) - job - 1,
            }
            rows.append(((core < 0, key, release, i), row))
        return [row for _, row in sorted(rows, key=lambda pair: pair[0])]

    def schedule(self) -> Schedule:
        """What has happened so far, as tables."""
        from .schedule import Schedule

        return Schedule.from_rows(
            self._events[: self.count].copy(),
            until=int(self._state[kernels.CLOCK]),
            taskset=self.taskset,
            policy=self.policy,
            cores=self.cores,
        )

    def __repr__(self) -> str:
        return (
            f"Simulation({len(self.taskset)} tasks, policy={self.policy.name!r}, cores={self.cores}, "
            f"now={self.now}, events={self.count})"
        )


def _doubled(array: np.ndarray, least: int = 0) -> np.ndarray:
    larger = np.empty((max(2 * len(array), least), *array.shape[1:]), dtype=array.dtype)
    larger[: len(array)] = array
    return larger
