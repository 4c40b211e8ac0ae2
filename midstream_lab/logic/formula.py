"""Formulas: linear temporal logic over comparisons of arithmetic on named signals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import FormulaError, InputError
from . import nodes
from .parser import Parser
from .ranges import always

__all__ = ["Formula", "parse"]


@dataclass(frozen=True)
class Formula:
    """A formula that has been read.

    Made by `parse`.

    Attributes
    ----------
    text : str
        As it was written.
    root : Node
        Its syntax tree.
    signals : frozenset of str
        The signals it names.
    """

    text: str
    root: nodes.Node
    signals: frozenset[str]

    def decided(
        self, *, ranges: dict[str, tuple[float, float]] | None = None, length: int | None = None
    ) -> bool | None:
        """Its verdict where it is the same on every trace, else None.

        Sound, not complete: arithmetic is bounded by intervals and each comparison is taken for itself, so
        ``G(x > 1) & G(x < 0)`` is not recognised.

        Parameters
        ----------
        ranges : dict of str to (float, float), optional
            Least and greatest value of a signal; unlimited where not given.
        length : int, optional
            Steps that a trace has at most; unlimited by default.

        Examples
        --------
        >>> parse("G(norm < 0)").decided(ranges={"norm": (0, float("inf"))})
        False
        """
        return always(self.root, ranges or {}, length)

    def __str__(self) -> str:
        return self.text


def parse(text: str, *, signals: Iterable[str] | None = None) -> Formula:
    """Read a formula in the syntax of Spot (Duret-Lutz et al. 2022).

    From tight to loose: ``+ - * /`` on numbers and signals; comparisons ``< <= > >= == !=``; ``! G F X WX``
    and the windows ``G[a,b]``, ``F[a,b]`` (steps, closed, also ``[a:b]``); ``&``; ``|``; ``-> <->`` (grouping to
    the right). ``X`` is strong: false at the last position; ``WX`` is weak. Traces are finite and not empty.

    Parameters
    ----------
    text : str
        The formula.
    signals : iterable of str, optional
        The signals that exist; default: any name.

    Returns
    -------
    Formula

    Raises
    ------
    FormulaError
        If it cannot be read or names another signal; a caret shows the place.

    Examples
    --------
    >>> parse("G(n >= 32 -> excess <= 0.1)").signals == {"n", "excess"}
    True
    >>> parse("G(x < )")
    Traceback (most recent call last):
    midstream_lab.errors.FormulaError: expected a number, a signal or '(', not ')'
      G(x < )
            ^
    """
    if not isinstance(text, str):
        raise InputError(f"a formula is a text such as 'G(x < 1)', not {type(text).__name__}")
    root, used = Parser(text).formula()
    if signals is not None:
        known = sorted(signals)
        for name, position in used.items():
            if name not in known:
                raise FormulaError(f"no signal named {name!r}; there are {', '.join(known)}", text, position)
    return Formula(text, root, frozenset(used))
