"""Delay vectors, neighbours and divergence online: against slow obvious versions, and what fading does."""

from fractions import Fraction

import naive
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.attractors import OnlineDivergence, OnlineEmbedding, OnlineNeighbours, embed, systems
from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.timebase import TimeBase

#: Results are asked for, not given out: to put one together takes a millisecond.
RARELY = 10**6


def fed(twin, x: np.ndarray, chunk: int = 64):
    for begin in range(0, len(x), chunk):
        twin.update(Block(first=begin, start=begin, columns=(x[begin : begin + chunk],)))
    return twin


@settings(deadline=None)
@given(
    values=st.lists(st.integers(0, 6).map(float), min_size=1, max_size=80),
    delay=st.integers(1, 3),
    dim=st.integers(1, 3),
    theiler=st.integers(1, 4),
    more=st.integers(0, 30),
    chunk=st.integers(1, 40),
)
def test_neighbours_are_the_nearest_even_of_quantised_values(values, delay, dim, theiler, more, chunk) -> None:
    """With ties it may be another neighbour, never one further away."""
    x = np.array(values)
    window = (dim - 1) * delay + theiler + 2 + more
    twin = OnlineNeighbours(every=RARELY, window=window, delay=delay, embedding_dim=dim, theiler=theiler)
    told = fed(twin, x, chunk).result()
    points = naive.embed(x[-window:], delay, dim).reshape(-1, dim)
    squared = naive.neighbours(points, 1, theiler)[:, 0] if len(points) else np.empty(0)
    np.testing.assert_array_equal(told["distance"], np.where(np.isfinite(squared), np.sqrt(squared), np.nan))
    index = told["neighbour"].values
    assert (index < len(points)).all()
    for i, j in enumerate(index):
        assert (j == -1) == np.isinf(squared[i])
        if j >= 0:
            assert abs(i - j) > theiler
            assert ((points[i] - points[j]) ** 2).sum() == squared[i]


def test_the_newest_vector_s_neighbour_goes_out_as_numbers() -> None:
    told = fed(
        OnlineNeighbours(every=RARELY, window=5, embedding_dim=1), np.array([7.0, 0.0, 1.0, 3.0, 9.0, 0.5])
    ).result()
    assert (float(told["newest_distance"]), int(told["newest_lag"])) == (0.5, 4)
    nobody = fed(OnlineNeighbours(every=RARELY, window=5, embedding_dim=1), np.zeros(9)).result()
    assert np.isnan(float(nobody["newest_distance"]))
    assert int(nobody["newest_lag"]) == 0


def test_the_curve_is_that_of_the_slow_version() -> None:
    x = systems.Henon().trajectory(500, rng=2).values[:, 0].copy()
    told = fed(OnlineDivergence(every=RARELY, window=120, steps=6, theiler=3), x).result()
    np.testing.assert_allclose(told["divergence"], naive.divergence(x[-120:], 1, 2, 3, 6), rtol=1e-12)


def test_a_constant_has_no_pairs() -> None:
    told = fed(OnlineDivergence(every=RARELY, window=50, steps=5), np.ones(80)).result()
    assert int(told["pairs"].sum()) == 0
    assert np.isnan(told["divergence"]).all()
    assert np.isnan(float(told["slope"]))


@pytest.mark.parametrize("half_life", [5, 40.0])
def test_pairs_fade_by_the_age_of_their_older_vector(half_life: float) -> None:
    """Against the weighted mean, written out."""
    x = systems.Henon().trajectory(400, rng=4).values[:, 0].copy()
    options = {"every": RARELY, "window": 150, "steps": 4, "theiler": 2}
    told = fed(OnlineDivergence(**options, half_life=half_life), x).result()
    held = x[-150:]
    points = naive.embed(held, 1, 2)
    rows = len(points) - 4
    nearest = fed(OnlineNeighbours(every=RARELY, window=146, theiler=2), held[:146]).result()["neighbour"].values
    assert len(nearest) == rows
    weights = 0.5 ** ((rows - 1 - np.minimum(np.arange(rows), nearest)) / half_life)
    for k in range(5):
        logs = np.log(np.linalg.norm(points[np.arange(rows) + k] - points[nearest + k], axis=1))
        assert float(told["divergence"][k]) == pytest.approx((weights * logs).sum() / weights.sum(), abs=1e-10)


