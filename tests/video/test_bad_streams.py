"""Streams that are not as they should be: clocks that jump, one frame, black ones, 50
sentences for one thing. Each has one defined answer a frame."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from car_video.config import SegmentConfig, load_preset
from car_video.config.video import OfflineConfig, VideoConfig
from car_video.types import Frame, FramePrediction
from car_video.video.correction.following import follow_masks
from car_video.video.stream import segment_stream
from tests.segment.colour_model import ColourModel
from tests.video import conftest
from tests.video.conftest import CONFIGS, NAMES, WITH_SAM, iou, red_at

pytestmark = pytest.mark.usefixtures("colour_sam")
HOUR = 3600.0
VIDEOS = {
    "online": VideoConfig(),
    "fast": load_preset("fast").video,
    "offline": VideoConfig(mode="offline", offline=OfflineConfig(window=5)),
}


def segmented(
    frames: list[Frame],
    video: VideoConfig,
    segment: SegmentConfig = WITH_SAM,
    names: list[str] = NAMES,
) -> list[FramePrediction]:
    """One prediction for every frame, in order."""
    pairs = list(segment_stream(ColourModel(), iter(frames), names, segment, video))
    assert [given.index for given, _ in pairs] == [one.index for one in frames]
    for given, found in pairs:
        assert found.masks.shape == (len(names), given.height, given.width)
        assert np.isfinite(found.scores).all()
        assert ((found.scores >= 0) & (found.scores <= 1)).all()
        assert not found.masks[~found.present].any()
    return [found for _, found in pairs]


def clip(times: list[Any]) -> list[Frame]:
    return [replace(conftest.frame(n), time=time) for n, time in enumerate(times)]


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("mode", VIDEOS)
def test_a_clock_that_jumps_an_hour_ahead(mode: str, kind: str) -> None:
    """The things are where they are, whatever the time between two frames says."""
    times = [n / 24 + (HOUR if n > 4 else 0) for n in range(10)]
    for number, found in enumerate(segmented(clip(times), VIDEOS[mode], CONFIGS[kind])):
        assert found.time == times[number]
        assert found.present.all()
        assert iou(found.masks[0], red_at(number)) > 0.7


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("mode", VIDEOS)
@pytest.mark.parametrize("wrong", [-HOUR, None, math.nan])
def test_a_clock_that_jumps_back(mode: str, kind: str, wrong: float | None) -> None:
    """Nothing is known of the time between the two frames, so it is 1/24 s: the masks are those
    of a clock that goes on."""
    good = [n / 24 for n in range(9)]
    bad: list[Any] = list(good)
    if wrong is None or math.isnan(wrong):
        bad[5] = wrong
    else:
        bad[5:] = [time + wrong for time in good[5:]]
    expected = segmented(clip(good), VIDEOS[mode], CONFIGS[kind])
    for one, other in zip(
        expected, segmented(clip(bad), VIDEOS[mode], CONFIGS[kind]), strict=True
    ):
        np.testing.assert_array_equal(one.masks, other.masks)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-6)


@pytest.mark.parametrize("wrong", [-HOUR, HOUR, None, math.nan])
def test_masks_are_followed_by_any_clock(wrong: float | None) -> None:
    times: list[Any] = [n / 24 for n in range(6)]
    times[3] = wrong
    mask = np.zeros(conftest.SIZE, bool)
    mask[red_at(0)] = True
    first = conftest.frame(0).index
    pairs = list(follow_masks(ColourModel(), clip(times), {first: {1: mask}}, WITH_SAM))
    for number, (_, labels) in enumerate(pairs):
        assert iou(labels == 1, red_at(number)) > 0.7


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("mode", VIDEOS)
def test_a_stream_of_one_frame(mode: str, kind: str) -> None:
    """It is the picture: what per-frame says of it."""
    (found,) = segmented([conftest.frame(0)], VIDEOS[mode], CONFIGS[kind])
    (alone,) = segmented([conftest.frame(0)], VideoConfig(mode="per-frame"), CONFIGS[kind])
    assert found.present.all()
    for one, other in zip(found.masks, alone.masks, strict=True):
        assert (one & other).sum() / (one | other).sum() > 0.9


def black(number: int) -> Frame:
    given = conftest.frame(number)
    return replace(given, image=np.zeros_like(given.image))


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("mode", VIDEOS)
def test_black_frames(mode: str, kind: str) -> None:
    """Nothing is in them; what was before them is found again at once after them."""
    frames = [black(n) if n < 2 or 5 <= n < 8 else conftest.frame(n) for n in range(11)]
    for number, found in enumerate(segmented(frames, VIDEOS[mode], CONFIGS[kind])):
        there = not (number < 2 or 5 <= number < 8)
        assert found.present.tolist() == [there, there]
        if there:
            assert iou(found.masks[0], red_at(number)) > 0.7
    assert not any(found.present.any() for found in segmented(frames[:2], VIDEOS[mode]))


PARAPHRASES = [
    f"{start} {word} red ball"
    for start in ("a", "the", "this", "that", "my")
    for word in "small round bright shiny little fast plain new nice old".split()
]
SYNONYMS = [
    f"{start} red {kind}"
    for start in ("this", "that", "my", "your", "her")
    for kind in "ball toy thing globe sphere balloon shape object item body".split()
]


@pytest.mark.parametrize("mode", ["online", "fast"])
def test_fifty_paraphrases(mode: str) -> None:
    """One noun, so the words allow that all name one thing, and all find it."""
    frames = [conftest.frame(number, green=False) for number in range(4)]
    for number, found in enumerate(segmented(frames, VIDEOS[mode], names=PARAPHRASES)):
        assert found.present.all()
        assert min(iou(mask, red_at(number)) for mask in found.masks) > 0.7


def test_fifty_synonyms() -> None:
    """Nothing says that a toy may be a ball, so they compete; what is found is the thing."""
    frames = [conftest.frame(number) for number in range(3)]
    for number, found in enumerate(segmented(frames, VIDEOS["online"], names=SYNONYMS)):
        assert found.present.any()
        assert min(iou(mask, red_at(number)) for mask in found.masks[found.present]) > 0.7
