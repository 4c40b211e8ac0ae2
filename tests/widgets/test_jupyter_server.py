"""A running Jupyter server with the lab's settings, seen from outside."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from tornado.websocket import websocket_connect

from midstream_widgets import jupyter

STOCK = "jupyter_server.services.kernels.connection.channels.ZMQChannelsWebsocketConnection"

#: JupyterLab, which also tells how each kernel websocket's socket is set when the connection has been made.
SERVER = """
import socket
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection as Connection
from jupyterlab.labapp import LabApp
connect = Connection.connect
def told(self):
    made = self.websocket_handler.ws_connection.stream.socket
    print("nodelay", made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), flush=True)
    return connect(self)
Connection.connect = told
LabApp.launch_instance()
"""


class Running:
    """The process, what it said of itself, and requests with its token or without."""

    def __init__(self, process: subprocess.Popen[str], said: dict[str, Any]):
        self.process = process
        self.url = said["url"]
        self.token = said["token"]
        self.port = said["port"]

    def ask(self, path: str, *, method: str = "GET", token: bool = True) -> Any:
        request = urllib.request.Request(self.url + path, method=method, data=b"{}" if method == "POST" else None)
        if token:
            request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or "null")

    def nodelay(self) -> str:
        """Open a kernel's websocket as a page does, and give what the server tells about its socket."""
        kernel = self.ask("api/kernels", method="POST")["id"]
        address = f"{self.url.replace('http', 'ws', 1)}api/kernels/{kernel}/channels?token={self.token}"

        async def visit() -> str:
            page = await websocket_connect(address)
            assert self.process.stdout is not None
            line = await asyncio.to_thread(self.process.stdout.readline)
            page.close()
            while await page.read_message() is not None:
                pass
            return line.strip()

        try:
            # In a thread: asyncio.run leaves its own without an event loop, which other tests' servers want.
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(asyncio.run, visit()).result(60)
        finally:
            self.ask(f"api/kernels/{kernel}", method="DELETE")


@contextmanager
def served(private: Path, *more: str) -> Iterator[Running]:
    env = {**os.environ, **jupyter.environment(), "JUPYTER_RUNTIME_DIR": str(private / "runtime")}
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR", "JUPYTERLAB_SETTINGS_DIR"):
        env[name] = str(private / name.lower())
    roots = [str(Path(__file__).parents[2] / part) for part in ("", "widgets")]
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [*roots, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-c", SERVER, "--no-browser", "--allow-root", "--ServerApp.port=0"]
    with (private / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, *jupyter.arguments(), *more], cwd=private, env=env, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            yield Running(process, said_of_itself(process, private))
        finally:
            process.terminate()
            process.communicate(timeout=30)


def said_of_itself(process: subprocess.Popen[str], private: Path) -> dict[str, Any]:
    limit = time.monotonic() + 60
    while time.monotonic() < limit and process.poll() is None:
        for file in (private / "runtime").glob("jpserver-*.json"):
            try:
                said = json.loads(file.read_text())
                urllib.request.urlopen(f"{said['url']}api", timeout=5).close()
            except (ValueError, OSError):
                break
            return said
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start:\n{(private / 'log').read_text()[-3000:]}")


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.mark.parametrize("path", ["api/kernels", "api/contents", "api/terminals", "lab/api/settings"])
def test_a_request_without_the_token_is_refused(running, path):
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        running.ask(path, token=False)
    refused.value.close()
    assert running.ask("api/kernels") == []


def test_it_listens_on_loopback_alone(running):
    listens = {
        (each.laddr.ip, each.laddr.port)
        for each in psutil.Process(running.process.pid).net_connections("tcp")
        if each.status == psutil.CONN_LISTEN and each.laddr.port == running.port
    }
    assert listens == {("127.0.0.1", running.port)}


def test_an_open_kernel_websocket_has_no_delay(running):
    assert running.nodelay() == "nodelay 1"


def test_without_the_setting_it_has(tmp_path):
    with served(tmp_path, f"--ServerApp.kernel_websocket_connection_class={STOCK}") as server:
        assert server.nodelay() == "nodelay 0"
