"""The orbit diagram without a browser: densities, exponents and windows are what the batch functions say."""

import numpy as np
import pytest
from slider_kit import Page, flush, settle

from midstream_lab import registry
from midstream_lab.attractors.systems import Logistic
from midstream_lab.errors import InputError
from midstream_widgets import OrbitDiagram
from midstream_widgets.orbit_diagram import _count, _spread


@pytest.fixture
def show():
    made = []

    def show(**options):
        made.append(OrbitDiagram(Logistic(), **{"parameter": "r", "range": (2.8, 4.0), **options}))
        return made[-1]

    yield show
    for view in made:
        view.close()


def density(page):
    content, data = page.sent[-1]
    return np.frombuffer(data, np.uint8).reshape(content["height"], content["width"])


def test_a_fixed_point_and_a_cycle_of_two_stand_where_theory_says(show):
    """x = 1 - 1/r below r = 3; above, the two roots of r^2 x^2 - r (r + 1) x + r + 1."""
    view = show()
    page = Page(view)
    settle(view)
    (x0, x1), (y0, y1) = view.window
    image = density(page)
    tall, wide = image.shape
    for column in (wide // 12, wide // 3):
        r = x0 + (column + 0.5) * (x1 - x0) / wide
        theory = [1 - 1 / r] if r < 3 else np.sort(np.roots([r * r, -r * (r + 1), r + 1])).tolist()
        drawn = y0 + (np.flatnonzero(image[:, column]) + 0.5) * (y1 - y0) / tall
        np.testing.assert_allclose(drawn, theory, atol=0.6 * (y1 - y0) / tall)


def test_the_exponent_beside_it_is_that_of_theory(show):
    """At a fixed point ln|2 - r|; at r = 4, ln 2."""
    view = show()
    settle(view)
    found = view.exponents
    low = found.sel(r=slice(2.85, 2.95))
    np.testing.assert_allclose(low, np.log(np.abs(2 - low["r"])), atol=5e-3)
    assert float(found[-1]) == pytest.approx(np.log(2), abs=0.1)
    assert found.attrs["units"] == "nat/iterate"


def test_a_zoom_by_a_page_recomputes_at_its_resolution(show):
    view = show()
    page = Page(view)
    view._newest.on_message(None, {"kind": "window", "shown": [[3.8, 3.9], [0.4, 5.0]], "size": [300, 5000]}, [])
    settle(view)
    content = page.sent[-1][0]
    assert content["window"] == ((3.8, 3.9), (0.4, view._home[1][1]))
    assert density(page).shape == (1024, 256)
    assert page.sent[-1][0]["doubles"] is False


def test_the_first_picture_of_a_window_is_coarse(show):
    view = show()
    settle(view)
    page = Page(view)
    page.sent.clear()
    view.zoom((3.5, 3.6))
    settle(view)
    counts = [int(content["detail"].split()[0]) for content, _ in page.sent]
    assert counts[0] < counts[-1] == 512


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"parameter": "q"}, "q"),
        ({"range": (4.0, 2.8)}, "rise"),
        ({"range": (2.8, np.nan)}, "finite"),
        ({"range": 3}, "two finite numbers"),
        ({"variable": "w"}, "w"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_shown_is_refused(show, options, words):
    with pytest.raises((InputError, TypeError), match=words):
        show(**options)
    assert not [view for view in registry.running() if "orbits" in str(view)]


def test_a_zoom_stays_within_all_there_is(show):
    view = show()
    with pytest.raises(InputError, match="rise, from"):
        view.zoom((2.0, 3.0))


def test_the_saved_picture_says_what_is_seen(show):
    view = show()
    view.zoom((3.5, 3.6), (0.3, 0.9))
    picture = view.snapshot()
    assert picture.data.startswith(b"\x89PNG")
    assert repr(picture) == "Orbit diagram of logistic; r from 3.5 to 3.6, x from 0.3 to 0.9"


def test_a_name_is_given_once_and_closing_ends_the_work(show):
    first, second = show(), show()
    flush()
    assert first._ended
    assert not second._ended
    second.close()
    second.close()
    assert all(job._over for job in second._jobs.values())


def test_columns_come_spread_out_and_points_are_counted():
    assert sorted(_spread(64)) == list(range(64))
    assert _spread(8).tolist() == [0, 4, 2, 6, 1, 5, 3, 7]
    points = np.array([[0.1, 0.1, 0.9, np.nan], [1.0, -0.1, 0.5, np.inf]])
    np.testing.assert_array_equal(_count(points, 0.0, 1.0, 2), [[2, 1], [0, 1]])
