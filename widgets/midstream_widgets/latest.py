"""Work that follows a slider: of the jobs that come while one runs, only the newest is done."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

__all__ = ["Latest"]

_log = logging.getLogger(__name__)


class Latest:
    """Does jobs on a thread that lives while there are any.

    Parameters
    ----------
    name : str
        Of the thread.
    rest : float, optional
        Seconds for which no newer job may come before one is begun; default 0.

    Attributes
    ----------
    skipped : int
        Jobs that were never begun, because a newer one came.
    """

    def __init__(self, name: str, *, rest: float = 0.0) -> None:
        self.skipped = 0
        self._name, self._rest = name, rest
        self._wake = threading.Condition()
        self._job: Callable[[], object] | None = None
        self._due = 0.0
        self._thread: threading.Thread | None = None
        self._over = False

    @property
    def running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None

    def ask(self, job: Callable[[], object]) -> None:
        """Do `job` soon, in place of one that waits; it has to tell by itself what came of it."""
        with self._wake:
            if self._over:
                return
            self.skipped += self._job is not None
            self._job, self._due = job, time.monotonic() + self._rest
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"midstream-{self._name}", daemon=True)
                self._thread.start()
            self._wake.notify()

    def close(self) -> None:
        """Begin no more jobs; the one that runs is not waited for."""
        with self._wake:
            self._over, self._job = True, None
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                while self._job is not None and (left := self._due - time.monotonic()) > 0:
                    self._wake.wait(left)
                job, self._job = self._job, None
                if job is None:
                    self._thread = None
                    return
            try:
                job()
            except Exception:
                _log.exception("a widget's job failed")
