"""Two sequences of numbers as the kernels take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError
from ..sequence import sequence

__all__ = ["columns", "numbers", "pair_of", "refuse_bad"]


def numbers(x: Any, name: str) -> np.ndarray:
    """`x` as a read-only contiguous array of float64, shape (n,) or (n, channels); it may hold NaN."""
    plain = type(x) is np.ndarray and x.dtype == np.float64 and x.ndim in (1, 2) and x.size > 0
    if plain:
        values = np.ascontiguousarray(x)
    else:
        try:
            values = np.ascontiguousarray(sequence(x, nan="keep").values)
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
    values = values.view()
    values.flags.writeable = False
    return values


def pair_of(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both as `numbers`, of one dimension if they have one channel, else with the same number of channels."""
    a, b = numbers(x, "x"), numbers(y, "y")
    if a.ndim == 2 and a.shape[1] == 1:
        a = a[:, 0]
    if b.ndim == 2 and b.shape[1] == 1:
        b = b[:, 0]
    if a.ndim != b.ndim or a.shape[1:] != b.shape[1:]:
        channels = [1 if values.ndim == 1 else values.shape[1] for values in (a, b)]
        raise InputError(
            f"x has {channels[0]} channels and y has {channels[1]}; both need the same: choose channels first"
        )
    return a, b


def columns(values: np.ndarray) -> np.ndarray:
    """The same with a second dimension for the channels."""
    return values[:, None] if values.ndim == 1 else values


def refuse_bad(a: np.ndarray, b: np.ndarray) -> None:
    """An error that names the first value that is NaN or infinite, if there is one."""
    for name, values in (("x", a), ("y", b)):
        bad = ~np.isfinite(values)
        if bad.any():
            where = tuple(int(k) for k in np.argwhere(bad)[0])
            place = f"{name}[{', '.join(map(str, where))}]"
            raise InputError(
                f"{int(bad.sum())} values are not finite, the first is {place} = {values[where]}; "
                "fill them with resample(x), or leave those rows out"
            )
