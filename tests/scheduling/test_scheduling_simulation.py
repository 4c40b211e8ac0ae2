"""The simulation against a slow one, its ties, its events, and stepping back."""

import numpy as np
import pytest
import slow_scheduler
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import InputError
from midstream_lab.scheduling import POLICIES, Simulation, Task, TaskSet, simulate


def make(*rows, unit=None):
    """A task set of (wcet, period[, deadline[, offset]])."""
    names = "abcdefghij"
    keys = ("wcet", "period", "deadline", "offset")
    return TaskSet([Task(names[i], **dict(zip(keys, row, strict=False))) for i, row in enumerate(rows)], unit=unit)


times = st.integers(1, 7)
task_rows = st.lists(
    st.tuples(st.integers(1, 5), st.integers(2, 9), st.integers(1, 12), st.integers(0, 6)), min_size=1, max_size=5
)
setups = st.fixed_dictionaries(
    {
        "policy": st.sampled_from(sorted(POLICIES)),
        "cores": st.integers(1, 3),
        "preemptive": st.booleans(),
    }
)


@settings(max_examples=300, deadline=None)
@given(rows=task_rows, setup=setups, quantum=st.integers(1, 3))
def test_it_does_what_a_tick_by_tick_scheduler_does(rows, setup, quantum) -> None:
    tasks = make(*rows)
    policy = POLICIES[setup["policy"]]
    ranked = [(*row, int(rank)) for row, rank in zip(rows, policy.ranks(tasks), strict=True)]
    setup_slow = {**setup, "quantum": quantum}
    ran, finish, missed = slow_scheduler.run(ranked, until=40, **setup_slow)
    options = {"quantum": quantum} if policy.sliced else {}
    schedule = simulate(tasks, until=40, **setup, **options)
    mine: dict = {}
    for core, task, job, start, end, _ in schedule.pieces.tolist():
        mine.setdefault((task, job), []).extend((tick, core) for tick in range(start, end))
    assert {job: ticks for job, ticks in mine.items() if ticks} == ran
    index = {name: i for i, name in enumerate(tasks.names)}
    done = schedule.jobs.dropna(subset="finish")
    assert {(index[t], j): f for t, j, f in zip(done.task, done.job, done.finish, strict=True)} == finish
    events = schedule.events[schedule.events.kind == "miss"]
    assert sorted((index[t], j) for t, j in zip(events.task, events.job, strict=True)) == sorted(missed)


@settings(max_examples=100, deadline=None)
@given(rows=task_rows, setup=setups, forward=st.integers(1, 120), back=st.integers(1, 120))
def test_step_back_undoes_step_bit_for_bit(rows, setup, forward, back) -> None:
    simulation = Simulation(make(*rows), **setup)
    seen = [simulation._state.tobytes()]
    said = []
    for _ in range(forward):
        said.append(simulation.step())
        seen.append(simulation._state.tobytes())
    for i in range(min(back, forward)):
        assert simulation.step_back() == said[-1 - i]
        assert simulation._state.tobytes() == seen[-2 - i]
    stands = simulation.count
    assert [simulation.step() for _ in range(forward - stands)] == said[stands:]
    assert simulation._state.tobytes() == seen[-1]


@settings(max_examples=60, deadline=None)
@given(rows=task_rows, setup=setups, cuts=st.lists(st.integers(0, 50), max_size=8))
def test_stopping_on_the_way_changes_nothing_and_is_undone_too(rows, setup, cuts) -> None:
    whole, pieces = (Simulation(make(*rows), **setup) for _ in range(2))
    whole.run_until(50)
    states = []
    for t in [*sorted(cuts), 50]:
        pieces.run_until(t)
        assert pieces.now == t
        states.append((pieces.count, pieces._state.tobytes()))
    assert pieces.schedule().rows.tolist() == whole.schedule().rows.tolist()
    assert pieces._state.tobytes() == whole._state.tobytes()
    pieces.step()
    pieces.step_back()
    assert (pieces.count, pieces._state.tobytes()) == states[-1]
    while pieces.count:
        pieces.step_back()
    assert pieces._state.tobytes() == Simulation(make(*rows), **setup)._state.tobytes()


