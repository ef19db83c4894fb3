"""What this machine is, in words for a report."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

import car_video

CPU_NAMES = Path("/proc/cpuinfo")


def about_machine(device: torch.device) -> dict[str, str]:
    """Processor, threads, system and versions, a line each.

    Args:
        device: that is measured.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": str(cores),
        "threads": str(torch.get_num_threads()),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "car-video": car_video.__version__,
        "python": platform.python_version(),
        **{name: _version(name) for name in ("torch", "torchvision", "numpy", "av")},
    }


def _processor() -> str:
    """The name that the kernel or the system gives."""
    try:
        lines = CPU_NAMES.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"
