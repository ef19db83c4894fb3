"""What a preset's keyframes cost and give, on a video of squares."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.keyframes import measure, noisy
from car_video import Config, Frame
from car_video.config.video import KeyframeConfig, VideoConfig
from car_video.models.pair import as_pair
from tests.segment.colour_model import ColourModel
from tests.video.colour_sam import ColourSam
from tests.video.conftest import WITH_SAM, frame, red_at

FRAMES = 7
RED = 2  # the object's number in the truth; it need not be its place


def squares(moved: int) -> Any:
    """A sequence whose truth is where the red square is, or beside it."""
    count = FRAMES + 2  # more than are to be taken
    truth = np.zeros((count, *frame(0).image.shape[:2]), np.uint8)
    for number in range(count):
        truth[(number, *red_at(number))] = RED
    return SimpleNamespace(
        frames=lambda: (frame(n) for n in range(count)),
        masks=np.roll(truth, moved, 2),
        targets=[SimpleNamespace(number=RED)],
    )


def test_frames_are_told_apart_and_scored() -> None:
    video = VideoConfig(keyframes=KeyframeConfig(interval=0.125, doubt=0.0))
    config = Config(segment=WITH_SAM, video=video)
    model, sam = as_pair(ColourModel()), ColourSam()
    run = measure(squares(0), ["a red ball"], config, model, sam, FRAMES)
    assert (len(run.keyframes), len(run.between)) == (3, 4)
    assert min(run.keyframes + run.between) > 0
    assert abs(run.mean - sum(run.keyframes + run.between) / FRAMES) < 1e-6
    other = measure(squares(30), ["a red ball"], config, model, sam, FRAMES)
    assert run.quality > 0.85 > 0.55 > other.quality  # object 1 is rightly nowhere: 0.5


def test_noise_is_one_grey_level_by_its_seed():
    levels = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    levels[0, :4] = [[0] * 3, [255] * 3] * 2

    def seen(seed):
        return [f.image for f in noisy((Frame(n, n / 24, levels) for n in range(2)), seed)]

    assert all((image == levels).all() for image in seen(0))
    first, second = seen(1)
    assert set(np.unique(first.astype(int) - levels)) == {-1, 0, 1}
    assert (first != second).any()
    assert (first == seen(1)[0]).all()
