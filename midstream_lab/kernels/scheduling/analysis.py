"""Exact schedulability tests for one core, on int64 ticks."""

import numpy as np

from .. import kernel

#: No sum of execution times beyond this one is followed; twice as much still fits into int64.
LAST = 1 << 61

#: What a response time is when the iteration was given up.
GIVEN_UP = -1


@kernel
def compute_response_time(wcet, period, i, limit):
    """Worst response time of task i below tasks 0 to i - 1, and the job of the busy period that has it.

    `wcet` and `period` have shape (n,), in order of priority, with utilisation at most 1 up to task i. Every
    job of the level-i busy period is looked at (Lehoczky 1990), in at most `limit` iterations.
    """
    worst, worst_job, job, work = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    steps = 0
    while True:
        work += wcet[i]
        while True:
            steps += 1
            if steps > limit or work > LAST:
                return np.int64(GIVEN_UP), worst_job
            demanded = (job + 1) * wcet[i]
            for j in range(i):
                demanded += ((work - 1) // period[j] + 1) * wcet[j]
            if demanded == work:
                break
            work = demanded
        if work - job * period[i] > worst:
            worst, worst_job = work - job * period[i], job
        if work <= (job + 1) * period[i]:
            return worst, worst_job
        job += 1


@kernel
def compute_busy_period(wcet, period, limit):
    """Length of the synchronous busy period of all tasks, shapes (n,); GIVEN_UP after `limit` iterations."""
    work = wcet.sum()
    for _ in range(limit):
        demanded = np.int64(0)
        for j in range(len(wcet)):
            demanded += ((work - 1) // period[j] + 1) * wcet[j]
        if demanded == work:
            return work
        if demanded > LAST:
            break
        work = demanded
    return np.int64(GIVEN_UP)


@kernel
def compute_demand(wcet, period, deadline, t):
    """Work that must be done within any interval of length `t`; shapes (n,)."""
    demand = np.int64(0)
    for j in range(len(wcet)):
        if t >= deadline[j]:
            demand += ((t - deadline[j]) // period[j] + 1) * wcet[j]
    return demand


@kernel
def last_deadline_before(period, deadline, t):
    """The latest absolute deadline before `t` when all tasks begin at 0; -1 if there is none."""
    last = np.int64(-1)
    for j in range(len(period)):
        if deadline[j] < t:
            last = max(last, deadline[j] + (t - 1 - deadline[j]) // period[j] * period[j])
    return last


@kernel
def find_overload(wcet, period, deadline, until, limit):
    """A length `t` up to `until` in which more is demanded than fits; -1 if there is none, -2 after `limit` steps.

    QPA (Zhang and Burns 2009): goes backward from the last deadline and leaps over what must hold.
    """
    shortest = deadline.min()
    t = last_deadline_before(period, deadline, until + 1)
    for _ in range(limit):
        if t < 0:
            return np.int64(-1)
        demand = compute_demand(wcet, period, deadline, t)
        if demand > t:
            return t
        if demand <= shortest:
            return np.int64(-1)
        t = demand if demand < t else last_deadline_before(period, deadline, t)
    return np.int64(-2)
