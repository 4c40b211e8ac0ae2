"""Sound: WAV."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..sequence import sequence
from .columns import choose

__all__ = ["read_wav"]

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE

#: What recorders that write to a pipe put where the length should stand.
UNKNOWN_LENGTH = 0xFFFFFFFF


def read_wav(
    path: Path,
    *,
    time: str | bool | None = None,
    dt: Any = None,
    unit: str | None = None,
    columns: str | Sequence[str] | None = None,
    sort: bool = False,
    dayfirst: bool | None = None,
) -> xr.DataArray:
    """Samples of a WAV file, whole numbers scaled to -1..1; the tick is exactly one over the rate."""
    if isinstance(time, str):
        raise InputError(f"a WAV file has no column {time!r}: its time comes from its rate; leave time out")
    content = path.read_bytes()
    chunks = dict(_chunks(content, path.name))
    if b"fmt " not in chunks or b"data" not in chunks or len(chunks[b"fmt "]) < 16:
        raise InputError(f"{path.name} has no format or no samples; save or copy it again")
    code, channels, rate, _, frame, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    if code == EXTENSIBLE and len(chunks[b"fmt "]) >= 26:
        (code,) = struct.unpack_from("<H", chunks[b"fmt "], 24)
    if not rate or not channels or frame != channels * bits // 8:
        raise InputError(f"{path.name} says rate {rate}, {channels} channels and {bits} bits, which cannot be")
    flat = _samples(chunks[b"data"], code, bits, path.name)
    if not len(flat) or len(flat) % channels:
        raise InputError(f"{path.name} holds {len(flat)} samples in {channels} channels; save or copy it again")
    values = flat.reshape(-1, channels)
    names = ["left", "right"] if channels == 2 else [str(i) for i in range(channels)]
    kept = [columns] if isinstance(columns, str) else columns
    if kept is not None:
        kept = [choose(name, names, what="channel") for name in kept]
        values, names = values[:, [names.index(name) for name in kept]], list(kept)
    if values.shape[1] == 1:
        array = sequence(values[:, 0], dt=Fraction(1, rate), name=path.stem, nan="keep")
    else:
        array = sequence(values, dt=Fraction(1, rate), channels=names, name=path.stem, nan="keep")
    array.attrs["sample_format"] = f"{'float' if code == FLOAT else 'int'}{bits}"
    return sequence(array, dt=dt, unit=unit, nan="keep") if dt is not None else array


def _chunks(content: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk of a RIFF file."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise InputError(f"{name} is no WAV file (it does not start with RIFF ... WAVE)")
    place = 12
    while place + 8 <= len(content):
        kind, size = content[place : place + 4], int.from_bytes(content[place + 4 : place + 8], "little")
        body = content[place + 8 : place + 8 + size]
        if len(body) < size and size != UNKNOWN_LENGTH:
            raise InputError(f"{name} is cut off: {len(body)} of {size} bytes of {kind!r} are there; copy it again")
        yield kind, body
        place += 8 + size + size % 2


def _samples(data: bytes, code: int, bits: int, name: str) -> np.ndarray:
    """Samples as float64."""
    if code == PCM and bits in (8, 16, 24, 32):
        if bits == 8:
            return (np.frombuffer(data, dtype=np.uint8) - 128.0) / 128
        if len(data) % (bits // 8):
            raise InputError(f"{name} ends in the middle of a sample; copy it again")
        if bits == 24:
            padded = np.zeros((len(data) // 3, 4), dtype=np.uint8)
            padded[:, 1:] = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
            return padded.view("<i4")[:, 0] / 2.0**31
        return np.frombuffer(data, dtype=f"<i{bits // 8}") / 2.0 ** (bits - 1)
    if code == FLOAT and bits in (32, 64) and len(data) % (bits // 8) == 0:
        return np.frombuffer(data, dtype=f"<f{bits // 8}").astype(np.float64)
    raise InputError(
        f"{name} has samples of format {code} with {bits} bits; whole numbers of 8, 16, 24 and 32 bits and floats of "
        "32 and 64 bits can be read: convert it to one of these"
    )
