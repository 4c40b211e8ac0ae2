"""Formulas and their monitors, against verdicts worked out by hand and against a slow, obvious evaluator."""

import math
import pickle
import random

import pytest

from midstream_lab.errors import FormulaError, InputError
from midstream_lab.logic import Monitor, parse

P, Q = [1, 1, 0, 1, 0], [0, 0, 1, 0, 0]

#: Verdict at t = 0..4 on the traces above, by hand.
BY_HAND = [
    ("G(p > 0)", "FFFFF"),
    ("F(q > 0)", "TTTFF"),
    ("X(p > 0)", "TFTFF"),
    ("WX(p > 0)", "TFTFT"),
    ("!X(p > 0)", "FTFTT"),
    ("X !(p > 0)", "FTFTF"),
    ("X true", "TTTTF"),
    ("WX false", "FFFFT"),
    ("G[0,1](p > 0)", "TFFFF"),
    ("G[5,9](p > 1)", "TTTTT"),
    ("F[1,2](q > 0)", "TTFFF"),
    ("F[1:2](q > 0)", "TTFFF"),
    ("F[5,9](p < 2)", "FFFFF"),
    ("G(q > 0 -> X(p > 0))", "TTTTT"),
    ("G(p > 0 -> F[1,1](q > 0))", "FFFFT"),
    ("F G(p <= 0)", "TTTTT"),
    ("G F(p > 0)", "FFFFF"),
    ("G F(p <= 0)", "TTTTT"),
    ("p > 0 & q == 0 | q > 0", "TTTTF"),
    ("p > 0 <-> q > 0", "FFFFT"),
    ("2*p - q/2 >= 2", "TTFTF"),
    ("-p < 0 -> p > 0 -> q != 1", "TTTTT"),
]


def verdict(text: str, trace: list[dict[str, float]]) -> bool:
    monitor = Monitor(text)
    for row in trace:
        monitor.update(row)
    return monitor.finish()


@pytest.mark.parametrize(("text", "expected"), BY_HAND)
def test_verdicts_worked_by_hand(text: str, expected: str) -> None:
    trace = [{"p": p, "q": q} for p, q in zip(P, Q, strict=True)]
    assert "".join("FT"[verdict(text, trace[t:])] for t in range(5)) == expected


def naive(f, trace, i):
    """Finite-trace semantics as it is defined."""
    end = len(trace) - 1
    match f:
        case (">", name):
            return trace[i][name] > 0
        case ("!", a):
            return not naive(a, trace, i)
        case ("&", a, b):
            return naive(a, trace, i) and naive(b, trace, i)
        case ("|", a, b):
            return naive(a, trace, i) or naive(b, trace, i)
        case ("->", a, b):
            return not naive(a, trace, i) or naive(b, trace, i)
        case ("X", a):
            return i < end and naive(a, trace, i + 1)
        case ("WX", a):
            return i == end or naive(a, trace, i + 1)
        case (("G" | "F") as kind, a, low, high):
            inside = range(i + low, min(end, end if high is None else i + high) + 1)
            return (all if kind == "G" else any)(naive(a, trace, j) for j in inside)


def draw(rng, depth):
    kind = rng.choice(["!", "&", "|", "->", "X", "WX", "G", "F", "G", "F"]) if depth else ">"
    if kind == ">":
        return (">", rng.choice("pq"))
    if kind in "&|->" and kind != "X":
        return (kind, draw(rng, depth - 1), draw(rng, depth - 1))
    if kind in ("G", "F"):
        low = rng.randrange(3)
        window = rng.choice([(0, None), (low, low + rng.randrange(4))])
        return (kind, draw(rng, depth - 1), *window)
    return (kind, draw(rng, depth - 1))


def write(f):
    match f:
        case (">", name):
            return f"{name} > 0"
        case (("G" | "F") as kind, a, low, high):
            return f"{kind}{'' if high is None else f'[{low},{high}]'}({write(a)})"
        case (kind, a):
            return f"{kind}({write(a)})"
        case (kind, a, b):
            return f"(({write(a)}) {kind} ({write(b)}))"


