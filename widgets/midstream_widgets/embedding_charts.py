"""The charts beside an embedding: what the page is told of each result."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

__all__ = ["dimension_chart", "divergence_chart", "failed_chart", "information_chart"]


def numbers(values: Any) -> list[float | None]:
    """Numbers as JSON has them: what is not finite is None."""
    return [float(value) if np.isfinite(value) else None for value in np.asarray(values, dtype=np.float64)]


def information_chart(information: xr.DataArray, *, chosen: int, rule: str, step: float, unit: str) -> dict[str, Any]:
    """Average mutual information over the lag, with the delay that was chosen from it."""
    return {
        "title": "Average mutual information",
        "x": f"lag ({unit})",
        "y": "information (nat)",
        "series": [{"name": "AMI", "x": numbers(information["lag"].values), "y": numbers(information.values)}],
        "lines": [{"x": chosen * step, "name": f"chosen delay {chosen}"}],
        "note": f"chosen: {chosen} {'sample' if chosen == 1 else 'samples'}, {rule}",
    }


def dimension_chart(cao: xr.Dataset) -> dict[str, Any]:
    """Cao's E1 and E2 and the share of false neighbours over the dimension, with the first that reaches the plateau."""
    dims = numbers(cao["dim"].values)
    series = [
        {"name": "E1", "x": dims, "y": numbers(cao["e1"].values), "mark": "disc"},
        {"name": "E2", "x": dims, "y": numbers(cao["e2"].values), "mark": "square", "dash": True},
        {"name": "false neighbours", "x": dims, "y": numbers(cao["false_share"].values), "mark": "cross"},
    ]
    chosen = int(cao["embedding_dim"])
    note = f"chosen: {chosen}, {cao.attrs['method']}" if chosen else "E1 reaches no plateau"
    lines = [{"x": chosen, "name": f"chosen dimension {chosen}"}] if chosen else []
    return {
        "title": "Cao's test and false neighbours",
        "x": "dimension",
        "y": "E1, E2, share",
        "whole": True,
        "from": 0.0,
        "series": series,
        "lines": lines,
        "note": note,
    }


def divergence_chart(curve: xr.Dataset) -> dict[str, Any]:
    """Mean log distance of neighbours over time, with the straight part and its slope."""
    lag, height = curve["lag"].values, curve["divergence"].values
    low, high = (float(end) for end in curve["fit_region"])
    slope, unit = float(curve["slope"]), curve["slope"].attrs["units"]
    series = [{"name": "mean ln distance", "x": numbers(lag), "y": numbers(height)}]
    if not np.isfinite(slope):
        return _divergence(curve, series, None, "no straight part")
    inside = (lag >= low) & (lag <= high)
    middle = float(height[inside].mean() - slope * lag[inside].mean())
    fit = {"name": "fit", "x": [low, high], "y": [middle + slope * low, middle + slope * high], "dash": True}
    note = f"slope {slope:.3g} {unit} between {low:.3g} and {high:.3g}, R² {float(curve['r2']):.3f}"
    return _divergence(curve, [*series, fit], [low, high], note)


def _divergence(curve: xr.Dataset, series: list[Any], band: list[float] | None, note: str) -> dict[str, Any]:
    return {
        "title": "Divergence of neighbours",
        "x": f"time ({curve['lag'].attrs['units']})",
        "y": "⟨ln distance⟩",
        "series": series,
        "band": band,
        "note": note,
    }


def failed_chart(title: str, error: Exception) -> dict[str, Any]:
    """A chart that says why there is nothing to draw."""
    return {"title": title, "x": "", "y": "", "series": [], "note": str(error), "wrong": True}
