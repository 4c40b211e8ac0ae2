"""The embedding beside its curves: every axis labelled, the fit where the batch function has it."""

import numpy as np
import pytest

from midstream_lab import attractors, plot
from midstream_lab.attractors.systems import Lorenz
from midstream_lab.errors import InputError

X = Lorenz().trajectory(1500, dt=0.03).sel(channel="x")
GIVEN = {"delay": 5, "embedding_dim": 3, "theiler": 30}
RESULTS = {
    "information": attractors.mutual_information(X, max_lag=50),
    "cao": attractors.estimate_embedding_dim(X, delay=5, theiler=30),
    "divergence": attractors.divergence_curve(X, **GIVEN),
}
POINTS = attractors.embed(X, delay=5, dim=3)


def test_axes_have_labels_and_units_and_the_fit_its_slope() -> None:
    figure = plot.embedding(POINTS, **RESULTS, title="Lorenz")
    trajectory, information, cao, divergence = figure.axes
    assert trajectory.get_zlabel() == "x(t + 10)"
    assert information.get_xlabel() == "lag (system time)"
    assert information.get_ylabel() == "AMI (nat)"
    assert cao.get_xlabel() == "dimension"
    assert divergence.get_ylabel() == "mean ln distance"
    assert information.lines[1].get_xdata() == pytest.approx([0.15, 0.15])
    x, y = divergence.lines[1].get_data()
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(float(RESULTS["divergence"]["slope"]))
    assert x == pytest.approx(RESULTS["divergence"]["fit_region"].values)
    assert figure.get_suptitle() == "Lorenz\ndelay 5, dimension 3, Theiler window 30"


def test_the_estimate_is_told_with_its_status_and_its_reasons() -> None:
    noise = np.random.default_rng(0).normal(size=600)
    for x in (X, noise):
        found = attractors.lyapunov_max(x, dt=None if x is X else 1)
        said = plot.embedding(POINTS, **RESULTS, estimate=found).get_suptitle()
        status, reasons = str(found["status"].item()), str(found["reasons"].item())
        assert status in said
        assert reasons[:20] in said
    assert status == "inconclusive"


def test_a_curve_without_a_straight_part_has_no_fit() -> None:
    flat = RESULTS["divergence"].copy()
    flat["slope"] = ((), np.nan, flat["slope"].attrs)
    assert len(plot.embedding(POINTS, **{**RESULTS, "divergence": flat}).axes[-1].lines) == 1


@pytest.mark.parametrize("name", list(RESULTS))
def test_what_is_not_the_named_result_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="expected what attractors"):
        plot.embedding(POINTS, **{**RESULTS, name: np.zeros(4)})
