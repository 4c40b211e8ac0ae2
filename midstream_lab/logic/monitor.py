"""A monitor: judges a sequence while it comes, by progression."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..errors import InputError
from .formula import Formula, parse
from .nodes import (
    And,
    Arithmetic,
    Compare,
    Constant,
    Next,
    Node,
    Not,
    Number,
    Or,
    Owed,
    Term,
    Window,
    both,
    either,
    negate,
    owed,
)

__all__ = ["Monitor"]

COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


class Monitor:
    """Judges one trace, position by position.

    After each position the formula is rewritten into what the rest of the trace still has to satisfy
    (progression: Bacchus and Kabanza 1996), so memory is what is still owed, never the trace. A verdict
    of True or False is final. Progression sees a verdict as soon as it follows from the values so far and
    the Boolean structure; a formula such as ``F(x > 0) & G(x < 0)``, which no trace satisfies, stays
    undecided until it fails or ends.

    Parameters
    ----------
    formula : Formula or str
        What to judge.

    Attributes
    ----------
    position : int
        How many positions it has seen.
    verdict : bool or None
        True or False once no continuation can change it; None before.
    presumed : bool
        The verdict if the trace ended now (finite-trace semantics, De Giacomo and Vardi 2013).

    Examples
    --------
    >>> monitor = Monitor("G(x < 3) & F(x > 1)")
    >>> monitor.update({"x": 0.0}), monitor.presumed
    (None, False)
    >>> monitor.update({"x": 2.0}), monitor.presumed
    (None, True)
    >>> monitor.update({"x": 5.0})
    False
    """

    def __init__(self, formula: Formula | str):
        self.formula = parse(formula) if isinstance(formula, str) else formula
        self.position = 0
        self._rest: Node = self.formula.root
        self._finished = False

    @property
    def verdict(self) -> bool | None:
        return self._rest.value if isinstance(self._rest, Constant) else None

    @property
    def presumed(self) -> bool:
        if not self.position and self.verdict is None:
            raise InputError("a trace has at least one position; call update() first")
        return _at_end(self._rest)

    def update(self, signals: Mapping[str, float]) -> bool | None:
        """Take the values at the next position; gives `verdict`.

        Parameters
        ----------
        signals : mapping of str to float
            Every signal that the formula names; others are ignored.

        Raises
        ------
        InputError
            If a signal is missing or NaN, or the trace has ended.
        """
        if self._finished:
            raise InputError("this trace has ended; make a new Monitor for another")
        for name in self.formula.signals:
            if name not in signals:
                raise InputError(f"the signal {name!r} is missing; the formula is {self.formula}")
            if math.isnan(signals[name]):
                raise InputError(f"the signal {name!r} is NaN at position {self.position}; leave the position out")
        self._rest = _progress(self._rest, signals)
        self.position += 1
        return self.verdict

    def finish(self) -> bool:
        """End the trace; gives its verdict, which is final.

        Raises
        ------
        InputError
            If there was no position and the formula is not constant.
        """
        verdict = self.presumed
        self._rest = Constant(verdict)
        self._finished = True
        return verdict

    def __repr__(self) -> str:
        return f"Monitor({self.formula.text!r}, verdict={self.verdict})"


def _progress(node: Node, signals: Mapping[str, float]) -> Node:
    """What the rest of the trace must satisfy for `node` to hold here."""
    match node:
        case Constant():
            return node
        case Compare(operator, left, right):
            return Constant(COMPARE[operator](_value(left, signals), _value(right, signals)))
        case Not(body):
            return negate(_progress(body, signals))
        case And(parts):
            return both(*(_progress(part, signals) for part in parts))
        case Or(parts):
            return either(*(_progress(part, signals) for part in parts))
        case Next(body, weak):
            return owed(body, weak)
        case Owed(body, _):
            return _progress(body, signals)
        case Window(every, body, begin, end):
            if begin:
                return Window(every, body, begin - 1, None if end is None else end - 1)
            here = _progress(body, signals)
            if end == 0:
                return here
            later = node if end is None else Window(every, body, 0, end - 1)
            return both(here, later) if every else either(here, later)


def _at_end(node: Node) -> bool:
    """The value of `node` where no position is left: an empty G is true, an empty F is false."""
    match node:
        case Constant(value):
            return value
        case Compare():
            return False
        case Not(body):
            return not _at_end(body)
        case And(parts):
            return all(map(_at_end, parts))
        case Or(parts):
            return any(map(_at_end, parts))
        case Next(_, weak) | Owed(_, weak):
            return weak
        case Window(every, _, _, _):
            return every


def _value(term: Term, signals: Mapping[str, float]) -> float:
    if isinstance(term, Number):
        return term.value
    if isinstance(term, Arithmetic):
        a, b = _value(term.left, signals), _value(term.right, signals)
        match term.operator:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
        return a / b if b else math.copysign(math.inf, a) if a else math.nan
    return float(signals[term.name])