def test_a_long_half_life_is_none() -> None:
    x = systems.Henon().trajectory(700, rng=5).values[:, 0].copy()
    never = fed(OnlineDivergence(every=RARELY, window=300, steps=8), x).result()
    slow = fed(OnlineDivergence(every=RARELY, window=300, steps=8, half_life=1e12), x).result()
    np.testing.assert_allclose(slow["divergence"], never["divergence"], atol=1e-9)
    np.testing.assert_array_equal(slow["pairs"], never["pairs"])


def test_what_fades_finds_the_exponent_after_a_change_of_the_system() -> None:
    """A third of the window after the parameter of a logistic map was raised to 4, where the exponent is ln 2."""
    slopes = {None: [], 60: []}
    for seed in range(10):
        calm, wild = (systems.Logistic(r=r).trajectory(1000, rng=seed).values[:, 0] for r in (3.7, 4.0))
        x = np.concatenate([calm, wild[:333]])
        for half_life, found in slopes.items():
            twin = OnlineDivergence(every=RARELY, window=1000, steps=5, embedding_dim=1, half_life=half_life)
            curve = fed(twin, x).result()["divergence"]
            found.append(np.polyfit(np.arange(1, 6), curve[1:], 1)[0])
    assert np.median(slopes[None]) < 0.9 * np.log(2)
    assert np.median(slopes[60]) == pytest.approx(np.log(2), rel=0.1)


def test_an_embedding_on_a_feed_is_that_of_its_window_with_labels() -> None:
    x = np.random.default_rng(0).standard_normal(200)
    schema = Schema(channels=(Channel(name="v", unit="mV"),), time=TimeBase(unit="s", tick=Fraction(1, 250)))
    feed, twin = Feed(schema), OnlineEmbedding(window=60, delay=3, dim=3)
    vectors = feed.pipe(twin, policy="block")
    feed.append_rows([x])
    feed.close()
    assert vectors.wait(timeout=60)
    expected = embed(feed.window(60), delay=3, dim=3)
    xr.testing.assert_allclose(twin.result()["embedding"].drop_vars(AGE, errors="ignore"), expected, rtol=1e-12)
    np.testing.assert_array_equal(twin.result()["embedding"], expected)
    rows = vectors.rows()
    assert [rows[name].attrs["units"] for name in ("x(t - 6)", "x(t - 3)", "x(t)")] == ["mV"] * 3
    np.testing.assert_array_equal(rows["x(t - 6)"], x[:-6])
    np.testing.assert_array_equal(rows["row"], np.arange(6, 200))
    np.testing.assert_array_equal(rows["time"], feed.rows()["time"][6:])


AGE = ["n_used", "window", "age"]


@pytest.mark.parametrize("chunk", [1, 7, 30])
def test_vectors_that_touch_a_nan_are_nan_and_those_that_touch_missing_rows_never_come(chunk: int) -> None:
    x = np.arange(30.0)
    x[12] = np.nan
    twin, found = OnlineEmbedding(window=10, delay=2, dim=2), {}
    for first, part, gap in ((0, x[:20], 0), (25, x[25:], 5)):
        for begin in range(0, len(part), chunk):
            columns = (part[begin : begin + chunk],)
            block = twin.update(Block(first=first + begin, start=0, columns=columns, gap=gap if begin == 0 else 0))
            if block is not None:
                found |= {block.first + i: [column[i] for column in block.columns] for i in range(len(block))}
    assert sorted(found) == [*range(2, 20), 27, 28, 29]
    for row, vector in found.items():
        assert np.isnan(vector).all() if row in (12, 14) else vector == [row - 2, row]
