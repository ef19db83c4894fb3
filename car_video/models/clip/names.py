"""Names of open_clip's models, checked as far as that goes without importing it (seconds)."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from car_video.errors import ModelError

SAFE, PICKLED = ".safetensors", (".bin", ".pt", ".pth", ".ckpt")


def take_apart(name: str, others: Sequence[str] = ()) -> tuple[str, str]:
    """``ARCHITECTURE:WEIGHTS`` as its two parts.

    Args:
        name: weights are a tag or the path of a ``.safetensors`` file.
        others: further names that may have been meant, for the message.

    Returns:
        Architecture; tag or path of the weights, empty where none is named.

    Raises:
        ModelError: an unknown architecture, no such file, a pickle file.
    """
    architecture, _, weights = name.partition(":")
    known = architectures()
    if architecture not in known:
        like = _most_like(architecture, [*others, *known])
        hint = f"did you mean {like}?" if like else f"known: {', '.join(others or known)}"
        raise ModelError(f"no model '{name}'; {hint} ('car-video models' lists them)")
    path = Path(os.path.expanduser(weights))
    if path.suffix == SAFE and not path.is_file():
        raise ModelError(f"no weights file '{path}' for {architecture}")
    if path.suffix in PICKLED:
        raise ModelError(
            f"'{path.name}' is a pickle file, which may run code when opened; "
            "convert it to .safetensors (docs/models.md says how)"
        )
    return architecture, weights


def architectures() -> tuple[str, ...]:
    """Those of open_clip; by its description files until something has imported it."""
    open_clip = sys.modules.get("open_clip")
    if open_clip is not None:  # knows architectures that the program has added, too
        return tuple(open_clip.list_models())
    package = find_spec("open_clip")
    folders = [] if package is None else package.submodule_search_locations or []
    files = (
        file for folder in folders for file in Path(folder, "model_configs").glob("*.json")
    )
    return tuple(sorted(file.stem for file in files))


def _most_like(word: str, words: list[str]) -> str:
    """The words most like one, joined; empty if none is."""
    lower = {w.lower(): w for w in words}
    close = difflib.get_close_matches(word.lower(), lower, n=3, cutoff=0.55)
    return " or ".join(f"'{lower[w]}'" for w in close)
