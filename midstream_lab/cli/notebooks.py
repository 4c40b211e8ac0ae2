"""The shipped notebooks, copied to a folder of the person's own. A changed copy is never overwritten."""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from pathlib import Path

from ..errors import InputError

#: What was copied, so that an untouched copy can be renewed and a changed one kept.
MANIFEST = ".midstream-lab.json"


def shipped() -> dict[str, bytes]:
    """Name and content of every notebook, from the wheel or from the source tree."""
    tree = Path(__file__).parents[2]
    folder = tree / "notebooks" if (tree / "pyproject.toml").is_file() else resources.files("midstream_notebooks")
    found = {file.name: file.read_bytes() for file in folder.iterdir() if file.name.endswith(".ipynb")}
    if found:
        return dict(sorted(found.items()))
    raise InputError("no notebooks come with this installation; reinstall midstream-lab")


def copy_to(folder: Path) -> list[str]:
    """Copy the notebooks to `folder` and return one line for each about what was done.

    Raises
    ------
    InputError
        If `folder` is a file or cannot be written.
    """
    manifest = folder / MANIFEST
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = json.loads(manifest.read_text()) if manifest.exists() else {}
    except OSError as error:
        raise InputError(f"cannot use {folder} for the notebooks: {error.strerror}; name another folder") from error
    except ValueError:
        known = {}
    if not isinstance(known, dict):
        known = {}
    done = []
    for name, content in shipped().items():
        copy = folder / name
        mine = _digest(content)
        theirs = _digest(copy.read_bytes()) if copy.exists() else None
        if theirs == mine:
            done.append(f"{name}: as shipped")
        elif theirs is None or theirs == known.get(name):
            copy.write_bytes(content)
            done.append(f"{name}: copied")
        else:
            done.append(f"{name}: yours, kept (delete it to get the shipped one)")
            continue
        known[name] = mine
    manifest.write_text(json.dumps(known, indent=1))
    return done


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
