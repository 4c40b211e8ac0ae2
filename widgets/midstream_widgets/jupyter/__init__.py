"""The lab's own Jupyter settings: no delay on the kernel's connection, loopback only, Jupyter's token kept.

They travel in the environment and on the command line of one server, so a person's own Jupyter
configuration is neither read differently nor changed.

Examples
--------
>>> arguments()
['--ServerApp.ip=127.0.0.1', '--ServerApp.allow_remote_access=False']
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["arguments", "environment"]

_CONFIG = Path(__file__).parent / "config"


def arguments() -> list[str]:
    """Arguments for ``jupyter lab`` that no configuration file may override."""
    return ["--ServerApp.ip=127.0.0.1", "--ServerApp.allow_remote_access=False"]


def environment() -> dict[str, str]:
    """Environment variables for ``jupyter lab``: where it finds the lab's configuration."""
    given = os.environ.get("JUPYTER_CONFIG_PATH")
    return {"JUPYTER_CONFIG_PATH": os.pathsep.join([str(_CONFIG)] + ([given] if given else []))}
