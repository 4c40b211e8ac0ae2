"""JSON as RFC 8259 has it, for what other machines and files say."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

__all__ = ["loads"]


def loads(text: str) -> Any:
    """The value of a JSON text, in which no field comes twice and every number is finite.

    Raises
    ------
    ValueError
        If it is not such a text.
    RecursionError
        If it is nested too deeply.

    Examples
    --------
    >>> loads('{"rows": 3}')
    {'rows': 3}
    >>> loads('{"rows": 3, "rows": 4}')
    Traceback (most recent call last):
        ...
    ValueError: a field that comes twice
    """
    return json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field that comes twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(f"{digits[:20]} is beyond the largest number")
    return number
