"""midstream_lab: a lab for sequences in motion.

Load a sequence or stream one live, see its attractor, and read estimates that say how sure they are.

>>> import midstream_lab
>>> ecg = midstream_lab.datasets.load("ecg_mitbih_208")
>>> ecg.sizes["time"]
108000
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# `read` and `resample` are bound here because the modules of the same name would hide them once imported.
from .mapping import map_series
from .read import read
from .registry import running
from .resample import resample

__all__ = [
    "attractors",
    "compare",
    "datasets",
    "feed",
    "logic",
    "loops",
    "map_series",
    "plot",
    "read",
    "resample",
    "running",
    "scheduling",
    "sequence",
    "stream",
]


def __getattr__(name: str) -> Any:
    # The rooms are imported when first used: `import midstream_lab` stays quick.
    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
