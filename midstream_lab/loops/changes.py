"""Changes that may be proposed to a tower. Each is data, so that a journal can name it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from ..errors import InputError
from ..kernels.loops import tower as kernels
from .tower import Layout

__all__ = ["Change", "Forget", "SetCoefficients", "SetMemory", "SetShare"]


@runtime_checkable
class Change(Protocol):
    """What can be proposed: it changes a copy of the tower, and its `repr` stands in the journal.

    Attributes
    ----------
    target : str
        The level that it changes, such as ``"level 0"``.
    """

    target: str

    def apply(self, state: np.ndarray, layout: Layout) -> None:
        """Change `state` in place; `layout` gives named views of it. Raise `InputError` where it does not fit."""
        ...


@dataclass(frozen=True)
class Forget:
    """Some experts begin to learn anew: covariance resetting (Goodwin and Sin 1984); coefficients are kept.

    Parameters
    ----------
    experts : sequence of int
        Which recursive-least-squares experts, counted from 0 (the longest memory).
    """

    experts: Sequence[int]
    target = "level 0"

    def apply(self, state: np.ndarray, layout: Layout) -> None:
        for expert in self.experts:
            _check(expert, layout)
        for expert in self.experts:
            kernels.forget(state, layout.lags, layout.learners, expert)


@dataclass(frozen=True)
class SetMemory:
    """One expert gets another memory.

    Parameters
    ----------
    expert : int
    memory : float
        Rows, more than 1.
    """

    expert: int
    memory: float
    target = "level 0"

    def apply(self, state: np.ndarray, layout: Layout) -> None:
        _check(self.expert, layout)
        if not 1.0 < self.memory < np.inf:
            raise InputError(f"a memory is more than 1 row and finite, not {self.memory!r}")
        layout.memories(state)[self.expert] = self.memory


@dataclass(frozen=True)
class SetCoefficients:
    """One expert gets these coefficients.

    Parameters
    ----------
    expert : int
    values : sequence of float
        Intercept, then one for each lag, newest first.
    """

    expert: int
    values: Sequence[float]
    target = "level 0"

    def apply(self, state: np.ndarray, layout: Layout) -> None:
        _check(self.expert, layout)
        values = np.asarray(self.values, dtype=float)
        if values.shape != (layout.lags + 1,):
            raise InputError(f"an expert has {layout.lags + 1} coefficients (intercept, lags), not {values.size}")
        layout.coefficients(state)[self.expert] = values


@dataclass(frozen=True)
class SetShare:
    """Level 1 shares another part of each weight with the other experts.

    Parameters
    ----------
    share : float
        From 0 to 1.
    """

    share: float
    target = "level 1"

    def apply(self, state: np.ndarray, layout: Layout) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise InputError(f"a share lies between 0 and 1, not {self.share!r}")
        state[kernels.SHARE] = self.share


def _check(expert: int, layout: Layout) -> None:
    if not isinstance(expert, (int, np.integer)) or not 0 <= expert < layout.learners:
        raise InputError(f"the experts that learn are 0 to {layout.learners - 1}, not {expert!r}")
