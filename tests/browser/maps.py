"""What the tests of the zoomed maps share."""

from __future__ import annotations

from pathlib import Path

import lab


def wait_data(page: lab.LabPage, name: str, test: str) -> None:
    """Wait until the page's ``data-name`` is there and passes `test` of ``value``, in JavaScript."""
    page.wait_for(
        f"() => ((value) => value !== undefined && ({test}))(document.querySelector('.midstream')?.dataset.{name})"
    )


def fits(jupyter: tuple[Path, str], cell: str) -> None:
    """Assert that what `cell` shows stays within a dark page of 360 pixels."""
    folder, address = jupyter
    lab.notebook(folder / "narrow.ipynb", cell)
    with lab.chromium(width=360, dark=True) as page:
        page.open(address, "narrow.ipynb")
        page.page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); window.jupyterapp.shell.collapseRight(); }")
        page.run_all()
        try:
            page.wait_cells()
            wait_data(page, "drawn", "true")
            page.wait_for("() => document.querySelector('aside').innerText.length > 0")
            inside = page.page.evaluate(
                """() => [...document.querySelectorAll(".midstream, .midstream-stage, aside")].map((node) =>
                    node.getBoundingClientRect().right
                        <= document.querySelector(".jp-OutputArea").getBoundingClientRect().right + 1)"""
            )
            assert inside == [True] * 3
            assert page.problems == []
        finally:
            page.shut_down()
