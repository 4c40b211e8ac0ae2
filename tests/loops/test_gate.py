"""The gate: planted runs, every verdict, user formulas, and that a gate that is none is noticed."""

from __future__ import annotations

import numpy as np
import pytest
from loop_tools import ar2

from midstream_lab.errors import FormulaError, InputError
from midstream_lab.kernels.loops.gate import SUMS, tally
from midstream_lab.loops import Forget, Gate, SetCoefficients, SetMemory, StrangeLoop
from midstream_lab.loops.gate import Ruling

#: Runs of each kind; the bar of 1,000 each is measured with the same function.
RUNS = 100


def planted(gate: Gate, live: float, shadow: float, *, runs: int = RUNS, seed: int = 0) -> dict[str, float]:
    """Share of verdicts when two predictors err by a constant on unit noise: excess losses `live`**2, `shadow`**2."""
    rng = np.random.default_rng(seed)
    verdicts: list[str] = []
    for _ in range(runs):
        monitors, sums, ruling = gate.monitors(), np.zeros(SUMS), None
        while ruling is None:
            noise = rng.standard_normal()
            losses = (noise + live) ** 2, (noise + shadow) ** 2
            excess, low, high = tally(sums, losses[1] - losses[0], 1.0 + live**2, gate.horizon, gate.alpha)
            signals = {"n": sums[0], "norm": 1.0, "excess": excess, "excess_low": low, "excess_hi": high}
            ruling = gate.judge(monitors, {**signals, "loss_live": losses[0], "loss_shadow": losses[1]})
        verdicts.append(ruling.verdict)
    return {verdict: verdicts.count(verdict) / runs for verdict in set(verdicts)}


def check_improvements_are_committed(gate: Gate) -> None:
    """Effect: the live loss is twice the noise, the shadow has half of that excess; H = 256."""
    assert planted(gate, 1.0, 0.5**0.5).get("committed", 0.0) >= 0.8


def check_no_changes_are_not_committed(gate: Gate) -> None:
    """Equal mean losses, unequal rows."""
    for error in (0.05, 0.3, 1.0):
        assert planted(gate, error, -error).get("committed", 0.0) <= 0.05


def check_harm_is_refused(gate: Gate) -> None:
    """The shadow loses half as much again, or twice as much."""
    for live, shadow in ((0.0, 0.5**0.5), (0.0, 1.0)):
        assert planted(gate, live, shadow).get("committed", 0.0) <= 0.01


CHECKS = [check_improvements_are_committed, check_no_changes_are_not_committed, check_harm_is_refused]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_planted_runs(check) -> None:
    check(Gate())


class AlwaysAccept(Gate):
    def judge(self, monitors, signals):
        return Ruling("committed", "always")


class AlwaysRefuse(Gate):
    def judge(self, monitors, signals):
        return Ruling("no evidence", "never")


class LastLoss(Gate):
    """One raw loss against another, as a gate was first thought of."""

    def judge(self, monitors, signals):
        if signals["loss_shadow"] > 1.1 * signals["loss_live"]:
            return Ruling("harmful", "one row")
        return Ruling("committed", "all rows") if signals["n"] == 10 else None


@pytest.mark.parametrize(
    ("mutant", "caught_by"),
    [
        (AlwaysAccept(), {"check_no_changes_are_not_committed", "check_harm_is_refused"}),
        (AlwaysRefuse(), {"check_improvements_are_committed"}),
        (LastLoss(), {"check_improvements_are_committed"}),
    ],
    ids=["accepts always", "refuses always", "compares raw losses"],
)
def test_a_gate_that_is_none_fails_the_planted_runs(mutant: Gate, caught_by: set[str]) -> None:
    failed = set()
    for check in CHECKS:
        try:
            check(mutant)
        except AssertionError:
            failed.add(check.__name__)
    assert failed == caught_by


def test_the_confidence_sequence_holds_at_every_row_at_once() -> None:
    rng = np.random.default_rng(2)
    missed = 0
    for _ in range(200):
        sums, inside = np.zeros(SUMS), True
        for _ in range(300):
            _, low, high = tally(sums, rng.uniform(-2.0, 2.4), 1.0, 256, 0.05)
            inside &= low <= 0.2 <= high
        missed += not inside
    assert missed / 200 <= 0.05
    assert high - low < 0.8


