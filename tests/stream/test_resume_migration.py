"""A client that goes on from another local port keeps its connection and its feeds."""

import numpy as np
import pytest
from kit import Rows, until

from midstream_lab.errors import StreamError
from midstream_lab.stream import Client, Replay, Server, connect, serve

X = np.random.default_rng(8).normal(size=20_000)


def port_seen(server: Server) -> int:
    """The client's port, as the server sees it."""
    (link,) = server.links
    return int(link._quic._network_paths[0].addr[1])


def own_port(client: Client) -> int:
    calling = client._session.calling
    assert calling is not None
    assert calling._transport is not None
    return int(calling._transport.get_extra_info("sockname")[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_client_that_moves_to_a_new_port_keeps_its_connection_and_loses_nothing(host: str) -> None:
    with serve({"x": Replay(X, dt="1/5000")}, host=host) as server, connect(server.card) as client:
        rows = Rows(client.subscribe("x", policy="block"))
        connection, ports = client._session.calling, [own_port(client)]
        for _ in range(5):
            rows.feed.wait(n=rows.feed.counts.received + 500, timeout=20)
            ports.append(client.migrate())
            until(lambda: port_seen(server) == ports[-1])
            assert own_port(client) == ports[-1]
        client.set_speed("x", "max")
        assert np.array_equal(rows.all()[:, 0], X)
        assert (rows.feed.counts.lost, rows.feed.counts.late) == (0, 0)
        assert len(set(ports)) == 6
        assert client._session.calling is connection
        assert client.notes == []


def test_the_older_socket_is_closed_and_a_new_connection_id_is_used() -> None:
    with serve({"x": Replay(X, dt="1/5000")}) as server, connect(server.card) as client:
        calling = client._session.calling
        assert calling is not None
        older, identifier = calling._transport, calling._quic._peer_cid.cid
        client.migrate()
        assert client.list()
        assert older is not None
        assert older.is_closing()
        assert calling._quic._peer_cid.cid != identifier


def test_a_client_without_a_connection_cannot_move() -> None:
    with serve({"x": Replay(X, dt="1/5000")}) as server:
        client = connect(server.card)
        client.close()
        with pytest.raises(StreamError, match="is closed"):
            client.migrate()
