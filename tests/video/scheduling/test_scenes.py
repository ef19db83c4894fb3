"""Where a video may be cut: exactly where the segmenter forgets everything."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video import VideoSegmenter
from car_video.config import VideoConfig
from car_video.types import Frame
from car_video.video.scheduling.keyframes import colour_histogram
from car_video.video.scheduling.scenes import ScenePart, scene_parts
from car_video.video.thumbnail import shrink
from tests.segment.colour_model import ColourModel
from tests.video.conftest import PLAIN

GREYS = (0, 70, 140, 250)  # of four classes of colours
SHAPES = ((12, 16), (16, 12))


def frames_of(pictures: list[tuple[int, int, int]]) -> list[Frame]:
    """A frame of each (grey value, part of rows that are white, shape)."""
    found = []
    for number, (grey, white, shape) in enumerate(pictures):
        image = np.full((*SHAPES[shape], 3), GREYS[grey], np.uint8)
        image[:white] = 255
        found.append(Frame(3 * number, 0.5 + number / 10, image))
    return found


def starts(parts: list[ScenePart]) -> list[int]:
    return [part.indices[0] for part in parts]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8), st.integers(0, 1)), max_size=9))
def test_parts_begin_where_the_segmenter_forgets(pictures):
    frames = frames_of(pictures)
    segmenter = VideoSegmenter(ColourModel(), ["a red ball"], PLAIN, VideoConfig())
    forgotten: list[int] = []
    for frame in frames:
        presence = segmenter.presence
        segmenter.begin_frame(frame, colour_histogram(shrink(frame.image)))
        if segmenter.presence is not presence:
            forgotten.append(frame.index)
    parts = list(scene_parts(frames, segmenter.video, least=1))
    assert starts(parts) == forgotten
    assert [i for part in parts for i in part.indices] == [f.index for f in frames]
    assert [part.start for part in parts] == [frames[i // 3].time for i in forgotten]


def test_short_scenes_stay_together():
    frames = frames_of([(n % 2, 0, 0) for n in range(7)])  # each is a scene
    assert starts(list(scene_parts(frames, VideoConfig(), least=3))) == [0, 9, 18]


def test_every_frame_is_a_scene_where_none_is_remembered():
    frames = frames_of([(0, 0, 0)] * 5)
    assert starts(list(scene_parts(frames, VideoConfig(), least=2))) == [0]
    per_frame = VideoConfig(mode="per-frame")
    assert starts(list(scene_parts(frames, per_frame, least=2))) == [0, 6, 12]


def test_a_part_comes_before_the_video_is_read_to_its_end():
    frames = iter(frames_of([(0, 0, 0), (3, 0, 0), (3, 0, 0)]))
    parts = scene_parts(frames, VideoConfig(), least=1)
    assert next(parts).indices == (0,)
    assert next(frames).index == 6
