"""Small clips of coloured squares, and a segmenter of masks that sees colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from car_video.config import ExpressionConfig, ProposalConfig, SamRefineConfig, SegmentConfig
from car_video.types import Frame
from tests.video.colour_sam import ColourSam

PLAIN = SegmentConfig(
    scale="model",  # everyday phrases have no colours
    refine="none",
    background=("sky",),
    proposal=ProposalConfig(size=96, affinity=False),
    # Colours of pixels would know better than the model that these tests mislead.
    expression=ExpressionConfig(noun_weight=0.0, colour_weight=0.0),
)
SIDE = 192
WITH_SAM = replace(PLAIN, refine="sam", sam=SamRefineConfig(side=SIDE, points=3))
CONFIGS = {"maps": PLAIN, "tracks": WITH_SAM}
NAMES = ["a red ball", "a green frog"]
SIZE = (72, 96)
"""Just high enough for flow to begin at half the size, which takes half the time."""
NOISE = np.random.default_rng(0).integers(-20, 20, (*SIZE, 1))


def canvas() -> np.ndarray:
    return np.broadcast_to(128 + NOISE, (*SIZE, 3)).astype(np.uint8)


def red_at(number: int) -> tuple[slice, slice]:
    return slice(8, 28), slice(4 + 2 * (number % 30), 24 + 2 * (number % 30))


def frame(number: int, *, red: bool = True, green: bool = True, tint: int = 0) -> Frame:
    """A red square that moves by two pixels a frame, a green one that stands still.

    Args:
        tint: added to the blue of the background, for another scene.
    """
    image = canvas()
    image[..., 2] = (image[..., 2].astype(int) + tint).clip(0, 255)
    if red:
        image[red_at(number)] = (255, 0, 0)
    if green:
        image[40:60, 60:84] = (0, 255, 0)
    return Frame(10 + 2 * number, number / 24, image)


def iou(mask: np.ndarray, place: tuple[slice, slice]) -> float:
    truth = np.zeros(mask.shape, bool)
    truth[place] = True
    return float((mask & truth).sum() / (mask | truth).sum())


@pytest.fixture
def colour_sam(monkeypatch: pytest.MonkeyPatch) -> ColourSam:
    """In place of the bundled MobileSAM."""
    sam = ColourSam()
    monkeypatch.setattr("car_video.segment.segmenter.load_mask_model", lambda name, device: sam)
    return sam
