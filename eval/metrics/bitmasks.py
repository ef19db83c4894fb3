"""Binary masks as rows of 64-bit words: set operations on 64 pixels at a time.

A packed mask is uint64 [..., H, words] with ``words = ceil(W / 64)``; column ``x`` is bit
``x % 64`` (counted from the least significant) of word ``x // 64``, and the bits beyond column
``W - 1`` are zero. Boundaries, disks and counts of the contour measure work on this form; they
are what makes scoring an order of magnitude faster than morphology on bytes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

PackedMasks = NDArray[np.uint64]
"""uint64 [..., H, words]: see the module's docstring."""

WORD = 64
_ONE = np.uint64(1)
_TOP = np.uint64(WORD - 1)
_BITS_OF_BYTE = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)


def pack(masks: NDArray[np.bool_]) -> PackedMasks:
    """Pack bool [..., H, W] into uint64 [..., H, ceil(W / 64)]."""
    width = masks.shape[-1]
    words = -(-width // WORD)
    buffer = np.zeros((*masks.shape[:-1], words * WORD // 8), np.uint8)
    buffer[..., : -(-width // 8)] = np.packbits(masks, axis=-1, bitorder="little")
    return buffer.view("<u8").astype(np.uint64, copy=False)


def unpack(packed: PackedMasks, width: int) -> NDArray[np.bool_]:
    """Undo :func:`pack`: bool [..., H, width]."""
    as_bytes = np.ascontiguousarray(packed.astype("<u8", copy=False)).view(np.uint8)
    return np.unpackbits(as_bytes, axis=-1, count=width, bitorder="little").astype(np.bool_)


def count(packed: PackedMasks) -> NDArray[np.int64]:
    """Number of set pixels of each mask: int64 [...] for uint64 [..., H, words]."""
    if hasattr(np, "bitwise_count"):  # numpy 2
        bits = np.bitwise_count(packed)
    else:
        bits = _BITS_OF_BYTE[np.ascontiguousarray(packed).view(np.uint8)]
    return np.asarray(bits.sum(axis=(-2, -1), dtype=np.int64))


def content_box(packed: PackedMasks) -> tuple[slice, slice]:
    """Rows and words that hold every set pixel of all masks, with a blank margin around them.

    The margin is one row and one word, less where the image ends, so that boundaries of the
    part equal the part of the boundaries.

    Returns:
        Row slice and word slice; both of length 1 at the least where nothing is set.
    """
    union = np.bitwise_or.reduce(packed, axis=tuple(range(packed.ndim - 2)))
    rows, words = np.flatnonzero(union.any(axis=1)), np.flatnonzero(union.any(axis=0))
    if not rows.size:
        return slice(0, 1), slice(0, 1)
    return (
        slice(max(int(rows[0]) - 1, 0), int(rows[-1]) + 2),
        slice(max(int(words[0]) - 1, 0), int(words[-1]) + 2),
    )


def boundary(packed: PackedMasks, width: int) -> PackedMasks:
    """Pixels whose window of 2 x 2 (itself, right, below, below right) is not uniform.

    Outside the image the last row and column continue. This is the boundary of Martin et al.
    (seg2bmap of the Berkeley benchmark), which DAVIS uses: one pixel wide, half a pixel towards
    the origin from the true outline.

    Args:
        packed: uint64 [..., H, words].
        width: columns of the image from the first bit on (more than ``64 * words`` where the
            packed part ends before the image does and its last column is blank).
    """
    any_down, all_down = packed.copy(), packed.copy()
    any_down[..., :-1, :] |= packed[..., 1:, :]
    all_down[..., :-1, :] &= packed[..., 1:, :]
    some = any_down | _left_by_one(any_down, width)
    every = all_down & _left_by_one(all_down, width)
    return some & ~every


def dilate(packed: PackedMasks, radius: int) -> PackedMasks:
    """Set every pixel within Euclidean distance ``radius`` of a set pixel.

    Equals dilation by the disk ``{(x, y): x^2 + y^2 <= radius^2}``. Bits beyond the width may
    become set: combine the result with a proper mask.
    """
    height = packed.shape[-2]
    half_widths = [math.isqrt(radius * radius - dy * dy) for dy in range(radius + 1)]
    result = np.zeros_like(packed)
    widened, reach = packed, 0
    for dy in range(min(radius, height - 1), -1, -1):  # half widths grow towards dy = 0
        while reach < half_widths[dy]:
            widened = _widen(widened)
            reach += 1
        if dy == 0:
            result |= widened
        else:
            result[..., dy:, :] |= widened[..., :-dy, :]
            result[..., :-dy, :] |= widened[..., dy:, :]
    return result


def _left_by_one(packed: PackedMasks, width: int) -> PackedMasks:
    """Move every column one to the left; the last column of the image stays as well."""
    moved = packed >> _ONE
    moved[..., :-1] |= packed[..., 1:] << _TOP
    last = width - 1
    if last // WORD < packed.shape[-1]:
        moved[..., last // WORD] |= packed[..., last // WORD] & np.uint64(1 << last % WORD)
    return moved


def _widen(packed: PackedMasks) -> PackedMasks:
    """Dilate by one pixel to the left and to the right."""
    wide = packed << _ONE
    wide |= packed >> _ONE
    wide |= packed
    wide[..., 1:] |= packed[..., :-1] >> _TOP
    wide[..., :-1] |= packed[..., 1:] << _TOP
    return wide
