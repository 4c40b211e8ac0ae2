"""The kernels on their own: status codes instead of exceptions, and exact demand."""

import numpy as np

from midstream_lab.kernels.scheduling import analysis, simulation


def arrays(tasks, *, events, log):
    state = np.empty(simulation.state_size(len(tasks), 1), dtype=np.int64)
    simulation.begin_simulation(len(tasks), 1, state)
    return state, np.empty((events, 9), np.int64), np.empty(events, np.int64), np.empty((log, 2), np.int64)


def test_without_room_it_says_so_and_goes_on_where_it_was() -> None:
    tasks = np.array([[1, 3, 3, 0, 0], [2, 5, 5, 0, 1]])
    tasks.flags.writeable = False
    counts = np.zeros(3, np.int64)
    state, events, begins, log = arrays(tasks, events=4, log=400)
    call = (tasks, simulation.RANK, 1, True, 1, 100, 10, state)
    assert simulation.advance_simulation(*call, events, begins, log, counts, True) == simulation.ROOM
    assert counts[0] == 4
    wide = np.empty((14, 9), np.int64), np.empty(14, np.int64)
    wide[0][:4], wide[1][:4] = events, begins
    assert simulation.advance_simulation(*call, *wide, log, counts, True) == simulation.MADE
    assert counts[0] == 14

    again = np.zeros(3, np.int64)
    state, events, begins, log = arrays(tasks, events=14, log=400)
    whole = (tasks, simulation.RANK, 1, True, 1, 100, 14, state, events, begins, log, again, True)
    assert simulation.advance_simulation(*whole) == simulation.MADE
    assert (events == wide[0]).all()
    assert (begins == wide[1]).all()


def test_a_log_that_is_too_short_is_said_before_anything_is_written() -> None:
    tasks = np.array([[1, 3, 3, 0, 0]])
    tasks.flags.writeable = False
    counts = np.zeros(3, np.int64)
    state, events, begins, log = arrays(tasks, events=9, log=3)
    before = state.copy()
    status = simulation.advance_simulation(
        tasks, simulation.RANK, 1, True, 1, 100, 5, state, events, begins, log, counts, True
    )
    assert status == simulation.ROOM
    assert (state == before).all()


def test_demand_counts_jobs_released_and_due_within() -> None:
    wcet, period, deadline = (np.array(v) for v in ([2, 4], [5, 7], [5, 6]))
    for array in (wcet, period, deadline):
        array.flags.writeable = False
    for t in range(40):
        slow = sum(c for c, p, d in zip(wcet, period, deadline, strict=True) for k in range(20) if k * p + d <= t)
        assert analysis.compute_demand(wcet, period, deadline, t) == slow


def test_an_iteration_that_does_not_end_is_given_up() -> None:
    wcet, period = np.array([3, 1]), np.array([4, 4])
    for array in (wcet, period):
        array.flags.writeable = False
    assert analysis.compute_response_time(wcet, period, 1, 1)[0] == analysis.GIVEN_UP
    assert analysis.compute_busy_period(np.array([3, 2]), period, 50) == analysis.GIVEN_UP
    assert analysis.find_overload(wcet, period, period, 40, 1) == -2
