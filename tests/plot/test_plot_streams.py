"""The static picture of several streams."""

import numpy as np
import pytest
import xarray as xr

from midstream_lab import plot
from midstream_lab.errors import InputError


def history(measure: str, p50: list[float]) -> xr.Dataset:
    values = np.array(p50)
    columns = {"p50": values, "p99": 2 * values, "rows": np.full(len(values), 100.0), "size": 800 + 0 * values}
    time = np.arange(len(values)) * 0.5
    return xr.Dataset(
        {name: ("time", column) for name, column in columns.items()},
        coords={"time": time - time[-1]},
        attrs={"measure": measure},
    )


def test_each_measure_has_a_panel_in_ms_and_a_gap_stays_a_gap() -> None:
    figure = plot.streams(
        {
            "sensor": history("one-way delay", [0.001, np.nan, 0.002]),
            "bulk": history("one-way delay", [0.01, 0.02, 0.0]),
            "replay": history("time between arrivals", [0.1, 0.1, 0.1]),
        },
        title="three streams",
    )
    arrivals, rates = figure.axes[1], figure.axes[2]
    delays = figure.axes[0]
    assert [panel.get_ylabel() for panel in (delays, arrivals, rates)] == [
        "one-way delay\n(ms)",
        "time between arrivals\n(ms)",
        "rows per second",
    ]
    sensor, sensor99, bulk, _ = delays.lines
    np.testing.assert_allclose(sensor.get_ydata(), [1, np.nan, 2])
    np.testing.assert_allclose(sensor99.get_ydata(), [2, np.nan, 4])
    np.testing.assert_allclose(bulk.get_ydata(), [10, 20, np.nan])
    assert sensor.get_color() != bulk.get_color()
    assert [text.get_text() for text in delays.get_legend().get_texts()][::2] == ["sensor, median", "bulk, median"]
    assert plot.png(figure, dpi=50).startswith(b"\x89PNG")


def test_nothing_and_other_things_are_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        plot.streams({})
    with pytest.raises(InputError, match="history"):
        plot.streams({"a": [1.0]})
