"""Where a server listens, and under which addresses others find it."""

from __future__ import annotations

import errno
import socket

from ..errors import StreamError

__all__ = ["addresses_of", "listen_error", "numeric"]


def numeric(host: str) -> str:
    """The address that ``localhost`` stands for, always loopback (RFC 6761, 6.3); another host as it is."""
    return "127.0.0.1" if host.lower() in ("localhost", "localhost.") else host


def listen_error(error: OSError, host: str, port: int) -> StreamError:
    """Why the server cannot listen there."""
    if error.errno == errno.EADDRINUSE:
        return StreamError(f"UDP port {port} of {host} is in use; choose another, or port=0 for any that is free")
    if error.errno == errno.EACCES:
        return StreamError(f"UDP port {port} may not be used by this person; choose one above 1023")
    return StreamError(f"cannot listen on {host}:{port}: {error.strerror or error}; is it an address of this machine?")


def addresses_of(host: str, port: int) -> list[str]:
    """The addresses under which a server that listens on `host` is found; loopback last."""
    hosts = [host]
    if host in ("0.0.0.0", "::"):
        hosts = [*filter(None, [_outward()]), "127.0.0.1" if host == "0.0.0.0" else "::1"]
    return [f"[{h}]:{port}" if ":" in h else f"{h}:{port}" for h in hosts]


def _outward() -> str | None:
    """This machine's address towards others; connecting a UDP socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 of RFC 5737
            return str(probe.getsockname()[0])
        except OSError:
            return None
