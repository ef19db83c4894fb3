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
    flat = bits.reshape(*bits.shape[:-2], bits.shape[-2] * bits.shape[-1])
    return np.asarray(flat.sum(axis=-1, dtype=np.int64))


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
    changes = packed >> _ONE  # the right neighbour of every column …
    changes[..., :-1] |= packed[..., 1:] << _TOP
    last = width - 1
    if last // WORD < packed.shape[-1]:  # … of the last column itself
        changes[..., last // WORD] |= packed[..., last // WORD] & np.uint64(1 << last % WORD)
    changes ^= packed
    result = changes.copy()
    result[..., :-1, :] |= changes[..., 1:, :]
    result[..., :-1, :] |= packed[..., :-1, :] ^ packed[..., 1:, :]
    return result


def dilate(packed: PackedMasks, radius: int) -> PackedMasks:
    """Set every pixel within Euclidean distance `radius` of a set pixel.

    Equals dilation by the disk ``{(x, y): x^2 + y^2 <= radius^2}``. Bits beyond the width may
    become set: combine the result with a proper mask.
    """
    height, words = packed.shape[-2:]
    gap = -(-radius // WORD)
    widened = np.zeros((*packed.shape[:-1], words + gap), np.uint64)
    widened[..., :words] = packed
    result = np.zeros_like(widened)
    half_widths = [math.isqrt(radius * radius - dy * dy) for dy in range(radius + 1)]
    reach = 0
    for dy in range(radius, -1, -1):  # half widths grow towards dy = 0
        while reach < half_widths[dy]:
            step = min(half_widths[dy] - reach, 2 * reach + 1, WORD - 1)
            widened = _widen(widened, step)
            reach += step
        if dy == 0:
            result |= widened
        elif dy < height:
            result[..., dy:, :] |= widened[..., :-dy, :]
            result[..., :-dy, :] |= widened[..., dy:, :]
    return result[..., :words]


def _widen(packed: PackedMasks, step: int) -> PackedMasks:
    """Or with both copies moved by `step` columns, 0 < step < 64.

    Rows follow each other as one string of bits, which is far faster than row by row; the blank
    gap that :func:`dilate` leaves after each row takes up what spills over.
    """
    here, there = np.uint64(step), np.uint64(WORD - step)
    wide = packed << here
    wide |= packed >> here
    wide |= packed
    bits, source = wide.reshape(-1), packed.reshape(-1)
    bits[1:] |= source[:-1] >> there
    bits[:-1] |= source[1:] << there
    return wide
