"""The kernel preset: cached, never stale, and working where nothing can be written."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numba
import pytest

from midstream_lab.kernels import kernel
from midstream_lab.kernels.preset import _stamp, sources_digest

REPO = Path(__file__).parents[2]


def run_copy(root: Path, **env: str) -> str:
    """Call the copy's kernel in a new process; what it prints is the answer and its cache hits."""
    code = "from pkg.pillar.face import total; print(total(3.0), sum(total.stats.cache_hits.values()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(REPO)]), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    pillar = tmp_path / "pkg" / "pillar"
    common = tmp_path / "pkg" / "common"
    for folder in (pillar, common):
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (common / "leaf.py").write_text(
        textwrap.dedent("""\
        from midstream_lab.kernels import kernel

        @kernel
        def leaf(x):
            return x + 1.0
        """)
    )
    (pillar / "face.py").write_text(
        textwrap.dedent("""\
        from midstream_lab.kernels import kernel
        from pkg.common.leaf import leaf

        @kernel
        def total(x):
            return leaf(x) * 10.0
        """)
    )
    return tmp_path


def test_an_edit_in_an_inlined_kernel_of_another_file_recompiles(copy: Path) -> None:
    assert run_copy(copy) == "40.0 0"
    assert run_copy(copy) == "40.0 1"
    leaf = copy / "pkg" / "common" / "leaf.py"
    leaf.write_text(leaf.read_text().replace("x + 1.0", "x + 2.0"))
    assert run_copy(copy) == "50.0 0"


def test_without_the_stamp_the_same_edit_would_give_the_old_answer(copy: Path) -> None:
    """The reason for the stamp; when numba mends this, the preset can go."""
    face = copy / "pkg" / "pillar" / "face.py"
    plain = "import numba\nkernel = numba.njit(cache=True)\n"
    for file in (face, copy / "pkg" / "common" / "leaf.py"):
        file.write_text(file.read_text().replace("from midstream_lab.kernels import kernel\n", plain))
    assert run_copy(copy) == "40.0 0"
    leaf = copy / "pkg" / "common" / "leaf.py"
    leaf.write_text(leaf.read_text().replace("x + 1.0", "x + 2.0"))
    assert run_copy(copy) == "40.0 1"


def test_a_kernel_compiles_where_no_folder_can_be_written(copy: Path) -> None:
    blocked = copy / "not-a-folder"
    blocked.write_text("")
    env = {
        "HOME": str(blocked),
        "XDG_CACHE_HOME": str(blocked / "cache"),
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserWideCacheLocator",
    }
    assert run_copy(copy, **env) == "40.0 0"
    assert run_copy(copy, **env) == "40.0 0"


def test_the_installed_numba_has_the_internals_that_the_stamp_uses() -> None:
    compiled = numba.njit(nogil=True)(lambda x: x)
    compiled.enable_caching()
    assert _stamp(compiled, "digest")
    assert compiled._cache._cache_file._source_stamp[1] == "digest"


def test_a_numba_whose_internals_moved_gives_a_kernel_without_a_cache() -> None:
    assert not _stamp(object(), "digest")


def test_kernels_release_the_gil() -> None:
    assert kernel(lambda x: x).targetoptions["nogil"]


def test_the_digest_covers_the_pillar_and_common_only(copy: Path) -> None:
    package = copy / "pkg"
    before = sources_digest(package / "pillar")
    other = package / "other"
    other.mkdir()
    (other / "x.py").write_text("a = 1")
    sources_digest.cache_clear()
    assert sources_digest(package / "pillar") == before
    (package / "common" / "new.py").write_text("a = 1")
    sources_digest.cache_clear()
    assert sources_digest(package / "pillar") != before
