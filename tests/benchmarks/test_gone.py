"""Clips in which a thing is suddenly gone or covered, and their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.gone import (
    BACK,
    BLACK,
    BORDER,
    FRAMES,
    GONE,
    GREY,
    WAYS,
    changed,
    extent,
    measured,
    painted_out,
    row,
    there_and_back,
)
from car_video import VideoSegmenter
from car_video.config.video import OfflineConfig, VideoConfig, VideoMode
from tests.segment.colour_model import ColourModel
from tests.video.colour_sam import ColourSam
from tests.video.conftest import WITH_SAM, frame, red_at

SIZE = (80, 240)


def scene(left: int, right: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A striped wall with a red thing in front of it, and its mask."""
    image = np.full((*SIZE, 3), 90, np.uint8)
    image[20:40] = 160
    mask = np.zeros(SIZE, bool)
    mask[30:60, left:right] = True
    image[mask] = (250, 0, 0)
    return image, mask


def is_red(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return (image[..., 0].astype(int) - image[..., 1]) > 100


@pytest.mark.parametrize("left", [70, 0, 210])
def test_what_is_beside_takes_the_place(left: int) -> None:
    image, mask = scene(left, left + 30)
    wall = painted_out(image, mask).astype(int)
    rows = np.where((np.arange(SIZE[0]) >= 20) & (np.arange(SIZE[0]) < 40), 160, 90)
    assert np.abs(wall - rows[:, None, None]).max() <= 1, "the wall goes on behind it"
    assert is_red(image)[mask].all(), "the picture stays as it was"


def test_without_room_on_either_side_the_nearest_pixels() -> None:
    image, mask = scene(BORDER + 5, SIZE[1] - BORDER - 5)
    assert not is_red(painted_out(image, mask)).any()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("grey", [BLACK, GREY])
def test_the_thing_is_gone_for_a_while_or_for_good(way: str, grey: int) -> None:
    clip = [scene(60 + number, 80 + number) for number in range(FRAMES)]
    made = list(changed(*zip(*clip, strict=True), way, grey))
    assert len(made) == FRAMES
    for number, ((image, seen), (before, mask)) in enumerate(zip(made, clip, strict=True)):
        if number >= GONE and (way == "stays" or number < BACK):
            assert not seen.any()
            assert not is_red(image).any()
            box = (image == grey).all(-1)
            inside = {"painted": None, "box": mask, "stays": clip[GONE][1]}[way]
            assert box.any() == (inside is not None)
            assert inside is None or box[inside].all()
        else:
            np.testing.assert_array_equal(image, before)
            np.testing.assert_array_equal(seen, mask)


def test_a_box_ends_at_the_border_of_the_frame() -> None:
    mask = np.zeros(SIZE, bool)
    mask[0:3, 0:2] = True
    assert extent(mask, 0.5) == (0, 8, 0, 6)
    mask[:] = True
    assert extent(mask, 0.5) == (0, SIZE[0], 0, SIZE[1])


def test_a_clip_that_ends_plays_backwards() -> None:
    values = [np.array(number) for number in range(3)]
    assert [int(value) for value in there_and_back(values, 7)] == [0, 1, 2, 1, 0, 1, 2]


def test_the_numbers_of_a_clip() -> None:
    seen = [number < GONE or number >= BACK for number in range(FRAMES)]
    present = [number < GONE + 3 or number >= BACK + 2 for number in range(FRAMES)]
    j = [1.0 if shown == there else 0.0 for shown, there in zip(present, seen, strict=True)]
    found = row(present, j, seen)
    assert found.gone == 3 / (BACK - GONE)
    assert found.delay == 3 / 12
    assert (found.there, found.j) == (1, 1)
    assert found.again == found.j_again == pytest.approx(1 - 2 / (FRAMES - BACK))
    never = row([True] * FRAMES, j, [number < GONE for number in range(FRAMES)])
    assert never.gone == 1
    assert never.delay == (FRAMES - GONE) / 12
    assert np.isnan(never.again)


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_answers_that_come_late_are_those_of_their_frames(mode: VideoMode) -> None:
    def clip() -> Any:
        for number in range(FRAMES):
            there = number < GONE or number >= BACK
            image = frame(number % 5, red=there, green=False).image
            mask = np.zeros(image.shape[:2], bool)
            mask[red_at(number % 5)] = there
            yield image, mask

    video = VideoConfig(mode=mode, offline=OfflineConfig(window=16))
    sam: Any = ColourSam()
    found = measured(
        VideoSegmenter(ColourModel(), ["a red ball"], WITH_SAM, video, mask_model=sam), clip()
    )
    assert (found.there, found.again) == (1, pytest.approx(1, abs=0.2))
    assert found.gone < 0.3
    assert found.j > 0.8
