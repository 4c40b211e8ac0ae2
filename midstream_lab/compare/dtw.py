"""Dynamic time warping: the distance of two sequences whose pace may differ, and how they match."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..kernels.compare.dtw import measure_dtw, trace_dtw
from ..kernels.compare.warping import fill_costs, measure_warping, trace_warping
from ._pairs import columns, pair_of, refuse_bad
from .alignment import Alignment
from .region import band, check_window, itakura_region

__all__ = ["STEP_PATTERNS", "derivative", "dtw", "dtw_distance"]

#: Step patterns by name, in the order of the kernels.
STEP_PATTERNS = ("symmetric1", "symmetric2", "asymmetric")
COSTS = ("squared", "absolute")
#: Most cells whose path is traced, and whose costs are kept, unless the caller raises it.
MAX_CELLS = 4_000_000_000
NO_WEIGHTS = np.empty(0)
NO_WEIGHTS.flags.writeable = False


@dataclass(frozen=True)
class Variant:
    """What differs from plain DTW; the defaults are plain."""

    window: Any = None
    itakura: Any = None
    cost: str = "squared"
    step_pattern: str = "symmetric1"
    penalty: float = 0.0
    weight: float | None = None
    open_begin: bool = False
    open_end: bool = False

    def __post_init__(self) -> None:
        if self.cost not in COSTS:
            raise InputError(f"cost must be 'squared' or 'absolute', not {self.cost!r}")
        if self.step_pattern not in STEP_PATTERNS:
            raise InputError(f"step_pattern must be one of {', '.join(STEP_PATTERNS)}, not {self.step_pattern!r}")
        if not (math.isfinite(self.penalty) and self.penalty >= 0):
            raise InputError(f"penalty must be 0 or more and finite, not {self.penalty!r}")
        if self.weight is not None and not (math.isfinite(self.weight) and self.weight >= 0):
            raise InputError(f"weight must be the steepness of the weights, 0 or more, or None, not {self.weight!r}")
        for name in ("open_begin", "open_end"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"{name} must be True or False, not {getattr(self, name)!r}")
        if self.window is not None and self.itakura is not None:
            raise InputError("give window or itakura, not both")
        if (self.open_begin or self.open_end) and self.step_pattern == "symmetric2":
            raise InputError(
                "open ends need step_pattern 'symmetric1' or 'asymmetric': with symmetric2 the cost grows with the "
                "length of the part of y, so that parts of different lengths do not compare"
            )

    @property
    def squared(self) -> bool:
        return self.cost == "squared"

    @property
    def open(self) -> bool:
        return self.open_begin or self.open_end

    @property
    def plain(self) -> bool:
        """Whether the fast kernels do it."""
        straight = self.step_pattern == "symmetric1" and self.itakura is None
        return straight and self.penalty == 0.0 and self.weight is None and not self.open

    def region(self, n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
        """First and last column of each row."""
        if self.itakura is not None:
            return itakura_region(n, m, self.itakura)
        # an open end frees the path from the corner, so that any band is wide enough to begin with
        window = check_window(self.window, n, m if not self.open else n)
        return band(n, m, max(window, max(n, m) if self.window is None else 0))

    def arguments(self, a: np.ndarray, b: np.ndarray) -> tuple[Any, ...]:
        """What the general kernels take, up to the open begin."""
        n, m = len(a), len(b)
        first, last = self.region(n, m)
        for array in (first, last):
            array.flags.writeable = False
        pattern = STEP_PATTERNS.index(self.step_pattern)
        weights = NO_WEIGHTS if self.weight is None else logistic_weights(max(n, m), self.weight)
        return (
            columns(a), columns(b), first, last, self.squared, pattern, float(self.penalty), weights,
            self.open_begin,
        )  # fmt: skip

    def rooted(self, cost: float) -> float:
        return math.sqrt(cost) if self.squared else cost

    def __str__(self) -> str:
        said = {k: v for k, v in vars(self).items() if k != "cost" and v != getattr(PLAIN, k)}
        kind = "square root of the summed squared" if self.squared else "sum of the absolute"
        return ", ".join([f"dynamic time warping, {kind} differences", *(f"{k} {v}" for k, v in said.items())])


PLAIN = Variant()
PLAIN_OPTIONS = tuple(vars(PLAIN).values())[1:]


def logistic_weights(n: int, steepness: float) -> np.ndarray:
    """Weights of weighted DTW by ``|i - j|``, from near 0 to near 1, a half at n / 2 (Jeong, Jeong & Omitaomu 2011)."""
    weights = 1.0 / (1.0 + np.exp(-steepness * (np.arange(n) - n / 2)))
    weights.flags.writeable = False
    return weights


def derivative(x: Any) -> np.ndarray:
    """Slopes for derivative DTW: the mean of the step to a sample and half the step across it.

    Parameters
    ----------
    x : array_like, shape (n,) or (n, channels)
        At least 3 samples.

    Returns
    -------
    ndarray of float64, shape (n - 2,) or (n - 2, channels)
        ``((x[i] - x[i-1]) + (x[i+1] - x[i-1]) / 2) / 2`` of the inner samples.

    References
    ----------
    Keogh & Pazzani (2001), Derivative dynamic time warping, SIAM International Conference on Data Mining.

    Examples
    --------
    >>> derivative([0.0, 1.0, 4.0, 9.0]).tolist()
    [1.5, 3.5]
    """
    values, _ = pair_of(x, x)
    if len(values) < 3:
        raise InputError(f"{len(values)} samples have no slope; at least 3 are needed")
    return ((values[1:-1] - values[:-2]) + (values[2:] - values[:-2]) / 2.0) / 2.0


def dtw_distance(
    x: Any,
    y: Any,
    *,
    window: int | None = None,
    itakura: float | None = None,
    cost: str = "squared",
    step_pattern: str = "symmetric1",
    penalty: float = 0.0,
    weight: float | None = None,
    open_begin: bool = False,
    open_end: bool = False,
) -> float:
    """Dynamic time warping distance of two sequences, in linear memory.

    Every element is matched with at least one of the other sequence, in order, at the least cost (Sakoe & Chiba
    1978). By default the distance is the square root of the summed squared differences, so that of sequences matched
    one to one it is the Euclidean distance; the packages dtaidistance and tslearn have the same convention, aeon
    leaves the square root out.

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, channels), (m,) or (m, channels)
        Sequences of numbers, not empty, of the same number of channels; the lengths may differ. The channels warp
        together: the cost of a pair is summed over them.
    window : int, optional
        Half-width of the Sakoe-Chiba band in samples: only pairs with ``|i - j| <= window``; at least ``|n - m|``.
        Default: no band. (The window of dtaidistance is one more, and wider between unequal lengths; that of aeon is a
        share of the length.)
    itakura : float, optional
        Largest slope of the Itakura parallelogram instead of a band; 2 is usual.
    cost : {"squared", "absolute"}, optional
        Cost of a pair. Of squared costs the square root of the sum is taken, of absolute ones the sum.
    step_pattern : {"symmetric1", "symmetric2", "asymmetric"}, optional
        symmetric1 (default): steps along x, along y or both, of the same weight. symmetric2: a step along both
        counts its cost twice. asymmetric: each element of x is matched once, with 0, 1 or 2 steps along y.
    penalty : float, optional
        Added to the summed cost at each step that is not along both; in squared units if the cost is squared.
        Default 0.
    weight : float, optional
        Steepness of the logistic weights of weighted DTW: costs count for more the further ``|i - j|`` is from 0.
    open_begin, open_end : bool, optional
        Whether x may be matched with a part of y that begins later or ends sooner (Tormene et al. 2009).

    Returns
    -------
    float
        0 or more.

    Raises
    ------
    InputError
        If a sequence is empty or not finite, the channels differ, the window is too narrow, or no path exists
        (asymmetric steps cannot reach the end of a y more than twice as long as x).

    See Also
    --------
    dtw : The alignment too.
    derivative : What derivative DTW compares.

    References
    ----------
    Sakoe & Chiba (1978), IEEE Trans. Acoust. Speech Signal Process. 26, 43; Itakura (1975), ibid. 23, 67; Jeong,
    Jeong & Omitaomu (2011), Pattern Recognition 44, 2231; Tormene et al. (2009), Artif. Intell. Med. 45, 11.

    Examples
    --------
    >>> dtw_distance([0, 1, 2, 1, 0], [0, 0, 1, 2, 1, 0])
    0.0
    >>> dtw_distance([0, 0, 0], [1, 2, 3], window=0) == 14 ** 0.5
    True
    """
    a, b = pair_of(x, y)
    options = (itakura, cost, step_pattern, penalty, weight, open_begin, open_end)
    if options == PLAIN_OPTIONS and a.ndim == 1:  # the usual case, without what would take longer than short sequences
        total = measure_dtw(a, b, check_window(window, len(a), len(b)), True)
        if math.isnan(total):
            refuse_bad(a, b)
        return math.sqrt(total)
    refuse_bad(a, b)
    variant = Variant(window, *options)
    if variant.plain and a.ndim == 1:
        return variant.rooted(measure_dtw(a, b, check_window(window, len(a), len(b)), variant.squared))
    return variant.rooted(_reached(measure_warping(*variant.arguments(a, b), variant.open_end), a, b, variant))


def dtw(
    x: Any,
    y: Any,
    *,
    window: int | None = None,
    itakura: float | None = None,
    cost: str = "squared",
    step_pattern: str = "symmetric1",
    penalty: float = 0.0,
    weight: float | None = None,
    open_begin: bool = False,
    open_end: bool = False,
    cost_matrix: bool = False,
    max_cells: int = MAX_CELLS,
) -> Alignment:
    """Align two sequences by dynamic time warping.

    Parameters
    ----------
    x, y, window, itakura, cost, step_pattern, penalty, weight, open_begin, open_end
        As for `dtw_distance`.
    cost_matrix : bool, optional
        Keep the costs of all n times m cells (8 bytes each); default False.
    max_cells : int, optional
        Largest n times m; default 4e9. The path of plain DTW of one channel takes about n m / 4 bytes at
        n = 1,000 and less beyond, that of the variants n m / 4.

    Returns
    -------
    Alignment
        Of several best paths the one whose last steps are along both, else along x.

    Raises
    ------
    InputError
        As for `dtw_distance`, and if there are more than `max_cells` cells.

    Examples
    --------
    >>> found = dtw([0, 1, 2, 1, 0], [0, 0, 1, 2, 1, 0])
    >>> found.distance, found.path.tolist()
    (0.0, [[0, 0], [0, 1], [1, 2], [2, 3], [3, 4], [4, 5]])
    """
    a, b = pair_of(x, y)
    refuse_bad(a, b)
    variant = Variant(window, itakura, cost, step_pattern, penalty, weight, open_begin, open_end)
    n, m = len(a), len(b)
    if n * m > max_cells:
        raise InputError(
            f"{n:,} times {m:,} cells are more than max_cells={max_cells:,}; dtw_distance needs no path and little "
            "memory, a narrow window or every k-th sample makes it smaller, or raise max_cells"
        )
    if variant.plain and a.ndim == 1:
        total, path = trace_dtw(a, b, check_window(window, n, m), variant.squared)
    else:
        total, path = trace_warping(*variant.arguments(a, b), variant.open_end)
        _reached(total, a, b, variant)
    costs = None
    if cost_matrix:
        costs = xr.DataArray(
            fill_costs(*variant.arguments(a, b)),
            dims=("x", "y"),
            attrs={"long_name": "cost of the best path to each cell", "cost": variant.cost},
        )
    path.flags.writeable = False
    return Alignment(distance=variant.rooted(total), path=path, measure=str(variant), shape=(n, m), cost_matrix=costs)


def _reached(total: float, a: np.ndarray, b: np.ndarray, variant: Variant) -> float:
    if math.isfinite(total):
        return total
    raise InputError(
        f"no path with {variant.step_pattern} steps leads through the region from begin to end of lengths "
        f"{len(a)} and {len(b)}; widen window or itakura, or use step_pattern='symmetric1'"
    )
