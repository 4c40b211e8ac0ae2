"""The server's side of one connection: who may ask, and what he asks for."""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING, Any

from ..errors import AuthError, FrameError, InputError, LabError, StreamError
from ..priority import Priority
from ._aioquic import Endpoint
from .control import VERSION, Messages, check_request, error_to, pack
from .outflow import Outflow

if TYPE_CHECKING:
    from .runner import Runner
    from .server import Server

__all__ = ["Link"]

MAX_CONNECTIONS = 64
MAX_SUBSCRIPTIONS = 64
#: Seconds that a connection may stay without having shown its token.
PATIENCE = 5.0
#: Application error codes of QUIC CONNECTION_CLOSE.
CODES = {"closed": 0x0, "protocol": 0x1, "auth": 0x2, "limit": 0x3}


class Link(Endpoint):
    """Answers the control stream and runs the subscriptions of one client."""

    def __init__(self, *args: Any, server: Server, **options: Any) -> None:
        super().__init__(*args, **options)
        self.server = server
        self.outflows: dict[int, Outflow] = {}
        self.rows = 0
        self._messages = Messages()
        self._control: int | None = None
        self._known = False
        self.limit_streams(bidirectional=1, unidirectional=0)
        server.links.add(self)
        self._patience = asyncio.get_running_loop().call_later(PATIENCE, self._out_of_patience)

    def on_ready(self) -> None:
        if len(self.server.links) > MAX_CONNECTIONS:
            self.end("limit", f"the server has {MAX_CONNECTIONS} connections already")

    def on_data(self, stream_id: int, data: bytes, ended: bool) -> None:
        self._control = stream_id
        try:
            for message in self._messages.receive(data):
                self._answer(check_request(message))
        except FrameError as error:
            self.end("protocol", str(error))
        if ended:
            self.end("closed", "the client has closed its control stream")

    def on_reset(self, stream_id: int) -> None:
        for outflow in list(self.outflows.values()):
            if outflow.stream == stream_id:
                self._forget(outflow)

    def on_lost(self, code: int, reason: str) -> None:
        self._patience.cancel()
        self.server.links.discard(self)
        for outflow in list(self.outflows.values()):
            self._forget(outflow)

    def on_progress(self) -> None:
        for outflow in list(self.outflows.values()):
            outflow.turn()

    def end(self, code: str, reason: str) -> None:
        """Close the connection and say why."""
        self._patience.cancel()
        for outflow in list(self.outflows.values()):
            self._forget(outflow)
        self.close(CODES[code], reason[:200])

    def _out_of_patience(self) -> None:
        if not self._known:
            self.end("auth", "no token was shown in time")

    def _answer(self, request: dict[str, Any]) -> None:
        try:
            self._check_hello(request)
            answer = getattr(self, f"_do_{request['op']}")(request)
        except LabError as error:
            self._send({"re": request["id"], "error": error_to(error)})
            if not self._known:
                # the answer goes first: the reason of a close may be lost with its only datagram
                asyncio.get_running_loop().call_later(0.2, self.end, "auth", str(error))
        else:
            self._send({"re": request["id"], "ok": answer})

    def _check_hello(self, request: dict[str, Any]) -> None:
        if (request["op"] == "hello") == self._known:
            raise AuthError("hello comes once, and before anything else")

    def _do_hello(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["version"] != VERSION:
            raise StreamError(f"the server speaks version {VERSION} of the protocol, the client {request['version']}")
        if not hmac.compare_digest(request["token"].encode(), self.server.token.encode()):
            raise AuthError("the access token was refused: the card is of another server, or its token was rotated")
        self._known = True
        self._patience.cancel()
        return {"name": self.server.name, "server": self.server.card.server}

    def _do_list(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"sources": [describe(runner) for runner in self.server.runners.values()]}

    def _do_subscribe(self, request: dict[str, Any]) -> dict[str, Any]:
        if len(self.outflows) >= MAX_SUBSCRIPTIONS:
            raise StreamError(f"a client may have {MAX_SUBSCRIPTIONS} subscriptions; close one of its feeds first")
        runner = self.server.runner(request["source"])
        outflow = Outflow(
            self,
            runner,
            subscription=request["id"],
            policy=request["policy"],
            since=request["since"],
            run=request["run"],
            priority=Priority[request["priority"]],
            batch_seconds=self.server.batch_seconds,
            on_end=self._on_end,
        )
        if not outflow.ended:
            self.outflows[request["id"]] = outflow
        return {"source": runner.name, "run": runner.run, "stream": outflow.stream}

    def _do_unsubscribe(self, request: dict[str, Any]) -> dict[str, Any]:
        outflow = self.outflows.get(request["subscription"])
        if outflow is not None:
            self._forget(outflow)
            self.give_up(outflow.stream)
        return {}

    def _do_priority(self, request: dict[str, Any]) -> dict[str, Any]:
        outflow = self.outflows.get(request["subscription"])
        if outflow is not None:
            self.set_priority(outflow.stream, Priority[request["priority"]])
        return {}

    def _do_pause(self, request: dict[str, Any]) -> dict[str, Any]:
        self.server.runner(request["source"]).control(request["op"])
        return {}

    _do_resume = _do_pause

    def _do_speed(self, request: dict[str, Any]) -> dict[str, Any]:
        self.server.runner(request["source"]).control("speed", request["speed"])
        return {}

    def _on_end(self, outflow: Outflow, error: BaseException | None) -> None:
        self._forget(outflow)
        event = {"event": "ended", "subscription": outflow.subscription}
        self._send({**event, "error": None if error is None else error_to(error)})

    def _forget(self, outflow: Outflow) -> None:
        dropped = outflow.counts.dropped  # asked first: what only waits was not dropped by the policy
        outflow.close()
        if self.outflows.pop(outflow.subscription, None) is not None:
            self.server.rows_sent += outflow.rows
            self.server.bytes_sent += outflow.bytes
            self.server.rows_dropped += dropped

    def _send(self, message: dict[str, Any]) -> None:
        if self._control is not None:
            self.write(self._control, pack(message))


def describe(runner: Runner) -> dict[str, Any]:
    """What `list` says about a source."""
    schema, time = runner.source.schema, runner.source.schema.time
    return {
        "name": runner.name,
        "channels": [{"name": c.name, "unit": c.unit, "kind": c.kind} for c in schema.channels[:256]],
        "tick": str(time.tick),
        "unit": time.unit,
        "step": time.step,
        "live": bool(runner.source.live),
    }


def unknown_source(name: str | None, known: list[str]) -> InputError:
    """The error for a source that is not there, or not named where there are several."""
    if name is None:
        return InputError(f"the server has {len(known)} sources; name one of: {', '.join(known)}")
    return InputError(f"the server has no source {name!r}; it has: {', '.join(known)}")
