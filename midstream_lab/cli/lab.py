"""``midstream-lab lab``: the notebooks in JupyterLab, with the lab's settings."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from ..errors import InputError, require


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "lab",
        help="open the notebooks in JupyterLab",
        description="Copy the notebooks to DIR (a copy that you changed is kept), compile the kernels once, and open "
        "JupyterLab there with the lab's settings: loopback only, with Jupyter's token, and without delay on the "
        "kernel's connection.",
    )
    command.add_argument(
        "dir",
        metavar="DIR",
        nargs="?",
        type=Path,
        default=Path("midstream-notebooks"),
        help="folder for the notebooks (default: %(default)s)",
    )
    command.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
    command.add_argument("--port", type=int, default=8888, help="first TCP port to try (default: %(default)s)")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from . import notebooks
    from .warm import run as warm_up

    if not 0 <= args.port < 65536:
        raise InputError(f"port must be 0 to 65535, not {args.port}")
    settings = require("midstream_widgets.jupyter", extra="lab")
    os.environ.update(settings.environment())
    labapp = require("jupyterlab.labapp", extra="lab")
    start = time.monotonic()
    for line in notebooks.copy_to(args.dir):
        print(line)
    warm_up(args)
    print(f"ready after {time.monotonic() - start:.1f} s; JupyterLab opens on {args.dir / '00_live_attractor.ipynb'}")
    arguments = [f"--port={args.port}", *settings.arguments(), "--LabApp.default_url=/lab/tree/00_live_attractor.ipynb"]
    if getattr(os, "geteuid", lambda: 1)() == 0:  # in a container; still loopback only, with a token
        arguments.append("--allow-root")
    if args.no_browser:
        arguments.append("--no-browser")
    os.chdir(args.dir)
    labapp.LabApp.launch_instance(arguments)
    return 0
