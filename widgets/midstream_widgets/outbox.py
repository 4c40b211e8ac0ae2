"""Binary messages to the browsers that show a widget: acknowledged, and bounded in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Outbox"]


@dataclass
class _Client:
    acked: int
    waiting: float | None = None  # since when it owes an acknowledgement


@dataclass
class Outbox:
    """Numbers what is sent and says when more may be.

    A browser that is behind is not sent more until it has caught up: what is new by then goes in one
    message, so no queue of seconds can form. One that owes an acknowledgement for `patience` seconds (a
    hidden tab draws no frames) holds up nobody else; when all do, nothing is sent until one answers.

    Parameters
    ----------
    send : callable
        ``send(content, buffers)``, the widget's own.
    messages, size : int, optional
        Messages and bytes that may be in flight; default 12 and 4 MiB.
    patience : float, optional
        Seconds; default 2.
    """

    send: Callable[[dict[str, Any], Sequence[Any]], Any]
    messages: int = 12
    size: int = 4 << 20
    patience: float = 2.0
    sent: int = 0
    _clients: dict[str, _Client] = field(default_factory=dict)
    _flight: deque[tuple[int, int]] = field(default_factory=deque)

    def hello(self, client: str, now: float) -> None:
        """A browser shows the widget; it owes nothing. Those that owe much may be a page that was reloaded."""
        self._clients = {
            name: known
            for name, known in self._clients.items()
            if known.waiting is None or now - known.waiting < self.patience / 4
        }
        self._clients[client] = _Client(acked=self.sent)

    def goodbye(self, client: str) -> None:
        """A browser no longer shows the widget."""
        self._clients.pop(client, None)

    def ack(self, client: str, number: int, now: float) -> None:
        """A browser has drawn everything up to message `number`."""
        known = self._clients.setdefault(client, _Client(acked=0))
        known.acked = max(known.acked, number)
        known.waiting = None if known.acked >= self.sent else now

    @property
    def watched(self) -> bool:
        """Whether any browser shows the widget."""
        return bool(self._clients)

    def ready(self, now: float) -> bool:
        """Whether somebody looks, and all who do have room."""
        live = [c for c in self._clients.values() if c.waiting is None or now - c.waiting < self.patience]
        if not live:
            return False
        slowest = min(client.acked for client in live)
        while self._flight and self._flight[0][0] <= slowest:
            self._flight.popleft()
        return len(self._flight) < self.messages and sum(size for _, size in self._flight) < self.size

    def post(self, content: dict[str, Any], data: memoryview, now: float) -> None:
        """Send one numbered message."""
        self.sent += 1
        self._flight.append((self.sent, data.nbytes))
        for client in self._clients.values():
            client.waiting = now if client.waiting is None else client.waiting
        self.send({**content, "seq": self.sent}, [data])
