"""Why no rows come though a feed is open: said by who fills it, heard below it."""

import numpy as np

from midstream_lab.feed import Block, Channel, Feed, Schema

SCHEMA = Schema(channels=(Channel(name="x"),))


class Same:
    def schema_out(self, schema: Schema) -> Schema:
        return schema

    def update(self, block: Block) -> Block:
        return block

    def finish(self) -> None:
        return None


def test_a_feed_that_nothing_hinders_says_nothing() -> None:
    with Feed(SCHEMA) as feed:
        assert feed.interruption == ""
        assert "running" in repr(feed)


def test_what_hinders_a_feed_is_heard_in_every_pipe_below_until_it_is_over() -> None:
    with Feed(SCHEMA) as feed:
        last = feed.pipe(Same()).pipe(Same()).pipe(Same())
        feed.interrupted = lambda: "reconnecting, attempt 3"
        assert last.interruption == feed.interruption == "reconnecting, attempt 3"
        assert "reconnecting, attempt 3" in repr(last)
        assert "reconnecting, attempt 3" in last._repr_html_()
        feed.interrupted = str
        assert last.interruption == ""


def test_a_closed_feed_is_not_hindered_any_more() -> None:
    feed = Feed(SCHEMA)
    feed.interrupted = lambda: "reconnecting"
    feed.append_rows([np.zeros(3)])
    feed.close()
    assert feed.interruption == ""


class First:
    def schema_out(self, schema: Schema) -> Schema:
        return SCHEMA

    def update(self, block: Block) -> Block:
        return Block(first=block.first, start=block.start, columns=block.columns[:1], gap=block.gap)

    def finish(self) -> None:
        return None


def test_a_cycle_of_feeds_is_gone_round_once() -> None:
    with Feed(SCHEMA) as feed:
        back = feed.delay(rows=1, channels=(Channel(name="back"),))
        out = feed.join(back).pipe(First())
        back.follow(out)
        assert out.interruption == ""
        feed.interrupted = lambda: "reconnecting"
        assert out.interruption == back.interruption == "reconnecting"
