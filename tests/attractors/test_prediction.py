"""Prediction by analogues and S-maps, and its skill."""

import naive
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.attractors import predict, systems
from midstream_lab.errors import GapError, InputError
from midstream_lab.kernels.attractors.prediction import average_analogues, map_locally
from midstream_lab.sequence import sequence

METHODS = ["analogue", "s_map"]


def example(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Delay vectors and their futures, one and two samples ahead."""
    x = np.random.default_rng(seed).standard_normal(80).cumsum()
    points = naive.embed(x, 2, 3)[:-2]
    return points, np.stack([x[5 : 5 + len(points)], x[6 : 6 + len(points)]], axis=1)


def test_analogues_equal_naive() -> None:
    points, future = example()
    future.flags.writeable = False
    told = average_analogues(points, future, 3, 5)
    np.testing.assert_allclose(told, [naive.analogue(points, future, i, 3, 5) for i in range(len(points))])


@pytest.mark.parametrize("theta", [0.0, 2.0, 10.0])
def test_s_map_equals_weighted_least_squares(theta: float) -> None:
    points, future = example()
    future.flags.writeable = False
    told = map_locally(points, future, np.arange(len(points)), theta, 4)
    expected = [naive.s_map(points, future, i, theta, 4) for i in range(len(points))]
    np.testing.assert_allclose(told, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_lorenz_is_predicted_better_than_by_persistence(method: str) -> None:
    found = predict(systems.Lorenz().trajectory(4000), channel="x", method=method, horizon=30)
    assert found["status"] == "ok"
    assert float(found["skill"][9]) > 0.9
    assert float(found["interval"][9, 0]) > 0.8
    assert (found["error"][9:] < found["persistence_error"][9:] / 2).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(5))
def test_white_noise_is_not(method: str, seed: int) -> None:
    found = predict(np.random.default_rng(seed).standard_normal(1500), dt=1, method=method)
    assert found["status"] == "inconclusive"
    assert "no skill" in found["reasons"].item()
    np.testing.assert_allclose(found["persistence_error"], np.sqrt(2), rtol=0.1)
    np.testing.assert_allclose(found["mean_error"], 1.0, rtol=0.1)


@pytest.mark.parametrize("method", METHODS)
def test_a_forecast_of_chaos_is_right_for_a_while(method: str) -> None:
    run = systems.Henon().trajectory(2003).values[:, 0]
    found = predict(run[:2000], dt=1, method=method, horizon=3, embedding_dim=2, theta=30.0)
    np.testing.assert_allclose(found["forecast"], run[2000:], atol=0.15)


def test_one_linear_map_for_all_finds_an_autoregression() -> None:
    """At theta = 0 the error of an AR(1) process one sample ahead is that of its innovations."""
    noise = np.random.default_rng(2).standard_normal(4000)
    x = np.zeros(4000)
    for t in range(1, 4000):
        x[t] = 0.8 * x[t - 1] + noise[t]
    found = predict(x, dt=1, method="s_map", theta=0.0, delay=1, embedding_dim=2, horizon=1)
    assert float(found["error"][0]) == pytest.approx(0.6, rel=0.06)
    assert float(found["forecast"][0]) == pytest.approx(0.8 * x[-1], abs=0.15)


def test_skill_of_a_sine_is_that_of_its_neighbours() -> None:
    x = np.sin(2 * np.pi * np.arange(2000) / 40.5)
    found = predict(x, dt=1, horizon=20)
    assert float(found["skill"][-1]) > 0.99


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 100.0), st.floats(-100.0, 100.0), st.sampled_from(METHODS))
def test_skill_does_not_see_scale_and_shift(scale: float, shift: float, method: str) -> None:
    x = np.random.default_rng(1).standard_normal(120).cumsum().round(4)
    given = {"dt": 1, "method": method, "delay": 1, "embedding_dim": 2, "theiler": 3, "horizon": 2}
    first, moved = predict(x, **given), predict(scale * x + shift, **given)
    np.testing.assert_allclose(moved["skill"], first["skill"], atol=1e-4)
    np.testing.assert_allclose(moved["forecast"], scale * first["forecast"] + shift, rtol=1e-4, atol=1e-3 * scale)


def test_results_are_labelled() -> None:
    x = sequence(np.random.default_rng(0).standard_normal(400), dt="1/4")
    found = predict(x, horizon=3)
    assert found["lead"].values.tolist() == [0.25, 0.5, 0.75]
    assert found["lead"].attrs["units"] == "s"
    assert found["interval"].dims == ("lead", "end")
    assert all(isinstance(value, str | int | float) for value in found.attrs.values())


def test_every_kind_of_array_is_treated_alike() -> None:
    x = np.random.default_rng(0).integers(0, 50, 300).astype(float)
    expected = predict(x, dt=1)
    for kind in (x.tolist(), x.astype(np.float32), x.astype(int), np.repeat(x, 2)[::2], pd.Series(x)):
        np.testing.assert_array_equal(predict(kind, dt=1)["forecast"], expected["forecast"])


@pytest.mark.parametrize(
    ("x", "options", "words"),
    [
        ([], {}, "empty"),
        (np.full(200, 1.0), {}, "constant"),
        (np.arange(300.0) % 7, {"dt": None}, "dt"),
        (np.arange(30.0) % 7, {"horizon": 25}, "leave nothing to predict from"),
        (np.arange(300.0) % 7, {"method": "simplex"}, "method must be"),
        (np.arange(300.0) % 7, {"horizon": 0}, "horizon must be"),
        (np.arange(300.0) % 7, {"theta": -1.0}, "theta must be"),
        (np.arange(300.0) % 7, {"neighbours": 0}, "neighbours must be"),
        (np.arange(300.0) % 7, {"level": 1.0}, "level must"),
        (np.arange(300.0) % 7, {"delay": 400}, "samples"),
    ],
)
def test_bad_input_is_explained(x, options, words: str) -> None:
    with pytest.raises(InputError, match=words):
        predict(x, **({"dt": 1} | options))


def test_gaps_are_refused() -> None:
    x = np.random.default_rng(0).standard_normal(600)
    x[9] = np.nan
    with pytest.raises(GapError, match="resample"):
        predict(x, dt=1)


def test_a_short_sequence_is_inconclusive() -> None:
    found = predict(np.random.default_rng(0).standard_normal(60), dt=1, horizon=2, delay=1, embedding_dim=2, theiler=2)
    assert found["status"] == "inconclusive"
    assert "at least 100" in found["reasons"].item()
