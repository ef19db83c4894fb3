"""Memory that a frame has freed is kept for the next one.

An encoder fills and frees tensors of many megabytes for every frame. glibc returns such memory
to the system at once, and the system gives it back page by page, each filled with zeros. At the
size of the default that was 75,000 pages a frame for MobileSAM's encoder, a sixth of its time;
kept memory costs nothing. A process so holds up to :data:`KEPT` bytes that it does not use.

Whoever has set glibc's allocator by the environment keeps those settings, and other allocators
(macOS, Windows, musl) are left as they are.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

KEPT = 512 * 2**20
"""Bytes that may lie free at the end of the heap: more than a frame of 1080p takes."""

GROWTH = 64 * 2**20
"""Bytes by which the heap grows at least."""

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # of malloc.h
_SET_BY_USER = (
    "GLIBC_TUNABLES",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    "MALLOC_MMAP_MAX_",
)


@cache
def keep_freed_memory() -> bool:
    """Tell glibc's allocator of this process to keep what is freed; once.

    Returns:
        Whether it does now.
    """
    if not sys.platform.startswith("linux") or any(name in os.environ for name in _SET_BY_USER):
        return False
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    options = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, KEPT), (_TOP_PAD, GROWTH))
    return all(set_option(option, value) == 1 for option, value in options)
