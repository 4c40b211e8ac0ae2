"""Sequences whose kind of attractor is known, noises of many colours, and the bar of a verdict.

The thresholds of `classify_attractor` were chosen on those of `CHOSEN_ON`; the others only report.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from known import Case, segment

from midstream_lab.attractors import systems

CHOSEN_ON = (
    "Lorenz", "Rossler", "Rossler c=2.5", "van der Pol mu=1", "logistic r=4", "logistic r=3.5", "Henon", "two sines",
    "white", "AR(1) 0.9",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Known:
    """A system, the period of a flow, and the kind of its attractor; `hard` where inconclusive is expected."""

    case: Case
    kind: str
    hard: bool = False


def _known(system: systems.System, period: float, kind: str, *, hard: bool = False) -> Known:
    return Known(case=Case(system=system, truth=math.nan, source="", period=period), kind=kind, hard=hard)


KNOWN = {
    "Lorenz": _known(systems.Lorenz(), 0.75, "strange"),
    "Lorenz 16, 45.92, 4": _known(systems.Lorenz(sigma=16, rho=45.92, beta=4), 0.45, "strange"),
    "Lorenz rho=20": _known(systems.Lorenz(rho=20), 0.7, "fixed point"),
    "Lorenz rho=160": _known(systems.Lorenz(rho=160), 1.15, "limit cycle"),
    "Rossler": _known(systems.Rossler(), 5.86, "strange"),
    "Rossler .15, .2, 10": _known(systems.Rossler(a=0.15, b=0.2, c=10), 6.0, "strange"),
    "Rossler c=2.5": _known(systems.Rossler(c=2.5), 5.8, "limit cycle"),
    "Henon": _known(systems.Henon(), 0, "strange"),
    "logistic r=2.8": _known(systems.Logistic(r=2.8), 0, "fixed point"),
    "logistic r=3.2": _known(systems.Logistic(r=3.2), 0, "limit cycle"),
    "logistic r=3.5": _known(systems.Logistic(r=3.5), 0, "limit cycle"),
    "logistic r=3.7": _known(systems.Logistic(r=3.7), 0, "strange"),
    "logistic r=3.8": _known(systems.Logistic(r=3.8), 0, "strange"),
    "logistic r=3.9": _known(systems.Logistic(r=3.9), 0, "strange"),
    "logistic r=4": _known(systems.Logistic(), 0, "strange"),
    "tent": _known(systems.Tent(), 0, "strange"),
    "Arnold cat": _known(systems.ArnoldCat(), 0, "strange"),
    "Kaplan-Yorke": _known(systems.KaplanYorke(), 0, "strange"),
    "Ikeda": _known(systems.Ikeda(), 0, "strange"),
    "Mackey-Glass 17": _known(systems.MackeyGlass(tau=17), 50, "strange"),
    "Mackey-Glass 23": _known(systems.MackeyGlass(tau=23), 55, "strange"),
    "Mackey-Glass 30": _known(systems.MackeyGlass(tau=30), 70, "strange", hard=True),
    "Ueda": _known(systems.Duffing(delta=0.05, alpha=0, gamma=7.5), 2 * math.pi, "strange"),
    "Duffing": _known(systems.Duffing(), 2 * math.pi, "strange"),
    "van der Pol mu=1": _known(systems.VanDerPol(mu=1), 6.66, "limit cycle"),
    "van der Pol mu=3": _known(systems.VanDerPol(mu=3), 8.86, "limit cycle"),
    "forced van der Pol": _known(systems.VanDerPol(mu=0.5, force=0.5, omega=2.2), 6.4, "torus"),
    "two sines": _known(systems.QuasiPeriodic(), 2 * math.pi, "torus"),
    "Lorenz96 N=5": _known(systems.Lorenz96(size=5), 1.9, "strange"),
    "Lorenz96 N=40": _known(systems.Lorenz96(size=40), 1.9, "strange", hard=True),
    "double pendulum": _known(systems.DoublePendulum(), 1.8, "strange", hard=True),
    "Chua": _known(systems.Chua(), 2.6, "strange"),
}


def draw(known: Known, seed: Sequence[int], *, noise: float = 0.0) -> tuple[np.ndarray, float]:
    """The first variable of a random start after its transient, 5,000 samples, and the sampling interval."""
    return segment(known.case, np.random.default_rng(list(seed)), noise=noise)


def autoregressive(weights: Sequence[float], n: int, rng: np.random.Generator) -> np.ndarray:
    """x[t] = sum of weights times the values before, plus white noise; the first 500 are left out."""
    x, pushes = np.zeros(n + 500), rng.standard_normal(n + 500)
    for t in range(len(weights), n + 500):
        x[t] = sum(weight * x[t - 1 - k] for k, weight in enumerate(weights)) + pushes[t]
    return x[500:]


def pink(n: int, rng: np.random.Generator) -> np.ndarray:
    """1/f noise with random phases."""
    amplitude = np.zeros(n // 2 + 1)
    amplitude[1:] = np.arange(1, n // 2 + 1) ** -0.5
    return np.fft.irfft(amplitude * np.exp(2j * np.pi * rng.random(n // 2 + 1)), n)


def shots(n: int, rng: np.random.Generator) -> np.ndarray:
    """Pulses of random size at random times, each fading over 8 samples."""
    pulses = (rng.random(n + 500) < 0.05) * rng.exponential(size=n + 500)
    return np.convolve(pulses, np.exp(-np.arange(60) / 8.0))[500 : n + 500]


def smoothed(n: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """White noise through a Hann-shaped moving average."""
    return np.convolve(rng.standard_normal(n + width), np.hanning(width), "valid")[:n]


NOISES: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "white": lambda n, rng: rng.standard_normal(n),
    "AR(1) 0.5": lambda n, rng: autoregressive([0.5], n, rng),
    "AR(1) 0.9": lambda n, rng: autoregressive([0.9], n, rng),
    "AR(1) 0.98": lambda n, rng: autoregressive([0.98], n, rng),
    "AR(2), damped": lambda n, rng: autoregressive([1.96 * math.cos(0.15), -(0.98**2)], n, rng),
    "AR(2), narrow": lambda n, rng: autoregressive([1.996 * math.cos(0.15), -(0.998**2)], n, rng),
    "1/f": pink,
    "shot": shots,
    "moving average": lambda n, rng: smoothed(n, 25, rng),
    "low-pass": lambda n, rng: np.convolve(smoothed(n + 40, 41, rng), np.hanning(41), "valid"),
    "AR(1), squared": lambda n, rng: autoregressive([0.9], n, rng) ** 2,
    "AR(1), cubed": lambda n, rng: autoregressive([0.8], n, rng) ** 3,
    "AR(1), exponential": lambda n, rng: np.exp(0.5 * autoregressive([0.8], n, rng)),
    "season and noise": lambda n, rng: np.sin(0.1 * np.arange(n)) + 0.3 * autoregressive([0.7], n, rng),
}


def verdict_shortfalls(told: dict[str, Sequence[str]]) -> list[str]:
    """Where the verdicts on rows of `KNOWN` miss the bar, in words; hard rows do not count.

    Answered: 70% overall and 50% for each kind. Right: 95% of the answered. Confidently wrong: at most 2% of all, 5%
    of any row.
    """
    missed = []
    rows = {name: kinds for name, kinds in told.items() if not KNOWN[name].hard}
    by_kind: dict[str, list[bool]] = {}
    answered = right = total = 0
    for name, kinds in rows.items():
        count = Counter(kinds)
        total += len(kinds)
        answers = len(kinds) - count["inconclusive"]
        answered += answers
        right += count[KNOWN[name].kind]
        wrong = (answers - count[KNOWN[name].kind]) / len(kinds)
        if wrong > 0.05:
            missed.append(f"{name}: confidently wrong {wrong:.2f}")
        by_kind.setdefault(KNOWN[name].kind, []).extend(kind != "inconclusive" for kind in kinds)
    missed += [f"{kind}: answered {np.mean(some):.2f}" for kind, some in by_kind.items() if np.mean(some) < 0.5]
    if answered < 0.7 * total:
        missed.append(f"all: answered {answered / total:.2f}")
    if answered and right < 0.95 * answered:
        missed.append(f"all: right {right / answered:.3f} of the answered")
    if answered - right > 0.02 * total:
        missed.append(f"all: confidently wrong {(answered - right) / total:.3f}")
    return missed
