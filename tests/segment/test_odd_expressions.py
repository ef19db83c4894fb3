"""Expressions that say little, or what cannot be, still have one defined answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from car_video.config import ProposalConfig, SegmentConfig
from car_video.models.pair import ModelPair
from car_video.segment.segmenter import ImageSegmenter

PLAIN = SegmentConfig(refine="none", proposal=ProposalConfig(size=96))
ODD = [
    "x", "42", "der Hund im Gras", "跑步的人", "running", "jumps and runs", "on the left",
    "second from the right", "the red blue car", "a flibbertigibbet", "not a dog", "the", "🐕",
    "a" * 300, "dog " * 80,
]  # fmt: skip


def picture() -> np.ndarray:
    image = np.random.default_rng(0).integers(90, 130, (64, 96, 3), dtype=np.uint8)
    image[20:50, 30:60] = (200, 40, 40)
    return image


def assert_defined(lite: ModelPair, expressions: list[str]) -> None:
    found = ImageSegmenter(lite, expressions, PLAIN).segment(picture())
    assert found.expressions == tuple(" ".join(text.split()) for text in expressions)
    assert found.masks.shape == (len(expressions), 64, 96)
    assert np.isfinite(found.scores).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert not found.masks[~found.present].any()


@pytest.mark.parametrize("text", ODD)
def test_alone(lite_default: ModelPair, text: str) -> None:
    assert_defined(lite_default, [text])


def test_all_together(lite_default: ModelPair) -> None:
    """``tests/video`` has fifty."""
    assert_defined(lite_default, ODD)


def test_with_no_background_there_is_nothing_to_reject_by(lite_default: ModelPair) -> None:
    alone = ImageSegmenter(lite_default, ["a dog"], replace(PLAIN, background=()))
    assert alone.segment(picture()).scores.tolist() == [1.0]
