"""Compile the kernels before they are needed, in a process of its own.

Compiling holds the GIL for seconds, which would stall a live stream. A child process compiles every
kernel into numba's cache on disk; this process then only loads machine code.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import threading
from pathlib import Path

from .errors import LabError

__all__ = ["Warming", "warm"]

READY = "kernels ready"

#: Rooms with a generator ``warm()`` that compiles their kernels one by one and yields ``(kernel, done, total)``.
PILLARS = ("compare", "attractors", "scheduling", "loops")


class Warming:
    """A warm-up under way, or done.

    Attributes
    ----------
    done : bool
        Whether it has ended, well or not.
    error : str or None
        Why it failed.
    progress : str
        One line for a person.
    """

    def __init__(self) -> None:
        self.error: str | None = None
        self._ended = threading.Event()
        self._marker = _marker()
        if self._marker.exists():
            self.progress = READY
            self._ended.set()
            return
        self.progress = "compiling kernels: starting"
        self._child = subprocess.Popen(
            [sys.executable, "-m", "midstream_lab.warm"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._follow, name="midstream-warm", daemon=True).start()

    @property
    def done(self) -> bool:
        return self._ended.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; False if `timeout` seconds pass before."""
        return self._ended.wait(timeout)

    def _follow(self) -> None:
        # The child writes little to stderr (a traceback at most), so one pipe after the other cannot block.
        with self._child as child:
            for line in child.stdout or ():
                step = json.loads(line)
                self.progress = f"compiling kernels: {step['done']} of {step['total']} ({step['kernel']})"
            complaint = child.stderr.read() if child.stderr else ""
        if child.returncode:
            self.error = complaint.strip().splitlines()[-1] if complaint.strip() else f"exit code {child.returncode}"
            self.progress = f"kernels compile when first used; compiling ahead failed: {self.error}"
        else:
            self.progress = READY
            with contextlib.suppress(OSError):  # nothing to remember it by; the next process asks again
                self._marker.parent.mkdir(parents=True, exist_ok=True)
                self._marker.touch()
        self._ended.set()

    def __repr__(self) -> str:
        return f"<Warming: {self.progress}>"


_lock = threading.Lock()
_current: Warming | None = None


def warm(*, block: bool = False) -> Warming:
    """Compile every kernel in a child process; at most once in the life of this process.

    Parameters
    ----------
    block : bool, optional
        Whether to wait until it is done; default False: look at the result's `progress`.

    Returns
    -------
    Warming

    Raises
    ------
    LabError
        With ``block=True``, if the child process failed.
    """
    global _current
    with _lock:
        if _current is None or (_current.done and _current.error):
            _current = Warming()
        warming = _current
    if block:
        warming.wait()
        if warming.error:
            raise LabError(f"compiling the kernels failed: {warming.error}")
    return warming


def _marker() -> Path:
    """The file that says that these very kernels were compiled here; it lies beside numba's cache and goes with it."""
    folder = Path(__file__).parent / "kernels"
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    for part in (importlib.metadata.version("numba"), platform.python_version(), platform.machine()):
        digest.update(part.encode() + b"\0")
    cache = os.environ.get("NUMBA_CACHE_DIR")
    return (Path(cache) if cache else folder / "__pycache__") / f"warm-{digest.hexdigest()[:16]}"


def _compile_all() -> None:
    """What the child process does: one JSON line for each kernel."""
    for pillar in PILLARS:
        for kernel, done, total in importlib.import_module(f"midstream_lab.{pillar}").warm():
            print(json.dumps({"kernel": f"{pillar}.{kernel}", "done": done, "total": total}), flush=True)


if __name__ == "__main__":
    _compile_all()
