"""Pictures have axes with labels, refuse what cannot be drawn, and never touch pyplot."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from midstream_lab import plot
from midstream_lab.errors import InputError, MissingExtra


def curve(n: int = 200, dim: int = 3) -> np.ndarray:
    t = np.linspace(0, 6, n)
    return np.stack([np.sin(t), np.cos(t), t][:dim], axis=1)


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("style", ["line", "points"])
def test_every_axis_bears_its_label(dim: int, style: str) -> None:
    labels = ["x(t) (mV)", "x(t-τ) (mV)", "x(t-2τ) (mV)"][:dim]
    figure = plot.attractor(curve(dim=dim), labels=labels, style=style)
    axes = figure.axes[0]
    assert [axes.get_xlabel(), axes.get_ylabel()] == labels[:2]
    if dim == 3:
        assert axes.get_zlabel() == labels[2]


def test_labels_come_from_a_labelled_array() -> None:
    points = xr.DataArray(
        curve(dim=2), dims=("time", "delay"), coords={"delay": ["x(t)", "x(t-9)"]}, attrs={"units": "mV"}
    )
    assert plot.attractor(points).axes[0].get_ylabel() == "x(t-9) (mV)"


def test_a_colour_scale_says_what_it_means() -> None:
    points = curve()
    figure = plot.attractor(points, color=np.arange(len(points)), color_label="time (s)")
    assert figure.axes[1].get_ylabel() == "time (s)"


def test_more_points_than_can_be_told_apart_are_cut_and_the_title_says_so() -> None:
    figure = plot.attractor(curve(30_000, 2), title="Long")
    assert "newest 20,000 of 30,000" in figure.axes[0].get_title()
    assert len(figure.axes[0].lines[0].get_xdata()) == 20_000


@pytest.mark.parametrize(
    ("points", "kwargs", "words"),
    [
        (np.zeros(5), {}, "shape"),
        (np.zeros((5, 4)), {}, "two or three columns"),
        (np.zeros((5, 2)), {"labels": ("a",)}, "labels"),
        (np.zeros((5, 2)), {"color": np.zeros(4)}, "color"),
        (np.zeros((5, 2)), {"style": "dots"}, "'line' or 'points'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_what_is_allowed(points, kwargs, words) -> None:
    with pytest.raises(InputError, match=words):
        plot.attractor(points, **kwargs)


def test_a_picture_is_a_png() -> None:
    assert plot.png(plot.attractor(curve())).startswith(b"\x89PNG\r\n")


def test_pyplot_is_never_imported() -> None:
    code = (
        "import sys, numpy as np; from midstream_lab import plot;"
        "plot.png(plot.attractor(np.random.default_rng(0).normal(size=(9, 3))));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"midstream-lab\[plot\]"):
        plot.attractor(curve())


def test_a_sequence_has_a_labelled_panel_for_each_channel() -> None:
    x = xr.DataArray(
        curve(dim=2),
        dims=("time", "channel"),
        coords={"time": ("time", np.arange(200) / 10, {"tick_unit": "s"}), "channel": ["a", "b"]},
        attrs={"units": "mV", "title": "Two"},
    )
    panels = plot.sequence(x).axes
    assert [p.get_ylabel() for p in panels] == ["a (mV)", "b (mV)"]
    assert panels[-1].get_xlabel() == "time (s)"
    assert panels[0].get_title() == "Two"


def test_an_array_without_time_is_refused() -> None:
    with pytest.raises(InputError, match="time"):
        plot.sequence(np.zeros(4))
