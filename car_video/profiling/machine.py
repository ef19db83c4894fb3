"""What this machine is, in words for a report."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import torch

import car_video
from car_video.backends.processor import cores, processor


def about_machine(device: torch.device) -> dict[str, str]:
    """Processor, threads, system and versions, a line each.

    Args:
        device: that is measured.
    """
    return {
        "processor": processor(),
        "cores": str(cores()),
        "threads": str(torch.get_num_threads()),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "car-video": car_video.__version__,
        "python": platform.python_version(),
        **{name: _version(name) for name in ("torch", "torchvision", "numpy", "av")},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"
