"""The 0-1 test for chaos."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.zero_one import correlate_growth
from ._checks import check_whole, frozen, samples
from .delay import choose_delay

__all__ = ["zero_one_test"]

#: Range of c as shares of pi: away from the resonances at 0 and at pi.
ANGLES = (0.2, 0.8)
#: Fewest samples after decimation, and the largest that is used (the cost grows with the square).
MIN_SAMPLES, MAX_SAMPLES = 200, 5000
#: Displacements are followed for this share of the samples.
CUT = 0.1
#: Below and above these the answer is plain.
REGULAR, IRREGULAR = 0.2, 0.8


def zero_one_test(
    x: Any,
    *,
    decimation: int | None = None,
    angles: int = 100,
    level: float = 0.90,
    rng: Any = 0,
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """0-1 test for chaos: 0 for regular motion, 1 for chaos, and 1 for noise as well.

    The data drive a walk in the plane; K is the correlation of its mean square displacement with time, as a median
    over many frequencies c. It is a veto, not a proof: a K near 0 speaks against chaos, a K near 1 does not tell chaos
    from noise. Oversampled flows look regular, so they are decimated.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled and without gaps. Its mean is removed, so that the oscillating part of the
        displacement that comes of it vanishes.
    decimation : int, optional
        Every how manyth sample is used; default the delay of `estimate_delay`. Of what is left, the first 5,000.
    angles : int, optional
        Number of c, drawn between pi/5 and 4 pi/5; 10 or more, default 100.
    level : float, optional
        Level of the interval; default 0.90.
    rng : int or numpy.random.Generator, optional
        Seed of the c; default 0, so that the same data give the same answer.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        `k`, the median; its `interval` (dim ``end``: low, high), from the order statistics over c, which does not hold
        what another stretch of data would change; `verdict`: ``"regular"`` where it lies below 0.2, ``"irregular"``
        where it lies above 0.8, else ``"undecided"``; `status` (inconclusive: undecided, or too few data) and
        `reasons`; over ``c``, `growth`, the correlation of each.

    Raises
    ------
    InputError
        If the sequence is not usable or a parameter is out of range.
    GapError
        If samples are missing.

    References
    ----------
    Gottwald & Melbourne (2004), Proc. R. Soc. A 460, 603; (2009), SIAM J. Appl. Dyn. Syst. 8, 129.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Logistic
    >>> chaos, cycle = Logistic(r=4.0).trajectory(2000), Logistic(r=3.5).trajectory(2000)
    >>> str(zero_one_test(chaos)["verdict"].item()), str(zero_one_test(cycle)["verdict"].item())
    ('irregular', 'regular')
    """
    values, step, unit = samples(x, dt=dt, channel=channel)
    if decimation is not None:
        check_whole(decimation, "decimation", least=1)
    angles = check_whole(angles, "angles", least=10)
    if not 0.0 < level < 1.0:
        raise InputError(f"level must lie between 0 and 1, not {level!r}")
    constant = np.ptp(values) == 0
    if decimation is None:
        decimation = 1 if constant or len(values) < MIN_SAMPLES else choose_delay(values).delay
    thinned = values[::decimation][:MAX_SAMPLES]
    c = np.sort(np.random.default_rng(rng).uniform(ANGLES[0] * np.pi, ANGLES[1] * np.pi, angles))
    growth, k, low, high = np.full(angles, np.nan), np.nan, np.nan, np.nan
    reasons = []
    if constant:
        reasons.append(f"the sequence is constant ({values[0]:g})")
    elif len(thinned) < MIN_SAMPLES:
        reasons.append(
            f"{len(thinned)} samples are left after taking every {decimation}; at least {MIN_SAMPLES} are needed"
        )
    else:
        scaled = (thinned - thinned.mean()) / values.std()
        growth = correlate_growth(frozen(scaled), frozen(c), int(CUT * len(scaled)))
        k = float(np.median(growth))
        low, high = _interval(np.sort(growth), level)
    verdict = "regular" if k < REGULAR else "irregular" if k > IRREGULAR else "undecided"
    if verdict == "undecided" and not reasons:
        reasons.append(f"K is {k:.2f}, neither near 0 nor near 1: use more data or another decimation")
    return xr.Dataset(
        {
            "k": ((), k, {"units": "1"}),
            "interval": ("end", [low, high], {"units": "1"}),
            "verdict": ((), verdict),
            "status": ((), "inconclusive" if reasons else "ok"),
            "reasons": ((), "; ".join(reasons)),
            "growth": ("c", growth, {"units": "1"}),
        },
        coords={"end": ["low", "high"], "c": ("c", c, {"units": "rad"})},
        attrs={
            "method": "0-1 test, correlation method, mean removed",
            "citation": "Gottwald & Melbourne (2009)",
            "version": __version__,
            "level": level,
            "decimation": decimation,
            "samples": len(thinned),
            "dt": step,
            "time_unit": unit,
        },
    )


def _interval(ordered: np.ndarray, level: float) -> tuple[float, float]:
    """Interval of the median of independent values, from their ranks (normal approximation of the binomial)."""
    n = len(ordered)
    half = NormalDist().inv_cdf(0.5 + level / 2.0) * np.sqrt(n) / 2.0
    return float(ordered[max(0, int(np.floor(n / 2.0 - half)))]), float(
        ordered[min(n - 1, int(np.ceil(n / 2.0 + half)))]
    )
