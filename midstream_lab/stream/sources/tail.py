"""The bytes of a file that grows, is cut or is replaced by a new one under its name."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import BinaryIO

__all__ = ["Turn", "tail"]

#: How often a file is looked at that has not grown, in seconds.
POLL = 0.05
PIECE = 1 << 16


class Turn(Enum):
    """What happened to a file beside growing."""

    REPLACED = "replaced by a new file"
    CUT = "cut"


def tail(path: Path, stop: threading.Event, *, follow: bool, begin: int = 0) -> Iterator[bytes | Turn]:
    """Yield what stands in a file from byte `begin`, and what comes after it.

    Parameters
    ----------
    path : Path
        The file. With `follow` it need not be there yet.
    stop : threading.Event
        Ends it.
    follow : bool
        Whether to wait for more at the end, and to go on with the new file where the old one was renamed or removed
        (as log rotation does), or from the start where it became shorter. A file that is cut and grows beyond its
        former length between two looks cannot be told from one that grew.
    begin : int, optional
        First byte; default 0.

    Yields
    ------
    bytes or Turn
        A piece of the file, or what happened to it between two pieces.
    """
    file: BinaryIO | None = None
    try:
        while not stop.is_set():
            if file is None:
                file = _opened(path, follow=follow)
                if file is None:
                    begin = 0
                    stop.wait(POLL)
                    continue
                file.seek(min(begin, os.fstat(file.fileno()).st_size))
                begin = 0
            gone = follow and _replaced(path, file)  # looked at before reading: what is written after it, is read
            if data := file.read(PIECE):
                yield data
            elif not follow:
                return
            elif gone:
                file.close()
                file = None
                yield Turn.REPLACED
            elif os.fstat(file.fileno()).st_size < file.tell():
                file.seek(0)
                yield Turn.CUT
            else:
                stop.wait(POLL)
    finally:
        if file is not None:
            file.close()


def _opened(path: Path, *, follow: bool) -> BinaryIO | None:
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        if follow:
            return None
        raise


def _replaced(path: Path, file: BinaryIO) -> bool:
    """Whether another file, or none, has the name now."""
    try:
        now = path.stat()
    except FileNotFoundError:
        return True
    return not os.path.samestat(now, os.fstat(file.fileno()))
