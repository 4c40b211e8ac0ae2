"""Kernel websockets without Nagle's algorithm.

Jupyter's server leaves it on: small messages then wait for the acknowledgement of the one before, which
halves the updates that a live widget draws.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

__all__ = ["NoDelayConnection"]


class NoDelayConnection(ZMQChannelsWebsocketConnection):
    """Jupyter's connection between browser and kernel, with TCP_NODELAY set."""

    def connect(self) -> Any:
        """Set the option and connect."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
