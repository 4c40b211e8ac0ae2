"""The syntax tree of a formula, kept in a normal form: constants folded, `And` and `Or` flat and without repeats.

The normal form is what bounds a monitor's memory: what is still owed by many positions for the same reason is
one entry, not many.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "FALSE", "TRUE", "And", "Arithmetic", "Compare", "Constant", "Next", "Node", "Not", "Number", "Or", "Owed",
    "Signal", "Term", "Window", "both", "either", "negate", "owed",
]  # fmt: skip


@dataclass(frozen=True)
class Number:
    """A number in an arithmetic term."""

    value: float


@dataclass(frozen=True)
class Signal:
    """The value of a signal at a position."""

    name: str


@dataclass(frozen=True)
class Arithmetic:
    """Two terms and what is done with them."""

    operator: str  # + - * /
    left: Term
    right: Term


Term = Number | Signal | Arithmetic


@dataclass(frozen=True)
class Constant:
    """True or false at every position."""

    value: bool


@dataclass(frozen=True)
class Compare:
    """An atom: how two terms compare at a position."""

    operator: str  # < <= > >= == !=
    left: Term
    right: Term


@dataclass(frozen=True)
class Not:
    """``! body``."""

    body: Node


@dataclass(frozen=True)
class And:
    """All of `parts`, in any order."""

    parts: frozenset[Node]


@dataclass(frozen=True)
class Or:
    """At least one of `parts`, in any order."""

    parts: frozenset[Node]


@dataclass(frozen=True)
class Next:
    """``X body`` (strong) or ``WX body`` (weak)."""

    body: Node
    weak: bool


@dataclass(frozen=True)
class Window:
    """``G`` (every) or ``F`` (not every) of `body` over positions `begin` to `end`; no `end` means for ever."""

    every: bool
    body: Node
    begin: int = 0
    end: int | None = None


@dataclass(frozen=True)
class Owed:
    """What `Next` leaves for the next position; `weak` is its value if there is none."""

    body: Node
    weak: bool


Node = Constant | Compare | Not | And | Or | Next | Window | Owed

TRUE, FALSE = Constant(True), Constant(False)


def negate(body: Node) -> Node:
    """Not `body`, folded."""
    if isinstance(body, Constant):
        return FALSE if body.value else TRUE
    return body.body if isinstance(body, Not) else Not(body)


def owed(body: Node, weak: bool) -> Node:
    """`body` at the next position. A constant stays owed: whether there is a next position is not known yet."""
    return body if isinstance(body, Constant) and body.value == weak else Owed(body, weak)


def both(*parts: Node) -> Node:
    """Conjunction in normal form."""
    return _join(And, TRUE, FALSE, parts)


def either(*parts: Node) -> Node:
    """Disjunction in normal form."""
    return _join(Or, FALSE, TRUE, parts)


def _join(kind: type[And] | type[Or], unit: Constant, zero: Constant, parts: tuple[Node, ...]) -> Node:
    flat: set[Node] = set()
    for part in parts:
        flat.update(part.parts if isinstance(part, (And, Or)) and isinstance(part, kind) else (part,))
    flat.discard(unit)
    if zero in flat or any(isinstance(part, Not) and part.body in flat for part in flat):
        return zero
    flat = _absorb(flat, kind is And)
    if not flat:
        return unit
    return next(iter(flat)) if len(flat) == 1 else kind(frozenset(flat))


def _absorb(parts: set[Node], conjunction: bool) -> set[Node]:
    """Of open windows on one body, one says all: in a conjunction the shortest F and the longest G, else the other."""
    kept: dict[tuple[bool, Node], Window] = {}
    rest: set[Node] = set()
    for part in parts:
        if not isinstance(part, Window) or part.begin:
            rest.add(part)
            continue
        key = (part.every, part.body)
        best = kept.get(key)
        if best is None or _longer(part, best) == (part.every == conjunction):
            kept[key] = part
    return rest | set(kept.values())


def _longer(one: Window, other: Window) -> bool:
    return other.end is not None and (one.end is None or one.end > other.end)
