"""The static pictures of a live attractor."""

import numpy as np
import pytest
from attractor_kit import Browser, Warming, embedded, put

from midstream_lab.errors import InputError
from midstream_lab.feed import Block


def test_without_webgl_a_small_static_picture_is_sent(show, feed):
    view = show()
    browser = Browser(view)
    browser.say("no-webgl")
    view.tick(0.0)
    assert view._canvas._picture == b""
    put(feed, 2000)
    view.tick(10.0)
    assert view._canvas._picture[:4] == b"\x89PNG"
    assert len(view._canvas._picture) < 200_000


def test_a_snapshot_stays_in_a_saved_notebook(show, feed):
    view = show()
    put(feed, 2000)
    snapshot = view.snapshot()
    shown = snapshot._repr_mimebundle_()
    assert repr(snapshot) == "Attractor of test: x; 1,990 points"
    assert set(shown) == {"text/plain", "image/png"}
    assert len(snapshot.data) < 200_000


def test_a_snapshot_of_nothing_is_refused(show):
    with pytest.raises(InputError, match=r"too few rows to draw; feed.wait"):
        show().snapshot()


@pytest.mark.parametrize("color", ["time", "speed"])
@pytest.mark.parametrize("options", [{"dim": 2}, {"channels": ["x", "y"], "delay": None}, {"style": "points"}])
def test_every_kind_of_view_has_a_static_picture(show, feed, options, color):
    view = show(color=color, **options)
    put(feed, 300)
    feed.append(Block(first=400, start=400, columns=(np.ones(50), np.ones(50))))
    assert view.snapshot().data[:4] == b"\x89PNG"


def test_export_writes_what_is_shown(show, feed, tmp_path):
    view = show()
    x = put(feed, 300)[:, 0]
    expected = embedded(x, 5, 3)
    with np.load(view.export(tmp_path / "a.npz")) as file:
        np.testing.assert_array_equal(file["points"], expected)
        assert file["labels"].tolist() == ["x(t) (mV)", "x(t + τ) (mV)", "x(t + 2τ) (mV)"]
    text = view.export(tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert text[0] == "x(t) (mV),x(t + τ) (mV),x(t + 2τ) (mV),speed"
    np.testing.assert_array_equal([float(v) for v in text[1].split(",")[:3]], expected[0])
    assert view.export(tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(InputError, match=r"must end in \.png, \.csv or \.npz"):
        view.export(tmp_path / "a.gif")


def test_ages_in_a_picture_have_a_unit_and_count_gaps(show, feed):
    view = show(delay=1, dim=2)
    put(feed, 300)
    feed.append(Block(first=400, start=400, columns=(np.ones(50), np.ones(50))))
    shown = view._now_shown()
    assert (shown.ages[0], shown.ages[-1]) == (4.48, 0.0)
    assert shown.look["color_label"] == "age (s)"
    assert shown.look["legend"] == ["41 s older", "newest"]
    assert shown.lag == "τ = 1 sample = 0.01 s"


def test_a_snapshot_does_not_come_before_the_delay_is_chosen(show, feed, monkeypatch):
    from midstream_lab import warm

    monkeypatch.setattr(warm, "warm", Warming)
    view = show(delay=None)
    put(feed, 1100)
    view.snapshot()
    assert view.delay > 1
