"""What a matrix profile tells: shapes that come again, and those that are like nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ._windows import whole

__all__ = ["discords", "motifs"]


def motifs(profile: xr.Dataset, *, k: int = 3) -> xr.Dataset:
    """Pairs of windows that are most alike, the best first; no two starts nearer than the exclusion zone.

    Parameters
    ----------
    profile : xarray.Dataset
        From `matrix_profile`.
    k : int, optional
        At most how many; default 3.

    Returns
    -------
    xarray.Dataset
        `first` and `second`, where the windows start, and `distance`, over ``motif``; `first_time` and `second_time`
        where the series brought times. Fewer than k where no more windows have a neighbour.

    Raises
    ------
    InputError
        If `profile` is something else, or k is not 1 or more.

    References
    ----------
    Mueen et al. (2009), SDM; Yeh et al. (2016), ICDM.

    Examples
    --------
    >>> from midstream_lab.compare import matrix_profile
    >>> found = motifs(matrix_profile([0, 1, 3, 0, 9, 7, 0, 2, 6, 0], window=3), k=1)
    >>> found["first"].values.tolist(), found["second"].values.tolist()
    ([0], [6])
    """
    values, exclusion = _read(profile, k)
    index = profile["index"].values
    free = np.isfinite(values)
    pairs: list[tuple[int, int]] = []
    for i in np.argsort(values, kind="stable"):
        j = int(index[i])
        if len(pairs) == k or not np.isfinite(values[i]):
            break
        if free[i] and free[j]:
            pairs.append((min(int(i), j), max(int(i), j)))
            for at in pairs[-1]:
                free[max(0, at - exclusion) : at + exclusion + 1] = False
    starts = np.array(pairs, np.int64).reshape(-1, 2)
    nearest = np.minimum(values[starts[:, 0]], values[starts[:, 1]])
    found: dict[str, Any] = {
        "first": ("motif", starts[:, 0], {"units": "samples"}),
        "second": ("motif", starts[:, 1], {"units": "samples"}),
        "distance": ("motif", nearest, dict(profile["profile"].attrs)),
    }
    if "time" in profile.coords:
        found |= {
            f"{name}_time": ("motif", profile["time"].values[starts[:, c]])
            for c, name in enumerate(("first", "second"))
        }
    return _dataset(found, profile, "motifs")


def discords(profile: xr.Dataset, *, k: int = 3) -> xr.Dataset:
    """Windows whose nearest neighbour is farthest, the strangest first; no two nearer than the exclusion zone.

    Parameters
    ----------
    profile : xarray.Dataset
        From `matrix_profile` or `join_profile`.
    k : int, optional
        At most how many; default 3.

    Returns
    -------
    xarray.Dataset
        `start`, where the window starts, `distance` to its nearest neighbour and `nearest`, where that starts, over
        ``discord``; `time` where the series brought times. Windows without a neighbour are left out.

    Raises
    ------
    InputError
        If `profile` is something else, or k is not 1 or more.

    References
    ----------
    Keogh, Lin & Fu (2005), ICDM; Yeh et al. (2016), ICDM.

    Examples
    --------
    >>> from midstream_lab.compare import matrix_profile
    >>> wave = [0, 1, 2, 1, 0, -1, -2, -1] * 4
    >>> wave[18] = -2
    >>> found = discords(matrix_profile(wave, window=4), k=1)
    >>> found["start"].values.tolist()
    [16]
    """
    values, exclusion = _read(profile, k)
    free = np.isfinite(values)
    chosen: list[int] = []
    for i in np.argsort(-values, kind="stable"):
        if len(chosen) == k:
            break
        if free[i]:
            chosen.append(int(i))
            free[max(0, i - exclusion) : i + exclusion + 1] = False
    starts = np.array(chosen, np.int64)
    found: dict[str, Any] = {
        "start": ("discord", starts, {"units": "samples"}),
        "distance": ("discord", values[starts], dict(profile["profile"].attrs)),
        "nearest": ("discord", profile["index"].values[starts], {"units": "samples"}),
    }
    if "time" in profile.coords:
        found["time"] = ("discord", profile["time"].values[starts])
    return _dataset(found, profile, "discords")


def _read(profile: Any, k: Any) -> tuple[np.ndarray, int]:
    """The distances and the exclusion zone of a matrix profile."""
    if not isinstance(profile, xr.Dataset) or not {"profile", "index"} <= set(profile.variables):
        raise InputError("motifs and discords need the Dataset that matrix_profile gives")
    values = profile["profile"].values
    whole(k, "k", least=1, most=len(values), why="the number of windows")
    return values, int(profile.attrs["exclusion"])


def _dataset(found: dict[str, Any], profile: xr.Dataset, method: str) -> xr.Dataset:
    kept = {name: profile.attrs[name] for name in ("window", "exclusion")}
    return xr.Dataset(found, attrs={**kept, "method": method, "version": __version__})
