"""What stands between feeds: it reads some, fills one, and runs on a lane a turn at a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .lanes import LaneName, Lanes, TaskState, default_lanes
from .reader import Reader
from .schema import Block

if TYPE_CHECKING:
    from .feed import Feed

__all__ = ["BLOCK_ROWS", "Node", "Runner"]

#: Most rows that an operator gets in one turn.
BLOCK_ROWS = 4096


class Runner:
    """A task on the lanes that reads feeds, a turn at a time.

    Parameters
    ----------
    key : str
        What names it among the readers of a feed; an older one of the same key is closed.
    lanes : Lanes, optional
        Where it runs; default the shared ones.
    lane : {"quick", "slow"}, optional
        Where it starts.
    """

    def __init__(self, *, key: str, lanes: Lanes | None, lane: LaneName = "quick") -> None:
        self.key = key
        self.lane: LaneName = lane
        self.lanes = lanes or default_lanes()
        self.state: TaskState = "idle"
        self.inputs: tuple[Reader, ...] = ()

    def wake(self) -> None:
        """There is something to do."""
        self.lanes.submit(self)

    def turn(self) -> bool:
        """One bounded piece of work; True if there is more."""
        raise NotImplementedError

    def close(self, error: BaseException | None = None) -> None:
        """End now; what waits is given up."""
        raise NotImplementedError

    def fail(self, error: BaseException) -> None:
        """End with `error`; the feeds above go on."""
        self.close(error)

    def slowed(self, seconds: float) -> None:
        """Say that the task has moved to the slow lane; `seconds` is what a turn may take on the quick one."""
        self.note(f"a turn took more than {seconds * 1e3:.0f} ms: it now runs on the slow lane")

    def note(self, *lines: str) -> None:
        """Add lines to the health of what it serves."""
        raise NotImplementedError

    def detach(self) -> None:
        """Stop reading."""
        for reader in self.inputs:
            reader.detach()

    def close_older(self, feed: Feed) -> None:
        """Close what reads `feed` under the same key."""
        for reader in feed.readers:
            older = reader.listener
            if isinstance(older, Runner) and older.key == self.key and older is not self:
                older.close()
                self.note(f"closed the older {self.key!r} of this feed")


class Node(Runner):
    """A runner that fills a feed.

    It holds what the feed has no room for yet, and takes no more until that is delivered: so a slow reader
    at the end of a chain holds up the source, and memory stays bounded in between.

    Parameters
    ----------
    feed : Feed
        The feed to fill; this node becomes its `upstream`.
    key, lane
        See `Runner`.
    """

    def __init__(self, feed: Feed, *, key: str, lane: LaneName = "quick") -> None:
        super().__init__(key=key, lanes=feed.lanes, lane=lane)
        self.feed = feed
        self._held: deque[Block] = deque()
        self._starved = False
        feed.upstream = self

    def close(self, error: BaseException | None = None) -> None:
        self.feed.close(error)

    def note(self, *lines: str) -> None:
        self.feed.note(*lines)

    def report(self) -> list[str]:
        """Lines for the health of the filled feed."""
        return []

    def room_opened(self) -> None:
        """A reader of the filled feed is done with rows."""
        if self._starved:
            self._starved = False
            self.wake()

    @property
    def active(self) -> bool:
        """Whether it has something to do now."""
        return self.state != "idle" or bool(self._held)

    def hold(self, block: Block | None) -> None:
        """Keep a block for delivery."""
        if block is not None and len(block):
            self._held.append(block)

    def deliver(self) -> bool:
        """Append what is held, as far as the filled feed has room; True if nothing is left."""
        while self._held:
            room = self.feed.room()
            if room <= 0:
                self._starved = True
                if self.feed.room() <= 0:  # asked again: room may have opened before the flag was set
                    return False
                self._starved = False
                continue
            block = self._held.popleft()
            if len(block) > room:
                step = self.feed.schema.time.step
                self._held.appendleft(block.cut(room, len(block), step=step))
                block = block.cut(0, room, step=step)
            if not self.feed.offer(block):
                self._held.clear()
        return True
