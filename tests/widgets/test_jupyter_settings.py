"""The lab's Jupyter settings: no delay, loopback, token kept, no news."""

import json
import os
import signal
from pathlib import Path

import pytest
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyterlab.labapp import LabApp

from midstream_widgets import jupyter
from midstream_widgets.jupyter.nodelay import NoDelayConnection


def test_connections_are_made_without_delay(monkeypatch):
    done = []
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", lambda self: done.append("connected"))

    class Handler:
        def set_nodelay(self, value):
            done.append(value)

    class Connection(NoDelayConnection):
        websocket_handler = Handler()

        def __init__(self):
            pass

    Connection().connect()
    assert done == [True, "connected"]


@pytest.fixture
def lab_app(monkeypatch, tmp_path):
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", jupyter.environment()["JUPYTER_CONFIG_PATH"])
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    server = LabApp.initialize_server(argv=[*jupyter.arguments(), "--ServerApp.port=0", "--allow-root"])
    yield server
    for number, handler in handlers.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)  # the server takes Ctrl-C, which is pytest's
    server.http_server.stop()
    server.io_loop.close(all_fds=True)
    LabApp.clear_instance()
    type(server).clear_instance()


def test_a_server_takes_the_settings(lab_app):
    assert lab_app.kernel_websocket_connection_class is NoDelayConnection
    assert lab_app.ip == "127.0.0.1"
    assert not lab_app.allow_remote_access
    assert len(lab_app.identity_provider.token) >= 32


def test_the_persons_own_configuration_path_is_kept(monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/somewhere")
    first, second = jupyter.environment()["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert second == "/somewhere"
    assert Path(first, "jupyter_server_config.json").is_file()


def test_nothing_is_asked_about_news():
    folder = Path(jupyter.environment()["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0])
    assert json.loads((folder / "jupyter_lab_config.json").read_text())["LabApp"]["news_url"] is None
