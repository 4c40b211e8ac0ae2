"""The recurrence plot: axes in units of time, the Theiler window, numbers beside it, and what it refuses."""

import numpy as np
import pytest

from midstream_lab import attractors, plot
from midstream_lab.attractors.systems import Lorenz
from midstream_lab.errors import InputError

X = Lorenz().trajectory(600, dt=0.05).sel(channel="x")
GIVEN = {"delay": 3, "embedding_dim": 2, "theiler": 10, "radius": 2.0, "rate": None}


def test_axes_are_in_units_of_time_and_the_window_is_marked() -> None:
    matrix = attractors.recurrence_matrix(X, **GIVEN)
    panel = plot.recurrence(matrix, title="Lorenz").axes[0]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("time t (system time)", "time t′ (system time)")
    assert panel.get_xlim() == pytest.approx((-0.025, 597 * 0.05 - 0.025))
    assert panel.get_title() == "Lorenz\nradius 2, max norm, Theiler window 10 samples (shaded)"
    corners = panel.collections[0].get_paths()[0].vertices
    assert np.abs(corners[:, 1] - corners[:, 0]).max() == pytest.approx(10.5 * 0.05)
    assert np.array_equal(panel.images[0].get_array(), matrix.values)


def test_a_tile_lies_where_it_belongs() -> None:
    tile = attractors.recurrence_tile(X, rows=(100, 300), columns=(200, 500), size=100, **GIVEN)
    panel = plot.recurrence(tile).axes[0]
    assert panel.get_xlim() == pytest.approx((199.5 * 0.05, 499.5 * 0.05))
    assert panel.get_ylim() == pytest.approx((99.5 * 0.05, 299.5 * 0.05))


def test_numbers_stand_beside_it() -> None:
    numbers = attractors.rqa(X, **GIVEN)
    beside = plot.recurrence(attractors.recurrence_matrix(X, **GIVEN), rqa=numbers).axes[1]
    said = beside.texts[0].get_text()
    assert f"determinism\n  {float(numbers['determinism']):.4g}" in said
    assert "mean diagonal" in said


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (np.eye(3), "expected what attractors.recurrence_matrix"),
        (attractors.recurrence_matrix(X, **GIVEN).isel(time=np.zeros(4001, int)), "at most 4000 a side"),
    ],
)
def test_what_cannot_be_drawn_is_refused(matrix, words: str) -> None:
    with pytest.raises(InputError, match=words):
        plot.recurrence(matrix)
