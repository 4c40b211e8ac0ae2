"""Compile every kernel of this room ahead of time, on tiny data."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["warm"]


def warm() -> Iterator[tuple[str, int, int]]:
    """Call every face once, which compiles its kernels or loads them from the cache on disk.

    Yields
    ------
    kernel : str
        What is ready now.
    done, total : int
        How many are ready, of how many.

    Examples
    --------
    >>> [name for name, _, _ in warm()]
    ['simulation', 'analysis']
    """
    from .analysis import analyse
    from .simulation import Simulation
    from .task import Task, TaskSet

    tasks = TaskSet([Task("a", wcet=1, period=3), Task("b", wcet=1, period=4)])

    def simulation() -> None:
        made = Simulation(tasks, "edf")
        made.step()
        made.queue()
        made.step_back()

    jobs = {
        "simulation": simulation,
        "analysis": lambda: (analyse(tasks, policy="rm"), analyse(tasks, policy="edf")),
    }
    for done, (name, job) in enumerate(jobs.items(), start=1):
        job()
        yield name, done, len(jobs)
