"""Scheduling policies: what they compare, and how they say it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..kernels.scheduling import simulation as kernels
from .task import TaskSet

__all__ = ["POLICIES", "Policy", "find_policy"]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How ready jobs are put in order; a smaller key goes first.

    Attributes
    ----------
    name : str
        As given to `policy=`.
    title : str
        For people.
    order : int
        What the kernel compares.
    key : str
        What the key means.
    fixed : bool
        Whether priorities belong to tasks and never change.
    sliced : bool
        Whether a quantum makes the policy decide more often than at releases and completions.
    """

    name: str
    title: str
    order: int
    key: str
    fixed: bool = False
    sliced: bool = False

    def ranks(self, tasks: TaskSet) -> np.ndarray:
        """Place of each task in a fixed order, int64, shape (n,), 0 the most urgent; zeros if none is fixed.

        Ties: rate-monotonic by deadline, deadline-monotonic by period, then all by order in the set.
        """
        n = len(tasks)
        if not self.fixed:
            return np.zeros(n, dtype=np.int64)
        period, deadline = tasks.table[:, 1], tasks.table[:, 2]
        by_time = {"rm": [deadline, period], "dm": [period, deadline]}
        keys = by_time.get(self.name, [])
        if not keys:
            stated = [task.priority for task in tasks]
            if None in stated and set(stated) != {None}:
                without = tasks.names[stated.index(None)]
                raise InputError(f"give every task a priority or none (then the order counts); {without!r} has none")
            keys = [np.array([i if p is None else p for i, p in enumerate(stated)])]
        ranks = np.empty(n, dtype=np.int64)
        ranks[np.lexsort(keys)] = np.arange(n)
        return ranks


POLICIES = {
    policy.name: policy
    for policy in (
        Policy(name="rm", title="rate-monotonic", order=kernels.RANK, key="period", fixed=True),
        Policy(name="dm", title="deadline-monotonic", order=kernels.RANK, key="relative deadline", fixed=True),
        Policy(name="fp", title="fixed priority", order=kernels.RANK, key="priority", fixed=True),
        Policy(name="edf", title="earliest deadline first", order=kernels.DEADLINE, key="deadline"),
        Policy(name="llf", title="least laxity first", order=kernels.LAXITY, key="laxity", sliced=True),
        Policy(name="fifo", title="first in, first out", order=kernels.ARRIVAL, key="release"),
        Policy(name="rr", title="round robin", order=kernels.TURN, key="place in the queue", sliced=True),
    )
}


def find_policy(policy: str | Policy) -> Policy:
    """The policy of that name.

    Raises
    ------
    InputError
        If there is none.
    """
    if isinstance(policy, Policy):
        return policy
    if policy not in POLICIES:
        near = difflib.get_close_matches(str(policy).lower(), POLICIES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(f"no policy named {policy!r}; {hint}there are {', '.join(POLICIES)}")
    return POLICIES[policy]
