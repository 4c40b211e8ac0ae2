"""Self-modification: proposals, the shadow run of the one that is open, and the journal."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..errors import InputError
from ..kernels.loops import tower as kernels
from ..logic import Monitor
from .changes import Change
from .gate import Gate, Ruling
from .journal import Entry
from .tower import COMMITTED, OPEN, ROLLED_BACK, ROWS, SIGNALS, Layout, Record

__all__ = ["Trials"]

#: Shadow runs that are kept to be looked at.
RUNS = 32


class Trials:
    """Opens, judges and ends shadow runs on a record.

    Parameters
    ----------
    record : Record
        Changed in place.
    layout : Layout
    gate : Gate
    budget : (int, int)
        At most so many proposals within so many rows.
    """

    def __init__(self, record: Record, layout: Layout, gate: Gate, budget: tuple[int, int]):
        self.journal: list[Entry] = []
        self.open: Entry | None = None
        self._record = record
        self._layout = layout
        self._gate = gate
        self._budget = budget
        self._monitors: list[Monitor] = []
        self._proposed = 0
        self._runs: deque[tuple[int, np.ndarray]] = deque(maxlen=RUNS)

    @property
    def spent(self) -> bool:
        """Whether the budget is spent."""
        most, rows = self._budget
        return most == 0 or bool(self._record.counts[ROWS] - self._record.spent[0] < rows)

    def propose(self, change: Change, *, proposer: str, evidence: Mapping[str, float], row: int) -> Entry:
        """Open a shadow run; see `StrangeLoop.propose`."""
        record = self._record
        if self.open is not None:
            raise InputError(f"proposal {self.open.number} still runs as a shadow; one at a time")
        if record.live[kernels.SEEN] == 0.0:
            raise InputError("nothing was learned yet; give the loop some rows first")
        if self.spent:
            raise InputError(f"the budget of {self._budget[0]} proposals in {self._budget[1]} rows is spent")
        record.shadow[:] = record.live
        change.apply(record.shadow, self._layout)
        record.sums[:] = 0.0
        record.run[:] = 0.0
        record.spent[:-1] = record.spent[1:]
        record.spent[-1] = record.counts[ROWS]
        record.counts[OPEN] = self._proposed
        self.open = Entry(
            number=self._proposed,
            row=row,
            proposer=proposer,
            target=change.target,
            change=repr(change),
            verdict="open",
            reason=f"runs as a shadow for at most {self._gate.horizon} rows",
            evidence=evidence,
        )
        self._proposed += 1
        self.journal.append(self.open)
        self._monitors = self._gate.monitors()
        return self.open

    def judge(self, signals: np.ndarray, *, row: int) -> str:
        """Give the gate one row of the open run; what happened, if anything."""
        record, entry = self._record, self.open
        assert entry is not None
        record.run[int(signals[0]) - 1] = signals
        ruling = self._gate.judge(self._monitors, _named(signals))
        if ruling is None:
            return ""
        if ruling.verdict == "committed":
            record.live[:] = record.shadow
            record.counts[COMMITTED] += 1
        else:
            record.counts[ROLLED_BACK] += 1
        record.counts[OPEN] = -1
        self._runs.append((entry.number, record.run[: int(signals[0])].copy()))
        self.open, self._monitors = None, []
        self._note(entry, ruling, row=row, evidence=_named(signals))
        return f"{entry.number}: {ruling.verdict}"

    def restore(self, snapshot: Mapping[str, np.ndarray], *, row: int) -> None:
        """Put the record back; see `StrangeLoop.restore`."""
        for name, array in self._record.copy().items():
            given = np.asarray(snapshot.get(name))
            if given.shape != array.shape or given.dtype != array.dtype:
                raise InputError(f"this is no snapshot of this loop: {name} should be {array.dtype} {array.shape}")
        number = int(snapshot["counts"][OPEN])
        if number >= self._proposed:
            raise InputError(f"the snapshot has proposal {number} open, which is not in this journal")
        if self.open is not None and self.open.number != number:
            self._note(self.open, Ruling("withdrawn", "the loop was restored to an earlier state"), row=row)
        self._record.load(snapshot)
        self.open, self._monitors = None, []
        if number >= 0:
            self.open = next(entry for entry in self.journal if entry.number == number)
            self._note(self.open, Ruling("open", "the loop was restored to a state in which this ran"), row=row)
            self._monitors = self._gate.monitors()
            for signals in self._record.run[: int(self._record.sums[0])]:
                self._gate.judge(self._monitors, _named(signals))

    @property
    def runs(self) -> tuple[int, ...]:
        """Numbers of the proposals whose runs are kept, oldest first."""
        closed = [number for number, _ in self._runs]
        return tuple(closed if self.open is None else [*closed, self.open.number])

    def run(self, number: int) -> dict[str, np.ndarray]:
        """Signals of one run by name."""
        if self.open is not None and self.open.number == number:
            run = self._record.run[: int(self._record.sums[0])].copy()
        elif number in self.runs:
            run = [kept for own, kept in self._runs if own == number][-1]
        else:
            kept = ", ".join(map(str, self.runs)) or "none"
            raise InputError(f"the shadow run of proposal {number!r} is not kept; there are {kept}")
        return {name: run[:, i] for i, name in enumerate(SIGNALS)}

    def _note(self, entry: Entry, ruling: Ruling, *, row: int, evidence: Mapping[str, float] | None = None) -> None:
        evidence = entry.evidence if evidence is None else evidence
        self.journal.append(replace(entry, row=row, verdict=ruling.verdict, reason=ruling.reason, evidence=evidence))


def _named(signals: np.ndarray) -> dict[str, float]:
    return dict(zip(SIGNALS, signals.tolist(), strict=True))
