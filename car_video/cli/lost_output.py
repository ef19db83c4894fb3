"""Standard output that cannot be written to any more: a closed pipe, a full disk."""

from __future__ import annotations

import os
import sys


def flush_output() -> None:
    """Write out what is still to be written: a full disk or a closed pipe is an error here, not
    at exit.

    Raises:
        OSError: BrokenPipeError, where nobody reads it.
    """
    if sys.stdout is not None:
        sys.stdout.flush()


def drop_lost_output() -> None:
    """Where standard output cannot take what is still to be written, drop it.

    Otherwise Python would try again at its exit, complain and exit with a code of its own.
    """
    try:
        flush_output()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
