"""The wheel holds what the source tree does, and works without it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as an installer lays it out."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=REPO, check=True, capture_output=True)
    (path,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(wheel: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=wheel.parent,
        env={**os.environ, "PYTHONPATH": str(wheel), "NUMBA_CACHE_DIR": str(wheel.parent / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_every_source_file_is_in_it(wheel: Path) -> None:
    for root, package in ((REPO, "midstream_lab"), (REPO / "widgets", "midstream_widgets")):
        for file in (root / package).rglob("*"):
            if file.suffix in (".py", ".js", ".css", ".json", ".md"):
                assert (wheel / file.relative_to(root)).is_file(), file


def test_it_holds_the_licence_and_no_tests(wheel: Path) -> None:
    (licence,) = wheel.glob("*.dist-info/licenses/LICENSE")
    assert "BSD 3-Clause" in licence.read_text()
    assert not [path for path in wheel.rglob("*") if path.name.startswith("test_")]


def test_its_notebooks_and_datasets_are_found(wheel: Path) -> None:
    code = (
        "from midstream_lab import datasets; from midstream_lab.cli import notebooks;"
        "print(datasets.__file__); print(*notebooks.shipped());"
        "print(sum(datasets.load(name) is not None for name in datasets.names()))"
    )
    home, names, count = run(wheel, code).splitlines()
    assert home.startswith(str(wheel))
    assert names.split() == sorted(path.name for path in (REPO / "notebooks").glob("*.ipynb"))
    assert int(count) == 12


def test_its_widgets_can_be_made(wheel: Path) -> None:
    code = (
        "import midstream_widgets; from midstream_lab.feed import Channel, Feed, Schema;"
        "view = midstream_widgets.LiveAttractor(Feed(Schema(channels=(Channel(name='x'),))), delay=2, estimate=False);"
        "print(midstream_widgets.__file__); print(view); view.close()"
    )
    assert run(wheel, code).startswith(str(wheel))
