"""The metadata of a recording: Zarr v3, with what only a recording knows in an attribute of its run table.

The root ``zarr.json`` holds the metadata of all arrays (consolidated), so one rename publishes a new length for all.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import InputError
from ...feed.schema import Channel, Schema
from ...timebase import TimeBase
from .columns import DATA_TYPES, LEVEL
from .runs import FIELDS
from .strict import CHANNEL, RECORDING, TIME, check, loads, plain

__all__ = ["MAX_DOCUMENT", "RUNS_CHUNK", "Layout", "dump"]

#: Version of the layout; another one is refused.
FORMAT = 1
#: The attribute of the run table that makes a Zarr store a recording.
KEY = "midstream_recording"
#: Runs in a chunk of the run table.
RUNS_CHUNK = 1024
#: Names that channels cannot have in the folder.
TAKEN = {"time", "tick", "runs", "journal", "lock", "zarr.json"}
#: Longest root ``zarr.json`` that is read.
MAX_DOCUMENT = 64 * 2**20
_PLAIN = re.compile(r"[A-Za-z0-9][\w.+-]{0,79}")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What stands in the root ``zarr.json``.

    Parameters
    ----------
    schema : Schema
        What the rows hold.
    name : str
        Name of what was recorded.
    identity : str
        32 hexadecimal digits that the journal repeats.
    chunk : int
        Rows in a chunk.
    rows, runs : int, optional
        Published rows, and runs that they belong to.
    gapped : bool, optional
        Whether rows are missing between the first and the last published one.
    """

    schema: Schema
    name: str
    identity: str
    chunk: int
    rows: int = 0
    runs: int = 0
    gapped: bool = False

    def grown(self, *, rows: int, runs: int, gapped: bool) -> Layout:
        """The layout of a longer recording."""
        return replace(self, rows=rows, runs=runs, gapped=gapped)

    @cached_property
    def arrays(self) -> dict[str, str]:
        """Zarr data type of each array along time that holds what was recorded, by its name in the folder."""
        names = _array_names(self.schema)
        found = {name: DATA_TYPES[c.kind][0] for name, c in zip(names, self.schema.channels, strict=True)}
        return found if self.schema.time.regular else {**found, "tick": "int64"}

    @property
    def dated(self) -> bool:
        """Whether the times are dates."""
        time = self.schema.time
        return time.epoch is not None and (time.calendar or time.unit == "s")

    def stamp(self, times: np.ndarray) -> np.ndarray:
        """Time stamps as the array ``time`` holds them: float64, or whole seconds or nanoseconds since 1970."""
        if not self.dated:
            return times
        return times.astype("datetime64[s]" if self.schema.time.calendar else "datetime64[ns]").astype(np.int64)

    @property
    def time_type(self) -> str:
        """Zarr data type of the array ``time``."""
        return "int64" if self.dated else "float64"

    def array_documents(self) -> dict[str, dict[str, Any]]:
        """The ``zarr.json`` of each array, by its name."""
        documents = {}
        for (name, data_type), channel in zip(self.arrays.items(), self.schema.channels, strict=False):
            attributes = {"units": channel.unit} if channel.unit else {}
            if name != channel.name:
                attributes["long_name"] = channel.name
            documents[name] = self._along_time(data_type, DATA_TYPES[channel.kind][1], attributes)
        documents["time"] = self._along_time(self.time_type, 0 if self.dated else "NaN", self._time_attributes())
        if not self.schema.time.regular:
            about = {"description": "time of each row, exactly, in ticks of the time coordinate"}
            documents["tick"] = self._along_time("int64", 0, about)
        documents["runs"] = _array(
            "int64",
            shape=(self.runs, len(FIELDS)),
            chunks=(RUNS_CHUNK, len(FIELDS)),
            fill=0,
            dims=("run", "field"),
            attributes={"fields": list(FIELDS), "missing": "gap, -1 if unknown", KEY: self._recording()},
        )
        return documents

    def document(self) -> bytes:
        """The root ``zarr.json``."""
        return dump(
            {
                "zarr_format": 3,
                "node_type": "group",
                "attributes": plain(self.schema.attrs),
                "consolidated_metadata": {
                    "kind": "inline",
                    "must_understand": False,
                    "metadata": self.array_documents(),
                },
            }
        )

    def _recording(self) -> str:
        """What only a recording knows, as one text: attributes of arrays are texts and numbers."""
        time = self.schema.time
        recording = {
            "format": FORMAT,
            "id": self.identity,
            "name": self.name,
            "chunk": self.chunk,
            "rows": self.rows,
            "runs": self.runs,
            "time": {"tick": str(time.tick), "unit": time.unit, "step": time.step, "epoch": time.epoch},
            "channels": [{"name": c.name, "unit": c.unit, "kind": c.kind} for c in self.schema.channels],
            "attrs": plain(self.schema.attrs),
        }
        return json.dumps(recording, allow_nan=False)

    @classmethod
    def parse(cls, data: bytes) -> Layout:
        """The layout that a root ``zarr.json`` states.

        Raises
        ------
        InputError
            If it is not that of a recording of this format.
        """
        document = loads(data.decode("utf-8", "replace"))
        try:
            shown = document["consolidated_metadata"]["metadata"]
            stated = loads(shown["runs"]["attributes"][KEY])
            regularity = shown["time"]["attributes"]["regularity"]
        except (KeyError, TypeError) as error:
            raise InputError("this is a Zarr store, but not a recording; midstream_lab.read opens it") from error
        if stated.get("format") != FORMAT:
            raise InputError(
                f"a recording of format {str(stated.get('format'))[:20]}; this version of midstream_lab reads {FORMAT}"
            )
        check(stated, RECORDING, KEY)
        check(stated["time"], TIME, f"{KEY}.time")
        for channel in stated["channels"]:
            check(channel, CHANNEL, f"{KEY}.channels")
        time = stated["time"]
        base = TimeBase(tick=Fraction(time["tick"]), unit=time["unit"], step=time["step"], epoch=time["epoch"])
        channels = tuple(Channel(**channel) for channel in stated["channels"])
        layout = cls(
            schema=Schema(channels=channels, time=base, attrs=stated["attrs"]),
            name=stated["name"],
            identity=stated["id"],
            chunk=stated["chunk"],
            rows=stated["rows"],
            runs=stated["runs"],
            gapped=regularity == "gapped",
        )
        if document != loads(layout.document().decode()):
            raise InputError("zarr.json is damaged: its arrays are not those of the recording that it describes")
        return layout

    def _along_time(self, data_type: str, fill: Any, attributes: dict[str, Any]) -> dict[str, Any]:
        shape, chunks = (self.rows,), (self.chunk,)
        return _array(data_type, shape=shape, chunks=chunks, fill=fill, dims=("time",), attributes=attributes)

    def _time_attributes(self) -> dict[str, Any]:
        time = self.schema.time
        regularity = "gapped" if self.gapped else "calendar" if time.calendar else "regular"
        attributes: dict[str, Any] = {
            "tick": str(time.tick),
            "tick_unit": time.unit,
            "step": time.step,
            "regularity": regularity if time.regular else "irregular",
        }
        if time.epoch is not None:
            attributes["epoch"] = time.epoch
        if self.dated:
            unit = "seconds" if time.calendar else "nanoseconds"
            attributes |= {"units": f"{unit} since 1970-01-01", "calendar": "proleptic_gregorian"}
        return attributes


