"""A feed's schema as an Arrow schema, and back: the documented metadata keys of FORMAT.md."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, get_args

from ..errors import FrameError, InputError, require
from ..feed.schema import Channel, Kind, Schema
from ..timebase import TimeBase
from . import strict_json

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FORMAT", "TICK_COLUMN", "from_arrow", "tick_field", "to_arrow", "whole"]

#: Version of the format; a reader refuses any other.
FORMAT = "1"
#: Column of each row's tick (int64), last, only where time is irregular.
TICK_COLUMN = "midstream.tick"
MAX_CHANNELS = 4096
INT64 = 2**63

_FRACTION = re.compile(r"[0-9]{1,19}(/[0-9]{1,19})?")
_WHOLE = re.compile(r"-?[0-9]{1,19}")


def to_arrow(schema: Schema, *, labels: dict[str, str] | None = None) -> pa.Schema:
    """The Arrow schema of `schema`; `labels` go into its metadata as ``midstream.<label>``."""
    pa = require("pyarrow", extra="stream")
    types = {"float": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "category": pa.string(), "text": pa.string()}
    fields = []
    for channel in schema.channels:
        if channel.name.startswith("midstream."):
            raise InputError(f"channel {channel.name!r}: names that start with 'midstream.' belong to the format")
        about = {"midstream.unit": channel.unit, "midstream.kind": channel.kind}
        fields.append(pa.field(channel.name, types[channel.kind], nullable=False, metadata=about))
    if not schema.time.regular:
        fields.append(tick_field())
    metadata = {
        "midstream.format": FORMAT,
        "midstream.tick": str(schema.time.tick),
        "midstream.tick_unit": schema.time.unit,
        "midstream.step": str(schema.time.step),
        "midstream.attrs": json.dumps(schema.attrs, ensure_ascii=False),
    }
    if schema.time.epoch is not None:
        metadata["midstream.epoch"] = schema.time.epoch
    metadata |= {f"midstream.{label}": value for label, value in (labels or {}).items()}
    return pa.schema(fields, metadata=metadata)


def from_arrow(arrow: pa.Schema) -> tuple[Schema, dict[str, str]]:
    """The schema and the labels that an Arrow schema stands for.

    Raises
    ------
    FrameError
        If a key is missing or has no sense, or a column is neither fixed-width nor text.
    """
    try:
        metadata = {key.decode(): value.decode() for key, value in (arrow.metadata or {}).items()}
        if metadata.pop("midstream.format", None) != FORMAT:
            raise FrameError(f"not a stream of format {FORMAT}; this library and the server are of different versions")
        time = _time(metadata)
        fields = list(arrow)
        if len(fields) > MAX_CHANNELS:
            raise FrameError(f"{len(fields)} columns; at most {MAX_CHANNELS} are allowed")
        if not time.regular and (not fields or not fields.pop().equals(tick_field())):
            raise FrameError(f"time is irregular, but the last column is not {TICK_COLUMN!r} of int64")
        channels = tuple(_channel(field) for field in fields)
        schema = Schema(channels=channels, time=time, attrs=_attrs(metadata.pop("midstream.attrs", "{}")))
    except (InputError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(f"the schema of the stream makes no sense: {error}") from error
    labels = {k.removeprefix("midstream."): v for k, v in metadata.items() if k.startswith("midstream.")}
    return schema, labels


def tick_field() -> pa.Field:
    """The column that holds the time of each row."""
    pa = require("pyarrow", extra="stream")
    return pa.field(TICK_COLUMN, pa.int64(), nullable=False)


def whole(text: str | None, *, name: str, low: int = 0) -> int:
    """A whole number of at most 64 bits, or a `FrameError`."""
    if text is None or not _WHOLE.fullmatch(text):
        raise FrameError(f"{name} must be a whole number, not {text!r}")
    value = int(text)
    if not low <= value < INT64:
        raise FrameError(f"{name} is {value}; allowed: {low} to {INT64 - 1}")
    return value


def _time(metadata: dict[str, str]) -> TimeBase:
    tick = metadata.pop("midstream.tick", "")
    if not _FRACTION.fullmatch(tick) or tick.endswith("/0") or not any(c in "123456789" for c in tick.split("/")[0]):
        raise FrameError(f"midstream.tick must be a positive fraction such as '1/360', not {tick[:40]!r}")
    if "/" in tick and not int(tick.split("/")[1]):
        raise FrameError("midstream.tick has the denominator 0")
    return TimeBase(
        tick=Fraction(tick),
        unit=metadata.pop("midstream.tick_unit", ""),
        step=whole(metadata.pop("midstream.step", None), name="midstream.step"),
        epoch=metadata.pop("midstream.epoch", None),
    )


def _channel(field: pa.Field) -> Channel:
    pa = require("pyarrow", extra="stream")
    about = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    kinds: tuple[str, ...]
    if pa.types.is_floating(field.type):
        kinds = ("float",)
    elif pa.types.is_integer(field.type) and field.type != pa.uint64():
        kinds = ("int",)
    elif pa.types.is_boolean(field.type):
        kinds = ("bool",)
    elif pa.types.is_string(field.type):
        kinds = ("text", "category")
    else:
        raise FrameError(f"column {field.name!r} is of type {field.type}; allowed: float, int, bool and text")
    kind: Any = about.get("midstream.kind", kinds[0])
    if kind not in get_args(Kind) or kind not in kinds:
        raise FrameError(f"column {field.name!r} of type {field.type} says that it is {kind!r}; allowed: {kinds}")
    if field.name.startswith("midstream."):
        raise FrameError(f"a column named {field.name!r}: such names belong to the format")
    return Channel(name=field.name, unit=about.get("midstream.unit", ""), kind=kind)


def _attrs(text: str) -> dict[str, str | int | float]:
    try:
        attrs = strict_json.loads(text)
    except ValueError as error:
        raise InputError(f"midstream.attrs is not JSON: {error}") from error
    if not isinstance(attrs, dict) or any(type(v) not in (str, int, float) for v in attrs.values()):
        raise FrameError("midstream.attrs must be a JSON object of texts and numbers")
    return attrs
