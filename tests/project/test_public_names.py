"""What `import midstream_lab` gives."""

import subprocess
import sys
from types import ModuleType

import pytest

import midstream_lab


def test_every_public_name_is_there() -> None:
    for name in midstream_lab.__all__:
        assert getattr(midstream_lab, name) is not None
        assert name in dir(midstream_lab)


@pytest.mark.parametrize("name", ["read", "resample", "running"])
def test_functions_are_not_hidden_by_modules_of_the_same_name(name: str) -> None:
    import midstream_lab.read.table
    import midstream_lab.resample

    assert not isinstance(getattr(midstream_lab, name), ModuleType)
    assert callable(getattr(midstream_lab, name))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        midstream_lab.nonsense  # noqa: B018


def test_importing_the_package_loads_no_heavy_module() -> None:
    heavy = ("numba", "matplotlib", "scipy", "aioquic", "ipywidgets", "zarr")
    code = f"import sys, midstream_lab; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
