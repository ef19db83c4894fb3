"""How far the answers of two models are apart."""

from __future__ import annotations

import numpy as np

from benchmarks.geometry import Summary, difference, overlaps


def bits(*rows: int) -> np.ndarray:
    return np.packbits(np.array(rows, bool))


def test_overlaps_of_masks_in_bits() -> None:
    first = [bits(1, 1, 0, 0, 0, 0, 0, 0, 1), bits(0, 0), bits(1, 0)]
    second = [bits(1, 0, 0, 0, 0, 0, 0, 1, 1), bits(0, 0), bits(0, 1)]
    np.testing.assert_allclose(overlaps(first, second), [0.5, 1.0, 0.0])


def test_a_row_compares_sentence_by_sentence_and_frame_by_frame() -> None:
    masks = (bits(1, 1), bits(0, 0))
    plain = Summary((0.5,), np.array([True, False]), np.array([0.8, 0.2], np.float32), masks, 1)
    moved = Summary((0.7,), np.array([True, True]), np.array([0.8, 0.6], np.float32), masks, 1)
    assert difference([plain], [moved]) == (
        "0.500 | 0.700 | 0.200 | 1.000 | 0.500 | 1.000 | 1 of 2 | 0.200 | 0.400"
    )
