"""Expressions that say little, or what cannot be, in videos: one defined answer a frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from car_video import VideoSegmenter
from car_video.models.pair import ModelPair
from tests.segment.test_odd_expressions import ODD
from tests.video.colour_sam import ColourSam
from tests.video.conftest import CONFIGS, frame

FIFTY = [f"the {word} thing number {n}" for n, word in enumerate(ODD * 4)][:50]
PARAPHRASES = [
    f"{article} {word} dog{end}"
    for article in ("a", "the")
    for word in ("brown", "small", "fast", "old", "young")
    for end in ("", ".", "!", " ", "?")
]


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("expressions", [ODD, FIFTY, PARAPHRASES], ids=["odd", "fifty", "same"])
def test_all_at_once(lite_default: ModelPair, kind: str, expressions: list[str]) -> None:
    """Of 50 texts as of few; paraphrases and equal texts share what they name."""
    config = replace(CONFIGS[kind], scale="measured")
    segmenter = VideoSegmenter(lite_default, expressions, config, mask_model=ColourSam())
    for number in range(2):
        found = segmenter.step(frame(number))
        assert found.expressions == tuple(" ".join(text.split()) for text in expressions)
        assert found.masks.shape[0] == len(expressions)
        assert np.isfinite(found.scores).all()
        assert ((found.scores >= 0) & (found.scores <= 1)).all()
        assert not found.masks[~found.present].any()
