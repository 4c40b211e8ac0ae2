"""A network that can be unplugged, for the tests of clients that come back."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from kit import until

from midstream_lab.errors import StreamError
from midstream_lab.stream import Client, backoff, session
from midstream_lab.stream.calling import dial

__all__ = ["Network", "lose"]


class Network:
    """While it is down, no client gets a connection. Clients try every tenth of a second."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(session, "dial", self.dial)
        monkeypatch.setattr(backoff, "CAP", 0.1)
        self.up = threading.Event()
        self.up.set()
        self.attempts = 0

    async def dial(self, *given: Any, **options: Any) -> Any:
        self.attempts += 1
        if not self.up.is_set():
            raise StreamError("the network is down")
        return await dial(*given, **options)

    def unplug(self, client: Client, *, stay_down: bool = True) -> None:
        """End the connection of a client; without `stay_down` it may come back at once."""
        if stay_down:
            self.up.clear()
        calling = client._session.calling
        assert calling is not None
        client._session._loop.post(calling._give_up, StreamError("the plug was pulled"))

    def plug_in(self) -> None:
        self.up.set()


def lose(network: Network, client: Client, while_down: Callable[[], object] = lambda: None) -> None:
    """Lose the connection, let something happen meanwhile, and wait for the next connection."""
    before = client._session.calling
    network.unplug(client)
    until(lambda: client.state == "reconnecting")
    while_down()
    network.plug_in()
    until(lambda: client.state == "connected" and client._session.calling is not before)