@settings(max_examples=60, deadline=None)
@given(rows=task_rows, setup=setups)
def test_no_core_runs_two_jobs_no_job_two_cores_and_no_work_is_lost(rows, setup) -> None:
    schedule = simulate(make(*rows), until=60, **setup)
    pieces = schedule.pieces
    for column in (0, 1):  # neither a core nor a task is in two places at once
        for value in np.unique(pieces[:, column]):
            mine = pieces[pieces[:, column] == value]
            mine = mine[np.argsort(mine[:, 3])]
            assert (mine[1:, 3] >= mine[:-1, 4]).all()
    worked: dict = {}
    for _, task, job, start, end, _ in pieces:
        worked[schedule.taskset.names[task], job] = worked.get((schedule.taskset.names[task], job), 0) + end - start
    for job in schedule.jobs.itertuples():
        wcet = schedule.taskset[job.task].wcet
        did = worked.get((job.task, job.job), 0)
        assert (did == wcet) if job.finish == job.finish else (did < wcet)


def test_go_to_jumps_to_any_event_and_reset_to_the_first() -> None:
    simulation = Simulation(make((1, 4), (2, 6), (3, 9)), "edf")
    states = [simulation._state.tobytes()]
    for _ in range(80):
        simulation.step()
        states.append(simulation._state.tobytes())
    for where in (3, 70, 0, 80, 41):
        simulation.go_to(where)
        assert simulation._state.tobytes() == states[where]
    simulation.reset()
    assert (simulation.now, simulation.count) == (0, 0)
    assert simulation._state.tobytes() == states[0]


def test_the_public_state_is_undone_too() -> None:
    simulation = Simulation(make((2, 5), (4, 7)), "llf")
    simulation.go_to(9)
    before = simulation.state
    simulation.step()
    assert not simulation.state.identical(before)
    simulation.step_back()
    assert simulation.state.identical(before)


def test_a_miss_is_an_event_at_the_deadline_with_its_reason() -> None:
    simulation = Simulation(make((2, 5), (4, 7)), "rm")
    for event in iter(simulation.step, None):
        if event.kind == "miss":
            break
    assert (event.task, event.job, event.time) == ("b", 0, 7)
    assert event.reason == "At its deadline 1 of 4 are left. Since its release at 0 the core ran a 4, and this job 3."


def test_a_miss_tells_what_ran_instead_on_several_cores_and_for_late_jobs() -> None:
    late = Simulation(make((3, 4), (4, 8)), "fifo")
    late.run_until(15)
    said = [late.event(i).reason for i in range(late.count) if late.event(i).kind == "miss"]
    assert said
    assert all("are left" in reason for reason in said)
    own = Simulation(make((5, 4, 6)), "edf")
    own.run_until(14)
    reasons = [own.event(i).reason for i in range(own.count) if own.event(i).kind == "miss"]
    assert "its own earlier jobs" in reasons[0]
    short = Simulation(make((3, 8, 2)), "edf")
    short.run_until(2)
    assert "It needs more than it has" in short.event(short.count - 1).reason
    two = Simulation(make((2, 3), (2, 3), (2, 3)), "edf", cores=2)
    two.run_until(3)
    (miss,) = [two.event(i) for i in range(two.count) if two.event(i).kind == "miss"]
    assert "the 2 cores ran a 2, b 2, and this job 1" in miss.reason


def test_a_job_done_at_its_deadline_has_met_it() -> None:
    assert simulate(make((3, 3)), "edf", until=9).misses.empty


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("rm", "a has period 4, b has period 6"),
        ("dm", "a has relative deadline 4, b has relative deadline 6"),
        ("fp", "a has priority 1, b has priority 2"),
        ("edf", "a has deadline 4, b has deadline 6"),
        ("llf", "a has laxity 3, b has laxity 4"),
        ("fifo", "a has release 0, b has release 0; released together, the tie goes to the order in the set"),
        ("rr", "a has place in the queue 0, b has place in the queue 1"),
    ],
)
def test_the_reason_of_a_decision_names_the_loser_and_both_keys(policy: str, said: str) -> None:
    simulation = Simulation(make((1, 4), (2, 6)), policy)
    simulation.go_to(2)
    event = simulation.step()
    assert (event.kind, event.task, event.against) == ("start", "a", "b")
    assert event.reason == f"It goes first: {said}."


