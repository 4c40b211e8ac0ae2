"""Acknowledged sends: bounded in flight, nobody silent holds up the others."""

import pytest

from midstream_widgets.outbox import Outbox


@pytest.fixture
def sent():
    return []


@pytest.fixture
def outbox(sent):
    return Outbox(lambda content, buffers: sent.append((content, buffers)), messages=3, size=1000, patience=2.0)


def post(outbox, now, size=10):
    outbox.post({"kind": "points"}, memoryview(bytes(size)), now)


def test_nothing_is_sent_while_nobody_looks(outbox):
    assert not outbox.ready(0.0)
    outbox.hello("a", 0.0)
    assert outbox.ready(0.0)
    outbox.goodbye("a")
    assert not outbox.ready(0.0)


def test_messages_carry_numbers_and_one_buffer(outbox, sent):
    outbox.hello("a", 0.0)
    post(outbox, 0.0)
    post(outbox, 0.0)
    assert [content["seq"] for content, _ in sent] == [1, 2]
    assert [len(buffers) for _, buffers in sent] == [1, 1]


def test_a_browser_that_is_behind_is_not_sent_more(outbox):
    outbox.hello("a", 0.0)
    for _ in range(3):
        assert outbox.ready(0.0)
        post(outbox, 0.0)
    assert not outbox.ready(0.1)
    outbox.ack("a", 1, 0.2)
    assert outbox.ready(0.2)
    post(outbox, 0.2)
    assert not outbox.ready(0.2)


def test_bytes_in_flight_are_bounded_too(outbox):
    outbox.hello("a", 0.0)
    post(outbox, 0.0, size=1000)
    assert not outbox.ready(0.0)
    outbox.ack("a", 1, 0.1)
    assert outbox.ready(0.1)


def test_a_silent_browser_holds_up_nobody_else(outbox):
    outbox.hello("hidden", 0.0)
    outbox.hello("shown", 0.0)
    for _ in range(3):
        post(outbox, 0.0)
    outbox.ack("shown", 3, 0.1)
    assert not outbox.ready(1.0)
    assert outbox.ready(2.5)


def test_when_all_are_silent_nothing_is_sent_until_one_answers(outbox):
    outbox.hello("a", 0.0)
    post(outbox, 0.0)
    assert not outbox.ready(100.0)
    outbox.ack("a", 1, 101.0)
    assert outbox.ready(101.0)


def test_idle_time_is_not_silence(outbox):
    outbox.hello("a", 0.0)
    post(outbox, 0.0)
    outbox.ack("a", 1, 0.1)
    post(outbox, 50.0)
    assert outbox.ready(50.1)


def test_a_page_that_was_reloaded_does_not_wait_for_its_former_self(outbox):
    outbox.hello("before", 0.0)
    for _ in range(3):
        post(outbox, 0.0)
    outbox.hello("after", 1.0)
    assert outbox.ready(1.0)


def test_an_unknown_browser_that_acknowledges_is_counted_again(outbox):
    outbox.hello("a", 0.0)
    post(outbox, 0.0)
    outbox.goodbye("a")
    outbox.ack("a", 1, 0.5)
    assert outbox.ready(0.5)
