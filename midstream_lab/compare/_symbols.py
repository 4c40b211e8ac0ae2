"""Two sequences of symbols as whole numbers, the same number for the same symbol."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import InputError
from ..kernels.compare.symbols import find_range

__all__ = ["codes_of"]

#: Codes that reach no further than this many times the lengths are used as they are, or shifted to 0.
SPREAD = 4


def codes_of(a: Any, b: Any) -> tuple[np.ndarray, np.ndarray, int]:
    """Both as read-only arrays of int64 from 0 on, and how many codes there may be; each may be empty.

    Raises
    ------
    InputError
        If one is a text and the other is not, a symbol is not hashable, or an array is not one-dimensional or not of
        whole numbers, Booleans or text.
    """
    if type(a) is np.ndarray and type(b) is np.ndarray and a.dtype == b.dtype == np.int64 and a.ndim == b.ndim == 1:
        return _shifted(a, b)  # what follows would say the same
    if isinstance(a, str) != isinstance(b, str):
        other = type(b if isinstance(a, str) else a).__name__
        raise InputError(f"one sequence is a text and the other a {other}; give two texts, or list(text)")
    first, second = _raw(a, "a"), _raw(b, "b")
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return _shifted(first, second)
    return _numbered(_listed(first), _listed(second))


def _raw(x: Any, name: str) -> np.ndarray | Sequence[Any]:
    """An array of int64, or a sequence of symbols."""
    if isinstance(x, str):
        return np.frombuffer(x.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    if isinstance(x, bytes | bytearray):
        return np.frombuffer(x, np.uint8).astype(np.int64)
    if isinstance(x, pd.Series | pd.Index | xr.DataArray):
        x = x.to_numpy()
    if isinstance(x, np.ndarray):
        if x.ndim != 1:
            raise InputError(f"{name} must have one dimension, not shape {x.shape}")
        if x.dtype.kind in "bi" or (x.dtype.kind == "u" and x.dtype.itemsize < 8):
            return np.ascontiguousarray(x, dtype=np.int64)
        if x.dtype.kind in "uUSO" or not x.size:
            return x.tolist()
        raise InputError(
            f"{name} holds {x.dtype}: symbols are whole numbers, text or other hashable things; compare measurements "
            "with dtw, or make symbols of them, for example with np.digitize"
        )
    try:
        return list(x)
    except TypeError:
        raise InputError(f"{name} must be a text, an array or a list of symbols, not {type(x).__name__}") from None


def _listed(x: np.ndarray | Sequence[Any]) -> Sequence[Any]:
    return x.tolist() if isinstance(x, np.ndarray) else x


def _shifted(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    a, b = _frozen(a), _frozen(b)
    low, high = find_range(a, b)
    most = SPREAD * (a.size + b.size) + 256
    if low >= 0 and high < most:
        return a, b, high + 1
    if high - low < most:
        return _frozen(a - low), _frozen(b - low), high - low + 1
    symbols, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
    return _frozen(codes[: a.size]), _frozen(codes[a.size :]), len(symbols)


def _numbered(a: Sequence[Hashable], b: Sequence[Hashable]) -> tuple[np.ndarray, np.ndarray, int]:
    numbers: dict[Hashable, int] = {}
    coded = []
    for name, x in (("a", a), ("b", b)):
        try:
            found = [numbers.setdefault(symbol, len(numbers)) for symbol in x]
        except TypeError:
            bad = next(i for i, symbol in enumerate(x) if not isinstance(symbol, Hashable))
            raise InputError(f"{name}[{bad}] is a {type(x[bad]).__name__}, which is not hashable; use tuples") from None
        coded.append(_frozen(np.array(found, dtype=np.int64)))
    return coded[0], coded[1], len(numbers)


def _frozen(x: np.ndarray) -> np.ndarray:
    values = np.ascontiguousarray(x, dtype=np.int64).view()
    values.flags.writeable = False
    return values
