"""Lines of a file that grows, or of a stream such as standard input, as a source."""

from __future__ import annotations

import io
import os
import select
import threading
from collections.abc import Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal

from ...errors import InputError
from .fields import Channels, as_channels
from .line_source import LINE_BYTES, LineSource
from .pacing import PATIENCE
from .splitter import Splitter
from .tail import Turn, tail

__all__ = ["Lines"]

PIECE = 1 << 16
#: Lines that show the format and the channels: a header and a row.
SHOWING = 2

SUFFIXES = {".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json"}


class Lines(LineSource):
    """Rows from the lines of a file, also one that grows (as ``tail -F`` shows it), or of a byte stream.

    A line is a JSON object, a JSON array, a row of CSV, or plain text. The file is read only as fast as the readers
    take it. Where it is replaced by a new one under its name, or cut, the source goes on with the new one, or from
    its start; a half line at the end waits for its other half.

    Parameters
    ----------
    source : path or binary stream
        A file, or a stream such as ``sys.stdin.buffer`` (or its text face ``sys.stdin``).
    follow : bool, optional
        Whether to wait at the end of the file for more; default True. A stream ends where it ends.
    begin : {"start", "end"}, optional
        ``"end"``: leave out what stands in the file already; default ``"start"``.
    channels : list of str, mapping of str to kind, or list of Channel, optional
        The channels: names of numbers, or ``{"level": "float", "note": "text"}``. Default: all fields of the first
        row, which has to be there (a stream is waited for).
    format : {"json", "csv", "text"}, optional
        Default: what the first lines are.
    time : str, optional
        The field that holds the row's time, ISO 8601 or a number of `unit` since 1970. Default: the time of arrival.
    unit : str, optional
        Unit of a time that is a number; default ``"s"``.
    most : int, optional
        Longest line in bytes; default 65,536. Longer ones are left out and counted.
    live : bool, optional
        Whether to drop rather than to wait where a reader is slow; default False.
    name : str, optional
        Default: the name of the file without its suffix, or ``"stdin"``.

    Attributes
    ----------
    counts : LineCounts
        Lines that came, became rows, and were left out.
    health : list of str
        What was left out, and why.

    Raises
    ------
    InputError
        If there is no such file, or nothing says what the channels are.

    Examples
    --------
    >>> import io, threading
    >>> lines = Lines(io.BytesIO(b"[0.5]\\n[oops\\n[1.5]\\n"), channels=["x"])
    >>> [block.columns[0].tolist() for block in lines.blocks(threading.Event())]
    [[0.5, 1.5]]
    >>> lines.counts.rejected, lines.health
    (1, ["1 line left out: not JSON (first: line 2, '[oops')"])
    """

    def __init__(
        self,
        source: Any,
        *,
        follow: bool = True,
        begin: Literal["start", "end"] = "start",
        channels: Channels | None = None,
        format: str | None = None,
        time: str | None = None,
        unit: str = "s",
        most: int = LINE_BYTES,
        live: bool = False,
        name: str | None = None,
    ) -> None:
        if begin not in ("start", "end"):
            raise InputError(f"begin must be 'start' or 'end', not {begin!r}")
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise InputError(f"most is the longest line in bytes, at least 1, not {most!r}")
        declared = None if channels is None else as_channels(channels)
        self._from: _File | _Stream
        if isinstance(source, (str, PathLike)):
            path = Path(fspath(source)).expanduser()
            format = format or SUFFIXES.get(path.suffix.lower())
            self._from = _File(path, most=most, follow=follow, may_come=declared is not None, end=begin == "end")
            name = name or path.stem
        else:
            self._from = _Stream(source, most=most)
            name = name or "stdin"
        known = format == "text" or (declared is not None and format == "json")
        first = [] if known else self._from.first()
        texts = [line.decode("utf-8-sig", errors="replace") for line in first]
        self._setup(texts, name=name, live=live, channels=declared, format=format, time=time, unit=unit)

    @property
    def health(self) -> list[str]:
        """What was left out, and how often the file was replaced or cut."""
        return super().health + self._from.notes()

    def _pieces(self, stop: threading.Event) -> Iterator[list[bytes | None]]:
        return self._from.pieces(stop)


