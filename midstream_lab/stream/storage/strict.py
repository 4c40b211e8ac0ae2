"""Strict JSON: each field of the metadata of a recording is there, is known, and holds what it may."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from ...errors import InputError
from .. import strict_json
from .columns import DATA_TYPES

__all__ = ["CHANNEL", "MAX_CHUNK", "RECORDING", "TIME", "check", "loads", "plain"]

#: Most rows of a chunk.
MAX_CHUNK = 2**20
_HEX = re.compile(r"[0-9a-f]{32}")


def plain(attrs: dict[str, Any]) -> dict[str, Any]:
    """Attributes as JSON has them."""
    found = {key: value.item() if isinstance(value, np.generic) else value for key, value in attrs.items()}
    for key, value in found.items():
        if not _attribute(value):
            raise InputError(f"the attribute {key!r} is {value!r}; a recording keeps texts and finite numbers")
    return found


def _attribute(value: Any) -> bool:
    return isinstance(value, (str, int)) or (isinstance(value, float) and abs(value) < float("inf"))


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _tick(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) <= 210 and Fraction(value) > 0
    except (ValueError, ZeroDivisionError):
        return False


RECORDING: dict[str, Callable[[Any], bool]] = {
    "format": _count,
    "id": lambda value: isinstance(value, str) and bool(_HEX.fullmatch(value)),
    "name": _text,
    "chunk": lambda value: _count(value) and 0 < value <= MAX_CHUNK,
    "rows": _count,
    "runs": _count,
    "time": lambda value: isinstance(value, dict),
    "channels": lambda value: isinstance(value, list) and bool(value) and all(isinstance(c, dict) for c in value),
    "attrs": lambda value: isinstance(value, dict) and all(map(_attribute, value.values())),
}
TIME: dict[str, Callable[[Any], bool]] = {
    "tick": _tick,
    "unit": _text,
    "step": _count,
    "epoch": lambda value: value is None or _text(value),
}
CHANNEL: dict[str, Callable[[Any], bool]] = {
    "name": _text,
    "unit": _text,
    "kind": lambda value: _text(value) and value in DATA_TYPES,
}


def check(stated: dict[str, Any], fields: dict[str, Callable[[Any], bool]], where: str) -> None:
    """An `InputError` unless `stated` has these fields and no other, each with a value that it may have."""
    if set(stated) != set(fields):
        raise InputError(f"zarr.json is damaged: {where} holds {sorted(stated)}; expected {sorted(fields)}")
    for name, check in fields.items():
        if not check(stated[name]):
            raise InputError(f"zarr.json is damaged: {where}.{name} is {str(stated[name])[:40]!r}")


def loads(text: str) -> dict[str, Any]:
    """A JSON object, in which no field comes twice and no number is NaN or infinite."""
    try:
        found = strict_json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"zarr.json is damaged ({error}); take it from a copy of the recording") from error
    if not isinstance(found, dict):
        raise InputError(f"zarr.json is damaged: it holds no object but {type(found).__name__}")
    return found
