"""Predictions for Label Studio: what is asked of which label, and the protocol's form."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
from PIL import Image

from car_video import ImageSegmenter
from car_video.errors import ConfigError
from car_video.integrations.label_studio import BrushConfig, predict_tasks
from car_video.io.exports.label_studio import brush_rle
from tests.paths import ROOT
from tests.segment.colour_model import BOTH, PLAIN, RED, ColourModel, picture

CONFIG = """<View>
  <Image name="photo" value="$picture"/>
  <BrushLabels name="paint" toName="photo">
    <Label value="Ball" predicted_values="a red ball"/>
    <Label value="a green frog"/>
  </BrushLabels>
</View>"""
IMAGE = '<Image name="a" value="$i"/>'


@pytest.fixture
def segmenter() -> ImageSegmenter:
    return ImageSegmenter(ColourModel(), ["a thing"], PLAIN)


@pytest.fixture
def pictures(tmp_path):
    Image.fromarray(BOTH).save(tmp_path / "both.png")
    Image.fromarray(picture((RED, (255, 0, 0)))).convert("P").save(tmp_path / "red.png")
    return tmp_path


def test_the_configuration_says_what_to_look_for() -> None:
    found = BrushConfig.read(CONFIG)
    assert (found.brush, found.image, found.field) == ("paint", "photo", "picture")
    assert found.labels == ("Ball", "a green frog")
    assert found.expressions == ("a red ball", "a green frog")


def test_predictions_are_brushes_of_the_masks(segmenter, pictures) -> None:
    tasks = [
        {"id": 1, "data": {"picture": "/data/both.png"}},
        {"id": 2, "data": {"picture": "/data/red.png"}},
    ]
    asked = []

    def local_path(address: str) -> str:
        asked.append(address)
        return str(pictures / address.rpartition("/")[2])

    first, second = predict_tasks(segmenter, BrushConfig.read(CONFIG), tasks, local_path)
    assert asked == ["/data/both.png", "/data/red.png"]
    assert first["model_version"] == "car-video colours"
    assert [item["value"]["brushlabels"] for item in first["result"]] == [
        ["Ball"],
        ["a green frog"],
    ]
    masks = ImageSegmenter(ColourModel(), ["a red ball", "a green frog"], PLAIN)
    masks = masks.segment(BOTH).masks
    for item, mask in zip(first["result"], masks, strict=True):
        assert (item["from_name"], item["to_name"]) == ("paint", "photo")
        assert (item["original_height"], item["original_width"]) == BOTH.shape[:2]
        assert item["value"]["rle"] == list(brush_rle(mask))
    assert len(second["result"]) == 1
    assert second["score"] == second["result"][0]["score"] > 0.75


def test_pictures_are_seen_as_browsers_show_them(segmenter, tmp_path) -> None:
    on_its_side = Image.fromarray(np.rot90(BOTH))
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise makes it upright
    on_its_side.save(tmp_path / "a.png", exif=exif)
    task = {"id": 1, "data": {"picture": "a.png"}}
    (found,) = predict_tasks(
        segmenter, BrushConfig.read(CONFIG), [task], lambda address: tmp_path / address
    )
    masks = ImageSegmenter(ColourModel(), ["a red ball", "a green frog"], PLAIN)
    masks = masks.segment(BOTH).masks
    for item, mask in zip(found["result"], masks, strict=True):
        assert (item["original_height"], item["original_width"]) == BOTH.shape[:2]
        assert item["value"]["rle"] == list(brush_rle(mask))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("<View>", "no XML"),
        ("<View/>", "needs <BrushLabels"),
        (
            '<View><Image name="a" value="$i"/><BrushLabels name="b" toName="c"/></View>',
            "needs",
        ),
        (
            '<View><Image name="a" value="$i"/><BrushLabels name="b" toName="a"/></View>',
            "Label",
        ),
    ],
)
def test_other_configurations_are_one_line(config: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        BrushConfig.read(config)


def test_a_task_without_a_picture_is_one_line(segmenter) -> None:
    with pytest.raises(ConfigError, match="task 3 has no picture in 'picture'"):
        predict_tasks(segmenter, BrushConfig.read(CONFIG), [{"id": 3, "data": {}}], str)


def test_the_back_end_of_the_examples_answers_the_sdks_server(
    segmenter, pictures, monkeypatch
) -> None:
    monkeypatch.setenv("MODEL_DIR", str(pictures))
    monkeypatch.setenv("LOCAL_FILES_DOCUMENT_ROOT", str(pictures))  # read by the import
    pytest.importorskip("label_studio_ml.api")
    spec = importlib.util.spec_from_file_location(
        "model", ROOT / "examples" / "label_studio" / "model.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "model", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "segmenter", lambda: segmenter)
    from label_studio_ml.api import init_app

    client = init_app(model_class=module.CarVideo).test_client()
    assert client.get("/health").status_code == 200
    request = {
        "tasks": [{"id": 1, "data": {"picture": "/data/local-files/?d=both.png"}}],
        "label_config": CONFIG,
        "project": "7.1700000000",
    }
    answer = client.post("/predict", json=request)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    (found,) = answer.get_json()["results"]
    assert [item["value"]["brushlabels"][0] for item in found["result"]] == [
        "Ball",
        "a green frog",
    ]
    assert np.all(np.array([item["score"] for item in found["result"]]) > 0.75)
