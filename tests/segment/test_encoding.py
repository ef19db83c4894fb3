"""Pictures that are encoded together are seen as they are alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.config import ClassifierConfig, ProposalConfig
from car_video.models.pair import ModelPair
from car_video.segment.encoding import MAX_WORKING_SIDE, encode_images
from car_video.segment.segmenter import ImageSegmenter
from tests.segment.colour_model import PLAIN, ColourModel
from tests.segment.fake_model import FakeModel


def pictures(number: int, height: int = 20, width: int = 33) -> list[np.ndarray]:
    random = np.random.default_rng(number)
    return [random.integers(0, 256, (height, width, 3), np.uint8) for _ in range(number)]


@settings(max_examples=20, deadline=None)
@given(
    number=st.integers(1, 5),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    own=st.booleans(),
    two=st.booleans(),
)
def test_together_is_alone(number: int, height: int, width: int, own: bool, two: bool) -> None:
    model, pooler = ColourModel(), FakeModel() if two else None
    config = ProposalConfig(size=48, resize="original" if own else "longest-side")
    images = pictures(number, height, width)
    views = encode_images(images, model, pooler, config)
    assert len(views) == number
    for image, view in zip(images, views, strict=True):
        (alone,) = encode_images([image], model, pooler, config)
        assert view.image is image
        assert torch.equal(view.pixels, alone.pixels)
        for name in ("features", "pooling"):
            left, right = getattr(view, name), getattr(alone, name)
            torch.testing.assert_close(left.cam_map, right.cam_map)
            torch.testing.assert_close(left.pooled, right.pooled)
            assert left.pooled.shape[0] == 1
        assert (view.pooling is view.features) is not two


def test_a_second_model_looks_only_where_it_pools_masks() -> None:
    f, g = ColourModel(), ColourModel()
    for weight, passes in ((0.0, 0), (1.0, 2)):
        classifier = replace(PLAIN.classifier or ClassifierConfig(), pooled_weight=weight)
        config = replace(PLAIN, classifier=classifier)
        segmenter = ImageSegmenter(ModelPair("two", f, g), ["a red ball"], config)
        g.frames = 0
        assert len(segmenter.encode_batch(pictures(2))) == 2
        assert g.frames == passes


def test_large_pictures_are_bounded() -> None:
    images = [np.zeros((10, MAX_WORKING_SIDE + 80, 3), np.uint8)] * 2
    for view in encode_images(images, ColourModel(), None, ProposalConfig(size=48)):
        assert view.pixels.shape[-1] == MAX_WORKING_SIDE


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    images = [*pictures(1, 4, 4), np.zeros(shape, np.uint8)]
    with pytest.raises(ValueError, match="want an RGB picture"):
        encode_images(images, ColourModel(), None, ProposalConfig(size=48))
