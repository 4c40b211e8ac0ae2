"""Pictures for the browsers that show a canvas: the newest goes when they have room, and is drawn only then."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from .base import Canvas
from .outbox import Outbox

__all__ = ["Newest"]

#: Gives what is sent with a picture, and the picture.
Draw = Callable[[], tuple[dict[str, Any], Any]]


class Newest:
    """Sends a canvas its newest picture, on the clock's thread.

    Parameters
    ----------
    canvas : Canvas
        Its browsers say ``hello``, acknowledge what they have drawn, and tell errors, which the canvas keeps.
    heard : callable
        ``heard(message)`` for all else that a browser says.
    """

    def __init__(self, canvas: Canvas, *, heard: Callable[[dict[str, Any]], object]) -> None:
        self.canvas = canvas
        self.outbox = Outbox(canvas.send)
        self._heard = heard
        self._next: Draw | None = None
        self._last: Draw | None = None
        self._over = False
        canvas.on_msg(self.on_message)

    def show(self, draw: Draw) -> None:
        """Send what `draw` gives, unless browsers are behind; then the newest goes when they have caught up."""
        self._next = draw
        self._send()

    def close(self) -> None:
        """Send no more."""
        self._over = True

    def _send(self) -> None:
        now = time.monotonic()
        if self._over or self._next is None or not self.outbox.ready(now):
            return
        self._last, self._next = self._next, None
        content, data = self._last()
        self.outbox.post(content, memoryview(data), now)

    def on_message(self, _: Any, message: dict[str, Any], __: Sequence[Any]) -> None:
        """What a browser says."""
        now, client = time.monotonic(), str(message.get("client"))
        match message.get("kind"):
            case "ack":
                self.outbox.ack(client, int(message["seq"]), now)
                self._send()
            case "hello":
                self.outbox.hello(client, now)
                self._next = self._next or self._last
                self._send()
            case "goodbye":
                self.outbox.goodbye(client)
            case "error":
                self.canvas.errors.append(str(message.get("text")))
            case _:
                self._heard(message)
