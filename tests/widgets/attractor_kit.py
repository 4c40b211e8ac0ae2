"""What the tests of `LiveAttractor` share: a clock moved by hand, a browser that is played, rows."""

from fractions import Fraction

import numpy as np

from midstream_lab.timebase import TimeBase

TIME = TimeBase(tick=Fraction(1, 100), unit="s")


class HandClock:
    """Ticks when the test says so; messages are handled at once."""

    def __init__(self):
        self.members = []

    def join(self, member):
        self.members.append(member)

    def leave(self, member):
        if member in self.members:
            self.members.remove(member)

    def post(self, function, *args):
        function(*args)
        return True


class Browser:
    """Plays the browser's part: keeps what it was sent, and answers."""

    def __init__(self, view, name="a"):
        self.view, self.name, self.points, self.generation, self.sizes = view, name, [], None, []
        self.auto = True
        view._outbox.send = self.receive
        self.say("hello")

    def say(self, kind, buffers=(), **content):
        self.view._on_message(self.view._canvas, {"kind": kind, "client": self.name, **content}, list(buffers))

    def receive(self, content, buffers):
        if content["generation"] != self.generation:
            self.generation, self.points = content["generation"], []
        values = np.frombuffer(buffers[0], np.float32).reshape(-1, 5)
        self.points.append(values)
        self.sizes.append(len(values))
        if self.auto:
            self.say("ack", seq=content["seq"])

    def drawn(self, dim=3):
        return np.concatenate(self.points)[:, :dim] + self.view._offset[:dim]


def put(feed, n, seed=0):
    rows = np.cumsum(np.random.default_rng(seed).standard_normal((n, 2)), axis=0)
    feed.append_rows(rows)
    return rows


def embedded(x, delay, dim):
    rows = len(x) - (dim - 1) * delay
    return np.stack([x[k * delay : k * delay + rows] for k in range(dim)], axis=1)


class Warming:
    done = False
    progress = "compiling kernels: 3 of 9 (embed)"
