"""From rows to vertices: equal to `embed`, however the rows come; gaps break the line."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.attractors.embedding import embed
from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.timebase import TimeBase
from midstream_widgets.trail import Trail

TIME = TimeBase(tick=Fraction(1, 100), unit="s")


def make_feed(channels="x", window=5000):
    return Feed(Schema(channels=tuple(Channel(name=name) for name in channels), time=TIME), window=window)


def put(feed, first, values):
    feed.append(Block(first=first, start=first, columns=(np.asarray(values, float),)))


def signal(n, seed=0):
    return np.cumsum(np.random.default_rng(seed).standard_normal(n))


def trail_of(feed, **options):
    options = {"columns": [0], "delay": 3, "dim": 3, "dt": 0.01, "rows": 10_000, **options}
    return Trail(feed, options.pop("columns"), **options)


def take_all(trail, limit=10_000):
    pieces = []
    while len(piece := trail.take(limit)):
        pieces.append(piece)
    return np.concatenate(pieces) if pieces else np.empty((0, 5))


@pytest.mark.parametrize(("delay", "dim"), [(1, 2), (3, 3), (17, 3)])
def test_vertices_equal_embed(delay, dim):
    feed, x = make_feed(), signal(500)
    feed.append_rows([x])
    vertices = take_all(trail_of(feed, delay=delay, dim=dim))
    np.testing.assert_array_equal(vertices[:, :dim], embed(x, delay=delay, dim=dim).values)
    assert not vertices[:, dim:3].any()
    assert len(set(vertices[:, 4])) == 1


@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.integers(1, 60), min_size=1, max_size=30), limit=st.integers(1, 50))
def test_any_chunking_gives_the_same_vertices(cuts, limit):
    x = signal(sum(cuts))
    whole, parts = make_feed(), make_feed()
    whole.append_rows([x])
    expected = take_all(trail_of(whole))
    trail, found, at = trail_of(parts), [], 0
    for n in cuts:
        parts.append_rows([x[at : at + n]])
        at += n
        found.append(take_all(trail, limit))
    found = np.concatenate(found)
    np.testing.assert_array_equal(found[:, :3], expected[:, :3])
    np.testing.assert_array_equal(found[:, 4], expected[:, 4])
    # Only the speed of the very first vertex depends on whether its successor was there.
    np.testing.assert_array_equal(found[1:, 3], expected[1:, 3])


def test_vectors_that_touch_a_gap_are_left_out_and_the_line_breaks():
    feed, x = make_feed(), signal(300)
    put(feed, 0, x[:100])
    put(feed, 150, x[150:300])
    trail = trail_of(feed)
    vertices = take_all(trail)
    with_gap = x.copy()
    with_gap[100:150] = np.nan
    np.testing.assert_array_equal(vertices[:, :3], embed(with_gap, delay=3, dim=3).values)
    assert np.flatnonzero(np.diff(vertices[:, 4])).tolist() == [93]
    assert trail.left_out == 6


def test_a_gap_that_comes_later_breaks_the_line_too():
    feed, x = make_feed(), signal(300)
    put(feed, 0, x[:100])
    trail = trail_of(feed)
    first = take_all(trail)
    put(feed, 150, x[150:153])
    put(feed, 153, x[153:300])
    second = take_all(trail)
    assert len(first) == 94
    assert len(second) == 144
    assert first[-1, 4] != second[0, 4]


def test_nan_samples_are_gaps():
    feed, x = make_feed(), signal(100)
    x[50] = np.nan
    feed.append_rows([x])
    vertices = take_all(trail_of(feed))
    np.testing.assert_array_equal(vertices[:, :3], embed(x, delay=3, dim=3).values)
    assert len(set(vertices[:, 4])) > 1


def test_speed_is_the_distance_to_the_vertex_before_over_dt():
    feed, x = make_feed(), signal(100)
    feed.append_rows([x])
    vertices = take_all(trail_of(feed, dim=2, delay=1))
    steps = np.linalg.norm(np.diff(vertices[:, :2], axis=0), axis=1) / 0.01
    np.testing.assert_allclose(vertices[1:, 3], steps)
    assert vertices[0, 3] == vertices[1, 3]


def test_channels_are_drawn_directly():
    feed = make_feed("abc")
    rows = np.random.default_rng(1).standard_normal((50, 3))
    feed.append_rows(rows)
    np.testing.assert_array_equal(take_all(trail_of(feed, columns=[2, 0]))[:, :2], rows[:, [2, 0]])


def test_a_trail_begins_so_far_back_as_asked():
    feed, x = make_feed(), signal(1000)
    feed.append_rows([x])
    vertices = take_all(trail_of(feed, rows=100))
    np.testing.assert_array_equal(vertices[:, :3], embed(x, delay=3, dim=3).values[-100:])


def test_rows_that_left_the_window_are_passed_over():
    feed, x = make_feed(window=200), signal(1000)
    trail = trail_of(feed)
    feed.append_rows([x[:100]])
    take_all(trail)
    feed.append_rows([x[100:]])
    vertices = take_all(trail)
    np.testing.assert_array_equal(vertices[:, :3], embed(x[-200:], delay=3, dim=3).values)


def test_skipping_breaks_the_line():
    feed, x = make_feed(), signal(200)
    feed.append_rows([x[:100]])
    trail = trail_of(feed)
    before = trail.take(50)
    assert trail.waiting == 44
    trail.skip(20)
    after = take_all(trail)
    assert before[-1, 4] != after[0, 4]
    np.testing.assert_array_equal(after[:, :3], embed(x[70:100], delay=3, dim=3).values)


def test_nothing_comes_of_too_few_rows():
    feed = make_feed()
    trail = trail_of(feed)
    assert take_all(trail).shape == (0, 5)
    feed.append_rows([[1.0, 2.0, 3.0]])
    assert take_all(trail).shape == (0, 5)
    assert trail.waiting == 0


def test_the_rows_of_the_vertices_are_told():
    feed = make_feed()
    feed.append_rows([signal(20)])
    feed.append(Block(first=30, start=30, columns=(signal(10),)))
    trail = trail_of(feed)
    trail.take(1000)
    assert trail.taken.tolist() == [*range(14), *range(30, 34)]


def test_values_that_do_not_fit_float32_are_left_out():
    feed = make_feed()
    feed.append_rows([[0.0, 1.0, 1e300, 3.0, 4.0, -np.inf, 6.0, 7.0]])
    trail = trail_of(feed, dim=2, delay=1)
    np.testing.assert_array_equal(take_all(trail)[:, :2], [[0, 1], [3, 4], [6, 7]])
    assert trail.left_out == 4
