"""Expressions that come and go leave those that stay alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from car_video.config import SamRefineConfig, SegmentConfig
from car_video.config.video import KeyframeConfig, VideoConfig
from car_video.types import Frame, FramePrediction
from car_video.video.segmenter import VideoSegmenter
from car_video.video.state.selection import matching, select
from tests.segment.colour_model import BOTH, PLAIN, ColourModel

torch.set_num_threads(1)
pytestmark = pytest.mark.usefixtures("colour_sam")
RED, GREEN, BLUE = "a red ball", "a green frog", "a blue bird"
MAPS = replace(PLAIN, mode="refer")
TRACKS = replace(MAPS, refine="sam", sam=SamRefineConfig(side=192, points=4))
SCENE = np.pad(BOTH, ((0, 8), (0, 0), (0, 0)), "edge")  # flow begins at half the size


def run(
    config: SegmentConfig,
    video: VideoConfig,
    first: Sequence[str],
    changes: Mapping[int, Sequence[str]],
    frames: int = 6,
) -> list[FramePrediction]:
    """Predictions of a moving picture; ``changes``: expressions from a frame on."""
    segmenter = VideoSegmenter(ColourModel(), first, config, video)
    found = []
    for number in range(frames):
        if number in changes:
            segmenter.set_expressions(changes[number])
        image = np.roll(SCENE, number, 1)
        found.append(segmenter.step(Frame(number, number / 10, image)))
    return found


def of(prediction: FramePrediction, text: str) -> tuple[np.ndarray, float, bool]:
    place = prediction.expressions.index(text)
    return (
        prediction.masks[place],
        float(prediction.scores[place]),
        bool(prediction.present[place]),
    )


@pytest.mark.parametrize("config", [MAPS, TRACKS], ids=["maps", "tracks"])
def test_those_that_stay_are_as_without_the_change(config: SegmentConfig) -> None:
    alone = run(config, VideoConfig(), [RED], {})
    changed = run(config, VideoConfig(), [RED], {2: [GREEN, RED, BLUE], 4: [RED]})
    for one, other in zip(alone, changed, strict=True):
        (mask, score, present), own = of(one, RED), of(other, RED)
        assert present
        assert mask.any()
        np.testing.assert_array_equal(mask, own[0])
        assert own[1] == pytest.approx(score, abs=1e-6)
        assert own[2] == present
    assert [p.expressions for p in changed[1::2]] == [(RED,), (GREEN, RED, BLUE), (RED,)]
    assert changed[2].present[1:].tolist() == [True, False]


@pytest.mark.parametrize("config", [MAPS, TRACKS], ids=["maps", "tracks"])
def test_a_new_one_is_looked_for_at_once(config: SegmentConfig) -> None:
    video = VideoConfig(keyframes=KeyframeConfig(interval=0.6, side=192))
    found = run(config, video, [RED], {2: [RED, GREEN], 4: [GREEN]})
    for prediction in found[2:]:
        mask, score, present = of(prediction, GREEN)
        truth = (np.roll(SCENE, prediction.index, 1) == (0, 255, 0)).all(-1)
        assert present
        assert score > 0.75
        assert mask.any()
        # On it, if not all of it; the largest of three masks has a rim.
        assert (mask & truth).sum() > 0.85 * mask.sum()
    assert all(np.isfinite(p.scores).all() for p in found)


def test_a_change_before_the_first_frame() -> None:
    segmenter = VideoSegmenter(ColourModel(), [RED], MAPS)
    segmenter.set_expressions([GREEN])
    found = segmenter.step(Frame(0, 0.0, SCENE))
    assert found.expressions == (GREEN,)
    assert found.present.all()


def test_tracks_and_presence_move_to_their_new_place() -> None:
    segmenter = VideoSegmenter(ColourModel(), [RED, BLUE], TRACKS)
    for number in range(4):
        segmenter.step(Frame(number, number / 10, np.roll(SCENE, number, 1)))
    assert segmenter.tracker is not None
    assert segmenter.tracker.state is not None
    before = segmenter.tracker.state
    present = segmenter.presence.present.tolist()
    segmenter.set_expressions([GREEN, BLUE, RED])
    after = segmenter.tracker.state
    assert torch.equal(after.tracks.logits[2], before.tracks.logits[0])
    assert torch.equal(after.tracks.age[1], before.tracks.age[1])
    assert torch.equal(after.labels[2], before.labels[0])
    assert torch.equal(after.objects.appearance[2], before.objects.appearance[0])
    assert after.objects.trust[2] == before.objects.trust[0] > 0
    assert after.objects.trust[0] == 0
    assert not after.tracks.alive[0].any()
    assert not after.known[0].any()
    assert segmenter.presence.present.tolist() == [False, *present[::-1]]
    assert segmenter.tracker.queries == 3


def test_many_expressions_have_fewer_tracks_each() -> None:
    segmenter = VideoSegmenter(ColourModel(), [RED], TRACKS)
    for number in range(2):
        segmenter.step(Frame(number, number / 10, SCENE))
    assert segmenter.tracker is not None
    most = segmenter.tracker.config.count
    many = [RED, *(f"thing {n}" for n in range(30))]
    for names in (many, [RED, GREEN]):
        segmenter.set_expressions(names)
        assert segmenter.tracker.state is not None
        count = segmenter.tracker.config.count
        assert segmenter.tracker.state.labels.shape[:2] == (len(names), count)
        assert segmenter.step(Frame(2, 0.2, SCENE)).present[0]
    assert count == most


def test_matching() -> None:
    assert matching(["a", "B", "a"], ["b", "A", "c", "a", "a"]) == [1, 0, -1, 2, -1]
    assert matching([], ["a"]) == [-1]
    values = torch.arange(6).view(3, 2)
    assert select(values, [2, -1], 9).tolist() == [[4, 5], [9, 9]]
