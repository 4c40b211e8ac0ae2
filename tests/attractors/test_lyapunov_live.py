"""The exponent of a live feed: the batch function on its windows, and what a gap does."""

import pytest

from midstream_lab.attractors import divergence_curve, lyapunov_max, systems
from midstream_lab.errors import GapError
from midstream_lab.feed import Block, Channel, Feed, Schema, Windowed
from midstream_lab.timebase import TimeBase

SCHEMA = Schema(channels=(Channel(name="x"),), time=TimeBase(unit="iterate"))


def test_windows_of_a_feed_are_estimated_as_in_batch() -> None:
    x = systems.Henon().trajectory(1600).sel(channel="x")
    feed = Feed(SCHEMA)
    estimates = feed.pipe(Windowed(lyapunov_max, window=1000, every=200, late="wait"), policy="block")
    feed.append_rows([x.values])
    feed.close()
    assert estimates.wait(timeout=60)
    rows = estimates.rows()
    assert rows["status"].values.tolist() == ["ok"] * rows.sizes["time"]
    newest = int(rows["time"][-1])
    batch = lyapunov_max(x[newest - 999 : newest + 1])
    assert float(rows["exponent"][-1]) == pytest.approx(float(batch["exponent"]), rel=1e-12)
    assert float(rows["interval_low"][-1]) == pytest.approx(float(batch["interval"][0]), rel=1e-12)


def test_a_window_with_a_gap_is_refused_with_a_way_out() -> None:
    x = systems.Henon().trajectory(900).values[:, 0]
    feed = Feed(SCHEMA)
    feed.append(Block(first=0, start=0, columns=(x[:400],)))
    feed.append(Block(first=401, start=401, columns=(x[401:],)))
    with pytest.raises(GapError, match="resample"):
        lyapunov_max(feed.window(900))
    feed.close()


def test_memory_does_not_grow_with_the_square_of_the_length() -> None:
    """All pairs of 60,000 points would take 28 GB."""
    x = systems.Henon().trajectory(60_000)
    curve = divergence_curve(x, channel="x", delay=1, embedding_dim=2, theiler=2, steps=12)
    assert float(curve["slope"]) == pytest.approx(0.419, rel=0.1)
