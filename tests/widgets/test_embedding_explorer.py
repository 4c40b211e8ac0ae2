"""The embedding explorer without a browser: what it shows is what the batch functions say, and the newest wins."""

import threading

import numpy as np
import pandas as pd
import pytest
from slider_kit import Page, flush, settle

from midstream_lab import attractors, registry
from midstream_lab.attractors.systems import Henon, Lorenz
from midstream_lab.errors import GapError, InputError
from midstream_widgets import EmbeddingExplorer


@pytest.fixture(scope="module")
def lorenz():
    return Lorenz().trajectory(1500, dt=0.03).sel(channel="x")


@pytest.fixture
def show():
    made = []

    def show(x, **options):
        made.append(EmbeddingExplorer(x, **options))
        return made[-1]

    yield show
    for view in made:
        view.close()


def test_the_sliders_begin_where_the_estimators_say(show, lorenz):
    view = show(lorenz)
    delay = int(attractors.estimate_delay(lorenz)["delay"])
    assert view.delay == delay
    assert view.embedding_dim == int(attractors.estimate_embedding_dim(lorenz, delay=delay)["embedding_dim"])
    assert view.theiler == int(attractors.estimate_theiler(lorenz, delay=delay, dim=view.embedding_dim)["theiler"])
    assert {name: slider.value for name, slider in view._controls.controls.items()} == vars(view._shown)


def test_every_chart_is_what_the_batch_function_gives(show, lorenz):
    view = show(lorenz, delay=4, embedding_dim=4, theiler=40)
    settle(view)
    given = {"delay": 4, "embedding_dim": 4, "theiler": 40}
    curve = attractors.divergence_curve(lorenz, **given, steps=view.curve.sizes["lag"] - 1)
    assert view.curve.identical(curve)
    line, fit = view._charts._divergence["series"]
    assert np.allclose(line["y"], curve["divergence"])
    assert view._charts._divergence["band"] == pytest.approx(curve["fit_region"].values)
    assert np.diff(fit["y"]) / np.diff(fit["x"]) == pytest.approx(float(curve["slope"]))
    cao = attractors.estimate_embedding_dim(lorenz, delay=4, theiler=40)
    assert [each["y"] for each in view._charts._dimension["series"]] == [
        cao["e1"].values.tolist(),
        cao["e2"].values.tolist(),
        cao["false_share"].values.tolist(),
    ]
    information = view._charts._information["series"][0]
    assert np.argmin(information["y"][: 2 * int(attractors.estimate_delay(lorenz)["delay"])]) > 0
    assert view._charts._information["lines"][0]["x"] == pytest.approx(float(view._found["delay"]) * 0.03)
    assert view.estimate.identical(attractors.lyapunov_max(lorenz, **given))


def test_the_chosen_delay_is_the_first_minimum_of_the_curve_shown(show, lorenz):
    view = show(lorenz)
    settle(view)
    shown = np.array(view._charts._information["series"][0]["y"])
    first = np.flatnonzero((shown[1:-1] < shown[:-2]) & (shown[1:-1] <= shown[2:]))[0] + 1
    assert first == int(view._found["delay"])


def test_moving_a_slider_moves_everything(show, lorenz):
    view = show(lorenz)
    page = Page(view)
    settle(view)
    view._controls.controls["delay"].value = 7
    view._controls.controls["embedding_dim"].value = 5
    settle(view)
    assert (view.delay, view.embedding_dim) == (7, 5)
    assert view._charts._divergence["of"] == vars(view._shown)
    assert "the first 3 drawn" in view._charts._now["words"]
    offset = np.array(view._attractor._look["offset"])
    drawn = attractors.embed(lorenz, delay=7, dim=3).values
    assert np.allclose(page.points()[:, :3] + offset, drawn, atol=1e-4)
    view._controls.controls["embedding_dim"].value = 2
    settle(view)
    assert view._attractor._look["dim"] == 2


def test_a_program_moves_the_sliders(show, lorenz):
    view = show(lorenz)
    view.delay, view.embedding_dim, view.theiler = 11, 6, 333
    settle(view)
    assert {name: slider.value for name, slider in view._controls.controls.items()} == {
        "delay": 11, "embedding_dim": 6, "theiler": 333,
    }  # fmt: skip


def test_a_page_that_is_behind_gets_the_newest_attractor_when_it_has_caught_up(show, lorenz):
    view = show(lorenz)
    page = Page(view)
    page.auto = False
    for delay in range(2, 40):
        view.delay = delay
        flush()
    assert len(page.sent) <= 13
    page.say("ack", seq=page.sent[-1][0]["seq"])
    drawn = attractors.embed(lorenz, delay=39, dim=3).values
    assert np.allclose(page.points()[:, :3] + view._attractor._look["offset"], drawn, atol=1e-4)


