"""Edit distance of sequences of symbols, and the edits."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..kernels.compare.edit import measure_edits
from ..kernels.compare.weighted_edit import measure_weighted, trace_edits
from ._symbols import codes_of

__all__ = ["OPERATIONS", "EditAlignment", "edit_alignment", "edit_distance", "edit_similarity"]

#: What may stand in an alignment, in the order of the kernels.
OPERATIONS = ("match", "substitute", "delete", "insert", "transpose")
#: Most cells whose edits are traced, unless the caller raises it.
MAX_CELLS = 1_000_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class EditAlignment:
    """Edits that turn one sequence into another at the least weight.

    Attributes
    ----------
    distance : float
        Their summed weight.
    operations : tuple of str
        ``"match"``, ``"substitute"``, ``"delete"`` (of an element of a), ``"insert"`` (of an element of b) or
        ``"transpose"`` (of two neighbours), from the first to the last.
    places : ndarray of int64, shape (operations, 2)
        Index into a and b at which each begins; read-only.
    shape : tuple of int
        Lengths of the two sequences.
    """

    distance: float
    operations: tuple[str, ...] = field(repr=False)
    places: np.ndarray = field(repr=False)
    shape: tuple[int, int]

    def to_xarray(self) -> xr.Dataset:
        """`distance`, and along ``edit`` the `operation` and where it begins in `a` and `b`."""
        return xr.Dataset(
            {
                "distance": ((), self.distance, {"units": "edits"}),
                "operation": ("edit", np.array(self.operations, dtype=object)),
                "a": ("edit", self.places[:, 0], {"long_name": "index into a"}),
                "b": ("edit", self.places[:, 1], {"long_name": "index into b"}),
            },
            attrs={"length_a": self.shape[0], "length_b": self.shape[1]},
        )

    def _repr_html_(self) -> str:
        counts = {name: self.operations.count(name) for name in OPERATIONS}
        rows = {"distance": f"{self.distance:g}", "lengths": f"{self.shape[0]:,} and {self.shape[1]:,}"}
        rows |= {name: f"{count:,}" for name, count in counts.items() if count}
        cells = "".join(f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in rows.items())
        return f"<table><caption>Edits</caption>{cells}</table>"


def edit_distance(
    a: Any, b: Any, *, insert: float = 1, delete: float = 1, substitute: float = 1, transpose: float | None = None
) -> float:
    """Least weight of the edits that turn one sequence of symbols into another.

    With all weights 1 it is the Levenshtein distance, computed 64 cells at a time (Myers 1999; Hyyro 2003), in a
    band where the sequences are alike (Ukkonen 1985).

    Parameters
    ----------
    a, b : str, bytes, sequence of hashable, or array of int, shapes (n,) and (m,)
        Texts (by code point), tokens or coded symbols; either may be empty.
    insert, delete, substitute : float, optional
        Weight of putting in an element of b, of leaving out one of a, and of both at one place; default 1.
    transpose : float, optional
        Weight of exchanging two neighbours; default None: that is two edits. What was exchanged is not edited again
        (optimal string alignment), so that the triangle inequality may fail.

    Returns
    -------
    float
        A whole number if the weights are.

    Raises
    ------
    InputError
        If a text is compared with something else, symbols are floats or not hashable, or a weight is negative.

    References
    ----------
    Levenshtein (1966), Soviet Physics Doklady 10, 707; Myers (1999), J. ACM 46, 395; Hyyro (2003), Nordic J.
    Computing 10, 29; Ukkonen (1985), Information and Control 64, 100; Damerau (1964), Commun. ACM 7, 171.

    Examples
    --------
    >>> edit_distance("kitten", "sitting")
    3
    >>> edit_distance("form", "from"), edit_distance("form", "from", transpose=1)
    (2, 1)
    >>> edit_distance([3, 1, 4, 1, 5], [3, 1, 4, 5], delete=0.5)
    0.5
    """
    weights = _weights(insert, delete, substitute, transpose)
    first, second, codes = codes_of(a, b)
    if weights != (1.0, 1.0, 1.0, -1.0):
        return _number(measure_weighted(first, second, *weights), insert, delete, substitute, transpose)
    if not (first.size and second.size):
        return first.size + second.size
    return int(measure_edits(first, second, codes))


def edit_similarity(a: Any, b: Any) -> float:
    """One minus the Levenshtein distance over the longer length: 1 for equal sequences, 0 where nothing matches.

    Two empty sequences are equal. Parameters as for `edit_distance`.

    Examples
    --------
    >>> edit_similarity("kitten", "sitting") == 1 - 3 / 7
    True
    """
    longest = max(len(a), len(b))
    return 1.0 - edit_distance(a, b) / longest if longest else 1.0


def edit_alignment(
    a: Any,
    b: Any,
    *,
    insert: float = 1,
    delete: float = 1,
    substitute: float = 1,
    transpose: float | None = None,
    max_cells: int = MAX_CELLS,
) -> EditAlignment:
    """The edits themselves.

    Parameters
    ----------
    a, b, insert, delete, substitute, transpose
        As for `edit_distance`.
    max_cells : int, optional
        Largest n times m; default 1e9, which takes 0.5 GB (half a byte each).

    Returns
    -------
    EditAlignment
        Of several the one whose last edits are, in this order: match or substitute, delete, insert, transpose.

    Raises
    ------
    InputError
        As for `edit_distance`, and if there are more than `max_cells` cells.

    Examples
    --------
    >>> edit_alignment("kitten", "sitting").operations
    ('substitute', 'match', 'match', 'match', 'substitute', 'match', 'insert')
    """
    weights = _weights(insert, delete, substitute, transpose)
    first, second, _ = codes_of(a, b)
    if first.size * second.size > max_cells:
        raise InputError(
            f"{first.size:,} times {second.size:,} cells are more than max_cells={max_cells:,}; edit_distance needs "
            "little memory, lcs finds what is common, or raise max_cells"
        )
    cost, operations, places = trace_edits(first, second, *weights)
    places.flags.writeable = False
    return EditAlignment(
        distance=_number(cost, insert, delete, substitute, transpose),
        operations=tuple(OPERATIONS[k] for k in operations),
        places=places,
        shape=(first.size, second.size),
    )


def _weights(insert: float, delete: float, substitute: float, transpose: float | None) -> tuple[float, ...]:
    for name, weight in (("insert", insert), ("delete", delete), ("substitute", substitute), ("transpose", transpose)):
        if weight is None and name == "transpose":
            continue
        if isinstance(weight, bool) or not isinstance(weight, int | float | np.number) or not 0 <= weight < math.inf:
            raise InputError(f"{name} must be a weight, 0 or more and finite, not {weight!r}")
    return float(insert), float(delete), float(substitute), -1.0 if transpose is None else float(transpose)


def _number(cost: float, *weights: float | None) -> float:
    """The cost, as an int if all weights are."""
    return int(cost) if all(weight is None or float(weight).is_integer() for weight in weights) else float(cost)
