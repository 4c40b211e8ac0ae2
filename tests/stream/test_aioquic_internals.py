"""The canary: fails when the private names of aioquic that `_aioquic.py` uses have moved."""

import inspect
from importlib.metadata import version

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic import connection as module
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.stream import QuicStream

from midstream_lab.stream import _aioquic, configuration


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_the_version_is_the_one_that_was_read() -> None:
    assert version("aioquic").startswith("1.7.")


def test_what_is_overridden_is_still_called_so() -> None:
    assert parameters(QuicConnection._write_stream_limits) == ["self", "builder", "space", "stream"]
    assert parameters(QuicConnection._write_connection_limits) == ["self", "builder", "space"]
    writing = inspect.getsource(QuicConnection._write_application)
    assert "self._write_stream_limits(builder=builder, space=space, stream=stream)" in writing
    assert "self._write_connection_limits(builder=builder, space=space)" in writing
    assert parameters(QuicConnection._on_max_stream_data_delivery) == ["self", "delivery", "stream"]
    assert isinstance(module.MAX_STREAM_DATA_FRAME_CAPACITY, int)


def test_the_original_limits_are_those_that_were_replaced() -> None:
    """The override relies on the original doubling MAX_DATA by `used`, and on nothing else doing so."""
    source = inspect.getsource(QuicConnection._write_connection_limits)
    assert "if max_data.used * 2 > max_data.value:" in source
    assert inspect.getsource(QuicConnection).count(".value *= 2") == 1
    assert inspect.getsource(QuicConnection).count("max_stream_data_local *= 2") == 1


def test_the_fields_that_are_read_and_set_are_there() -> None:
    quic = QuicConnection(configuration=QuicConfiguration(is_client=True))
    for limit in (quic._local_max_data, quic._local_max_streams_bidi, quic._local_max_streams_uni):
        assert {"value", "sent", "used"} <= set(vars(limit))
    assert quic._streams == {}
    stream = QuicStream(stream_id=3, max_stream_data_local=10)
    assert stream.max_stream_data_local_sent == 10
    assert (stream.receiver.highest_offset, stream.receiver.starting_offset(), stream.receiver.is_finished) == (
        0,
        0,
        False,
    )
    assert len(stream.sender._buffer) == 0
    assert stream.sender.is_finished is False
    assert {"_quic", "_transport"} <= set(QuicConnectionProtocol.__init__.__code__.co_names)
    assert callable(QuicConnectionProtocol._transmit_soon)


def test_a_turn_receives_handles_and_sends_as_the_original_does() -> None:
    """`Endpoint` takes these steps apart: many datagrams, then the events and the answer once for all of them."""
    received = inspect.getsource(QuicConnectionProtocol.datagram_received)
    steps = ["self._quic.receive_datagram(", "self._process_events()", "self.transmit()"]
    assert [received.count(step) for step in steps] == [1, 1, 1]
    assert [received.index(step) for step in steps] == sorted(received.index(step) for step in steps)
    armed = inspect.getsource(QuicConnectionProtocol.transmit)
    assert "self._timer = self._loop.call_at(timer_at, self._handle_timer)" in armed
    assert armed.rstrip().endswith("self._timer_at = timer_at")
    assert "space.ack_at = now + self._ack_delay" in inspect.getsource(QuicConnection)


def test_private_names_are_used_in_one_file_only() -> None:
    import re
    from pathlib import Path

    room = Path(_aioquic.__file__).parent
    for file in room.glob("*.py"):
        if file.name not in ("_aioquic.py",):
            text = file.read_text()
            assert not re.search(r"aioquic[.\w]* import .*\b_", text), file
            for name in ("._quic", "_transmit_soon", ".sender.", ".receiver."):
                assert name not in text, f"{file.name}: {name}"


def test_credit_moves_only_by_grants() -> None:
    quic = _aioquic.CreditConnection(configuration=QuicConfiguration(is_client=True))
    sent: list[int] = []

    class Builder:
        def start_frame(self, kind: int, **_: object) -> "Builder":
            return self

        def push_uint_var(self, value: int) -> None:
            sent.append(value)

    stream = QuicStream(stream_id=3, max_stream_data_local=configuration.WINDOW)
    stream.receiver.highest_offset = configuration.WINDOW
    quic._write_stream_limits(Builder(), None, stream)
    assert sent == []
    quic.grant(3, 2 * configuration.WINDOW)
    quic.grant(3, 5)
    quic._write_stream_limits(Builder(), None, stream)
    assert sent == [3, 2 * configuration.WINDOW]
    quic._write_stream_limits(Builder(), None, stream)
    assert len(sent) == 2
