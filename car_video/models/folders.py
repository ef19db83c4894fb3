"""Folders with a network of transformers, and names most like a wrong one. Needs no torch."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

from car_video.errors import ModelError

CONFIG, WEIGHTS = "config.json", "model.safetensors"


def model_folder(name: str, prefixes: tuple[str, ...], setting: str, what: str) -> Path | None:
    """The folder that a name means, with everything that is read of it; None for no folder.

    Args:
        name: a path, by itself or after one of the prefixes.
        prefixes: what may stand before it, such as ``sam2:``.
        setting: that has the name, for messages.
        what: should be in the folder, for messages.

    Raises:
        ModelError: a file is missing in the folder.
    """
    for prefix in prefixes:
        name = name.removeprefix(prefix)
    folder = Path(os.path.expanduser(name))
    if not name or not folder.is_dir():
        return None
    for file in (CONFIG, WEIGHTS):
        if not (folder / file).is_file():
            raise ModelError(
                f"{setting}: folder '{name}' has no {file}; save {what} of transformers there "
                "with save_pretrained"
            )
    return folder.resolve()


def nearest(name: str, known: Sequence[str]) -> str:
    """What a message says after a name that none has."""
    close = difflib.get_close_matches(name, known, n=2, cutoff=0.55)
    hint = " or ".join(f"'{c}'" for c in close)
    return f"did you mean {hint}?" if hint else f"there are {', '.join(known)}"
