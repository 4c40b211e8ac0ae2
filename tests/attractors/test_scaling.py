"""Detrended fluctuation analysis and the Hurst exponent."""

import math

import naive
import numpy as np
import pytest
from known import fractional_noise

from midstream_lab.attractors import dfa, hurst
from midstream_lab.attractors.rescaled_range import expected_range, finite_size
from midstream_lab.errors import GapError, InputError


@pytest.mark.parametrize("order", [1, 2])
def test_fluctuation_equals_naive(order: int) -> None:
    x = np.random.default_rng(0).standard_normal(403)
    found = dfa(x, order=order, sizes=[8, 16, 31, 80])
    expected = [naive.fluctuation(x, size, order) for size in (8, 16, 31, 80)]
    np.testing.assert_allclose(found["fluctuation"], expected, rtol=1e-8)


def test_rescaled_range_equals_naive_over_its_expectation() -> None:
    x = np.random.default_rng(1).standard_normal(400)
    found = hurst(x, sizes=[10, 20, 50, 100])
    for size in (10, 20, 50, 100):
        mean = np.mean([naive.rescaled_range(x[k : k + size]) for k in range(0, 400, size)])
        u = np.log(size)
        exchanged = np.exp(finite_size(0.5, u) - finite_size(float(found["hurst"]), u))
        assert float(found["rescaled_range"].sel(size=size)) == pytest.approx(
            mean * math.sqrt(size) / expected_range(size) * exchanged, rel=1e-9
        )
    # the slope of the corrected curve is the exponent that it was corrected for
    slope = np.polyfit(np.log(found["size"]), np.log(found["rescaled_range"]), 1)[0]
    assert slope == pytest.approx(float(found["hurst"]), abs=1e-6)


@pytest.mark.parametrize("size", [16, 50, 500])
def test_the_theory_of_short_segments_is_that_of_anis_and_lloyd_for_white_noise(size: int) -> None:
    told = math.sqrt(size * math.pi / 2.0) * math.exp(finite_size(0.5, np.log(size)))
    assert told == pytest.approx(expected_range(size), rel=0.02)


@pytest.mark.parametrize("exponent", [0.3, 0.8])
def test_the_theory_of_short_segments_holds_for_fractional_noise(exponent: float) -> None:
    """The mean rescaled range falls short of its power law by as much as is said."""
    rng, sizes = np.random.default_rng(6), np.array([16, 64, 256])
    ranges = [[naive.rescaled_range(fractional_noise(size, exponent, rng)) for _ in range(1500)] for size in sizes]
    u, v = np.log(sizes), np.log(np.mean(ranges, axis=1))
    bent = v - exponent * u - finite_size(exponent, u)
    as_white = v - exponent * u - finite_size(0.5, u)
    assert np.ptp(bent) < 0.05 < np.ptp(as_white)


@pytest.mark.parametrize("size", [10, 40])
def test_expected_range_is_the_mean_over_noise(size: int) -> None:
    rng = np.random.default_rng(2)
    assert expected_range(size) == pytest.approx(
        np.mean([naive.rescaled_range(rng.standard_normal(size)) for _ in range(4000)]), rel=0.01
    )


@pytest.mark.parametrize("exponent", [0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("function", [dfa, hurst])
def test_intervals_hold_the_exponent_of_fractional_noise(function, exponent: float) -> None:
    rng = np.random.default_rng(3)
    name = "alpha" if function is dfa else "hurst"
    values, held = [], 0
    for _ in range(30):
        found = function(fractional_noise(5000, exponent, rng))
        values.append(float(found[name]))
        held += found["interval"][0] <= exponent <= found["interval"][1]
        assert found["status"].item() == "ok"
    assert np.median(values) == pytest.approx(exponent, abs=0.05)
    if exponent <= 0.7 or function is hurst:
        assert held >= 20


def test_a_sum_has_an_exponent_larger_by_1() -> None:
    x = fractional_noise(8000, 0.6, np.random.default_rng(4))
    assert float(dfa(x.cumsum())["alpha"]) == pytest.approx(float(dfa(x)["alpha"]) + 1.0, abs=0.1)


@pytest.mark.parametrize("function", [dfa, hurst])
def test_scale_and_shift_do_not_matter(function) -> None:
    x = np.random.default_rng(5).standard_normal(1000)
    one, other = function(x), function(7.0 * x - 3.0)
    np.testing.assert_allclose(other["interval"], one["interval"], atol=1e-9)


def test_a_trend_is_seen_by_hurst_and_removed_by_dfa_of_order_2() -> None:
    x = np.random.default_rng(6).standard_normal(5000)
    drifting = x + 3e-3 * np.arange(5000)
    assert float(dfa(drifting, order=2)["alpha"]) == pytest.approx(float(dfa(x, order=2)["alpha"]), abs=0.05)
    assert float(hurst(drifting)["hurst"]) > float(hurst(x)["hurst"]) + 0.1


@pytest.mark.parametrize("function", [dfa, hurst])
def test_bad_input_is_refused_or_inconclusive(function) -> None:
    with pytest.raises(InputError, match="constant"):
        function(np.ones(500))
    with pytest.raises(InputError, match="level"):
        function(np.arange(500.0) % 9, level=0.0)
    for sizes in ([4, 5], [10, 9, 20, 30], [10, 20, 30, 400], "all", [10.5, 20, 30, 40]):
        with pytest.raises(InputError, match="sizes must be"):
            function(np.arange(500.0) % 9, sizes=sizes)
    x = np.random.default_rng(7).standard_normal(500)
    x[3] = np.nan
    with pytest.raises(GapError, match="resample"):
        function(x)
    short = function(np.random.default_rng(8).standard_normal(100))
    assert short["status"].item() == "inconclusive"
    assert "100 samples" in short["reasons"].item()


def test_a_cycle_has_no_power_law() -> None:
    assert dfa(np.sin(np.arange(4000) / 5.0))["status"].item() == "inconclusive"


def test_segments_that_do_not_vary_are_said() -> None:
    x = np.zeros(1000)
    x[500] = 1.0
    assert hurst(x)["status"].item() == "inconclusive"
