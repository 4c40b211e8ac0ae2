"""From pieces of bytes to lines of bounded length."""

from __future__ import annotations

__all__ = ["LONG", "Splitter"]

#: Stands for a line that was longer than allowed.
LONG = None


class Splitter:
    """Cuts a stream of bytes into lines; a line that is too long is thrown away as it comes and stands as `LONG`.

    Parameters
    ----------
    most : int
        Most bytes of a line, without its end.

    Examples
    --------
    >>> splitter = Splitter(4)
    >>> splitter.feed(b"ab\\r\\nc"), splitter.feed(b"d\\nlonger\\n"), splitter.rest()
    ([b'ab'], [b'cd', None], [])
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = bytearray()
        self._long = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """The lines that are complete with `data`, without their ends."""
        *whole, rest = data.split(b"\n")
        lines = []
        for end in whole:
            self._hold(end)
            lines.append(self._line())
        self._hold(rest)
        return lines

    def rest(self) -> list[bytes | None]:
        """What stands behind the last line end, as a line; nothing if there is nothing."""
        return [self._line()] if self._held or self._long else []

    def clear(self) -> bool:
        """Forget the half line; whether there was one."""
        there = bool(self._held or self._long)
        self._line()
        return there

    def _hold(self, data: bytes) -> None:
        if self._long or len(self._held) + len(data) > self._most + 1:  # one more for a carriage return
            self._long = True
            self._held.clear()
        else:
            self._held += data

    def _line(self) -> bytes | None:
        line = bytes(self._held.removesuffix(b"\r"))
        long = self._long or len(line) > self._most
        self._held.clear()
        self._long = False
        return LONG if long else line
