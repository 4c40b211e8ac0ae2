"""The statistical bar for an estimate with an interval and a status, shared by tests and benches.

An estimator that always says ``inconclusive`` and one whose interval is infinitely wide both fail it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Run:
    """One estimate against the truth."""

    truth: float
    value: float
    low: float
    high: float
    ok: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """What an estimator did on one system; error, coverage and width are of the answered runs.

    A run is confidently wrong when it is ``ok`` and its interval misses the truth by more than its own half-width.
    """

    answered: float
    error: float
    coverage: float
    width: float
    wrong: float


def summarise(runs: Sequence[Run]) -> Row:
    """Shares and medians; NaN where nothing was answered."""
    told = [run for run in runs if run.ok]
    if not told:
        return Row(answered=0.0, error=np.nan, coverage=np.nan, width=np.nan, wrong=0.0)
    truth, value, low, high = np.array([(r.truth, r.value, r.low, r.high) for r in told]).T
    with np.errstate(invalid="ignore"):
        half = (high - low) / 2.0
        wrong = (truth < low - half) | (truth > high + half)
        return Row(
            answered=len(told) / len(runs),
            error=float(np.median(np.abs(value / truth - 1.0))),
            coverage=float(np.mean((low <= truth) & (truth <= high))),
            width=float(np.median((high - low) / np.abs(value))),
            wrong=float(wrong.sum() / len(runs)),
        )


def shortfalls(runs: dict[str, Sequence[Run]]) -> list[str]:
    """Where the bar is missed, in words; empty where it is cleared.

    Answered: 60% overall, 40% for each system. Coverage of the 0.90 interval: 82% overall, 70% for each.
    Median error at most 15% and median width at most 60% of the value for each. Confidently wrong: at most
    2% of all runs, 5% of any system.
    """
    rows = {name: summarise(some) for name, some in runs.items()}
    rows["all"] = summarise([run for some in runs.values() for run in some])
    missed = []
    for name, row in rows.items():
        whole = name == "all"
        bars = [
            ("answered", row.answered, row.answered >= (0.60 if whole else 0.40)),
            ("coverage", row.coverage, row.coverage >= (0.82 if whole else 0.70)),
            ("error", row.error, row.error <= 0.15),
            ("width", row.width, whole or row.width <= 0.60),
            ("confidently wrong", row.wrong, row.wrong <= (0.02 if whole else 0.05)),
        ]
        missed += [f"{name}: {what} {value:.3f}" for what, value, cleared in bars if not cleared]
    return missed