def test_the_estimate_says_that_it_is_computed_and_then_what_came_of_it(show, lorenz):
    view = show(lorenz)
    settle(view)
    view.theiler = view.theiler + 1
    flush()
    view._show_controls(view._shown)
    settle(view)
    assert view._charts._now["computing"] is False
    assert view._charts._now["estimate"].startswith("λ")
    noise = show(np.random.default_rng(0).normal(size=1500), dt=1, name="noise")
    settle(noise)
    assert noise._charts._now["estimate"].startswith("λ: inconclusive (")


def test_an_embedding_that_leaves_too_little_is_told_and_not_raised(show):
    view = show(Henon().trajectory(400), channel="x")
    view.delay, view.embedding_dim, view.theiler = 40, 8, 100
    settle(view)
    assert view._charts._dimension["wrong"]
    assert "too few" in view._charts._dimension["note"]
    assert "leave no neighbours" in view._charts._divergence["note"]
    assert "inconclusive (400 samples" in view._charts._now["estimate"]
    assert view.curve is None
    view.delay, view.embedding_dim, view.theiler = 1, 2, 3
    settle(view)
    assert "wrong" not in view._charts._divergence
    view = show(Henon().trajectory(600), channel="x")
    view.delay, view.embedding_dim = 40, 8
    settle(view)
    assert "not estimated: 600 samples are too few" in view._charts._now["estimate"]
    assert view.estimate is None


@pytest.mark.parametrize(
    ("x", "options", "error", "words"),
    [
        (np.ones(500), {"dt": 1}, InputError, "constant"),
        (np.arange(500.0), {}, InputError, "dt"),
        ([], {"dt": 1}, InputError, "empty"),
        ([1.0], {"dt": 1}, InputError, "constant"),
        (np.r_[np.nan, np.sin(np.arange(500))], {"dt": 1}, GapError, "missing"),
        (np.r_[np.inf, np.sin(np.arange(500))], {"dt": 1}, InputError, "infinite"),
        (np.sin(np.arange(12)), {"dt": 1}, InputError, "too few"),
        (np.sin(np.arange(500)), {"dt": 1, "delay": 0}, InputError, "delay must be a whole number, from 1"),
        (np.sin(np.arange(500)), {"dt": 1, "delay": 1000}, InputError, "delay must be"),
        (np.sin(np.arange(500)), {"dt": 1, "embedding_dim": 9}, InputError, "from 2 to 8"),
        (np.sin(np.arange(500)), {"dt": 1, "theiler": 2.5}, InputError, "theiler must be"),
        (np.sin(np.arange(500)), {"dt": 1, "dealy": 3}, InputError, "did you mean 'delay'"),
        (np.zeros((9, 2)), {"dt": 1}, InputError, "choose one of the channels"),
    ],
)
def test_what_cannot_be_shown_is_refused(show, x, options, error, words):
    with pytest.raises(error, match=words):
        show(x, **options)


@pytest.mark.parametrize("kind", [list, np.float32, "strided", "frozen", pd.Series])
def test_what_people_really_give_is_taken(show, kind):
    x = Henon().trajectory(600).sel(channel="x").values
    if kind == "strided":
        given = np.repeat(x, 2)[::2]
    elif kind == "frozen":
        given = x.copy()
        given.flags.writeable = False
    else:
        given = x.astype(kind) if kind is np.float32 else kind(x)
    view = show(given, dt=1)
    assert (view.delay, view.embedding_dim) == (1, 2)
    assert view._attractor._look["style"] == "points"


def test_it_is_owned_by_name_and_leaves_nothing_behind(show, lorenz):
    first = show(lorenz, name="mine")
    second = show(lorenz, name="mine")
    other = show(lorenz, name="another")
    assert first._ended
    assert ("view", "mine") in list(registry.running())
    for view in (second, other, other):
        view.close()
    assert not [row for row in registry.running() if row[1] in ("mine", "another")]
    for thread in threading.enumerate():
        if thread.name.startswith(("midstream-mine", "midstream-another")):
            thread.join(60)
            assert not thread.is_alive()
    flush()


def test_a_snapshot_is_a_picture_with_the_estimate(show):
    view = show(Henon().trajectory(1000), channel="x")
    picture = view.snapshot()
    assert picture.data.startswith(b"\x89PNG")
    assert repr(picture).startswith("Embedding of x; λ")


def test_errors_of_the_browser_are_kept(show, lorenz):
    view = show(lorenz)
    view._on_charts(view._charts, {"kind": "error", "text": "drawing: no canvas"}, [])
    view._newest.on_message(view._attractor, {"kind": "error", "text": "starting: no glass"}, [])
    assert view.errors == ["starting: no glass", "drawing: no canvas"]
