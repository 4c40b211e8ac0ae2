"""The server's side of a subscription whose rows travel in datagrams."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..feed.schema import Block
from .datagrams import check_fits, frames_of
from .outflow import Outflow

__all__ = ["DatagramOutflow"]


class DatagramOutflow(Outflow):
    """Sends rows once each; the stream has the schema, and at the end how many rows there were.

    With the policy ``"block"`` it sends as fast as datagrams go. With the others it never waits: where the connection
    has no room, the datagrams that have waited longest are dropped.

    Raises
    ------
    InputError
        If the rows do not fit into datagrams.

    Attributes
    ----------
    overrun : int
        Datagrams of the connection that were dropped before they were sent.
    """

    def __init__(self, endpoint: Any, runner: Any, **options: Any) -> None:
        check_fits(runner.source.schema, room=endpoint.datagram_room)
        self.overrun = 0
        self._index = 0
        self._begin: int | None = None
        super().__init__(endpoint, runner, **options)

    def _has_room(self) -> bool:
        return self.policy != "block" or self._endpoint.datagrams_fit()

    def _write(self, block: Block) -> None:
        if self._begin is None:
            self._begin = block.first - block.gap
        room = self._endpoint.datagram_room
        frames = frames_of(
            block,
            self._reader.feed.schema,
            subscription=self.subscription,
            index=self._index,
            begin=self._begin,
            room=room,
        )
        for data in frames:
            self.overrun += self._endpoint.send_datagram(data)
            self._index += 1
            self.bytes += len(data)

    def _rest(self) -> Block:
        rest = self._reader.rest()
        begin = rest.first - rest.gap if self._begin is None else self._begin
        return replace(rest, gap=rest.first - begin)