def test_the_reason_of_a_preemption_names_the_winner() -> None:
    simulation = Simulation(make((1, 4), (5, 20)), "edf")
    event = next(event for event in iter(simulation.step, None) if event.kind == "preempt")
    assert (event.task, event.against, event.time) == ("b", "a", 4)
    assert event.reason == "It loses its core to a: a has deadline 8, b has deadline 20."


@pytest.mark.parametrize(
    ("policy", "rows", "words"),
    [
        ("rm", [(1, 4, 4), (1, 4, 3)], "the tie goes to the shorter relative deadline"),
        ("dm", [(1, 5, 4), (1, 4, 4)], "the tie goes to the shorter period"),
        ("rm", [(1, 4), (1, 4)], "the tie goes to the order in the set"),
        ("edf", [(1, 9, 4, 2), (5, 9, 6, 0), (1, 9, 6, 0)], "released together, the tie goes to the order in the set"),
        ("edf", [(4, 20, 5), (1, 9, 9, 1), (1, 10, 10, 0)], "the tie goes to the earlier release"),
    ],
)
def test_ties_are_decided_as_stated_and_said(policy, rows, words) -> None:
    simulation = Simulation(make(*rows), policy)
    simulation.run_until(8)
    assert any(words in simulation.event(i).reason for i in range(simulation.count))


def test_round_robin_takes_turns_of_one_quantum() -> None:
    schedule = simulate(make((4, 20), (4, 20), (1, 20, 20, 2)), "rr", until=20, quantum=2)
    turns = [(row.task, row.start, row.end) for row in schedule.segments.itertuples()]
    assert turns == [("a", 0, 2), ("b", 2, 4), ("c", 4, 5), ("a", 5, 7), ("b", 7, 9)]


def test_first_in_first_out_never_preempts() -> None:
    assert simulate(make((1, 3), (4, 9), (2, 11)), "fifo", until=200).preemptions == 0


def test_a_job_that_waits_for_any_core_moves_and_that_is_counted() -> None:
    schedule = simulate(make((4, 20), (4, 10, 10, 2), (5, 30, 30, 1)), "rm", cores=2, until=10)
    where = schedule.segments[schedule.segments.task == "c"]
    assert where[["core", "start", "end"]].values.tolist() == [[1, 1, 2], [0, 4, 8]]
    assert schedule.migrations == 1
    assert schedule.utilisation.tolist() == [0.8, 0.5]


def test_the_queue_is_in_the_order_of_the_policy() -> None:
    simulation = Simulation(make((2, 5), (4, 7), (1, 30)), "edf")
    simulation.run_until(0)
    assert [(row["task"], row["core"], row["key"], row["remaining"]) for row in simulation.queue()] == [
        ("a", 0, "deadline 5", 2),
        ("b", None, "deadline 7", 4),
        ("c", None, "deadline 30", 1),
    ]


def test_times_come_back_in_the_callers_unit() -> None:
    schedule = simulate(make((0.2, 0.5), (0.1, 1)), "edf")
    assert schedule.until == 1
    assert schedule.response_times == {"a": 0.2, "b": pytest.approx(0.3)}
    ms = simulate(make((0.25, 1.5), unit="ms"), "rm")
    assert ms.until == 1.5
    assert "0.25 ms" in ms.event(0).reason


def test_a_schedule_shows_itself_and_becomes_a_dataset() -> None:
    schedule = simulate(make((2, 5), (4, 7)), "rm")
    assert repr(schedule) == "Schedule(rate-monotonic, 1 core, until 35: 12 jobs, 1 missed, 5 preemptions)"
    assert schedule._repr_html_() == schedule._repr_html_()
    assert "<td>b</td><td>5</td><td>8</td><td>7</td><td>1</td>" in schedule._repr_html_()
    data = schedule.to_xarray()
    assert data.sizes == {"event": len(schedule.events), "segment": len(schedule.segments), "job": 12}
    assert data.attrs["policy"] == "rm"


