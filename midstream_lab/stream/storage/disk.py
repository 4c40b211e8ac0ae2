"""Files that are whole or not there: writing, syncing and renaming on a local disk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ...errors import StorageError

__all__ = ["Disk"]

#: What a file is called until it is whole.
UNFINISHED = ".unfinished"


class Disk:
    """Every change that a recording makes on disk goes through here.

    A failure of the operating system (a full disk, a folder that is gone) is a `StorageError`.
    """

    def folder(self, path: Path) -> None:
        """Make a folder, if it is not there, so that it outlasts a power cut."""
        with _told(path):
            path.mkdir(parents=True, exist_ok=True)
        self.sync_folder(path.parent)

    def put(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        """Put `data` at `path`, whole or not at all; readers see the older file or this one.

        The new name outlasts a power cut once `sync_folder` was called for its folder.
        """
        unfinished = path.with_name(path.name + UNFINISHED)
        with _told(path):
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, 0o666)
            try:
                self.write(handle, data)
                if sync:
                    self.sync(handle)
            finally:
                os.close(handle)
            self.replace(unfinished, path)

    def append_to(self, path: Path, size: int) -> int:
        """Open a file for `write` behind its first `size` bytes, and cut off what lies beyond them."""
        with _told(path):
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | _BINARY)
            try:
                if os.fstat(handle).st_size != size:
                    os.ftruncate(handle, size)
            except OSError:
                os.close(handle)
                raise
            return handle

    def write(self, handle: int, data: bytes) -> None:
        """Write all of `data`."""
        with _told():
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]

    def sync(self, handle: int) -> None:
        """What was written to the file outlasts a power cut."""
        with _told():
            os.fsync(handle)

    def replace(self, source: Path, target: Path) -> None:
        """Rename, in one step that other processes see as a whole."""
        with _told(target):
            os.replace(source, target)

    def sync_folder(self, path: Path) -> None:
        """The names in the folder outlast a power cut."""
        if os.name == "nt":  # which opens no folders and keeps its names by itself
            return
        with _told(path):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


_BINARY = getattr(os, "O_BINARY", 0)


@contextlib.contextmanager
def _told(path: Path | None = None) -> Iterator[None]:
    """Turn what the operating system says into a `StorageError`."""
    try:
        yield
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        what = str(path) if path is not None else "the recording"
        raise StorageError(error.errno, f"{what} cannot be written: {error.strerror or error}") from error
