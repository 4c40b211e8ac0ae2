"""The priorities of bench_quic.py on virtual time, where computing takes none: what the protocols do, not the machine.

python quic_virtual.py STACK ROUND_TRIP BANDWIDTH
"""

import sys
from pathlib import Path

import numpy as np
from priority_path import measure
from quic_common import say
from relay import Impairments

from midstream_lab.priority import Priority
from midstream_lab.stream.folder import data_folder


def main() -> None:
    stock, round_trip, bandwidth = sys.argv[1] == "stock", float(sys.argv[2]), float(sys.argv[3])
    path = Impairments(delay=round_trip / 2, bandwidth=bandwidth, queue=round(2 * bandwidth * round_trip))
    folder: Path = data_folder()
    idle, _ = measure(folder, path, samples=Priority.critical, stock=stock)
    _, alone = measure(folder, path, bulk=Priority.background, stock=stock)
    beside, rate = measure(folder, path, samples=Priority.critical, bulk=Priority.background, stock=stock)
    say({"p99": float(np.percentile(beside, 99) / np.percentile(idle, 99)), "rate": rate / alone})


if __name__ == "__main__":
    main()
