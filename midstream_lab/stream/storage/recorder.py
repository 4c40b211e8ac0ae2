"""`record`: a feed into a Zarr store, by a thread of its own."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from html import escape
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType

from ... import registry
from ...errors import InputError, LabError, require
from ...feed import Feed
from ...feed.backlog import attach
from ...feed.node import BLOCK_ROWS
from ...feed.reader import Policy, checked_policy
from .numbering import Numbering
from .store import Store
from .strict import MAX_CHUNK

__all__ = ["RecordCounts", "Recorder", "record"]


@dataclass(frozen=True, kw_only=True)
class RecordCounts:
    """What happened to the rows of the feed.

    Parameters
    ----------
    recorded : int
        Rows that are in the recording now, those of earlier recorders too.
    published : int
        Those of them in whole chunks, which any Zarr reader sees; the others stand in the journal.
    skipped : int
        Rows that the recording held already.
    dropped : int
        Rows that the recorder did not get, because it was behind or was closed.
    waiting : int
        Rows that it has still to take.
    """

    recorded: int = 0
    published: int = 0
    skipped: int = 0
    dropped: int = 0
    waiting: int = 0


def record(
    feed: Feed,
    path: str | PathLike[str],
    *,
    name: str | None = None,
    chunk: int | None = None,
    policy: Policy = "block",
    continues: bool | None = None,
    sync_seconds: float = 1.0,
) -> Recorder:
    """Write every row of a feed to disk, until it or the recorder is closed; returns at once.

    The recording is a Zarr store with a journal beside it (RECORDING.md). Whatever ends this process, the recording
    holds the first so many rows that it was given, and `record` on the same path goes on behind them.

    Parameters
    ----------
    feed : Feed
        What to record, from the oldest row that it holds.
    path : path
        The folder, for example ``"run.zarr"``. A recording of the same schema that is there goes on.
    name : str, optional
        Default `path`. An older recorder of that name is closed first.
    chunk : int, optional
        Rows in a chunk; default 16,384, or 1,024 where there are texts, or fewer of very wide rows.
    policy : {"block", "drop_oldest", "drop_newest", "decimate"}, optional
        Whether a source that can wait waits for the disk, or what is lost when the disk is behind; lost rows are gaps
        of the recording. Default ``"block"``.
    continues : bool, optional
        Where the recording has rows: True if the feed numbers its rows as the recording does (a replay from its
        beginning, say), so that those it holds already are skipped; False if the source has begun anew, so that a gap
        of unknown size comes before its first row. Default: True if the first row comes after the newest one of
        the recording, in number and in time.
    sync_seconds : float, optional
        Rows are handed to the operating system at once, and outlast the death of this process; after so many seconds
        they are synced, and outlast a power cut. Default 1.

    Returns
    -------
    Recorder
        Close it with `close`, or use it in a ``with`` block.

    Raises
    ------
    InputError
        If `path` holds something else, a recording of another schema or a damaged one, or is being recorded.
    StorageError
        If the files cannot be made.
    MissingExtra
        If numcodecs, which comes with zarr, is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from midstream_lab.feed import Channel, Schema
    >>> from midstream_lab.stream import Recording
    >>> feed = Feed(Schema(channels=(Channel(name="x", unit="mV"),)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with record(feed, folder + "/run.zarr") as recorder:
    ...         feed.append_rows([[0.5, 1.0, 1.5]])
    ...     Recording(folder + "/run.zarr").window().values
    array([0.5, 1. , 1.5])
    """
    require("numcodecs", extra="record")
    if not isinstance(feed, Feed):
        raise InputError(f"record() takes a feed, not {type(feed).__name__}; client.subscribe(name) gives one")
    if not isinstance(path, (str, PathLike)) or not fspath(path):
        raise InputError(f"path names a folder, for example 'run.zarr'; it is not {path!r}")
    if chunk is not None and (type(chunk) is not int or not 1 <= chunk <= MAX_CHUNK):
        raise InputError(f"chunk must be a whole number of rows, 1 to {MAX_CHUNK}, not {chunk!r}")
    if not 0 <= sync_seconds < float("inf"):
        raise InputError(f"sync_seconds must be 0 or more, not {sync_seconds!r}")
    policy = checked_policy(policy)
    folder = Path(fspath(path)).expanduser()
    name = fspath(path) if name is None else name
    notes = registry.close_older("recorder", name)  # which lets the folder go
    store = Store(folder, feed.schema, name=feed.name or folder.stem, chunk=chunk)
    try:
        numbering = Numbering(store.position, step=feed.schema.time.step, continues=continues)
        return Recorder(feed, store, numbering, name=name, policy=policy, sync_seconds=sync_seconds, notes=notes)
    except BaseException:
        store.abandon()
        raise


class Recorder:
    """Writes a feed to disk; made by `record`.

    A recorder that fails ends itself, keeps its error, and says so in the health of the feed, which goes on.

    Attributes
    ----------
    name : str
        Its name.
    path : Path
        The folder.
    error : BaseException or None
        Why it ended, if it was for an error.
    health : list of str
        What it found and replaced.
    """

    def __init__(
        self,
        feed: Feed,
        store: Store,
        numbering: Numbering,
        *,
        name: str,
        policy: Policy,
        sync_seconds: float,
        notes: list[str],
    ) -> None:
        self.name = name
        self.path = store.folder
        self.error: BaseException | None = None
        self.health: list[str] = notes + store.notes
        self._feed = feed
        self._store = store
        self._numbering = numbering
        self._sync_seconds = sync_seconds
        self._sync_at: float | None = None
        self._left: int | None = None  # rows to take before the end
        self._work = threading.Condition()
        self._failure: BaseException | None = None
        self._woken = True
        self._ended = threading.Event()
        self._reader = attach(feed, self, policy, strided=True)
        registry.register("recorder", name, self)
        self._thread = threading.Thread(target=self._run, name=f"midstream-recorder-{name}", daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether nothing more will be written."""
        return self._ended.is_set()

    @property
    def rows(self) -> int:
        """Rows of the recording, those of earlier recorders too."""
        return self._store.count

    @property
    def counts(self) -> RecordCounts:
        """What happened to the rows of the feed so far."""
        read = self._reader.counts
        return RecordCounts(
            recorded=self._store.count,
            published=self._store.layout.rows,
            skipped=self._numbering.skipped,
            dropped=read.dropped,
            waiting=read.waiting,
        )

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the feed has ended and every row is written.

        Parameters
        ----------
        timeout : float, optional
            Longest wait in seconds; default no limit.

        Returns
        -------
        bool
            True.

        Raises
        ------
        LabError
            If the time ran out. If the recorder ended for an error, that error.
        """
        if not self._ended.wait(timeout):
            raise LabError(f"waited {timeout} s for the recorder {self.name!r}, but its feed has not ended; close it")
        if self.error is not None:
            raise self.error
        return True

    def close(self) -> None:
        """Write what the feed has now, publish it and end. May be called again; `wait` raises what went wrong."""
        with self._work:
            if self._left is None:
                self._left = self._reader.waiting
        self.wake()
        if threading.current_thread() is not self._thread:
            self._ended.wait()

    def wake(self) -> None:
        """The feed has rows, or has closed."""
        with self._work:
            self._woken = True
            self._work.notify()

    def fail(self, error: BaseException) -> None:
        """The reader was overrun."""
        self._failure = error
        self.wake()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if error is None and self.error is not None:
            raise self.error

    def __repr__(self) -> str:
        return f"<Recorder {self.name!r}: {self.rows:,} rows, {self._state()}>"

    def _repr_html_(self) -> str:
        counts = "".join(f"<tr><th>{key}</th><td>{value:,}</td></tr>" for key, value in vars(self.counts).items())
        health = "".join(f"<li>{escape(line)}</li>" for line in self.health)
        title = f"<strong>Recorder {escape(self.name)}</strong>: {escape(self._state())}"
        return f"<div>{title}<table>{counts}</table>" + (f"<ul>{health}</ul>" if health else "") + "</div>"

    def _state(self) -> str:
        if not self.closed:
            return "running"
        return "closed" if self.error is None else f"failed: {self.error}"

    def _run(self) -> None:
        try:
            while self._turn():
                pass
            self._reader.detach()
            self._store.close()
            self.error = self._feed.error if self._left is None else None
        except Exception as error:
            self.error = error
            self._feed.note(f"the recorder {self.name!r} was closed by {error!r}; {self._store.count} rows are safe")
            self._reader.detach()
            self._store.abandon()
        finally:
            registry.remove("recorder", self.name, self)
            self._ended.set()

    def _turn(self) -> bool:
        """Write the next rows, or wait for them; False when there will be no more."""
        if self._failure is not None:
            raise self._failure
        left = self._left
        most = BLOCK_ROWS if left is None else min(BLOCK_ROWS, left)
        block = self._reader.take(most) if most else None
        if block is not None:
            if left is not None:
                self._left = left - len(block)
            block, anew = self._numbering.place(block)
            self._store.append(block, anew=anew)
            self._reader.release()
            if self._sync_at is None:
                self._sync_at = time.monotonic() + self._sync_seconds
        elif left is not None or self._reader.ended:
            return False
        if self._sync_at is not None and time.monotonic() >= self._sync_at:
            self._store.sync()
            self._sync_at = None
        if block is None:
            self._sleep()
        return True

    def _sleep(self) -> None:
        """Wait for rows, at most until those that were written are to be synced."""
        with self._work:
            if not self._woken:
                self._work.wait(None if self._sync_at is None else max(0.0, self._sync_at - time.monotonic()))
            self._woken = False