def test_monitors_agree_with_the_definition_on_random_formulas() -> None:
    rng = random.Random(1)
    for _ in range(2000):
        formula = draw(rng, rng.randrange(1, 5))
        trace = [{"p": rng.randrange(2), "q": rng.randrange(2)} for _ in range(rng.randrange(1, 8))]
        monitor = Monitor(write(formula))
        final = None
        for i, row in enumerate(trace):
            said = monitor.update(row)
            assert monitor.presumed == naive(formula, trace[: i + 1], 0), write(formula)
            assert final is None or said == final, "a final verdict stays"
            final = said
        assert final in (None, naive(formula, trace, 0)), write(formula)


def test_a_verdict_is_final_as_soon_as_it_follows() -> None:
    monitor = Monitor("G[0,2](x > 0)")
    assert [monitor.update({"x": 1.0}) for _ in range(4)] == [None, None, True, True]
    monitor = Monitor("G(x > 0) & F(x > 5)")
    assert monitor.update({"x": 1.0}) is None
    assert monitor.presumed is False
    assert monitor.update({"x": -1.0}) is False


def test_a_nested_window_owes_a_bounded_amount() -> None:
    monitor = Monitor("G F[0,100](x > 0)")
    for i in range(3000):
        monitor.update({"x": float(i % 50 == 0)})
        assert len(repr(monitor._rest)) < 700
    assert monitor.verdict is None


WRONG = [
    ("", 0, "expected a number"),
    ("G(x <", 5, "expected a number"),
    ("x", 0, "compare it"),
    ("G x", 2, "compare it"),
    ("G[3,1](x > 0)", 2, "is empty"),
    ("G[0.5,1](x > 0)", 2, "whole number"),
    ("0 < x < 1", 6, "do not chain"),
    ("(x > 0) + 1 > 2", 0, "a number is needed"),
    ("x > $", 4, "no part of a formula"),
    ("U > 1", 0, "operators are"),
    ("(x > 0", 6, "expected ')'"),
    ("(x > 0))", 7, "expected an operator"),
    ("x > 0 & y > 0", 8, "no signal named 'y'"),
]


@pytest.mark.parametrize(("text", "position", "message"), WRONG)
def test_what_cannot_be_read_is_shown_with_a_caret(text: str, position: int, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text, signals=["x"])
    assert message in str(caught.value)
    assert caught.value.position == position
    assert str(caught.value).splitlines()[-1] == " " * (position + 2) + "^"


def test_an_error_of_another_process_comes_back_whole() -> None:
    with pytest.raises(FormulaError) as caught:
        parse("a > > 1")
    caught.value.add_note("in the series sensor=3")
    back = pickle.loads(pickle.dumps(caught.value))
    assert (str(back), back.text, back.position) == (str(caught.value), caught.value.text, caught.value.position)
    assert back.__notes__ == ["in the series sensor=3"]


def test_deep_nesting_is_refused_not_a_crash() -> None:
    for text in ("(" * 5000 + "x > 0" + ")" * 5000, "!" * 5000 + "(x > 0)", "-" * 5000 + "x > 0"):
        with pytest.raises(FormulaError, match="nested deeper"):
            parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G(x < 0)", False),
        ("G(x >= 0)", True),
        ("F(x * 2 + 1 < 1)", False),
        ("F[9,9](x > 1)", False),
        ("G[9,9](x > 1)", True),
        ("X(x < 0)", False),
        ("WX(x >= 0)", True),
        ("x > 1", None),
        ("F[3,4](x >= 0)", None),
        ("x > 1 & !(x >= 0)", False),
        ("1 / (x - 1) > 0", None),
    ],
)
def test_what_is_decided_before_any_row(text: str, expected: bool | None) -> None:
    assert parse(text).decided(ranges={"x": (0.0, math.inf)}, length=9) is expected


def test_bad_values_are_refused() -> None:
    monitor = Monitor("G(x > 0)")
    with pytest.raises(InputError, match="at least one position"):
        monitor.finish()
    with pytest.raises(InputError, match="'x' is missing"):
        monitor.update({"y": 1.0})
    with pytest.raises(InputError, match="'x' is NaN at position 0"):
        monitor.update({"x": math.nan})
    monitor.update({"x": 1.0})
    assert monitor.finish() is True
    with pytest.raises(InputError, match="has ended"):
        monitor.update({"x": 1.0})
