"""The control stream: length-prefixed JSON messages, parsed strictly; no sockets.

A message is a length (4 bytes, big-endian) and a JSON object in UTF-8. The client sends requests, each with an
`id`; the server answers each with ``{"re": id, "ok": {...}}`` or ``{"re": id, "error": {"kind", "text"}}``, and says
``{"event": "ended", ...}`` when a subscription has come to its end. FORMAT.md lists them all.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

from ..errors import AuthError, FrameError, InputError, LabError, LimitError, StreamError
from ..priority import Priority
from . import strict_json

__all__ = [
    "EARLY",
    "MAX_MESSAGE",
    "VERSION",
    "Messages",
    "check_reply",
    "check_request",
    "error_from",
    "error_to",
    "pack",
]

#: Version of the protocol; hello says it, and the server refuses any other.
VERSION = 2
MAX_MESSAGE = 64 * 1024
MAX_TEXT = 4096

_ERRORS: dict[str, type[LabError]] = {
    "auth": AuthError,
    "input": InputError,
    "frame": FrameError,
    "source": StreamError,
    "limit": LimitError,
}


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _speed(value: Any) -> bool:
    return value == "max" or (type(value) in (int, float) and 0 < value < float("inf"))


def _priority(value: Any) -> bool:
    return isinstance(value, str) and value in Priority.__members__


def _optional(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _error(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"kind", "text"} and all(map(_text, value.values()))


#: What each request holds beside `op` and `id`; every field must be there, and no other may.
REQUESTS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "hello": {"version": _number, "token": _text},
    "list": {},
    "subscribe": {
        "source": _optional(_text),
        "policy": lambda value: value in ("block", "drop_oldest", "drop_newest", "decimate"),
        "since": lambda value: value in ("oldest", "newest") or _number(value),
        "run": _optional(_text),
        "priority": _priority,
        "delivery": lambda value: value in ("stream", "datagram"),
    },
    "unsubscribe": {"subscription": _number},
    "priority": {"subscription": _number, "priority": _priority},
    "pause": {"source": _text},
    "resume": {"source": _text},
    "speed": {"source": _text, "speed": _speed},
}
#: Requests that do no harm when they come twice: only these are taken before the handshake is complete (0-RTT).
EARLY = frozenset({"hello", "list"})
_ANSWERS: tuple[dict[str, Callable[[Any], bool]], ...] = (
    {"re": _number, "ok": _object},
    {"re": _number, "error": _error},
    {"event": lambda value: value == "ended", "subscription": _number, "error": _optional(_error)},
)


def pack(message: dict[str, Any]) -> bytes:
    """The bytes of one message.

    Examples
    --------
    >>> pack({"op": "list", "id": 2})
    b'\\x00\\x00\\x00\\x14{"op":"list","id":2}'
    """
    body = json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    if len(body) > MAX_MESSAGE:
        raise FrameError(f"a control message of {len(body)} bytes; at most {MAX_MESSAGE} are allowed")
    return struct.pack(">I", len(body)) + body


class Messages:
    """Bytes of a control stream to messages, in pieces of any size.

    Parameters
    ----------
    most : int, optional
        Most bytes of a message; default `MAX_MESSAGE`.
    """

    def __init__(self, *, most: int = MAX_MESSAGE) -> None:
        self._most = most
        self._buffer = bytearray()

    def receive(self, data: bytes) -> list[dict[str, Any]]:
        """Take the next bytes; return the messages that they complete.

        Raises
        ------
        FrameError
            If a message is longer than it may be, or is not a JSON object.
        """
        self._buffer += data
        found = []
        while len(self._buffer) >= 4:
            (length,) = struct.unpack_from(">I", self._buffer)
            if length > self._most:
                raise FrameError(f"a control message of {length} bytes; at most {self._most} are allowed")
            if len(self._buffer) < 4 + length:
                break
            found.append(_parse(bytes(self._buffer[4 : 4 + length])))
            del self._buffer[: 4 + length]
        return found


def check_request(message: dict[str, Any]) -> dict[str, Any]:
    """The message, if it is a request of this protocol; else a `FrameError` that says what is wrong."""
    op = message.get("op")
    fields = REQUESTS.get(op) if isinstance(op, str) else None
    if fields is None:
        raise FrameError(f"an unknown request {str(op)[:40]!r}; known: {', '.join(REQUESTS)}")
    return _checked(message, {"op": _text, "id": _number, **fields}, f"request {op!r}")


def check_reply(message: dict[str, Any]) -> dict[str, Any]:
    """The message, if it is an answer or an event of this protocol; else a `FrameError`."""
    for fields in _ANSWERS:
        if set(message) == set(fields):
            return _checked(message, fields, "answer")
    raise FrameError(f"an unknown answer with the fields {sorted(message)[:8]}")


def error_to(error: BaseException) -> dict[str, str]:
    """What an error is on the wire."""
    kind = next((kind for kind, known in _ERRORS.items() if type(error) is known), "source")
    text = str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
    return {"kind": kind, "text": text[:MAX_TEXT]}


def error_from(error: dict[str, str]) -> LabError:
    """The error that the wire stands for; kinds that are not known are a `StreamError`."""
    return _ERRORS.get(error["kind"], StreamError)(error["text"])


def _checked(message: dict[str, Any], fields: dict[str, Callable[[Any], bool]], what: str) -> dict[str, Any]:
    if set(message) != set(fields):
        missing, unknown = sorted(set(fields) - set(message)), sorted(set(message) - set(fields))
        raise FrameError(f"{what}: missing fields {missing}, unknown fields {unknown[:8]}")
    for name, check in fields.items():
        if not check(message[name]):
            # the value stays out of the text: it may be a token
            raise FrameError(f"{what}: the field {name!r} has a value that is not allowed")
    return message


def _parse(body: bytes) -> dict[str, Any]:
    try:
        message = strict_json.loads(body.decode())
        if b"\\u" in body:  # half of a surrogate pair is no text: nobody could answer with it
            json.dumps(message, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise FrameError(f"a control message that is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise FrameError(f"a control message must be a JSON object, not {type(message).__name__}")
    return message
