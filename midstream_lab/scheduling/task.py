"""Tasks, and sets of them on an exact clock of integers."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..timebase import simple_fraction

__all__ = ["UNITS", "Task", "TaskSet"]

#: Physical units of time, in nanoseconds.
UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9}

#: How published sets name a unit that is none.
ABSTRACT = ("", "tick", "ticks", "time unit", "time units")

#: Longest time of a task, in ticks: sums of a few still fit into int64.
LONGEST = 1 << 60

#: What a time is given as: int, float, Fraction, Decimal, or text such as "1/3".
Time = Any


@dataclass(frozen=True)
class Task:
    """A periodic task: every `period` a job is released that needs at most `wcet` until its deadline.

    Parameters
    ----------
    name : str
        What it is called.
    wcet : number or str
        Worst-case execution time, above 0. Numbers may be int, float, Fraction, Decimal or text such as
        ``"1/3"``; a float is taken as the nearest simple fraction, so 0.1 is exactly 1/10.
    period : number or str
        Time between two releases, above 0.
    deadline : number or str, optional
        Time from the release of a job to its deadline; default `period`. It may be longer than the period, or
        shorter than `wcet`: such a task always misses, and `TaskSet.notes` says so.
    offset : number or str, optional
        Time of the first release; default 0.
    priority : int, optional
        For the policy ``"fp"``: 1 is the most urgent. Default: the order in the set.

    Raises
    ------
    InputError
        If a time is zero, negative or no number, or the name is empty.

    Examples
    --------
    >>> Task("control", wcet=2, period=5).deadline
    5
    """

    name: str
    _: KW_ONLY
    wcet: Time
    period: Time
    deadline: Time = None
    offset: Time = 0
    priority: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InputError(f"a task needs a name, some text, not {self.name!r}")
        if self.deadline is None:
            object.__setattr__(self, "deadline", self.period)
        for what in ("wcet", "period", "deadline", "offset"):
            value = exact(getattr(self, what), f"{what} of task {self.name!r}")
            if value < 0 or (value == 0 and what != "offset"):
                least = "0 or more" if what == "offset" else "above 0"
                raise InputError(f"{what} of task {self.name!r} must be {least}, not {getattr(self, what)!r}")
        if self.priority is not None and (isinstance(self.priority, bool) or not isinstance(self.priority, int)):
            raise InputError(
                f"priority of task {self.name!r} must be a whole number, 1 the most urgent, not {self.priority!r}"
            )


def exact(value: Time, what: str) -> Fraction:
    """`value` as an exact fraction."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float, Fraction, Decimal, str)):
        raise InputError(f"{what} must be a number or text such as '1/3', not {value!r}")
    try:
        fraction = Fraction(value)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise InputError(f"{what} must be a finite number or text such as '1/3', not {value!r}") from error
    return simple_fraction(value) if isinstance(value, float) and value > 0 else fraction


