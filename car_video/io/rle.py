"""Reading COCO run-length codes safely.

``pycocotools`` decodes a code that is too short into whatever was in memory. Codes come from
files, so here every code is checked to fill its mask exactly. Writing stays with
``pycocotools``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError


def decode_rle(segmentation: Mapping[str, Any]) -> NDArray[np.bool_]:
    """bool [h, w] of ``{"size": [h, w], "counts": text or list of runs}``.

    Runs go down the columns and alternate between outside and inside, outside first.

    Raises:
        DataError: runs that do not fill the mask exactly, characters that are no code.
    """
    counts = segmentation["counts"]
    try:
        height, width = (int(v) for v in segmentation["size"])
        runs = parse_counts(counts) if isinstance(counts, str | bytes) else _runs(counts)
        if height < 0 or width < 0 or runs.min(initial=0) < 0 or runs.sum() != height * width:
            raise ValueError
    except (ValueError, TypeError, OverflowError):
        raise DataError(f"damaged run-length code of a mask {segmentation['size']}") from None
    inside = np.arange(runs.size) % 2 == 1
    return np.ascontiguousarray(np.repeat(inside, runs).reshape(width, height).T)


def parse_counts(counts: str | bytes) -> NDArray[np.int64]:
    """int64 [runs] from the text form of COCO's run-length code.

    A number is written in groups of five bits, lowest first, as characters from "0" on; bit 5
    says that more follow, bit 4 of the last group is the sign. From the fourth number on the
    difference to the number two before is written (cocoapi, ``maskApi.c``, ``rleFrString``).

    Raises:
        ValueError: a character out of range, a number without an end.
    """
    text = counts.encode("ascii") if isinstance(counts, str) else counts
    if not text:
        return np.zeros(0, np.int64)
    digits = np.frombuffer(text, np.uint8).astype(np.int64) - 48
    last = (digits & 0x20) == 0
    if digits.min() < 0 or digits.max() > 63 or not last[-1]:
        raise ValueError("not a run-length code")
    ends = np.flatnonzero(last)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > 8:
        raise ValueError("a run-length code with a number beyond 40 bits")
    places = np.arange(digits.size) - np.repeat(starts, lengths)
    numbers = np.add.reduceat((digits & 0x1F) << 5 * places, starts)
    numbers -= np.where(digits[ends] & 0x10, 1 << 5 * lengths, 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def _runs(counts: Sequence[int]) -> NDArray[np.int64]:
    runs = np.asarray(counts)
    if runs.ndim != 1 or (runs.size and runs.dtype.kind not in "iu"):
        raise ValueError("runs must be whole numbers")
    return runs.astype(np.int64)