class _File:
    """Lines of a file."""

    def __init__(self, path: Path, *, most: int, follow: bool, may_come: bool, end: bool) -> None:
        self._path, self._most, self._follow = path, most, follow
        if path.is_dir():
            raise InputError(f"{str(path)!r} is a folder; name a file in it")
        if not (path.exists() or (follow and may_come)):
            hint = "; to wait for it, declare its channels=[...]" if follow else ""
            raise InputError(f"there is no file {str(path)!r}; check the name and the folder{hint}")
        self._begin = self._after_last_line() if end and path.exists() else 0
        self._turns = dict.fromkeys(Turn, 0)

    def first(self) -> list[bytes]:
        """The lines at the start of the file, as many as show its format."""
        if not self._path.exists():
            return []
        splitter = Splitter(self._most)
        with self._path.open("rb") as file:
            lines = splitter.feed(file.read(SHOWING * (self._most + 2)))
        if not self._follow:
            lines += splitter.rest()
        return [line for line in lines if line is not None and line.strip()][:SHOWING]

    def notes(self) -> list[str]:
        """How often the file was replaced or cut."""
        return [f"{self._path.name} was {turn.value}: {count:,} x" for turn, count in self._turns.items() if count]

    def pieces(self, stop: threading.Event) -> Iterator[list[bytes | None]]:
        """The lines of the file from where it begins, and those that come."""
        splitter = Splitter(self._most)
        for piece in tail(self._path, stop, follow=self._follow, begin=self._begin):
            if isinstance(piece, bytes):
                yield splitter.feed(piece)
                continue
            self._turns[piece] += 1
            if piece is Turn.REPLACED:
                yield splitter.rest()
            else:  # the other half of what is held was cut off
                splitter.clear()
        if not stop.is_set():
            yield splitter.rest()

    def _after_last_line(self) -> int:
        """Where the last line begins that is not complete yet: the end of the file, most often."""
        with self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            back = min(size, self._most + 2)
            file.seek(size - back)
            end = file.read(back).rfind(b"\n")
        return size - back + end + 1 if end >= 0 or back == size else size


class _Stream:
    """Lines of a byte stream, which comes once."""

    def __init__(self, stream: Any, *, most: int) -> None:
        stream = getattr(stream, "buffer", stream)  # the bytes under a text
        if not callable(getattr(stream, "read", None)):
            raise InputError(f"a {type(stream).__name__} is no file and no stream; give a path, or sys.stdin.buffer")
        self._read = getattr(stream, "read1", stream.read)  # what there is, rather than as much as was asked for
        self._handle = _handle(stream)
        self._splitter = Splitter(most)
        self._held: list[bytes | None] = []
        self._ended = self._over = False

    def first(self) -> list[bytes]:
        """Wait for as many lines as show the format, or the end of the stream; they are held for `pieces`."""
        while len(shown := [line for line in self._held if line is not None and line.strip()]) < SHOWING:
            if shown and shown[0].lstrip()[:1] in (b"{", b"["):  # an object shows its fields
                break
            if (lines := self._next(None)) is None:
                break
            self._held += lines
        return shown[:SHOWING]

    def notes(self) -> list[str]:
        """Nothing happens to a stream."""
        return []

    def pieces(self, stop: threading.Event) -> Iterator[list[bytes | None]]:
        """The lines as they come."""
        if self._over:
            raise InputError("the stream was read to its end, and comes only once; start the source anew")
        held, self._held = self._held, []
        yield held
        while not stop.is_set() and (lines := self._next(PATIENCE)) is not None:
            yield lines
        self._over = self._ended

    def _next(self, timeout: float | None) -> list[bytes | None] | None:
        """The lines of the next piece, none if there is none in time; None at the end."""
        if self._ended:
            return None
        # select knows pipes on POSIX only; elsewhere a stream that says nothing is left by its next line
        if self._handle is not None and os.name == "posix" and not select.select([self._handle], [], [], timeout)[0]:
            return []
        data = self._read(PIECE)
        if isinstance(data, str):
            raise InputError("the stream yields text; open it in binary mode")
        if data:
            return self._splitter.feed(data)
        self._ended = True
        return self._splitter.rest()


def _handle(stream: Any) -> int | None:
    """The number of the open file whose bytes a stream yields; those of a decompressing one are others."""
    return int(stream.fileno()) if isinstance(getattr(stream, "raw", stream), io.FileIO) else None
