"""An urgent stream keeps its latency beside one that saturates the path; on virtual time: the same on any machine."""

from pathlib import Path

import numpy as np
import pytest
from priority_path import measure
from relay import Impairments

from midstream_lab.priority import Priority

#: A round trip of 20 ms, 10 MB/s, and a queue of twice what the path holds.
BANDWIDTH = 10e6
PATH = Impairments(delay=0.010, bandwidth=BANDWIDTH, queue=400_000)


def p99(delays: np.ndarray) -> float:
    return float(np.percentile(delays, 99))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authority")


def test_alone_a_sample_takes_the_time_of_the_path(folder: Path) -> None:
    delays, _ = measure(folder, PATH, samples=Priority.critical, seconds=0.3)
    assert len(delays) > 250
    assert p99(delays) < 0.0102


def test_beside_a_saturating_stream_a_critical_sample_keeps_its_latency_and_the_bulk_its_throughput(
    folder: Path,
) -> None:
    idle, _ = measure(folder, PATH, samples=Priority.critical, seconds=0.3)
    _, alone = measure(folder, PATH, bulk=Priority.background, seconds=1.0)
    beside, kept = measure(folder, PATH, samples=Priority.critical, bulk=Priority.background, seconds=1.0)
    assert len(beside) > 950
    assert p99(beside) <= 1.5 * p99(idle)
    assert kept >= 0.9 * alone
    assert alone >= 0.9 * BANDWIDTH


def test_without_priorities_it_would_wait_in_the_queue_of_the_bulk(folder: Path) -> None:
    """The negative control of the test above."""
    delays, _ = measure(folder, PATH, samples=Priority.normal, bulk=Priority.normal, seconds=0.5)
    assert p99(delays) > 0.020


def test_stock_aioquic_would_let_it_wait_too(folder: Path) -> None:
    delays, _ = measure(folder, PATH, samples=Priority.critical, bulk=Priority.background, seconds=0.5, stock=True)
    assert p99(delays) > 0.020


def test_a_priority_that_changes_while_it_runs_takes_effect(folder: Path) -> None:
    change = {"samples": Priority.critical, "bulk": Priority.background}
    delays, _ = measure(folder, PATH, samples=Priority.normal, bulk=Priority.normal, change=change, seconds=1.2)
    half = len(delays) // 2
    # what was sent before the change has to leave the queue first
    assert p99(delays[:half]) > 0.020
    assert p99(delays[half + 250 :]) <= 0.015
