"""One recorder for one recording: a lock that the operating system lets go when its process dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ...errors import InputError, StorageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["Lock"]


class Lock:
    """Held from when it is made until `release`.

    The lock is one of the operating system on an open file, so that of a process that died is free at once; the
    number in the file is for people.

    Parameters
    ----------
    path : Path
        The file; made if it is not there, and left there.

    Raises
    ------
    InputError
        If somebody else holds it.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise StorageError(error.errno, f"{path} cannot be written: {error.strerror}") from error
        try:
            _take(self._handle)
        except OSError as error:
            holder = os.read(self._handle, 20).decode("ascii", "replace").strip()
            os.close(self._handle)
            raise InputError(
                f"{path.parent.name!r} is being recorded by process {holder or 'unknown'}; close that recorder first, "
                "or record to another path"
            ) from error
        try:
            os.ftruncate(self._handle, 0)
            os.write(self._handle, b"%d\n" % os.getpid())
        except OSError as error:
            self.release()
            raise StorageError(error.errno, f"{path} cannot be written: {error.strerror}") from error

    def release(self) -> None:
        """Let go. May be called again."""
        if self._handle >= 0:
            _let_go(self._handle)
            os.close(self._handle)
            self._handle = -1


def _take(handle: int) -> None:
    if sys.platform == "win32":
        # a byte behind the text, so that others can read who holds it
        os.lseek(handle, 4096, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _let_go(handle: int) -> None:
    # closing is not enough where a forked child has the file open, too
    if sys.platform == "win32":
        os.lseek(handle, 4096, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_UN)
