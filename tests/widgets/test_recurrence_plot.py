"""The recurrence plot without a browser: tiles, thresholds and numbers are what the batch functions say."""

import threading
import tracemalloc

import numpy as np
import pytest
from slider_kit import Page, flush, settle

from midstream_lab import attractors, registry
from midstream_lab.attractors.systems import Henon, Lorenz
from midstream_lab.errors import GapError, InputError
from midstream_widgets import RecurrencePlot
from midstream_widgets.clock import CLOCK
from midstream_widgets.thresholds import ALL_PAIRS, RATES, Thresholds


@pytest.fixture(scope="module")
def x():
    return Lorenz().trajectory(900, dt=0.03).sel(channel="x")


@pytest.fixture
def show():
    made = []

    def show(x, **options):
        made.append(RecurrencePlot(x, **options))
        return made[-1]

    yield show
    for view in made:
        view.close()


def shares(page):
    content, data = page.sent[-1]
    return np.frombuffer(data, np.uint8).reshape(content["height"], content["width"]) / 255


@pytest.mark.parametrize("norm", ["max", "euclidean"])
def test_tile_and_numbers_are_those_of_the_batch_functions(show, x, norm):
    view = show(x, radius=2.0, delay=3, embedding_dim=3, theiler=20, norm=norm)
    page = Page(view)
    view.zoom((100, 250), (400, 700))
    settle(view)
    given = {"radius": 2.0, "rate": None, "delay": 3, "embedding_dim": 3, "theiler": 20, "norm": norm}
    matrix = attractors.recurrence_matrix(x, **given).values
    assert np.array_equal(shares(page), matrix[100:250, 400:700])
    assert page.sent[-1][0]["rows"] == (100, 250)
    assert view._canvas._plane["shown"] == {"rows": (100, 250), "columns": (400, 700)}
    numbers = attractors.rqa(x, **given)
    assert {name: float(view.quantification[name]) for name in numbers} == {
        name: pytest.approx(float(numbers[name]), nan_ok=True) for name in numbers
    }
    told = {row[0]: row[2] for row in view._canvas._numbers["table"]}
    assert told["DET"] == f"{float(numbers['determinism']):.4g}"


def test_a_rate_gives_that_rate_and_the_radius_of_the_batch_function(show, x):
    view = show(x, rate=0.1)
    settle(view)
    assert float(view.quantification["recurrence_rate"]) == pytest.approx(0.1, rel=5e-3)
    assert view.radius == pytest.approx(attractors.rqa(x, rate=0.1).attrs["radius"], rel=2e-3)
    assert view.rate == pytest.approx(0.1)


def test_rate_and_radius_move_each_other(show, x):
    view = show(x)
    settle(view)
    rate, radius = view._controls.controls["rate"], view._controls.controls["radius"]
    assert (view.rate, rate.value) == (pytest.approx(0.05), pytest.approx(0.05))
    before = radius.value
    rate.value = 0.2
    settle(view)
    assert view.radius == pytest.approx(radius.value)
    assert radius.value > before
    radius.value = before
    settle(view)
    assert view.rate == pytest.approx(0.05, rel=1e-2)
    assert rate.value == pytest.approx(0.05, rel=1e-2)


def test_what_the_page_rounds_and_sends_back_late_moves_nothing(show, x):
    view = show(x)
    settle(view)
    rate, radius = view._controls.controls["rate"], view._controls.controls["radius"]
    rate.value = 0.1
    settle(view)
    rounded = radius.value * 10 ** (0.4 * radius.step)
    rate.value = 0.3
    settle(view)
    shown = view.radius
    CLOCK.post(setattr, radius, "value", rounded)
    settle(view)
    assert view.radius == shown
    assert rate.value == 0.3


def test_another_norm_keeps_what_was_set(show, x):
    view = show(x, rate=0.1)
    radius = view.radius
    view._controls.controls["norm"].value = "euclidean"
    settle(view)
    assert view.rate == pytest.approx(0.1)
    assert view.radius > radius
    view.radius = 3.0
    view.norm = "max"
    settle(view)
    assert view.radius == 3.0
    assert view._controls.controls["norm"].value == "max"


def test_a_person_zooms_within_the_plane(show, x):
    view = show(x)
    page = Page(view)
    view._newest.on_message(
        None, {"kind": "window", "rows": [-5.5, 99.2], "columns": [10.7, 1e9], "pixels": 10_000}, []
    )
    settle(view)
    content = page.sent[-1][0]
    assert content["rows"] == (0, 100)
    assert content["columns"] == (10, view._rows)
    assert content["width"] <= 800


