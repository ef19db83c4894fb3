"""``PanopticSegmenter`` and its form for videos, on a small network with random weights."""

from __future__ import annotations

import numpy as np
import pytest

from car_video.config.panoptic import TASKS, PanopticConfig
from car_video.errors import ConfigError, ModelError
from car_video.models.fcclip.carry_over import CarryOver
from car_video.models.fcclip.model import FcClipModel
from car_video.segment.panoptic.segmenter import PanopticSegmenter
from car_video.text.vocabulary import parse_vocabulary
from car_video.video.panoptic import VideoPanopticSegmenter
from tests.models.fcclip.golden import small_network

SMALL = PanopticConfig(shortest=64, longest=128)
LABELS = parse_vocabulary(["person, man", "dog", "sky | stuff"], "test")


@pytest.fixture(scope="module")
def segmenter() -> PanopticSegmenter:
    return PanopticSegmenter(FcClipModel(small_network()), LABELS, SMALL)


def picture(height: int = 40, width: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)


@pytest.mark.parametrize("size", [(40, 60), (1, 90), (33, 31)])
def test_all_tasks_in_one_pass_have_the_size_of_the_picture(
    segmenter: PanopticSegmenter, size: tuple[int, int]
) -> None:
    found = segmenter.segment(picture(*size))
    assert set(found) == set(TASKS)
    assert segmenter.panoptic(picture(*size)).ids.shape == size
    semantic = segmenter.semantic(picture(*size))
    assert semantic.labels.shape == size
    assert set(np.unique(semantic.labels)) <= {0, 1, 2}
    instances = segmenter.instance(picture(*size))
    assert instances.masks.shape[1:] == size
    assert set(instances.labels.tolist()) <= {0, 1}
    assert (np.diff(instances.scores) <= 0).all()


def test_segments_say_what_the_map_holds(segmenter: PanopticSegmenter) -> None:
    found = segmenter.panoptic(picture())
    counts = np.bincount(found.ids.ravel(), minlength=len(found.segments) + 1)
    assert [s.area for s in found.segments] == counts[1:].tolist()
    assert [s.id for s in found.segments] == list(range(1, len(found.segments) + 1))
    assert all(0 <= s.query < 6 and s.track is None for s in found.segments)


def test_a_read_only_picture_and_one_that_is_none(segmenter: PanopticSegmenter) -> None:
    image = picture()
    image.flags.writeable = False
    assert segmenter.panoptic(image).ids.shape == (40, 60)
    with pytest.raises(ValueError, match="want an RGB picture"):
        segmenter.panoptic(image[..., 0])


def test_what_cannot_segment_by_labels(lite: object) -> None:
    with pytest.raises(ModelError, match="'lite' cannot segment by a list of labels"):
        PanopticSegmenter(lite, "coco")
    model = FcClipModel(small_network())
    with pytest.raises(ConfigError, match="no label file"):
        PanopticSegmenter(model, "nowhere.txt")
    with pytest.raises(ConfigError, match="unknown task 'depth'"):
        PanopticSegmenter(model, LABELS, SMALL).segment(picture(), ("depth",))  # type: ignore[arg-type]


@pytest.mark.parametrize("carry", ["match", "start"])
def test_a_video_that_stays_the_same_keeps_its_tracks(
    segmenter: PanopticSegmenter, carry: CarryOver
) -> None:
    video = VideoPanopticSegmenter(segmenter, carry)
    first = video.step(picture())
    assert [s.track for s in first.segments] == [s.query for s in first.segments]
    second = video.step(picture())
    assert [s.track for s in second.segments] == [s.query for s in second.segments]
    cut = video.step(255 - picture())  # another scene has other tracks
    queries = segmenter.model.network.trained.architecture.queries
    assert [s.track for s in cut.segments] == [s.query + queries for s in cut.segments]
    other = video.step(picture(50, 30, seed=1))
    assert all(s.track is not None and s.track >= 2 * queries for s in other.segments)
    video.reset()
    again = video.step(picture())
    assert np.array_equal(again.ids, first.ids)
    assert again.segments == first.segments
