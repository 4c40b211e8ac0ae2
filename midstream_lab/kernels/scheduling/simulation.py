"""The stepping machine of the scheduler: one event at a time, and exactly back again.

Shapes: `tasks` is (n, 5) int64 with the columns of `TASK_COLUMNS`; `state` is flat int64, laid out by
`state_size`; `events` is (capacity, 9) int64 with the columns of `EVENT_COLUMNS`; `log` is (capacity, 2) int64,
pairs of a place in `state` and what stood there; `begins` is (capacity,) int64, where in the log each event
begins; `counts` is (3,) int64: events made, entries of the log, where in the log the next event begins.

Each write to `state` goes through the log, so undoing is putting the old values back in reverse order.
"""

from .. import kernel

TASK_COLUMNS = ("wcet", "period", "deadline", "offset", "rank")
EVENT_COLUMNS = ("kind", "time", "task", "job", "core", "key", "other", "other_job", "other_key")

#: Kinds of events, in the order in which they happen at one instant.
COMPLETE, MISS, RELEASE, PREEMPT, START, RESUME, IDLE = range(7)

#: What orders the ready jobs.
RANK, DEADLINE, LAXITY, ARRIVAL, TURN = range(5)

#: What `advance_simulation` returns: as many events as asked for; nothing left up to `until`; no room to go on;
#: the next event lies beyond `LAST`.
MADE, REACHED, ROOM, ENDED = range(4)

#: No tick beyond this one is simulated; sums of two times still fit into int64.
LAST = 1 << 61

# The state begins with the clock, the next turn of round robin, and whether a decision is due; then come
# blocks of n (one value for each task) and blocks of m (one for each core).
CLOCK, NEXT_TURN, DUE, BLOCKS = 0, 1, 2, 3
RELEASED, HEAD, CHECKED, REMAINING, CORE, BEGUN, TURNS, SLICE = range(8)
TASK_BLOCKS = 8
RUNS, IDLING = range(2)
CORE_BLOCKS = 2


def state_size(n: int, m: int) -> int:
    """Length of `state` for n tasks on m cores."""
    return BLOCKS + TASK_BLOCKS * n + CORE_BLOCKS * m


@kernel
def begin_simulation(n, m, state):
    """The state at tick 0, before anything is released."""
    state[:] = 0
    state[DUE] = 1
    state[BLOCKS + CORE * n : BLOCKS + (CORE + 1) * n] = -1
    cores = BLOCKS + TASK_BLOCKS * n
    state[cores + RUNS * m : cores + (RUNS + 1) * m] = -1


@kernel
def put(state, place, value, log, counts, keep):
    """Write one value, and remember the old one if `keep`."""
    if keep:
        log[counts[1], 0] = place
        log[counts[1], 1] = state[place]
        counts[1] += 1
    state[place] = value


@kernel
def emit(events, begins, counts, kind, time, task, job, core, key, other, other_job, other_key):
    """Write one event."""
    row = counts[0]
    events[row, 0] = kind
    events[row, 1] = time
    events[row, 2] = task
    events[row, 3] = job
    events[row, 4] = core
    events[row, 5] = key
    events[row, 6] = other
    events[row, 7] = other_job
    events[row, 8] = other_key
    begins[row] = counts[2]
    counts[0] += 1
    counts[2] = counts[1]


@kernel
def job_key(tasks, order, state, n, i):
    """What the policy compares of the first unfinished job of task i: smaller goes first."""
    head = state[BLOCKS + HEAD * n + i]
    release = tasks[i, 3] + head * tasks[i, 1]
    if order == DEADLINE:
        return release + tasks[i, 2]
    if order == LAXITY:
        return release + tasks[i, 2] - state[CLOCK] - state[BLOCKS + REMAINING * n + i]
    if order == ARRIVAL:
        return release
    if order == TURN:
        return state[BLOCKS + TURNS * n + i]
    return tasks[i, 4]


@kernel
def goes_before(tasks, order, state, n, i, j):
    """Whether the first job of task i goes before that of task j: by key, earlier release, order in the set."""
    a, b = job_key(tasks, order, state, n, i), job_key(tasks, order, state, n, j)
    if a != b:
        return a < b
    a = tasks[i, 3] + state[BLOCKS + HEAD * n + i] * tasks[i, 1]
    b = tasks[j, 3] + state[BLOCKS + HEAD * n + j] * tasks[j, 1]
    if a != b:
        return a < b
    return i < j


