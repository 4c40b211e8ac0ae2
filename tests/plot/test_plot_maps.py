"""Pictures of orbit diagrams, sections and basins: labelled axes, what lies where, and what is refused."""

import numpy as np
import pytest
import xarray as xr

from midstream_lab import attractors, plot
from midstream_lab.attractors.systems import Henon, Logistic, Rossler
from midstream_lab.errors import InputError

R = np.linspace(3.5, 4.0, 21)
ORBITS = attractors.orbit_diagram(Logistic(), "r", R, n=50)
SECTION = attractors.poincare_section(Rossler(), ("y", 0.0), n=60)
GRID = np.linspace(-2.0, 2.0, 12)
BASINS = attractors.basins(Henon(), {"x": GRID, "y": GRID}, box=([-2, -2], [2, 2]), cells=200)


def test_every_point_of_the_orbits_in_the_window_is_drawn() -> None:
    panel = plot.orbits(ORBITS, window=(0.4, 0.8), title="zoom").axes[0]
    x, y = panel.lines[0].get_data()
    held = (ORBITS.values >= 0.4) & (ORBITS.values <= 0.8)
    assert len(x) == held.sum()
    assert (panel.get_xlabel(), panel.get_ylabel(), panel.get_title()) == ("r", "x", "zoom")
    assert panel.get_ylim() == (0.4, 0.8)
    assert set(x) <= set(R)
    assert (y >= 0.4).all()


def test_exponents_stand_below_with_their_unit() -> None:
    exponents = xr.DataArray([-0.1, 0.3], dims="r", coords={"r": [3.5, 4.0]}, attrs={"units": "nat/iterate"})
    orbits, below = plot.orbits(ORBITS, exponents=exponents).axes
    assert below.get_ylabel() == "λ (nat/iterate)"
    assert below.get_xlabel() == "r"
    assert orbits.get_xlim() == below.get_xlim() == (3.5, 4.0)


def test_a_section_and_its_return_map_have_the_points_of_the_section() -> None:
    panel = plot.section(SECTION, axes=("z", "x")).axes[0]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("z", "x")
    np.testing.assert_array_equal(panel.collections[0].get_offsets(), SECTION["points"].sel(channel=["z", "x"]))
    assert panel.get_title().startswith("60 crossings of")
    panel = plot.section(SECTION, return_map="x").axes[0]
    x = SECTION["points"].sel(channel="x").values
    np.testing.assert_array_equal(panel.collections[0].get_offsets(), np.stack([x[:-1], x[1:]], axis=1))


def test_basins_lie_where_they_belong_with_shares() -> None:
    panel = plot.basins(BASINS).axes[0]
    np.testing.assert_array_equal(panel.images[0].get_array(), BASINS["basin"].values.T)
    half = 0.5 * (GRID[1] - GRID[0])
    assert panel.get_xlim() == pytest.approx((-2.0 - half, 2.0 + half))
    said = [text.get_text() for text in panel.get_legend().get_texts()]
    share, error = (float(BASINS[name].sel(outcome=1)) for name in ("fraction", "standard_error"))
    assert f"attractor 1: {share:.3f} ± {error:.3f}" in said
    assert error == pytest.approx(np.sqrt(share * (1 - share) / 144))


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: plot.orbits(np.eye(3)), "what attractors.orbit_diagram gives, not ndarray"),
        (lambda: plot.orbits(ORBITS, exponents=ORBITS), "one dimension 'r'"),
        (lambda: plot.section(BASINS), "what attractors.poincare_section gives"),
        (lambda: plot.section(SECTION, axes=("x", "w")), "no variable"),
        (lambda: plot.section(SECTION, return_map="w"), "no variable"),
        (lambda: plot.section(SECTION, axes=("x", "y", "z")), "two are drawn"),
        (lambda: plot.basins(SECTION), "what attractors.basins gives"),
        (lambda: plot.basins(BASINS.isel(y=0)), "two variables"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, words: str) -> None:
    with pytest.raises(InputError, match=words):
        draw()
