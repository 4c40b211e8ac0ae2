"""The command line, a file for each command:
``midstream-lab lab | serve | watch | record | replay | demo | warm | doctor``.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from .. import __version__
from ..errors import LabError
from . import demo, doctor, lab, record, replay, serve, warm, watch

__all__ = ["main"]

COMMANDS = (lab, serve, watch, record, replay, demo, warm, doctor)

EPILOG = """\
first steps:
  midstream-lab demo                stream a real ECG over QUIC and estimate its Lyapunov exponent
  midstream-lab lab                 open the notebooks in JupyterLab
  midstream-lab serve my.csv        stream your own recording; then, in another terminal:
  midstream-lab watch my.card       see it arrive
  midstream-lab record my.card run.zarr
                                    or keep it; midstream-lab replay run.zarr streams it again

exit codes: 0 done, 1 the command could not do its work, 2 wrong usage, 130 stopped with Ctrl-C or SIGTERM
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="midstream-lab",
        description="A lab for sequences in motion: stream them, see their attractor, measure how sure you are.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"midstream-lab {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; default: those of the process.

    Returns
    -------
    int
        Exit code: 0 done, 1 could not be done, 130 stopped with Ctrl-C or SIGTERM. Wrong usage exits with 2.
    """
    args = parser().parse_args(argv)
    if threading.current_thread() is threading.main_thread():  # who may set it
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return args.run(args)
    except (LabError, OSError) as error:  # OSError: a folder that cannot be written, a full disk
        print(f"midstream-lab {args.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
