"""How both ends set up QUIC: the protocol's name, sizes and certificates."""

from __future__ import annotations

import ipaddress
import ssl
from typing import Any

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.logger import QuicLogger
from aioquic.tls import AlertDescription

__all__ = [
    "WINDOW",
    "certificate_refused",
    "client_configuration",
    "datagram_size",
    "on_loopback",
    "server_configuration",
    "use_certificate",
]

ALPN = "midstream-lab/1"
#: Our way to bound what is on its way; `_aioquic` registers it.
CONGESTION_CONTROL = "midstream-lab"
#: Bytes that a stream may send ahead of what its reader has consumed.
WINDOW = 1 << 20
IDLE_TIMEOUT = 5.0
#: The largest that loopback carries whole (its MTU is 65,536); beyond it the smallest size always fits.
LOOPBACK_DATAGRAM = 65_000
SMALLEST_DATAGRAM = 1_200


def server_configuration(host: str) -> QuicConfiguration:
    """The configuration of a server that listens on `host`."""
    return QuicConfiguration(
        is_client=False,
        alpn_protocols=[ALPN],
        idle_timeout=IDLE_TIMEOUT,
        max_datagram_size=datagram_size(host),
        congestion_control_algorithm=CONGESTION_CONTROL,
        max_datagram_frame_size=LOOPBACK_DATAGRAM,
    )


def client_configuration(
    host: str, *, authority: str, server_name: str, verify: bool = True, qlog: QuicLogger | None = None
) -> QuicConfiguration:
    """The configuration of a client that trusts `authority` (PEM) and asks for `server_name`.

    Without `verify` it trusts whoever answers; with `qlog` it logs its events there.
    """
    return QuicConfiguration(
        is_client=True,
        alpn_protocols=[ALPN],
        idle_timeout=IDLE_TIMEOUT,
        max_datagram_size=datagram_size(host),
        congestion_control_algorithm=CONGESTION_CONTROL,
        max_datagram_frame_size=LOOPBACK_DATAGRAM,
        max_stream_data=WINDOW,
        max_data=4 * WINDOW,
        server_name=server_name,
        cadata=authority.encode(),
        verify_mode=ssl.CERT_REQUIRED if verify else ssl.CERT_NONE,
        quic_logger=qlog,
    )


def use_certificate(configuration: QuicConfiguration, certificate: Any, key: Any) -> None:
    """Show this certificate to those who connect from now on."""
    configuration.certificate = certificate
    configuration.certificate_chain = []
    configuration.private_key = key


def on_loopback(host: str) -> bool:
    """Whether what is sent to this address stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def datagram_size(host: str) -> int:
    """Bytes of a datagram to or from `host`: large ones stay on this machine."""
    return LOOPBACK_DATAGRAM if on_loopback(host) else SMALLEST_DATAGRAM


def certificate_refused(code: int) -> bool:
    """Whether a connection ended because one end did not accept the other's certificate."""
    alerts = (
        AlertDescription.bad_certificate,
        AlertDescription.certificate_expired,
        AlertDescription.certificate_unknown,
        AlertDescription.unknown_ca,
    )
    return code in [0x100 + alert for alert in alerts]
