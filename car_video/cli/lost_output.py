"""Standard output that cannot be written to any more: a closed pipe, a full disk."""

from __future__ import annotations

import os
import sys


def drop_lost_output() -> None:
    """Where standard output cannot take what is still to be written, drop it.

    Otherwise Python would try again at its exit, complain and exit with a code of its own.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
