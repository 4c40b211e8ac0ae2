"""The largest Lyapunov exponent of a sequence, with an interval and a status."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.divergence import follow_pairs
from ..sequence import series
from ._checks import check_whole
from ._evidence import MAX_ERROR, MIN_SAMPLES, judge_data, judge_determinism, judge_estimate, linear_error
from .delay import choose_delay
from .dimension import choose_dim
from .divergence import MAX_DIM, Fit, fit_rise
from .tangent import Ensemble, fit_ensemble
from .theiler import choose_theiler

__all__ = ["lyapunov_max"]

#: Embedding dimensions of the ensemble: the chosen one and the next three.
DIMS = 4
#: Systematic error of the method as a share of the value; see the notes of `lyapunov_max`.
SYSTEMATIC = 0.05
#: Weight of the disagreement with the slope of the divergence curve in the interval.
DISAGREEMENT = 0.5
#: Exponents are not told from 0 more finely than this, in nats per autocorrelation time.
RESOLUTION = 0.005
#: A divergence curve is followed for this many e-foldings, so that it saturates.
FOLDS = 6.0


def lyapunov_max(
    x: Any,
    *,
    dt: Any = None,
    channel: str | None = None,
    level: float = 0.90,
    delay: int | None = None,
    embedding_dim: int | None = None,
    theiler: int | None = None,
    draws: int = 400,
    rng: Any = 0,
) -> xr.Dataset:
    """Largest Lyapunov exponent of a sequence, with an interval, or the reasons why there is none.

    Linear maps fitted to neighbourhoods of the delay vectors carry a perturbation along the trajectory
    (Sano & Sawada 1985); its mean growth is the exponent. The estimate is the median over four
    embedding dimensions and two neighbourhood sizes. The divergence curve of Rosenstein et al. (1993) is the
    second, independent look: it must have a straight part, with a slope that agrees.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled and without gaps; 30 to 60 samples to the period of a flow and some
        thousands in all are good.
    dt : float or str, optional
        Sampling interval; needed for data that bring no time (1 for a map).
    channel : str, optional
        Which channel to take, if there are several.
    level : float, optional
        Probability that the interval should hold the true value; default 0.90.
    delay : int, optional
        Samples between the components of a delay vector; default half the delay of `estimate_delay`, because maps
        over shorter times are closer to linear, halved again for as long as neighbours do not predict over it.
    embedding_dim : int, optional
        Smallest dimension of the ensemble; default from `estimate_embedding_dim`, at least 2.
    theiler : int, optional
        Neighbours are more than this many samples apart, 1 or more; default from `estimate_theiler`, for each
        dimension.
    draws : int, optional
        Bootstrap samples of blocks of time; default 400.
    rng : int or numpy.random.Generator, optional
        Seed of the bootstrap; default 0, so that the same data give the same answer.

    Returns
    -------
    xarray.Dataset
        `exponent` (nats per unit of time) and `interval` (dim ``end``: low, high); both NaN where the data
        do not support any number. `status` is ``"ok"`` or ``"inconclusive"``, `reasons` a text that is empty when
        ok. Over ``embedding_dim``: `slope`, `fit_region` (units of time) and `r2` of the `divergence` curve,
        which with its `local_slope` also runs over ``lag``; over ``size`` too: the `estimates` of the ensemble,
        their `prediction_error` (standard deviations of the data) and `voting`, whether they count. A sequence
        that cannot carry an estimate at all (constant, short, coarse or drifting) has none of these curves.

    Raises
    ------
    InputError
        If the sequence is empty or not usable, `dt` is missing or a parameter is out of range.
    GapError
        If samples are missing or time is irregular.

    Notes
    -----
    The interval joins, as independent errors: a block bootstrap over time; the spread of the ensemble; half the
    difference from the slope of the divergence curve; 5% of the value, the error of the method that remains with
    long data; and 0.005 nats per autocorrelation time. These weights and the thresholds of the status were
    set on Lorenz (16, 45.92, 4), Rossler (0.15, 0.2, 10), Chua, Duffing, Ueda, logistic 3.8 and 3.9, tent and
    Ikeda, never on the systems that benches/bench_accuracy.py reports.

    ``inconclusive`` comes with constant, short, coarse or drifting data, with data that neighbours do not predict
    (noise) or a linear model predicts as well (periodic motion, linear noise), with an interval that holds 0
    (cycles and tori), is wider than the value, or where the two methods disagree. The method presumes a stationary
    system of low dimension. Of the eighteen systems of the bench it leaves Arnold's cat map unanswered, and mostly
    those that diverge slowly beside their motion or fill more dimensions than 5000 samples show: Thomas,
    Hindmarsh-Rose and Lorenz 96 with 5 variables, whose few answers have wide intervals and are wrong more often.

    References
    ----------
    Sano & Sawada (1985), Phys. Rev. Lett. 55, 1082; Eckmann et al. (1986), Phys. Rev. A 34, 4971; Rosenstein,
    Collins & De Luca (1993), Physica D 65, 117; Casdagli (1992), J. R. Stat. Soc. B 54, 303.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Henon
    >>> found = lyapunov_max(Henon().trajectory(3000), channel="x")
    >>> str(found["status"].item()), abs(float(found["exponent"]) - 0.419) < 0.03
    ('ok', True)
    """
    values, step, unit = series(x, dt=dt, channel=channel)
    if not 0.0 < level < 1.0:
        raise InputError(f"level must lie between 0 and 1, not {level!r}")
    given = {"delay": delay, "embedding_dim": embedding_dim, "theiler": theiler}
    for name, value in given.items():
        if value is not None:
            check_whole(value, name, least=1)
    check_whole(draws, "draws", least=1)
    attrs = {
        "method": "growth along locally linear maps, checked against the divergence curve",
        "citation": "Sano & Sawada (1985); Rosenstein, Collins & De Luca (1993)",
        "version": __version__,
        "level": level,
        "dt": step,
        "time_unit": unit,
        "samples": len(values),
    }
    if np.ptp(values) == 0:
        return _unanswered([f"the sequence is constant ({values[0]:g})"], unit, attrs)
    if len(values) < MIN_SAMPLES:
        return _unanswered([f"{len(values)} samples; at least {MIN_SAMPLES} are needed"], unit, attrs)

    scaled = (values - values.mean()) / values.std()
    scaled.flags.writeable = False
    found = choose_delay(scaled)
    if reasons := judge_data(values, found.memory):
        return _unanswered(reasons, unit, attrs)
    wide = found.delay if delay is None else delay
    generator = np.random.default_rng(rng)
    tried = []
    while True:
        pace = max(1, round(wide / 2)) if delay is None else delay
        first = embedding_dim or max(2, choose_dim(scaled, wide, 2 * found.memory, MAX_DIM)[0] or MAX_DIM)
        dims = np.arange(first, first + DIMS)
        if len(values) - dims[-1] * pace < MIN_SAMPLES // 2:
            raise InputError(
                f"{len(values)} samples are too few for delay {pace} and dimensions up to {dims[-1]}; "
                "choose a smaller delay or embedding_dim, or a longer sequence"
            )
        theilers = [choose_theiler(scaled, pace, int(m), found.memory) if theiler is None else theiler for m in dims]
        ensemble = fit_ensemble(scaled, delay=pace, dims=dims, theilers=theilers, draws=draws, rng=generator)
        reasons = judge_determinism(ensemble.error, linear_error(scaled, pace, int(dims[-1]) + DIMS))
        tried.append((pace, first, dims, theilers, ensemble, reasons))
        # Where a slow switch between wells sets the delay, what folds within a well is lost at it, not at shorter ones.
        if delay is not None or pace == 1 or not ensemble.error > MAX_ERROR:
            break
        wide //= 2
    # Where none serves, the delay that the data suggest is the one to speak of.
    pace, first, dims, theilers, ensemble, reasons = tried[0 if reasons else -1]
    attrs |= {"delay": pace, "embedding_dim": first, "theiler": max(theilers)}

    steps = _steps(ensemble.centre, found.memory, len(values))
    curves = [follow_pairs(scaled, pace, int(m), w, 1, steps)[0] for m, w in zip(dims, theilers, strict=True)]
    fits = [fit_rise(curve) for curve in curves]
    exponent, low, high = float("nan"), float("nan"), float("nan")
    if not reasons:
        slope = float(np.median([fit.slope for fit in fits]))
        exponent, low, high = _interval(ensemble, slope, found.memory, level)
        reasons = judge_estimate(exponent, low, high, slope, float(np.median([fit.r2 for fit in fits])))
    answer = _answer(exponent / step, (low / step, high / step), reasons, unit)
    return xr.Dataset(answer, coords={"end": ["low", "high"]}, attrs=attrs).merge(
        _details(ensemble, np.array(curves), fits, step, unit, scale=float(values.std()))
    )


def _steps(exponent: float, memory: int, n: int) -> int:
    """Steps to follow neighbours: some e-foldings, or 20 autocorrelation times where nothing grows."""
    wanted = FOLDS / exponent if exponent * memory > RESOLUTION else 20.0 * memory
    return int(np.clip(wanted, 10, n // 5))


def _interval(ensemble: Ensemble, slope: float, memory: int, level: float) -> tuple[float, float, float]:
    """Centre and ends of the interval, nats per sample."""
    centre = ensemble.centre
    tail = (1.0 - level) / 2.0
    z = NormalDist().inv_cdf(1.0 - tail)
    low, high = np.quantile(ensemble.draws, [tail, 1.0 - tail])
    difference = slope - centre if np.isfinite(slope) else centre
    # SYSTEMATIC, DISAGREEMENT and RESOLUTION were set at level 0.90; other levels scale them.
    scale = z / NormalDist().inv_cdf(0.95)
    rest = scale * np.array([SYSTEMATIC * centre, DISAGREEMENT * difference, RESOLUTION / memory])
    common = (rest**2).sum() + (z * ensemble.spread) ** 2
    below, above = max(centre - low, 0.0), max(high - centre, 0.0)
    return centre, centre - float(np.sqrt(below**2 + common)), centre + float(np.sqrt(above**2 + common))


def _answer(exponent: float, interval: tuple[float, float], reasons: list[str], unit: str) -> dict[str, Any]:
    rate = {"units": f"nat / ({unit})"}
    return {
        "exponent": ((), exponent, rate),
        "interval": ("end", list(interval), rate),
        "status": ((), "inconclusive" if reasons else "ok"),
        "reasons": ((), "; ".join(reasons)),
    }


def _unanswered(reasons: list[str], unit: str, attrs: dict[str, Any]) -> xr.Dataset:
    nan = float("nan")
    return xr.Dataset(_answer(nan, (nan, nan), reasons, unit), coords={"end": ["low", "high"]}, attrs=attrs)


def _details(
    ensemble: Ensemble, curves: np.ndarray, fits: list[Fit], step: float, unit: str, *, scale: float
) -> xr.Dataset:
    """What the answer rests on: the curves in the data's own unit, their fits, and the ensemble."""
    rate = {"units": f"nat / ({unit})"}
    both = ("embedding_dim", "size")
    return xr.Dataset(
        {
            "divergence": (("embedding_dim", "lag"), curves + np.log(scale), {"units": "nat"}),
            "local_slope": (("embedding_dim", "lag"), np.gradient(curves, step, axis=1), rate),
            "slope": ("embedding_dim", [fit.slope / step for fit in fits], rate),
            "fit_region": (
                ("embedding_dim", "end"),
                [[fit.first * step, fit.last * step] for fit in fits],
                {"units": unit},
            ),
            "r2": ("embedding_dim", [fit.r2 for fit in fits], {"units": "1"}),
            "estimates": (both, ensemble.exponents / step, rate),
            "prediction_error": (both, ensemble.errors, {"units": "standard deviations"}),
            "neighbours": (both, ensemble.counts, {"units": "1"}),
            "voting": (both, ensemble.voting),
        },
        coords={
            "embedding_dim": ensemble.dims,
            "size": ["small", "large"],
            "lag": ("lag", np.arange(curves.shape[1]) * step, {"units": unit}),
            "end": ["low", "high"],
        },
    )
