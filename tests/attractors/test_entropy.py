"""Permutation entropy and sample entropy."""

import json
import math
from pathlib import Path

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from midstream_lab.attractors import permutation_entropy, sample_entropy, systems
from midstream_lab.errors import GapError, InputError

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "invariants.json").read_text())
TIED = arrays(np.float64, st.integers(12, 60), elements=st.integers(-3, 3).map(float))


@settings(max_examples=50, deadline=None)
@given(TIED, st.integers(2, 5), st.integers(1, 2), st.booleans())
def test_permutation_entropy_equals_naive(x: np.ndarray, order: int, delay: int, weighted: bool) -> None:
    found = float(permutation_entropy(x, order=order, delay=delay, weighted=weighted)["entropy"])
    if weighted and np.ptp(x) == 0:
        assert math.isnan(found)
    elif not math.isnan(found):
        assert found == pytest.approx(naive.permutation_entropy(x, order, delay, weighted), abs=1e-9)


def test_permutation_entropy_of_bandt_and_pompe() -> None:
    """Their example: 4 7 9 10 6 11 3 has 0.918 bits of two, 1.522 bits of three."""
    x = [4, 7, 9, 10, 6, 11, 3]
    for order, bits in ((2, 0.918), (3, 1.522)):
        assert float(permutation_entropy(x, order=order)["entropy"]) / math.log(2) == pytest.approx(bits, abs=5e-4)


def test_permutation_entropy_equals_that_of_antropy() -> None:
    (row,) = [row for row in ORACLE["answers"] if row["job"] == "perm_entropy"]
    found = permutation_entropy(ORACLE["x"], order=row["options"]["order"])
    assert float(found["entropy"]) / math.log(2) == pytest.approx(row["answer"]["bits"], rel=1e-12)


def test_noise_has_all_patterns_and_the_logistic_map_has_not() -> None:
    noise = permutation_entropy(np.random.default_rng(0).standard_normal(50_000), order=4)
    assert float(noise["normalised"]) == pytest.approx(1.0, abs=1e-3)
    assert float(noise["forbidden"]) == 0.0
    # Amigo et al. 2007: of three, only the falling pattern never comes at r = 4
    logistic = permutation_entropy(systems.Logistic().trajectory(20_000), order=3)
    assert float(logistic["forbidden"]) == pytest.approx(1 / 6)


def test_ties_rise() -> None:
    assert float(permutation_entropy(np.ones(100), order=3)["entropy"]) == 0.0
    assert float(permutation_entropy(np.arange(100), order=3)["entropy"]) == 0.0


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 1e3), st.floats(-5.0, 5.0))
def test_patterns_do_not_see_what_keeps_the_order(scale: float, shift: float) -> None:
    x = np.random.default_rng(1).integers(0, 50, 300).astype(float)
    expected = float(permutation_entropy(x, order=4)["entropy"])
    assert float(permutation_entropy(scale * x + shift, order=4)["entropy"]) == expected
    assert float(permutation_entropy(x**3, order=4)["entropy"]) == expected


def test_few_windows_are_inconclusive() -> None:
    found = permutation_entropy(np.random.default_rng(2).standard_normal(100), order=5)
    assert found["status"].item() == "inconclusive"
    assert "120 possible" in found["reasons"].item()
    flat = permutation_entropy(np.ones(100), weighted=True)
    assert "nothing varies" in flat["reasons"].item()


def test_sample_entropy_equals_naive() -> None:
    x = np.random.default_rng(3).standard_normal(200)
    found = sample_entropy(x, dim=2, radius=0.5)
    assert float(found["entropy"]) == pytest.approx(naive.sample_entropy(x, 2, 0.5), rel=1e-12)


def test_sample_entropy_equals_that_of_antropy() -> None:
    (row,) = [row for row in ORACLE["answers"] if row["job"] == "sample_entropy"]
    x = np.array(ORACLE["x"])
    found = sample_entropy(x, dim=2, radius=0.2 * x.std())
    assert float(found["entropy"]) == pytest.approx(row["answer"]["entropy"], rel=1e-9)
    assert float(sample_entropy(x)["entropy"]) == float(found["entropy"])


def test_sample_entropy_of_evenly_spread_numbers_is_known() -> None:
    """The chance that the next ones match is 2 r - r^2, whatever came before."""
    u = np.random.default_rng(4).uniform(size=5000)
    r = 0.2
    assert float(sample_entropy(u, radius=r)["entropy"]) == pytest.approx(-math.log(2 * r - r * r), rel=0.03)


def test_sample_entropy_without_matches() -> None:
    found = sample_entropy(np.arange(50.0), radius=0.5)
    assert found["status"].item() == "inconclusive"
    assert np.isnan(found["entropy"])


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (lambda x: permutation_entropy(x, order=1), "order must be"),
        (lambda x: permutation_entropy(x, order=9), "order must be"),
        (lambda x: permutation_entropy(x, delay=0), "delay must be"),
        (lambda x: permutation_entropy(x[:2]), "give no vector"),
        (lambda x: permutation_entropy([]), "empty|no "),
        (lambda x: sample_entropy(x, dim=0), "dim must be"),
        (lambda x: sample_entropy(x, radius=0.0), "radius must be"),
        (lambda x: sample_entropy(np.ones(50)), "constant"),
        (lambda x: sample_entropy(x, theiler=60), "no two templates"),
        (lambda x: sample_entropy([1.0, np.inf, 2.0]), "infinite"),
    ],
)
def test_what_cannot_be_used_is_said(job, words: str) -> None:
    with pytest.raises(InputError, match=words):
        job(np.arange(40.0) % 7)


@pytest.mark.parametrize("function", [permutation_entropy, sample_entropy])
def test_kinds_of_input(function) -> None:
    x = np.random.default_rng(5).integers(0, 20, 300)
    expected = float(function(x)["entropy"])
    for same in (x.astype(np.float32), x.tolist(), np.repeat(x.astype(float), 3)[::3]):
        assert float(function(same)["entropy"]) == pytest.approx(expected, rel=1e-12)
    gapped = x.astype(float)
    gapped[8] = np.nan
    with pytest.raises(GapError, match="resample"):
        function(gapped)
