"""What runs, by name."""

import threading

import numpy as np
import pytest

from midstream_lab import registry
from midstream_lab.errors import InputError
from midstream_lab.feed import Block, Channel, Feed, Schema, Windowed, run_source

SCHEMA = Schema(channels=(Channel(name="x"),))


class Lamp:
    def __init__(self, name: str = "desk") -> None:
        self.name = name
        self.closed = False
        self.notes = registry.register("lamp", name, self)

    def close(self) -> None:
        self.closed = True
        registry.remove("lamp", self.name, self)


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch):
    monkeypatch.setattr(registry, "_panel", None)
    registry.close_all()
    yield
    registry.close_all()


def test_the_same_name_closes_the_older_and_says_so():
    first, second = Lamp(), Lamp()
    assert first.closed
    assert not second.closed
    assert (first.notes, second.notes) == ([], ["closed the older lamp 'desk'"])
    assert list(registry.running()) == [("lamp", "desk")]


def test_an_older_thing_that_closes_late_does_not_remove_the_newer():
    first, second = Lamp(), Lamp()
    first.close()
    assert "desk" in registry.running()
    second.close()
    assert len(registry.running()) == 0


def test_other_names_and_kinds_stand_beside_each_other():
    Lamp("a"), Lamp("b")
    feed = Feed(SCHEMA, name="a")
    assert list(registry.running()) == [("feed", "a"), ("lamp", "a"), ("lamp", "b")]
    registry.running().close("a", kind="lamp")
    assert list(registry.running()) == [("feed", "a"), ("lamp", "b")]
    assert not feed.closed


def test_a_name_that_does_not_run_is_answered_with_those_that_do():
    Lamp()
    with pytest.raises(InputError, match="nothing named 'wall' is running; running: desk"):
        registry.running().close("wall")
    with pytest.raises(InputError, match="not empty"):
        Lamp("")


def test_what_is_named_is_held_without_a_variable_and_closing_lets_go():
    feed = Feed(SCHEMA, name="x")
    feed.pipe(Windowed(lambda x: float(x.mean()), window=2, every=1, late="wait", name="mean"))
    feed.sink(lambda block: None, name="journal")
    assert list(registry.running()) == [("feed", "x"), ("feed", "x.mean"), ("sink", "journal")]
    below = [reader.listener for reader in feed.readers]
    feed.close()
    below[0].feed.wait(timeout=30)
    below[1].wait(timeout=30)
    assert len(registry.running()) == 0


def test_the_table_is_the_same_every_time():
    assert repr(registry.running()) == "nothing is running"
    feed = Feed(SCHEMA, name="<ecg>")
    feed.append(Block(first=0, start=0, columns=(SCHEMA.channels[0].dtype.type([1.0, 2.0]),)))
    Lamp()
    text = "kind  name   state    counts\nfeed  <ecg>  running  received 2\nlamp  desk   running"
    assert repr(registry.running()) == text
    assert "<td>&lt;ecg&gt;</td>" in registry.running()._repr_html_()
    bundle = registry.running()._repr_mimebundle_()
    assert bundle["text/plain"] == text


def test_the_widgets_may_give_the_panel():
    class Panel:
        def _repr_mimebundle_(self, **options):
            return {"text/plain": "a panel"}

    registry.set_panel(Panel)
    assert registry.running()._repr_mimebundle_() == {"text/plain": "a panel"}


def test_running_the_same_cells_three_times_leaves_as_much_as_once():
    class Endless:
        schema = SCHEMA
        live = False

        def blocks(self, stop):
            row = 0
            while not stop.wait(0.001):
                yield Block(first=row, start=row, columns=(np.array([float(row)]),))
                row += 1

    left, threads = [], []
    for _ in range(3):
        feed = Feed(SCHEMA, name="cells")
        level = feed.pipe(Windowed(lambda x: {"level": x.mean()}, window=4, every=4, late="wait", name="level"))
        feed.sink(lambda block: None, name="journal")
        threads.append(run_source(Endless(), feed))
        level.wait(n=3, timeout=30)
        for older in threads[:-1]:
            older.join(30)
        left.append((threading.active_count(), list(registry.running())))
    assert left[0] == left[1] == left[2]
    assert left[0][1] == [("feed", "cells"), ("feed", "cells.level"), ("sink", "journal")]


def test_one_that_cannot_be_closed_does_not_keep_the_others():
    class Stubborn:
        def close(self):
            registry.remove("stubborn", "one", self)
            raise RuntimeError("no")

    registry.register("stubborn", "one", Stubborn())
    lamp = Lamp("z")
    with pytest.raises(RuntimeError, match="no"):
        registry.close_all()
    assert lamp.closed
    assert len(registry.running()) == 0


def test_the_older_can_be_closed_before_the_newer_is_made():
    lamp = Lamp()
    assert registry.close_older("lamp", "desk") == ["closed the older lamp 'desk'"]
    assert lamp.closed
    assert registry.close_older("lamp", "desk") == []
