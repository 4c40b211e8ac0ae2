"""The running estimate in words."""

import math

from midstream_widgets.estimate import describe


def test_an_answer_has_interval_unit_and_status():
    row = {"exponent": 0.9056, "low": 0.81, "high": 1.02, "status": "ok", "reasons": ""}
    assert describe(row, "1/s") == "λ = 0.906 [0.81, 1.02] 1/s, ok"


def test_no_answer_has_its_reasons():
    row = {
        "exponent": math.nan,
        "low": math.nan,
        "high": math.nan,
        "status": "inconclusive",
        "reasons": "no fit region",
    }
    assert describe(row, "1/s") == "λ: inconclusive (no fit region)"


def test_a_number_without_status_ok_is_not_shown_as_one():
    row = {"exponent": 3.0, "low": 1.0, "high": 5.0, "status": "inconclusive", "reasons": "noise"}
    assert "3" not in describe(row, "1/s")