# -- in the loop ---------------------------------------------------------------------------------------


def judged(change, *, gate: Gate | None = None, seed: int = 0, jump: int | None = 1000, **options) -> StrangeLoop:
    """A loop that has learned 1,000 rows, to which `change` is proposed 10 rows later."""
    loop = StrangeLoop(gate=gate, self_modify=False, memories=(2000,), **options)
    x = ar2(seed, 1400, jump=jump)
    loop.update(x[:1010])
    loop.propose(change, proposer="test")
    loop.update(x[1010:])
    return loop


def check_a_helpful_change_is_committed(gate: Gate | None) -> None:
    loop = judged(Forget([0]), gate=gate)
    assert [entry.verdict for entry in loop.journal] == ["open", "committed"]


def check_a_harmful_change_is_rolled_back(gate: Gate | None) -> None:
    loop = judged(SetMemory(0, 3.0), gate=gate, jump=None)
    assert [entry.verdict for entry in loop.journal] == ["open", "harmful"]


@pytest.mark.parametrize("check", [check_a_helpful_change_is_committed, check_a_harmful_change_is_rolled_back])
def test_the_loop_passes_changes_through_the_gate(check) -> None:
    check(None)


@pytest.mark.parametrize(
    ("mutant", "check"),
    [
        (AlwaysAccept(), check_a_harmful_change_is_rolled_back),
        (AlwaysRefuse(), check_a_helpful_change_is_committed),
    ],
    ids=["accepts always", "refuses always"],
)
def test_the_loop_notices_a_gate_that_is_none(mutant: Gate, check) -> None:
    with pytest.raises(AssertionError):
        check(mutant)


def test_over_many_worlds_helpful_is_committed_and_harmful_never() -> None:
    worlds = range(20)
    helped = [judged(Forget([0]), seed=seed).journal[-1].verdict for seed in worlds]
    harmed = [judged(SetMemory(0, 3.0), seed=seed, jump=None).journal[-1].verdict for seed in worlds]
    assert helped.count("committed") >= 16
    assert harmed.count("committed") == 0


def test_a_change_that_does_nothing_has_no_evidence() -> None:
    entry = judged(Forget([]), jump=None).journal[-1]
    assert (entry.verdict, entry.evidence["excess"], entry.evidence["n"]) == ("no evidence", 0.0, 256.0)


def test_coefficients_beyond_the_bound_are_invalid_at_the_first_row() -> None:
    entry = judged(SetCoefficients(0, [0.0, 1e6, 0.0, 0.0, 0.0])).journal[-1]
    assert entry.verdict == "invalid"
    assert entry.evidence["n"] == 1.0
    assert "G(norm < 100.0) failed" in entry.reason


def test_a_shadow_that_is_no_longer_finite_is_invalid() -> None:
    entry = judged(SetCoefficients(0, [np.nan] * 5)).journal[-1]
    assert entry.verdict == "invalid"


def test_a_formula_of_the_user_must_hold_too() -> None:
    strict = judged(Forget([0]), gate=Gate(require=["F[0,9](excess < -3.9)"]))
    assert strict.journal[-1].verdict == "invalid"
    assert "F[0,9]" in strict.journal[-1].reason
    met = judged(Forget([0]), gate=Gate(require=["F(n >= 200)"]))
    assert met.journal[-1].verdict == "committed"
    assert met.journal[-1].evidence["n"] == 200.0, "it waits until the formula would hold"


@pytest.mark.parametrize("text", ["G(norm < 0)", "F[256,300](excess < 0)", "F(n > 256)", "G(excess_hi > 4)", "false"])
def test_a_formula_that_can_never_hold_is_refused_at_construction(text: str) -> None:
    with pytest.raises(InputError, match="can never hold"):
        Gate(require=[text])


def test_bad_gates_are_refused() -> None:
    with pytest.raises(FormulaError, match="no signal named 'los'; there are excess, "):
        Gate(require=["G(los < 1)"])
    with pytest.raises(InputError, match="list of formulas"):
        Gate(require="G(norm < 1)")
    for wrong in (
        {"horizon": 0},
        {"settle": 300},
        {"alpha": 1.0},
        {"norm_bound": np.inf},
        {"settle": 0},
        {"horizon": 256.5},
    ):
        with pytest.raises(InputError):
            Gate(**wrong)
