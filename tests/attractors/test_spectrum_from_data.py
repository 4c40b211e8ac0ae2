"""The exponents of a sequence against those of its equations, and what must not be confirmed."""

import numpy as np
import pytest
from known import REPORTED, segment

from midstream_lab.attractors import lyapunov_max, lyapunov_spectrum_from_data, systems
from midstream_lab.errors import GapError, InputError

HENON = systems.Henon().trajectory(5000).sel(channel="x").values


def confirmed(found) -> np.ndarray:
    return found["spectrum"].values[found["confirmed"].values]


def test_henon_has_both_exponents_and_its_area_shrinks_by_03() -> None:
    found = lyapunov_spectrum_from_data(HENON, dt=1, embedding_dim=2)
    assert found["status"].item() == "ok"
    assert found["confirmed"].values.all()
    np.testing.assert_allclose(found["spectrum"], [0.41922, -1.62319], rtol=0.05)
    assert float(found["spectrum"].sum()) == pytest.approx(np.log(0.3), abs=0.05)
    low, high = found["interval"].values.T
    assert ((low <= [0.41922, -1.62319]) & (high >= [0.41922, -1.62319])).all()


def test_a_third_dimension_gives_henon_an_exponent_that_is_named_spurious() -> None:
    found = lyapunov_spectrum_from_data(HENON, dt=1, embedding_dim=3)
    assert found.sizes["exponent"] == 3
    assert found["status"].item() == "ok"
    assert not found["confirmed"].values.all()
    assert all(bool(remark) != flag for remark, flag in zip(found["remark"].values, found["confirmed"], strict=True))
    for value in confirmed(found):
        assert np.abs(np.array([0.41922, -1.62319]) - value).min() < 0.15


@pytest.mark.parametrize("embedding_dim", [2, 3, 4])
def test_the_logistic_map_has_one_exponent_in_every_dimension(embedding_dim: int) -> None:
    x, dt = segment(REPORTED["logistic"], np.random.default_rng(1))
    found = lyapunov_spectrum_from_data(x, dt=dt, embedding_dim=embedding_dim)
    assert found["confirmed"].values.tolist() == [True] + [False] * (embedding_dim - 1)
    assert confirmed(found)[0] == pytest.approx(np.log(2.0), rel=0.05)


def test_lorenz_has_a_positive_exponent_and_a_zero() -> None:
    x, dt = segment(REPORTED["Lorenz"], np.random.default_rng(2))
    found = lyapunov_spectrum_from_data(x, dt=dt)
    first, second = confirmed(found)[:2]
    assert first == pytest.approx(0.9056, rel=0.15)
    assert abs(second) < 0.2
    assert float(found["spectrum"][-1]) < -3.0  # contraction: seen, not measured
    assert not bool(found["confirmed"][-1])


def test_the_largest_is_the_one_of_lyapunov_max() -> None:
    x, dt = segment(REPORTED["Rossler"], np.random.default_rng(3))
    found, first = lyapunov_spectrum_from_data(x, dt=dt), lyapunov_max(x, dt=dt)
    low, high = first["interval"].values
    assert found["status"].item() == "ok"
    assert low <= float(found["spectrum"][0]) <= high


@pytest.mark.parametrize(
    "x",
    [
        np.random.default_rng(4).standard_normal(3000),
        np.sin(np.arange(3000) / 7.0),
        np.full(3000, 2.0),
        HENON[:100],
    ],
    ids=["white noise", "sine", "constant", "short"],
)
def test_nothing_is_said_of_noise_cycles_constants_and_short_sequences(x: np.ndarray) -> None:
    found = lyapunov_spectrum_from_data(x, dt=1)
    assert found["status"].item() == "inconclusive"
    assert found["reasons"].item()
    assert not found["confirmed"].values.any()
    assert found.sizes["exponent"] == 0
    assert set(found.data_vars) == {
        "spectrum", "interval", "next_dim", "reversed", "confirmed", "remark", "status", "reasons",
    }  # fmt: skip


def test_exponents_scale_with_time_alone() -> None:
    """Rates go as one over dt; units, sign, place and kind of the numbers make no difference."""
    plain = lyapunov_spectrum_from_data(HENON, dt=1, embedding_dim=2)
    slow = lyapunov_spectrum_from_data(HENON, dt=4, embedding_dim=2)
    np.testing.assert_allclose(slow["spectrum"] * 4, plain["spectrum"])
    np.testing.assert_allclose(slow["interval"] * 4, plain["interval"])
    for other in (-256.0 * HENON, np.repeat(HENON, 2)[::2], HENON.tolist()):
        found = lyapunov_spectrum_from_data(other, dt=1, embedding_dim=2)
        np.testing.assert_allclose(found["spectrum"], plain["spectrum"], rtol=1e-6)
    single = lyapunov_spectrum_from_data(HENON.astype(np.float32), dt=1, embedding_dim=2)
    np.testing.assert_allclose(single["spectrum"], plain["spectrum"], rtol=1e-2)


@pytest.mark.parametrize(
    ("x", "options", "error"),
    [
        (HENON, {}, InputError),
        ([], {"dt": 1}, InputError),
        (np.r_[HENON[:900], np.nan], {"dt": 1}, GapError),
        (np.r_[HENON[:900], np.inf], {"dt": 1}, InputError),
        (HENON, {"dt": 1, "level": 1.0}, InputError),
        (HENON, {"dt": 1, "embedding_dim": 0}, InputError),
        (HENON, {"dt": 1, "delay": 2000}, InputError),
    ],
)
def test_what_cannot_be_used_is_refused(x, options, error) -> None:
    with pytest.raises(error):
        lyapunov_spectrum_from_data(x, **options)
