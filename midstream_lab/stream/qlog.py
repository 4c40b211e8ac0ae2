"""QUIC event logs on request: one bounded file for each connection, written as it goes.

aioquic's own file logger holds a connection's events in memory until it ends. This one writes each event at once, as a
record of a JSON text sequence (RFC 7464), which is what qvis and other qlog tools read as ``.sqlog``. Events hold sizes
and offsets, never the bytes of a stream, so the access token is in none of them.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from aioquic.quic.logger import QLOG_VERSION, QuicLogger, QuicLoggerTrace

from ..errors import InputError

__all__ = ["QlogFolder"]

log = logging.getLogger("midstream_lab")


class QlogFolder(QuicLogger):
    """Where the connections of a server or a client write what happens to them.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there. Its files are readable by their owner only.
    file_bytes : int, optional
        A connection's file is begun anew at this size, the one before it kept as ``.1``; default 8 MiB.
    files : int, optional
        Most files in the folder, the oldest of which make room; a connection has up to two. Default 64.

    Raises
    ------
    InputError
        If the folder cannot be made or written to.
    """

    def __init__(self, folder: str | os.PathLike[str], *, file_bytes: int = 8 * 2**20, files: int = 64) -> None:
        self.folder = Path(folder)
        self._file_bytes, self._files = file_bytes, files
        self._open: dict[Path, _Trace] = {}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"the folder {self.folder} for qlog cannot be made: {error.strerror}") from error
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise InputError(f"the folder {self.folder} for qlog cannot be written to; choose another")

    def start_trace(self, is_client: bool, odcid: bytes) -> QuicLoggerTrace:
        """A connection begins."""
        while 2 * (len(self._open) + 1) > self._files:
            self._open.pop(next(iter(self._open))).close()
        self._make_room()
        path = self.folder / f"{time.time_ns() // 1_000_000}-{odcid.hex()}.sqlog"
        trace = self._open[path] = _Trace(path, is_client=is_client, odcid=odcid, most=self._file_bytes)
        return trace

    def end_trace(self, trace: QuicLoggerTrace) -> None:
        """A connection has ended."""
        for path, held in list(self._open.items()):
            if held is trace:
                self._open.pop(path).close()

    def close(self) -> None:
        """End the files of connections that have not ended."""
        while self._open:
            self._open.popitem()[1].close()

    def _make_room(self) -> None:
        found = self.folder.glob("*.sqlog*")
        ended = [path for path in found if path.with_name(path.name.removesuffix(".1")) not in self._open]
        surplus = len(ended) + 2 * len(self._open) + 2 - self._files
        # the names begin with the time
        for path in sorted(ended)[: max(0, surplus)]:
            with suppress(OSError):  # another process may have removed it
                path.unlink()


class _Trace(QuicLoggerTrace):
    """The events of one connection, each written as it comes."""

    def __init__(self, path: Path, *, is_client: bool, odcid: bytes, most: int) -> None:
        super().__init__(is_client=is_client, odcid=odcid)
        self._path, self._most = path, most
        self._file: BinaryIO | None = None
        self._guard(self._begin)

    def log_event(self, *, category: str, event: str, data: dict[str, Any]) -> None:
        now = self.encode_time(time.time())
        self._guard(lambda: self._write({"time": now, "name": f"{category}:{event}", "data": data}))

    def close(self) -> None:
        """Write what is buffered; further events are left out."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # a full disk: the file ends before its last events
                file.close()

    def _begin(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        about = self.to_dict()
        trace = {"vantage_point": about["vantage_point"], "common_fields": about["common_fields"]}
        self._write({"qlog_version": QLOG_VERSION, "qlog_format": "JSON-SEQ", "trace": trace})

    def _write(self, record: dict[str, Any]) -> None:
        if self._file is None:
            return
        if self._file.tell() > self._most:
            self._file.close()
            self._path.replace(self._path.with_suffix(".sqlog.1"))
            self._begin()
        self._file.write(b"\x1e" + json.dumps(record, separators=(",", ":")).encode() + b"\n")

    def _guard(self, work: Callable[[], None]) -> None:
        """A log that cannot be written is given up; the connection goes on."""
        try:
            work()
        except OSError as error:
            log.warning("the QUIC log %s was given up: %s", self._path, error.strerror)
            self.close()
