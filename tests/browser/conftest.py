"""One JupyterLab for the tests of a file, and notebooks opened in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The folder that JupyterLab shows, and its address with the token."""
    lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)
    folder = tmp_path_factory.mktemp("notebooks")
    with lab.jupyterlab(folder, tmp_path_factory.mktemp("private")) as address:
        yield folder, address


@pytest.fixture
def ran(jupyter: tuple[Path, str]) -> Callable[..., AbstractContextManager[Any]]:
    """``ran(*cells)``: a page with a notebook of these cells, all of them run; its kernel ends with it."""
    import lab

    folder, address = jupyter

    @contextmanager
    def ran(*cells: str) -> Iterator[Any]:
        name = lab.notebook(folder / "harness.ipynb", *cells).name
        with lab.chromium() as page:
            page.open(address, name)
            page.run_all()
            try:
                page.wait_cells()
                yield page
            finally:
                page.shut_down()

    return ran
