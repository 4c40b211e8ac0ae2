"""The alignment view without a browser: what it sends is what the batch function gives, whatever is moved."""

import time

import numpy as np
import pytest
from slider_kit import Page, flush, settle

from midstream_lab import compare
from midstream_lab.errors import InputError
from midstream_widgets import AlignmentView

X, Y = np.sin(np.linspace(0, 6, 50)), np.sin(np.linspace(0, 6, 70) ** 1.1)


@pytest.fixture
def show():
    made = []

    def show(*sequences, **options):
        made.append(AlignmentView(*(sequences or (X, Y)), **options))
        return made[-1]

    yield show
    for view in made:
        view.close()


def parts(page):
    """What was sent last: the message, the path and the picture of the costs."""
    content, data = page.sent[-1]
    path = np.frombuffer(data, "<i4", 2 * content["pairs"]).reshape(-1, 2)
    return content, path, np.frombuffer(data, np.uint8, offset=path.nbytes).reshape(content["height"], content["width"])


@pytest.mark.parametrize("options", [{}, {"window": 25}, {"window": 40, "step_pattern": "symmetric2"}])
def test_the_path_and_the_distance_are_those_of_the_batch_function(show, options):
    view = show(**options)
    page = Page(view)
    settle(view)
    expected = compare.dtw(X, Y, **options)
    content, path, _ = parts(page)
    np.testing.assert_array_equal(path, expected.path)
    assert content["distance"] == expected.distance == view.alignment.distance


def test_the_picture_rises_along_the_path_and_is_marked_outside_the_band(show):
    view = show(window=25)
    page = Page(view)
    settle(view)
    _, path, image = parts(page)
    apart = np.abs(np.subtract.outer(np.arange(50), np.arange(70)))
    assert ((image == 255) >= (apart > 25)).all()
    assert (np.diff(image[path[:, 0], path[:, 1]].astype(int)) >= 0).all()


def test_slider_program_and_page_move_the_band(show):
    view = show()
    page = Page(view)
    settle(view)
    slider = view._controls.controls["window"]
    assert (slider.min, slider.max, slider.value) == (20, 69, 69)
    slider.value = 30
    flush()
    settle(view)
    assert view.window == parts(page)[0]["window"] == 30
    view.window = 25
    settle(view)
    assert slider.value == parts(page)[0]["window"] == 25
    page.say("window", window=3)  # narrower than the lengths allow
    settle(view)
    assert view.window == slider.value == 20


def test_a_pattern_without_a_path_says_why_and_another_goes_on(show):
    view = show(X[:20], Y)
    page = Page(view)
    view.step_pattern = "asymmetric"
    settle(view)
    assert view.alignment is None
    assert parts(page)[0]["why"]
    view._controls.controls["step_pattern"].value = "symmetric2"
    flush()
    settle(view)
    assert view.alignment.distance == compare.dtw_distance(X[:20], Y, step_pattern="symmetric2")


def test_a_page_that_comes_later_gets_what_is_shown(show):
    view = show(window=30)
    settle(view)
    page = Page(view)
    deadline = time.monotonic() + 60
    while not page.sent and time.monotonic() < deadline:  # the clock sends at its next tick
        flush()
        time.sleep(0.01)
    assert parts(page)[0]["window"] == 30


@pytest.mark.parametrize(
    ("sequences", "options", "words"),
    [
        ((X, []), {}, "empty"),
        ((X, np.r_[Y, np.nan]), {}, "nan|finite"),
        ((np.ones((9, 2)), np.ones((9, 2))), {}, "one channel"),
        ((X, Y), {"window": 3}, "20"),
        ((X, Y), {"step_pattern": "left"}, "step_pattern"),
        ((X, Y), {"widnow": 30}, "did you mean 'window'"),
        ((np.ones(2001), np.ones(2001)), {}, "max_cells"),
    ],
)
def test_what_cannot_be_shown_is_refused(show, sequences, options, words):
    with pytest.raises(InputError, match=f"(?i){words}"):
        show(*sequences, **options)


@pytest.mark.parametrize("value", [19, 70, 25.0, True, None])
def test_a_band_that_cannot_be_set_is_refused(show, value):
    view = show()
    with pytest.raises(InputError, match="from 20 to 69"):
        view.window = value


@pytest.mark.parametrize("values", [[0.0], [1, 1, 1], range(5), np.float32([0, 1])])
def test_short_constant_and_whole_numbers_are_shown(show, values):
    view = show(values, values)
    settle(view)
    assert view.alignment.distance == 0.0


def test_the_saved_picture_says_the_distance(show):
    view = show(window=30)
    assert f"{compare.dtw_distance(X, Y, window=30):.6g}" in repr(view.snapshot())
    assert view.snapshot().data.startswith(b"\x89PNG")


def test_a_view_of_the_same_name_closes_the_older(show):
    older = show(name="beats")
    assert show(name="beats").wait(timeout=60)
    assert older._ended
