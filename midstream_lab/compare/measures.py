"""The measures by name: what `pairwise`, `nearest` and the rest can compare with."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ..errors import InputError
from .dtw import dtw_distance

__all__ = ["MEASURES", "Chosen", "Measure", "choose_measure"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One way to compare two sequences.

    Attributes
    ----------
    distance : callable
        ``distance(x, y, **options) -> float`` with keyword-only options.
    long_name : str
        What it measures, for the label of a result.
    symmetric : callable
        Whether with these options ``distance(x, y) == distance(y, x)`` for any two sequences.
    """

    distance: Callable[..., float]
    long_name: str
    symmetric: Callable[[Mapping[str, Any]], bool] = lambda options: True

    @property
    def options(self) -> dict[str, Any]:
        """Names of the options and their defaults; ``inspect.Parameter.empty`` where one must be given."""
        parameters = inspect.signature(self.distance).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def _symmetric_dtw(options: Mapping[str, Any]) -> bool:
    # the Itakura parallelogram of unequal lengths is rounded along the rows
    one_sided = options.get("step_pattern") == "asymmetric" or options.get("itakura") is not None
    return not (one_sided or options.get("open_begin") or options.get("open_end"))


#: The measures by name.
MEASURES: dict[str, Measure] = {
    "dtw": Measure(distance=dtw_distance, long_name="dynamic time warping distance", symmetric=_symmetric_dtw),
}


@dataclass(frozen=True)
class Chosen:
    """A measure with its options."""

    name: str
    distance: Callable[..., float]
    long_name: str
    symmetric: bool
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __call__(self, x: Any, y: Any) -> float:
        return float(self.distance(x, y, **self.options))

    def __str__(self) -> str:
        return ", ".join([self.name, *(f"{name} {value!r}" for name, value in self.options.items())])


def choose_measure(measure: str | Callable[..., float], options: Mapping[str, Any]) -> Chosen:
    """The measure of that name, or a function of two sequences, with its options checked.

    Parameters
    ----------
    measure : str or callable
        A name of `MEASURES`, or ``f(x, y, **options) -> float``, which is not taken for symmetric.
    options : mapping
        Options that are None are left to the measure.

    Raises
    ------
    InputError
        If there is no such measure or option, or one that it needs is missing.

    Examples
    --------
    >>> chosen = choose_measure("dtw", {"window": 1})
    >>> chosen([0, 1, 2], [0, 1, 3]), str(chosen)
    (1.0, 'dtw, window 1')
    """
    options = {name: value for name, value in options.items() if value is not None}
    if callable(measure):
        name = getattr(measure, "__name__", type(measure).__name__)
        return Chosen(name, measure, name, False, MappingProxyType(options))
    if not isinstance(measure, str) or measure not in MEASURES:
        raise InputError(
            f"measure must be one of {', '.join(MEASURES)}, or a function of two sequences, not {measure!r}"
        )
    known = MEASURES[measure].options
    if unknown := sorted(set(options) - set(known)):
        raise InputError(f"{measure} has no option {', '.join(unknown)}; it has {', '.join(known) or 'none'}")
    if missing := [k for k, default in known.items() if default is inspect.Parameter.empty and k not in options]:
        raise InputError(f"{measure} needs the option {', '.join(missing)}")
    found = MEASURES[measure]
    return Chosen(measure, found.distance, found.long_name, found.symmetric(options), MappingProxyType(options))
