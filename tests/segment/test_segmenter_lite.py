"""The image segmenter with the bundled model: a drawn picture always, real frames if there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from car_video.config import (
    AutomaticConfig,
    ProposalConfig,
    RecurrenceConfig,
    SamRefineConfig,
    SegmentConfig,
)
from car_video.models.pair import ModelPair
from car_video.models.sam.mobile_sam import MobileSam
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import FramePrediction
from tests.paths import SHARED

torch.set_num_threads(1)

DAVIS = SHARED / "ref-davis-dev"
SMALL = SegmentConfig(proposal=ProposalConfig(size=256), sam=SamRefineConfig(side=256))
HALF = RecurrenceConfig(confidence_threshold=0.5)
REFINES = ("none", "crf", "sam")
SAME = 0.95
"""IoU of masks that differ by rounding: a batch of another size is summed in another order, and
processors with bfloat16 keep eight bits. Expressions that compete share what they show: 0.5."""


@pytest.fixture(scope="module")
def lite(lite_default: ModelPair) -> ModelPair:
    return lite_default


@pytest.fixture(scope="module")
def sam(mask_model: MobileSam) -> MobileSam:
    return mask_model


@pytest.fixture(scope="module")
def ball() -> tuple[np.ndarray, np.ndarray]:
    """A red ball on grass, and where it is."""
    y, x = np.mgrid[:120, :160]
    texture = np.random.default_rng(0).integers(0, 40, (120, 160))
    grass = np.stack([60 + texture, 130 + texture, 40 + texture], -1).astype(np.uint8)
    truth = np.hypot(y - 60, x - 60) < 28
    return np.where(truth[..., None], np.uint8([210, 30, 30]), grass), truth


@pytest.fixture(scope="module")
def bear() -> tuple[np.ndarray, np.ndarray]:
    """Frame 10 of the sequence bear, and its annotation."""
    if not DAVIS.is_dir():
        pytest.skip("the development data (../shared/data) is not on this machine")
    image = np.asarray(Image.open(DAVIS / "JPEGImages/480p/bear/00010.jpg").convert("RGB"))
    return image, np.asarray(Image.open(DAVIS / "Annotations/480p/bear/00010.png")) > 0


def iou(found: np.ndarray, truth: np.ndarray) -> float:
    return float((found & truth).sum() / (found | truth).sum())


def segment(
    lite: ModelPair, sam: MobileSam, image: np.ndarray, names: list[str], config: SegmentConfig
) -> FramePrediction:
    return ImageSegmenter(lite, names, config, sam).segment(image)


@pytest.mark.parametrize("mode", ["semantic", "refer"])
@pytest.mark.parametrize(("refine", "least"), [("none", 0.5), ("crf", 0.8), ("sam", 0.85)])
def test_a_drawn_ball(lite, sam, ball, mode, refine, least):
    image, truth = ball
    config = replace(SMALL, refine=refine, mode=mode)
    found = segment(lite, sam, image, ["a red ball", "a fire truck"], config)
    assert found.present[0]
    assert iou(found.masks[0], truth) > least
    assert found.scores[0] > found.scores[1]


@pytest.mark.parametrize(
    ("refine", "least", "mode"),
    [  # test_a_drawn_ball has all refinements in both modes
        ("none", 0.5, "semantic"),
        pytest.param("crf", 0.5, "semantic", marks=pytest.mark.slow),
        pytest.param("sam", 0.85, "refer", marks=pytest.mark.slow),
    ],
)
def test_a_bear_among_rocks(lite, sam, bear, mode, refine, least):
    image, truth = bear
    config = SegmentConfig(refine=refine, mode=mode)
    names = ["a brown bear walking in front of rocks", "a fire truck"]
    segmenter = ImageSegmenter(lite, names, config, sam)
    encoded = segmenter.encode(image)
    found = segmenter.segment_encoded(encoded)
    assert found.masks.shape == (2, *truth.shape)
    assert iou(found.masks[0], truth) > least
    assert found.present.tolist() == [True, False]
    assert found.scores[0] > found.scores[1] + 0.3
    segmenter.set_expressions(["a fire truck"])
    assert not segmenter.segment_encoded(encoded).masks.any()


@pytest.fixture(scope="module")
def balls() -> np.ndarray:
    """A red ball and a blue one on grass."""
    y, x = np.mgrid[:120, :200]
    texture = np.random.default_rng(0).integers(0, 40, (120, 200))
    image = np.stack([60 + texture, 130 + texture, 40 + texture], -1).astype(np.uint8)
    image[np.hypot(y - 60, x - 50) < 28] = (210, 30, 30)
    image[np.hypot(y - 60, x - 150) < 28] = (30, 40, 210)
    return image


@pytest.mark.parametrize("refine", REFINES)
def test_two_things_of_one_expression(lite, sam, balls, refine):
    """ "A and B" has the masks that A and B have when they are asked for together."""
    config = replace(SMALL, refine=refine, presence_threshold=0.0)
    segmenter = ImageSegmenter(lite, ["a red ball and a blue ball"], config, sam)
    encoded = segmenter.encode(balls)
    both = segmenter.segment_encoded(encoded)
    segmenter = ImageSegmenter(lite, ["a red ball", "a blue ball"], config, sam)
    apart = segmenter.segment_encoded(encoded)
    assert both.masks.shape == (1, 120, 200)
    assert apart.masks.any((1, 2)).all()
    np.testing.assert_array_equal(both.masks[0], apart.masks.any(0))
    assert both.scores[0] == apart.scores.max()


def test_expressions_of_one_kind_all_survive(lite, sam, balls):
    names = ["a red ball", "the round red ball", "the big red ball", "the ball on the grass"]
    survivors = {}
    for kinds in (True, False):
        expression = replace(SMALL.expression, kinds=kinds)
        config = replace(SMALL, refine="sam", expression=expression, recurrence=HALF)
        segmenter = ImageSegmenter(lite, names, config, sam)
        survivors[kinds] = segmenter.recur(segmenter.encode(balls)).alive.tolist()
    assert survivors[True] == [0, 1, 2, 3]
    assert len(survivors[False]) < len(names), "they would drop each other"


def test_in_refer_mode_each_expression_is_alone(lite, sam, balls):
    """Several sentences about one target are not set against each other."""
    names = ["the red ball", "the round ball on the left", "the ball"]
    config = replace(SMALL, refine="sam", mode="refer", presence_threshold=0.0)
    segmenter = ImageSegmenter(lite, names, config, sam)
    encoded = segmenter.encode(balls)
    together = segmenter.segment_encoded(encoded)
    for name, mask in zip(names, together.masks, strict=True):
        alone = ImageSegmenter(lite, [name], config, sam).segment_encoded(encoded)
        assert (mask & alone.masks[0]).sum() >= SAME * (mask | alone.masks[0]).sum() > 0
    cues = segmenter.recur(encoded).cues
    assert cues is not None
    assert cues.kinds is None


def test_things_of_one_kind_are_told_apart(lite, sam, balls):
    expression = replace(SMALL.expression, colour_weight=0.0)
    config = replace(SMALL, refine="sam", presence_threshold=0.0, expression=expression)
    found = segment(lite, sam, balls, ["the red ball", "the blue ball"], config)
    y, x = np.mgrid[:120, :200]
    for mask, column in zip(found.masks, (50, 150), strict=True):
        assert iou(mask, np.hypot(y - 60, x - column) < 28) > 0.9


NOTHING = {
    "1x1": np.full((1, 1, 3), 200, np.uint8),
    "16x16": np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8),
    "black": np.zeros((72, 96, 3), np.uint8),
    "grey noise": np.random.default_rng(0).integers(0, 256, (72, 96, 1), np.uint8).repeat(3, 2),
    "2x90": np.random.default_rng(0).integers(0, 256, (2, 90, 3), np.uint8),
}


@pytest.mark.parametrize(
    ("image", "refine"),
    [
        # Each picture and each refinement in the quick tests, all pairs in the slow ones.
        pytest.param(
            image, refine, id=f"{name}-{refine}", marks=() if quick else pytest.mark.slow
        )
        for name, image in NOTHING.items()
        for refine in REFINES
        for quick in [refine == "none" or name in ("1x1", "black")]
    ],
)
def test_pictures_of_nothing(lite, sam, image, refine):
    config = replace(SMALL, refine=refine, sam=SamRefineConfig(side=128))
    names = ["a dog", "🐶", "the man in red"]
    segmenter = ImageSegmenter(lite, names, config, sam)
    encoded = segmenter.encode(image)
    found = segmenter.segment_encoded(encoded)
    assert found.masks.shape == (3, *image.shape[:2])
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    np.testing.assert_array_equal(found.masks.any((1, 2)), found.present)
    assert not found.present[0]
    anything = ImageSegmenter(lite, names, replace(config, presence_threshold=0.0), sam)
    whatever = anything.segment_encoded(encoded)
    assert whatever.masks.shape == found.masks.shape


@pytest.mark.slow
def test_an_8k_frame(lite, ball):
    image, truth = ball
    large = image.repeat(48, 1).repeat(36, 0)
    config = replace(SMALL, refine="none", presence_threshold=0.0)  # the ball is stretched
    segmenter = ImageSegmenter(lite, ["a red ball"], config)
    assert max(segmenter.encode(large).pixels.shape) == 1920
    found = segmenter.segment(large)
    assert found.masks.shape == (1, 4320, 7680)
    assert iou(found.masks[0], truth.repeat(48, 1).repeat(36, 0)) > 0.5


def test_long_and_strange_texts(lite, ball):
    image, truth = ball
    names = [
        "a dog " * 1_667,
        "狗" * 10_000,
        "🐶" * 10_000,
        "on a b " * 1_429,
        "🔴⚽",
        "a red ball",
    ]
    assert sum(len(name) >= 10_000 for name in names) == 4
    found = ImageSegmenter(lite, names, replace(SMALL, refine="none", mode="refer")).segment(
        image
    )
    assert found.masks.shape == (6, 120, 160)
    assert np.isfinite(found.scores).all()
    assert iou(found.masks[5], truth) > 0.5


@pytest.mark.parametrize("refine", REFINES)
def test_the_same_picture_gives_the_same_masks(lite, sam, ball, refine):
    image, _ = ball
    config = replace(SMALL, refine=refine, presence_threshold=0.0)
    names = ["a red ball", "the grass", "A red  ball"]
    first, second = (segment(lite, sam, image, names, config) for _ in range(2))
    np.testing.assert_array_equal(first.masks, second.masks)
    np.testing.assert_array_equal(first.scores, second.scores)
    np.testing.assert_array_equal(first.masks[0], first.masks[2])
    assert first.masks[0].any()
    assert not (first.masks[0] & first.masks[1]).any(), "in semantic mode a pixel has one owner"


def test_sam_is_loaded_when_it_is_needed(lite, ball):
    image, truth = ball
    assert ImageSegmenter(lite, ["a red ball"], replace(SMALL, refine="none")).sam is None
    own = ImageSegmenter(lite, ["a red ball"], SMALL)
    assert own.sam is not None
    assert iou(own.segment(image).masks[0], truth) > 0.85


def test_regions_are_named(
    lite: ModelPair, sam: MobileSam, ball: tuple[np.ndarray, np.ndarray]
) -> None:
    """A label space: each part of the picture has the name that fits it best, or none."""
    image, truth = ball
    parts = AutomaticConfig(points_per_side=4, quality=0.7, stability=0.8)
    config = replace(
        SMALL,
        presence_threshold=0.0,
        sam=SamRefineConfig(rule="regions", side=512, automatic=parts),
    )
    names = ["a sheep", "a red ball", "an airplane"]
    found = segment(lite, sam, image, names, config)
    assert found.masks.sum(0).max() <= 1, "names share no pixel"
    assert iou(found.masks[1], truth) > 0.9
    assert found.present.tolist() == found.masks.any((1, 2)).tolist()
    assert (found.scores > 0).tolist() == found.present.tolist()
    alone = segment(lite, sam, image, ["a red ball"], config)
    assert iou(alone.masks[0], truth) > 0.9