@kernel
def best_waiting(tasks, order, state, n, besides):
    """The task whose first job goes first among those that wait, leaving out task `besides`; -1 if none waits."""
    best = -1
    for i in range(n):
        waits = state[BLOCKS + RELEASED * n + i] > state[BLOCKS + HEAD * n + i] and state[BLOCKS + CORE * n + i] < 0
        if waits and i != besides and (best < 0 or goes_before(tasks, order, state, n, i, best)):
            best = i
    return best


@kernel
def happens_now(tasks, order, m, state, events, begins, log, counts, keep):
    """Make the next completion, miss or release of this instant; False if there is none left."""
    n = len(tasks)
    now = state[CLOCK]
    released, head, checked = BLOCKS + RELEASED * n, BLOCKS + HEAD * n, BLOCKS + CHECKED * n
    remaining, core_of, begun = BLOCKS + REMAINING * n, BLOCKS + CORE * n, BLOCKS + BEGUN * n
    turns, slices = BLOCKS + TURNS * n, BLOCKS + SLICE * n
    runs = BLOCKS + TASK_BLOCKS * n + RUNS * m
    for core in range(m):
        i = state[runs + core]
        if i >= 0 and state[remaining + i] == 0:
            job, key = state[head + i], job_key(tasks, order, state, n, i)
            put(state, runs + core, -1, log, counts, keep)
            put(state, core_of + i, -1, log, counts, keep)
            put(state, head + i, job + 1, log, counts, keep)
            put(state, begun + i, 0, log, counts, keep)
            put(state, slices + i, 0, log, counts, keep)
            put(state, DUE, 1, log, counts, keep)
            if state[checked + i] <= job:
                put(state, checked + i, job + 1, log, counts, keep)
            if state[released + i] > job + 1:
                put(state, remaining + i, tasks[i, 0], log, counts, keep)
                put(state, turns + i, state[NEXT_TURN], log, counts, keep)
                put(state, NEXT_TURN, state[NEXT_TURN] + 1, log, counts, keep)
            emit(events, begins, counts, COMPLETE, now, i, job, core, key, -1, -1, 0)
            return True
    for i in range(n):
        job = state[checked + i]
        if job < state[released + i] and tasks[i, 3] + job * tasks[i, 1] + tasks[i, 2] == now:
            put(state, checked + i, job + 1, log, counts, keep)
            key = job_key(tasks, order, state, n, i)
            emit(events, begins, counts, MISS, now, i, job, state[core_of + i], key, -1, -1, 0)
            return True
    for i in range(n):
        job = state[released + i]
        if tasks[i, 3] + job * tasks[i, 1] == now:
            put(state, released + i, job + 1, log, counts, keep)
            if state[head + i] == job:
                put(state, remaining + i, tasks[i, 0], log, counts, keep)
                put(state, turns + i, state[NEXT_TURN], log, counts, keep)
                put(state, NEXT_TURN, state[NEXT_TURN] + 1, log, counts, keep)
            put(state, DUE, 1, log, counts, keep)
            emit(events, begins, counts, RELEASE, now, i, job, -1, job_key(tasks, order, state, n, i), -1, -1, 0)
            return True
    return False


@kernel
def decide(tasks, order, quantum, preemptive, m, state, events, begins, log, counts, keep):
    """Make the next start, resumption, preemption or idling that the policy asks for; False if all is settled."""
    n = len(tasks)
    now = state[CLOCK]
    head, core_of, begun = BLOCKS + HEAD * n, BLOCKS + CORE * n, BLOCKS + BEGUN * n
    runs = BLOCKS + TASK_BLOCKS * n + RUNS * m
    idling = BLOCKS + TASK_BLOCKS * n + IDLING * m
    if order == TURN:
        for core in range(m):
            i = state[runs + core]
            if i >= 0 and state[BLOCKS + SLICE * n + i] == quantum:
                put(state, BLOCKS + SLICE * n + i, 0, log, counts, keep)
                put(state, BLOCKS + TURNS * n + i, state[NEXT_TURN], log, counts, keep)
                put(state, NEXT_TURN, state[NEXT_TURN] + 1, log, counts, keep)
    first = best_waiting(tasks, order, state, n, -1)
    free, worst = -1, -1
    for core in range(m - 1, -1, -1):
        i = state[runs + core]
        if i < 0:
            free = core
        elif worst < 0 or goes_before(tasks, order, state, n, worst, i):
            worst = i
    if first < 0:
        for core in range(m):
            if state[runs + core] < 0 and state[idling + core] == 0:
                put(state, idling + core, 1, log, counts, keep)
                emit(events, begins, counts, IDLE, now, -1, -1, core, 0, -1, -1, 0)
                return True
        return False
    job, key = state[head + first], job_key(tasks, order, state, n, first)
    if free >= 0:
        other = best_waiting(tasks, order, state, n, first)
        kind = RESUME if state[begun + first] else START
        put(state, runs + free, first, log, counts, keep)
        put(state, core_of + first, free, log, counts, keep)
        put(state, begun + first, 1, log, counts, keep)
        if state[idling + free]:
            put(state, idling + free, 0, log, counts, keep)
        other_job = state[head + other] if other >= 0 else -1
        other_key = job_key(tasks, order, state, n, other) if other >= 0 else 0
        emit(events, begins, counts, kind, now, first, job, free, key, other, other_job, other_key)
        return True
    if preemptive and goes_before(tasks, order, state, n, first, worst):
        core = state[core_of + worst]
        lost = job_key(tasks, order, state, n, worst)
        put(state, runs + core, -1, log, counts, keep)
        put(state, core_of + worst, -1, log, counts, keep)
        put(state, BLOCKS + SLICE * n + worst, 0, log, counts, keep)
        emit(events, begins, counts, PREEMPT, now, worst, state[head + worst], core, lost, first, job, key)
        return True
    return False


