"""A clip of squares, profiled part by part."""

from __future__ import annotations

import itertools

import pytest

from car_video.config import Config
from car_video.config.video import KeyframeConfig, VideoConfig
from car_video.io.readers import read_frames
from car_video.models.pair import as_pair
from car_video.profiling import PARTS, enlarged, profile
from tests.io.readers.media import write_video
from tests.segment.colour_model import ColourModel
from tests.video.colour_sam import ColourSam
from tests.video.conftest import CONFIGS, NAMES, frame

COUNT = 9


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    return write_video(path, [frame(n).image for n in range(COUNT)])


def measured(clip, way="tracks", **options):
    video = VideoConfig(keyframes=KeyframeConfig(interval=0.3, doubt=0.0))
    config = Config(model="colours", segment=CONFIGS[way], video=video)
    return profile(as_pair(ColourModel()), clip, NAMES, config, ColourSam(), **options)


def test_every_tick_of_the_clock_is_of_one_part(clip):
    clock = itertools.count()
    found = measured(clip, clock=lambda: float(next(clock)))
    assert tuple(found.milliseconds) == PARTS
    assert (found.frames, found.present) == (COUNT - 1, 1.0)
    for part in ("decoding", "trunk", "MobileSAM encoder", "motion", "tracking", "writing"):
        assert found.milliseconds[part] > 0, part
    assert found.milliseconds["refinement without SAM"] == 0
    assert found.total == sum(found.milliseconds.values())


def test_maps_are_refined_without_sam(clip):
    found = measured(clip, "maps")
    assert found.milliseconds["refinement without SAM"] > 0
    assert found.milliseconds["MobileSAM encoder"] == 0


def test_time_is_up_with_the_end_of_a_cycle(clip):
    """A keyframe every three frames: the ones between alone would look too fast."""
    assert measured(clip, seconds=0.0).frames == 3


def test_one_frame_tells_nothing(tmp_path):
    clip = write_video(tmp_path / "clip.mp4", [frame(0).image])
    with pytest.raises(ValueError, match="one frame"):
        measured(clip)


def test_a_piece_of_a_clip_at_another_height(clip, tmp_path):
    enlarged(str(clip), 0.2, 4, 144, tmp_path / "piece.mp4")
    with read_frames(str(tmp_path / "piece.mp4")) as reader:
        assert (reader.info.width, reader.info.height, reader.info.fps) == (192, 144, 10)
        assert len(list(reader)) == 4
