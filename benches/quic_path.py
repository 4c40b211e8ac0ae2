"""The wide-area path of bench_quic.py: the tests' relay in a process of its own.

python quic_path.py SERVER_ADDRESS ROUND_TRIP BANDWIDTH
"""

import sys

from quic_common import say, until_told
from relay import Impairments, Relay

from midstream_lab.stream.card import split_address


def main() -> None:
    server, round_trip, bandwidth = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    # a queue of twice the bandwidth-delay product, the usual size of a router's
    path = Impairments(delay=round_trip / 2, bandwidth=bandwidth, queue=round(2 * bandwidth * round_trip))
    with Relay(server, up=path, host=split_address(server)[0]) as relay:
        say({"address": relay.address})
        until_told()


if __name__ == "__main__":
    main()
