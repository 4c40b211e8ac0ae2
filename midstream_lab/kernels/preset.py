"""The one way to make a kernel: compiled without the GIL, cached on disk, never stale."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

__all__ = ["kernel", "sources_digest"]


@cache
def sources_digest(pillar: Path) -> str:
    """Digest of every source a kernel of `pillar` may inline: its own folder, ``common`` and this file.

    Parameters
    ----------
    pillar : Path
        The folder ``kernels/<pillar>``.

    Returns
    -------
    str
        sha256, in hexadecimal.
    """
    digest = hashlib.sha256()
    files = [Path(__file__)]
    for folder in (pillar, pillar.parent / "common"):
        files += sorted(folder.rglob("*.py"))
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` with numba: no Python objects, no GIL, cached on disk.

    numba keys its cache by the source file of the function alone and returns old machine code after an
    edit in another file that it inlined. Here each entry also carries `sources_digest`. Where no folder
    is writable, or numba's cache is not as expected, the kernel is compiled in memory.

    Parameters
    ----------
    function : callable
        Arithmetic on arrays and scalars. It returns a status and does not raise on data.

    Returns
    -------
    numba dispatcher
    """
    compiled = numba.njit(nogil=True)(function)
    if not numba.config.DISABLE_JIT:
        try:
            compiled.enable_caching()
        except RuntimeError:  # numba found no folder that it may write to
            return compiled
        if not _stamp(compiled, sources_digest(Path(function.__code__.co_filename).parent)):
            return numba.njit(nogil=True)(function)
    return compiled


def _stamp(compiled: Any, digest: str) -> bool:
    """Make `digest` part of the freshness stamp of the cache; False if numba's internals have moved."""
    index: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if not hasattr(index, "_source_stamp"):
        return False
    index._source_stamp = (index._source_stamp, digest)
    return True
