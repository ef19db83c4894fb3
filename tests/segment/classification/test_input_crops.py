"""Square views against torchvision's arithmetic and Pillow's resizing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from car_video.segment.classification.input_crops import PADDING, InputCrop, to_classifier_input


def test_center_crop_is_clips_preprocessing() -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    got = to_classifier_input(tensor, 24, "center-crop")[0].permute(1, 2, 0).numpy()
    resized = Image.fromarray(image).resize((32, 24), Image.Resampling.BICUBIC)
    expected = np.asarray(resized)[:, 4:28] / 255.0
    assert np.abs(got - expected).max() < 2.5 / 255  # Pillow rounds to bytes twice


@pytest.mark.parametrize(
    ("size", "resized", "window"),
    [
        ((375, 500), (224, 298), (0, 37, 224, 224)),
        ((500, 375), (298, 224), (37, 0, 224, 224)),
        ((480, 854), (224, 398), (0, 87, 224, 224)),
        ((224, 224), (224, 224), (0, 0, 224, 224)),
    ],
)
def test_center_crop_geometry(
    size: tuple[int, int], resized: tuple[int, int], window: tuple[int, int, int, int]
) -> None:
    view = InputCrop.of(*size, 224, "center-crop")
    assert view.resized == resized
    assert view.window == window


def test_letterbox_shows_everything_and_fills_with_clips_mean() -> None:
    image = torch.zeros(1, 3, 20, 40)
    got = to_classifier_input(image, 32, "letterbox")
    assert got.shape == (1, 3, 32, 32)
    assert float(got[0, :, 8:24].max()) == 0.0
    for channel, value in enumerate(PADDING):
        assert float(got[0, channel, 0, 0]) == pytest.approx(value)
        assert float(got[0, channel, 31, 31]) == pytest.approx(value)
    sliver = to_classifier_input(torch.zeros(1, 3, 1, 4000), 32, "letterbox")
    assert int((sliver[0, 0] == 0).sum()) == 32


def test_squash() -> None:
    ramp = torch.linspace(0, 1, 64).view(1, 1, 1, 64).expand(1, 3, 16, 64)
    got = to_classifier_input(ramp, 32, "squash")
    assert got.shape == (1, 3, 32, 32)
    assert float(got[0, 0, 5, 0]) < 0.03
    assert float(got[0, 0, 5, 31]) > 0.97


def test_picture_of_the_right_size_is_untouched() -> None:
    image = torch.rand(2, 3, 16, 16)
    for mode in ("center-crop", "letterbox", "squash"):
        assert torch.equal(to_classifier_input(image, 16, mode), image)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["center-crop", "letterbox", "squash"])
def test_boxes_and_masks_move_with_the_picture(mode: str) -> None:
    masks = torch.zeros(1, 60, 90, dtype=torch.bool)
    masks[:, 12:48, 36:54] = True
    view = InputCrop.of(60, 90, 30, mode)  # type: ignore[arg-type]
    small = view.cut(masks[:, None].float())[0, 0] > 0.5
    left, top, right, bottom = view.move_boxes(
        torch.tensor([[36.0, 12.0, 54.0, 48.0]]), 60, 90
    )[0].tolist()
    rows, columns = small.any(1).nonzero().flatten(), small.any(0).nonzero().flatten()
    assert top == pytest.approx(float(rows[0]), abs=0.6)
    assert bottom == pytest.approx(float(rows[-1]) + 1, abs=0.6)
    assert left == pytest.approx(float(columns[0]), abs=0.6)
    assert right == pytest.approx(float(columns[-1]) + 1, abs=0.6)
