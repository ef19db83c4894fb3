"""Frames that change their size in the middle of a stream, in every kind of output."""

from __future__ import annotations

import json

import av
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from car_video.io.writers import OutputFolder, OutputInfo, Outputs
from car_video.types import Frame, FramePrediction

SIZES = [(48, 64), (96, 128), (120, 64), (48, 64), (1, 1)]
INFO = OutputInfo("webcam:0", 64, 48, 10.0, "lite", ("a dog",))


def pair(index: int, size: tuple[int, int]) -> tuple[Frame, FramePrediction]:
    """Red on the left; the mask is that half."""
    image = np.full((*size, 3), 200, np.uint8)
    mask = np.zeros((1, *size), bool)
    mask[..., : (size[1] + 1) // 2] = True
    image[mask[0]] = (255, 0, 0)
    scores, present = np.ones(1, np.float32), np.ones(1, bool)
    return (
        Frame(index, index / 10, image),
        FramePrediction(index, index / 10, INFO.expressions, mask, scores, present),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sizes") / "out"
    targets = ("overlay", "masks", "json", "cutout", "sheet")
    with Outputs(OutputFolder.open(path, INFO), targets) as outputs:
        for index, size in enumerate(SIZES):
            outputs.write(*pair(index, size))
    return path


def pictures(path, pixels="rgb24"):
    with av.open(str(path)) as container:
        return [f.to_ndarray(format=pixels) for f in container.decode(video=0)]


@pytest.mark.parametrize("name", ["overlay.mp4", "cutout.webm"])
def test_videos_keep_the_first_size(folder, name):
    shown = pictures(folder / name)
    assert [p.shape[:2] for p in shown] == [SIZES[0]] * len(SIZES)


def test_other_sizes_are_centred_on_black(folder):
    tall = pictures(folder / "overlay.mp4")[2]  # 120 x 64 into 48 x 64: 26 wide
    assert tall[:, :17].max() < 60
    assert tall[:, -17:].max() < 60
    assert tall[:, 21:43].mean() > 80


def test_masks_and_json_have_their_own(folder):
    frames = json.loads((folder / "predictions.json").read_text())["frames"]
    for index, size in enumerate(SIZES):
        labels = np.asarray(Image.open(folder / "masks" / f"{index:05d}.png"))
        _, prediction = pair(index, size)
        np.testing.assert_array_equal(labels == 1, prediction.masks[0])
        code = frames[index]["objects"][0]["segmentation"]
        np.testing.assert_array_equal(coco.decode(code), prediction.masks[0])


def test_there_is_a_sheet(folder):
    with Image.open(folder / "sheet.png") as sheet:
        assert min(sheet.size) > 48
