"""What a simulation did, as tables: segments, events, jobs."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import InputError
from ..kernels.scheduling import simulation as kernels
from .event import CORE, JOB, KIND, KINDS, OTHER, TASK, TIME, Event, describe
from .policy import Policy
from .simulation import Simulation
from .task import TaskSet, Time

__all__ = ["MOST_EVENTS", "Schedule", "simulate"]

#: Events that one call of `simulate` may be expected to make.
MOST_EVENTS = 20_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """A finished simulation, from time 0 up to `until`. Times are in the caller's unit.

    Attributes
    ----------
    taskset : TaskSet
    policy : Policy
    cores : int
    until : int or float
        Where it ends.
    rows : numpy.ndarray of int64, shape (n, 9)
        The events as the kernel wrote them, in ticks; columns as `kernels.scheduling.simulation.EVENT_COLUMNS`.
    """

    taskset: TaskSet
    policy: Policy
    cores: int
    until: int | float
    rows: np.ndarray

    @classmethod
    def from_rows(cls, rows: np.ndarray, *, until: int, taskset: TaskSet, policy: Policy, cores: int) -> Schedule:
        """The schedule that these events of a kernel, up to tick `until`, make."""
        rows = rows.view()
        rows.flags.writeable = False
        return cls(taskset=taskset, policy=policy, cores=cores, until=taskset.value(until), rows=rows)

    @property
    def _end(self) -> int:
        return self.taskset.ticks(self.until, "until")

    def _times(self, ticks: np.ndarray) -> np.ndarray:
        return ticks * float(self.taskset.tick)

    def _names(self, indices: np.ndarray) -> np.ndarray:
        return np.array([*self.taskset.names, None], dtype=object)[indices]

    @cached_property
    def events(self) -> pd.DataFrame:
        """Columns kind, time, task, job, core (-1: none), against; `event(i)` also says why."""
        rows = self.rows
        return pd.DataFrame(
            {
                "kind": np.array(KINDS, dtype=object)[rows[:, KIND]],
                "time": self._times(rows[:, TIME]),
                "task": self._names(rows[:, TASK]),
                "job": rows[:, JOB],
                "core": rows[:, CORE],
                "against": self._names(rows[:, OTHER]),
            }
        )

    def event(self, i: int) -> Event:
        """Event number `i`, with its reason."""
        if not 0 <= i < len(self.rows):
            raise InputError(f"there are events 0 to {len(self.rows) - 1}, not {i!r}")
        return describe(self.rows, i, self.taskset, self.policy, self.cores)

    @cached_property
    def pieces(self) -> np.ndarray:
        """Unbroken runs of jobs, in ticks, in order of their start: core, task, job, start, end, first event."""
        rows, found = self.rows, []
        for core in range(self.cores):
            numbers = np.flatnonzero((rows[:, CORE] == core) & (rows[:, KIND] != kernels.MISS))
            kinds = rows[numbers, KIND]
            begins = numbers[(kinds == kernels.START) | (kinds == kernels.RESUME)]
            ends = rows[numbers[(kinds == kernels.PREEMPT) | (kinds == kernels.COMPLETE)], TIME]
            # On one core beginnings and ends alternate; at most the last run is still going on.
            ends = np.append(ends, np.full(len(begins) - len(ends), self._end))
            columns = (np.full(len(begins), core), rows[begins, TASK], rows[begins, JOB], rows[begins, TIME], ends)
            found.append(np.column_stack([*columns, begins]))
        pieces = np.concatenate(found)
        return pieces[np.argsort(pieces[:, 5])]

    @cached_property
    def segments(self) -> pd.DataFrame:
        """Unbroken runs of jobs: columns core, task, job, start, end."""
        pieces = self.pieces[self.pieces[:, 4] > self.pieces[:, 3]]
        return pd.DataFrame(
            {
                "core": pieces[:, 0],
                "task": self._names(pieces[:, 1]),
                "job": pieces[:, 2],
                "start": self._times(pieces[:, 3]),
                "end": self._times(pieces[:, 4]),
            }
        )

    @cached_property
    def jobs(self) -> pd.DataFrame:
        """Columns task, job, release, deadline, start, finish, response (NaN where not yet), missed, preemptions."""
        rows, table = self.rows, self.taskset.table
        released = rows[rows[:, KIND] == kernels.RELEASE]
        task, job = released[:, TASK], released[:, JOB]
        # Every task releases its jobs in order, so a job's line is found from where its task's lines begin.
        order = np.argsort(task, kind="stable")
        lines = np.empty(len(order), dtype=np.int64)
        lines[order] = np.arange(len(order))
        firsts = np.searchsorted(task[order], np.arange(len(table)))

        def line(of: np.ndarray) -> np.ndarray:
            return order[firsts[of[:, TASK]] + of[:, JOB]]

        start, finish = np.full(len(released), np.nan), np.full(len(released), np.nan)
        missed, preemptions = np.zeros(len(released), dtype=bool), np.zeros(len(released), dtype=np.int64)
        for kind, target in ((kernels.START, start), (kernels.COMPLETE, finish)):
            chosen = rows[rows[:, KIND] == kind]
            target[line(chosen)] = self._times(chosen[:, TIME])
        missed[line(rows[rows[:, KIND] == kernels.MISS])] = True
        np.add.at(preemptions, line(rows[rows[:, KIND] == kernels.PREEMPT]), 1)
        release = self._times(released[:, TIME])
        done = rows[rows[:, KIND] == kernels.COMPLETE]
        response = np.full(len(released), np.nan)
        # In ticks first, so that no digits are lost far from time 0.
        response[line(done)] = self._times(
            done[:, TIME] - table[done[:, TASK], 3] - done[:, JOB] * table[done[:, TASK], 1]
        )
        return pd.DataFrame(
            {
                "task": self._names(task),
                "job": job,
                "release": release,
                "deadline": self._times(released[:, TIME] + table[task, 2]),
                "start": start,
                "finish": finish,
                "response": response,
                "missed": missed,
                "preemptions": preemptions,
            }
        )

    @property
    def response_times(self) -> dict[str, float]:
        """Longest response time seen of each task; NaN if no job of it was finished.

        A lower bound on the worst case; `analyse` gives the worst case itself.
        """
        worst = self.jobs.groupby("task")["response"].max()
        return {name: float(worst.get(name, math.nan)) for name in self.taskset.names}

    @property
    def misses(self) -> pd.DataFrame:
        """The jobs that missed their deadline."""
        return self.jobs[self.jobs["missed"]].reset_index(drop=True)

    @property
    def preemptions(self) -> int:
        """How often a running job lost its core."""
        return int(np.count_nonzero(self.rows[:, KIND] == kernels.PREEMPT))

    @property
    def migrations(self) -> int:
        """How often a job went on on another core."""
        pieces = self.pieces[np.lexsort((self.pieces[:, 5], self.pieces[:, 2], self.pieces[:, 1]))]
        same = (np.diff(pieces[:, 1]) == 0) & (np.diff(pieces[:, 2]) == 0)
        return int(np.count_nonzero(same & (np.diff(pieces[:, 0]) != 0)))

    @property
    def utilisation(self) -> np.ndarray:
        """Share of the time that each core was busy, float64, shape (cores,)."""
        busy = np.bincount(self.pieces[:, 0], self.pieces[:, 4] - self.pieces[:, 3], minlength=self.cores)
        return busy / max(self._end, 1)

    def to_xarray(self) -> xr.Dataset:
        """Events, segments and jobs along the dimensions ``event``, ``segment`` and ``job``."""
        data = {}
        for dim, frame in (("event", self.events), ("segment", self.segments), ("job", self.jobs)):
            for column in frame:
                values = frame[column].to_numpy()
                if values.dtype == object:
                    values = np.array(["" if value is None else value for value in values], dtype=object)
                data[f"{dim}_{column}"] = (dim, values)
        attrs = {
            "policy": self.policy.name,
            "cores": self.cores,
            "until": float(self.until),
            "units": self.taskset.unit or "tick",
            "method": f"simulation of the task set under {self.policy.title}",
        }
        return xr.Dataset(data, attrs=attrs)

    def __repr__(self) -> str:
        return (
            f"Schedule({self.policy.title}, {self.cores} core{'s' * (self.cores > 1)}, until {self.until:.10g}: "
            f"{len(self.jobs)} jobs, {len(self.misses)} missed, {self.preemptions} preemptions)"
        )

    def _repr_html_(self) -> str:
        jobs = self.jobs
        head = "".join(f"<th>{h}</th>" for h in ("task", "jobs", "longest response", "deadline", "missed"))
        body = ""
        for name, row in zip(self.taskset.names, self.taskset.table, strict=True):
            mine = jobs[jobs["task"] == name]
            cells = (
                html.escape(name),
                len(mine),
                f"{self.response_times[name]:.10g}",
                f"{self.taskset.value(row[2]):.10g}",
                int(mine["missed"].sum()),
            )
            body += "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        busy = ", ".join(f"{share:.3f}" for share in self.utilisation)
        notes = "".join(f"<br>{html.escape(note)}" for note in self.taskset.notes(cores=self.cores))
        return (
            f"<p>{html.escape(repr(self))}<br>busy: {busy}{notes}</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def simulate(
    taskset: TaskSet,
    policy: str | Policy,
    *,
    cores: int = 1,
    until: Time | None = None,
    quantum: Time | None = None,
    preemptive: bool = True,
) -> Schedule:
    """Run a task set from time 0 and return its schedule.

    Parameters
    ----------
    taskset, policy, cores, quantum, preemptive
        As for `Simulation`, whose ties and order of events hold here.
    until : number or str, optional
        Where to end, in the caller's unit. Default: one hyperperiod, after the largest offset one more. What ends
        at `until` (completions and misses) belongs to the schedule, what would begin there does not.

    Returns
    -------
    Schedule

    Raises
    ------
    InputError
        If `until` is not positive, about more than 20 million events would come, or there is no default because
        the hyperperiod is beyond 2^63 ticks.

    Examples
    --------
    >>> from midstream_lab.scheduling import Task, TaskSet
    >>> tasks = TaskSet([Task("a", wcet=2, period=5), Task("b", wcet=4, period=7)])
    >>> simulate(tasks, "edf").misses.empty
    True
    >>> simulate(tasks, "rm").misses[["task", "job", "deadline"]].values.tolist()
    [['b', 0, 7.0]]
    """
    simulation = Simulation(taskset, policy, cores, quantum=quantum, preemptive=preemptive, _keep=False)
    if until is None:
        offset = int(taskset.table[:, 3].max())
        span = taskset.ticks(taskset.hyperperiod, "hyperperiod")
        end = span if offset == 0 else offset + 2 * span
    else:
        end = taskset.ticks(until, "until")
    if end < 1:
        raise InputError(f"until must be above 0, not {until!r}")
    expected = 4 * int(sum(end // int(period) + 1 for period in taskset.table[:, 1]))
    if expected > MOST_EVENTS:
        said = "the hyperperiod" if until is None else "until"
        raise InputError(
            f"{said} is {taskset.show(end)}: about {expected:,} events, at most {MOST_EVENTS:,} are made; "
            "give a smaller until="
        )
    simulation.run_until(taskset.value(end))
    schedule = simulation.schedule()
    rows = schedule.rows
    ending = (rows[:, KIND] == kernels.COMPLETE) | (rows[:, KIND] == kernels.MISS)
    kept = rows[(rows[:, TIME] < end) | ending]
    return Schedule.from_rows(kept, until=end, taskset=taskset, policy=simulation.policy, cores=simulation.cores)
