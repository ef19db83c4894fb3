import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from pycocotools import mask as coco

from car_video.errors import DataError
from car_video.io import formats
from car_video.io.palette import davis_palette
from car_video.types import FramePrediction


@st.composite
def predictions(draw):
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 20), st.integers(1, 20)))
    masks = draw(hnp.arrays(bool, shape))
    present = draw(hnp.arrays(bool, shape[0]))
    scores = draw(hnp.arrays(np.float32, shape[0], elements=st.floats(0, 1, width=32)))
    names = tuple(draw(st.text(max_size=8)) for _ in range(shape[0]))
    return FramePrediction(
        draw(st.integers(0, 10**6)),
        draw(st.floats(0, 1e5)),
        names,
        masks & present[:, None, None],
        scores,
        present,
    )


def assert_equal(first, second):
    assert (first.index, first.expressions) == (second.index, second.expressions)
    assert first.time == pytest.approx(second.time, abs=1e-6)
    np.testing.assert_array_equal(first.masks, second.masks)
    np.testing.assert_array_equal(first.present, second.present)
    np.testing.assert_allclose(first.scores, second.scores, atol=1e-6)


@settings(deadline=None, max_examples=60)
@given(predictions())
def test_frame_dict_round_trip_through_json(prediction):
    text = json.dumps(formats.as_frame_dict(prediction), allow_nan=False)
    assert_equal(formats.from_frame_dict(json.loads(text), prediction.expressions), prediction)


@pytest.mark.parametrize("time", [None, float("nan"), float("inf"), "1.0", True])
def test_a_time_that_json_cannot_hold_is_refused(time):
    empty = np.zeros((1, 2, 2), bool), np.zeros(1, np.float32), np.zeros(1, bool)
    with pytest.raises(ValueError, match="frame 7 has no time to be written") as refused:
        formats.as_frame_dict(FramePrediction(7, time, ("a dog",), *empty))
    assert repr(time) in str(refused.value)
    whole = FramePrediction(7, np.float32(0.5), ("a dog",), *empty)
    assert formats.as_frame_dict(whole)["time"] == 0.5


@settings(deadline=None, max_examples=60)
@given(predictions())
def test_coco_objects_have_the_form_of_the_contract(prediction):
    boxes = prediction.boxes()
    for query, item in enumerate(formats.as_coco(prediction)):
        assert list(item) == ["expression", "present", "score", "bbox", "area", "segmentation"]
        assert item["expression"] == query
        assert item["present"] is bool(prediction.present[query])
        assert item["bbox"] == boxes[query].tolist()
        assert item["area"] == prediction.masks[query].sum()
        assert isinstance(item["segmentation"]["counts"], str)
        assert item["segmentation"]["size"] == list(prediction.masks.shape[1:])
        np.testing.assert_array_equal(
            coco.decode(item["segmentation"]), prediction.masks[query]
        )


def test_missing_fields_and_objects_have_defaults():
    mask = np.eye(4, dtype=bool)
    code = coco.encode(np.asfortranarray(mask, np.uint8))
    got = formats.from_coco([{"expression": 1, "segmentation": code}], ("a", "b"), 3, 0.5)
    assert got.present.tolist() == [False, True]
    assert got.scores.tolist() == [0, 1]
    np.testing.assert_array_equal(got.masks[1], mask)
    empty = formats.from_coco([], ("a",), size=(4, 5))
    assert empty.masks.shape == (1, 4, 5)


def test_objects_that_do_not_fit_are_refused():
    def code(height, width):
        return coco.encode(np.zeros((height, width), np.uint8, order="F"))

    good = {"expression": 0, "segmentation": code(4, 5)}
    for objects, message in [
        ([], "one mask size, found none"),
        ([good, {"expression": 0, "segmentation": code(5, 4)}], "found 4x5, 5x4"),
        ([{"expression": 2, "segmentation": code(4, 5)}], "no expression 2 among 1"),
        ([{"expression": "a", "segmentation": code(4, 5)}], "no expression 'a'"),
        ([{"expression": 0}], "not an object of predictions.json"),
        ([{"expression": 0, "segmentation": {"size": [4, 5], "counts": "zz"}}], "damaged"),
    ]:
        with pytest.raises(DataError, match=message):
            formats.from_coco(objects, ("a",))


@settings(deadline=None, max_examples=40)
@given(predictions())
def test_palette_image_holds_the_label_map(prediction):
    image = formats.as_palette_image(prediction)
    assert image.mode == "P"
    np.testing.assert_array_equal(np.asarray(image), prediction.label_map())
    np.testing.assert_array_equal(
        np.asarray(image.convert("RGB")), davis_palette()[prediction.label_map()]
    )
    back = formats.from_palette_image(image, prediction.expressions, prediction.index)
    np.testing.assert_array_equal(back.label_map(), prediction.label_map())


def test_palette_images_of_others():
    labels = np.array([[0, 1, 255], [2, 2, 0]], np.uint8)
    got = formats.from_palette_image(Image.fromarray(labels), ("a", "b", "c"))
    assert got.masks.sum(axis=(1, 2)).tolist() == [1, 2, 0]
    assert got.present.tolist() == [True, True, False]
    with pytest.raises(DataError, match="value 2 but only 1 expressions"):
        formats.from_palette_image(Image.fromarray(labels), ("a",))
    with pytest.raises(DataError, match="colours that are none"):
        formats.from_palette_image(Image.new("RGB", (2, 2), "yellow"), ("a",))


