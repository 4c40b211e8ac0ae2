"""Matches in a stream: those of the definition, however the stream is cut."""

import itertools

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.compare import SpringMonitor, dtw_distance
from midstream_lab.errors import GapError, InputError
from midstream_lab.feed import Block, Channel, Schema

RNG = np.random.default_rng(3)
QUERY = np.sin(np.linspace(0, 6, 12))


def planted() -> np.ndarray:
    """Noise with the query at three speeds."""
    x = RNG.standard_normal(5000) * 0.05 + 3
    for at, length in ((500, 12), (2000, 20), (4095, 7)):
        x[at : at + length] = np.sin(np.linspace(0, 6, length))
    return x


def feed(monitor: SpringMonitor, x: np.ndarray, chunk: int, first: int = 0) -> list[np.ndarray]:
    blocks = [
        monitor.update(Block(first=first + k, start=first + k, columns=(x[k : k + chunk],)))
        for k in range(0, len(x), chunk)
    ]
    return [np.concatenate(column) for column in zip(*(block.columns for block in blocks), strict=True)]


def matches(monitor: SpringMonitor) -> list[tuple[int, int, float]]:
    found = monitor.result()
    return list(zip(*(found[name].values.tolist() for name in ("start", "end", "distance")), strict=True))


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), m=st.integers(1, 6), n=st.integers(1, 40), threshold=st.floats(0.1, 2.5))
def test_the_matches_are_those_of_the_definition(seed: int, m: int, n: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    query, x = rng.standard_normal(m), rng.standard_normal(n)
    if n > 10:
        x[7] = np.nan
    monitor = SpringMonitor(query, threshold)
    columns = feed(monitor, x, 9)
    monitor.finish()
    found, expected = matches(monitor), naive.spring(query, x, threshold)
    assert [match[:2] for match in found] == [match[:2] for match in expected]
    np.testing.assert_allclose([match[2] for match in found], [match[2] for match in expected], atol=1e-12)
    for before, after in itertools.pairwise(found):
        assert before[1] < after[0]
    for start, end, distance in found:
        assert distance <= threshold
        assert distance == pytest.approx(dtw_distance(query, x[start : end + 1]), abs=1e-12)
    reported = columns[3] >= 0
    assert found[: reported.sum()] == list(
        zip(columns[2][reported], columns[3][reported], columns[1][reported], strict=True)
    )


def test_the_distance_of_a_row_is_the_least_of_all_that_end_there() -> None:
    x = RNG.standard_normal(60)
    found = feed(SpringMonitor(QUERY, 0.0), x, 60)[0]
    for end in range(60):
        least = min(dtw_distance(QUERY, x[start : end + 1]) for start in range(end + 1))
        assert found[end] == pytest.approx(least, abs=1e-12)


def test_the_answer_does_not_depend_on_the_blocks() -> None:
    x = planted()
    whole = SpringMonitor(QUERY, 1.0)
    expected = feed(whole, x, 4096)
    assert len(matches(whole)) == 3
    for chunk in (1, 7):
        monitor = SpringMonitor(QUERY, 1.0)
        for column, same in zip(feed(monitor, x, chunk), expected, strict=True):
            assert column.tobytes() == same.tobytes()
        assert matches(monitor) == matches(whole)


def test_planted_shapes_are_found_and_nothing_else() -> None:
    monitor = SpringMonitor(QUERY, 1.0)
    feed(monitor, planted(), 512)
    found = matches(monitor)
    assert [match[:2] for match in found] == [(500, 511), (2000, 2019), (4095, 4101)]
    assert not monitor.result()["open"]
    noise = SpringMonitor(QUERY, 1.0)
    feed(noise, RNG.standard_normal(5000) * 0.05 + 3, 512)
    assert noise.result()["count"] == 0


def test_a_gap_ends_a_match_and_none_reaches_across() -> None:
    x = np.concatenate([np.full(3, 9.0), QUERY])
    monitor = SpringMonitor(QUERY, 0.5)
    feed(monitor, x, 4)
    assert monitor.result()["open"]
    block = monitor.update(Block(first=100, start=100, columns=(x,), gap=85))
    assert [column[0] for column in block.columns[1:]] == [0.0, 3, 14]
    monitor.finish()
    assert [match[:2] for match in matches(monitor)] == [(3, 14), (103, 114)]
    cut = SpringMonitor(QUERY, 0.5)
    feed(cut, x[:9], 9)
    cut.update(Block(first=10, start=10, columns=(x[9:],), gap=1))
    assert cut.result()["count"] == 0


def test_history_is_bounded_and_the_count_is_not() -> None:
    monitor = SpringMonitor([0.0, 1.0], 0.1, history=2)
    feed(monitor, np.tile([9.0, 0.0, 1.0], 5), 4)
    monitor.finish()
    assert monitor.result()["count"] == 5
    assert [match[0] for match in matches(monitor)] == [10, 13]


def test_a_channel_is_chosen_by_name() -> None:
    schema = Schema(channels=(Channel(name="a"), Channel(name="b")))
    monitor = SpringMonitor(QUERY, 1.0, channel="b")
    assert [channel.name for channel in monitor.schema_out(schema).channels][1:] == [
        "match_distance",
        "match_start",
        "match_end",
    ]
    monitor.update(Block(first=0, start=0, columns=(np.full(12, 9.0), QUERY)))
    assert monitor.result()["open"]
    with pytest.raises(InputError, match="choose one of the channels a, b"):
        SpringMonitor(QUERY, 1.0).schema_out(schema)
    with pytest.raises(InputError, match="no numeric channel named 'c'"):
        SpringMonitor(QUERY, 1.0, channel="c").schema_out(schema)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: SpringMonitor([], 1.0), InputError, "query"),
        (lambda: SpringMonitor([0.0, np.nan], 1.0), GapError, "at row 1"),
        (lambda: SpringMonitor([0.0, np.inf], 1.0), InputError, "infinite"),
        (lambda: SpringMonitor(np.ones((4, 2)), 1.0), InputError, "2 channels"),
        (lambda: SpringMonitor(QUERY, -1), InputError, "threshold"),
        (lambda: SpringMonitor(QUERY, np.inf), InputError, "threshold"),
        (lambda: SpringMonitor(QUERY, "much"), InputError, "threshold"),
        (lambda: SpringMonitor(QUERY, 1, history=0), InputError, "history"),
    ],
)
def test_bad_input_is_named(call: object, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        call()
