"""The online twins: what their table says, however the rows come."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import xarray as xr

from midstream_lab.attractors import (
    OnlinePermutationEntropy,
    OnlineRecurrenceRate,
    OnlineRqa,
    OnlineZeroOne,
    online,
    permutation_entropy,
    rqa,
    systems,
    zero_one_test,
)
from midstream_lab.attractors.online import Twin
from midstream_lab.errors import InputError
from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.timebase import TimeBase

WINDOW = 300
LINES = {"radius": 0.2, "delay": 2, "embedding_dim": 2, "theiler": 4}
SCHEMA = Schema(channels=(Channel(name="x"),), time=TimeBase(unit="iterate"))


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A twin, what it is a twin of, and after how many rows its window ends."""

    make: Callable[..., Twin]
    batch: Callable[[np.ndarray], xr.Dataset]
    block: bool = False


PAIRS = {
    "OnlinePermutationEntropy": Pair(
        make=lambda every: OnlinePermutationEntropy(window=WINDOW, every=every, order=4, delay=2),
        batch=lambda x: permutation_entropy(x, order=4, delay=2),
    ),
    "OnlineRecurrenceRate": Pair(
        make=lambda every: OnlineRecurrenceRate(window=WINDOW, every=every, **LINES),
        batch=lambda x: rqa(x, rate=None, **LINES)[["recurrence_rate"]],
    ),
    "OnlineRqa": Pair(
        make=lambda every: OnlineRqa(window=WINDOW, every=every, **LINES),
        batch=lambda x: rqa(x, rate=None, **LINES),
    ),
    "OnlineZeroOne": Pair(
        make=lambda every: OnlineZeroOne(window=WINDOW, angles=20),
        batch=lambda x: zero_one_test(x, angles=20),
        block=True,
    ),
}


def table() -> dict[str, str]:
    """Twin and whether it is exact, from the table in the docs."""
    return dict(re.findall(r"^(Online\w+) +`.*?  +(yes|no) ", online.__doc__ or "", re.MULTILINE))


def data(n: int) -> np.ndarray:
    return systems.Henon().trajectory(n, rng=1).values[:, 0].copy()


def rows_of(x: np.ndarray, twin: Twin, chunk: int) -> list[tuple]:
    """All rows that a twin gives out, fed by hand."""
    found = []
    for begin in range(0, len(x), chunk):
        block = twin.update(Block(first=begin, start=begin, columns=(x[begin : begin + chunk],)))
        if block is not None:
            found += list(
                zip(range(block.first, block.stop), *[column.tolist() for column in block.columns], strict=True)
            )
    return found


def test_the_table_names_every_twin() -> None:
    assert set(table()) == set(PAIRS) == {name for name in online.__all__ if name != "Twin"}
    assert {name for name, exact in table().items() if exact == "no"} == {n for n, pair in PAIRS.items() if pair.block}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("n", [WINDOW, 777, 1000])
def test_exact_twins_equal_the_batch_and_blocks_equal_it_where_they_end(name: str, n: int) -> None:
    pair, x = PAIRS[name], data(n)
    twin = pair.make(50)
    rows_of(x, twin, 64)
    told = twin.result()
    end = n if table()[name] == "yes" else (n - 1) // WINDOW * WINDOW + 1
    if end < WINDOW:
        assert int(told["n_used"]) == 0
        assert "no block" in told["reasons"].item()
        return
    expected = pair.batch(x[end - WINDOW : end])
    assert (int(told["n_used"]), int(told["window"]), int(told["age"])) == (WINDOW, WINDOW, n - end)
    xr.testing.assert_equal(told.drop_vars(["n_used", "window", "age"]), expected)
    assert set(told.attrs) <= set(expected.attrs)


@pytest.mark.parametrize("name", PAIRS)
def test_any_chunking_gives_the_same_rows(name: str) -> None:
    x = data(1000)
    whole = rows_of(x, PAIRS[name].make(75), 1000)
    assert len(whole) >= 3
    for chunk in (1, 7, 333):
        assert repr(rows_of(x, PAIRS[name].make(75), chunk)) == repr(whole)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("hole", ["rows", "nan"])
