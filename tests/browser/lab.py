"""JupyterLab on loopback and one page of headless Chromium, for tests and benches."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from midstream_widgets.jupyter import arguments, environment

REPO = Path(__file__).parents[2]

FLAGS = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--enable-unsafe-swiftshader",
]

#: What a page may complain of without any fault of ours: software rendering is slow at reading pixels back.
HARMLESS = (
    "GPU stall due to ReadPixels",
    "Automatic fallback to software WebGL",
    # JupyterLab, to a widget that was closed while a message for its view was on the way
    "processLuminoMessage",
)


@contextmanager
def jupyterlab(folder: Path, private: Path) -> Iterator[str]:
    """Run JupyterLab on `folder` with the lab's configuration; gives the address with the token.

    Its own settings, data and runtime files stay under `private`.
    """
    runtime = private / "runtime"
    paths = {name: str(private / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    here = os.pathsep.join(str(REPO / part) for part in ("", "widgets", "datasets"))
    env = {
        **os.environ,
        **environment(),
        **paths,
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "JUPYTERLAB_SETTINGS_DIR": str(private / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(private / "workspaces"),
        "PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")])),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0"]
    command += [*arguments(), "--LabApp.expose_app_in_browser=True"]
    private.mkdir(parents=True, exist_ok=True)
    with (private / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
        try:
            yield _address(server, runtime, private / "server.log")
        finally:
            server.terminate()
            server.wait(20)


def _address(server: subprocess.Popen, runtime: Path, log: Path) -> str:
    limit = time.monotonic() + 60
    while time.monotonic() < limit and server.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            try:
                said = json.loads(file.read_text())
                urllib.request.urlopen(f"{said['url']}api?token={said['token']}", timeout=5).close()
            except (ValueError, OSError):
                break
            return f"{said['url']}lab?token={said['token']}"
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


CELLS = """
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells].filter((cell) => cell.type === "code");
    const done = (cell) => !cell.sharedModel.getSource().trim()
        || (cell.executionCount !== null && cell.executionState !== "running");
    const wrong = cells.flatMap((cell) => cell.sharedModel.outputs).filter((o) => o.output_type === "error");
"""

KERNEL = "window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel"


class LabPage:
    """A page with a notebook open in JupyterLab.

    Attributes
    ----------
    page : playwright Page
    problems : list of str
        Errors of the console and of scripts, as they came.
    """

    def __init__(self, page: Page):
        self.page = page
        self.problems: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))

    def _heard(self, message: Any) -> None:
        if message.type == "error" and not any(text in message.text for text in HARMLESS):
            self.problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def open(self, address: str, notebook: str) -> None:
        """Open `notebook` and wait until its kernel answers."""
        self.page.goto(address.replace("lab?", f"lab/tree/{notebook}?reset&"))
        self.wait_for("() => window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel != null")
        self.wait_for(f"async () => (await {KERNEL}.info) != null")

    def wait_for(self, predicate: str, *, timeout: float = 120.0) -> Any:
        """Ask the page `predicate`, a JavaScript function, until it gives something true, and return that.

        The page's own waiting is tied to its animation frames, and a question to it has no limit of its own:
        here each is given up in the page after the time that is left, and asked again every 50 ms.
        """
        limit = time.monotonic() + timeout
        while (left := limit - time.monotonic()) > 0:
            answer = self.page.evaluate(
                f"(ms) => Promise.race([({predicate})(), new Promise((done) => setTimeout(done, ms))])", 1000 * left
            )
            if answer:
                return answer
            time.sleep(0.05)
        raise TimeoutError(f"not within {timeout} s: {predicate}")

    def run_all(self) -> None:
        """Start all cells; what is waited for afterwards says when they are done."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def execute(self, code: str, *, timeout: float = 120.0) -> str:
        """Run `code` in the notebook's kernel and give what it prints; an exception there is raised here."""
        said = self.page.evaluate(
            """async ([code, limit]) => {
                const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
                const future = kernel.requestExecute({ code, store_history: false }, true);
                let text = "", wrong = "";
                future.onIOPub = (message) => {
                    if (message.header.msg_type === "stream") text += message.content.text;
                    if (message.header.msg_type === "error") wrong = message.content.traceback.join("\\n");
                };
                const late = new Promise((resolve) => setTimeout(() => resolve("late"), limit));
                if ((await Promise.race([future.done, late])) === "late") wrong = "no answer in time";
                return { text, wrong };
            }""",
            [code, 1000 * timeout],
        )
        if said["wrong"]:
            raise RuntimeError(said["wrong"])
        return said["text"]

    def wait_cells(self, *, timeout: float = 120.0) -> None:
        """Wait until every code cell has been run; a cell that raised is raised here."""
        self.wait_for(f"() => {{ {CELLS} return wrong.length > 0 || cells.every(done); }}", timeout=timeout)
        wrong = self.page.evaluate(
            f"() => {{ {CELLS} return wrong.map((o) => o.traceback.join(String.fromCharCode(10))); }}"
        )
        if wrong:
            raise RuntimeError("\n".join(wrong))

    def shut_down(self) -> None:
        """End the notebook's kernel."""
        self.wait_for(f"async () => {{ await {KERNEL}.shutdown(); return true; }}")


@contextmanager
def chromium(*, width: int = 1200, height: int = 1000, dark: bool = False) -> Iterator[LabPage]:
    """One page of Debian's headless Chromium."""
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("chromium is not installed; `make browser-test` installs it where it can")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
            )
            yield LabPage(context.new_page())
        finally:
            browser.close()


def notebook(path: Path, *cells: str) -> Path:
    """Write a notebook of code cells."""
    made = [
        {"cell_type": "code", "id": f"cell{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": cell}
        for i, cell in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.write_text(json.dumps({"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}))
    return path
