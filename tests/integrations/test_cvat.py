"""The auto-annotation function, held to the SDK's own classes."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw

import car_video
from car_video.config import Config
from car_video.errors import ConfigError
from tests.segment.colour_model import BOTH, GREEN, PLAIN, RED, ColourModel, picture

cvataa = pytest.importorskip("cvat_sdk.auto_annotation")
from cvat_sdk import models  # noqa: E402
from cvat_sdk.auto_annotation import driver  # noqa: E402
from cvat_sdk.masks import decode_mask  # noqa: E402

from car_video.integrations import cvat  # noqa: E402

NAMES = "a red ball; a green frog ;"


class Context(cvataa.DetectionFunctionContext):
    frame_name = "00001.jpg"

    def __init__(self, threshold: float | None = None, polygons: bool = False) -> None:
        self._threshold, self._polygons = threshold, polygons

    @property
    def conf_threshold(self) -> float | None:
        return self._threshold

    @property
    def conv_mask_to_poly(self) -> bool:
        return self._polygons


@pytest.fixture
def function(monkeypatch):
    monkeypatch.setattr(car_video, "load_model", lambda *_: ColourModel())
    monkeypatch.setattr(car_video, "default_config", lambda _: Config(segment=PLAIN))
    return cvat.create(NAMES)


def at(place: tuple[slice, slice]) -> np.ndarray:
    mask = np.zeros(BOTH.shape[:2], bool)
    mask[place] = True
    return mask


def test_the_labels_are_the_expressions(function) -> None:
    assert [label.name for label in function.spec.labels] == ["a red ball", "a green frog"]
    assert isinstance(function.spec, cvataa.DetectionFunctionSpec)


def test_masks_are_those_of_the_segmenter(function) -> None:
    shapes = function.detect(Context(), Image.fromarray(BOTH))
    height, width = BOTH.shape[:2]
    for shape, number, place in zip(shapes, (0, 1), (RED, GREEN), strict=True):
        assert (shape.label_id, str(shape.type)) == (number, "mask")
        mask = decode_mask(shape.points, image_width=width, image_height=height)
        assert (mask & at(place)).sum() / (mask | at(place)).sum() > 0.9


def test_pictures_are_seen_as_cvat_shows_them(function, tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise makes it upright
    Image.fromarray(np.rot90(BOTH)).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as turned:
        found = function.detect(Context(), turned)
    upright = function.detect(Context(), Image.fromarray(BOTH))
    assert [shape.points for shape in found] == [shape.points for shape in upright]


def test_polygons_have_the_same_pixels(function) -> None:
    masks = function.detect(Context(), Image.fromarray(BOTH))
    polygons = function.detect(Context(polygons=True), Image.fromarray(BOTH))
    height, width = BOTH.shape[:2]
    for mask, polygon in zip(masks, polygons, strict=True):
        assert str(polygon.type) == "polygon"
        drawn = Image.new("L", (4 * width, 4 * height))
        points = (4 * np.array(polygon.points)).tolist()
        ImageDraw.Draw(drawn).polygon(points, fill=1)
        middles = np.asarray(drawn)[2::4, 2::4] > 0
        wanted = decode_mask(mask.points, image_width=width, image_height=height)
        np.testing.assert_array_equal(middles, wanted)


def test_what_is_absent_or_too_doubtful_is_left_out(function) -> None:
    only_red = Image.fromarray(picture((RED, (255, 0, 0)))).convert("RGBA")
    (shape,) = function.detect(Context(), only_red)
    assert shape.label_id == 0
    assert function.detect(Context(threshold=1.0001), only_red) == []


def test_the_driver_of_the_sdk_takes_the_shapes(function) -> None:
    labels = [
        models.Label(name=name, id=70 + n, type="any", attributes=[], sublabels=[])
        for n, name in enumerate(("a green frog", "a red ball"))
    ]
    mapper = driver._AnnotationMapper(
        logging.getLogger("test"),
        function.spec.labels,
        labels,
        allow_unmatched_labels=False,
        spec_nm=driver._SpecNameMapping(),
        conv_mask_to_poly=False,
    )
    shapes = function.detect(Context(), Image.fromarray(BOTH))
    mapper.validate_and_remap(shapes, 5)
    assert [shape.label_id for shape in shapes] == [71, 70]


def test_bad_parameters_are_one_line(monkeypatch) -> None:
    monkeypatch.setattr(car_video, "load_model", SimpleNamespace)
    with pytest.raises(ConfigError, match="say what to look for"):
        cvat.create(" ; ")
    with pytest.raises(ConfigError, match="preset"):
        cvat.create("a dog", preset="none-such")
