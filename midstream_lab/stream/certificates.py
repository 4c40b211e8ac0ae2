"""The lab's own certificates: an authority that lasts, and short-lived server certificates that it signs.

A client trusts the authority that its card holds, and the fixed name `NAME`, so the address may change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, require
from .folder import create_private

__all__ = ["LEAF_DAYS", "NAME", "Authority", "Leaf", "LeafKeeper", "check_authority", "utc_now"]

#: The name in every server certificate.
NAME = "midstream-lab.local"
AUTHORITY_DAYS = 3653
#: Browsers accept a pinned certificate of at most 14 days (WebTransport `serverCertificateHashes`).
LEAF_DAYS = 13
RENEW_BEFORE = dt.timedelta(days=3)
#: Clocks of two machines differ: certificates are valid from a little before they were made.
SKEW = dt.timedelta(hours=1)


def utc_now() -> dt.datetime:
    """The time, with its zone."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A server certificate with its key (objects of `cryptography`), and when it ends."""

    certificate: Any
    key: Any
    ends: dt.datetime


class Authority:
    """The lab's certificate authority of one person: ten years, key readable by its owner only.

    Parameters
    ----------
    folder : Path
        Where ``authority.pem`` is, or will be made.
    now : datetime, optional
        When; default now.

    Raises
    ------
    InputError
        If the file is there but is not an authority, or has expired.
    """

    def __init__(self, folder: Path, *, now: dt.datetime | None = None) -> None:
        self.path = folder / "authority.pem"
        now = now or utc_now()
        if not self.path.exists():
            create_private(self.path, _make_authority(now))
        try:
            pem = self.path.read_bytes()
            x509, serialization = _x509(), require("cryptography.hazmat.primitives.serialization", extra="stream")
            self._certificate = x509.load_pem_x509_certificate(pem)
            self._key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, OSError) as error:
            raise InputError(
                f"{self.path} is not a readable certificate authority ({error}); move it away and a new one is made "
                f"(cards of this person's servers then have to be made again)"
            ) from error
        if self._certificate.not_valid_after_utc <= now:
            raise InputError(f"the certificate authority {self.path} has expired; move it away and a new one is made")

    @property
    def pem(self) -> str:
        """The certificate alone, for cards."""
        encoding = require("cryptography.hazmat.primitives.serialization", extra="stream").Encoding
        return str(self._certificate.public_bytes(encoding.PEM).decode())

    def leaf(self, *, now: dt.datetime) -> Leaf:
        """A new P-256 certificate for `NAME`."""
        x509 = _x509()
        key = _new_key()
        ends = now + dt.timedelta(days=LEAF_DAYS) - SKEW
        builder = (
            _builder(NAME, self._certificate.subject, key, begins=now - SKEW, ends=ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        return Leaf(certificate=builder.sign(self._key, _sha256()), key=key, ends=ends)


class LeafKeeper:
    """Keeps a server's certificate valid while it runs.

    Parameters
    ----------
    authority : Authority
        Signs.
    clock : callable, optional
        Returns the time; tests give their own.
    """

    def __init__(self, authority: Authority, *, clock: Callable[[], dt.datetime] = utc_now) -> None:
        self._authority = authority
        self._clock = clock
        self.leaf = authority.leaf(now=clock())

    def renew(self) -> bool:
        """Make a new certificate if the present one ends soon, or the clock was set to before it; whether it did."""
        now = self._clock()
        if RENEW_BEFORE < self.leaf.ends - now <= dt.timedelta(days=LEAF_DAYS):
            return False
        self.leaf = self._authority.leaf(now=now)
        return True


def check_authority(pem: str) -> None:
    """An `InputError` if `pem` is not the certificate of an authority."""
    try:
        certificate = _x509().load_pem_x509_certificate(pem.encode())
        certificate.extensions.get_extension_for_class(_x509().BasicConstraints)
    except (ValueError, _x509().ExtensionNotFound) as error:
        raise InputError(f"not a card: its authority is not a certificate that can be read ({error})") from error


def _make_authority(now: dt.datetime) -> bytes:
    x509, serialization = _x509(), require("cryptography.hazmat.primitives.serialization", extra="stream")
    key = _new_key()
    name = _name("midstream-lab authority")
    certificate = (
        _builder("midstream-lab authority", name, key, begins=now - SKEW, ends=now + dt.timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, _sha256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)


def _builder(common: str, issuer: Any, key: Any, *, begins: dt.datetime, ends: dt.datetime) -> Any:
    x509 = _x509()
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _name(common: str) -> Any:
    x509 = _x509()
    return x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, common)])


def _usage(**allowed: bool) -> Any:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return _x509().KeyUsage(**{name: allowed.get(name, False) for name in names.split()})


def _new_key() -> Any:
    ec = require("cryptography.hazmat.primitives.asymmetric.ec", extra="stream")
    return ec.generate_private_key(ec.SECP256R1())


def _sha256() -> Any:
    return require("cryptography.hazmat.primitives.hashes", extra="stream").SHA256()


def _x509() -> Any:
    return require("cryptography.x509", extra="stream")
