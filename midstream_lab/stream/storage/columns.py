"""Columns as bytes, and back: the chunks of the Zarr store, and the rows of the journal."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import InputError, require

__all__ = ["DATA_TYPES", "compressed", "decompressed", "join", "pack", "split", "unpack"]

#: What a column of each kind is called in Zarr, and what stands in the rows of the last chunk that are not there yet.
DATA_TYPES: dict[str, tuple[str, Any]] = {
    "float": ("float64", "NaN"),
    "int": ("int64", 0),
    "bool": ("bool", False),
    "category": ("string", ""),
    "text": ("string", ""),
}
_NUMPY = {"float64": np.dtype("<f8"), "int64": np.dtype("<i8"), "bool": np.dtype("?")}


def pack(values: np.ndarray, data_type: str) -> bytes:
    """The bytes of a column: the codec ``bytes`` of Zarr (little-endian), or ``vlen-utf8`` for texts.

    Examples
    --------
    >>> unpack(pack(np.array([1.0, 2.0]), "float64"), "float64")
    array([1., 2.])
    """
    if data_type != "string":
        return np.ascontiguousarray(values, _NUMPY[data_type]).tobytes()
    try:
        return bytes(_vlen().encode(np.asarray(values, object)))
    except UnicodeEncodeError as error:
        raise InputError(f"a text cannot be written as UTF-8 ({error}); encode it before it enters the feed") from error


def unpack(data: bytes, data_type: str) -> np.ndarray:
    """The column of these bytes.

    Raises
    ------
    ValueError
        If they are not such a column.
    """
    if data_type != "string":
        return np.frombuffer(data, _NUMPY[data_type])
    return np.asarray(_vlen().decode(data), object)


def compressed(data: bytes) -> bytes:
    """The codec ``zstd`` of Zarr, with a checksum."""
    return bytes(_zstd().encode(data))


def decompressed(data: bytes) -> bytes:
    """What was compressed; a `ValueError` if it was changed since."""
    try:
        return bytes(_zstd().decode(data))
    except (RuntimeError, MemoryError) as error:
        raise ValueError(str(error)) from error


def join(parts: list[bytes]) -> bytes:
    """Byte strings one after the other, each with its length (4 bytes, little-endian)."""
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def split(data: bytes, count: int) -> list[bytes]:
    """The `count` parts that `join` has joined; a `ValueError` if they are not so many."""
    parts, at = [], 0
    for _ in range(count):
        size = int.from_bytes(data[at : at + 4], "little")
        parts.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    if at != len(data):
        raise ValueError(f"{len(data)} bytes do not hold {count} columns")
    return parts


def _zstd() -> Any:
    return require("numcodecs", extra="record").Zstd(level=LEVEL, checksum=True)


def _vlen() -> Any:
    return require("numcodecs", extra="record").VLenUTF8()


#: Zstandard's own choice between speed and size; it stands in the metadata of each array.
LEVEL = 0
