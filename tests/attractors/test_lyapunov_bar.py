"""The statistical bar of the exponent, on systems that were never used to set it up, and that it has teeth."""

import numpy as np
import pytest
from bars import Run, shortfalls, summarise
from known import REPORTED, segment

from midstream_lab.attractors import lyapunov_max

STARTS = 30


def run_of(name: str, seed: list[int], *, noise: float = 0.0) -> Run:
    """One random start of a reported system."""
    case = REPORTED[name]
    x, dt = segment(case, np.random.default_rng(seed), noise=noise)
    found = lyapunov_max(x, dt=dt)
    low, high = found["interval"].values
    return Run(truth=case.truth, value=float(found["exponent"]), low=low, high=high, ok=found["status"].item() == "ok")


@pytest.mark.slow
def test_thirty_starts_of_each_system_clear_the_bar() -> None:
    runs = {name: [run_of(name, [7, seed]) for seed in range(STARTS)] for name in REPORTED}
    assert shortfalls(runs) == [], {name: summarise(some) for name, some in runs.items()}


@pytest.fixture
def runs() -> dict[str, list[Run]]:
    """Runs of an estimator that clears the bar: off by 3%, its interval 20% of the value wide, the truth in it."""
    return {
        name: [Run(truth=case.truth, value=1.03 * case.truth, low=0.93 * case.truth, high=1.13 * case.truth, ok=True)]
        * STARTS
        for name, case in REPORTED.items()
    }


def test_a_good_estimator_clears_the_bar(runs: dict[str, list[Run]]) -> None:
    assert shortfalls(runs) == []


def replaced(runs: dict[str, list[Run]], **fields) -> dict[str, list[Run]]:
    return {
        name: [Run(**{**vars(run), **{k: f(run) for k, f in fields.items()}}) for run in some]
        for name, some in runs.items()
    }


def test_an_estimator_that_is_always_inconclusive_fails(runs: dict[str, list[Run]]) -> None:
    missed = shortfalls(replaced(runs, ok=lambda run: False))
    assert any("all: answered 0.000" in line for line in missed)


def test_an_infinitely_wide_interval_fails(runs: dict[str, list[Run]]) -> None:
    missed = shortfalls(replaced(runs, ok=lambda run: True, low=lambda run: -np.inf, high=lambda run: np.inf))
    assert {line.split(":")[0] for line in missed if "width" in line} == set(REPORTED)


def test_a_biased_estimator_fails(runs: dict[str, list[Run]]) -> None:
    missed = shortfalls(
        replaced(
            runs,
            ok=lambda run: True,
            value=lambda run: 2 * run.truth,
            low=lambda run: 1.9 * run.truth,
            high=lambda run: 2.1 * run.truth,
        )
    )
    assert {line.split(":")[1].split()[0] for line in missed} == {"error", "coverage", "confidently"}


def test_half_of_one_system_inconclusive_is_not_enough_to_fail(runs: dict[str, list[Run]]) -> None:
    kept = replaced(runs, ok=lambda run: run.ok)
    kept["Lorenz"] = [Run(**{**vars(run), "ok": i % 2 == 0}) for i, run in enumerate(kept["Lorenz"])]
    assert shortfalls(kept) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", list(REPORTED))
def test_noise_of_one_percent_is_borne(name: str) -> None:
    row = summarise([run_of(name, [11, seed], noise=0.01) for seed in range(8)])
    assert row.answered >= 0.6
    assert row.error <= 0.2
    assert row.wrong == 0.0
