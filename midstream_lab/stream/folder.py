"""Where a person's own files are kept, and how secrets are written there."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from ..errors import InputError

__all__ = ["create_private", "data_folder", "write_private"]


def data_folder() -> Path:
    """The folder of this person's certificates and server names; made on first use, readable by its owner only.

    ``MIDSTREAM_LAB_DATA`` names another. Otherwise ``%APPDATA%`` on Windows, ``~/Library/Application Support`` on
    macOS, and ``$XDG_DATA_HOME`` or ``~/.local/share`` elsewhere.
    """
    own = os.environ.get("MIDSTREAM_LAB_DATA")
    if own:
        folder = Path(own)
    elif sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "midstream-lab"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support" / "midstream-lab"
    else:
        folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "midstream-lab"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the data folder {folder} cannot be made ({error.strerror}); set MIDSTREAM_LAB_DATA to one that can"
        ) from error
    return folder


def write_private(path: Path, data: bytes) -> None:
    """Put `data` at `path`, whole or not at all, readable by its owner only."""
    temporary = _temporary(path, data)
    try:
        os.replace(temporary, path)
    except OSError:
        temporary.unlink()
        raise


def create_private(path: Path, data: bytes) -> bool:
    """Like `write_private`, unless `path` is there already; whether it was made."""
    temporary = _temporary(path, data)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    return True


def _temporary(path: Path, data: bytes) -> Path:
    # mkstemp opens with O_EXCL and mode 0600, so nobody else can read it even for a moment
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
