"""The server's side of one connection: who may ask, and what he asks for."""

from __future__ import annotations

import asyncio
import hmac
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import AuthError, FrameError, InputError, LabError, LimitError, StreamError
from ..priority import Priority
from ._aioquic import Endpoint
from .control import EARLY, VERSION, Messages, check_request, error_to, pack
from .datagrams import Answer, Ask, pack_answer, parse
from .limits import Bucket
from .outflow import Outflow
from .outflow_datagram import DatagramOutflow

if TYPE_CHECKING:
    from .runner import Runner
    from .server import Server

__all__ = ["Link"]

#: Bytes of answers that a client may leave unread.
UNREAD = 1 << 20
#: Application error codes of QUIC CONNECTION_CLOSE.
CODES = {"closed": 0x0, "protocol": 0x1, "auth": 0x2, "limit": 0x3}


class Link(Endpoint):
    """Answers the control stream and runs the subscriptions of one client."""

    def __init__(self, *args: Any, server: Server, **options: Any) -> None:
        super().__init__(*args, **options)
        self.server = server
        self.outflows: dict[int, Outflow] = {}
        self.began = asyncio.get_running_loop().time()
        #: Whether the client has shown the token.
        self.known = False
        self.limits = limits = server.limits
        self._messages = Messages(most=limits.message_bytes)
        self._requests = Bucket(limits.requests, burst=limits.burst)
        self._bytes = Bucket(limits.control_bytes, burst=limits.burst)
        self._datagrams = Bucket(limits.datagrams, burst=limits.burst)
        self._control: int | None = None
        self.limit_streams(bidirectional=1, unidirectional=0)
        server.join(self)
        self._patience = asyncio.get_running_loop().call_later(limits.patience, self._out_of_patience)

    def on_data(self, stream_id: int, data: bytes, ended: bool) -> None:
        if self.closing:
            return
        self._control = stream_id
        try:
            if not self._bytes.take(len(data)):
                raise LimitError(f"more than {self.limits.control_bytes:,.0f} bytes of requests per second")
            for message in self._messages.receive(data):
                if not self._requests.take():
                    raise LimitError(f"more than {self.limits.requests:,.0f} requests per second")
                request = check_request(message)
                if request["op"] not in EARLY and not self.handshaken:
                    raise FrameError(f"{request['op']!r} may not be asked before the handshake is complete")
                self._answer(request)
        except FrameError as error:
            self.end("protocol", str(error))
        except LimitError as error:
            self.end("limit", str(error))
        if ended:
            self.end("closed", "the client has closed its control stream")

    def on_datagram(self, data: bytes) -> None:
        if not self._datagrams.take():
            self.end("limit", f"more than {self.limits.datagrams:,.0f} datagrams per second")
        if not self.known or self.closing:
            return
        came = self.server.now()
        with suppress(FrameError):  # what is none of the format is left out, as if it were lost
            asked = parse(data)
            if isinstance(asked, Ask):
                answer = Answer(number=asked.number, t1=asked.t1, t2=came, t3=self.server.now())
                self.send_datagram(pack_answer(answer))

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
        if self.closing:
            return
        self._patience.cancel()
        for outflow in list(self.outflows.values()):
            self._forget(outflow)
        self.close(CODES[code], reason[:200])

    def _out_of_patience(self) -> None:
        if not self.known:
            self.end("auth", "no token was shown in time")

    def _answer(self, request: dict[str, Any]) -> None:
        try:
            self._check_hello(request)
            answer = getattr(self, f"_do_{request['op']}")(request)
        except LabError as error:
            self._send({"re": request["id"], "error": error_to(error)})
            if not self.known:
                # the answer goes first: the reason of a close may be lost with its only datagram
                code = "limit" if isinstance(error, LimitError) else "auth"
                asyncio.get_running_loop().call_later(0.2, self.end, code, str(error))
        else:
            self._send({"re": request["id"], "ok": answer})

    def _check_hello(self, request: dict[str, Any]) -> None:
        if (request["op"] == "hello") == self.known:
            raise AuthError("hello comes once, and before anything else")

    def _do_hello(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["version"] != VERSION:
            raise StreamError(f"the server speaks version {VERSION} of the protocol, the client {request['version']}")
        if not hmac.compare_digest(request["token"].encode(), self.server.token.encode()):
            raise AuthError("the access token was refused: the card is of another server, or its token was rotated")
        if sum(link.known and not link.closing for link in self.server.links) >= self.limits.connections:
            raise LimitError(f"the server has {self.limits.connections} connections already; end one of them first")
        self.known = True
        self._patience.cancel()
        return {"name": self.server.name, "server": self.server.card.server}

    def _do_list(self, request: dict[str, Any]) -> dict[str, Any]:
        runners = list(self.server.runners.values())
        for most in (256, 64, 16, 4):
            answer = {"sources": [describe(runner, most=most) for runner in runners]}
            with suppress(FrameError):  # too long for a message: say less of each
                pack({"re": request["id"], "ok": answer})
                return answer
        raise LimitError(f"the list of {len(runners)} sources does not fit into a message; subscribe by name")

    def _do_subscribe(self, request: dict[str, Any]) -> dict[str, Any]:
        if len(self.outflows) >= self.limits.subscriptions:
            most = self.limits.subscriptions
            raise LimitError(f"a client may have {most} subscriptions; close one of its feeds first")
        if request["id"] in self.outflows:
            raise InputError(f"the subscription {request['id']} is there already; give each request an id of its own")
        runner = self.server.runner(request["source"])
        flow = DatagramOutflow if request["delivery"] == "datagram" else Outflow
        outflow = flow(
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
            outflow.prioritise(Priority[request["priority"]])
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
        if self.outflows.get(outflow.subscription) is outflow:  # one that has ended at once never was there
            del self.outflows[outflow.subscription]
        self.server.rows_sent += outflow.rows
        self.server.bytes_sent += outflow.bytes
        self.server.rows_dropped += dropped
        self.server.datagrams_dropped += outflow.overrun

    def _send(self, message: dict[str, Any]) -> None:
        if self._control is not None:
            if self.backlog(self._control) > UNREAD:
                self.end("limit", f"more than {UNREAD:,} bytes of answers were left unread")
            else:
                self.write(self._control, pack(message))


def describe(runner: Runner, *, most: int) -> dict[str, Any]:
    """What `list` says about a source, and the first `most` of its channels."""
    schema, time = runner.source.schema, runner.source.schema.time
    return {
        "name": runner.name,
        "channels": [{"name": c.name, "unit": c.unit, "kind": c.kind} for c in schema.channels[:most]],
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
