"""Frames and predictions: what they promise, against pixel-by-pixel loops."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from car_video.types import Frame, FramePrediction, as_image
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


PICTURE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "got builtins.NoneType"),
        (PICTURE.tolist(), "got builtins.list"),
        (b"picture", "got builtins.bytes"),
        ("picture.png", "got builtins.str"),
        (Image.fromarray(PICTURE), r"convert\('RGB'\)"),
        (torch.from_numpy(PICTURE), "channels last"),
        (PICTURE[..., 0], "repeat the grey channel"),
        (PICTURE[..., :1], "repeat the grey channel"),
        (np.dstack([PICTURE, PICTURE[..., 0]]), "alpha"),
        (PICTURE[None], "got uint8"),
        (PICTURE[..., :2], "got uint8"),
        (PICTURE.transpose(2, 0, 1), r"got uint8 \[3, 4, 6\]"),
        (PICTURE / 255, "scale it"),
        (PICTURE.astype(np.float16), "scale it"),
        (PICTURE.astype(np.int64), "got int64"),
        (PICTURE > 9, "got bool"),
        (PICTURE.astype(object), "got object"),
        (PICTURE[:0], "at least one pixel"),
        (PICTURE[:, :0], "at least one pixel"),
        (np.zeros((0, 0, 3), np.uint8), "at least one pixel"),
        (np.uint8(3), "got numpy.uint8"),
        (np.zeros((), np.uint8), "got uint8"),
    ],
)
def test_what_is_no_picture_is_a_value_error_of_one_line(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        as_image(value)
    assert "\n" not in str(caught.value)
    assert "uint8 [H, W, 3]" in str(caught.value)


def test_pictures_in_any_layout_come_back_contiguous_with_the_same_pixels() -> None:
    assert as_image(PICTURE) is PICTURE
    locked = PICTURE.copy()
    locked.setflags(write=False)
    for view in (PICTURE[::-1], PICTURE[:, ::2], PICTURE[..., ::-1], locked):
        image = as_image(view)
        assert image.flags.c_contiguous
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image, view)