def test_an_idle_core_is_an_event() -> None:
    events = simulate(make((1, 4, 4, 2)), "edf", until=8).events
    assert events[events.kind == "idle"].time.tolist() == [0, 3, 7]


def test_earliest_deadline_first_is_optimal_up_to_full_utilisation() -> None:
    rng = np.random.default_rng(7)
    tried = 0
    for _ in range(400):
        periods = rng.choice([2, 3, 4, 5, 6, 8, 10, 12], size=3)
        rows = [(int(rng.integers(1, max(2, p // 2 + 1))), int(p)) for p in periods]
        tasks = make(*rows)
        if tasks.exact_utilisation <= 1:
            tried += 1
            assert simulate(tasks, "edf").misses.empty
    assert tried > 100


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"policy": "earliest"}, "no policy named 'earliest'"),
        ({"policy": "eds"}, "did you mean 'edf'"),
        ({"cores": 0}, "cores must be a whole number from 1"),
        ({"cores": 1.5}, "cores must be a whole number from 1"),
        ({"quantum": 1}, "has no quantum"),
        ({"policy": "rr", "quantum": 0}, "positive multiple"),
        ({"policy": "rr", "quantum": 0.3}, "positive multiple of the clock's tick"),
        ({"policy": "rr", "quantum": "soon"}, "quantum must be a finite number"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_what_is_allowed(options, words) -> None:
    with pytest.raises(InputError, match=words):
        Simulation(make((1, 4)), **{"policy": "edf", **options})


def test_what_is_no_task_set_is_refused() -> None:
    with pytest.raises(InputError, match="taskset must be a TaskSet, not list"):
        Simulation([(1, 2)], "edf")  # type: ignore[arg-type]


def test_going_where_there_is_nothing_is_refused() -> None:
    simulation = Simulation(make((1, 4)), "edf")
    with pytest.raises(InputError, match="stands at its beginning"):
        simulation.step_back()
    simulation.run_until(9)
    with pytest.raises(InputError, match="has passed: now is 9"):
        simulation.run_until(3)
    with pytest.raises(InputError, match="there are events 0 to"):
        simulation.event(10_000)
    with pytest.raises(InputError, match="0 or more"):
        simulation.go_to(-1)
    with pytest.raises(InputError, match="beyond the 64-bit clock"):
        simulation.run_until(1 << 62)


def test_the_end_of_the_clock_is_said() -> None:
    simulation = Simulation(make((1, 1 << 60)), "edf")
    with pytest.raises(InputError, match="64-bit clock ends"):
        simulation.go_to(100)
    with pytest.raises(InputError, match="64-bit clock ends"):
        simulation.step()


@pytest.mark.parametrize(("until", "words"), [(0, "above 0"), (-1, "above 0"), (10**9, "give a smaller until=")])
def test_an_end_that_cannot_be_is_refused(until, words) -> None:
    with pytest.raises(InputError, match=words):
        simulate(make((1, 4)), "edf", until=until)


def test_a_hyperperiod_beyond_64_bits_is_a_clear_bound() -> None:
    primes = [1_000_003, 1_000_033, 1_000_037, 1_000_039]
    tasks = make(*((1, prime) for prime in primes))
    with pytest.raises(InputError, match=r"beyond 2\^63; say how far to go with until="):
        simulate(tasks, "edf")
    assert simulate(tasks, "edf", until=3_000_000).misses.empty


def test_ten_thousand_tasks_are_simulated() -> None:
    tasks = TaskSet([Task(f"t{i}", wcet=1, period=20_000) for i in range(10_000)])
    schedule = simulate(tasks, "edf", until=50)
    assert len(schedule.jobs) == 10_000
    assert len(schedule.segments) == 50


def test_overload_goes_on_and_every_miss_is_counted() -> None:
    schedule = simulate(make((3, 4), (3, 4)), "edf", until=400)
    assert schedule.utilisation[0] == 1
    jobs = schedule.jobs
    late = (jobs.finish > jobs.deadline) | (jobs.finish.isna() & (jobs.deadline <= 400))
    assert (late == jobs.missed).all()
    assert jobs.missed.sum() > 50
