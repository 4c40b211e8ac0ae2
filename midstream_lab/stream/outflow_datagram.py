"""The server's side of a subscription whose rows travel in datagrams."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..feed.schema import Block
from .datagrams import check_fits, frames_of, rows_each
from .outflow import Outflow

__all__ = ["DatagramOutflow"]

#: Most datagrams of a batch.
AT_ONCE = 64


class DatagramOutflow(Outflow):
    """Sends rows once each; the stream has the schema, and at the end how many rows there were.

    With the policy ``"block"`` it sends as fast as datagrams go. With the others it never waits: where the connection
    has no room, the datagrams that have waited longest are dropped.

    Raises
    ------
    InputError
        If the rows do not fit into datagrams.
    """

    def __init__(self, endpoint: Any, runner: Any, **options: Any) -> None:
        schema, room = runner.source.schema, endpoint.datagram_room
        check_fits(schema, room=room)
        self._most_rows = AT_ONCE * rows_each(schema, room=room)
        self._index = 0
        self._begin: int | None = None
        super().__init__(endpoint, runner, **options)

    def _has_room(self) -> bool:
        return self.policy != "block" or self._endpoint.datagrams_fit(AT_ONCE)

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
