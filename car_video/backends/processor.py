"""What this machine computes with, in words."""

from __future__ import annotations

import os
import platform
from pathlib import Path

CPU_NAMES = Path("/proc/cpuinfo")


def processor() -> str:
    """The name that the kernel or the system gives."""
    try:
        lines = CPU_NAMES.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def cores() -> int:
    """Cores that this program may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