def test_a_page_that_is_behind_gets_the_newest_tile(show, x):
    view = show(x)
    settle(view)
    page = Page(view)
    page.auto = False
    for radius in np.linspace(1.0, 3.0, 8):
        view.radius = float(radius)
        settle(view)
    assert len(page.sent) <= 13  # one that was acknowledged, and as many as may be in flight
    page.say("ack", seq=page.sent[-1][0]["seq"])
    assert page.sent[-1][0]["radius"] == 3.0


def test_a_hundred_thousand_samples_need_no_matrix(show):
    long = Henon().trajectory(100_000).sel(channel="x")
    attractors.recurrence_tile(long.values[:100], size=5)  # compiling is not what is measured
    tracemalloc.start()
    try:
        view = show(long, delay=1, embedding_dim=2, theiler=5, rate=0.05)
        view._pixels = 300
        settle(view)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 200e6
    assert "zoom in to at most 20,000" in view._canvas._numbers["why"]
    view.zoom((0, 3000), (50_000, 53_000))
    settle(view)
    assert "3,000 delay vectors, from 5e+04 to 5.3e+04" in view._canvas._numbers["of"]
    part = attractors.rqa(long[50_000:53_001], radius=view.radius, rate=None, delay=1, embedding_dim=2, theiler=5)
    assert float(view.quantification["determinism"]) == float(part["determinism"])
    assert float(view.quantification["recurrence_rate"]) == pytest.approx(0.05, rel=0.1)


@pytest.mark.parametrize("norm", ["max", "euclidean"])
def test_drawn_pairs_give_the_rate_of_all_of_them(norm):
    values = Henon().trajectory(ALL_PAIRS + 2).sel(channel="x").values
    given = {"delay": 1, "embedding_dim": 2, "theiler": 3, "norm": norm}
    drawn, counted = Thresholds(values, **given), Thresholds(values[: ALL_PAIRS + 1], **given)
    for rate in (0.01, 0.05, 0.3):
        assert drawn.radius(rate) == pytest.approx(counted.radius(rate), rel=0.02)
        assert counted.rate(counted.radius(rate)) == pytest.approx(rate)


def test_repeated_values_have_a_radius_too(show):
    view = show(np.tile([0.0, 1.0, 0.0, 2.0, 1.0], 60), delay=1, embedding_dim=1, theiler=1)
    assert view.radius > 0
    settle(view)
    assert view._canvas._numbers["table"]


@pytest.mark.parametrize(
    ("x", "options", "error", "words"),
    [
        (np.ones(500), {}, InputError, "constant"),
        ([], {}, InputError, "empty"),
        ([1.0], {}, InputError, "constant"),
        (np.r_[np.nan, np.sin(np.arange(500))], {}, GapError, "missing"),
        (np.r_[np.inf, np.sin(np.arange(500))], {}, InputError, "infinite"),
        (np.sin(np.arange(500)), {"radius": 1.0, "rate": 0.1}, InputError, "not both"),
        (np.sin(np.arange(500)), {"radius": 0.0}, InputError, "radius must be a number above 0"),
        (np.sin(np.arange(500)), {"rate": 0.9}, InputError, "rate must be a number from 0.001 to 0.5"),
        (np.sin(np.arange(500)), {"norm": "city"}, InputError, "norm must be"),
        (np.sin(np.arange(500)), {"delay": 0}, InputError, "delay must be"),
        (np.sin(np.arange(500)), {"raduis": 1.0}, InputError, "did you mean 'radius'"),
        (np.zeros((9, 2)), {}, InputError, "choose one of the channels"),
    ],
)
def test_what_cannot_be_shown_is_refused(show, x, options, error, words):
    with pytest.raises(error, match=words):
        show(x, **options)


def test_what_a_program_sets_is_checked(show, x):
    view = show(x)
    for name, value in (("radius", -1), ("rate", 2.0), ("norm", "city")):
        with pytest.raises(InputError, match=name):
            setattr(view, name, value)
    with pytest.raises(InputError, match="rows must be two numbers that rise"):
        view.zoom((5, 5))
    assert RATES[0] < view.rate < RATES[1]


def test_it_is_owned_by_name_and_leaves_nothing_behind(show, x):
    first = show(x, name="mine")
    second = show(x, name="mine")
    assert first._ended
    second.close()
    second.close()
    assert not [row for row in registry.running() if row[1] == "mine"]
    for thread in threading.enumerate():
        if thread.name.startswith("midstream-mine"):
            thread.join(60)
            assert not thread.is_alive()
    flush()


def test_a_snapshot_is_a_picture_of_what_is_in_sight(show, x):
    view = show(x)
    view.zoom((0, 300), (100, 400))
    picture = view.snapshot()
    assert picture.data.startswith(b"\x89PNG")
    assert repr(picture).startswith("Recurrence plot of x, delay")


def test_errors_of_the_browser_are_kept(show, x):
    view = show(x)
    view._newest.on_message(None, {"kind": "error", "text": "drawing: no canvas"}, [])
    assert view.errors == ["drawing: no canvas"]
