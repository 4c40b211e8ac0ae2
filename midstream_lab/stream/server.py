"""`serve`: a QUIC server for sources, in a thread of its own."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from html import escape
from os import PathLike
from types import TracebackType
from typing import Any

from .. import registry
from ..errors import InputError
from ..feed.schema import Source
from ._aioquic import Admission, Listener
from .addresses import addresses_of, listen_error, numeric
from .card import Card
from .certificates import Authority, LeafKeeper, utc_now
from .configuration import on_loopback, server_configuration, use_certificate
from .folder import data_folder
from .identity import load_identity, store_identity
from .limits import Limits
from .link import Link, unknown_source
from .loop import LoopThread
from .outflow import Outflow
from .qlog import QlogFolder
from .runner import Runner, Start
from .served import Served, named_sources
from .tickets import Tickets

__all__ = ["Server", "serve"]


def serve(
    *sources: Served | Mapping[str, Served],
    name: str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    start: Start = "subscribe",
    window: int = 65_536,
    max_bytes: int = 8 * 2**20,
    batch_seconds: float = 0.004,
    rotate_token: bool = False,
    limits: Limits | None = None,
    qlog: str | PathLike[str] | None = None,
) -> Server:
    """Stream sources over QUIC; returns at once.

    Parameters
    ----------
    *sources : Source, DataArray, Dataset, path, or mapping of name to those
        What to stream. A sequence is replayed at its own rate, and so is a file that `midstream_lab.read` reads.
    name : str, optional
        Name of the server; default the names of its sources. Its id, token and port last as long as the name.
        A server of this process with the same name is closed first.
    host : str, optional
        Address to listen on; default 127.0.0.1, ``"localhost"``: this machine only. ``"0.0.0.0"`` for all addresses.
    port : int, optional
        UDP port; default 0: the one that the name had last, else any that is free.
    start : {"subscribe", "now"}, optional
        When the sources begin. Default with their first subscriber, who so sees row 0; a source that can wait
        then also holds while nobody is subscribed.
    window : int, optional
        Most rows of each source that the server holds; default 65,536.
    max_bytes : int, optional
        Most bytes of each source that the server holds; default 8 MiB. A subscription that is behind costs 1 MiB
        beside, and with the policy ``"drop_newest"`` or ``"decimate"`` at most so many rows and bytes once more.
    batch_seconds : float, optional
        A batch that is not full is sent at this age; default 0.004.
    rotate_token : bool, optional
        Make a new access token: cards that were given out before end.
    limits : Limits, optional
        What a client, and all of them together, may ask of the server; default ``Limits()``.
    qlog : path, optional
        A folder for logs of what happens on each QUIC connection, in bounded ``.sqlog`` files; default none. They
        hold addresses, sizes and times, but no rows and no token.

    Returns
    -------
    Server
        Its `card` is what `connect` takes. Close it with `close`, or use it in a ``with`` block.

    Raises
    ------
    InputError
        If there is no source, two have one name, or something is not a source.
    StreamError
        If the port is in use, or the address is not one of this machine.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Lorenz
    >>> from midstream_lab.stream import Simulation, connect, serve
    >>> with serve(Simulation(Lorenz(), dt="1/100", speed="max")) as server, connect(server.card) as client:
    ...     feed = client.subscribe("Lorenz", policy="block")
    ...     _ = feed.wait(n=1000, timeout=10)
    ...     feed.schema.names
    ('x', 'y', 'z')
    """
    named = named_sources(sources)
    return Server(
        named,
        name=name or "+".join(named),
        host=host,
        port=port,
        start=start,
        window=window,
        max_bytes=max_bytes,
        batch_seconds=batch_seconds,
        rotate_token=rotate_token,
        limits=limits or Limits(),
        qlog=qlog,
    )


class Server:
    """A running server; made by `serve`.

    Attributes
    ----------
    name : str
        Its name.
    card : Card
        What a client needs; holds the access token.
    notes : list of str
        What starting it replaced.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        *,
        name: str,
        host: str,
        port: int,
        start: Start,
        window: int,
        max_bytes: int,
        batch_seconds: float,
        rotate_token: bool,
        limits: Limits,
        qlog: str | PathLike[str] | None,
        clock: Callable[[], Any] = utc_now,
    ) -> None:
        if not 0 <= port < 65536:
            raise InputError(f"port must be 0 to 65535, not {port}")
        if start not in ("subscribe", "now"):
            raise InputError(f"start must be 'subscribe' or 'now', not {start!r}")
        self.name = name
        self.batch_seconds = batch_seconds
        self.limits = limits
        self.links: set[Link] = set()
        #: The clock that clients compare with theirs: ns since 1970.
        self.now: Callable[[], int] = time.time_ns
        self.tickets = Tickets()
        self.rows_sent = self.bytes_sent = self.rows_dropped = self.datagrams_dropped = 0
        self._closed = False
        folder = data_folder()
        authority = Authority(folder)
        identity = load_identity(folder, name, rotate_token=rotate_token)
        self.token = identity.token
        self._keeper = LeafKeeper(authority, clock=clock)
        host = numeric(host)
        self._configuration = server_configuration(host)
        self._qlog = self._configuration.quic_logger = None if qlog is None else QlogFolder(qlog)
        self._prove = not on_loopback(host)
        self._use_leaf()
        self.notes = registry.register("server", name, self)
        self.runners: dict[str, Runner] = {}
        self._loop = LoopThread(f"midstream-server-{name}")
        try:
            self._listener, bound = self._loop.call(self._listen(host, port, identity.port))
            store_identity(folder, name, replace(identity, port=bound))
            self.card = Card(
                name=name,
                server=identity.server,
                addresses=tuple(addresses_of(host, bound)),
                authority=authority.pem,
                token=identity.token,
            )
            for label, source in sources.items():
                self.runners[label] = Runner(label, source, window=window, max_bytes=max_bytes, start=start)
        except BaseException:
            self.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def runner(self, name: str | None) -> Runner:
        """The source of that name; None means the only one."""
        known = list(self.runners)
        if name is None and len(known) == 1:
            return self.runners[known[0]]
        if name not in self.runners:
            raise unknown_source(name, known)
        return self.runners[name]

    @property
    def sent(self) -> tuple[int, int]:
        """Rows and bytes that were handed to the connections, over all subscriptions."""
        flows = self._flows()
        rows, size = sum(outflow.rows for outflow in flows), sum(outflow.bytes for outflow in flows)
        return self.rows_sent + rows, self.bytes_sent + size

    def join(self, link: Link) -> None:
        """A connection begins; where too many have not shown the token, the oldest of them makes room."""
        self.links.add(link)
        newcomers = self._newcomers()
        if len(newcomers) > self.limits.newcomers:
            oldest = min(newcomers, key=lambda newcomer: newcomer.began)
            oldest.end("limit", f"more than {self.limits.newcomers} connections have not shown the token")

    def status(self) -> str:
        """One line: who is connected, how much was sent, and how much slow readers did not get."""
        flows = self._flows()
        sent, _ = self.sent
        dropped = self.rows_dropped + sum(outflow.counts.dropped for outflow in flows)
        state = "closed" if self._closed else f"{len(self.links)} connections, {len(flows)} subscriptions"
        unsent = self.datagrams_dropped + sum(outflow.overrun for outflow in flows)
        line = f"{self.name}: {state}, {sent:,} rows sent" + f", {dropped:,} dropped" * bool(dropped)
        return line + f", {unsent:,} datagrams dropped unsent" * bool(unsent)

    def close(self) -> None:
        """End the connections and the sources. May be called again."""
        if self._closed:
            return
        self._closed = True
        registry.remove("server", self.name, self)
        if hasattr(self, "_listener"):
            self._loop.call(self._shut())
        self._loop.close()
        if self._qlog is not None:
            self._qlog.close()
        for runner in self.runners.values():
            runner.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        address = self.card.addresses[0]
        return f"<Server {self.name!r} on {address}: {', '.join(self.runners)}{' (closed)' if self._closed else ''}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(label)}</td><td>{_rate(r)}</td><td>{escape('; '.join(r.health))}</td></tr>"
            for label, r in self.runners.items()
        )
        state = "closed" if self._closed else "serving"
        head = "<tr><th>source</th><th>channels</th><th>health</th></tr>"
        sources = f"<table><caption>{state} {escape(self.name)}</caption>{head}{rows}</table>"
        return f"<div>{sources}{_clients(self.links)}</div>"

    def _flows(self) -> list[Outflow]:
        return [outflow for link in list(self.links) for outflow in list(link.outflows.values())]

    async def _listen(self, host: str, port: int, last: int) -> tuple[Any, int]:
        make = partial(
            Listener,
            configuration=self._configuration,
            create_protocol=partial(Link, server=self),
            admission=self._admit,
            session_ticket_fetcher=self.tickets.take,
            session_ticket_handler=self.tickets.issue,
        )
        choices = [port] if port else [last, 0] if last else [0]
        for choice in choices:
            try:
                transport, quic = await self._loop.loop.create_datagram_endpoint(make, local_addr=(host, choice))
            except OSError as error:
                if error.errno == errno.EADDRINUSE and choice != choices[-1]:
                    continue
                raise listen_error(error, host, choice) from error
            return quic, transport.get_extra_info("sockname")[1]
        raise AssertionError("the last choice returns or raises")

    async def _shut(self) -> None:
        for link in list(self.links):
            link.end("closed", "the server was closed")
        self._listener.close()

    def _newcomers(self) -> list[Link]:
        return [link for link in self.links if not link.known and not link.closing]

    def _admit(self) -> Admission:
        """What becomes of a client that begins, of whom nothing is known but where its first packet says it is from."""
        if self._keeper.renew():
            self._use_leaf()
        if len(self.links) >= self.limits.connections + 2 * self.limits.newcomers:
            return "no"  # until those that were ended have gone
        # beyond this machine an address has to be proved before the server spends memory on it
        return "prove" if self._prove or len(self._newcomers()) >= self.limits.unproved else "yes"

    def _use_leaf(self) -> None:
        use_certificate(self._configuration, self._keeper.leaf.certificate, self._keeper.leaf.key)


def _rate(runner: Runner) -> str:
    return escape(", ".join(runner.source.schema.names[:8]))


def _clients(links: Iterable[Link]) -> str:
    """A table of who is connected, what each of his subscriptions was sent, and what its policy dropped."""
    titles = ("client", "source", "priority", "policy", "rows sent", "dropped", "waiting")
    rows: list[tuple[Any, ...]] = []
    for link in sorted((link for link in list(links) if link.known), key=lambda link: link.began):
        rows += [
            (link.peer, o.runner.name, o.priority.name, o.policy, o.counts.received, o.counts.dropped, o.counts.waiting)
            for o in list(link.outflows.values())
        ] or [(link.peer, "none yet", *[""] * 5)]
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>clients</caption><tr>{head}</tr>{body}</table>" if rows else ""
