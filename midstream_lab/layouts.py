"""How the bytes of each kind of shipped file become labelled data."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from typing import Any

import numpy as np
import xarray as xr

from .feed.schema import Channel
from .read.table import read_table
from .sequence import from_ticks
from .timebase import TimeBase

__all__ = ["LAYOUTS"]


def _table(content: bytes, part: str, about: dict[str, Any]) -> xr.DataArray | xr.Dataset:
    """A CSV file with a time column."""
    data = read_table(io.BytesIO(content), time=about["time"])
    for column, unit in about["units"].items():
        data[column].attrs["units"] = unit
    if any(variable.dtype.kind == "O" for variable in data.values()):
        return data
    channels = [Channel(name=str(name), unit=variable.attrs.get("units", "")) for name, variable in data.items()]
    values = np.stack([variable.values for variable in data.values()], axis=1)
    array = xr.DataArray(values, dims=("time", "channel"), coords={"time": data["time"]}, attrs=data.attrs)
    if len(channels) == 1:
        return array.isel(channel=0).rename(channels[0].name).assign_attrs(units=channels[0].unit)
    array = array.assign_coords(channel=[channel.name for channel in channels])
    units = [channel.unit for channel in channels]
    if len(set(units)) == 1:
        return array.assign_attrs(units=units[0])
    return array.assign_coords(unit=("channel", units))


def _adc(content: bytes, part: str, about: dict[str, Any]) -> xr.DataArray:
    """Counts of an analogue-to-digital converter, with its zero, gain and rate."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        values = (file["adc"].astype(np.float64) - float(file["adc_zero"])) / float(file["adc_gain"])
        base = TimeBase(tick=Fraction(1, int(file["fs"])), unit="s")
    ((channel, unit),) = about["units"].items()
    where = np.arange(len(values), dtype=np.int64)
    return from_ticks(values, where, base, channels=[Channel(name=channel, unit=unit)])


def _utterances(content: bytes, part: str, about: dict[str, Any]) -> xr.Dataset:
    """Frames of all utterances one after the other, with the length and the speaker of each utterance."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        values, length, speaker = (file[f"{part}_{key}"] for key in ("values", "length", "speaker"))
    owner = np.repeat(np.arange(len(length)), length)
    return xr.Dataset(
        {
            "values": (("frame", "coefficient"), values.astype(np.float64)),
            "length": ("utterance", length.astype(np.int64), {"units": "frames"}),
            "speaker": ("utterance", speaker.astype(np.int64)),
        },
        coords={"utterance_of_frame": ("frame", owner)},
    )


def _records(content: bytes, part: str, about: dict[str, Any]) -> xr.Dataset:
    """A CSV file without a time axis: one row for each record."""
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"))))
    data = {}
    for column in rows[0]:
        texts = [row[column] for row in rows]
        try:
            values = np.array([float(text) for text in texts])
        except ValueError:
            values = np.array(texts, dtype=object)
        data[column] = ("record", values, {"units": about["units"][column]} if column in about["units"] else {})
    return xr.Dataset(data)


def _tokens(content: bytes, part: str, about: dict[str, Any]) -> xr.Dataset:
    """One streamed completion: a row for each token, at its arrival after the request."""
    events = [json.loads(line) for line in content.decode("utf-8").splitlines()]
    mine = [event for event in events if event["run"] == part]
    request = next(event for event in mine if event["event"] == "request")
    finish = next(event for event in mine if event["event"] == "finish")
    tokens = [event for event in mine if event["event"] == "token"]
    base = TimeBase(tick=Fraction(1, 10**9), unit="s", step=0)
    where = np.rint([event["t"] * 1e9 for event in tokens]).astype(np.int64)
    # Tokens of one network packet bear the same stamp; their order is kept by a nanosecond each.
    ramp = np.arange(len(where))
    where = np.maximum.accumulate(where - ramp) + ramp
    time = from_ticks(np.zeros(len(where)), where, base)["time"]
    text = np.array([event["token"] for event in tokens], dtype=object)
    alternatives = np.array([json.dumps(event["top"], ensure_ascii=False) for event in tokens], dtype=object)
    return xr.Dataset(
        {
            "token": ("time", text),
            "id": ("time", np.array([event["id"] for event in tokens], dtype=np.int64)),
            "logprob": ("time", np.array([event["logprob"] for event in tokens]), {"units": about["units"]["logprob"]}),
            "top": ("time", alternatives, {"description": "JSON list of [token, id, logprob]"}),
        },
        coords={"time": time},
        attrs={
            "prompt": request["prompt"],
            "temperature": float(request["temperature"]),
            "seed": int(request["seed"]),
            "finish_reason": finish["finish_reason"],
        },
    )


def _taskset(content: bytes, part: str, about: dict[str, Any]) -> xr.Dataset:
    """One published task set: worst-case execution time C, period T and deadline D of each task."""
    chosen = next(entry for entry in json.loads(content)["sets"] if entry["name"] == part)
    tasks = chosen["tasks"]
    data = {key: ("task", np.array([t[key] for t in tasks], dtype=float), {"units": chosen["unit"]}) for key in "CTD"}
    attrs = {"expected": json.dumps(chosen["expected"]), "units": chosen["unit"], "source": chosen["source"]}
    if chosen.get("notes"):
        attrs["notes"] = json.dumps(chosen["notes"])
    return xr.Dataset(data, coords={"task": [t["task"] for t in tasks]}, attrs=attrs)


def _waters(content: bytes, part: str, about: dict[str, Any]) -> xr.Dataset:
    """Statistics of automotive software by period."""
    tables = json.loads(content)
    periods = list(tables["period_share_percent"])
    data: dict[str, Any] = {
        "share": ("period", np.array([tables["period_share_percent"][p] for p in periods], dtype=float), {"units": "%"})
    }
    for table, unit in (("runnable_acet_us", "us"), ("factors", "")):
        for column in next(iter(tables[table].values())):
            values = np.array([tables[table].get(p, {}).get(column, np.nan) for p in periods])
            data[f"acet_{column}" if unit else column] = ("period", values, {"units": unit})
    return xr.Dataset(data, coords={"period": periods}, attrs={"source": tables["source"], "note": tables["note"]})


def _annotations(content: bytes, part: str, about: dict[str, Any]) -> xr.Dataset:
    """Change points: who looked at which series and how many marks they set (none is an answer), and each mark."""
    looked = [
        (series, annotator, rows)
        for series, people in json.loads(content)["annotations"].items()
        for annotator, rows in people.items()
    ]
    marks = [(series, annotator, row) for series, annotator, rows in looked for row in rows]
    return xr.Dataset(
        {
            "series": ("mark", np.array([series for series, _, _ in marks], dtype=object)),
            "annotator": ("mark", np.array([annotator for _, annotator, _ in marks], dtype=object)),
            "row": ("mark", np.array([row for _, _, row in marks], dtype=np.int64)),
            "marks": ("opinion", np.array([len(rows) for _, _, rows in looked], dtype=np.int64)),
        },
        coords={
            "opinion_series": ("opinion", np.array([series for series, _, _ in looked], dtype=object)),
            "opinion_annotator": ("opinion", np.array([annotator for _, annotator, _ in looked], dtype=object)),
        },
    )


#: By the `layout` that the metadata of a part names: from content, part and what the metadata say of it.
LAYOUTS = {
    "table": _table,
    "adc": _adc,
    "utterances": _utterances,
    "records": _records,
    "tokens": _tokens,
    "taskset": _taskset,
    "waters": _waters,
    "annotations": _annotations,
}
