"""What ``car-video`` runs first: settings that count only before libraries load, and Ctrl-C."""

from __future__ import annotations

import os
import sys

from car_video.cli.interrupts import EXIT_CODE

SPIN_COUNT = "10000"  # rounds of an empty loop, under a millisecond
OPENMP_VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def main() -> None:
    """Entry point of the command, see :func:`car_video.cli.app.main`."""
    limit_spinning()
    try:
        from car_video.cli.app import main as run
    except KeyboardInterrupt:
        sys.exit(EXIT_CODE)
    run()


def limit_spinning() -> None:
    """Let idle threads of GNU's OpenMP, which torch brings on Linux, spin for a moment only.

    To be called before torch is imported. Threads that spin long starve each other when
    another program is busy: on two cores with one of them taken, 0.85 frames/s became 1.51.
    Threads that sleep at once have to be woken for every small operation: 5.2 frames/s instead
    of 6.8 on idle cores. A value that the user has set stays.
    """
    if not any(name in os.environ for name in OPENMP_VARIABLES):
        os.environ["GOMP_SPINCOUNT"] = SPIN_COUNT
