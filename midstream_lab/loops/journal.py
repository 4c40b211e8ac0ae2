"""The journal: what was proposed, on what evidence, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["Entry"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the journal; lines are only ever added.

    Attributes
    ----------
    number : int
        Of the proposal. Its first entry has the verdict ``"open"``, its last another.
    row : int
        The row after which this was written, as the feed numbers it; -1 before any.
    proposer : str
        ``"level 2"`` or who called `StrangeLoop.propose`.
    target : str
        The level that is changed.
    change : str
        What is changed.
    evidence : mapping of str to float
        The proposer's at first, then the signals of the gate at the verdict.
    verdict : str
        ``"open"``, ``"committed"``, ``"harmful"``, ``"no evidence"``, ``"invalid"`` or ``"withdrawn"``
        (the loop was restored to an earlier state while the shadow ran).
    reason : str
        In words.
    """

    number: int
    row: int
    proposer: str
    target: str
    change: str
    verdict: str
    reason: str
    evidence: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "evidence", MappingProxyType(dict(self.evidence)))
