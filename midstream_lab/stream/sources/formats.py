"""What a line says: a JSON object, a JSON array, a row of CSV, or plain text."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ...errors import InputError
from ...feed.schema import Channel, Kind

__all__ = ["NO_ROW", "Format", "LineFormat", "inferred"]

Format = Literal["json", "csv", "text"]

DELIMITERS = "\t;,"
TRUTHS = {"true": True, "false": False}
#: What a line without a row decodes to.
NO_ROW = object()
#: Cells that mean "no value".
MISSING = ("", "nan", "na", "null", "none")


@dataclass(frozen=True, kw_only=True)
class LineFormat:
    """How lines are read.

    Parameters
    ----------
    kind : {"json", "csv", "text"}
        ``"json"``: an object, an array or one value; ``"csv"``: cells; ``"text"``: the line itself.
    delimiter : str, optional
        Between the cells of CSV; default ``","``.
    header : tuple of str, optional
        The names of the cells. A line that repeats them, as a renewed file does, is no row.
    texts : frozenset of str, optional
        Names of the cells that stay texts; others become numbers where they are.

    Examples
    --------
    >>> LineFormat(kind="csv", header=("x", "on")).decode("0.5,true")
    [0.5, True]
    """

    kind: Format
    delimiter: str = ","
    header: tuple[str, ...] = ()
    texts: frozenset[str] = frozenset()

    def decode(self, line: str) -> Any:
        """The value of a line, or `NO_ROW` where it is empty or a header.

        Raises
        ------
        InputError
            If it is not of this format.
        """
        if self.kind == "text":
            return line
        if not line.strip():
            return NO_ROW
        if self.kind == "json":
            return _json(line)
        cells = _cells(line, self.delimiter)
        if tuple(cells) == self.header:
            return NO_ROW
        names = self.header if len(self.header) == len(cells) else [""] * len(cells)
        return [cell if name in self.texts else _cell(cell) for name, cell in zip(names, cells, strict=True)]


def inferred(
    lines: Sequence[str],
    *,
    format: str | None = None,
    channels: Sequence[Channel] | None = None,
    time: str | None = None,
) -> tuple[LineFormat, tuple[Channel, ...]]:
    """The format and the channels of the first lines.

    Parameters
    ----------
    lines : sequence of str
        The first line, and the second, if there is one: behind the header of CSV it says which cells are numbers.
    format : {"json", "csv", "text"}, optional
        Default: JSON if the first line is an array or an object; CSV if its cells, or those of the second line, are
        numbers; else text.
    channels : sequence of Channel, optional
        Declared channels; default all fields of the first row but the time.
    time : str, optional
        The field that is the time.

    Raises
    ------
    InputError
        If the lines do not say what the channels are.

    Examples
    --------
    >>> inferred(['{"x": 1, "note": "calm"}'])[1]
    (Channel(name='x', unit='', kind='float'), Channel(name='note', unit='', kind='text'))
    """
    if format is not None and format not in get_args(Format):
        raise InputError(f"format must be one of {', '.join(get_args(Format))}, not {format!r}")
    kind = format or _guess(lines)
    if kind == "text":
        if time is not None:
            raise InputError(f"plain lines have no field {time!r}; leave time out, or say that they are json or csv")
        if channels is not None and [channel.kind for channel in channels] not in (["text"], ["category"]):
            raise InputError("plain lines are one channel of texts; declare it as {'line': 'text'}, or give a format")
        return LineFormat(kind="text"), tuple(channels or (Channel(name="line", kind="text"),))
    if kind == "csv":
        return _csv(lines, channels, time)
    if channels is not None:
        return LineFormat(kind="json"), tuple(channels)
    if not lines:
        raise InputError("there is no line yet that shows the channels; declare them: channels=['x', 'y']")
    first = _json(lines[0])
    if isinstance(first, dict):
        named = {str(name): value for name, value in first.items() if name != time}
    else:
        values = first if isinstance(first, list) else [first]
        names = [time] if time is not None else []
        names += [str(index) for index in range(len(values) - len(names))]
        named = {str(name): value for name, value in zip(names, values, strict=True) if name != time}
    return LineFormat(kind="json"), _channels(named)


def _csv(
    lines: Sequence[str], channels: Sequence[Channel] | None, time: str | None
) -> tuple[LineFormat, tuple[Channel, ...]]:
    delimiter = max(DELIMITERS, key=lines[0].count) if lines and any(d in lines[0] for d in DELIMITERS) else ","
    try:
        first = _cells(lines[0], delimiter) if lines else []
    except InputError:
        if channels is None:
            raise
        first = []  # a bad line like any other: what the columns are was declared
    names = [*([time] if time is not None else []), *(channel.name for channel in channels or ())]
    if channels is not None and not set(names) <= set(first):
        header: tuple[str, ...] = tuple(names)  # no header, or another: the cells stand in the declared order
    elif not first:
        raise InputError("there is no line yet that shows the channels; declare them: channels=['x', 'y']")
    elif any(_is_number(_cell(cell)) for cell in first):
        header = (*([time] if time is not None else []), *map(str, range(len(first) - (time is not None))))
    else:
        header = tuple(first)
    if time is not None and time not in header:
        raise InputError(f"no column is named {time!r}; there are {', '.join(header)}")
    if channels is None:
        row = first if header != tuple(first) else _cells(lines[1], delimiter) if len(lines) > 1 else []
        cells = [_cell(cell) for cell in row] if len(row) == len(header) else [0.0] * len(header)
        channels = _channels({name: cell for name, cell in zip(header, cells, strict=True) if name != time})
    if len(set(header)) < len(header):
        raise InputError(
            f"the header names a column twice: {', '.join(header)}; declare other names with channels=[...]"
        )
    texts = frozenset(channel.name for channel in channels if not channel.numeric) | ({time} if time else frozenset())
    return LineFormat(kind="csv", delimiter=delimiter, header=header, texts=texts), tuple(channels)


def _guess(lines: Sequence[str]) -> Format:
    if not lines:
        raise InputError("there is no line yet that shows the format; say which it is with format: json, csv or text")
    if _is_json(lines[0]):
        return "json"
    cells = (_cell(cell) for line in lines[:2] for delimiter in DELIMITERS for cell in line.split(delimiter))
    return "csv" if any(_is_number(cell) for cell in cells) else "text"


def _channels(named: dict[str, Any]) -> tuple[Channel, ...]:
    """Channels for the values of a first row; numbers are float, whichever the first is."""
    if not named:
        raise InputError("the first row has no field beside its time; declare the channels: channels=['x', 'y']")
    kinds: dict[type, Kind] = {str: "text", bool: "bool", int: "float", float: "float", type(None): "float"}
    wrong = next((name for name, value in named.items() if type(value) not in kinds), None)
    if wrong is not None:
        raise InputError(
            f"the field {wrong!r} holds a {type(named[wrong]).__name__}; a channel holds numbers, truths or texts: "
            "declare those to keep with channels=[...]"
        )
    return tuple(Channel(name=name, kind=kinds[type(value)]) for name, value in named.items())


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise InputError("not JSON") from None


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True))]
    except (csv.Error, StopIteration):
        raise InputError("not CSV") from None


def _cell(text: str) -> float | bool | str | None:
    """A number, a truth or a text; None for "no value". Whole numbers stay exact."""
    if text.lower() in MISSING:
        return None
    for number in (int, float) if "_" not in text else ():  # Python would take 1_000 for a number
        try:
            return number(text)
        except ValueError:
            continue
    return TRUTHS.get(text.lower(), text)


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def _is_json(line: str) -> bool:
    """Whether it is an object or an array; a bare number is as well a row of CSV."""
    try:
        return isinstance(_json(line), (dict, list))
    except InputError:
        return False