@settings(deadline=None, max_examples=40)
@given(predictions())
def test_detections_round_trip(prediction):
    fields = formats.as_detections(prediction)
    kept = [q for q in range(len(prediction.expressions)) if prediction.masks[q].any()]
    assert fields["class_id"].tolist() == kept
    assert fields["data"]["class_name"].tolist() == [
        str(np.array(prediction.expressions[q])) for q in kept
    ]
    for (left, top, right, bottom), mask in zip(fields["xyxy"], fields["mask"], strict=True):
        rows, columns = np.nonzero(mask)
        assert (left, right) == (columns.min(), columns.max() + 1)
        assert (top, bottom) == (rows.min(), rows.max() + 1)
    back = formats.from_supervision(
        SimpleNamespace(**fields), prediction.expressions, prediction.masks.shape[1:]
    )
    np.testing.assert_array_equal(back.masks, prediction.masks)
    np.testing.assert_array_equal(back.scores[kept], prediction.scores[kept])


def test_detections_of_others():
    masks = np.zeros((2, 3, 3), bool)
    masks[0, 0], masks[1, 2] = True, True
    both = SimpleNamespace(xyxy=np.zeros((2, 4)), mask=masks, class_id=[0, 0], confidence=None)
    got = formats.from_supervision(both, ("a", "b"), (3, 3))
    assert got.masks[0].sum() == 6
    assert got.scores.tolist() == [1, 0]
    both.class_id = [0, 7]
    with pytest.raises(DataError, match="no expression 7"):
        formats.from_supervision(both, ("a", "b"), (3, 3))
    both.mask = None
    with pytest.raises(DataError, match="need masks"):
        formats.from_supervision(both, ("a", "b"), (3, 3))


def test_supervision_itself():
    supervision = pytest.importorskip("supervision")
    masks = np.zeros((2, 6, 8), bool)
    masks[0, 1:3, 2:5] = True
    prediction = FramePrediction(
        0, 0.0, ("a", "b"), masks, np.float32([0.7, 0.2]), np.array([True, False])
    )
    detections = formats.as_supervision(prediction)
    assert isinstance(detections, supervision.Detections)
    assert detections.xyxy.tolist() == [[2, 1, 5, 3]]
    assert detections["class_name"].tolist() == ["a"]
    back = formats.from_supervision(detections, ("a", "b"), (6, 8))
    np.testing.assert_array_equal(back.masks, masks)


def test_colour_images_of_painting_programs_are_understood():
    labels = np.array([[0, 1, 2], [2, 2, 0]], np.uint8)
    colours = Image.fromarray(davis_palette()[labels])
    for image in (colours, colours.convert("RGBA")):
        np.testing.assert_array_equal(formats.palette_labels(image, 2), labels)
    with pytest.raises(DataError, match="colours that are none"):
        formats.palette_labels(colours, 1)


def test_palettes_numbered_anew_go_by_their_colours():
    labels = np.array([[0, 1, 2], [2, 2, 0]], np.uint8)
    colours = davis_palette()
    swapped = Image.fromarray(np.array([0, 2, 1], np.uint8)[labels], "P")
    swapped.putpalette(colours[[0, 2, 1]].tobytes())
    bordered = Image.fromarray(np.where(labels == 0, 255, labels).astype(np.uint8), "P")
    bordered.putpalette(colours.tobytes())
    for image in (swapped, bordered, Image.fromarray(colours[labels]).quantize(8)):
        assert image.mode == "P"
        np.testing.assert_array_equal(formats.palette_labels(image, 2), labels)
    swapped.putpalette(colours[[0, 5, 1]].tobytes())
    with pytest.raises(DataError, match="colours that are none"):
        formats.palette_labels(swapped, 2)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_black_and_white_is_the_mask_of_the_only_expression(mode):
    labels = np.array([[0, 1, 1], [0, 0, 1]], np.uint8)
    image = Image.fromarray(labels * 255).convert(mode)
    np.testing.assert_array_equal(formats.palette_labels(image, 1), labels)
    with pytest.raises(DataError, match="black and white, which does not tell the 2 express"):
        formats.palette_labels(image, 2)
    black = Image.new("L", (3, 2)).convert(mode)
    assert not formats.palette_labels(black, 2).any()


def test_what_is_transparent_is_background():
    labels = np.array([[0, 1, 2], [2, 2, 0]], np.uint8)
    image = Image.fromarray(davis_palette()[labels]).convert("RGBA")
    image.putalpha(Image.fromarray(np.where(labels == 2, 0, 9).astype(np.uint8)))
    np.testing.assert_array_equal(formats.palette_labels(image, 2), labels * (labels < 2))
    grey = Image.merge("LA", (Image.fromarray(labels), image.getchannel("A")))
    np.testing.assert_array_equal(formats.palette_labels(grey, 2), labels * (labels < 2))


def test_expressions_that_were_not_looked_for_stay_so():
    prediction = FramePrediction(
        4,
        0.5,
        ("a", "b"),
        np.ones((2, 3, 3), bool),
        np.float32([0.5, 0]),
        np.array([True, False]),
        {"active": np.array([True, False])},
    )
    entry = formats.as_frame_dict(prediction)
    back = formats.from_frame_dict(entry, ("a", "b"))
    assert back.extras["active"].tolist() == [True, False]
    assert formats.as_frame_dict(back) == entry
