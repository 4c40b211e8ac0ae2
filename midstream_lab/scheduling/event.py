"""What happens in a schedule, and why, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..kernels.scheduling import simulation as kernels
from .policy import Policy
from .task import TaskSet

__all__ = ["KINDS", "Event", "describe"]

KINDS = ("complete", "miss", "release", "preempt", "start", "resume", "idle")

KIND, TIME, TASK, JOB, CORE, KEY, OTHER, OTHER_JOB, OTHER_KEY = range(9)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event of a schedule.

    Attributes
    ----------
    kind : {"release", "start", "preempt", "resume", "complete", "miss", "idle"}
        What happened.
    time : int or float
        When, in the caller's unit.
    task : str or None
        Whose job it is; None if a core goes idle.
    job : int or None
        Number of the job, from 0.
    core : int or None
        Where, from 0; None where no core is concerned.
    reason : str
        Why, with the keys that were compared.
    against : str or None
        The other side of the decision: the task that lost to a start or resumption, or won at a preemption.
    """

    kind: str
    time: int | float
    task: str | None
    job: int | None
    core: int | None
    reason: str
    against: str | None = None

    def __str__(self) -> str:
        who = f" {self.task} job {self.job}" if self.task is not None else ""
        where = f" on core {self.core}" if self.core is not None else ""
        return f"t = {self.time:.10g}: {self.kind}{who}{where}. {self.reason}"


def describe(rows: np.ndarray, i: int, tasks: TaskSet, policy: Policy, cores: int) -> Event:
    """Event `i` of the kernel's `rows`, in words; rows after it are not looked at."""
    kind, time, task, job, core, _, other, _, _ = (int(v) for v in rows[i])
    why = {
        kernels.COMPLETE: _why_complete,
        kernels.MISS: _why_miss,
        kernels.RELEASE: _why_release,
        kernels.PREEMPT: _why_preempt,
        kernels.START: _why_chosen,
        kernels.RESUME: _why_chosen,
        kernels.IDLE: _why_idle,
    }[kind]
    return Event(
        kind=KINDS[kind],
        time=tasks.value(time),
        task=tasks.names[task] if task >= 0 else None,
        job=job if task >= 0 else None,
        core=core if core >= 0 else None,
        reason=why(rows, i, tasks, policy, cores),
        against=tasks.names[other] if other >= 0 else None,
    )


def key_text(tasks: TaskSet, policy: Policy, task: int, key: int) -> str:
    """The key of a job of `task`, as the policy's people would say it: ``deadline 12 ms``."""
    if policy.name == "fp":
        stated = tasks.tasks[task].priority
        return f"priority {task + 1 if stated is None else stated}"
    if policy.fixed:
        return f"{policy.key} {tasks.show(tasks.table[task, 1 if policy.name == 'rm' else 2])}"
    return f"{policy.key} {key if policy.name == 'rr' else tasks.show(key)}"


def _why_release(rows: np.ndarray, i: int, tasks: TaskSet, policy: Policy, cores: int) -> str:
    time, task = int(rows[i, TIME]), int(rows[i, TASK])
    wcet, period, deadline, _ = tasks.table[task]
    every = tasks.show(period)
    return f"Released every {every}; needs {tasks.show(wcet)}, deadline at {tasks.show(time + deadline)}."


def _why_complete(rows: np.ndarray, i: int, tasks: TaskSet, policy: Policy, cores: int) -> str:
    time, task, job = int(rows[i, TIME]), int(rows[i, TASK]), int(rows[i, JOB])
    release = _release(tasks, task, job)
    response = time - release
    late = response - int(tasks.table[task, 2])
    end = f"{tasks.show(late)} after its deadline" if late > 0 else f"{tasks.show(-late)} before its deadline"
    return f"Its work is done: response time {tasks.show(response)}, {'at its deadline' if late == 0 else end}."


def _why_chosen(rows: np.ndarray, i: int, tasks: TaskSet, policy: Policy, cores: int) -> str:
    _, _, task, job, _, key, other, other_job, other_key = (int(v) for v in rows[i])
    mine = key_text(tasks, policy, task, key)
    if other < 0:
        return f"It is the only job that waits ({mine})."
    return f"It goes first: {_compare(tasks, policy, (task, job, key), (other, other_job, other_key))}."


