"""Schedulability without simulating: bounds, response-time analysis, processor demand. One core, preemptive."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import xarray as xr

from ..errors import InputError
from ..kernels.scheduling import analysis as kernels
from .policy import find_policy
from .task import TaskSet

__all__ = ["Analysis", "Test", "analyse"]

#: Iterations after which an exact test is given up.
LIMIT = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Test:
    """One schedulability test.

    Attributes
    ----------
    name : str
    strength : {"exact", "sufficient", "necessary"}
        Exact: passing and failing both decide. Sufficient: only passing does. Necessary: only failing does.
    passed : bool or None
        None if it was given up.
    detail : str
        With its numbers.
    source : str
    """

    __test__ = False  # not a test of pytest's

    name: str
    strength: str
    passed: bool | None
    detail: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What is known about a task set on one core without simulating it.

    Attributes
    ----------
    taskset : TaskSet
    policy : str
    utilisation : float
    schedulable : bool or None
        Whether every deadline is met; None if the tests do not decide.
    tests : tuple of Test
    response_times : dict
        Worst-case response time of each task in the caller's unit, in the set's order: ``inf`` where it has no
        bound, NaN where the iteration was given up. Empty for ``"edf"``, whose test does not give them.
    worst_jobs : dict
        The job of the busy period, from 0, that has the worst response time.
    notes : tuple of str
    """

    taskset: TaskSet
    policy: str
    utilisation: float
    schedulable: bool | None
    tests: tuple[Test, ...]
    response_times: dict[str, int | float]
    worst_jobs: dict[str, int]
    notes: tuple[str, ...]

    def to_xarray(self) -> xr.Dataset:
        """Response times and deadlines along ``task``, outcomes along ``test``."""
        tasks = self.taskset
        unit = {"units": tasks.unit or "tick"}
        outcome = {True: "passed", False: "failed", None: "given up"}
        return xr.Dataset(
            {
                "response_time": ("task", [float(self.response_times.get(n, math.nan)) for n in tasks.names], unit),
                "deadline": ("task", [float(tasks.value(t)) for t in tasks.table[:, 2]], unit),
                "outcome": ("test", [outcome[test.passed] for test in self.tests]),
                "strength": ("test", [test.strength for test in self.tests]),
            },
            coords={"task": list(tasks.names), "test": [test.name for test in self.tests]},
            attrs={"policy": self.policy, "utilisation": self.utilisation, "schedulable": str(self.schedulable)},
        )

    def __repr__(self) -> str:
        verdict = {True: "schedulable", False: "not schedulable", None: "not decided"}[self.schedulable]
        lines = [f"{self.policy}: {verdict}, utilisation {self.utilisation:.3f}"]
        mark = {True: "passed", False: "failed", None: "given up"}
        lines += [f"  {test.name} ({test.strength}): {mark[test.passed]}, {test.detail}" for test in self.tests]
        lines += [f"  {name}: response time {time:.10g}" for name, time in self.response_times.items()]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        first, *rest = repr(self).splitlines()
        return f"<p><b>{html.escape(first)}</b>" + "".join(f"<br>{html.escape(line)}" for line in rest) + "</p>"


def analyse(taskset: TaskSet, *, policy: str) -> Analysis:
    """Say whether every job meets its deadline on one core, preemptively.

    Fixed priorities (``"fp"``, ``"rm"``, ``"dm"``): the Liu-Layland and hyperbolic bounds where they apply, and
    response-time analysis over all jobs of the busy period, which is exact for deadlines of any length. Earliest
    deadline first: utilisation, and the processor demand within every interval, by QPA, which is exact. With
    offsets both are only sufficient: they look at the case that all tasks are released together.

    Parameters
    ----------
    taskset : TaskSet
        What to analyse.
    policy : {"fp", "rm", "dm", "edf"}
        Ties between priorities as in `Simulation`.

    Returns
    -------
    Analysis

    Raises
    ------
    InputError
        If there is no analysis for the policy.

    References
    ----------
    Liu and Layland (1973); Joseph and Pandya (1986); Lehoczky (1990), arbitrary deadlines; Baruah, Mok and Rosier
    (1990), processor demand; Bini and Buttazzo (2003), hyperbolic bound; Zhang and Burns (2009), QPA.

    Examples
    --------
    >>> from midstream_lab.scheduling import Task, TaskSet
    >>> tasks = TaskSet([Task("a", wcet=3, period=7), Task("b", wcet=3, period=12), Task("c", wcet=5, period=20)])
    >>> analyse(tasks, policy="rm").response_times
    {'a': 3, 'b': 6, 'c': 20}
    """
    if not isinstance(taskset, TaskSet):
        raise InputError(f"analyse takes a TaskSet, not a {type(taskset).__name__}")
    found = find_policy(policy)
    if not found.fixed and found.name != "edf":
        raise InputError(f"there is no analysis for {found.name!r}, only for fp, rm, dm and edf; simulate it instead")
    offsets = bool(taskset.table[:, 3].any())
    necessary = _utilisation_test(taskset)
    if found.fixed:
        order = np.argsort(found.ranks(taskset))
        times, worst_jobs = _response_times(taskset, order)
        tests = [necessary, *_bounds(taskset, found.name), _response_test(taskset, times, offsets)]
    else:
        times, worst_jobs = {}, {}
        tests = [necessary, _demand_test(taskset, offsets)]
    notes = taskset.notes()
    if offsets:
        notes.append("with offsets the worst case of a common release may never happen: failing does not decide")
    return Analysis(
        taskset=taskset,
        policy=found.name,
        utilisation=taskset.utilisation,
        schedulable=_verdict(tests),
        tests=tuple(tests),
        response_times=times,
        worst_jobs=worst_jobs,
        notes=tuple(notes),
    )


