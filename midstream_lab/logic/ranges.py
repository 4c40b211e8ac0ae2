"""What is the same on every trace: interval arithmetic under the Boolean structure."""

from __future__ import annotations

import math

from .nodes import And, Compare, Constant, Next, Node, Not, Number, Or, Owed, Signal, Term, Window

__all__ = ["always"]

Range = tuple[float, float]
ANY: Range = (-math.inf, math.inf)


def always(node: Node, ranges: dict[str, Range], length: int | None) -> bool | None:
    """The value of `node` on every trace of at most `length` steps, or None if it can be both."""
    match node:
        case Constant(value):
            return value
        case Compare():
            return _compare(node, ranges)
        case Not(body):
            inner = always(body, ranges, length)
            return None if inner is None else not inner
        case And(parts) | Or(parts):
            values = [always(part, ranges, length) for part in parts]
            decisive = isinstance(node, Or)
            if decisive in values:
                return decisive
            return None if None in values else not decisive
        case Next(body, weak) | Owed(body, weak):
            # There may be a next position or not; if not, the value is `weak`.
            return weak if always(body, ranges, length) == weak or length == 1 else None
        case Window(every, body, begin, _):
            if length is not None and begin >= length:
                return every
            inner = always(body, ranges, length)
            # A window may lie past the end, where G is true and F is false.
            return inner if inner == every or begin == 0 else None


def _compare(node: Compare, ranges: dict[str, Range]) -> bool | None:
    (a, b), (c, d) = _range(node.left, ranges), _range(node.right, ranges)
    less = True if b < c else False if a >= d else None
    at_most = True if b <= c else False if a > d else None
    equal = False if b < c or a > d else True if a == b == c == d else None
    values = {
        "<": less,
        "<=": at_most,
        ">": None if at_most is None else not at_most,
        ">=": None if less is None else not less,
        "==": equal,
        "!=": None if equal is None else not equal,
    }
    return values[node.operator]


def _range(term: Term, ranges: dict[str, Range]) -> Range:
    if isinstance(term, Number):
        return term.value, term.value
    if isinstance(term, Signal):
        return ranges.get(term.name, ANY)
    (a, b), (c, d) = _range(term.left, ranges), _range(term.right, ranges)
    if term.operator == "/" and c <= 0.0 <= d:
        return ANY
    pairs = {
        "+": lambda: (a + c, b + d),
        "-": lambda: (a - d, b - c),
        "*": lambda: _hull(a * c, a * d, b * c, b * d),
        "/": lambda: _hull(a / c, a / d, b / c, b / d),
    }
    low, high = pairs[term.operator]()
    return ANY if math.isnan(low) or math.isnan(high) else (low, high)


def _hull(*ends: float) -> Range:
    return ANY if any(map(math.isnan, ends)) else (min(ends), max(ends))
