"""What each twin is a twin of, and how far it equals it: one list for the docs and for the tests."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TABLE", "Row", "draw"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A twin (with the option that makes the difference), its batch function, and what of it is equal.

    `tolerance` is the largest difference to the batch function on the last `window` rows, 0 for exact; None where the
    result is that of an older window, to which it is equal. `over` says what the result rests on.
    """

    twin: str
    batch: str
    tolerance: float | None
    unit: str = ""
    over: str

    @property
    def equal(self) -> str:
        """Whether the twin is exact, in a few words."""
        if self.tolerance is None:
            return "on its block"
        return f"within {self.tolerance:g} {self.unit}" if self.tolerance else "exact"


TABLE = (
    Row(twin="OnlineEmbedding", batch="embed", tolerance=0, over="the last `window` rows"),
    Row(
        twin="OnlineNeighbours",
        batch="divergence_curve: pairs",
        tolerance=0,
        over="the last `window` rows",
    ),
    Row(
        twin="OnlineDivergence",
        batch="divergence_curve",
        tolerance=0,
        over="the last `window` rows",
    ),
    Row(
        twin="OnlineDivergence, half_life=window",
        batch="divergence_curve",
        tolerance=0.1,
        unit="nat",
        over="these; old pairs weigh less",
    ),
    Row(twin="OnlinePermutationEntropy", batch="permutation_entropy", tolerance=0, over="the last `window` rows"),
    Row(twin="OnlineRecurrenceRate", batch="rqa: recurrence_rate", tolerance=0, over="the last `window` rows"),
    Row(twin="OnlineRqa", batch="rqa", tolerance=0, over="the last `window` rows"),
    Row(
        twin="OnlineZeroOne",
        batch="zero_one_test",
        tolerance=None,
        over="the newest whole block",
    ),
    Row(
        twin="Windowed(lyapunov_max)",
        batch="lyapunov_max",
        tolerance=0,
        over="the last `window` rows, anew",
    ),
    Row(
        twin="Windowed(classify_attractor)",
        batch="classify_attractor",
        tolerance=0,
        over="the last `window` rows, anew",
    ),
)


def draw() -> str:
    """The table in reStructuredText.

    Examples
    --------
    >>> draw().splitlines()[1].split()
    ['twin', 'batch', 'function', 'equal', 'over']
    """
    lines = [("twin", "batch function", "equal", "over")]
    lines += [(row.twin, row.batch, row.equal, row.over) for row in TABLE]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = " ".join("=" * width for width in widths)
    drawn = [" ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([rule, drawn[0], rule, *drawn[1:], rule])
