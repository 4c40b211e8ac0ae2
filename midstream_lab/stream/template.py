"""The layout of a record batch that was read or written whole, so that the next one of its kind need not be.

The metadata of two batches of as many rows differ in the digits of a few numbers only. Where all else is equal, byte
for byte, to a message that was checked in full, the columns stand in the same places.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .flatbuf import MessageInfo, inspect, layout

__all__ = ["PREFIX", "Template"]

#: Bytes before the metadata: the continuation mark and the length.
PREFIX = 8


class Template:
    """One layout of a batch whose columns are all 8-byte numbers without nulls.

    Parameters
    ----------
    message : bytes
        A whole message that is known to be good.
    dtypes : sequence of dtype
        Those of its columns, each of 8 bytes.

    Attributes
    ----------
    usable : bool
        Whether the layout is so plain that it can be used again.
    """

    def __init__(self, message: bytes | bytearray, dtypes: Sequence[np.dtype]) -> None:
        (size,) = struct.unpack_from("<I", message, 4)
        metadata = bytes(message[PREFIX : PREFIX + size])
        self._info = inspect(metadata)
        places = layout(metadata)
        self._spans = dict(sorted(places.values.items(), key=lambda item: item[1]))
        edges = [0, *(edge for span in self._spans.values() for edge in span), size]
        self._fixed = [(a, b, metadata[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        self._head = bytes(message[: PREFIX + size])
        self._length = len(message)
        body, wide = PREFIX + size, 8 * self._info.rows
        data, masks = places.buffers[1::2], places.buffers[::2]
        self.usable = (
            all(length == 0 for _, length in masks)
            and all(length == wide for _, length in data)
            and len(data) == len(masks) == len(dtypes)
        )
        self._columns = [(body + offset, dtype) for (offset, _), dtype in zip(data, dtypes, strict=False)]

    def match(self, metadata: bytes) -> MessageInfo | None:
        """What the metadata of a message say, if they differ from this layout in the values of the pairs only."""
        if len(metadata) != len(self._head) - PREFIX or any(metadata[a:b] != same for a, b, same in self._fixed):
            return None
        try:
            pairs = {key: metadata[a:b].decode("ascii") for key, (a, b) in self._spans.items()}
        except UnicodeDecodeError:
            return None
        return replace(self._info, pairs=pairs)

    def columns(self, message: bytes) -> list[np.ndarray]:
        """The columns of a message that matches, as views."""
        return [np.frombuffer(message, dtype, self._info.rows, offset) for offset, dtype in self._columns]

    def fill(self, pairs: dict[str, str], columns: Sequence[np.ndarray]) -> bytearray:
        """A message of this layout; the values must be as long as those that it was made with."""
        message = bytearray(self._length)
        message[: len(self._head)] = self._head
        for key, (a, b) in self._spans.items():
            message[PREFIX + a : PREFIX + b] = pairs[key].encode("ascii")
        wide = 8 * self._info.rows
        with memoryview(message) as view:
            for (offset, dtype), column in zip(self._columns, columns, strict=True):
                view[offset : offset + wide] = np.ascontiguousarray(column, dtype).data.cast("B")
        return message
