"""numba kernels: arrays and scalars in, arrays and scalars out.

Every kernel is made by the one preset `kernel`: compiled without the GIL and cached on disk.
numba's own cache does not see an edit in an imported kernel, so the preset stamps each entry with
a digest of the sources of the kernel's pillar and of ``kernels/common``. Where nothing is writable
the kernel is compiled in memory.
"""

from .preset import kernel, sources_digest

__all__ = ["kernel", "sources_digest"]
