"""The control stream without a socket: strict, capped, and the same however the bytes are cut."""

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import AuthError, FrameError, InputError, StreamError
from midstream_lab.stream.control import (
    MAX_MESSAGE,
    Messages,
    check_reply,
    check_request,
    error_from,
    error_to,
    pack,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "control.json").read_text())
SUBSCRIBE = {"op": "subscribe", "id": 3, "source": "ecg", "policy": "block", "since": "oldest", "run": None}
SUBSCRIBE |= {"priority": "normal", "delivery": "stream"}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["message"].get("op", "answer"))
def test_the_vectors_fix_the_messages(vector: dict) -> None:
    assert pack(vector["message"]) == bytes.fromhex(vector["bytes"])
    assert Messages().receive(bytes.fromhex(vector["bytes"])) == [vector["message"]]
    (check_request if "op" in vector["message"] else check_reply)(vector["message"])


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), max_size=30))
def test_any_pieces_give_the_same_messages(sizes: list[int]) -> None:
    sent = [vector["message"] for vector in VECTORS]
    data = b"".join(map(pack, sent))
    messages, found, at = Messages(), [], 0
    for size in [*sizes, len(data)]:
        found += messages.receive(data[at : at + size])
        at += size
    assert found == sent


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60))
def test_random_bytes_give_a_frame_error_or_nothing(data: bytes) -> None:
    for raw in (data, struct.pack(">I", len(data)) + data):
        try:
            for message in Messages().receive(raw):
                check_request(message)
        except FrameError:
            pass


def test_a_long_message_is_refused_before_it_is_buffered() -> None:
    with pytest.raises(FrameError, match="at most"):
        Messages().receive(struct.pack(">I", MAX_MESSAGE + 1))
    with pytest.raises(FrameError, match="at most"):
        pack({"op": "x" * MAX_MESSAGE})


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"1", b"{", b"\xff", b'{"a":NaN}', b'{"op":"list","op":"list","id":1}', b"[" * 30_000]
)
def test_what_is_not_one_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(FrameError):
        Messages().receive(struct.pack(">I", len(body)) + body)


@pytest.mark.parametrize(
    "change",
    [
        {"op": "drop"},
        {"op": 3},
        {"id": -1},
        {"id": True},
        {"id": "3"},
        {"more": 1},
        {"source": 7},
        {"source": "x" * 5000},
        {"policy": "drop"},
        {"since": "middle"},
        {"since": -1},
        {"since": 0.5},
        {"run": []},
    ],
    ids=str,
)
def test_unknown_requests_fields_and_values_are_refused(change: dict) -> None:
    check_request(SUBSCRIBE)
    with pytest.raises(FrameError):
        check_request(SUBSCRIBE | change)


def test_missing_fields_are_named() -> None:
    with pytest.raises(FrameError, match=r"missing fields \['policy'\]"):
        check_request({key: value for key, value in SUBSCRIBE.items() if key != "policy"})


@pytest.mark.parametrize("speed", [0, -1, "fast", None, True, [1]])
def test_a_speed_is_positive_or_max(speed: object) -> None:
    check_request({"op": "speed", "id": 1, "source": "a", "speed": "max"})
    with pytest.raises(FrameError):
        check_request({"op": "speed", "id": 1, "source": "a", "speed": speed})


@pytest.mark.parametrize(
    "answer", [{}, {"re": 1}, {"re": 1, "ok": 3}, {"re": 1, "ok": {}, "error": {}}, {"event": "x"}]
)
def test_unknown_answers_are_refused(answer: dict) -> None:
    with pytest.raises(FrameError):
        check_reply(answer)


def test_a_value_that_is_refused_is_not_repeated_in_the_error() -> None:
    """It may be a token."""
    with pytest.raises(FrameError) as caught:
        check_request({"op": "hello", "id": 1, "version": "1", "token": "secret"})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", [AuthError, InputError, FrameError, StreamError])
def test_errors_keep_their_type(kind: type[Exception]) -> None:
    error = error_from(error_to(kind("why")))
    assert type(error) is kind
    assert str(error) == "why"


def test_an_error_of_a_source_tells_its_type() -> None:
    assert error_to(ZeroDivisionError("by zero")) == {"kind": "source", "text": "ZeroDivisionError: by zero"}
    assert isinstance(error_from({"kind": "from the future", "text": "?"}), StreamError)
