"""The 0-1 test for chaos."""

import math

import known
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.attractors import systems, zero_one_test
from midstream_lab.errors import GapError, InputError


@pytest.mark.parametrize(("r", "verdict"), [(3.2, "regular"), (3.5, "regular"), (3.7, "irregular"), (4.0, "irregular")])
def test_logistic_map(r: float, verdict: str) -> None:
    """Gottwald & Melbourne (2009): near 0 in the periodic windows, near 1 in chaos."""
    found = zero_one_test(systems.Logistic(r=r).trajectory(2000))
    assert found["verdict"].item() == verdict
    assert found["status"].item() == "ok"


@pytest.mark.parametrize("name", ["Lorenz", "Rossler", "Henon", "Ikeda"])
def test_chaos_is_not_regular(name: str) -> None:
    """The phase of Rossler's system is nearly that of a clock: K grows slowly with the length there."""
    x, _ = known.segment({**known.REPORTED, **known.TUNING}[name], np.random.default_rng(1))
    assert float(zero_one_test(x)["k"]) > (0.5 if name == "Rossler" else 0.8)


def test_cycle_and_torus_are_regular() -> None:
    t = 0.1 * np.arange(20_000)
    golden = (1 + math.sqrt(5)) / 2
    for x in (np.sin(t), np.sin(t) + 0.8 * np.sin(golden * t)):
        assert zero_one_test(x)["verdict"].item() == "regular"


def test_noise_is_irregular_too() -> None:
    """Which is why the test is a veto and not a proof."""
    assert zero_one_test(np.random.default_rng(2).standard_normal(3000))["verdict"].item() == "irregular"


def test_an_oversampled_flow_looks_regular_without_decimation() -> None:
    x = systems.Lorenz().trajectory(5000, dt=0.005, rng=3).sel(channel="x")
    assert float(zero_one_test(x, decimation=1)["k"]) < 0.8


@settings(max_examples=10, deadline=None)
@given(st.floats(0.01, 100.0), st.floats(-100.0, 100.0))
def test_scale_and_shift_do_not_matter(scale: float, shift: float) -> None:
    x = np.random.default_rng(4).standard_normal(400)
    expected = zero_one_test(x, decimation=1, angles=20)["growth"]
    np.testing.assert_allclose(zero_one_test(scale * x + shift, decimation=1, angles=20)["growth"], expected, atol=1e-6)


def test_the_seed_decides() -> None:
    x = np.random.default_rng(5).standard_normal(400)
    one, same, other = (zero_one_test(x, rng=seed) for seed in (1, 1, 2))
    assert one.identical(same)
    assert not one.identical(other)
    low, high = one["interval"].values
    assert low <= float(one["k"]) <= high
    c = one["c"].values
    assert ((c > 0.2 * np.pi) & (c < 0.8 * np.pi)).all()


def test_too_little_is_inconclusive() -> None:
    for x, words in ((np.ones(1000), "constant"), (np.random.default_rng(6).standard_normal(150), "150 samples")):
        found = zero_one_test(x)
        assert found["status"].item() == "inconclusive"
        assert words in found["reasons"].item()
        assert np.isnan(found["k"])


def test_bad_input_is_refused() -> None:
    x = np.random.default_rng(7).standard_normal(500)
    for options, words in (({"decimation": 0}, "decimation"), ({"angles": 3}, "angles"), ({"level": 2.0}, "level")):
        with pytest.raises(InputError, match=words):
            zero_one_test(x, **options)
    x[9] = np.nan
    with pytest.raises(GapError, match="resample"):
        zero_one_test(x)
    with pytest.raises(InputError):
        zero_one_test([])
