"""Text tables: CSV and TSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import InputError
from .columns import choose, split_unit
from .dates import parse_dates
from .label import label

__all__ = ["read_table"]

DELIMITERS = "\t;|,"

#: Cells that mean "no value", beside empty ones.
MISSING = ("NA", "N/A", "n/a", "NaN", "nan", "-nan", "NULL", "null", "None", "#N/A", "<NA>", ".")

#: A column with more than this share of numbers is one of numbers, and the other cells are errors.
MOSTLY = 0.5

#: Cells of a column that are looked at first, evenly spread: where none is a number, they are not mostly numbers.
SAMPLE = 1000

CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


def read_table(
    source: str | PathLike[str] | IO[bytes],
    *,
    time: str | bool | None = None,
    unit: str | None = None,
    columns: str | Sequence[str] | None = None,
    sort: bool = False,
    missing: Sequence[str] = (),
    dayfirst: bool | None = None,
) -> xr.Dataset:
    """Read a text table whose columns are separated by commas, semicolons, tabs, bars or spaces.

    Parameters
    ----------
    source : path or binary file object
        UTF-8 or Windows-1252 text. Lines that start with ``#`` or ``%`` before the header are passed over. A first line
        of numbers and dates only is data, and the columns are then called ``"0"``, ``"1"``, ...
    time : str or False, optional
        The column that holds the time; False if none does. Default: found by name and content. ``year``,
        ``month`` and ``day``, or ``date`` and ``time``, are taken together.
    unit : str, optional
        Unit of a numeric time column; default: as its header says (``t_ms``, ``time [h]``), else ``"s"``.
    columns : str or sequence of str, optional
        The columns to keep beside the time; default: all.
    sort : bool, optional
        Whether to put the rows in the order of time. Equal times are refused either way.
    missing : sequence of str, optional
        Further cells that mean "no value", for example ``["-999"]``.
    dayfirst : bool, optional
        How to read dates such as ``03/04/2020``; default: found from all rows.

    Returns
    -------
    Dataset, dim ("time",)
        Numbers as float64 with ``units`` from headers such as ``temp (degC)``, text as objects.

    Raises
    ------
    InputError
        If the file is empty, not text, has rows of different lengths, or a column is not what it must be.

    Examples
    --------
    >>> table = read_table(io.BytesIO(b"day;temp [degC]\\n2024-01-01;3,5\\n2024-01-02;4,0\\n"))
    >>> table.temp.values.tolist(), table.temp.attrs["units"], table.time.attrs["regularity"]
    ([3.5, 4.0], 'degC', 'regular')
    """
    text = _text(Path(source).read_bytes() if isinstance(source, str | PathLike) else source.read())
    try:
        found = _cells(text, time, columns, missing)
    except (csv.Error, pd.errors.ParserError) as error:
        raise InputError(f"the text cannot be split into cells ({error}); check its quotation marks") from error
    return label(found, time=time, unit=unit, select=columns, sort=sort, dayfirst=dayfirst)


def _cells(
    text: str, time: str | bool | None, columns: str | Sequence[str] | None, missing: Sequence[str]
) -> dict[str, np.ndarray]:
    """The columns that may be needed, by header."""
    delimiter = _delimiter(text)
    if delimiter == " ":
        text = "\n".join(re.sub(r"[ \t]+", " ", line.strip()) for line in text.split("\n"))
    headers, body = _header(text, delimiter)
    _check_rows(body, delimiter, headers, offset=text.count("\n") - body.count("\n"))
    keep = list(range(len(headers)))
    if columns is not None and time is not None:
        names = {name: i for i, header in enumerate(headers) for name in (header, split_unit(header)[0])}
        wanted = [columns] if isinstance(columns, str) else list(columns)
        wanted += [str(time)] if time is not False else []
        keep = sorted({names[choose(name, names)] for name in wanted})
    return _columns(body, delimiter, headers, keep, missing)


def _text(content: bytes) -> str:
    if not content.strip():
        raise InputError("the file is empty; a table has a header and at least one row")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = content.decode("utf-16", errors="replace")
    elif CONTROL.search(content):
        raise InputError("the file is not text; tables are UTF-8 text, other formats go by their suffix")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    start = 0
    while start < len(lines) and (not lines[start].strip() or lines[start].startswith(("#", "%"))):
        start += 1
    if start == len(lines):
        raise InputError("the file has comments only; a table has a header and at least one row")
    return "\n".join(lines[start:])


def _delimiter(text: str) -> str:
    """The sign that splits the first lines into the same number of cells, more than one."""
    lines = text[:65536].split("\n")[:50]
    best, most = "", 0.0
    for sign in DELIMITERS + " ":
        widths = [len(row) for row in csv.reader(lines, delimiter=sign, skipinitialspace=True) if row]
        if widths[0] > 1 and (sign != " " or not best):
            share = sum(width == widths[0] for width in widths) / len(widths)
            if share > most and (sign != " " or share == 1):
                best, most = sign, share
    return best or ","


def _header(text: str, delimiter: str) -> tuple[list[str], str]:
    """Distinct names of the columns, and the text below them."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    first = [cell.strip() for cell in next(reader)]
    if all(_is_value(cell) for cell in first):
        return [str(i) for i in range(len(first))], text
    lines = text.split("\n", reader.line_num)
    if len(lines) <= reader.line_num or not lines[-1].strip():
        raise InputError(f"the table has a header ({', '.join(first[:8])}) but no rows")
    names: list[str] = []
    for i, cell in enumerate(first):
        name = cell if cell or i == 0 else str(i)
        names.append(name if name not in names else f"{name}_{i}")
    return names, lines[-1]


