"""Commands in processes of their own, shared by the tests of the command line."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

WAIT = 90.0

Start = Callable[..., "Process"]


class Process:
    """A command in a process of its own, whose lines can be waited for."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self.seen: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "midstream_lab", *arguments],
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            # Under a runner in the background SIGINT is ignored, and a child would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def wait_line(self, words: str) -> str:
        """The first line with these words; the process is killed if none comes in time."""
        watchdog = threading.Timer(WAIT, self.process.kill)
        watchdog.start()
        try:
            assert self.process.stdout is not None
            for line in self.process.stdout:
                self.seen.append(line)
                if words in line:
                    return line
        finally:
            watchdog.cancel()
        raise AssertionError(f"no line with {words!r}: {self.seen}, {self.process.communicate()}")

    def say(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def interrupt(self, by: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        """Ctrl-C, or another signal; exit code, what it printed since, and its errors."""
        self.process.send_signal(by)
        out, err = self.process.communicate(timeout=WAIT)
        return self.process.returncode, out, err

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
