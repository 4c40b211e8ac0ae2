"""The analysis against simulation, and what it says when it cannot decide."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import InputError
from midstream_lab.scheduling import Task, TaskSet, analyse, simulate

rows = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([3, 4, 5, 6, 8, 10, 12]), st.integers(1, 20)), min_size=1, max_size=4
)


def make(rows, offsets=None):
    offsets = offsets or [0] * len(rows)
    return TaskSet(
        [
            Task(f"t{i}", wcet=c, period=t, deadline=d, offset=o)
            for i, ((c, t, d), o) in enumerate(zip(rows, offsets, strict=True))
        ]
    )


@settings(max_examples=150, deadline=None)
@given(rows=rows, policy=st.sampled_from(["rm", "dm", "fp"]))
def test_response_times_equal_the_simulated_critical_instant(rows, policy) -> None:
    tasks = make(rows)
    result = analyse(tasks, policy=policy)
    if tasks.exact_utilisation > 1:
        assert result.schedulable is False
        assert math.inf in result.response_times.values()
        return
    seen = simulate(tasks, policy, until=2 * tasks.hyperperiod)
    assert seen.response_times == result.response_times
    assert result.schedulable is seen.misses.empty


@settings(max_examples=150, deadline=None)
@given(rows=rows)
def test_the_demand_test_agrees_with_the_simulation_over_the_hyperperiod(rows) -> None:
    tasks = make(rows)
    result = analyse(tasks, policy="edf")
    horizon = 2 * tasks.hyperperiod + max(d for _, _, d in rows)
    if tasks.exact_utilisation <= 1:
        assert result.schedulable is simulate(tasks, "edf", until=horizon).misses.empty
    else:
        assert result.schedulable is False


@settings(max_examples=80, deadline=None)
@given(rows=rows, policy=st.sampled_from(["rm", "dm"]))
def test_a_sufficient_bound_that_passes_is_never_wrong(rows, policy) -> None:
    result = analyse(make(rows), policy=policy)
    if any(t.passed and t.strength == "sufficient" for t in result.tests):
        assert result.schedulable is True


def test_offsets_make_a_failure_undecided_and_a_pass_still_decide() -> None:
    apart = make([(2, 4, 2), (2, 4, 2)], offsets=[0, 2])
    for policy in ("rm", "edf"):
        result = analyse(apart, policy=policy)
        assert result.schedulable is None
        assert any("offsets" in note for note in result.notes)
        assert simulate(apart, policy).misses.empty
    assert analyse(make([(1, 4, 4), (1, 4, 4)], offsets=[0, 2]), policy="rm").schedulable is True


def test_strengths_are_stated() -> None:
    result = analyse(make([(1, 4, 4), (1, 5, 5)]), policy="rm")
    assert {t.name: t.strength for t in result.tests} == {
        "utilisation": "necessary",
        "Liu-Layland bound": "sufficient",
        "hyperbolic bound": "sufficient",
        "response-time analysis": "exact",
    }


def test_the_bounds_are_left_out_where_they_do_not_hold() -> None:
    assert len(analyse(make([(1, 4, 3)]), policy="rm").tests) == 2
    assert len(analyse(make([(1, 4, 4)]), policy="fp").tests) == 2


def test_a_busy_period_too_long_to_follow_is_given_up_not_guessed() -> None:
    primes = [1_000_003, 1_000_033, 1_000_037]
    tasks = TaskSet(
        [Task(f"t{p}", wcet=p // 3, period=p, deadline=p) for p in primes] + [Task("low", wcet=1, period=10**7)]
    )
    result = analyse(tasks, policy="rm")
    assert all(math.isfinite(r) or math.isinf(r) or math.isnan(r) for r in result.response_times.values())


def test_high_priorities_keep_their_bound_under_overload() -> None:
    result = analyse(make([(2, 4, 4), (3, 5, 5)]), policy="rm")
    assert result.response_times == {"t0": 2, "t1": math.inf}
    assert any("more than one core can do" in note for note in result.notes)


def test_results_come_in_the_callers_unit() -> None:
    tasks = TaskSet([Task("a", wcet=0.5, period=2), Task("b", wcet=0.75, period=3)], unit="ms")
    assert analyse(tasks, policy="rm").response_times == {"a": 0.5, "b": 1.25}


def test_it_shows_itself_and_becomes_a_dataset() -> None:
    result = analyse(make([(2, 5, 5), (4, 7, 7)]), policy="rm")
    assert repr(result).startswith("rm: not schedulable, utilisation 0.971")
    assert "response-time analysis (exact): failed, late: t1 (8 against 7)" in result._repr_html_()
    data = result.to_xarray()
    assert data.response_time.values.tolist() == [2, 8]
    assert data.outcome.sel(test="response-time analysis").item() == "failed"
    assert np.isnan(analyse(make([(2, 5, 5)]), policy="edf").to_xarray().response_time.values).all()


@pytest.mark.parametrize("policy", ["rr", "fifo", "llf"])
def test_a_policy_without_an_analysis_is_refused(policy: str) -> None:
    with pytest.raises(InputError, match="only for fp, rm, dm and edf; simulate it instead"):
        analyse(make([(1, 4, 4)]), policy=policy)


def test_what_is_no_task_set_is_refused() -> None:
    with pytest.raises(InputError, match="takes a TaskSet, not a list"):
        analyse([], policy="rm")  # type: ignore[arg-type]
