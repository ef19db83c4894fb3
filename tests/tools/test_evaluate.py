"""Measuring: boxes, drift, retrieval and zero-shot with the bundled model on made-up data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from car_video.models import VisionLanguageModel, bundled
from car_video.models.pair import ModelPair
from tools.build_lite.evaluate import (
    embed_pictures,
    main,
    model_in,
    object_boxes,
    retrieval,
    zero_shot,
)
from tools.build_lite.features import read_picture
from tools.build_lite.photos import Captioned
from tools.build_lite.rounding import drift, quantisation_drift

INSTANCES = {
    "images": [{"id": 1, "file_name": "a.jpg"}],
    "categories": [{"id": 3, "name": "dog"}, {"id": 4, "name": "cat"}],
    "annotations": [
        {"image_id": 1, "category_id": 3, "bbox": [0, 0, 70, 80]},
        {"image_id": 1, "category_id": 4, "bbox": [10, 10, 63, 90]},
        {"image_id": 1, "category_id": 4, "bbox": [10, 10, 90, 90], "iscrowd": 1},
        {"image_id": 1, "category_id": 4, "bbox": [10.5, 10, 89.9, 90.2]},
    ],
}


@pytest.fixture(scope="module")
def model(lite: ModelPair) -> VisionLanguageModel:
    return lite.proposer


def test_object_boxes() -> None:
    boxes = object_boxes(INSTANCES, 64)
    assert [(file, name) for file, _, name in boxes] == [("a.jpg", "dog"), ("a.jpg", "cat")]
    assert boxes[0][1] == (0, 0, 70, 80)


def test_zero_shot_counts(model: VisionLanguageModel, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    random = np.random.default_rng(0)
    picture = random.integers(0, 255, (100, 100, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "images" / "a.jpg")
    (tmp_path / "instances.json").write_text(json.dumps(INSTANCES))
    found = zero_shot(model, tmp_path)
    assert (found.objects, found.classes) == (2, 2)
    assert found.top1 == found.mean_top1
    assert found.top1 in (0.0, 0.5, 1.0)
    assert found.top5 == 1.0, "there are but two classes"


def test_batches_of_pictures_change_nothing(model: VisionLanguageModel) -> None:
    random = np.random.default_rng(1)
    pictures = [random.integers(0, 255, (64, 64, 3), dtype=np.uint8) for _ in range(5)]
    whole = embed_pictures(model, iter(pictures), batch=8)
    parts = embed_pictures(model, iter(pictures), batch=2)
    torch.testing.assert_close(whole, parts, atol=1e-4, rtol=0)
    torch.testing.assert_close(whole.norm(dim=-1), torch.ones(5))


@pytest.mark.slow
def test_retrieval_takes_the_first_caption(model: VisionLanguageModel, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    paths = []
    for i in range(6):
        coarse = random.integers(0, 255, (3, 3, 3), dtype=np.uint8)
        paths.append(tmp_path / f"{i}.png")
        Image.fromarray(coarse).resize((80, 60), Image.Resampling.BICUBIC).save(paths[-1])
    firsts = ["a red thing", "blue water", "green grass", "the night", "a wall", "white snow"]
    captions = [text for first in firsts for text in (first, "something else")]
    data = Captioned(tuple(paths), tuple(captions), np.repeat(np.arange(6), 2), (6,), ((),) * 6)
    held_out = np.array([0, 2, 3, 5])
    images = embed_pictures(model, (read_picture(paths[i], 256) for i in held_out))
    likeness = model.encode_text([firsts[i] for i in held_out]) @ images.T
    ranks = [int((row > row[i]).sum()) for i, row in enumerate(likeness)]
    found = retrieval(model, data, held_out)
    assert found == {
        k: pytest.approx(np.mean([rank < k for rank in ranks])) for k in (1, 5, 10)
    }


def test_drift_is_relative() -> None:
    rows = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    assert drift(rows, rows) == 0
    assert drift(rows * 1.1, rows) == pytest.approx(0.1, abs=1e-6)


def test_a_model_does_not_drift_from_itself(model: VisionLanguageModel, tmp_path: Path) -> None:
    picture = np.random.default_rng(3).integers(0, 255, (80, 60, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    moved = quantisation_drift(model, model, [tmp_path / "a.png"])
    assert moved == dict.fromkeys(("text", "pooled", "dense", "cosine", "map"), 0.0) | {
        "argmax": 1
    }


def test_weights_of_a_folder_are_measured(model: VisionLanguageModel) -> None:
    ours = model_in(bundled.weights_folder())
    words = ["a dog", "the red car"]
    torch.testing.assert_close(ours.encode_text(words), model.encode_text(words))


def test_a_folder_without_weights_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--weights", str(tmp_path)]) == 2
    assert "no lite.json; run the stage 'export' first" in capsys.readouterr().err
