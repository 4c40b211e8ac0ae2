"""What was not taken, counted by reason."""

from __future__ import annotations

__all__ = ["Rejects"]

#: Reasons that are told apart; further ones are counted together.
MOST_REASONS = 20
#: Characters of the example that is shown.
EXCERPT = 60


class Rejects:
    """Counts what was left out, with the first example of each reason.

    Examples
    --------
    >>> rejects = Rejects("line")
    >>> rejects.add("not JSON", "{oops", at=7)
    >>> rejects.add("not JSON", "{again", at=9)
    >>> rejects.count, rejects.lines()
    (2, ["2 lines left out: not JSON (first: line 7, '{oops')"])
    """

    def __init__(self, what: str) -> None:
        self.count = 0
        self._what = what
        self._reasons: dict[str, tuple[int, str]] = {}

    def add(self, reason: str, example: object, *, at: int) -> None:
        """Count one, the `at`-th of all that came."""
        self.count += 1
        if reason not in self._reasons and len(self._reasons) >= MOST_REASONS:
            reason = "other reasons"
        seen, first = self._reasons.get(reason, (0, ""))
        if not seen:
            first = f"first: {self._what} {at:,}"
            if example is not None:
                text = repr(example)
                first += f", {text if len(text) <= EXCERPT else text[: EXCERPT - 1] + '…'}"
        self._reasons[reason] = (seen + 1, first)

    def lines(self) -> list[str]:
        """A sentence for each reason."""
        return [
            f"{seen:,} {self._what}{'s' if seen > 1 else ''} left out: {reason} ({first})"
            for reason, (seen, first) in self._reasons.items()
        ]
