"""What may be asked of a strange loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError

__all__ = ["check_settings"]


def check_settings(
    *, lags: int, memories: Sequence[float], rate: float, share: float, budget: tuple[int, int], history: int
) -> None:
    """Raise `InputError` for what is not allowed; see `StrangeLoop` for the meaning."""
    if not isinstance(lags, (int, np.integer)) or not 1 <= lags <= 64:
        raise InputError(f"lags is a whole number from 1 to 64, not {lags!r}")
    if not _numbers(memories) or not all(1.0 < memory < np.inf for memory in memories):
        raise InputError(f"memories holds at least one number of rows above 1, not {memories!r}")
    if len(set(memories)) != len(memories):
        raise InputError(f"memories must be distinct, got {list(memories)}")
    if not 0.0 < rate < np.inf:
        raise InputError(f"rate is positive and finite, not {rate!r}")
    if not 0.0 <= share <= 1.0:
        raise InputError(f"share lies between 0 and 1, not {share!r}")
    if not _numbers(budget) or len(budget) != 2 or budget[0] < 0 or budget[1] < 1:
        raise InputError(f"budget is (proposals >= 0, rows >= 1), not {budget!r}")
    if history < 1:
        raise InputError(f"history is at least 1 row, not {history!r}")


def _numbers(values: Any) -> bool:
    """Whether this is a sequence of at least one number."""
    array = np.asarray(values)
    return array.ndim == 1 and array.size > 0 and array.dtype.kind in "iuf"
