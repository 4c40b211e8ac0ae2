"""Tasks and their exact clock."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import xarray as xr

from midstream_lab import datasets
from midstream_lab.errors import InputError
from midstream_lab.scheduling import Simulation, Task, TaskSet


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"wcet": 0, "period": 4}, "wcet of task 'a' must be above 0, not 0"),
        ({"wcet": -1, "period": 4}, "above 0, not -1"),
        ({"wcet": 1, "period": 0}, "period of task 'a' must be above 0"),
        ({"wcet": 1, "period": 4, "deadline": 0}, "deadline of task 'a' must be above 0"),
        ({"wcet": 1, "period": 4, "offset": -2}, "offset of task 'a' must be 0 or more"),
        ({"wcet": float("nan"), "period": 4}, "finite number"),
        ({"wcet": 1, "period": float("inf")}, "finite number"),
        ({"wcet": "much", "period": 4}, "finite number"),
        ({"wcet": "1/0", "period": 4}, "finite number"),
        ({"wcet": None, "period": 4}, "must be a number"),
        ({"wcet": True, "period": 4}, "must be a number"),
        ({"wcet": 1, "period": 4, "priority": "high"}, "priority of task 'a' must be a whole number"),
    ],
)
def test_times_that_cannot_be_are_refused(given, words) -> None:
    with pytest.raises(InputError, match=words):
        Task("a", **given)


def test_a_name_is_needed() -> None:
    with pytest.raises(InputError, match="needs a name"):
        Task("", wcet=1, period=2)


def test_without_a_unit_all_times_are_scaled_exactly() -> None:
    tasks = TaskSet(
        [
            Task("a", wcet=0.1, period="1/3", deadline=Fraction(1, 7)),
            Task("b", wcet=Decimal("0.2"), period=np.float64(2), offset=np.int64(1)),
        ]
    )
    assert tasks.tick == Fraction(1, 210)
    assert tasks.table.tolist() == [[21, 70, 30, 0], [42, 420, 420, 210]]
    assert tasks.exact_utilisation == Fraction(3, 10) + Fraction(1, 10)


def test_with_a_unit_time_is_whole_nanoseconds() -> None:
    tasks = TaskSet([Task("a", wcet=0.25, period=5, deadline=4)], unit="ms")
    assert tasks.table.tolist() == [[250_000, 5_000_000, 4_000_000, 0]]
    assert tasks.hyperperiod == 5
    with pytest.raises(InputError, match="no whole number of nanoseconds"):
        TaskSet([Task("a", wcet="1/3", period=5)], unit="us")


def test_a_wcet_beyond_the_deadline_is_allowed_and_flagged() -> None:
    (note,) = TaskSet([Task("a", wcet=3, period=9, deadline=2)]).notes()
    assert note == "task 'a' needs 3 but has 2 until its deadline: every job misses"


def test_more_work_than_the_cores_can_do_is_flagged() -> None:
    tasks = TaskSet([Task(name, wcet=2, period=3) for name in "ab"])
    assert "utilisation 1.333 is more than one core can do" in tasks.notes()[0]
    assert "1.333 is more than one core" in tasks._repr_html_()
    assert tasks.notes(cores=2) == []


@pytest.mark.parametrize(
    ("tasks", "unit", "words"),
    [
        ([], None, "at least one Task"),
        ([(1, 2)], None, "holds Task objects"),
        ([Task("a", wcet=1, period=2)] * 2, None, "given twice: a"),
        ([Task("a", wcet=1, period=2)], "fortnight", "unit must be one of ns, us"),
        ([Task("a", wcet=1, period=1 << 61)], None, "do not fit into 64-bit ticks"),
        (
            [Task("a", wcet="1/1000003", period="1000003000/1000033"), Task("b", wcet="1/1000037", period=1)],
            None,
            "round",
        ),
        ([Task("a", wcet=1, period=10**9)], "h", "do not fit"),
    ],
)
def test_a_set_that_cannot_be_is_refused(tasks, unit, words) -> None:
    with pytest.raises(InputError, match=words):
        TaskSet(tasks, unit=unit)


def test_priorities_are_all_given_or_none() -> None:
    tasks = [Task("a", wcet=1, period=2, priority=2), Task("b", wcet=1, period=3)]
    with pytest.raises(InputError, match="'b' has none"):
        Simulation(TaskSet(tasks), "fp")
    tasks[1] = Task("b", wcet=1, period=3, priority=1)
    simulation = Simulation(TaskSet(tasks), "fp")
    simulation.run_until(0)
    assert simulation.queue()[0]["task"] == "b"
    assert simulation.queue()[0]["key"] == "priority 1"


def test_a_set_is_read_from_any_dataset_with_its_columns() -> None:
    data = xr.Dataset({"C": ("task", [1.0, 2.0]), "T": ("task", [4.0, 8.0])}, coords={"task": ["x", "y"]})
    tasks = TaskSet.from_dataset(data)
    assert [(t.name, t.wcet, t.deadline) for t in tasks] == [("x", 1, 4), ("y", 2, 8)]
    back = TaskSet.from_dataset(tasks.to_xarray())
    assert (back.table == tasks.table).all()
    for wrong in (data.drop_vars("T"), np.zeros(3), datasets.load("tasksets/automotive_waters2015")):
        with pytest.raises(InputError, match="is missing"):
            TaskSet.from_dataset(wrong)


def test_a_task_is_found_by_its_name() -> None:
    tasks = TaskSet([Task("a", wcet=1, period=2)])
    assert tasks["a"].period == 2
    assert len(tasks) == 1
    with pytest.raises(InputError, match="no task named 'z'; there are a"):
        tasks["z"]


def test_names_are_escaped_where_a_page_shows_them() -> None:
    assert "<b>" not in TaskSet([Task("<b>", wcet=1, period=2)])._repr_html_()
