"""Lower bounds of the dynamic time warping distance, much cheaper than the distance itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..kernels.compare.bounds import bound_ends, bound_envelope, bound_improved, fill_envelope
from ._pairs import columns, pair_of, refuse_bad
from .dtw import Variant
from .region import check_window

__all__ = ["envelope", "lb_improved", "lb_keogh", "lb_kim"]


def envelope(y: Any, *, window: int | None = None) -> xr.Dataset:
    """Least and largest value within a window around each sample.

    Parameters
    ----------
    y : array_like, shape (m,) or (m, channels)
    window : int, optional
        Half-width in samples; default all.

    Returns
    -------
    xarray.Dataset
        `lower` and `upper`, dims ("sample",) or ("sample", "channel").

    References
    ----------
    Lemire (2006), Nordic Journal of Computing 13, 328: at most three comparisons a sample.

    Examples
    --------
    >>> envelope([0, 3, 1, 1], window=1)["upper"].values.tolist()
    [3.0, 3.0, 3.0, 1.0]
    """
    values, _ = pair_of(y, y)
    refuse_bad(values, values)
    lower, upper = _envelope(values, len(values), check_window(window, len(values), len(values)))
    dims = ("sample", "channel")[: values.ndim]
    return xr.Dataset({name: (dims, v.reshape(values.shape)) for name, v in (("lower", lower), ("upper", upper))})


def lb_kim(x: Any, y: Any, *, cost: str = "squared") -> float:
    """Distance of the two first samples and of the two last, which every warping path matches.

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, channels), (m,) or (m, channels)
    cost : {"squared", "absolute"}, optional
        As of `dtw_distance`.

    Returns
    -------
    float
        At most ``dtw_distance(x, y, cost=cost)``, whatever its window.

    References
    ----------
    Kim, Park & Chu (2001), ICDE; in the form of Rakthanmanon et al. (2012), KDD, without the extremes.

    Examples
    --------
    >>> lb_kim([3, 9, 9], [0, 9, 5])
    5.0
    """
    a, b, variant = _given(x, y, None, cost)
    return variant.rooted(bound_ends(columns(a), columns(b), variant.squared))


def lb_keogh(x: Any, y: Any, *, window: int | None = None, cost: str = "squared") -> float:
    """How far x lies outside the envelope of y.

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, channels), (m,) or (m, channels)
        It differs from the bound with x and y exchanged; the larger of both is a bound too.
    window, cost
        As of `dtw_distance`.

    Returns
    -------
    float
        At most ``dtw_distance(x, y, window=window, cost=cost)``.

    References
    ----------
    Keogh & Ratanamahatana (2005), Knowledge and Information Systems 7, 358.

    Examples
    --------
    >>> lb_keogh([5, 0, 0], [1, 2, 1], window=1) == (3**2 + 1 + 1) ** 0.5
    True
    """
    a, b, variant = _given(x, y, window, cost)
    lower, upper = _envelope(b, len(a), check_window(window, len(a), len(b)))
    return variant.rooted(bound_envelope(columns(a), lower, upper, variant.squared))


def lb_improved(x: Any, y: Any, *, window: int | None = None, cost: str = "squared") -> float:
    """`lb_keogh`, and what remains between y and x as moved onto the envelope of y.

    Parameters
    ----------
    x, y, window, cost
        As of `lb_keogh`.

    Returns
    -------
    float
        At least `lb_keogh` and at most `dtw_distance` with the same options.

    References
    ----------
    Lemire (2009), Pattern Recognition 42, 2169.

    Examples
    --------
    >>> x, y = [0, 0, 0, 0], [0, 4, -4, 0]
    >>> lb_keogh(x, y, window=1), lb_improved(x, y, window=1) == 32**0.5
    (0.0, True)
    """
    a, b, variant = _given(x, y, window, cost)
    width = check_window(window, len(a), len(b))
    lower, upper = _envelope(b, len(a), width)
    x2, y2 = columns(a), columns(b)
    total = bound_envelope(x2, lower, upper, variant.squared)
    return variant.rooted(total + bound_improved(x2, y2, lower, upper, width, variant.squared))


def _given(x: Any, y: Any, window: Any, cost: str) -> tuple[np.ndarray, np.ndarray, Variant]:
    a, b = pair_of(x, y)
    refuse_bad(a, b)
    return a, b, Variant(window=window, cost=cost)


def _envelope(y: np.ndarray, length: int, window: int) -> tuple[np.ndarray, np.ndarray]:
    lower, upper = np.empty((2, length, columns(y).shape[1]))
    fill_envelope(columns(y), window, lower, upper)
    return lower, upper
