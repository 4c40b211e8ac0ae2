"""The widgets without their packages."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("missing", ["ipywidgets", "anywidget"])
@pytest.mark.parametrize("name", ["LiveAttractor", "SchedulerStepper", "LoopInspector"])
def test_a_missing_package_names_the_install_line(missing: str, name: str) -> None:
    script = f"""
import sys
sys.modules[{missing!r}] = None
from midstream_lab.errors import MissingExtra
try:
    from midstream_widgets import {name}
except MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 'pip install "midstream-lab[widgets]"' in done.stdout