@kernel
def next_instant(tasks, order, quantum, m, state):
    """The next tick at which something happens, and whether the policy decides there because of its quantum."""
    n = len(tasks)
    now = state[CLOCK]
    instant, sliced = LAST + 1, False
    waiting = 0
    for i in range(n):
        released, checked = state[BLOCKS + RELEASED * n + i], state[BLOCKS + CHECKED * n + i]
        instant = min(instant, tasks[i, 3] + released * tasks[i, 1])
        if checked < released:
            instant = min(instant, tasks[i, 3] + checked * tasks[i, 1] + tasks[i, 2])
        if released > state[BLOCKS + HEAD * n + i] and state[BLOCKS + CORE * n + i] < 0:
            waiting += 1
    for core in range(m):
        i = state[BLOCKS + TASK_BLOCKS * n + RUNS * m + core]
        if i >= 0:
            instant = min(instant, now + state[BLOCKS + REMAINING * n + i])
    if order == TURN:
        for core in range(m):
            i = state[BLOCKS + TASK_BLOCKS * n + RUNS * m + core]
            if i >= 0:
                used = now + quantum - state[BLOCKS + SLICE * n + i]
                sliced = sliced or used <= instant
                instant = min(instant, used)
    elif order == LAXITY and waiting:
        tick = (now // quantum + 1) * quantum
        sliced = tick <= instant
        instant = min(instant, tick)
    return instant, sliced


@kernel
def pass_time(tasks, order, m, state, instant, log, counts, keep):
    """Let the running jobs work until `instant`."""
    n = len(tasks)
    passed = instant - state[CLOCK]
    for core in range(m):
        i = state[BLOCKS + TASK_BLOCKS * n + RUNS * m + core]
        if i >= 0:
            left = BLOCKS + REMAINING * n + i
            put(state, left, state[left] - passed, log, counts, keep)
            if order == TURN:
                used = BLOCKS + SLICE * n + i
                put(state, used, state[used] + passed, log, counts, keep)
    put(state, CLOCK, instant, log, counts, keep)


@kernel
def advance_simulation(tasks, order, quantum, preemptive, m, until, most, state, events, begins, log, counts, keep):
    """Make at most `most` events, up to and including tick `until`; returns MADE, REACHED, ROOM or ENDED.

    After ROOM the caller enlarges `events`, `begins` or `log` and calls again: nothing was lost. After REACHED
    the clock stands at `until`.
    """
    made = 0
    while made < most:
        # One turn of this loop makes at most one event and writes a bounded number of values.
        if counts[0] >= len(events) or (keep and counts[1] + 4 * m + 16 > len(log)):
            return ROOM
        if happens_now(tasks, order, m, state, events, begins, log, counts, keep):
            made += 1
            continue
        if state[DUE]:
            if decide(tasks, order, quantum, preemptive, m, state, events, begins, log, counts, keep):
                made += 1
                continue
            put(state, DUE, 0, log, counts, keep)
        instant, sliced = next_instant(tasks, order, quantum, m, state)
        if instant > until:
            if until >= LAST:
                return ENDED
            if until > state[CLOCK]:
                pass_time(tasks, order, m, state, until, log, counts, keep)
            return REACHED
        pass_time(tasks, order, m, state, instant, log, counts, keep)
        if sliced:
            put(state, DUE, 1, log, counts, keep)
    return MADE


@kernel
def undo_events(n_back, state, begins, log, counts):
    """Take back the newest `n_back` events, and whatever was written after them."""
    counts[0] -= n_back
    down_to = begins[counts[0]]
    while counts[1] > down_to:
        counts[1] -= 1
        state[log[counts[1], 0]] = log[counts[1], 1]
    counts[2] = counts[1]
