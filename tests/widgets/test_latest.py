"""Only the newest of the jobs that wait is done, and no thread stays."""

import threading

from midstream_widgets.latest import Latest


def wait_gone(worker):
    for thread in threading.enumerate():
        if thread.name == f"midstream-{worker._name}":
            thread.join(30)


def test_of_those_that_wait_only_the_newest_is_done():
    worker, done, begun, go = Latest("newest"), [], threading.Event(), threading.Event()

    def first():
        begun.set()
        go.wait(30)
        done.append(0)

    worker.ask(first)
    assert begun.wait(30)
    for number in (1, 2, 3):
        worker.ask(lambda number=number: done.append(number))
    go.set()
    wait_gone(worker)
    assert done == [0, 3]
    assert worker.skipped == 2
    assert not worker.running


def test_it_goes_on_after_a_rest_and_after_a_job_that_failed(caplog):
    worker, done = Latest("rested", rest=0.01), []
    worker.ask(lambda: 1 / 0)
    wait_gone(worker)
    assert "a widget's job failed" in caplog.text
    worker.ask(lambda: done.append(1))
    wait_gone(worker)
    assert done == [1]


def test_a_closed_one_begins_nothing():
    worker, done = Latest("closed", rest=30.0), []
    worker.ask(lambda: done.append(1))
    worker.close()
    wait_gone(worker)
    worker.ask(lambda: done.append(2))
    assert not worker.running
    assert done == []
