"""What the tests of widgets under sliders share: waiting for the clock's thread, and a browser that is played."""

import threading

import numpy as np

from midstream_widgets.clock import CLOCK


def settle(view):
    """Wait until what the sliders say has been computed, and the clock has shown it."""
    assert view.wait(timeout=120)
    flush()


def flush():
    """Wait until the clock has handled what was posted before."""
    done = threading.Event()
    assert CLOCK.post(done.set)
    assert done.wait(60)


class Page:
    """Plays the page: keeps what a canvas was sent, and acknowledges it unless told not to."""

    def __init__(self, view):
        self.newest, self.sent, self.auto = view._newest, [], True
        self.newest.outbox.send = self.receive
        CLOCK.post(self.say, "hello")
        flush()

    def say(self, kind, **content):
        self.newest.on_message(self.newest.canvas, {"kind": kind, "client": "page", **content}, [])

    def receive(self, content, buffers):
        self.sent.append((content, bytes(buffers[0])))
        if self.auto:
            CLOCK.post(lambda: self.say("ack", seq=content["seq"]))

    def points(self):
        return np.frombuffer(self.sent[-1][1], np.float32).reshape(-1, 5)
