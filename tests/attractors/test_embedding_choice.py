"""False neighbours, PECUZAL and the report: how a sequence is to be embedded."""

import naive
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.attractors import (
    embedding_report,
    estimate_embedding_dim,
    estimate_theiler,
    false_neighbours,
    mutual_information,
    pecuzal,
    systems,
)
from midstream_lab.attractors.pecuzal import needed_by_chance
from midstream_lab.errors import GapError, InputError
from midstream_lab.kernels.attractors.embedding_report import find_returns
from midstream_lab.kernels.attractors.pecuzal import amplify_noise, measure_continuity

FUNCTIONS = [false_neighbours, pecuzal, embedding_report]
NOISE = np.random.default_rng(0).standard_normal(2000)


@pytest.mark.parametrize("seed", range(3))
def test_false_neighbours_equal_naive(seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal(150).cumsum()
    found = false_neighbours(x, delay=2, theiler=5, max_dim=3, ratio=3.0, size=0.5)
    expected = [naive.false_share(x, 2, dim, 5, 3.0, 0.5) for dim in (1, 2, 3)]
    told = np.stack([found["by_ratio"], found["by_size"], found["false_share"]], axis=1)
    np.testing.assert_allclose(told, expected)


@pytest.mark.parametrize(("kind", "dim"), [(systems.Henon, 2), (systems.Lorenz, 3), (systems.Rossler, 3)])
def test_false_neighbours_vanish_where_the_literature_says(kind, dim: int) -> None:
    """Kennel, Brown & Abarbanel 1992: 2 for Henon, 3 for Lorenz."""
    run = kind().trajectory(5000)
    by_fnn, by_cao = (estimate_embedding_dim(run, method=method, channel="x") for method in ("fnn", "cao"))
    assert int(by_fnn["embedding_dim"]) == dim
    assert abs(int(by_cao["embedding_dim"]) - dim) <= 1


def test_the_method_chooses_the_dimension_and_changes_no_curve() -> None:
    run = systems.Lorenz().trajectory(2000)
    one, other = (estimate_embedding_dim(run, method=method, channel="x") for method in ("fnn", "cao"))
    assert one.drop_vars("embedding_dim").equals(other.drop_vars("embedding_dim"))
    np.testing.assert_array_equal(one["false_share"], false_neighbours(run, channel="x")["false_share"])


def test_noise_keeps_false_neighbours_by_size_alone() -> None:
    """Kennel's reason for the second criterion: in many dimensions the first one is blind to noise."""
    found = false_neighbours(NOISE)
    assert int(estimate_embedding_dim(NOISE, method="fnn")["embedding_dim"]) == 0
    assert float(found["by_ratio"][-1]) < 0.01
    assert float(found["by_size"][-1]) > 0.2


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([0.125, 0.5, 4.0, 256.0]), st.booleans())
def test_false_neighbours_do_not_see_scale_and_sign(scale: float, flip: bool) -> None:
    x = NOISE[:200].round(4).cumsum()
    first, moved = (false_neighbours(v, delay=1, theiler=3, max_dim=3) for v in (x, -scale * x if flip else scale * x))
    np.testing.assert_allclose(moved["false_share"], first["false_share"])


def test_chance_is_what_the_binomial_says() -> None:
    """7 or more heads of 8 tosses have the chance 9/256 < 5%, 6 or more 37/256; and so on (Pecora et al. 2007)."""
    assert needed_by_chance().tolist() == [0] * 8 + [7, 8, 9, 9, 10, 10]


def test_continuity_and_cost_equal_naive() -> None:
    x = NOISE[:160].cumsum()
    points = naive.embed(x, 3, 2)[:120]
    needed = needed_by_chance()
    frozen, needed_view = x.view(), needed.view()
    frozen.flags.writeable = needed_view.flags.writeable = False
    found = measure_continuity(points, frozen, 6, 4, needed_view)
    np.testing.assert_allclose(found, naive.continuity(points, x, 6, 4, needed))
    np.testing.assert_allclose(amplify_noise(points, 3, 4, 5)[-1], naive.noise_amplification(points, 3, 4, 5))


@pytest.mark.parametrize(("kind", "dt", "dim"), [(systems.Lorenz, 0.02, 3), (systems.Rossler, 0.15, 3)])
def test_pecuzal_finds_three_components_with_unequal_lags(kind, dt: float, dim: int) -> None:
    """Kraemer et al. 2021: 3 for Lorenz and Rossler."""
    found = pecuzal(kind().trajectory(4000, dt=dt), channel="x")
    assert found["status"] == "ok"
    assert int(found["embedding_dim"]) == dim
    assert (found["gain"][1:] < -0.05).all()
    assert len(np.unique(found["delays"])) == dim


def test_pecuzal_of_simple_motion() -> None:
    assert pecuzal(np.sin(np.arange(3000) / 7.0))["delays"].values.tolist() == [0, 11]  # a quarter period
    assert pecuzal(systems.Henon().trajectory(3000), channel="x")["delays"].values.tolist() == [0, 1]


