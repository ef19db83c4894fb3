"""Words of place in video: the track of the thing that they name, while things move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from car_video.config import ProposalConfig, SamRefineConfig
from car_video.types import Frame
from car_video.video.segmenter import VideoSegmenter
from tests.segment.colour_model import PLAIN, ColourModel

torch.set_num_threads(1)

CONFIG = replace(
    PLAIN,
    proposal=ProposalConfig(size=192, affinity=False),
    sam=SamRefineConfig(side=256, points=16),
)


def scene(time: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Two red balls that drift to the right, and where they are."""
    y, x = np.mgrid[:128, :192]
    image = np.full((128, 192, 3), 128, np.uint8)
    balls = [np.hypot(y - 64, x - column - 3 * time) < 22 for column in (40, 140)]
    image[balls[0] | balls[1]] = (255, 0, 0)
    return image, balls


@pytest.mark.parametrize("refine", ["none", "sam"])
def test_each_place_follows_its_own_thing(refine: str) -> None:
    names = ["the left red ball", "the right red ball"]
    segmenter = VideoSegmenter(ColourModel(), names, replace(CONFIG, refine=refine))  # type: ignore[arg-type]
    for time in range(3):
        image, balls = scene(time)
        found = segmenter.step(Frame(time, time / 25, image))
        assert found.present.all()
        for mask, own, other in zip(found.masks, balls, balls[::-1], strict=True):
            assert (mask & own).sum() > 0.9 * own.sum()
            assert (mask & other).sum() < 0.1 * other.sum()
