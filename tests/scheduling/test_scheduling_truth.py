"""Cited truth values: Burns and Wellings, Buttazzo, Lehoczky, Liu and Layland, schedcat."""

import json
import math

import pytest

from midstream_lab import datasets
from midstream_lab.scheduling import Task, TaskSet, analyse, simulate

SETS = (
    "gap_avionics",
    "burns_wellings_A",
    "burns_wellings_B",
    "burns_wellings_C",
    "burns_wellings_D",
    "lehoczky_sha_ding",
    "buttazzo_edf_vs_rm",
    "liu_layland_two",
)


def make(*rows):
    keys = ("wcet", "period", "deadline")
    return TaskSet([Task(f"t{i}", **dict(zip(keys, row, strict=False))) for i, row in enumerate(rows, start=1)])


@pytest.mark.parametrize(
    ("rows", "policy", "response", "schedulable"),
    [
        ([(1, 4), (1, 5), (3, 9), (3, 18)], "rm", [1, 2, 7, 18], True),  # schedcat
        ([(10, 30), (10, 40), (12, 50)], "fp", [10, 20, 52], False),  # Burns and Wellings
        ([(4, 16), (5, 40), (32, 80)], "rm", [4, 9, 58], True),
        ([(5, 20), (10, 40), (40, 80)], "rm", [5, 15, 80], True),
        ([(3, 7), (3, 12), (5, 20)], "rm", [3, 6, 20], True),
        ([(26, 70), (62, 100)], "rm", [26, 118], False),  # Lehoczky 1990
        ([(52, 100), (52, 140)], "rm", [52, 156], False),
        ([(40, 100), (40, 150), (100, 350)], "rm", [40, 80, 300], True),  # Lehoczky, Sha, Ding 1989
        ([(2, 5), (4, 7)], "rm", [2, 8], False),  # Liu and Layland 1973; Buttazzo
        ([(1, 4, 3), (1, 5, 4), (2, 6, 5), (1, 11, 10)], "dm", [1, 2, 4, 10], True),  # Buttazzo
    ],
)
def test_worst_case_response_times(rows, policy, response, schedulable) -> None:
    tasks = make(*rows)
    result = analyse(tasks, policy=policy)
    assert list(result.response_times.values()) == response
    assert result.schedulable is schedulable
    # On one core the synchronous busy period holds the worst case: the simulation must show it.
    assert list(simulate(tasks, policy).response_times.values()) == response


@pytest.mark.parametrize("rows", [[(10, 30), (10, 40), (12, 50)], [(2, 5), (4, 7)]])
def test_earliest_deadline_first_schedules_what_fixed_priorities_do_not(rows) -> None:
    assert analyse(make(*rows), policy="rm").schedulable is False
    assert analyse(make(*rows), policy="edf").schedulable is True
    assert simulate(make(*rows), "edf").misses.empty


def test_with_arbitrary_deadlines_the_worst_job_is_not_the_first() -> None:
    """Lehoczky 1990; with the deadline stretched to the response time the set is schedulable."""
    tasks = make((26, 70), (62, 100, 118))
    result = analyse(tasks, policy="rm")
    assert result.schedulable is True
    assert result.worst_jobs["t2"] > 0
    first = simulate(tasks, "rm").jobs.query("task == 't2' and job == 0").response.item()
    assert first < result.response_times["t2"] == 118


def test_utilisation_and_bound_of_burns_and_wellings() -> None:
    tests = {t.name: t for t in analyse(make((4, 16), (5, 40), (32, 80)), policy="rm").tests}
    bound = tests["Liu-Layland bound"]
    assert (bound.passed, bound.strength) == (True, "sufficient")
    assert bound.detail == "utilisation 0.775000 against 0.779763"


def test_non_preemptive_controller_area_network_example() -> None:
    """Davis et al. 2007: released together, the third message is worst in its second instance."""
    schedule = simulate(make((1, 2.5), (1, 3.5), (1, 3.5)), "fp", preemptive=False)
    assert list(schedule.response_times.values()) == [1.5, 2, 3.5]
    worst = schedule.jobs.query("task == 't3'").sort_values("response").iloc[-1]
    assert worst.job > 0


def test_processor_demand_shows_the_interval_that_is_asked_too_much() -> None:
    """schedcat's tests: utilisation 0.07, and yet not schedulable."""
    result = analyse(make((331, 15000, 2688), (3654, 77000, 3849)), policy="edf")
    assert result.schedulable is False
    assert result.tests[-1].detail == "3985 of work must be done within 3849"


def test_global_least_laxity_schedules_what_global_edf_does_not() -> None:
    tasks = make((2, 3), (2, 3), (2, 3))
    assert len(simulate(tasks, "edf", cores=2).misses) == 1
    assert simulate(tasks, "llf", cores=2, quantum=1).misses.empty


@pytest.mark.parametrize("name", SETS)
def test_shipped_task_sets_have_their_expected_values(name: str) -> None:
    data = datasets.load(f"tasksets/{name}")
    expected = json.loads(data.attrs["expected"])
    tasks = TaskSet.from_dataset(data)
    assert tasks.utilisation == pytest.approx(expected["utilisation"], abs=1e-6)
    dm = analyse(tasks, policy="dm")
    assert dm.response_times == pytest.approx(expected["dm_response_times"])
    assert dm.schedulable is expected["dm_schedulable"]
    assert analyse(tasks, policy="edf").schedulable is expected["edf_schedulable"]
    bound = len(tasks) * (2 ** (1 / len(tasks)) - 1)
    assert bound == pytest.approx(expected["liu_layland_bound"], abs=1e-6)
    bounds = {t.name: t.detail for t in analyse(tasks, policy="rm").tests}
    if "hyperbolic bound" in bounds:
        assert f"{expected['hyperbolic_product']:.6f} against 2" in bounds["hyperbolic bound"]


@pytest.mark.parametrize("name", SETS)
def test_shipped_task_sets_simulate_to_their_expected_values(name: str) -> None:
    data = datasets.load(f"tasksets/{name}")
    expected = json.loads(data.attrs["expected"])
    schedule = simulate(TaskSet.from_dataset(data), "dm")
    assert schedule.response_times == pytest.approx(expected["dm_response_times"])
    assert schedule.misses.empty == expected["dm_schedulable"]
    assert simulate(schedule.taskset, "edf").misses.empty == expected["edf_schedulable"]


def test_the_avionics_set_has_its_unit() -> None:
    tasks = TaskSet.from_dataset(datasets.load("tasksets/gap_avionics"))
    assert tasks.unit == "ms"
    assert tasks.tick == pytest.approx(1e-6)
    assert math.isclose(tasks.hyperperiod, 59_000 * 2)
