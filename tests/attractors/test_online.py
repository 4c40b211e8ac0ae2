"""The online twins: what their table says, however the rows come."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import xarray as xr

from midstream_lab.attractors import (
    OnlineDivergence,
    OnlineEmbedding,
    OnlineNeighbours,
    OnlinePermutationEntropy,
    OnlineRecurrenceRate,
    OnlineRqa,
    OnlineZeroOne,
    classify_attractor,
    divergence_curve,
    embed,
    lyapunov_max,
    online,
    permutation_entropy,
    rqa,
    systems,
    zero_one_test,
)
from midstream_lab.attractors.online import Twin
from midstream_lab.attractors.online.table import TABLE, Row, draw
from midstream_lab.errors import InputError
from midstream_lab.feed import Block, Channel, Feed, Schema, Windowed
from midstream_lab.kernels.common.neighbours import find_neighbours
from midstream_lab.timebase import TimeBase

WINDOW = 300
VECTORS = {"delay": 2, "embedding_dim": 2, "theiler": 4}
LINES = {"radius": 0.2, **VECTORS}
SCHEMA = Schema(channels=(Channel(name="x"),), time=TimeBase(unit="iterate"))
AGE = ["n_used", "window", "age"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """How to make an operator that gives a result at every so many rows, and what it is a twin of."""

    make: Callable[[int], Any]
    batch: Callable[[np.ndarray], xr.Dataset]


def nearest(x: np.ndarray) -> xr.Dataset:
    """The neighbours that `divergence_curve` follows."""
    index, squared = find_neighbours(embed(x, delay=2, dim=2).values, 1, 4)
    distance, last = np.sqrt(squared[:, 0]), len(index) - 1
    return xr.Dataset(
        {
            "neighbour": ("vector", index[:, 0]),
            "distance": ("vector", distance),
            "newest_distance": distance[last],
            "newest_lag": last - index[last, 0],
        }
    )


CASES = {
    "OnlineEmbedding": Case(
        make=lambda every: OnlineEmbedding(window=WINDOW, delay=2, dim=3),
        batch=lambda x: embed(x, delay=2, dim=3).to_dataset(name="embedding"),
    ),
    "OnlineNeighbours": Case(
        make=lambda every: OnlineNeighbours(window=WINDOW, every=every, **VECTORS),
        batch=nearest,
    ),
    "OnlineDivergence": Case(
        make=lambda every: OnlineDivergence(window=WINDOW, every=every, steps=9, **VECTORS),
        batch=lambda x: divergence_curve(x, dt=1, steps=9, **VECTORS),
    ),
    "OnlineDivergence, half_life=window": Case(
        make=lambda every: OnlineDivergence(window=WINDOW, every=every, steps=9, half_life=WINDOW, **VECTORS),
        batch=lambda x: divergence_curve(x, dt=1, steps=9, **VECTORS)[["divergence"]],
    ),
    "OnlinePermutationEntropy": Case(
        make=lambda every: OnlinePermutationEntropy(window=WINDOW, every=every, order=4, delay=2),
        batch=lambda x: permutation_entropy(x, order=4, delay=2),
    ),
    "OnlineRecurrenceRate": Case(
        make=lambda every: OnlineRecurrenceRate(window=WINDOW, every=every, **LINES),
        batch=lambda x: rqa(x, rate=None, **LINES)[["recurrence_rate"]],
    ),
    "OnlineRqa": Case(
        make=lambda every: OnlineRqa(window=WINDOW, every=every, **LINES),
        batch=lambda x: rqa(x, rate=None, **LINES),
    ),
    "OnlineZeroOne": Case(
        make=lambda every: OnlineZeroOne(window=WINDOW, angles=20),
        batch=lambda x: zero_one_test(x, angles=20),
    ),
    "Windowed(lyapunov_max)": Case(
        make=lambda every: Windowed(lyapunov_max, window=WINDOW, every=4 * every, late="wait"),
        batch=lambda x: lyapunov_max(x, dt=1),
    ),
    "Windowed(classify_attractor)": Case(
        make=lambda every: Windowed(classify_attractor, window=WINDOW, every=4 * every, late="wait"),
        batch=lambda x: classify_attractor(x, dt=1).to_xarray(),
    ),
}
TWINS = [row for row in TABLE if row.twin.startswith("Online")]


def data(n: int, rng: int = 1) -> np.ndarray:
    return systems.Henon().trajectory(n, rng=rng).values[:, 0].copy()


def rows_of(x: np.ndarray, operator: Any, chunk: int) -> list[dict[str, Any]]:
    """All rows that an operator gives out, fed by hand."""
    names, found = operator.schema_out(SCHEMA).names, []
    for begin in range(0, len(x), chunk):
        block = operator.update(Block(first=begin, start=begin, columns=(x[begin : begin + chunk],)))
        if block is not None:
            for i in range(len(block)):
                values = {name: column[i] for name, column in zip(names, block.columns, strict=True)}
                found.append({"row": block.first + i, **values})
    return found


def agrees(row: Row, told: xr.Dataset, expected: xr.Dataset) -> None:
    """`told` is `expected`, as exactly as the table says."""
    told = told[list(expected.data_vars)].drop_vars("time", errors="ignore")
    expected = expected.drop_vars("time", errors="ignore")
    if row.tolerance:
        for name, variable in expected.items():
            np.testing.assert_allclose(told[name], variable, atol=row.tolerance, rtol=0)
    else:
        xr.testing.assert_equal(told, expected)


def test_the_docs_show_the_table_and_it_names_every_twin() -> None:
    assert draw() in (online.__doc__ or "")
    assert {row.twin for row in TABLE} == set(CASES)
    assert {row.twin.split(",")[0] for row in TWINS} == {name for name in online.__all__ if name != "Twin"}
    assert sum(row.tolerance == 0 for row in TABLE) >= 7


@pytest.mark.parametrize("row", TWINS, ids=lambda row: row.twin)
@pytest.mark.parametrize(("n", "chunk"), [(WINDOW, 1), (777, 7), (1000, 64), (1000, 1000)])
def test_a_twin_equals_the_batch_as_the_table_says(row: Row, n: int, chunk: int) -> None:
    case, x = CASES[row.twin], data(n)
    twin = case.make(50)
    rows_of(x, twin, chunk)
    told = twin.result()
    end = n if row.tolerance is not None else (n - 1) // WINDOW * WINDOW + 1
    if end < WINDOW:
        assert int(told["n_used"]) == 0
        assert "no block" in told["reasons"].item()
        return
    assert [int(told[name]) for name in AGE] == [WINDOW, WINDOW, n - end]
    expected = case.batch(x[end - WINDOW : end])
    assert set(expected.data_vars) <= set(told.data_vars)
    agrees(row, told, expected)


@pytest.mark.parametrize("row", [row for row in TABLE if row.tolerance == 0], ids=lambda row: row.twin)
@pytest.mark.parametrize("chunk", [7, 1000])
def test_what_is_exact_is_so_in_every_row_given_out(row: Row, chunk: int) -> None:
    x, case = data(1000), CASES[row.twin]
    operator = case.make(75)
    found = rows_of(x, operator, chunk)
    if row.twin == "OnlineEmbedding":
        vectors = [[told["x(t - 4)"], told["x(t - 2)"], told["x(t)"]] for told in found]
        assert [told["row"] for told in found] == list(range(4, 1000))
        assert vectors == embed(x, delay=2, dim=3).values.tolist()
        return
    assert [told["row"] for told in found] == list(range(-(-WINDOW // operator.every), -(-1000 // operator.every)))
    for told in found:
        end = told["row"] * operator.every + 1
        expected = case.batch(x[end - WINDOW : end])
        numbers = {str(name): value.item() for name, value in expected.items() if value.ndim == 0}
        if isinstance(operator, Twin):
            numbers |= {"n_used": WINDOW, "window": WINDOW, "age": 0}
        assert numbers
        np.testing.assert_equal({name: told[name] for name in numbers}, numbers)


@pytest.mark.parametrize("row", TWINS, ids=lambda row: row.twin)
def test_any_chunking_gives_the_same_rows(row: Row) -> None:
    x, make = data(1000), CASES[row.twin].make
    whole = rows_of(x, make(75), 1000)
    assert len(whole) >= 3
    for chunk in (1, 7, 333):
        np.testing.assert_equal(rows_of(x, make(75), chunk), whole)


@pytest.mark.parametrize("row", TWINS, ids=lambda row: row.twin)
@pytest.mark.parametrize("hole", ["rows", "nan", "inf"])
def test_no_window_reaches_across_a_gap(row: Row, hole: str) -> None:
    x, make = data(1400), CASES[row.twin].make
    twin, fresh = make(50), make(50)
    twin.update(Block(first=0, start=0, columns=(x[:500],)))
    after = x[500:].copy()
    if hole == "rows":
        begin = 520
        twin.update(Block(first=520, start=520, columns=(x[520:],), gap=20))
    else:
        after[0] = float(hole)
        begin = 501
        twin.update(Block(first=500, start=500, columns=(after,)))
    fresh.update(Block(first=begin, start=begin, columns=(x[begin:],)))
    xr.testing.assert_equal(twin.result(), fresh.result())


@pytest.mark.parametrize("row", TWINS, ids=lambda row: row.twin)
def test_twins_on_a_feed(row: Row) -> None:
    x = data(1000)
    feed, twin = Feed(SCHEMA), CASES[row.twin].make(100)
    found = feed.pipe(twin, policy="block")
    feed.append_rows([x])
    feed.close()
    assert found.wait(timeout=60)
    rows = found.rows()
    newest = int(rows["row"][-1]) * twin.every
    assert float(rows["time"][-1]) == newest
    by_hand = rows_of(x, CASES[row.twin].make(100), 50)
    assert len(by_hand) == rows.sizes["time"]
    for name in by_hand[-1]:
        np.testing.assert_equal(rows[name].values[-1], by_hand[-1][name])


@pytest.mark.parametrize("row", [row for row in TWINS if row.tolerance == 0], ids=lambda row: row.twin)
def test_a_window_that_is_not_full_is_used_and_said(row: Row) -> None:
    case, x = CASES[row.twin], data(120)
    twin = case.make(10)
    empty = twin.result()
    assert int(empty["n_used"]) == 0
    rows_of(x, twin, 50)
    told = twin.result()
    assert int(told["n_used"]) == 120
    assert set(told.data_vars) == set(empty.data_vars)
    agrees(row, told, case.batch(x))


@pytest.mark.parametrize("row", TWINS, ids=lambda row: row.twin)
def test_memory_is_bounded(row: Row) -> None:
    """What a twin holds does not grow with the rows, and not with the square of the window."""

    def held(twin: Twin) -> int:
        arrays = [value for value in vars(twin).values() if isinstance(value, np.ndarray)]
        assert len(arrays) >= 1
        # A view keeps the whole array alive that it is of.
        return sum(array.nbytes if array.base is None else array.base.nbytes for array in arrays)

    twin = CASES[row.twin].make(500)
    rows_of(data(2000), twin, 50)
    before = held(twin)
    rows_of(data(8000), twin, 50)
    assert held(twin) <= before <= 100 * 8 * WINDOW


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
        (lambda: OnlineEmbedding(window=4, delay=2, dim=3), "window must be"),
        (lambda: OnlineEmbedding(window=9, delay=0, dim=3), "delay must be"),
        (lambda: OnlineEmbedding(window=9, delay=1, dim=0), "dim must be"),
        (lambda: OnlineNeighbours(window=50, theiler=0), "theiler must be"),
        (lambda: OnlineDivergence(window=50, steps=1), "steps must be"),
        (lambda: OnlineDivergence(window=50, steps=49), "window must be"),
        (lambda: OnlineDivergence(window=50, steps=5, half_life=0), "half_life must be"),
        (lambda: OnlineZeroOne(window=300, angles=1), "angles must be"),
    ],
)
def test_parameters_are_checked(make, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()
