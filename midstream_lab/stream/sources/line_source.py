"""What the sources of lines have in common: from bytes to rows, and what could not be taken."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import InputError
from ...feed.schema import Block, Channel, Schema
from .fields import ARRIVAL, Fields
from .formats import NO_ROW, LineFormat, inferred
from .rejects import Rejects
from .rows import Rows

__all__ = ["LINE_BYTES", "LineCounts", "LineSource"]

#: Longest line by default, in bytes.
LINE_BYTES = 65_536


@dataclass(frozen=True, kw_only=True)
class LineCounts:
    """What happened to the lines of a source, over all its runs.

    Parameters
    ----------
    lines : int
        Lines that came.
    rows : int
        Lines that became rows.
    rejected : int
        Lines that were left out because something was wrong with them; `LineSource.health` says what.
    """

    lines: int = 0
    rows: int = 0
    rejected: int = 0


class LineSource(ABC):
    """A source whose rows come as lines; a class of its own says where from.

    A line that is not right never ends the source: it is left out and counted in `counts`, and `health` holds a
    sentence for each reason. Rows without a time of their own get that of their arrival, in nanoseconds since 1970;
    it never goes back, also where the clock is set back.
    """

    live: bool
    name: str
    schema: Schema

    def _setup(
        self,
        first: Sequence[str],
        *,
        name: str,
        live: bool,
        channels: Sequence[Channel] | None,
        format: str | None,
        time: str | None,
        unit: str,
    ) -> None:
        self._format, found = inferred(first, format=format, channels=channels, time=time)
        self._fields = Fields(found, time=time, unit=unit, order=self._format.header or None)
        self.schema = Schema(channels=found, time=ARRIVAL, attrs={"title": name, "source": "lines"})
        self.name, self.live = name, live
        self._lines = self._taken = 0
        self._rejects = Rejects("line")

    @property
    def format(self) -> LineFormat:
        """How the lines are read."""
        return self._format

    @property
    def counts(self) -> LineCounts:
        """How many lines came, and what became of them."""
        return LineCounts(lines=self._lines, rows=self._taken, rejected=self._rejects.count)

    @property
    def health(self) -> list[str]:
        """What was left out, a sentence for each reason, and what else happened."""
        lines = self._rejects.lines()
        if self._fields.unknown:
            lines.append(f"fields that are no channels are left out: {', '.join(sorted(self._fields.unknown))}")
        return lines

    def blocks(self, stop: threading.Event) -> Iterator[Block]:
        """Yield the rows as they come, until they end or `stop` is set."""
        rows = Rows(self.schema)
        pieces = self._pieces(stop)
        try:
            for lines in pieces:
                for line in lines:
                    self._take(rows, line)
                    if rows.full:
                        yield from rows.take()
                yield from rows.take()
        finally:
            pieces.close()  # type: ignore[attr-defined]

    @abstractmethod
    def _pieces(self, stop: threading.Event) -> Iterator[list[bytes | None]]:
        """Yield the lines that have come, None for each that was too long; a generator that cleans up behind itself."""

    def _take(self, rows: Rows, line: bytes | None) -> None:
        self._lines += 1
        text: Any = None
        try:
            if line is None:
                raise InputError("longer than allowed")
            text = line.decode("utf-8-sig")
            value = self._format.decode(text)
            if value is not NO_ROW:
                rows.add(*self._fields.row(value))
                self._taken += 1
        except UnicodeDecodeError:
            self._rejects.add("not UTF-8", line, at=self._lines)
        except InputError as error:
            self._rejects.add(str(error), text, at=self._lines)