class TaskSet:
    """Tasks that share cores, on one exact clock.

    Parameters
    ----------
    tasks : iterable of Task
        In an order that matters: it breaks ties, and gives the priorities that tasks do not state themselves.
    unit : {"ns", "us", "ms", "s", "min", "h"}, optional
        Unit of all times; inside they are whole nanoseconds. Default: none, abstract ticks, scaled exactly so that
        all times are whole. Results are in the caller's unit.

    Attributes
    ----------
    tick : Fraction
        Length of one int64 tick in the caller's unit.
    table : numpy.ndarray of int64, shape (n, 4)
        wcet, period, deadline, offset in ticks; read-only.

    Raises
    ------
    InputError
        If there is no task, two bear one name, the unit is unknown, a time is no whole number of nanoseconds,
        or does not fit into int64.

    Examples
    --------
    >>> tasks = TaskSet([Task("a", wcet=2, period=5), Task("b", wcet=4, period=7)])
    >>> round(tasks.utilisation, 3), tasks.hyperperiod
    (0.971, 35)
    """

    def __init__(self, tasks: Iterable[Task], unit: str | None = None):
        self.tasks = tuple(tasks)
        self.unit = unit
        if not self.tasks:
            raise InputError("a task set needs at least one Task")
        for task in self.tasks:
            if not isinstance(task, Task):
                raise InputError(f"a task set holds Task objects, not {task!r}")
        self.names = tuple(task.name for task in self.tasks)
        twice = {name for name in self.names if self.names.count(name) > 1} if len({*self.names}) < len(self) else ()
        if twice:
            raise InputError(f"task names must differ; given twice: {', '.join(sorted(twice))}")
        if unit is not None and unit not in UNITS:
            raise InputError(f"unit must be one of {', '.join(UNITS)}, or None for abstract ticks, not {unit!r}")
        times = [
            [exact(getattr(t, what), f"{what} of task {t.name!r}") for what in ("wcet", "period", "deadline", "offset")]
            for t in self.tasks
        ]
        self.tick = self._choose_tick(times)
        scaled = [[time / self.tick for time in row] for row in times]
        longest = max(max(row) for row in scaled)
        if longest > LONGEST:
            raise InputError(
                f"the times do not fit into 64-bit ticks of {self.tick} {unit or ''}".rstrip()
                + f": the longest is {float(longest):.3g} ticks, at most 2^60 fit; round them or change the unit"
            )
        self.table = np.array([[int(time) for time in row] for row in scaled], dtype=np.int64)
        self.table.flags.writeable = False

    def _choose_tick(self, times: list[list[Fraction]]) -> Fraction:
        if self.unit is None:
            return Fraction(1, math.lcm(*(time.denominator for row in times for time in row)))
        tick = Fraction(1, UNITS[self.unit])
        for task, row in zip(self.tasks, times, strict=True):
            for what, time in zip(("wcet", "period", "deadline", "offset"), row, strict=True):
                if (time / tick).denominator != 1:
                    raise InputError(
                        f"{what} of task {task.name!r} is {time} {self.unit}, no whole number of nanoseconds; "
                        "round it, or leave the unit out for exact abstract ticks"
                    )
        return tick

    @classmethod
    def from_dataset(cls, data: Any) -> TaskSet:
        """The task set of a shipped dataset, or of any `xarray.Dataset` with C, T and D along ``task``.

        Parameters
        ----------
        data : xarray.Dataset
            Variables ``C`` (worst-case execution time), ``T`` (period) and, optionally, ``D`` (deadline), each of
            shape (task,); attribute ``units`` one of the known units, or an abstract one.

        Raises
        ------
        InputError
            If a variable is missing.

        Examples
        --------
        >>> from midstream_lab import datasets
        >>> TaskSet.from_dataset(datasets.load("tasksets/burns_wellings_D")).names
        ('a', 'b', 'c')
        """
        missing = [name for name in ("C", "T", "task") if name not in getattr(data, "variables", ())]
        if missing:
            raise InputError(
                "a task set comes from a Dataset with C, T and (optionally) D along the dimension 'task', as "
                f"datasets.load('tasksets/gap_avionics') gives; {', '.join(missing)} is missing"
            )
        unit = str(data.attrs.get("units", ""))
        deadline = data["D"] if "D" in data else data["T"]
        rows = zip(data["task"].values, data["C"].values, data["T"].values, deadline.values, strict=True)
        return cls(
            [Task(str(name), wcet=c, period=t, deadline=d) for name, c, t, d in rows],
            unit=None if unit in ABSTRACT else unit,
        )

    @property
    def utilisation(self) -> float:
        """Sum of wcet over period."""
        return float(self.exact_utilisation)

    @property
    def exact_utilisation(self) -> Fraction:
        """The same as an exact fraction, for comparisons with a number of cores."""
        return sum((Fraction(int(row[0]), int(row[1])) for row in self.table), Fraction(0))

    @property
    def hyperperiod(self) -> int | float:
        """Least common multiple of the periods, in the caller's unit; `InputError` beyond 2^63 ticks."""
        ticks = math.lcm(*(int(period) for period in self.table[:, 1]))
        if ticks >= 1 << 63:
            raise InputError(
                f"the hyperperiod of these {len(self)} periods is about {float(ticks):.2g} ticks, beyond 2^63; "
                "say how far to go with until=, or choose periods with common factors"
            )
        return self.value(ticks)

    def value(self, ticks: int) -> int | float:
        """`ticks` in the caller's unit: a whole number where it is one."""
        value = int(ticks) * self.tick
        return value.numerator if value.denominator == 1 else float(value)

    def ticks(self, time: Time, what: str) -> int:
        """`time`, in the caller's unit, as ticks, the last one that is not after it."""
        return math.floor(exact(time, what) / self.tick)

    def show(self, ticks: int) -> str:
        """`ticks` in the caller's unit, with the unit, as text."""
        return f"{self.value(ticks):.10g}" + (f" {self.unit}" if self.unit else "")

    def notes(self, *, cores: int = 1) -> list[str]:
        """What is allowed but cannot go well: a wcet beyond its deadline, more work than the cores can do."""
        said = [
            f"task {name!r} needs {self.show(row[0])} but has {self.show(row[2])} until its deadline: every job misses"
            for name, row in zip(self.names, self.table, strict=True)
            if row[0] > row[2]
        ]
        if self.exact_utilisation > cores:
            on = "one core" if cores == 1 else f"{cores} cores"
            said.append(f"utilisation {self.utilisation:.3f} is more than {on} can do: work piles up without end")
        return said

    def to_xarray(self) -> xr.Dataset:
        """Times in the caller's unit, float64, along the dimension ``task``."""
        attrs = {"units": self.unit or "tick"}
        columns = (self.table * float(self.tick)).T
        data = {name: ("task", c, attrs) for name, c in zip(("C", "T", "D", "offset"), columns, strict=True)}
        return xr.Dataset(data, coords={"task": list(self.names)}, attrs={**attrs, "utilisation": self.utilisation})

    def __len__(self) -> int:
        return len(self.tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def __getitem__(self, name: str) -> Task:
        if name not in self.names:
            raise InputError(f"no task named {name!r}; there are {', '.join(self.names[:20])}")
        return self.tasks[self.names.index(name)]

    def __repr__(self) -> str:
        return f"TaskSet({len(self)} tasks, utilisation {self.utilisation:.3f}, unit {self.unit or 'tick'})"

    def _repr_html_(self) -> str:
        unit = f" ({self.unit})" if self.unit else ""
        head = "".join(f"<th>{h}</th>" for h in ("task", f"wcet{unit}", f"period{unit}", f"deadline{unit}", "offset"))
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td>" + "".join(f"<td>{self.value(t):.10g}</td>" for t in row) + "</tr>"
            for name, row in zip(self.names, self.table, strict=True)
        )
        notes = "".join(f"<br>{html.escape(note)}" for note in self.notes())
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            f"<p>utilisation {self.utilisation:.3f}{notes}</p>"
        )