def test_pecuzal_embeds_no_noise() -> None:
    found = pecuzal(NOISE)
    assert int(found["embedding_dim"]) == 1
    assert found["status"] == "inconclusive"
    assert "noise" in found["reasons"].item()


def test_pecuzal_says_when_it_was_stopped() -> None:
    found = pecuzal(systems.Lorenz().trajectory(3000), channel="x", max_dim=2)
    assert found["status"] == "inconclusive"
    assert "max_dim=2" in found["reasons"].item()


def test_returns_are_those_of_the_clock() -> None:
    angle = 2 * np.pi * np.arange(400) / 40
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert find_returns(circle, np.array([0, 17, 390]), 0.01).tolist() == [40, 40, -1]


@pytest.mark.parametrize(("kind", "dim"), [(systems.Henon, 2), (systems.Lorenz, 3), (systems.Rossler, 3)])
def test_report_of_known_systems(kind, dim: int) -> None:
    found = embedding_report(kind().trajectory(5000), channel="x")
    assert found["status"] == "ok", found["reasons"].item()
    assert int(found["embedding_dim"]) == dim
    assert float(found["recurrences"]) > 20


def test_report_agrees_with_its_parts() -> None:
    run = systems.Lorenz().trajectory(3000)
    found = embedding_report(run, channel="x", max_dim=5)
    for method in ("cao", "fnn"):
        part = estimate_embedding_dim(run, method=method, channel="x", max_dim=5)
        assert int(found[f"dim_{method}"]) == int(part["embedding_dim"])
        for name in ("e1", "e2", "false_share"):
            np.testing.assert_array_equal(found[name], part[name])
    assert int(found["theiler"]) == int(estimate_theiler(run, channel="x", dim=int(found["embedding_dim"]))["theiler"])
    curve = mutual_information(run, channel="x", max_lag=found.sizes["lag"] - 1, bins=12)
    np.testing.assert_array_equal(found["mutual_information"], curve)
    assert "_repr_html_" in dir(found)


def test_pairs_close_in_time_are_close_in_phase_space() -> None:
    share = embedding_report(systems.Lorenz().trajectory(5000), channel="x")["close_share"]
    assert float(share[0]) == 1.0
    assert float(share[-1]) < 0.2


def test_recurrence_time_of_a_sine_is_its_period() -> None:
    found = embedding_report(np.sin(2 * np.pi * np.arange(3000) / 50.3), max_dim=4)
    assert float(found["recurrence_time"]) == pytest.approx(50, abs=1)
    assert float(found["recurrences"]) == pytest.approx(60, abs=1)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (NOISE, "E2 is near 1"),
        (NOISE, "neighbours are false"),
        (np.sin(np.arange(600) / 50.0), "recurrence times"),
        (NOISE.cumsum(), "not stationary"),
    ],
)
def test_report_has_doubts(x: np.ndarray, words: str) -> None:
    found = embedding_report(x, max_dim=4)
    assert found["status"] == "inconclusive"
    assert words in found["reasons"].item()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_kind_of_array_is_treated_alike(function) -> None:
    x = np.random.default_rng(0).integers(0, 50, 600).astype(float)
    expected = function(x)
    readonly = x.copy()
    readonly.flags.writeable = False
    for kind in (x.tolist(), x.astype(np.float32), x.astype(int), np.repeat(x, 2)[::2], pd.Series(x), readonly):
        assert function(kind).equals(expected)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("x", "words"),
    [
        ([], "empty"),
        ([1.0], "constant"),
        (np.full(600, 1.0), "constant"),
        (NOISE[:12], "too few"),
        (np.where(np.arange(600) == 5, np.inf, NOISE[:600]), "infinite"),
    ],
)
def test_bad_input_is_explained(function, x, words: str) -> None:
    with pytest.raises(InputError, match=words):
        function(x)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_gaps_are_refused(function) -> None:
    x = NOISE.copy()
    x[9] = np.nan
    with pytest.raises(GapError, match="resample"):
        function(x)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_attrs_are_text_and_numbers(function) -> None:
    found = function(NOISE[:800])
    assert all(isinstance(value, str | int | float) for value in found.attrs.values())
    assert {"method", "citation", "version"} <= set(found.attrs)


@pytest.mark.parametrize(
    ("function", "options", "words"),
    [
        (false_neighbours, {"ratio": 0.0}, "ratio must"),
        (false_neighbours, {"size": np.nan}, "size must"),
        (false_neighbours, {"max_dim": 0}, "max_dim must"),
        (estimate_embedding_dim, {"method": "afn"}, "method must"),
        (pecuzal, {"max_lag": 2}, "max_lag must"),
        (pecuzal, {"max_lag": 1990}, "too few"),
        (pecuzal, {"threshold": 0.1}, "threshold must"),
        (pecuzal, {"max_dim": 1}, "max_dim must"),
        (embedding_report, {"max_dim": 1}, "max_dim must"),
    ],
)
def test_bad_options_are_explained(function, options, words: str) -> None:
    with pytest.raises(InputError, match=words):
        function(NOISE, **options)
