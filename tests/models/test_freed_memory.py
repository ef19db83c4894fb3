"""Memory that is freed stays with the process: fewer pages come anew from the system."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

MEASURE = """
import resource
from car_video.models.freed_memory import keep_freed_memory
kept = keep_freed_memory()
def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
bytearray(40_000_000)
before = pages()
for _ in range(5):
    bytearray(40_000_000)
print(kept, pages() - before)
"""
GLIBC = platform.libc_ver()[0] == "glibc"


def measured(**environment: str) -> tuple[bool, int]:
    """Whether memory is kept, and the pages that five buffers of 40 MB took anew."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        env={**mine, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    kept, pages = done.stdout.split()
    return kept == "True", int(pages)


@pytest.mark.skipif(not GLIBC, reason="another C library")
def test_buffers_of_the_same_size_take_the_same_pages() -> None:
    kept, pages = measured()
    assert kept
    assert pages < 1000  # 50,000 of 4096 bytes without


@pytest.mark.skipif(not GLIBC, reason="another C library")
def test_settings_of_the_user_stay() -> None:
    kept, _ = measured(MALLOC_TRIM_THRESHOLD_="131072")
    assert not kept
