"""``midstream-lab doctor``: what is installed, what works, what is missing."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..errors import LabError


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "doctor",
        help="what is installed, what works, what is missing",
        description="List the packages of each extra, then try the parts: data, kernels, loopback QUIC, pictures. "
        "Exits with 1 if something that is installed does not work.",
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for extra, packages in extras().items():
        missing = [name for name in packages if not installed(name)]
        found = [f"{name} {installed(name)}" for name in packages if installed(name)]
        print(f"{'ok ' if not missing else 'no '} {extra:<11} {', '.join(found)}")
        if missing:
            print(f'     missing: {", ".join(missing)}; pip install "midstream-lab[{extra}]"')
    failed = 0
    for label, check in CHECKS:
        try:
            print(f"ok  {label}: {check()}")
        except ImportError as error:
            print(f"no  {label}: {error}")
        except (LabError, OSError) as error:
            failed += 1
            print(f"BAD {label}: {error}")
    return 1 if failed else 0


def extras() -> dict[str, list[str]]:
    """The packages of the core and of each extra, from the installed metadata."""
    groups: dict[str, list[str]] = {"core": []}
    if not installed("midstream-lab"):
        raise LabError("midstream-lab runs from a folder and is not installed; install it with: pip install -e .")
    for line in importlib.metadata.requires("midstream-lab") or ():
        name = re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0]
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        group = extra.group(1) if extra else "core"
        if name != "midstream-lab" and group not in ("all", "bench", "test"):
            groups.setdefault(group, []).append(name)
    return groups


def installed(package: str) -> str | None:
    """Version of an installed package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_datasets() -> str:
    """Load every shipped dataset, which compares its checksum."""
    from .. import datasets

    names = datasets.names()
    for name in names:
        datasets.load(name)
    return f"{len(names)} shipped, every checksum right"


def check_kernels() -> str:
    """Say where the machine code of the kernels is kept."""
    from ..kernels.attractors.embedding import embed_delay

    folder = embed_delay.stats.cache_path
    return f"machine code is kept in {folder}" if folder else "no folder is writable: they compile in every process"


def check_stream() -> str:
    """Send a few rows over QUIC on loopback."""
    import numpy as np

    from ..sequence import sequence
    from ..stream import Replay, connect, serve

    rows = 1000
    source = Replay(sequence(np.arange(float(rows)), dt="1/1000", unit="s"), speed="max")
    with serve({"check": source}, name="doctor") as server, connect(server.card, name="doctor") as client:
        feed = client.subscribe("check", policy="block")
        feed.wait(n=rows, timeout=20)
        return f"{feed.counts.received:,} rows over loopback, lost {feed.counts.lost}"


def check_plot() -> str:
    """Draw a picture."""
    from ..plot import attractor, png

    return f"a picture of {len(png(attractor([[0.0, 0.0], [1.0, 1.0]]))):,} bytes"


def check_folder() -> str:
    """Write to the folder for temporary files."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x").write_text("x")
    return f"{shutil.disk_usage(tempfile.gettempdir()).free // 2**20:,} MiB free for temporary files"


CHECKS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("datasets", check_datasets),
    ("kernels", check_kernels),
    ("stream", check_stream),
    ("plot", check_plot),
    ("disk", check_folder),
)
