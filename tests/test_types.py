"""Frames and predictions: what they promise, against pixel-by-pixel loops."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.types import Frame, FramePrediction
from tests.naive import proposals as naive


def prediction(masks: np.ndarray, scores: np.ndarray) -> FramePrediction:
    texts = tuple(f"thing {n}" for n in range(len(masks)))
    return FramePrediction(3, 0.5, texts, masks, scores, masks.any((1, 2)))


@st.composite
def predictions(draw: st.DrawFn) -> FramePrediction:
    count, height, width = (
        draw(st.integers(0, 5)),
        draw(st.integers(1, 7)),
        draw(st.integers(1, 7)),
    )
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    masks = random.random((count, height, width)) < random.random((count, 1, 1))
    scores = random.choice([0.0, 0.25, 0.5, 1.0], count).astype(np.float32)  # ties are common
    return prediction(masks, scores)


@settings(max_examples=80, deadline=None)
@given(predictions())
def test_label_maps_and_boxes_are_those_of_loops(found: FramePrediction) -> None:
    labels = found.label_map()
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, naive.label_map(found.masks, found.scores))
    boxes = found.boxes()
    assert boxes.shape == (len(found.expressions), 4)
    assert boxes.dtype == np.int64
    for box, mask in zip(boxes, found.masks, strict=True):
        assert tuple(box) == naive.box(mask)


def test_the_earlier_expression_wins_a_tie() -> None:
    masks = np.ones((3, 2, 2), bool)
    assert (prediction(masks, np.float32([0.5, 0.5, 0.5])).label_map() == 1).all()
    assert (prediction(masks, np.float32([0.5, 0.9, 0.9])).label_map() == 2).all()


def test_a_palette_image_holds_255_expressions() -> None:
    masks = np.zeros((256, 1, 2), bool)
    masks[254, 0, 1] = True
    assert prediction(masks[:255], np.ones(255, np.float32)).label_map()[0, 1] == 255
    with pytest.raises(ValueError, match="255 expressions, got 256"):
        prediction(masks, np.ones(256, np.float32)).label_map()


@pytest.mark.parametrize(
    "change",
    [
        {"masks": np.zeros((2, 4, 5), np.uint8)},
        {"masks": np.zeros((3, 4, 5), bool)},
        {"masks": np.zeros((4, 5), bool)},
        {"scores": np.zeros(1, np.float32)},
        {"present": np.zeros((2, 1), bool)},
        {"expressions": ("a dog",)},
    ],
)
def test_parts_that_do_not_fit(change: dict[str, object]) -> None:
    good = prediction(np.zeros((2, 4, 5), bool), np.zeros(2, np.float32))
    with pytest.raises(ValueError, match=r"masks|scores"):
        dataclasses.replace(good, **change)


def test_a_frame_knows_its_size_and_stays_as_it_is() -> None:
    frame = Frame(7, 0.28, np.zeros((4, 9, 3), np.uint8))
    assert (frame.height, frame.width) == (4, 9)
    with pytest.raises(dataclasses.FrozenInstanceError):
        frame.index = 8  # type: ignore[misc]


def test_predictions_do_not_share_extras() -> None:
    masks = np.zeros((1, 2, 2), bool)
    first, second = (prediction(masks, np.zeros(1, np.float32)) for _ in range(2))
    first.extras["proposals"] = masks
    assert second.extras == {}
