"""The connection card: all that a client needs to reach a server and to know that it is the right one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from ..errors import InputError
from .folder import write_private

__all__ = ["Card"]

KIND = "midstream-lab card"
VERSION = 1
MAX_BYTES = 64 * 1024

_ID = re.compile(r"[0-9a-f]{16}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,128}")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")


@dataclass(frozen=True, kw_only=True)
class Card:
    """Where a server is, how to know it, and the token that opens it. Whoever has the card can connect.

    Parameters
    ----------
    name : str
        Name of the server.
    server : str
        Its id, 16 hexadecimal digits; lasts as long as its name.
    addresses : tuple of str
        ``host:port``, tried in this order; an IPv6 host stands in brackets.
    authority : str
        Certificate of the lab authority that signed the server's certificate, as PEM.
    token : str
        Access token. `repr` masks it.

    Raises
    ------
    InputError
        If a field is not what a card holds.
    """

    name: str
    server: str
    addresses: tuple[str, ...]
    authority: str = field(repr=False)
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        texts = (self.name, self.server, self.authority, self.token, *self.addresses)
        if not all(map(_is_text, texts)) or not 0 < len(self.name) <= 200:
            raise InputError("not a card: name, server, addresses, authority and token must be texts")
        if not _ID.fullmatch(self.server):
            raise InputError("not a card: the server id must be 16 hexadecimal digits")
        if not _TOKEN.fullmatch(self.token):
            raise InputError("not a card: the token is not one that a server has made")
        if not 0 < len(self.addresses) <= 16:
            raise InputError(f"not a card: it holds {len(self.addresses)} addresses; allowed: 1 to 16")
        for address in self.addresses:
            split_address(address)
        if not self.authority.startswith("-----BEGIN CERTIFICATE-----"):
            raise InputError("not a card: the authority is not a certificate in PEM")

    def save(self, path: str | Path) -> Path:
        """Write the card to a file that only its owner can read, whole or not at all.

        Parameters
        ----------
        path : str or Path
            The file; one that is there is replaced.

        Returns
        -------
        Path
            The file.
        """
        path = Path(path)
        content = {
            "kind": KIND,
            "version": VERSION,
            "name": self.name,
            "server": self.server,
            "addresses": list(self.addresses),
            "authority": self.authority,
            "token": self.token,
        }
        try:
            write_private(path, (json.dumps(content, indent=2) + "\n").encode())
        except OSError as error:
            raise InputError(f"the card cannot be written to {path}: {error.strerror}") from error
        return path

    @classmethod
    def load(cls, path: str | Path) -> Card:
        """Read a card.

        Raises
        ------
        InputError
            If the file is not there, or is not a card of this version.
        """
        path = Path(path)
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise InputError(
                f"the card {path} cannot be read: {error.strerror}. A server writes its card with "
                f"server.card.save(path), or midstream-lab serve NAME --card PATH"
            ) from error
        try:
            return cls._parse(data)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def _parse(cls, data: bytes) -> Card:
        try:
            content: Any = json.loads(data.decode()) if len(data) <= MAX_BYTES else None
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict) or content.get("kind") != KIND:
            raise InputError("not a card; a card is the file that server.card.save(path) writes")
        if content.get("version") != VERSION:
            raise InputError(f"a card of version {content.get('version')!r}; this library reads version {VERSION}")
        names = {"name", "server", "addresses", "authority", "token"}
        if set(content) != names | {"kind", "version"} or not isinstance(content["addresses"], list):
            raise InputError("not a card: its fields are not those of a card; save it again at the server")
        content["addresses"] = tuple(content["addresses"])
        return cls(**{name: content[name] for name in names})

    def __repr__(self) -> str:
        return f"Card(name={self.name!r}, server={self.server!r}, addresses={self.addresses!r}, token='…')"

    def _repr_html_(self) -> str:
        rows = {"server": f"{self.name} ({self.server})", "address": ", ".join(self.addresses), "token": "hidden"}
        body = "".join(f"<tr><th>{key}</th><td>{escape(value)}</td></tr>" for key, value in rows.items())
        return f"<table><caption>connection card</caption>{body}</table>"


def _is_text(value: Any) -> bool:
    """Whether it is a text that can be written; half of a surrogate pair cannot."""
    try:
        return bool(value.encode())
    except (AttributeError, UnicodeEncodeError):
        return False


def split_address(address: str) -> tuple[str, int]:
    """Host and port of ``host:port``."""
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match[2]) < 65536:
        raise InputError(f"not a card: {address!r} is not an address such as 127.0.0.1:4433")
    return match[1].strip("[]"), int(match[2])
