"""How right `hurst`, `dfa` and `correlation_dimension` are where the truth is known: error and coverage.

Fractional Gaussian noise is made exactly (Davies & Harte 1987); the dimensions of the systems are those of Sprott
(2003) or exact. Each run has its own random start.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from bars import Run, summarise
from known import REPORTED, TUNING, fractional_noise, segment
from report import record, write

from midstream_lab.attractors import correlation_dimension, dfa, hurst

SAMPLES = 5000
EXPONENTS = (0.1, 0.3, 0.5, 0.7, 0.9)
DIMENSIONS = {"Lorenz": 2.05, "Rossler": 1.991, "Henon": 1.220, "logistic": 1.0, "tent": 1.0, "Ikeda": 1.69}


def torus(rng: np.random.Generator) -> np.ndarray:
    """Two sines whose frequencies have the golden ratio, from random phases."""
    t, golden = 0.1 * np.arange(SAMPLES), (1 + math.sqrt(5)) / 2
    phase = rng.uniform(0, 2 * np.pi, 2)
    return np.sin(t + phase[0]) + 0.8 * np.sin(golden * t + phase[1])


def rows_of(
    name: str,
    case: str,
    truth: float,
    make: Callable[[np.random.Generator], np.ndarray],
    estimate: Callable[[np.ndarray], xr.Dataset],
    variable: str,
    count: int,
) -> list[dict[str, Any]]:
    """Median relative error and coverage of one estimator on one case."""
    runs = []
    for seed in range(count):
        found = estimate(make(np.random.default_rng([2026, seed])))
        low, high = found["interval"].values
        ok = found["status"].item() == "ok"
        runs.append(Run(truth=truth, value=float(found[variable]), low=low, high=high, ok=ok))
    row = summarise(runs)
    told = [run.value for run in runs if run.ok]
    middle = f"median {np.median(told):.3f}" if told else "nothing answered"
    note = f"n={SAMPLES}, {count} runs, {row.answered:.0%} answered; {middle}, width {row.width:.0%} of the value"
    return [
        record(
            f"{name}: median relative error", case, row.error, "of the truth",
            goal={"figure": "ours", "at_most": 0.15}, note=note,
        ),
        record(
            f"{name}: coverage of the 0.90 interval", case, row.coverage, "of the answered", better="higher",
            goal={"figure": "ours", "at_least": 0.70}, note=note,
        ),
    ]  # fmt: skip


def main() -> int:
    rows: list[dict[str, Any]] = []
    for exponent in EXPONENTS:
        noise = partial(fractional_noise, SAMPLES, exponent)
        for function, variable in ((hurst, "hurst"), (dfa, "alpha")):
            case = f"fractional Gaussian noise, H={exponent}"
            rows += rows_of(function.__name__, case, exponent, noise, function, variable, 100)
    makers = {name: lambda rng, name=name: segment({**REPORTED, **TUNING}[name], rng)[0] for name in DIMENSIONS}
    for name, make in {**makers, "torus": torus}.items():
        truth = DIMENSIONS.get(name, 2.0)
        rows += rows_of("correlation_dimension", name, truth, make, correlation_dimension, "dimension", 30)
    for row in rows:
        print(row["bench"], "|", row["case"], f"| {row['ours']:.3f} | {row['note']}")
    write("scaling", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
