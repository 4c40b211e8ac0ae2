"""Recursive descent, one method a level of precedence."""

from __future__ import annotations

import re
from typing import NoReturn

from ..errors import FormulaError
from .nodes import (
    FALSE,
    TRUE,
    Arithmetic,
    Compare,
    Next,
    Node,
    Number,
    Signal,
    Term,
    Window,
    both,
    either,
    negate,
)

__all__ = ["Parser"]

TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign><->|->|<=|>=|==|!=|&&|\|\||[-+*/<>!&|()\[\],:]))"
)
COMPARISONS = ("<=", ">=", "==", "!=", "<", ">")

#: Operators of temporal logic that are no names of signals, whether they are understood yet or not.
RESERVED = {"G", "F", "X", "WX", "U", "R", "W", "M", "S", "T", "O", "H", "Y", "xor"}

#: Deepest nesting: a monitor walks the tree by recursion.
DEEPEST = 100

LONGEST_WINDOW = 1_000_000


class Parser:
    """Reads one formula.

    Parameters
    ----------
    text : str
    """

    def __init__(self, text: str):
        self._text = text
        self._tokens = list(self._split(text))
        self._at = 0
        self._depth = 0
        self._used: dict[str, int] = {}

    def formula(self) -> tuple[Node, dict[str, int]]:
        """The tree, and the signals with the place where each stands first."""
        root = self._logical(self._implication())
        if self._peek() != "end":
            self._fail(f"expected an operator or the end, not {self._peek()!r}")
        return root, self._used

    # -- tokens ----------------------------------------------------------------------------------

    def _split(self, text: str):
        at = 0
        end = len(text.rstrip())
        while at < end:
            match = TOKEN.match(text, at)
            if match is None:
                at += len(text[at:]) - len(text[at:].lstrip())
                raise FormulaError(f"{text[at]!r} is no part of a formula", text, at)
            kind = str(match.lastgroup)
            yield kind, match[kind], match.start(kind)
            at = match.end()
        yield "end", "end", end

    def _peek(self) -> str:
        return self._tokens[self._at][1]

    def _take(self, *wanted: str) -> str | None:
        """The next token if it is one of these signs or words."""
        kind, token, _ = self._tokens[self._at]
        if kind == "end" or token not in wanted:
            return None
        self._at += 1
        return token

    def _need(self, wanted: str) -> None:
        if not self._take(wanted):
            self._fail(f"expected {wanted!r}, not {self._peek()!r}")

    def _fail(self, message: str, position: int | None = None) -> NoReturn:
        raise FormulaError(message, self._text, self._tokens[self._at][2] if position is None else position)

    def _logical(self, value: Node | Term, position: int = 0) -> Node:
        if isinstance(value, (Number, Signal, Arithmetic)):
            self._fail("this is a number, where something true or false is needed: compare it, as in x > 0", position)
        return value

    def _numeric(self, value: Node | Term, position: int) -> Term:
        if not isinstance(value, (Number, Signal, Arithmetic)):
            self._fail("this is true or false, where a number is needed; join comparisons with &", position)
        return value

    # -- levels of precedence, loose to tight ----------------------------------------------------------

    def _implication(self) -> Node | Term:
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(f"nested deeper than {DEEPEST} levels")
        begin = self._tokens[self._at][2]
        left = self._chain(("|", "||"))
        operator = self._take("->", "<->")
        if operator:
            then = self._tokens[self._at][2]
            a, b = self._logical(left, begin), self._logical(self._implication(), then)
            left = either(negate(a), b)
            if operator == "<->":
                left = both(left, either(a, negate(b)))
        self._depth -= 1
        return left

    def _chain(self, signs: tuple[str, str]) -> Node | Term:
        tighter = (lambda: self._chain(("&", "&&"))) if signs[0] == "|" else self._comparison
        begin = self._tokens[self._at][2]
        left = tighter()
        while self._take(*signs):
            then = self._tokens[self._at][2]
            parts = self._logical(left, begin), self._logical(tighter(), then)
            left = either(*parts) if signs[0] == "|" else both(*parts)
        return left

    def _comparison(self) -> Node | Term:
        begin = self._tokens[self._at][2]
        left = self._sum()
        operator = self._take(*COMPARISONS)
        if not operator:
            return left
        then = self._tokens[self._at][2]
        made = Compare(operator, self._numeric(left, begin), self._numeric(self._sum(), then))
        if self._peek() in COMPARISONS:
            self._fail("comparisons do not chain; write (0 < x) & (x < 1)")
        return made

    def _sum(self) -> Node | Term:
        return self._arithmetic(("+", "-"), lambda: self._arithmetic(("*", "/"), self._unary))

    def _arithmetic(self, signs: tuple[str, str], tighter) -> Node | Term:
        begin = self._tokens[self._at][2]
        left = tighter()
        while operator := self._take(*signs):
            then = self._tokens[self._at][2]
            left = Arithmetic(operator, self._numeric(left, begin), self._numeric(tighter(), then))
        return left

    def _unary(self) -> Node | Term:
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(f"nested deeper than {DEEPEST} levels")
        made = self._prefixed()
        self._depth -= 1
        return made

    def _prefixed(self) -> Node | Term:
        operator = self._take("!", "G", "F", "X", "WX", "-")
        begin = self._tokens[self._at][2]
        if operator is None:
            return self._primary()
        if operator == "-":
            return Arithmetic("-", Number(0.0), self._numeric(self._unary(), begin))
        if operator == "!":
            return negate(self._logical(self._unary(), begin))
        window = self._window() if operator in ("G", "F") else (0, None)
        begin = self._tokens[self._at][2]
        body = self._logical(self._unary(), begin)
        if operator in ("X", "WX"):
            return Next(body, operator == "WX")
        return Window(operator == "G", body, *window)

    def _window(self) -> tuple[int, int | None]:
        if not self._take("["):
            return 0, None
        place = self._tokens[self._at][2]
        begin = self._bound()
        if not self._take(",", ":"):
            self._fail(f"expected ',' between the bounds, not {self._peek()!r}")
        end = self._bound()
        self._need("]")
        if end < begin:
            self._fail(f"the window [{begin},{end}] is empty: the first bound must not exceed the second", place)
        return begin, end

    def _bound(self) -> int:
        kind, token, place = self._tokens[self._at]
        if kind != "number" or not token.isdigit() or int(token) > LONGEST_WINDOW:
            self._fail(f"a bound is a whole number of steps, 0 to {LONGEST_WINDOW:,}, not {token!r}", place)
        self._at += 1
        return int(token)

    def _primary(self) -> Node | Term:
        kind, token, place = self._tokens[self._at]
        if kind == "number":
            self._at += 1
            return Number(float(token))
        if kind == "name":
            if token in RESERVED:
                self._fail(f"{token!r} cannot stand here; the operators are ! & | -> <-> G F X WX")
            self._at += 1
            if token in ("true", "false"):
                return TRUE if token == "true" else FALSE
            self._used.setdefault(token, place)
            return Signal(token)
        if self._take("("):
            inside = self._implication()
            self._need(")")
            return inside
        self._fail(f"expected a number, a signal or '(', not {token!r}")
