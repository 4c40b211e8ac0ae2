"""What a server keeps under its name: id, access token and port."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import quote

from ..errors import InputError
from .folder import write_private

__all__ = ["Identity", "load_identity", "store_identity"]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Lasts as long as the server's name, so that cards stay good; the token is hidden in `repr`."""

    server: str
    token: str
    port: int = 0

    def __repr__(self) -> str:
        return f"Identity(server={self.server!r}, port={self.port}, token='…')"


def load_identity(folder: Path, name: str, *, rotate_token: bool = False) -> Identity:
    """The identity of the server `name`; made at its first start, with a new token if asked for one."""
    path = _path(folder, name)
    if path.exists():
        try:
            content = json.loads(path.read_text())
            kept = Identity(server=str(content["server"]), token=str(content["token"]), port=int(content["port"]))
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise InputError(
                f"{path} is damaged ({error}); remove it and make the cards of this server again"
            ) from error
        if not rotate_token:
            return kept
        kept = replace(kept, token=_new_token())
    else:
        kept = Identity(server=os.urandom(8).hex(), token=_new_token())
    store_identity(folder, name, kept)
    return kept


def store_identity(folder: Path, name: str, identity: Identity) -> None:
    """Keep it, readable by its owner only."""
    path = _path(folder, name)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(path, json.dumps(asdict(identity)).encode())


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _path(folder: Path, name: str) -> Path:
    return folder / "servers" / f"{quote(name, safe='')[:200]}.json"