def test_no_window_reaches_across_a_gap(name: str, hole: str) -> None:
    x, pair = data(1400), PAIRS[name]
    twin, fresh = pair.make(50), pair.make(50)
    twin.update(Block(first=0, start=0, columns=(x[:500],)))
    after = x[500:].copy()
    if hole == "nan":
        after[0] = np.nan
        begin = 501
        twin.update(Block(first=500, start=500, columns=(after,)))
    else:
        begin = 520
        twin.update(Block(first=520, start=520, columns=(x[520:],), gap=20))
    fresh.update(Block(first=begin, start=begin, columns=(x[begin:],)))
    xr.testing.assert_equal(twin.result(), fresh.result())


@pytest.mark.parametrize("name", PAIRS)
def test_twins_on_a_feed(name: str) -> None:
    x = data(1000)
    feed = Feed(SCHEMA)
    found = feed.pipe(PAIRS[name].make(100), policy="block")
    feed.append_rows([x])
    feed.close()
    assert found.wait(timeout=60)
    rows = found.rows()
    every = WINDOW if PAIRS[name].block else 100
    newest = int(rows["row"][-1]) * every
    expected = PAIRS[name].batch(x[newest + 1 - WINDOW : newest + 1])
    first = next(iter(expected.data_vars))
    assert float(rows[first][-1]) == float(expected[first])
    assert float(rows["n_used"][-1]) == WINDOW
    assert float(rows["time"][-1]) == newest


@pytest.mark.parametrize("name", ["OnlinePermutationEntropy", "OnlineRecurrenceRate", "OnlineRqa"])
def test_a_window_that_is_not_full_is_used_and_said(name: str) -> None:
    pair, x = PAIRS[name], data(120)
    twin = pair.make(10)
    empty = twin.result()
    assert int(empty["n_used"]) == 0
    assert rows_of(x, twin, 50) == []
    told = twin.result()
    assert int(told["n_used"]) == 120
    assert set(told.data_vars) == set(empty.data_vars)
    xr.testing.assert_equal(told.drop_vars(["n_used", "window", "age"]), pair.batch(x))


def test_memory_is_bounded() -> None:
    twin = OnlineRecurrenceRate(window=50, radius=0.1)
    rows_of(data(5000), twin, 512)
    assert len(twin._held) == len(twin._later) == 50


def test_channels_are_chosen_by_name() -> None:
    several = Schema(channels=(Channel(name="a"), Channel(name="b"), Channel(name="note", kind="text")))
    with pytest.raises(InputError, match="choose one of the channels a, b"):
        OnlinePermutationEntropy(window=50).schema_out(several)
    with pytest.raises(InputError, match="no numeric channel named 'note'"):
        OnlinePermutationEntropy(window=50, channel="note").schema_out(several)
    twin = OnlinePermutationEntropy(window=50, channel="b")
    assert "entropy" in twin.schema_out(several).names
    x = data(60)
    twin.update(Block(first=0, start=0, columns=(np.zeros(60), x, np.full(60, "", object))))
    assert float(twin.result()["entropy"]) == float(permutation_entropy(x[-50:])["entropy"])


def test_irregular_time_is_refused() -> None:
    irregular = Schema(channels=(Channel(name="x"),), time=TimeBase(unit="s", step=0))
    with pytest.raises(InputError, match="even time base"):
        OnlinePermutationEntropy(window=50).schema_out(irregular)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: OnlinePermutationEntropy(window=2), "window must be"),
        (lambda: OnlinePermutationEntropy(window=50, every=0), "every must be"),
        (lambda: OnlinePermutationEntropy(window=50, order=9), "order must be"),
        (lambda: OnlineRecurrenceRate(window=5, radius=0.1, theiler=4), "window must be"),
        (lambda: OnlineRecurrenceRate(window=50, radius=0.0), "radius must be"),
        (lambda: OnlineRqa(window=50, every=5, radius=0.1, norm="taxi"), "norm must be"),
        (lambda: OnlineZeroOne(window=100), "window must be"),
        (lambda: OnlineZeroOne(window=300, angles=1), "angles must be"),
    ],
)
def test_parameters_are_checked(make, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()
