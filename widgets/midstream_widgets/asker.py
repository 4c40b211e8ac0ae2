"""What a monitor has to wait for, on a thread of its own: clocks of servers, and changes of priority."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from midstream_lab.errors import LabError
from midstream_lab.priority import Priority

__all__ = ["Asker"]

#: Seconds between two looks at the clocks.
PERIOD = 1.0


class Asker:
    """Asks clients what takes a round trip, so that the widgets' clock never waits for a network.

    Parameters
    ----------
    clients : sequence of Client
        Whom to ask.
    told : callable
        Called with a line when a change was refused.
    name : str
        Of the thread.

    Attributes
    ----------
    wishes : dict
        Priorities that were asked for and are not in effect yet, by client and source.
    """

    def __init__(self, clients: tuple[Any, ...], *, told: Callable[[str], object], name: str) -> None:
        self.wishes: dict[tuple[Any, str], Priority] = {}
        self._clients = clients
        self._told = told
        self._clocks: dict[Any, Any] = {}
        self._wake = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._run, name=f"midstream-{name}", daemon=True)
        self._thread.start()

    def clock(self, client: Any) -> Any:
        """The newest estimate of a server's clock; None where there is none, as without a connection."""
        return self._clocks.get(client)

    def wish(self, client: Any, source: str, priority: Priority) -> None:
        """Change a priority soon; of several wishes for one source the newest counts."""
        with self._wake:
            self.wishes[client, source] = priority
            self._wake.notify()

    def close(self) -> None:
        """End; what is being asked for is not waited for."""
        with self._wake:
            self._over = True
            self._wake.notify()

    def _run(self) -> None:
        while not self._over:
            for client in self._clients:
                self._look(client)
            with self._wake:
                if not self._over and not self.wishes:
                    self._wake.wait(PERIOD)
            for (client, source), priority in list(self.wishes.items()):
                self._set(client, source, priority)

    def _look(self, client: Any) -> None:
        try:
            self._clocks[client] = client.clock if client.state == "connected" else None
        except LabError:  # the connection went meanwhile, or carries no datagrams; the view says that there is none
            self._clocks[client] = None

    def _set(self, client: Any, source: str, priority: Priority) -> None:
        try:
            client.set_priority(source, priority)
        except LabError as error:
            self._told(f"the priority of {source!r} was not changed: {error}")
        with self._wake:
            if self.wishes.get((client, source)) is priority:
                del self.wishes[client, source]
