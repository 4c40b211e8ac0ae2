"""Checks that the faces of this room share."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..errors import InputError
from ..sequence import pick_channel, sequence, series, timebase

__all__ = ["check_length", "check_radius", "check_whole", "frozen", "samples", "units_of"]


def check_whole(value: Any, name: str, *, least: int, most: int | None = None) -> int:
    """`value` as an int within bounds, or an error that names the parameter."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least or (most is not None and number > most):
        bounds = f"{least} or more" if most is None else f"from {least} to {most}"
        raise InputError(f"{name} must be a whole number, {bounds}, not {value!r}")
    return number


def check_length(n: int, delay: int, dim: int) -> int:
    """Number of delay vectors of `n` samples; an error if there is none."""
    rows = n - (dim - 1) * delay
    if rows < 1:
        raise InputError(
            f"{n} samples give no vector of dimension {dim} at delay {delay}, which needs "
            f"{(dim - 1) * delay + 1}; use a longer sequence, a smaller delay or a smaller dimension"
        )
    return rows


def check_radius(radius: Any) -> float:
    """A radius as a float above 0."""
    try:
        number = float(radius)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0.0 < number < np.inf:
        raise InputError(f"radius must be a number above 0, not {radius!r}")
    return number


def samples(x: Any, *, dt: Any, channel: str | None) -> tuple[Any, float, str]:
    """As `sequence.series`, but a bare array is counted in ticks: for what is measured in samples."""
    plain = isinstance(x, np.ndarray) and x.ndim == 1 and x.dtype == np.float64 and dt is None and channel is None
    if plain and x.size and np.isfinite(x).all():
        # What follows would say the same, but to label a million samples takes longer than to count their patterns.
        return frozen(x), 1.0, "tick"
    labelled = sequence(x, dt=dt, nan="keep")
    if timebase(labelled).unit != "tick":
        return series(labelled, channel=channel)
    values, step, _ = series(labelled, dt=1, channel=channel)
    return values, step, "tick"


def frozen(values: np.ndarray) -> np.ndarray:
    """A contiguous read-only view, which is what the kernels are compiled for."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view


def units_of(x: Any, channel: str | None) -> str:
    """The units that the data say they have, else "1"."""
    return str(pick_channel(sequence(x, nan="keep"), channel).attrs.get("units", "1"))
