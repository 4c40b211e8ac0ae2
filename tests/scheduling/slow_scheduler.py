"""A slow, obvious scheduler: one tick at a time, lists and dictionaries, nothing shared with the library."""

from __future__ import annotations

from itertools import count


def run(rows, policy, *, cores=1, until, quantum=1, preemptive=True):
    """Who runs in each tick, and what became of each job.

    `rows` are (wcet, period, deadline, offset, rank) in whole ticks. Returns the runs as
    ``{(task, job): [(tick, core), ...]}``, the finishing times and the misses.
    """
    turn = count()
    jobs = {i: [] for i in range(len(rows))}  # unfinished jobs of each task, oldest first
    released = [0] * len(rows)
    slots, turns, used = [None] * cores, {}, {}
    ran, finish, missed = {}, {}, []
    for now in range(until + 1):
        heads_before = {i: jobs[i][0]["job"] for i in jobs if jobs[i]}
        for core, i in enumerate(slots):
            if i is not None and jobs[i][0]["left"] == 0:
                finish[i, jobs[i].pop(0)["job"]] = now
                slots[core] = None
                if jobs[i]:
                    turns[i], used[i] = next(turn), 0
        missed += [(i, job["job"]) for i in jobs for job in jobs[i] if job["deadline"] == now]
        changed = {i: jobs[i][0]["job"] for i in jobs if jobs[i]} != heads_before
        for i, (wcet, period, deadline, offset, _) in enumerate(rows):
            if now >= offset and (now - offset) % period == 0:
                jobs[i].append({"job": released[i], "left": wcet, "release": now, "deadline": now + deadline})
                released[i] += 1
                changed = True
                if len(jobs[i]) == 1:
                    turns[i], used[i] = next(turn), 0
        running = [i for i in slots if i is not None]
        for i in running:
            if policy == "rr" and used[i] == quantum:
                turns[i], used[i], changed = next(turn), 0, True
        if policy == "llf" and now % quantum == 0:
            changed = True
        if now == until:
            break

        def key(i, now=now):
            job = jobs[i][0]
            of = {
                "edf": job["deadline"],
                "llf": job["deadline"] - now - job["left"],
                "fifo": job["release"],
                "rr": turns.get(i),
            }
            return (of.get(policy, rows[i][4]), job["release"], i)

        ready = sorted((i for i in jobs if jobs[i]), key=key)
        if changed or now == 0:
            if not preemptive:
                ready = running + [i for i in ready if i not in running]
            new = [i for i in ready[:cores] if i not in running]
            losers = sorted((i for i in running if i not in ready[:cores]), key=key)
            places = [core for core in range(cores) if slots[core] is None]
            places += [slots.index(i) for i in reversed(losers)]
            for i, core in zip(new, places, strict=False):
                slots[core], used[i] = i, 0
        for core, i in enumerate(slots):
            if i is not None:
                jobs[i][0]["left"] -= 1
                used[i] += 1
                ran.setdefault((i, jobs[i][0]["job"]), []).append((now, core))
    return ran, finish, missed
