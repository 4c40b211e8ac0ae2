"""The Poincaré section without a browser: its points are those of the batch function, whatever is moved."""

import numpy as np
import pytest
from slider_kit import Page, settle

from midstream_lab import attractors
from midstream_lab.attractors.systems import Duffing, Rossler
from midstream_lab.errors import InputError
from midstream_widgets import PoincareSection


@pytest.fixture(scope="module")
def trajectory():
    return Rossler().trajectory(4000, dt=0.1)


@pytest.fixture
def show():
    made = []

    def show(system, **options):
        made.append(PoincareSection(system, **options))
        return made[-1]

    yield show
    for view in made:
        view.close()


def points(page):
    content, data = page.sent[-1]
    return np.frombuffer(data, np.float64).reshape(content["height"], content["width"])


def test_points_are_those_of_the_batch_function(show, trajectory):
    view = show(trajectory, plane=("y", 0.0))
    page = Page(view)
    settle(view)
    expected = attractors.poincare_section(trajectory, ("y", 0.0), n=2000, transient=0.0)
    np.testing.assert_array_equal(points(page), expected["points"].sel(channel=["x", "z"]))
    assert view._canvas._plane["axes"] == ("x", "z")


def test_a_slider_moves_the_plane_and_a_program_the_slider(show, trajectory):
    view = show(trajectory, plane=("y", 0.0))
    settle(view)
    slider = view._controls.controls["offset"]
    slider.value = 2.0
    settle(view)
    assert view.offset == pytest.approx(2.0, abs=slider.step)
    expected = attractors.poincare_section(trajectory, ("y", view.offset), n=2000, transient=0.0)
    np.testing.assert_array_equal(view.section["points"], expected["points"])
    view.offset = -1.0
    settle(view)
    assert slider.value == pytest.approx(-1.0, abs=slider.step)


def test_direction_count_and_normal_are_followed(show, trajectory):
    view = show(trajectory, plane=("y", 0.0))
    settle(view)
    up = view.section.sizes["crossing"]
    view._controls.controls["direction"].value = "both"
    settle(view)
    assert abs(view.section.sizes["crossing"] - 2 * up) <= 1
    view.normal = (1.0, 1.0, 0.0)
    settle(view)
    held = view.section["points"].values
    np.testing.assert_allclose(held @ [1.0, 1.0, 0.0], view.offset, atol=1e-6)
    with pytest.raises(InputError, match="3 finite numbers"):
        view.normal = (0.0, 0.0, 0.0)
    with pytest.raises(InputError, match="direction"):
        view.direction = "left"
    with pytest.raises(InputError, match="finite"):
        view.offset = np.nan


def test_the_return_map_pairs_crossings_that_follow(show, trajectory):
    view = show(trajectory, plane=("y", 0.0), return_map=True)
    page = Page(view)
    settle(view)
    x = view.section["points"].sel(channel="x").values
    np.testing.assert_array_equal(points(page), np.stack([x[:-1], x[1:]], axis=1))
    assert view._canvas._plane["axes"] == ("x", "next x")
    view.return_map = False
    settle(view)
    assert view._canvas._plane["axes"] == ("x", "z")


def test_a_flow_ends_with_the_integrators_own_crossings(show):
    view = show(Rossler(), plane=("y", 0.0), n=300)
    page = Page(view)
    settle(view)
    assert page.sent[-1][0]["detail"] == "300 by the integrator"
    assert np.abs(view.section["points"].sel(channel="y")).max() < 1e-9
    view._controls.controls["n"].value = 250
    settle(view)
    assert view.section.sizes["crossing"] == 250
    # A window that comes while it is computed changes nothing about what is drawn last.
    view.offset = 0.5
    view._newest.on_message(None, {"kind": "window", "shown": view.window, "size": [333, 333]}, [])
    settle(view)
    assert page.sent[-1][0]["detail"] == "250 by the integrator"


def test_a_driven_system_is_cut_at_a_phase(show):
    view = show(Duffing(), n=50)
    settle(view)
    assert view.section.sizes["crossing"] == 50
    assert not [name for name in view._controls.controls if name.startswith("normal")]
    with pytest.raises(InputError, match="shifted, not turned"):
        view.normal = (1.0, 0.0, 0.0)


def test_a_plane_that_misses_says_so(show, trajectory):
    view = show(trajectory, plane=("y", 1000.0))
    settle(view)
    assert "misses" in view._canvas._side["said"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"plane": ("w", 0.0)}, "w"),
        ({"direction": "left"}, "left"),
        ({"n": 0}, "n"),
        ({"axes": ("x", "w")}, "two of the variables"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_shown_is_refused(show, trajectory, options, words):
    with pytest.raises((InputError, TypeError), match=words):
        show(trajectory, **options)


@pytest.mark.parametrize("given", [[1.0, 2.0], np.zeros((10, 3)), None])
def test_what_is_no_flow_and_no_trajectory_is_refused(show, given):
    with pytest.raises((InputError, TypeError)):
        show(given)


def test_the_saved_picture_says_what_is_seen(show, trajectory):
    view = show(trajectory, plane=("y", 0.0))
    assert "Poincaré section" in repr(view.snapshot())
    assert view.snapshot().data.startswith(b"\x89PNG")
