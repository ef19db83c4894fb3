"""What users may give the Python interface, and one-line errors for everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from car_video.config import Config, SamRefineConfig, SegmentConfig, VideoConfig, load_preset
from car_video.errors import ConfigError, ExpressionError
from car_video.types import Frame
from car_video.video.segmenter import VideoSegmenter
from car_video.video.stream import segment_stream
from tests.segment.colour_model import PLAIN, ColourModel
from tests.video.colour_sam import ColourSam
from tests.video.conftest import NAMES, WITH_SAM, frame

IMAGE = frame(0).image
BAD: dict[str, Any] = {
    "grey": IMAGE[..., 0],
    "one channel": IMAGE[..., :1],
    "alpha": np.dstack([IMAGE, IMAGE[..., 0]]),
    "batch": IMAGE[None],
    "channels first": np.moveaxis(IMAGE, 2, 0),
    "float": IMAGE / 255,
    "bool": IMAGE > 0,
    "int64": IMAGE.astype(np.int64),
    "PIL": Image.fromarray(IMAGE),
    "tensor": torch.from_numpy(IMAGE.copy()),
    "list": IMAGE.tolist(),
    "no rows": IMAGE[:0],
    "nothing": np.zeros((0, 0, 3), np.uint8),
    "None": None,
    "path": "clip.mp4",
}


def segmenter(mode: str = "online", **more: Any) -> VideoSegmenter:
    video = VideoConfig(mode=mode)  # type: ignore[arg-type]
    return VideoSegmenter(ColourModel(), NAMES, PLAIN, video, **more)


@pytest.mark.parametrize("mode", ["online", "per-frame"])
def test_what_is_no_picture_is_a_value_error_and_changes_nothing(mode: str) -> None:
    used, fresh = segmenter(mode), segmenter(mode)
    for made in (used, fresh):
        made.step(frame(0))
    for name, image in BAD.items():
        for bad in (image, Frame(1, 0.1, image)):
            with pytest.raises(ValueError, match="uint8") as error:
                used.step(bad)
            assert "\n" not in str(error.value), name
    given = frame(1).image
    one, other = used.step(given), fresh.step(given)
    assert (one.index, one.time) == (other.index, other.time)
    np.testing.assert_array_equal(one.masks, other.masks)
    np.testing.assert_array_equal(one.scores, other.scores)


@pytest.mark.parametrize("mode", ["online", "offline", "per-frame"])
def test_a_stream_of_arrays_is_one_of_frames(mode: str, colour_sam: ColourSam) -> None:
    video = VideoConfig(mode=mode)  # type: ignore[arg-type]
    frames = [replace(frame(n), index=n, time=n / 24) for n in range(4)]
    given = list(segment_stream(ColourModel(), frames, NAMES, WITH_SAM, video))
    arrays = list(
        segment_stream(ColourModel(), [f.image for f in frames], NAMES, WITH_SAM, video)
    )
    for (kept, one), (made, other) in zip(given, arrays, strict=True):
        assert (made.index, made.time) == (kept.index, kept.time) == (one.index, one.time)
        assert (other.index, other.time) == (one.index, one.time)
        np.testing.assert_array_equal(one.masks, other.masks)
        np.testing.assert_array_equal(one.scores, other.scores)


@pytest.mark.parametrize("mode", ["online", "offline", "per-frame"])
def test_a_stream_checks_its_frames(mode: str, colour_sam: ColourSam) -> None:
    video = VideoConfig(mode=mode)  # type: ignore[arg-type]
    frames: list[Any] = [IMAGE, None]
    stream = segment_stream(ColourModel(), frames, NAMES, WITH_SAM, video)
    with pytest.raises(ValueError, match="uint8"):
        list(stream)


@pytest.mark.parametrize("frames", [None, 5, ColourModel()])
def test_a_stream_of_what_gives_no_frames(frames: Any) -> None:
    with pytest.raises(ValueError, match=f"read_frames.*, got {type(frames).__name__}$"):
        segment_stream(ColourModel(), frames, NAMES)


def test_arrays_are_counted_after_frames_and_timed_by_fps() -> None:
    made = segmenter(fps=10)
    found = [made.step(given) for given in (IMAGE, IMAGE, Frame(7, 0.7, IMAGE), IMAGE)]
    assert [p.index for p in found] == [0, 1, 7, 8]
    assert [p.time for p in found] == pytest.approx([0.0, 0.1, 0.7, 0.8])
    made.reset()
    assert made.step(IMAGE).index == 0


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), "25", None, True])
def test_impossible_frame_rates(fps: Any) -> None:
    with pytest.raises(ConfigError, match="fps"):
        segmenter(fps=fps)


@pytest.mark.parametrize(
    "change",
    [
        lambda image: np.asfortranarray(image),
        lambda image: np.ascontiguousarray(image[:, ::-1])[:, ::-1],
        lambda image: np.ascontiguousarray(image[..., ::-1])[..., ::-1],  # BGR to RGB
    ],
)
def test_any_strides(change: Callable[[np.ndarray], np.ndarray]) -> None:
    odd = change(IMAGE)
    odd.flags.writeable = False
    found, plain = segmenter().step(odd), segmenter().step(IMAGE)
    np.testing.assert_array_equal(found.masks, plain.masks)


def test_a_whole_preset_is_its_two_parts(colour_sam: ColourSam) -> None:
    preset = replace(load_preset("fast"), segment=PLAIN)
    assert preset.video.keyframes.interval > 0
    whole = VideoSegmenter(ColourModel(), NAMES, preset)
    parts = VideoSegmenter(ColourModel(), NAMES, preset.segment, preset.video)
    assert whole.video == parts.video == preset.video
    assert whole.image.config == parts.image.config
    other = VideoSegmenter(ColourModel(), NAMES, preset, VideoConfig(mode="per-frame"))
    assert other.video.mode == "per-frame"
    ((_, found),) = segment_stream(ColourModel(), [IMAGE], NAMES, Config(segment=PLAIN))
    np.testing.assert_array_equal(found.masks, segmenter().step(IMAGE).masks)


@pytest.mark.parametrize("config", ["fast", {}, VideoConfig(), SegmentConfig, 3])
def test_settings_of_another_kind(config: Any) -> None:
    for make in (VideoSegmenter, segment_stream):
        for given in ((ColourModel(), NAMES), (ColourModel(), [], NAMES)):
            if (make is segment_stream) == (len(given) == 3):
                with pytest.raises(ConfigError, match=r"config must be.*load_preset") as error:
                    make(*given, config)
                assert "\n" not in str(error.value)
    with pytest.raises(ConfigError, match="VideoConfig"):
        VideoSegmenter(ColourModel(), NAMES, PLAIN, SegmentConfig())  # type: ignore[arg-type]


def test_modes_that_do_not_exist() -> None:
    with pytest.raises(ConfigError, match="mode"):
        VideoConfig(mode="on-line")  # type: ignore[arg-type]


def test_naming_regions_is_for_single_pictures(colour_sam: ColourSam) -> None:
    segment = SegmentConfig(refine="sam", sam=SamRefineConfig(rule="regions"))
    with pytest.raises(ConfigError, match=r"set video\.mode per-frame"):
        VideoSegmenter(ColourModel(), NAMES, segment, mask_model=colour_sam)


@pytest.mark.parametrize("names", ["a dog", b"a dog", [], [""], ["a dog", 3], [None], None, 7])
def test_expressions_that_are_none(names: Any) -> None:
    for make in (
        lambda: VideoSegmenter(ColourModel(), names, PLAIN),
        lambda: segment_stream(ColourModel(), [IMAGE], names, PLAIN),  # before a frame is read
        lambda: segmenter().set_expressions(names),
    ):
        with pytest.raises(ExpressionError) as error:
            make()
        assert "\n" not in str(error.value)


def test_a_loaded_mask_model_is_used_and_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object) -> None:
        raise AssertionError("a mask model was loaded")

    monkeypatch.setattr("car_video.segment.segmenter.load_mask_model", load)
    sam = ColourSam()
    first, second = (
        VideoSegmenter(ColourModel(), NAMES, WITH_SAM, mask_model=sam) for _ in range(2)
    )
    first.step(IMAGE)
    prompts = sam.prompts
    assert prompts > 0
    second.step(IMAGE)
    assert sam.prompts == 2 * prompts
    list(segment_stream(ColourModel(), [IMAGE], NAMES, WITH_SAM, mask_model=sam))
    assert sam.prompts == 3 * prompts


@pytest.mark.parametrize(
    "times", [[None] * 6, [0.0] * 6, [5, 4, 3, 2, 1, 0], [0, 9e9, 1, 2, 3, 4]]
)
def test_any_times(times: list[Any], colour_sam: ColourSam) -> None:
    """Missing and equal times, clocks that run backwards or jump: every frame is answered."""
    made = VideoSegmenter(
        ColourModel(), NAMES, Config(segment=WITH_SAM, video=load_preset("fast").video)
    )
    for number, time in enumerate(times):
        found = made.step(replace(frame(number), time=time))
        assert found.present.all()
        assert np.isfinite(found.scores).all()
