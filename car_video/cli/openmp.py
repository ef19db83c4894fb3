"""How OpenMP's threads wait for each other, to be settled before torch is imported."""

from __future__ import annotations

import os

SPINS = "10000"  # under a millisecond
VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def spin_briefly() -> None:
    """Let threads of GNU's OpenMP, which torch brings on Linux, wait awake for a moment only.

    Those that spin long starve each other when another program is busy: on two cores with one
    of them taken, 0.85 frames/s became 1.51. Those that go to sleep at once have to be woken
    for every small operation: 5.2 frames/s instead of 6.8 on idle cores. What the user has set
    stays.
    """
    if not any(name in os.environ for name in VARIABLES):
        os.environ["GOMP_SPINCOUNT"] = SPINS
