"""An asyncio loop in a daemon thread of its own, so that a busy notebook cell does not stall the network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..errors import LabError

__all__ = ["LoopThread"]

T = TypeVar("T")


class LoopThread:
    """A running event loop; works whether or not the calling thread runs one.

    Parameters
    ----------
    name : str
        Name of the thread.
    """

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T], *, timeout: float | None = None) -> T:
        """Run a coroutine in the loop and wait for what it returns.

        Raises
        ------
        TimeoutError
            If it takes longer than `timeout` seconds; it is then cancelled.
        """
        if self.inside:
            work.close()
            raise LabError("a call that waits for the network cannot be made from the network's own thread")
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(timeout)
        except TimeoutError:
            future.cancel()
            raise

    def post(self, callback: Callable[..., object], *args: Any) -> None:
        """Call `callback` in the loop soon; nothing happens if the loop has ended."""
        try:
            self.loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            if not self.loop.is_closed():
                raise

    @property
    def inside(self) -> bool:
        """Whether the caller is the loop's own thread."""
        return threading.current_thread() is self._thread

    def close(self) -> None:
        """End the loop and its thread. May be called again."""
        self.post(self.loop.stop)
        if not self.inside:
            self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        finally:
            self.loop.close()
