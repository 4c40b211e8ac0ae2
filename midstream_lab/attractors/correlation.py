"""Correlation sum of a trajectory: how the share of close pairs grows with the radius."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.correlation import count_pairs
from ._points import check_norm, embedded, limits_of, pairs_beyond

__all__ = ["correlation_sum"]

#: Default radii: their number, the largest as a share of the range of the data, and its ratio to the smallest.
RADII, LARGEST, SPAN = 40, 0.25, 1000.0


def default_radii(points: np.ndarray) -> np.ndarray:
    """Evenly spaced in the logarithm, from a four-thousandth to a quarter of the range of the first component."""
    return float(np.ptp(points[:, 0])) * LARGEST * np.geomspace(1.0 / SPAN, 1.0, RADII)


def check_radii(radii: Any) -> np.ndarray:
    """Radii as an increasing array of positive numbers."""
    try:
        array = np.asarray(radii, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.array([np.nan])
    if (
        array.ndim != 1
        or not len(array)
        or not np.isfinite(array).all()
        or array[0] <= 0
        or (np.diff(array) <= 0).any()
    ):
        raise InputError(f"radii must be increasing numbers above 0, at least one, not {radii!r}")
    return array


def correlation_sum(
    x: Any,
    *,
    radii: Any = None,
    delay: int | None = None,
    embedding_dim: int | None = None,
    theiler: int | None = None,
    norm: str = "max",
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """Share of the pairs of delay vectors that are no further apart than each radius.

    Pairs of at most `theiler` samples in time are left out of the numerator and of the denominator.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    radii : array_like, optional
        Increasing, in units of `x`; default 40, evenly spaced in the logarithm, from a four-thousandth to a quarter
        of the range of `x`.
    delay, embedding_dim : int, optional
        The embedding, in samples and components; default from `estimate_delay` and `estimate_embedding_dim`.
    theiler : int, optional
        Pairs are more than this many samples apart, 0 or more; default from `estimate_theiler`.
    norm : {"max", "euclidean"}, optional
        Distance of two vectors; default the largest difference of their components.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        Over ``radius``: `correlation_sum`; `pairs`, the number of pairs it rests on; `local_slope`, the derivative
        of its logarithm by that of the radius (NaN where no pair is so close).

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable, or a parameter is out of range.
    GapError
        If samples are missing.

    Notes
    -----
    Exact for every radius. Boxes of a k-d tree are counted against boxes, so memory grows linearly with n.
    Time grows with the number of close pairs: give smaller `radii` for sequences of 100,000 samples or more.

    References
    ----------
    Grassberger & Procaccia (1983), Phys. Rev. Lett. 50, 346; Theiler (1986), Phys. Rev. A 34, 2427.

    Examples
    --------
    >>> correlation_sum([0.0, 1.0, 2.0, 3.0], radii=[1, 2], delay=1, embedding_dim=1, theiler=0)["pairs"].values
    array([3, 5])
    """
    code = check_norm(norm)
    made = embedded(x, delay=delay, embedding_dim=embedding_dim, theiler=theiler, dt=dt, channel=channel)
    radii = default_radii(made.points) if radii is None else check_radii(radii)
    counts = count_pairs(made.points, limits_of(radii, code), made.theiler, code)
    share = counts / pairs_beyond(len(made.points), made.theiler)
    return xr.Dataset(
        {
            "correlation_sum": ("radius", share, {"units": "1"}),
            "pairs": ("radius", counts, {"units": "1"}),
            "local_slope": ("radius", slopes_of(radii, share), {"units": "1"}),
        },
        coords={"radius": radii},
        attrs={
            "method": f"correlation sum, {norm} norm; pairs outside the Theiler window",
            "citation": "Grassberger & Procaccia (1983); Theiler (1986)",
            "version": __version__,
            "norm": norm,
            **made.attrs,
        },
    )


def slopes_of(radii: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Derivative of ln(share) by ln(radii); NaN where the share is 0 or there is a single radius."""
    if len(radii) < 2:
        return np.full(len(radii), np.nan)
    logs = np.log(np.where(share > 0, share, np.nan))
    return np.gradient(logs, np.log(radii))