def _is_value(cell: str) -> bool:
    if _is_number(cell):
        return True
    return parse_dates(np.array([cell], dtype=object), name="", dayfirst=False) is not None


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _check_rows(body: str, delimiter: str, headers: list[str], *, offset: int) -> None:
    reader = csv.reader(io.StringIO(body), delimiter=delimiter, skipinitialspace=True)
    for row in reader:
        if len(row) != len(headers) and row and not (len(row) == 1 and not row[0].strip()):
            raise InputError(
                f"line {reader.line_num + offset} of the table has {len(row)} cells, the header {len(headers)} "
                f"({', '.join(headers[:8])}); complete or remove that line"
            )


def _columns(
    body: str, delimiter: str, headers: list[str], keep: list[int], missing: Sequence[str]
) -> dict[str, np.ndarray]:
    """Columns as float64, int64, bool or text."""
    comma = delimiter != "," and _has_decimal_comma(body, delimiter)
    options: dict[str, Any] = {
        "sep": delimiter,
        "header": None,
        "names": list(range(len(headers))),
        "usecols": keep,
        "index_col": False,
        "skipinitialspace": True,
        "skip_blank_lines": len(headers) > 1,
        "decimal": "," if comma else ".",
        "keep_default_na": False,
        "low_memory": False,
    }
    if int(pd.__version__.split(".")[0]) < 3:  # later versions always read the nearest float64
        options["float_precision"] = "round_trip"
    table = pd.read_csv(io.StringIO(body), na_values=["", *MISSING, *missing], **options)
    text = [i for i in keep if table[i].dtype.kind not in "fib"]  # whole numbers beyond int64 are names, not amounts
    texts = (
        pd.read_csv(io.StringIO(body), dtype=str, na_filter=False, **(options | {"usecols": text})) if text else table
    )
    found = {}
    for i in keep:
        if i not in text:
            found[headers[i]] = table[i].to_numpy()
            continue
        values = np.array([cell.strip() for cell in texts[i].tolist()], dtype=object)
        _check_text(values, headers[i], (*MISSING, *missing))
        found[headers[i]] = values
    return found


def _has_decimal_comma(body: str, delimiter: str) -> bool:
    lines = body[:65536].split("\n")[:200]
    cells = [cell.strip() for row in csv.reader(lines, delimiter=delimiter) for cell in row]
    commas = sum(bool(re.fullmatch(r"[+-]?\d+,\d+([eE][+-]?\d+)?", cell)) for cell in cells)
    points = sum(bool(re.fullmatch(r"[+-]?\d+\.\d+([eE][+-]?\d+)?", cell)) for cell in cells)
    return commas > points


def _check_text(values: np.ndarray, header: str, missing: Sequence[str]) -> None:
    """A cell that is not a number among numbers is an error, not a reason to make the column text."""
    if not any(_is_number(cell) for cell in values[:: 1 + len(values) // SAMPLE]):
        return  # dates, names: not mostly numbers
    filled = np.array([cell != "" and cell not in missing for cell in values])
    numeric = np.array([_is_number(cell) for cell in values]) & filled
    commas = np.array(["," in cell for cell in values]) & numeric
    if commas.any() and numeric[filled].all():
        raise InputError(
            f"column {header!r} holds numbers with a comma such as {values[np.argmax(commas)]!r}; write a decimal "
            "point and no thousands separator, or separate the columns with semicolons"
        )
    if numeric.sum() > MOSTLY * filled.sum() and not numeric[filled].all():
        row = int(np.argmax(filled & ~numeric))
        raise InputError(
            f"row {row} of the column {header!r} holds {values[row]!r} among numbers; correct it, name it as "
            f"missing=[{values[row]!r}], or leave the column out with columns=[...]"
        )