def _why_preempt(rows: np.ndarray, i: int, tasks: TaskSet, policy: Policy, cores: int) -> str:
    _, _, task, job, _, key, other, other_job, other_key = (int(v) for v in rows[i])
    if policy.name == "rr":
        return f"Its quantum is used up; {tasks.names[other]} is next in the queue."
    compared = _compare(tasks, policy, (other, other_job, other_key), (task, job, key))
    return f"It loses its core to {tasks.names[other]}: {compared}."


def _compare(tasks: TaskSet, policy: Policy, first: tuple[int, int, int], second: tuple[int, int, int]) -> str:
    """Why the job `first` (task, job, key) goes before `second`."""
    a, b = (f"{tasks.names[task]} has {key_text(tasks, policy, task, key)}" for task, _, key in (first, second))
    said = f"{a}, {b}"
    shown = [key_text(tasks, policy, task, key) for task, _, key in (first, second)]
    if shown[0] != shown[1]:
        return said
    if policy.fixed:
        secondary = {"rm": 2, "dm": 1}.get(policy.name)
        if secondary is not None and tasks.table[first[0], secondary] != tasks.table[second[0], secondary]:
            what = "relative deadline" if policy.name == "rm" else "period"
            return f"{said}; the tie goes to the shorter {what}"
        return f"{said}; the tie goes to the order in the set"
    if _release(tasks, *first[:2]) != _release(tasks, *second[:2]):
        return f"{said}; the tie goes to the earlier release"
    return f"{said}; released together, the tie goes to the order in the set"


def _why_idle(rows: np.ndarray, i: int, tasks: TaskSet, policy: Policy, cores: int) -> str:
    return "No job waits for a core."


def _why_miss(rows: np.ndarray, i: int, tasks: TaskSet, policy: Policy, cores: int) -> str:
    task, job = int(rows[i, TASK]), int(rows[i, JOB])
    release = _release(tasks, task, job)
    ran, done = _work_between(rows[: i + 1], release, task, job, cores, len(tasks))
    wcet = int(tasks.table[task, 0])
    left = wcet - done
    others = [f"{tasks.names[j]} {tasks.show(ran[j])}" for j in np.argsort(-ran, kind="stable") if ran[j] and j != task]
    earlier = int(ran[task]) - done
    said = f"At its deadline {tasks.show(left)} of {tasks.show(wcet)} are left."
    if wcet > tasks.table[task, 2]:
        return f"{said} It needs more than it has: {tasks.show(tasks.table[task, 2])} from release to deadline."
    if earlier:
        others.insert(0, f"its own earlier jobs {tasks.show(earlier)}")
    if others:
        said += f" Since its release at {tasks.show(release)} the {_cores(cores)} ran {', '.join(others[:4])}"
        said += f" and {len(others) - 4} more" if len(others) > 4 else ""
        said += f", and this job {tasks.show(done)}."
    return said


def _cores(cores: int) -> str:
    return "core" if cores == 1 else f"{cores} cores"


def _release(tasks: TaskSet, task: int, job: int) -> int:
    return int(tasks.table[task, 3] + job * tasks.table[task, 1])


def _work_between(rows: np.ndarray, release: int, task: int, job: int, cores: int, n: int) -> tuple[np.ndarray, int]:
    """Ticks each task ran from `release` to the last row, shape (n,), and those of the job itself.

    Goes backward through the rows, only as far as it must to know what every core did.
    """
    ran = np.zeros(n, dtype=np.int64)
    done = 0
    upper = [int(rows[-1, TIME])] * cores
    unknown = set(range(cores))
    for row in rows[::-1]:
        if not unknown:
            break
        kind, core, when = int(row[KIND]), int(row[CORE]), int(row[TIME])
        if core not in unknown or kind in (kernels.MISS, kernels.RELEASE):
            continue
        if kind in (kernels.START, kernels.RESUME):
            worked = max(0, upper[core] - max(when, release))
            ran[row[TASK]] += worked
            if row[TASK] == task and row[JOB] == job:
                done += worked
        upper[core] = when
        if when <= release:
            unknown.discard(core)
    return ran, done
