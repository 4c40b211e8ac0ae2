"""Entropies of a sequence: of its ordinal patterns, and of its repetition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.correlation import MAXIMUM, count_pairs
from ..kernels.attractors.embedding import embed_delay
from ..kernels.attractors.entropy import count_patterns, weigh_patterns
from ._checks import check_length, check_radius, check_whole, samples
from ._points import pairs_beyond

__all__ = ["permutation_entropy", "sample_entropy"]

#: Longest ordinal pattern: 40,320 kinds.
MAX_ORDER = 8
#: Windows needed for each possible pattern, and fewest matches of a template.
PER_PATTERN, MIN_MATCHES = 5, 10


def permutation_entropy(
    x: Any, *, order: int = 3, delay: int = 1, weighted: bool = False, dt: Any = None, channel: str | None = None
) -> xr.Dataset:
    """Shannon entropy of the ordinal patterns of a sequence.

    Ties: of equal values the earlier counts as the smaller, as a stable sort has it. In coarsely quantised data
    this favours rising patterns; add noise below the resolution if that matters.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled and without gaps.
    order : int, optional
        Samples in a pattern, 2 to 8; default 3.
    delay : int, optional
        Samples between them; default 1.
    weighted : bool, optional
        Weight every window by its variance (Fadlallah et al. 2013); default False.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        `entropy` in nats; `normalised`, its share of the largest, ln(order!); `patterns`, the number of windows;
        `forbidden`, the share of the possible patterns that never come; `status` and `reasons`: inconclusive with
        fewer than 5 windows for each possible pattern, or, if weighted, where nothing varies.

    Raises
    ------
    InputError
        If the sequence is shorter than one pattern or not usable, or a parameter is out of range.
    GapError
        If samples are missing.

    References
    ----------
    Bandt & Pompe (2002), Phys. Rev. Lett. 88, 174102; Fadlallah et al. (2013), Phys. Rev. E 87, 022911.

    Examples
    --------
    >>> float(permutation_entropy([4, 7, 9, 10, 6, 11, 3], order=2)["entropy"].round(3))
    0.637
    """
    values, step, unit = samples(x, dt=dt, channel=channel)
    order, delay = check_order(order, delay)
    check_length(len(values), delay, order)
    counts = np.zeros(math.factorial(order), np.int64)
    count_patterns(values, order, delay, counts)
    weights = counts.astype(np.float64)
    if weighted:
        weights[:] = 0.0
        weigh_patterns(values, order, delay, weights)
    return describe_patterns(
        counts,
        weights,
        attrs={"order": order, "delay": delay, "weighted": int(weighted), "dt": step, "time_unit": unit},
    )


def check_order(order: Any, delay: Any) -> tuple[int, int]:
    """Order and delay of ordinal patterns, checked."""
    return check_whole(order, "order", least=2, most=MAX_ORDER), check_whole(delay, "delay", least=1)


def describe_patterns(counts: np.ndarray, weights: np.ndarray, *, attrs: dict[str, Any]) -> xr.Dataset:
    """The result of `permutation_entropy` from how often each pattern comes, and with what weight."""
    rows, whole = int(counts.sum()), float(weights.sum())
    reasons = []
    if rows < PER_PATTERN * len(counts):
        reasons.append(
            f"{rows} windows for {len(counts)} possible patterns; at least {PER_PATTERN * len(counts)} are needed"
        )
    entropy = float("nan")
    if whole > 0:
        p = weights[weights > 0] / whole
        entropy = 0.0 - float((p * np.log(p)).sum())
    else:
        reasons.append("nothing varies within a pattern: all weights are 0")
    return xr.Dataset(
        {
            "entropy": ((), entropy, {"units": "nat"}),
            "normalised": ((), entropy / math.log(len(counts)), {"units": "1"}),
            "patterns": ((), rows, {"units": "1"}),
            "forbidden": ((), float(np.mean(counts == 0)), {"units": "1"}),
            "status": ((), "inconclusive" if reasons else "ok"),
            "reasons": ((), "; ".join(reasons)),
        },
        attrs={
            "method": "entropy of ordinal patterns; of equal values the earlier counts as the smaller",
            "citation": "Bandt & Pompe (2002)",
            "version": __version__,
            **attrs,
        },
    )


def sample_entropy(
    x: Any,
    *,
    dim: int = 2,
    radius: float | None = None,
    delay: int = 1,
    theiler: int = 0,
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """Sample entropy: minus the log of the share of matches of `dim` samples that go on to match in the next.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled and without gaps.
    dim : int, optional
        Samples of a template, 1 or more; default 2.
    radius : float, optional
        Two templates match if no sample differs by more; in units of `x`. Default 0.2 standard deviations (with the
        divisor n).
    delay : int, optional
        Samples between those of a template; default 1.
    theiler : int, optional
        Templates closer than this in time are not compared; default 0, as in the original: only a template and itself
        are not. Smooth data need more, else the entropy is that of the sampling rate.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        `entropy` in nats, NaN without a single match, inf where none goes on; `matches` (dim ``length``: of `dim` and
        of `dim` + 1 samples); `status` and `reasons`: inconclusive with fewer than 10 matches of the longer ones.

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable, or a parameter is out of range.
    GapError
        If samples are missing.

    References
    ----------
    Richman & Moorman (2000), Am. J. Physiol. Heart Circ. Physiol. 278, H2039.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal(5000)
    >>> 2.1 < float(sample_entropy(noise)["entropy"]) < 2.3
    True
    """
    values, step, unit = samples(x, dt=dt, channel=channel)
    dim = check_whole(dim, "dim", least=1)
    delay = check_whole(delay, "delay", least=1)
    theiler = check_whole(theiler, "theiler", least=0)
    rows = check_length(len(values), delay, dim + 1)
    if rows <= theiler + 1:
        raise InputError(f"{len(values)} samples leave no two templates to compare; use a longer sequence")
    if radius is None and np.ptp(values) == 0:
        raise InputError(f"the sequence is constant ({values[0]!r}), so 0.2 standard deviations are 0; give radius=...")
    radius = 0.2 * float(values.std()) if radius is None else check_radius(radius)
    limit = np.array([radius])
    matches = [
        int(count_pairs(embed_delay(values, delay, m, rows), limit, theiler, MAXIMUM)[0]) for m in (dim, dim + 1)
    ]
    shorter, longer = matches
    reasons = []
    if longer < MIN_MATCHES:
        reasons.append(f"{longer} matches of {dim + 1} samples; at least {MIN_MATCHES} are needed")
    entropy = math.inf if shorter else math.nan
    if longer:
        entropy = math.log(shorter / longer)
    return xr.Dataset(
        {
            "entropy": ((), entropy, {"units": "nat"}),
            "matches": ("length", matches, {"units": "1"}),
            "status": ((), "inconclusive" if reasons else "ok"),
            "reasons": ((), "; ".join(reasons)),
        },
        coords={"length": ("length", [dim, dim + 1], {"units": "samples"})},
        attrs={
            "method": f"sample entropy, max norm; {pairs_beyond(rows, theiler)} pairs of templates",
            "citation": "Richman & Moorman (2000)",
            "version": __version__,
            "dim": dim,
            "radius": radius,
            "delay": delay,
            "theiler": theiler,
            "dt": step,
            "time_unit": unit,
        },
    )
