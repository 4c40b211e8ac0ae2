"""The map of basins without a browser: labels, shares and colours are what the batch function says."""

import numpy as np
import pytest
from slider_kit import Page, settle

from midstream_lab import attractors
from midstream_lab.attractors.systems import Henon
from midstream_lab.errors import InputError
from midstream_widgets import BasinMap
from midstream_widgets.basin_map import UNKNOWN

GRID = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
BOX = ([-2.0, -2.0], [2.0, 2.0])


@pytest.fixture
def show():
    made = []

    def show(**options):
        options = {"grid": GRID, "box": BOX, "cells": 200, "parameters": {"a": (1.0, 1.4)}, **options}
        made.append(BasinMap(Henon(), **options))
        return made[-1]

    yield show
    for view in made:
        view.close()


def pixels(sent):
    content, data = sent
    return np.frombuffer(data, np.uint8).reshape(content["height"], content["width"])


def test_labels_and_shares_are_those_of_the_batch_function(show):
    view = show()
    page = Page(view)
    settle(view)
    axes = {name: view.basins[name].values for name in "xy"}
    expected = attractors.basins(Henon(), axes, box=BOX, cells=200)
    # The order of the starts decides the cells of an attractor, and so the last pixels of a boundary.
    assert (view.basins["basin"].values == expected["basin"].values).mean() > 0.999
    np.testing.assert_array_equal(pixels(page.sent[-1]), view.basins["basin"].values.T + 1)
    share = float(view.basins["fraction"].sel(outcome=1))
    assert share == (view.basins["basin"].values == 1).mean()
    assert [1, f"attractor 1: {share:.3f}"] == [
        (kind, text.split(" ±")[0])[k] for kind, text in view._canvas._side["lines"] if kind == 1 for k in (0, 1)
    ]


def test_a_coarse_picture_comes_first_and_fills_the_map(show):
    view = show()
    settle(view)
    page = Page(view)
    page.sent.clear()
    view.zoom((0.0, 1.0), (0.0, 1.0))
    settle(view)
    details = [int(content["detail"]) for content, _ in page.sent]
    assert details[0] < details[-1]
    assert details == sorted(details)
    assert not (pixels(page.sent[-1]) == UNKNOWN).any()
    assert page.sent[-1][0]["window"] == ((0.0, 1.0), (0.0, 1.0))
    assert view.basins["x"].values.min() > 0.0


def test_a_parameter_moves_and_an_attractor_keeps_its_number(show):
    view = show()
    settle(view)
    view._controls.controls["a"].value = 1.38
    settle(view)
    assert view.params == {"a": pytest.approx(1.38)}
    assert view.basins["id"].values.tolist() == [1]
    assert view.basins.attrs["parameter_a"] == pytest.approx(1.38)
    view.params = {"a": 1.4}
    settle(view)
    assert view._controls.controls["a"].value == 1.4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"grid": {"x": (-2, 2)}}, "two of the variables"),
        ({"grid": {"x": (-2, 2), "w": (0, 1)}}, "two of the variables"),
        ({"grid": {"x": (2, -2), "y": (0, 1)}}, "rise"),
        ({"parameters": {"q": (0, 1)}}, "no parameter"),
        ({"parameters": {"a": (1, np.inf)}}, "finite"),
        ({"cells": 0}, "cells"),
        ({"most": 3}, "most"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_shown_is_refused(show, options, words):
    with pytest.raises((InputError, TypeError), match=words):
        show(**options)


def test_what_a_slider_does_not_reach_is_refused(show):
    view = show()
    with pytest.raises(InputError, match=r"from 1 to 1\.4"):
        view.params = {"a": 2.0}
    with pytest.raises(InputError, match="no slider"):
        view.params = {"b": 0.3}


def test_the_saved_picture_says_what_is_seen(show):
    picture = show().snapshot()
    assert picture.data.startswith(b"\x89PNG")
    assert repr(picture) == "Basins of attraction of Henon; x from -2 to 2, y from -2 to 2"
