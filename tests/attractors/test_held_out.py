"""The held-out systems: their exponents from their equations, and the statistical bar on some of them."""

import numpy as np
import pytest
from bars import Run, shortfalls, summarise
from held_out import HELD_OUT
from known import TUNING, segment

from midstream_lab.attractors import lyapunov_max, lyapunov_spectrum

STARTS = 30
#: Two flows, a delay equation, and three maps; the bench reports all systems.
SOME = ("Chen", "Sprott B", "Mackey-Glass 23", "logistic 3.7", "Kaplan-Yorke", "Lozi")


def run_of(name: str, seed: int) -> Run:
    """One random start of a held-out system."""
    case = HELD_OUT[name]
    x, dt = segment(case, np.random.default_rng([17, seed]))
    found = lyapunov_max(x, dt=dt)
    low, high = found["interval"].values
    return Run(truth=case.truth, value=float(found["exponent"]), low=low, high=high, ok=found["status"].item() == "ok")


@pytest.mark.parametrize("name", HELD_OUT)
def test_truth_follows_from_the_equations(name: str) -> None:
    system, truth = HELD_OUT[name].system, HELD_OUT[name].truth
    system.reset(rng=np.random.default_rng(5))
    found = lyapunov_spectrum(system, n_exponents=1)
    assert abs(float(found["spectrum"][0]) - truth) <= 4.0 * float(found["standard_error"][0]) + 0.005 * truth


def test_no_held_out_system_was_tuned_on() -> None:
    assert len(HELD_OUT) >= 12
    assert not set(HELD_OUT) & set(TUNING)


@pytest.mark.slow
def test_thirty_starts_of_some_clear_the_bar() -> None:
    runs = {name: [run_of(name, seed) for seed in range(STARTS)] for name in SOME}
    assert shortfalls(runs) == [], {name: summarise(some) for name, some in runs.items()}


def test_a_slow_switch_between_wells_does_not_hide_the_folding_within_one() -> None:
    """At the default delay, set by the switching, neighbours do not predict Duffing's oscillator; at shorter ones."""
    case = TUNING["Duffing"]
    x, dt = segment(case, np.random.default_rng([3, 1]))
    found, held = lyapunov_max(x, dt=dt), lyapunov_max(x, dt=dt, delay=12)
    assert found["status"].item() == "ok"
    assert found.attrs["delay"] < 12
    low, high = found["interval"].values
    assert low <= case.truth <= high
    assert held.attrs["delay"] == 12  # a delay that is given stays
    assert "no determinism found" in held["reasons"].item()
