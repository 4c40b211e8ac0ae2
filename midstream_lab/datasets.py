"""The shipped recordings and tables, labelled, with units and provenance.

Every file is compared with its checksum before it is used; nothing is downloaded.
"""

from __future__ import annotations

import difflib
import hashlib
import html
import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import xarray as xr

from .errors import InputError, LabError
from .layouts import LAYOUTS

__all__ = ["Catalogue", "catalogue", "load", "names"]

#: What of a dataset's metadata goes with the data.
PROVENANCE = ("title", "measured", "source", "citation", "licence")


def names() -> list[str]:
    """Names of the shipped datasets."""
    return sorted(entry.name for entry in _root().iterdir() if entry.is_dir() and (entry / "metadata.json").is_file())


def load(name: str, *, part: str | None = None) -> xr.DataArray | xr.Dataset:
    """Load a shipped dataset.

    Parameters
    ----------
    name : str
        A name of `catalogue()`, for example ``"ecg_mitbih_208"``; ``"sunspots/yearly"`` is short for
        ``load("sunspots", part="yearly")``.
    part : str, optional
        Which part of a dataset that has several; default: the first that `catalogue()` lists.

    Returns
    -------
    DataArray or Dataset
        A DataArray with the dimension ``time`` (and ``channel``) where every column is numeric; a Dataset
        where there is text or no time axis. ``units`` and provenance are in the attributes.

    Raises
    ------
    InputError
        If there is no such dataset or part; the message names what is close.
    LabError
        If a file does not have its checksum.

    Examples
    --------
    >>> ecg = load("ecg_mitbih_208")
    >>> ecg.sizes["time"], ecg.attrs["units"], ecg.time.attrs["tick"]
    (108000, 'mV', '1/360')
    """
    if not isinstance(name, str):
        raise InputError(f"name is a name of catalogue(), for example 'ecg_mitbih_208'; it is not {name!r}")
    if part is None and "/" in name:
        name, part = name.split("/", 1)
    metadata = _metadata(name)
    parts = metadata["parts"]
    if part is None:
        part = next(iter(parts))
    if not isinstance(part, str):
        raise InputError(f"part is a name, not {part!r}; {name} has {', '.join(parts)}")
    if part not in parts:
        raise InputError(f"{name} has no part {part!r};{_close(part, parts)} it has {', '.join(parts)}")
    about = parts[part]
    content = _content(name, about["file"], metadata["sha256"][about["file"]])
    data = LAYOUTS[about["layout"]](content, part, about)
    attrs = {key: metadata[key] for key in PROVENANCE} | {"dataset": name if len(parts) == 1 else f"{name}/{part}"}
    attrs |= {key: metadata[key] for key in ("notes",) if key in metadata}
    if "measured" in about:
        attrs["measured"] = about["measured"]
    for key, value in attrs.items():
        data.attrs.setdefault(key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return data


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One dataset of the catalogue."""

    name: str
    title: str
    rate: str
    parts: tuple[str, ...]
    licence: str


@dataclass(frozen=True)
class Catalogue:
    """The shipped datasets, as a table."""

    entries: tuple[Entry, ...]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        width = max((len(entry.name) for entry in self.entries), default=0)
        lines = []
        for entry in self.entries:
            lines.append(f"{entry.name:<{width}}  {entry.title}")
            if len(entry.parts) > 1:
                parts = textwrap.wrap(f"parts: {', '.join(entry.parts)}", 96 - width)
                lines += [f"{'':<{width}}    {line}" for line in parts]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{h}</th>" for h in ("name", "title", "rate", "parts", "licence"))
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td style='text-align:left'>{html.escape(text)}</td>"
                for text in (
                    entry.name,
                    entry.title,
                    entry.rate,
                    ", ".join(entry.parts) if len(entry.parts) > 1 else "",
                    entry.licence,
                )
            )
            + "</tr>"
            for entry in self.entries
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def catalogue() -> Catalogue:
    """Every shipped dataset with its title, rate, parts and licence.

    Examples
    --------
    >>> "sunspots" in [entry.name for entry in catalogue()]
    True
    """
    entries = []
    for name in names():
        metadata = _metadata(name)
        licence = metadata["licence"]
        entries.append(
            Entry(
                name=name,
                title=metadata["title"],
                rate=metadata["rate"],
                parts=tuple(metadata["parts"]),
                licence=licence if isinstance(licence, str) else "; ".join(f"{k}: {v}" for k, v in licence.items()),
            )
        )
    return Catalogue(tuple(entries))


def _root() -> Any:
    return resources.files("midstream_datasets")


def _metadata(name: str) -> dict[str, Any]:
    known = names()
    if name not in known:
        raise InputError(f"no dataset named {name!r};{_close(name, known)} there are {', '.join(known)}")
    return json.loads((_root() / name / "metadata.json").read_text(encoding="utf-8"))


def _close(name: str, known: Any) -> str:
    lower = name.lower()
    match = difflib.get_close_matches(lower, list(known), n=1)
    match = match or ([one for one in known if lower in one.lower()] if len(lower) > 1 else [])
    return f" did you mean {match[0]!r}?" if match else ""


def _content(name: str, file: str, checksum: str) -> bytes:
    content = (_root() / name / file).read_bytes()
    if hashlib.sha256(content).hexdigest() != checksum:
        raise LabError(
            f"{name}/{file} is not the file that was shipped (its checksum differs); reinstall midstream-lab"
        )
    return content
