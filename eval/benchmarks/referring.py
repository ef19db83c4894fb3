"""What RefCOCO and gRefCOCO share: items by picture, names of masks, pictures of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from ..data.images import read_rgb
from ..data.refer import Referent
from .base import Item, Options
from .results import Strip


def image_items(referents: Sequence[Referent], options: Options) -> list[Item]:
    """One item per picture, of the chosen data sets and split."""
    splits: dict[str, set[str]] = {}
    for referent in referents:
        splits.setdefault(referent.dataset, set()).add(referent.split)
    there = "; ".join(f"{name} ({', '.join(sorted(splits[name]))})" for name in sorted(splits))
    if not referents:
        raise DataError("the files hold no expression outside of the training split")
    if unknown := [name for name in options.datasets if name not in splits]:
        raise DataError(f"--dataset {unknown[0]} chooses nothing; this folder has {there}")
    chosen = [
        r
        for r in referents
        if (not options.datasets or r.dataset in options.datasets)
        and (not options.split or r.split == options.split)
    ]
    if not chosen:
        named = f" of {', '.join(options.datasets)}" if options.datasets else ""
        raise DataError(
            f"--split {options.split}{named} chooses nothing; this folder has {there}"
        )
    by_image: dict[Path, list[Referent]] = {}
    for referent in chosen:
        by_image.setdefault(referent.image, []).append(referent)
    names = Counter(path.stem for path in by_image)
    return [
        Item(
            path.stem if names[path.stem] == 1 else f"{group[0].dataset}/{path.stem}",
            path.stem,
            tuple(group),
        )
        for path, group in by_image.items()
    ]


def expression_names(referent: Referent, key: str) -> list[str]:
    """Names under which the mask of one expression is looked for."""
    return [f"per-expression/{referent.dataset}/{key}", f"{referent.dataset}/{key}", key]


def strip(referent: Referent, text: str, predicted: NDArray[np.bool_]) -> Strip:
    """A picture of the report for one expression."""
    return Strip(
        title=f"{referent.image.stem} ({referent.dataset} {referent.split}): {text}",
        image=read_rgb(referent.image),
        predicted=predicted.astype(np.uint8),
        truth=referent.target().astype(np.uint8),
    )
