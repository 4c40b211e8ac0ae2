"""The state of a strange loop: one record of flat arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from ..kernels.loops import gate, tower

__all__ = ["Layout", "Record"]

#: Counts of a record, by position.
ROWS, MISSING, LOST, UNPREDICTED, WITHHELD, COMMITTED, ROLLED_BACK, OPEN = range(8)
COUNTS = 8

#: Signals of a shadow run, by column.
SIGNALS = ("n", "norm", "excess", "excess_low", "excess_hi", "loss_live", "loss_shadow")


@dataclass(frozen=True)
class Layout:
    """Where a tower of `learners` experts over `lags` values keeps what."""

    lags: int
    learners: int

    @property
    def size(self) -> int:
        """Numbers in a tower."""
        return int(tower.offsets(self.lags, self.learners)[4])

    def coefficients(self, state: np.ndarray) -> np.ndarray:
        """Intercept and lag coefficients, view of shape (learners, lags + 1)."""
        begin, end = tower.offsets(self.lags, self.learners)[:2]
        return state[begin:end].reshape(self.learners, self.lags + 1)

    def memories(self, state: np.ndarray) -> np.ndarray:
        """Memory of each learner in rows, view of shape (learners,)."""
        begin, end = tower.offsets(self.lags, self.learners)[2:4]
        return state[begin:end]

    def weights(self, state: np.ndarray) -> np.ndarray:
        """Weight of each expert, persistence last, view of shape (learners + 1,)."""
        begin, end = tower.offsets(self.lags, self.learners)[3:]
        return state[begin:end]

    def new(self, memories: Sequence[float], rate: float, share: float) -> np.ndarray:
        """A tower that has seen nothing."""
        state = np.zeros(self.size)
        state[tower.RATE], state[tower.SHARE] = rate, share
        self.memories(state)[:] = memories
        self.weights(state)[:] = 1.0 / (self.learners + 1)
        return state


@dataclass
class Record:
    """Everything a strange loop knows; a copy is a snapshot.

    Attributes
    ----------
    live, shadow : ndarray of float64, shape (size,)
        The tower, and the changed copy that runs beside it while a proposal is open.
    control : ndarray of float64, shape (4,)
        Level 2: its reference loss, count, cumulative sum and alarms.
    sums : ndarray of float64, shape (7,)
        The gate's running sums.
    run : ndarray of float64, shape (horizon, 7)
        Signals of the open shadow run.
    counts : ndarray of int64, shape (8,)
        Rows, missing, lost, not predicted, proposals withheld, committed, rolled back, and the
        open proposal (-1 for none).
    spent : ndarray of int64, shape (budget,)
        Rows of the latest proposals.
    """

    live: np.ndarray
    shadow: np.ndarray
    control: np.ndarray
    sums: np.ndarray
    run: np.ndarray
    counts: np.ndarray
    spent: np.ndarray

    @classmethod
    def new(cls, live: np.ndarray, *, horizon: int, budget: int) -> Record:
        """The record of a loop that has seen nothing."""
        counts = np.zeros(COUNTS, np.int64)
        counts[OPEN] = -1
        return cls(
            live=live,
            shadow=np.zeros_like(live),
            control=np.zeros(tower.WATCH),
            sums=np.zeros(gate.SUMS),
            run=np.zeros((horizon, len(SIGNALS))),
            counts=counts,
            spent=np.full(budget, np.iinfo(np.int64).min // 2),
        )

    def copy(self) -> dict[str, np.ndarray]:
        """Every array, copied, by name."""
        return {field.name: getattr(self, field.name).copy() for field in fields(self)}

    def load(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Put back what `copy` gave, in place."""
        for field in fields(self):
            getattr(self, field.name)[:] = snapshot[field.name]
