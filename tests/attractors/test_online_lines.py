"""The lines of a recurrence plot that moves: the numbers of lines of each length, against counting them anew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.attractors import OnlineRecurrenceRate, OnlineRqa, rqa, systems
from midstream_lab.feed import Block
from midstream_lab.kernels.attractors.embedding import embed_delay
from midstream_lab.kernels.attractors.rqa import count_lines

#: Results are asked for, not given out: to put one together takes a millisecond.
RARELY = 10**6
#: Few distinct values: lines of all lengths, windows in which all recurs, and ones in which nothing does.
LEVELS = st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0, 5.0]), min_size=1, max_size=120)


def feed(twin, x: np.ndarray, chunk: int) -> None:
    for begin in range(0, len(x), chunk):
        twin.update(Block(first=begin, start=begin, columns=(x[begin : begin + chunk],)))


def counted(x: np.ndarray, twin: OnlineRqa) -> list[np.ndarray]:
    """What `count_lines` says of the last rows."""
    x = x[-twin.window :].copy()
    x.flags.writeable = False
    rows = max(0, len(x) - (twin.embedding_dim - 1) * twin.delay)
    columns = np.ascontiguousarray(embed_delay(x, twin.delay, twin.embedding_dim, rows).T)
    columns.flags.writeable = False
    limit = twin.radius if twin.norm == "max" else twin.radius**2
    return [found[: rows + 1] for found in count_lines(columns, limit, twin.theiler, 0 if twin.norm == "max" else 1)]


def kept(twin: OnlineRqa) -> list[np.ndarray]:
    """What the twin holds, cut to the rows it has seen; nothing may stand beyond."""
    rows = twin.known
    assert not twin._lengths[:, rows + 1 :].any()
    return [twin._lengths[0, : rows + 1], twin._lengths[1, : rows + 1], twin._by_lag[:rows]]


@settings(deadline=None)
@given(
    values=LEVELS,
    delay=st.integers(1, 3),
    embedding_dim=st.integers(1, 3),
    theiler=st.integers(0, 4),
    more=st.integers(0, 40),
    chunk=st.integers(1, 50),
    norm=st.sampled_from(["max", "euclidean"]),
)
def test_no_line_is_lost_or_made_up(values, delay, embedding_dim, theiler, more, chunk, norm) -> None:
    x = np.array(values)
    window = (embedding_dim - 1) * delay + theiler + 2 + more
    twin = OnlineRqa(
        every=RARELY, window=window, radius=1.0, delay=delay, embedding_dim=embedding_dim, theiler=theiler, norm=norm
    )
    feed(twin, x, chunk)
    for ours, theirs in zip(kept(twin), counted(x, twin), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert twin._lengths.min() >= 0


@pytest.mark.parametrize("kind", ["constant", "periodic", "constant, then a jump"])
def test_lines_as_long_as_the_window(kind: str) -> None:
    t = np.arange(400)
    x = {"constant": np.zeros(400), "periodic": np.sin(t * np.pi / 8), "constant, then a jump": 1.0 * (t > 333)}[kind]
    for end in (64, 65, 300, 334, 360, 400):
        twin = OnlineRqa(every=RARELY, window=64, radius=0.1)
        feed(twin, x[:end], 13)
        for ours, theirs in zip(kept(twin), counted(x[:end], twin), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    if kind == "constant":
        assert float(twin.result()["longest_diagonal"]) == 63
        assert float(twin.result()["longest_vertical"]) == 64


def test_a_long_run_at_a_real_window_has_not_drifted() -> None:
    x = systems.Lorenz().trajectory(6000, rng=3).values[:, 0].copy()
    options = {"radius": 1.5, "delay": 6, "embedding_dim": 3, "theiler": 20}
    twin, rate = (
        OnlineRqa(every=RARELY, window=1000, **options),
        OnlineRecurrenceRate(every=RARELY, window=1000, **options),
    )
    feed(twin, x, 500)
    feed(rate, x, 500)
    told, expected = twin.result(), rqa(x[-1000:], rate=None, **options)
    for name, value in expected.items():
        assert float(told[name]) == float(value), name
    assert float(rate.result()["recurrence_rate"]) == float(told["recurrence_rate"])
