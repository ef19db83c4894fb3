"""``FCCLIP:FILE`` and ``FCCLIP:FILE+ARCHITECTURE:WEIGHTS``, checked without torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from car_video.config.cache import cache_folder
from car_video.errors import ModelError
from car_video.models.clip.names import architectures, take_apart
from car_video.models.fcclip.architecture import Variant

PREFIX = "FCCLIP:"
SAFE = ".safetensors"
SUFFIXES = (SAFE, ".pth", ".pkl", ".pt", ".bin")
"""Of checkpoints. All but the first are pickles, of which tensors and nothing else is read."""


@dataclass(frozen=True)
class Source:
    """Where an FC-CLIP comes from.

    Attributes:
        file: of its trained part.
        clip: its frozen CLIP as ``ARCHITECTURE:WEIGHTS``; empty for the one that belongs to the
            file's sizes.
    """

    file: Path
    clip: str = ""


def parse_source(name: str) -> Source:
    """The parts of a name that begins with :data:`PREFIX`.

    Raises:
        ModelError: no such file, a file of another kind, no such CLIP.
    """
    text, plus, clip = name.removeprefix(PREFIX).rpartition("+")
    if not plus or clip.partition(":")[0] not in architectures():
        text, clip = name.removeprefix(PREFIX), ""  # a file name may have a plus in it
    if not text:
        raise ModelError(f"say which file as '{PREFIX}path/to/fcclip.pth'")
    path = Path(os.path.expanduser(text))
    check_suffix(path)
    if not path.is_file():
        raise ModelError(f"no weights file '{path}' for FC-CLIP")
    if clip:
        take_apart(clip)
    return Source(path, clip)


def placed_checkpoint(variant: Variant) -> Path:
    """The file of a published variant's trained part, which is put by hand.

    Raises:
        ModelError: it is not there; says where it is published and where it belongs.
    """
    folder = cache_folder() / "weights"
    for suffix in SUFFIXES:
        path = folder / f"{variant.name}{suffix}"
        if path.is_file():
            return path
    file = f" ('{variant.file}')" if variant.file else ""
    raise ModelError(
        f"the trained part of '{variant.name}' is not on this machine; its authors publish the "
        f"file{file} at github.com/bytedance/fc-clip: put it at "
        f"{folder / variant.name}.pth, or use {PREFIX}FILE (docs/fcclip.md)"
    )


def check_suffix(path: Path) -> None:
    """Raises ModelError for a file that cannot be a checkpoint by its name."""
    if path.suffix.lower() not in SUFFIXES:
        raise ModelError(f"'{path.name}' is no checkpoint; wanted: {', '.join(SUFFIXES)}")
