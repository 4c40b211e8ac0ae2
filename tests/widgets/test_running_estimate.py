"""The running estimate of a feed, and its words."""

import math
from fractions import Fraction

import numpy as np
import pytest

from midstream_lab.attractors.systems import Lorenz
from midstream_lab.feed import Channel, Feed, Schema
from midstream_lab.timebase import TimeBase
from midstream_widgets.estimate import RunningEstimate, describe

SCHEMA = Schema(
    channels=tuple(Channel(name=name) for name in "xyz"), time=TimeBase(tick=Fraction(1, 50), unit="system time")
)


@pytest.fixture
def feed():
    with Feed(SCHEMA, name="estimated") as feed:
        yield feed


def test_an_answer_has_interval_unit_and_status():
    row = {"exponent": 0.9056, "low": 0.81, "high": 1.02, "status": "ok", "reasons": ""}
    assert describe(row, "nat/s") == "λ = 0.906 [0.81, 1.02] nat/s, ok"


def test_no_answer_has_its_reasons():
    row = {"exponent": math.nan, "low": math.nan, "high": math.nan, "status": "inconclusive", "reasons": "too short"}
    assert describe(row, "nat/s") == "λ: inconclusive (too short)"


def test_a_number_without_status_ok_is_not_shown_as_one():
    row = {"exponent": 3.0, "low": 1.0, "high": 5.0, "status": "inconclusive", "reasons": "noise"}
    assert "3" not in describe(row, "nat/s")


def test_lorenz_is_estimated_with_its_age(feed):
    estimate = RunningEstimate(feed, "x", name="λ", options={"window": 3000, "every": 1000})
    assert estimate.text(0.0) == "λ: gathering 0 of 3,000 samples"
    x = Lorenz().trajectory(3001, dt=0.02).values
    feed.append_rows(x[:2000])
    assert estimate.text(1.0) == "λ: gathering 2,000 of 3,000 samples"
    feed.append_rows(x[2000:])
    estimate.feed.wait(n=1, timeout=120)
    assert estimate.text(2.0).endswith(", 0.0 s ago")
    said = estimate.text(5.5)
    assert said.startswith(("λ = 0.8", "λ = 0.9"))
    assert said.endswith("] nat/system time, ok, 3.5 s ago")
    estimate.close()


def test_noise_is_called_inconclusive(feed):
    estimate = RunningEstimate(feed, "y", name="λ", options={"window": 1000, "every": 500})
    feed.append_rows(np.random.default_rng(0).standard_normal((1001, 3)))
    estimate.feed.wait(n=1, timeout=120)
    assert estimate.text(0.0).startswith("λ: inconclusive (")
    estimate.close()


def test_a_window_with_a_gap_is_not_estimated_and_later_ones_are(feed):
    estimate = RunningEstimate(feed, "x", name="λ", options={"window": 1000, "every": 500})
    x = Lorenz().trajectory(3001, dt=0.02).values
    x[700] = np.nan
    feed.append_rows(x[:1001])
    estimate.feed.wait(n=1, timeout=120)
    assert estimate.text(0.0).startswith("λ: not estimated (1 values are missing (NaN)")
    feed.append_rows(x[1001:])
    estimate.feed.wait(n=2, timeout=120)
    assert "NaN" not in estimate.text(1.0)
    estimate.close()


def test_an_estimate_that_fails_says_why_and_the_feed_goes_on(feed, monkeypatch):
    from midstream_lab import attractors

    monkeypatch.setattr(attractors, "lyapunov_max", lambda x, **options: {}["exponent"])
    estimate = RunningEstimate(feed, "x", name="λ", options={"window": 1000, "every": 500})
    feed.append_rows(np.random.default_rng(0).standard_normal((1001, 3)))
    with pytest.raises(KeyError):
        estimate.feed.wait(timeout=60)
    assert estimate.text(0.0).startswith("λ: the estimate ended: ")
    assert not feed.closed
    feed.append_rows(np.ones((1, 3)))


def test_a_small_feed_gets_a_window_that_fits():
    with Feed(SCHEMA, window=800, name="small") as small:
        estimate = RunningEstimate(small, "x", name="λ")
        assert estimate.text(0.0) == "λ: gathering 0 of 800 samples"
        estimate.close()
