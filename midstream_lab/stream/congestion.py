"""Congestion control and pacing that know what is urgent, for aioquic's loss recovery."""

from __future__ import annotations

from typing import Any

from aioquic.quic.congestion.base import register_congestion_control
from aioquic.quic.congestion.reno import RenoCongestionControl
from aioquic.quic.recovery import QuicPacketPacer

from .configuration import CONGESTION_CONTROL, LOOPBACK_DATAGRAM
from .flight import FlightBound

__all__ = ["MeasuredReno", "SparingPacer"]


class MeasuredReno(RenoCongestionControl):
    """New Reno that also bounds how much less urgent data is on its way."""

    def __init__(self, *, max_datagram_size: int) -> None:
        super().__init__(max_datagram_size=max_datagram_size)
        self.flight = FlightBound(datagram=max_datagram_size, fixed=max_datagram_size == LOOPBACK_DATAGRAM)

    def on_packet_acked(self, *, now: float, packet: Any) -> None:
        super().on_packet_acked(now=now, packet=packet)
        self.flight.on_acked(now=now, sent_at=packet.sent_time, size=packet.sent_bytes)


register_congestion_control(CONGESTION_CONTROL, MeasuredReno)


class SparingPacer(QuicPacketPacer):
    """Spreads bursts only: aioquic paces small packets as if they were full, and a thousand samples a second wait."""

    def __init__(self, control: MeasuredReno, *, max_datagram_size: int) -> None:
        super().__init__(max_datagram_size=max_datagram_size)
        self._control = control

    def next_send_time(self, now: float) -> float | None:
        if self._control.bytes_in_flight < self._control.congestion_window // 2:
            return None
        return super().next_send_time(now=now)
