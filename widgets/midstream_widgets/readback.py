"""Asking the browser what stands in its graphics memory, and waiting for the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from midstream_lab.errors import LabError

__all__ = ["Readbacks"]

#: Seconds after which the question is put again.
AGAIN = 0.5


class Readbacks:
    """Questions under way.

    Parameters
    ----------
    ask : callable
        ``ask(content)`` sends a question; any thread may call it.
    """

    def __init__(self, ask: Callable[[dict[str, Any]], object]):
        self._ask = ask
        self._numbers = count()
        self._waiting: dict[int, tuple[threading.Event, list[bytes]]] = {}

    def wait(self, timeout: float) -> bytes:
        """The answer to a new question; `LabError` if there is none in time."""
        number, event = next(self._numbers), threading.Event()
        answer: list[bytes] = []
        self._waiting[number] = (event, answer)
        limit = time.monotonic() + timeout
        try:
            # An answer that was under way when the settings changed does not count: ask again.
            while not answer:
                left = limit - time.monotonic()
                if left <= 0:
                    raise LabError(f"no browser answered within {timeout} s; is the view shown in one with WebGL2?")
                event.clear()
                self._ask({"kind": "readback", "id": number})
                event.wait(min(left, AGAIN))
        finally:
            del self._waiting[number]
        return answer[0]

    def heard(self, number: int, data: bytes | None) -> None:
        """An answer came; None if it does not count."""
        event, answer = self._waiting.get(number, (None, []))
        if event is not None:
            if data is not None:
                answer.append(data)
            event.set()