def _verdict(tests: list[Test]) -> bool | None:
    if any(test.passed is False and test.strength in ("exact", "necessary") for test in tests):
        return False
    if any(test.passed and test.strength in ("exact", "sufficient") for test in tests):
        return True
    return None


def _utilisation_test(tasks: TaskSet) -> Test:
    return Test(
        name="utilisation",
        strength="necessary",
        passed=tasks.exact_utilisation <= 1,
        detail=f"{tasks.utilisation:.6f} against 1",
        source="Liu and Layland 1973",
    )


def _bounds(tasks: TaskSet, policy: str) -> list[Test]:
    """Bounds that hold for rate-monotonic priorities when no deadline is shorter than its period."""
    wcet, period, deadline, _ = tasks.table.T
    monotonic = policy == "rm" or (policy == "dm" and bool((period == deadline).all()))
    if not monotonic or (deadline < period).any():
        return []
    n = len(tasks)
    bound = n * (2 ** (1 / n) - 1)
    product = math.prod((Fraction(int(c), int(t)) + 1 for c, t in zip(wcet, period, strict=True)), start=Fraction(1))
    return [
        Test(
            name="Liu-Layland bound",
            strength="sufficient",
            passed=tasks.utilisation <= bound,
            detail=f"utilisation {tasks.utilisation:.6f} against {bound:.6f}",
            source="Liu and Layland 1973",
        ),
        Test(
            name="hyperbolic bound",
            strength="sufficient",
            passed=product <= 2,
            detail=f"product of utilisations plus 1 is {float(product):.6f} against 2",
            source="Bini and Buttazzo 2003",
        ),
    ]


def _response_times(tasks: TaskSet, order: np.ndarray) -> tuple[dict[str, int | float], dict[str, int]]:
    wcet, period = (_view(tasks.table[order, column]) for column in (0, 1))
    times: dict[str, int | float] = {}
    worst_jobs: dict[str, int] = {}
    used = Fraction(0)
    for place, i in enumerate(order):
        used += Fraction(int(wcet[place]), int(period[place]))
        name = tasks.names[i]
        if used > 1:
            times[name] = math.inf
            continue
        ticks, job = kernels.compute_response_time(wcet, period, place, LIMIT)
        times[name] = math.nan if ticks == kernels.GIVEN_UP else tasks.value(ticks)
        worst_jobs[name] = int(job)
    return {name: times[name] for name in tasks.names}, worst_jobs


def _response_test(tasks: TaskSet, times: dict[str, int | float], offsets: bool) -> Test:
    late = [n for n, d in zip(tasks.names, tasks.table[:, 2], strict=True) if times[n] > tasks.value(d)]
    undecided = [name for name, time in times.items() if math.isnan(time)]
    detail = "every task is done by its deadline"
    if late:
        detail = "late: " + ", ".join(f"{n} ({times[n]:.10g} against {tasks[n].deadline})" for n in late[:5])
    elif undecided:
        detail = f"given up after {LIMIT:,} iterations for {', '.join(undecided[:5])}"
    return Test(
        name="response-time analysis",
        strength="sufficient" if offsets else "exact",
        passed=False if late else None if undecided else True,
        detail=detail,
        source="Lehoczky 1990",
    )


def _demand_test(tasks: TaskSet, offsets: bool) -> Test:
    wcet, period, deadline = (_view(tasks.table[:, column]) for column in range(3))
    strength = "sufficient" if offsets else "exact"
    passed: bool | None
    if tasks.exact_utilisation > 1:
        passed, detail = False, "utilisation is above 1"
    else:
        until = _demand_horizon(tasks)
        at = -2 if until is None else int(kernels.find_overload(wcet, period, deadline, until, LIMIT))
        if at == -2:
            passed, detail = None, f"given up after {LIMIT:,} steps"
        elif at == -1:
            assert until is not None
            passed, detail = True, f"no interval up to {tasks.show(until)} asks for more than fits"
        else:
            demand = int(kernels.compute_demand(wcet, period, deadline, at))
            passed = False
            detail = f"{tasks.show(demand)} of work must be done within {tasks.show(at)}"
    return Test(name="processor demand", strength=strength, passed=passed, detail=detail, source="Zhang and Burns 2009")


def _demand_horizon(tasks: TaskSet) -> int | None:
    """How far demand must be checked, in ticks: the shorter of the busy period and the bound by utilisation."""
    wcet, period, deadline, _ = tasks.table.T
    ends = []
    busy = int(kernels.compute_busy_period(_view(wcet), _view(period), LIMIT))
    if busy != kernels.GIVEN_UP:
        ends.append(busy)
    used = tasks.exact_utilisation
    if used < 1:
        rows = [(int(c), int(t), int(d)) for c, t, d in zip(wcet, period, deadline, strict=True)]
        slack = sum((Fraction((t - d) * c, t) for c, t, d in rows), Fraction(0))
        ends.append(max(math.floor(slack / (1 - used)), *(d - t for _, t, d in rows), 0))
    short = [end for end in ends if end <= kernels.LAST]
    return min(short) if short else None


def _view(values: np.ndarray) -> np.ndarray:
    view = np.ascontiguousarray(values, dtype=np.int64).view()
    view.flags.writeable = False
    return view
