"""Thumbnails are torch's area means, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from car_video.segment.resizing import bounded
from car_video.video import thumbnail
from car_video.video.thumbnail import THUMBNAIL_SIDE, shrink


def by_torch(image: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    size = bounded(image.shape[0], image.shape[1], longest)
    small = F.interpolate(pixels, size, mode="area")[0].round().to(torch.uint8)
    return small.permute(1, 2, 0).numpy()


@pytest.mark.parametrize(
    ("size", "longest"),
    [
        ((480, 854), THUMBNAIL_SIDE),  # areas overlap
        ((512, 512), THUMBNAIL_SIDE),
        ((7, 1000), THUMBNAIL_SIDE),
        ((30, 40), THUMBNAIL_SIDE),  # not enlarged
        ((1, 1), THUMBNAIL_SIDE),
        ((600, 9), 2),  # 300 rows of an area
    ],
)
@pytest.mark.parametrize("brightest", [False, True])
def test_the_means_are_those_of_torch(
    size: tuple[int, int], longest: int, brightest: bool
) -> None:
    image = np.random.default_rng(3).integers(0, 256, (*size, 3), np.uint8)
    if brightest:
        image[:] = 255
    np.testing.assert_array_equal(shrink(image, longest), by_torch(image, longest))


def test_running_sums_may_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Differences of 32-bit sums hold beyond 32 bits: 65,537 x 260 bytes of 255 pass them."""
    image = np.broadcast_to(np.uint8(255), (260, 65_537, 3))
    monkeypatch.setattr(thumbnail, "bounded", lambda *_: (1, 256))
    np.testing.assert_array_equal(shrink(image), np.full((1, 256, 3), 255, np.uint8))
