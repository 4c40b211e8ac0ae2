"""What kind of attractor a sequence comes from, with the evidence, or why that cannot be said."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..mapping import map_series
from ..sequence import series
from ._evidence import MIN_SAMPLES, judge_data, linear_error
from .delay import choose_delay
from .lines import find_lines
from .lyapunov import lyapunov_max
from .surrogate_test import surrogate_test
from .zero_one import zero_one_test

__all__ = ["KINDS", "Evidence", "Verdict", "classify_attractor", "map_verdict"]

KINDS = ("fixed point", "limit cycle", "torus", "strange", "stochastic", "inconclusive")
#: A sequence whose range is this share of its size is at rest, to rounding.
REST = 1e-12
#: It has come to rest where the last fifth varies this much less than the first.
DECAYED = 1e-2
#: Largest residual of a sum of lines. Measured with 1% noise: cycles and tori at most 0.015, chaos at least 0.23.
LINES = 0.05
#: Repetitions of the fundamental that a cycle needs, and of each of the two that a torus needs.
REPEATS = 10
#: Least K of the 0-1 test for chaos; regular motion is near 0.
IRREGULAR = 0.2
#: Noise has no lines to speak of, and is not foretold from one delay to the next by a linear model either.
NOISE_RESIDUAL, NOISE_ERROR = 0.3, 0.1
#: Surrogates against which noise is tested, and the level.
SURROGATES, ALPHA = 39, 0.05
#: How noise may differ from its surrogates.
STATISTICS = {"prediction_error": "better predicted", "time_asymmetry": "more different when played backwards"}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One step towards a verdict.

    Attributes
    ----------
    step : str
        What was looked at.
    value, threshold : float
        What was measured and what it was held against; NaN where there is no number.
    outcome : str
        In a word or two.
    detail : str
        A sentence.
    """

    step: str
    value: float = float("nan")
    threshold: float = float("nan")
    outcome: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The kind of an attractor, and what it rests on.

    Attributes
    ----------
    kind : str
        ``"fixed point"``, ``"limit cycle"``, ``"torus"``, ``"strange"``, ``"stochastic"`` or ``"inconclusive"``.
    reasons : str
        Why nothing could be said; empty otherwise.
    evidence : tuple of Evidence
        Each step in order, up to the one that decided.
    period : float
        Of a cycle, in units of time; NaN otherwise.
    exponent : float
        Largest Lyapunov exponent of a strange attractor, nats per unit of time; NaN otherwise.
    interval : tuple of float
        Of the exponent, at level 0.90.
    unit : str
        Unit of time.
    samples : int
    """

    kind: str
    reasons: str = ""
    evidence: tuple[Evidence, ...] = field(repr=False)
    period: float = float("nan")
    exponent: float = float("nan")
    interval: tuple[float, float] = (float("nan"), float("nan"))
    unit: str
    samples: int

    def to_xarray(self) -> xr.Dataset:
        """`kind`, `status` and `reasons` as text, `period`, `exponent` and its `interval`; without the evidence."""
        return xr.Dataset(
            {
                "kind": ((), self.kind),
                "status": ((), "inconclusive" if self.kind == "inconclusive" else "ok"),
                "reasons": ((), self.reasons),
                "period": ((), self.period, {"units": self.unit}),
                "exponent": ((), self.exponent, {"units": f"nat / ({self.unit})"}),
                "interval": ("end", list(self.interval), {"units": f"nat / ({self.unit})"}),
            },
            coords={"end": ["low", "high"]},
            attrs={"method": METHOD, "version": __version__, "samples": self.samples},
        )

    def _repr_html_(self) -> str:
        said = html.escape(self.kind) + (f": {html.escape(self.reasons)}" if self.reasons else "")
        rows = "".join(
            f"<tr><td>{html.escape(each.step)}</td><td>{_number(each.value)}</td><td>{_number(each.threshold)}</td>"
            f"<td>{html.escape(each.outcome)}</td><td style='text-align:left'>{html.escape(each.detail)}</td></tr>"
            for each in self.evidence
        )
        head = "".join(f"<th>{name}</th>" for name in ("step", "value", "against", "outcome", ""))
        return f"<table><caption><b>{said}</b> ({self.samples:,} samples)</caption><tr>{head}</tr>{rows}</table>"


METHOD = "data, rest, lines, 0-1 test, exponent with its determinism gate, surrogates, in this order"


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.3g}"


@dataclass
class _Case:
    """A sequence on its way through the steps."""

    values: np.ndarray
    step: float
    unit: str
    memory: int = 1
    delay: int = 1
    residual: float = 1.0
    k: float = float("nan")
    evidence: list[Evidence] = field(default_factory=list)

    def note(self, step: str, outcome: str, detail: str, value: float = np.nan, threshold: float = np.nan) -> None:
        self.evidence.append(
            Evidence(step=step, value=float(value), threshold=float(threshold), outcome=outcome, detail=detail)
        )

    def verdict(self, kind: str, reasons: str = "", **found: Any) -> Verdict:
        return Verdict(
            kind=kind, reasons=reasons, evidence=tuple(self.evidence), unit=self.unit, samples=len(self.values), **found
        )


def classify_attractor(x: Any, *, dt: Any = None, channel: str | None = None, rng: Any = 0) -> Verdict:
    """Kind of the attractor that a sequence comes from.

    The steps are taken in order, and the first that decides ends them: rest (fixed point); a few exact frequencies
    (limit cycle or torus); exponential divergence that neighbours foretell and a linear model does not (strange);
    nothing beyond linear noise (stochastic). Whatever is left, or contradicts itself, is inconclusive.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled and without gaps; 30 to 60 samples to the period of a flow and some thousands in
        all are good.
    dt : float or str, optional
        Sampling interval; needed for data that bring no time (1 for a map).
    channel : str, optional
        Which channel to take, if there are several.
    rng : int or numpy.random.Generator, optional
        For bootstrap, 0-1 test and surrogates; default 0, so that the same data give the same answer.

    Returns
    -------
    Verdict
        `kind`, `reasons` and the `evidence`, which shows itself as a table.

    Raises
    ------
    InputError
        If the sequence is empty or not usable, or `dt` is missing.
    GapError
        If samples are missing or time is irregular.

    Notes
    -----
    Lines are taken out of the spectrum one by one (Laskar 1990). A sum of harmonics of one frequency that leaves at
    most 5% of the standard deviation is a cycle, of two frequencies a torus. `lyapunov_max` holds the gates against
    noise: a prediction from neighbours has to be good, and much better than that of a linear model (Casdagli 1992).
    The 0-1 test (Gottwald & Melbourne 2009) may only contradict. Noise is what has no lines, is not foretold, and
    differs from its IAAFT surrogates (Schreiber & Schmitz 1996) neither in prediction nor when played backwards; chaos
    of many dimensions may pass for it, as in Lorenz96 of 40 variables. What is none of these is inconclusive, such as
    noise through a nonlinear instrument, or a torus of three frequencies.

    The thresholds were chosen on Lorenz, Rossler (c = 5.7 and 2.5), van der Pol (1), logistic (3.5 and 4), Henon, two
    sines, white noise and AR(1) 0.9, beside those that `lyapunov_max` names; benches/bench_verdict.py reports on these
    and on others, and says which is which.

    References
    ----------
    Laskar (1990), Icarus 88, 266; Casdagli (1992), J. R. Stat. Soc. B 54, 303; Gottwald & Melbourne (2009), SIAM J.
    Appl. Dyn. Syst. 8, 129; Schreiber & Schmitz (1996), Phys. Rev. Lett. 77, 635.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Henon, Logistic
    >>> classify_attractor(Henon().trajectory(3000), channel="x").kind
    'strange'
    >>> classify_attractor(Logistic(r=3.5).trajectory(3000)).kind
    'limit cycle'
    """
    values, step, unit = series(x, dt=dt, channel=channel)
    case = _Case(values=values, step=step, unit=unit)
    steps: tuple[Callable[[_Case, Any], Verdict | None], ...] = (_rest, _data, _regular, _strange, _noise)
    for look in steps:
        found = look(case, rng)
        if found is not None:
            return found
    raise AssertionError("the last step decides")


def map_verdict(x: xr.DataArray, *, dim: str = "time", dt: Any = None, rng: Any = 0) -> xr.Dataset:
    """The verdict on each series of an array, with its labels; lazy for a dask array (see `map_series`).

    Parameters
    ----------
    x : xarray.DataArray
        With `dim` and any other dimensions.
    dim : str, optional
    dt, rng : optional
        As for `classify_attractor`.

    Returns
    -------
    xarray.Dataset
        `kind`, `status`, `reasons`, `period`, `exponent` and its `interval` over the other dimensions.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> t = np.arange(1000)
    >>> x = xr.DataArray([np.sin(t / 5), np.exp(-t / 9)], dims=("sensor", "time"), coords={"sensor": ["a", "b"]})
    >>> map_verdict(x, dt=1)["kind"].values.tolist()
    ['limit cycle', 'fixed point']
    """
    return map_series(classify_attractor, x, dim=dim, dt=dt, rng=rng)


def _rest(case: _Case, rng: Any) -> Verdict | None:
    """A fixed point: constant, or come to rest."""
    values = case.values
    size, reach = float(np.abs(values).max()), float(np.ptp(values))
    if reach <= REST * size:
        case.note("rest", "at rest", f"all samples are {values[0]:g}, to rounding", reach, REST * size)
        return case.verdict("fixed point")
    fifth = len(values) // 5
    if fifth >= 10:
        first, last = values[:fifth].std(), values[-fifth:].std()
        share = last / first if first > 0 else np.inf
        if share <= DECAYED:
            case.note("rest", "comes to rest", "the last fifth varies far less than the first", share, DECAYED)
            return case.verdict("fixed point")
        case.note("rest", "moves", "the last fifth varies as the first does, or not far less", share, DECAYED)
    return None


def _data(case: _Case, rng: Any) -> Verdict | None:
    """Whether the data can carry a verdict at all."""
    n = len(case.values)
    if n < MIN_SAMPLES:
        case.note("data", "too few", f"{n} samples; at least {MIN_SAMPLES} are needed", n, MIN_SAMPLES)
        return case.verdict("inconclusive", f"{n} samples; at least {MIN_SAMPLES} are needed")
    case.note("data", "enough", "samples", n, MIN_SAMPLES)
    return None


def _regular(case: _Case, rng: Any) -> Verdict | None:
    """A cycle or a torus: few exact frequencies, and no growth in the 0-1 test."""
    n = len(case.values)
    scaled = (case.values - case.values.mean()) / case.values.std()
    lines = find_lines(scaled, enough=LINES)
    case.residual = lines.residual
    found = zero_one_test(case.values, dt=case.step, rng=rng)
    case.k = float(found["k"])
    if lines.residual > LINES:
        case.note("lines", "no line spectrum", f"{lines.count} lines leave this share", lines.residual, LINES)
        return None
    case.note("lines", "line spectrum", f"{lines.count} lines leave this share", lines.residual, LINES)
    if case.k > 1.0 - IRREGULAR:
        case.note("0-1 test", "contradicts", "K near 1, although the spectrum has lines only", case.k, IRREGULAR)
        return case.verdict("inconclusive", "the spectrum has lines only, but the 0-1 test finds irregular motion")
    periods = [1.0 / f for f in lines.fundamentals]
    said = " and ".join(f"{period * case.step:.4g} {case.unit}" for period in periods)
    if periods and n < REPEATS * max(periods):
        case.note("repeats", "too few", f"periods of {said}", n / max(periods), REPEATS)
        return case.verdict("inconclusive", f"{n / max(periods):.1f} repetitions of {said}; {REPEATS} are needed")
    if len(periods) == 1:
        case.note("frequencies", "one", f"all lines are harmonics of the period {said}", 1)
        return case.verdict("limit cycle", period=periods[0] * case.step)
    if len(periods) == 2:
        case.note("frequencies", "two", f"all lines are sums of multiples; periods {said}", 2)
        return case.verdict("torus")
    case.note("frequencies", "more than two", "the lines are not sums of multiples of two frequencies")
    return case.verdict(
        "inconclusive", "a line spectrum of more than two fundamental frequencies, or of unresolved ones"
    )


def _strange(case: _Case, rng: Any) -> Verdict | None:
    """Chaos: a positive exponent that neighbours foretell, not contradicted by the 0-1 test."""
    chosen = choose_delay((case.values - case.values.mean()) / case.values.std())
    case.delay, case.memory = chosen.delay, chosen.memory
    if reasons := judge_data(case.values, case.memory):
        case.note("data", "unfit", "; ".join(reasons))
        return case.verdict("inconclusive", "; ".join(reasons))
    found = lyapunov_max(case.values, dt=case.step, rng=rng)
    if found["status"].item() != "ok":
        case.note("exponent", "none", found["reasons"].item())
        return None
    low, high = (float(end) for end in found["interval"].values)
    detail = f"[{low:.3g}, {high:.3g}] nat / ({case.unit}): neighbours foretell, a linear model does not"
    case.note("exponent", "positive", detail, float(found["exponent"]), 0.0)
    if case.k < IRREGULAR:
        case.note("0-1 test", "contradicts", "K near 0, as of regular motion", case.k, IRREGULAR)
        return case.verdict("inconclusive", "a positive exponent, but the 0-1 test finds regular motion")
    agrees = "undecided" if np.isnan(case.k) else "agrees"
    case.note("0-1 test", agrees, "K, near 1 for irregular motion", case.k, IRREGULAR)
    return case.verdict("strange", exponent=float(found["exponent"]), interval=(low, high))


def _noise(case: _Case, rng: Any) -> Verdict | None:
    """Noise: no lines, not foretold, and no different from linear surrogates. Otherwise nothing can be said."""
    scaled = (case.values - case.values.mean()) / case.values.std()
    error = linear_error(scaled, case.delay, 8)
    if case.residual < NOISE_RESIDUAL or not error > NOISE_ERROR:
        case.note(
            "noise", "not resolved", "a linear model foretells it, as regular motion in noise", error, NOISE_ERROR
        )
        return case.verdict("inconclusive", "neither lines nor exponential divergence are shown, nor is it plain noise")
    for statistic, said in STATISTICS.items():
        test = surrogate_test(case.values, dt=case.step, n=SURROGATES, statistic=statistic, rng=rng)
        p = float(test["p_value"])
        if test["status"].item() != "ok":
            case.note("surrogates", "not tested", test["reasons"].item(), p, ALPHA)
            return case.verdict("inconclusive", f"not tested against linear noise: {test['reasons'].item()}")
        if p <= ALPHA:
            case.note("surrogates", "differs", f"{said} than linear noise of the same spectrum", p, ALPHA)
            return case.verdict(
                "inconclusive", "more than linear noise, but no exponential divergence of neighbours is shown"
            )
        case.note("surrogates", "no different", f"not {said} than linear noise of the same spectrum", p, ALPHA)
    return case.verdict("stochastic")
