"""The strange loop: what it predicts, that cuts do not matter, its state, its journal and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from loop_tools import AFTER, BEFORE, ar2

from midstream_lab.errors import InputError
from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.loops import Forget, Gate, SetCoefficients, SetMemory, SetShare, StrangeLoop

JUMP = ar2(0, 1500, jump=1000)


def fed(loop: StrangeLoop, x: np.ndarray, chunk: int) -> StrangeLoop:
    for i in range(0, len(x), chunk):
        loop.update(x[i : i + chunk])
    return loop


def naive_rls(x: np.ndarray, *, lags: int, memory: float) -> np.ndarray:
    """Weighted least squares solved anew at each row, with the prior that the loop starts from."""
    first = x[:lags]
    origin, power = first.mean(), max(first.var(), 1e-6 * np.mean(first**2))
    keep = 1.0 - 1.0 / memory
    start = np.zeros(lags + 1)
    start[1] = 1.0
    information = np.diag([1 / 100.0] + [power / 100.0] * lags)
    moment = information @ start
    predictions = np.full(len(x), np.nan)
    for t in range(lags, len(x)):
        row = np.concatenate([[1.0], x[t - lags : t][::-1] - origin])
        predictions[t] = origin + row @ np.linalg.solve(information, moment)
        information = keep * information + np.outer(row, row)
        moment = keep * moment + row * (x[t] - origin)
    return predictions


def naive_share(x: np.ndarray, experts: np.ndarray, *, rate: float, share: float) -> np.ndarray:
    """Fixed share with losses in units of the running loss."""
    many = experts.shape[1]
    weights, scale, seen = np.full(many, 1 / many), 0.0, 0
    mixed = np.full(len(x), np.nan)
    for t in range(len(x)):
        if np.isnan(experts[t]).any():
            continue
        mixed[t] = weights @ experts[t]
        own = (x[t] - experts[t]) ** 2
        losses = np.minimum(own / scale, 16.0) if scale > 0 else np.where(own > 0, 16.0, 0.0)
        weights = weights * np.exp(-rate * losses)
        weights /= weights.sum()
        weights = (1 - share) * weights + share * (1 - weights) / (many - 1)
        seen += 1
        scale += ((x[t] - mixed[t]) ** 2 - scale) / min(seen, 50)
    return mixed


def test_predictions_are_fixed_share_over_recursive_least_squares_and_persistence() -> None:
    x = ar2(3, 300)
    result = StrangeLoop(lags=3, memories=(1000, 30), self_modify=False).run(x)
    learners = [naive_rls(x, lags=3, memory=memory) for memory in (1000, 30)]
    persistence = np.concatenate([[np.nan] * 3, x[2:-1]])
    expected = naive_share(x, np.column_stack([*learners, persistence]), rate=0.5, share=0.01)
    np.testing.assert_allclose(result["prediction"], expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(result["loss"], (x - expected) ** 2, rtol=1e-5, atol=1e-8)


def test_it_learns_what_there_is_to_learn() -> None:
    x = ar2(1, 2000)
    result = StrangeLoop().run(x)
    oracle = (x[2:] - BEFORE[0] * x[1:-1] - BEFORE[1] * x[:-2]) ** 2
    assert result["loss"][500:].mean() < 1.03 * oracle[498:].mean()
    assert result["weight"].sel(expert="persistence")[-1] < 0.02


def test_persistence_is_trusted_on_a_random_walk() -> None:
    result = StrangeLoop(lags=8, memories=(10,)).run(np.cumsum(np.random.default_rng(0).standard_normal(1000)))
    assert result["weight"].sel(expert="persistence")[200:].mean() > 0.85


def test_a_prediction_uses_no_value_that_comes_later() -> None:
    x = JUMP.copy()
    before = StrangeLoop().run(x)["prediction"].values
    x[700] += 50.0
    after = StrangeLoop().run(x)["prediction"].values
    np.testing.assert_array_equal(after[:701], before[:701])
    assert after[701] != before[701]


@pytest.mark.parametrize("chunk", [1, 7, 256, 1500])
def test_the_answer_does_not_depend_on_the_cuts(chunk: int) -> None:
    x = JUMP.copy()
    x[[300, 1040, 1041]] = np.nan
    whole, parts = StrangeLoop(), fed(StrangeLoop(), x, chunk)
    whole.update(x)
    assert whole.counts["committed"] == 1
    xr.testing.assert_identical(whole.result(), parts.result())
    assert whole.journal == parts.journal
    for name, array in whole.snapshot().items():
        np.testing.assert_array_equal(array, parts.snapshot()[name])


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_as_an_operator_of_a_feed_it_says_the_same_as_on_the_array(chunk: int) -> None:
    feed = Feed(Schema(channels=(Channel(name="note", kind="text"), Channel(name="x", unit="mV"))))
    loop = StrangeLoop()
    said = feed.pipe(loop)
    for i in range(0, len(JUMP), chunk):
        part = JUMP[i : i + chunk]
        feed.append_rows([np.full(len(part), "", object), part])
    feed.close()
    assert said.wait(timeout=60)
    rows, expected = said.rows(), StrangeLoop().run(JUMP)
    assert said.schema.channels[0].unit == "mV"
    np.testing.assert_array_equal(rows["prediction"], expected["prediction"])
    np.testing.assert_array_equal(rows["loss"], expected["loss"])
    np.testing.assert_array_equal(rows["weight_persistence"], expected["weight"].sel(expert="persistence"))
    assert list(rows["event"].values) == list(expected["event"].values)
    assert loop.result().attrs == expected.attrs


def test_level_2_closes_the_loop_when_the_world_changes() -> None:
    closed = StrangeLoop().run(JUMP)
    opened = StrangeLoop(self_modify=False).run(JUMP)
    events = {row: event for row, event in enumerate(closed["event"].values) if event}
    (first, second) = events.items()
    assert 1000 <= first[0] < 1030
    assert first[1] == "0: proposed"
    assert second[1] == "0: committed"
    np.testing.assert_array_equal(opened["prediction"][: second[0] + 1], closed["prediction"][: second[0] + 1])
    assert closed["loss"][second[0] :].mean() < opened["loss"][second[0] :].mean()


def test_a_quiet_world_is_left_alone() -> None:
    results = [StrangeLoop().run(ar2(seed, 3000)) for seed in range(10)]
    assert sum(result.attrs["committed"] for result in results) == 0


# -- state ---------------------------------------------------------------------------------------------


def test_a_shadow_run_leaves_the_live_tower_untouched_bit_for_bit() -> None:
    x = ar2(0, 1300)
    plain, tried = (StrangeLoop(memories=(2000,), self_modify=False) for _ in range(2))
    plain.update(x)
    tried.update(x[:1000])
    tried.propose(SetMemory(0, 3.0))
    tried.update(x[1000:])
    assert tried.journal[-1].verdict == "harmful"
    np.testing.assert_array_equal(tried.snapshot()["live"], plain.snapshot()["live"])
    np.testing.assert_array_equal(tried.result()["prediction"], plain.result()["prediction"])


@pytest.mark.parametrize("at", [900, 1050], ids=["quiet", "with a shadow open"])
def test_a_snapshot_restores_bit_for_bit(at: int) -> None:
    loop = StrangeLoop()
    loop.update(JUMP[:at])
    kept = loop.snapshot()
    loop.update(JUMP[at:])
    first, ended = loop.result(rows=1500 - at), loop.snapshot()
    loop.restore(kept)
    for name, array in loop.snapshot().items():
        np.testing.assert_array_equal(array, kept[name])
    loop.update(JUMP[at:])
    np.testing.assert_array_equal(loop.result(rows=1500 - at)["prediction"], first["prediction"])
    for name in ("live", "control", "sums", "run"):
        np.testing.assert_array_equal(loop.snapshot()[name], ended[name])


def test_a_snapshot_is_a_copy() -> None:
    loop = fed(StrangeLoop(), JUMP[:500], 500)
    kept = loop.snapshot()
    kept["live"][:] = np.nan
    assert np.isfinite(loop.snapshot()["live"]).all()


def test_restoring_while_a_shadow_runs_withdraws_it() -> None:
    loop = fed(StrangeLoop(), JUMP[:500], 500)
    kept = loop.snapshot()
    loop.propose(Forget([0]))
    loop.restore(kept)
    assert [entry.verdict for entry in loop.journal] == ["open", "withdrawn"]
    loop.propose(Forget([0]))
    assert loop.journal[-1].number == 1


def test_a_snapshot_of_another_loop_is_refused() -> None:
    loop = StrangeLoop()
    with pytest.raises(InputError, match="no snapshot of this loop: live"):
        loop.restore(StrangeLoop(lags=2).snapshot())
    with pytest.raises(InputError, match="no snapshot"):
        loop.restore({})


# -- proposals and journal ---------------------------------------------------------------------------------


def test_the_journal_records_who_what_why_and_what_became_of_it() -> None:
    loop = fed(StrangeLoop(), JUMP, 1500)
    opened, closed = loop.journal
    assert (opened.proposer, opened.target, opened.change) == ("level 2", "level 0", "Forget(experts=(0,))")
    assert opened.evidence["alarms"] == 1.0
    assert (opened.verdict, closed.verdict) == ("open", "committed")
    assert closed.evidence["excess_hi"] < 0.0
    assert closed.row - opened.row == closed.evidence["n"]
    with pytest.raises(TypeError):
        closed.evidence["excess"] = 0.0  # type: ignore[index]
    with pytest.raises(AttributeError):
        closed.verdict = "harmful"  # type: ignore[misc]
    run = loop.shadow_run(0)
    assert len(run["n"]) == closed.evidence["n"]
    assert run["excess_hi"][-1] == closed.evidence["excess_hi"]


def test_changes_do_what_they_say() -> None:
    loop = fed(StrangeLoop(self_modify=False), JUMP[:900], 900)
    coefficients = loop.layout.coefficients(loop.snapshot()["live"])[0]
    np.testing.assert_allclose(coefficients[1:3], BEFORE, atol=0.1)
    values = (0.0, *AFTER, 0.0, 0.0)
    loop.propose(SetCoefficients(0, values))
    np.testing.assert_array_equal(loop.layout.coefficients(loop.snapshot()["shadow"])[0], values)
    for change, name in ((SetShare(0.2), "share"), (SetMemory(1, 50.0), "memory"), (Forget([0, 1]), "covariance")):
        loop = fed(StrangeLoop(self_modify=False), JUMP[:900], 900)
        before = loop.snapshot()["live"]
        loop.propose(change)
        after = loop.snapshot()
        np.testing.assert_array_equal(after["live"], before)
        changed = np.flatnonzero(after["shadow"] != before)
        assert len(changed) == {"share": 1, "memory": 1, "covariance": 50}[name]


def test_one_shadow_at_a_time_and_a_budget() -> None:
    loop = fed(StrangeLoop(self_modify=False, budget=(2, 1000)), JUMP[:300], 300)
    loop.propose(Forget([]))
    with pytest.raises(InputError, match="proposal 0 still runs"):
        loop.propose(Forget([]))
    fed(loop, JUMP[300:600], 300)
    loop.propose(Forget([]))
    fed(loop, JUMP[600:900], 300)
    with pytest.raises(InputError, match="budget of 2 proposals in 1000 rows is spent"):
        loop.propose(Forget([]))
    fed(loop, JUMP[900:1310], 410)
    loop.propose(Forget([]))


def test_a_world_that_always_changes_is_held_to_the_budget() -> None:
    x = np.concatenate([ar2(seed, 400, jump=200) * 10.0 ** (seed % 3) for seed in range(12)])
    loop = StrangeLoop(budget=(1, 2000), gate=Gate(horizon=64))
    loop.update(x)
    assert sum(entry.verdict == "open" for entry in loop.journal) <= 3
    assert loop.counts["withheld"] > 0
    never = fed(StrangeLoop(budget=(0, 1)), JUMP, 1500)
    assert never.journal == ()
    assert never.counts["withheld"] >= 1


def test_bad_changes_are_refused_and_leave_no_trace() -> None:
    loop = StrangeLoop()
    with pytest.raises(InputError, match="nothing was learned yet"):
        loop.propose(Forget([0]))
    fed(loop, JUMP[:300], 300)
    kept = loop.snapshot()
    for change in (Forget([2]), Forget([-1]), SetMemory(0, 1.0), SetCoefficients(0, [1.0]), SetShare(2.0), "forget"):
        with pytest.raises(InputError):
            loop.propose(change)  # type: ignore[arg-type]
    assert loop.journal == ()
    np.testing.assert_array_equal(loop.snapshot()["counts"], kept["counts"])
    loop.propose(Forget([0]))


def test_shadow_runs_that_are_not_kept_are_an_error() -> None:
    with pytest.raises(InputError, match="proposal 3 is not kept; there are none"):
        StrangeLoop().shadow_run(3)


# -- bad input -----------------------------------------------------------------------------------------


def test_missing_rows_are_skipped_and_counted_and_the_state_is_kept() -> None:
    x = ar2(0, 800)
    holed = x.copy()
    holed[400:403] = np.nan
    loop = StrangeLoop()
    result = loop.run(holed)
    assert (loop.counts["missing"], loop.counts["unpredicted"]) == (3, 8)
    assert np.isnan(result["prediction"][400:407]).all()
    assert np.isfinite(result["prediction"][407:]).all()
    assert result["loss"][407:500].mean() < 1.5


def test_a_gap_of_the_feed_is_counted_and_the_lags_begin_again() -> None:
    loop = StrangeLoop()
    loop.schema_out(Schema(channels=(Channel(name="x"),)))
    loop.update(Block(first=0, start=0, columns=(JUMP[:200],)))
    said = loop.update(Block(first=230, start=230, columns=(JUMP[230:300],), gap=30))
    assert said is not None
    assert loop.counts["lost"] == 30
    assert np.isnan(said.columns[0][:4]).all()
    assert np.isfinite(said.columns[0][4:]).all()
    assert loop.propose(Forget([0])).row == 299, "the journal names rows as the feed does"


@pytest.mark.parametrize("level", [0.0, 5.0, -1e9])
def test_a_constant_stream_is_predicted_and_changes_nothing(level: float) -> None:
    loop = StrangeLoop()
    result = loop.run(np.full(20_000, level))
    np.testing.assert_allclose(result["prediction"][4:], level, rtol=1e-9)
    assert loop.journal == ()
    assert all(np.isfinite(array).all() for array in loop.snapshot().values())


def test_a_constant_stream_that_begins_to_move_is_learned() -> None:
    result = StrangeLoop().run(np.concatenate([np.full(3000, 7.0), 7.0 + ar2(0, 1500)]))
    assert result["loss"][-500:].mean() < 1.3


@pytest.mark.parametrize(
    ("factor", "most"),
    [(1e6, 1.5e12), (1e-6, 1e-8)],  # after a fall the intercepts, exact to the old scale, stay for several memories
)
def test_a_jump_of_the_scale_is_survived(factor: float, most: float) -> None:
    x = ar2(0, 6000)
    x[3000:] *= factor
    loop = StrangeLoop()
    result = loop.run(x)
    assert np.isfinite(result["prediction"][4:]).all()
    assert result["loss"][-500:].mean() < most
    np.testing.assert_allclose(result["weight"].sum("expert"), 1.0, rtol=1e-9)


def test_the_unit_of_the_data_does_not_matter() -> None:
    plain, scaled = StrangeLoop().run(JUMP), StrangeLoop().run(JUMP * 1e-9)
    np.testing.assert_allclose(scaled["prediction"] * 1e9, plain["prediction"], rtol=1e-4, atol=1e-4)
    assert list(scaled["event"].values) == list(plain["event"].values)


@pytest.mark.parametrize(
    "options",
    [
        {"lags": 0}, {"lags": 2.5}, {"memories": ()}, {"memories": (1.0,)}, {"memories": (50, 50)},
        {"memories": "fast"}, {"memories": 50}, {"budget": 3},
        {"rate": 0.0}, {"share": 1.5}, {"budget": (-1, 10)}, {"budget": (1, 0)}, {"history": 0},
    ],
)  # fmt: skip
def test_bad_settings_are_refused(options) -> None:
    with pytest.raises(InputError):
        StrangeLoop(**options)


def test_bad_rows_are_refused() -> None:
    with pytest.raises(InputError, match="row 1 is infinite"):
        StrangeLoop().update([0.0, np.inf])
    with pytest.raises(InputError, match="one sequence of real numbers"):
        StrangeLoop().update(["a"])
    with pytest.raises(InputError, match="one sequence of real numbers"):
        StrangeLoop().update(np.zeros((3, 2)))
    with pytest.raises(InputError, match="no numeric channel named 'y'; there are x"):
        StrangeLoop(channel="y").schema_out(Schema(channels=(Channel(name="x"),)))


def test_memory_is_constant() -> None:
    loop = StrangeLoop(history=100)
    fed(loop, JUMP, 50)
    assert loop.result().sizes["time"] == 100
    assert loop.result(rows=5)["row"].values.tolist() == [1495, 1496, 1497, 1498, 1499]


def test_nothing_compiles_after_warming() -> None:
    from midstream_lab.kernels.loops import tower
    from midstream_lab.loops import warm

    assert [step[1:] for step in warm()] == [(1, 2), (2, 2)]
    kernels = (tower.advance, tower.advance_pair, tower.forget)
    before = [len(kernel.signatures) for kernel in kernels]
    feed = Feed(Schema(channels=(Channel(name="x", kind="int"),)))
    said = feed.pipe(StrangeLoop())
    feed.append_rows([np.arange(100)])
    feed.close()
    assert said.wait(timeout=60)
    StrangeLoop(lags=2, memories=(10,)).run(xr.DataArray(JUMP.astype(np.float32), dims="time"))
    loop = fed(StrangeLoop(), JUMP[:300], 300)
    loop.propose(Forget([np.int64(0)]))
    fed(loop, JUMP[300:400], 7)
    assert [len(kernel.signatures) for kernel in kernels] == before