def dump(document: dict[str, Any]) -> bytes:
    """A JSON document."""
    return json.dumps(document, allow_nan=False, indent=1).encode()


def _array(
    data_type: str,
    *,
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    fill: Any,
    dims: tuple[str, ...],
    attributes: dict[str, Any],
) -> dict[str, Any]:
    # the chunks of the run table, which has two dimensions, stand in one folder, too
    keys = ("default", "/") if len(dims) == 1 else ("v2", ".")
    to_bytes: dict[str, Any] = {"name": "bytes", "configuration": {"endian": "little"}}
    if data_type == "string":
        to_bytes = {"name": "vlen-utf8"}
    elif data_type == "bool":
        to_bytes = {"name": "bytes"}
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}},
        "chunk_key_encoding": {"name": keys[0], "configuration": {"separator": keys[1]}},
        "fill_value": fill,
        "codecs": [to_bytes, {"name": "zstd", "configuration": {"level": LEVEL, "checksum": True}}],
        "dimension_names": list(dims),
        "attributes": attributes,
    }


def _array_names(schema: Schema) -> list[str]:
    """A name in the folder for each channel: its own where any file system takes it."""
    names: list[str] = []
    used = set(TAKEN)
    for index, channel in enumerate(schema.channels):
        name = channel.name
        if not _PLAIN.fullmatch(name) or name.endswith(".") or name.casefold() in used or not name.isascii():
            name = f"channel_{index}"
            while name in used:
                name += "_"
        used.add(name.casefold())
        names.append(name)
    return names
