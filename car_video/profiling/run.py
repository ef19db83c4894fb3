"""A clip segmented as ``car-video`` does it, from the file to the files, part by part."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from car_video.config import Config
from car_video.io.readers import read_frames
from car_video.io.writers import OutputFolder, OutputInfo, Outputs
from car_video.models.pair import ModelPair
from car_video.models.sam.base import MaskModel
from car_video.profiling.stopwatch import Stopwatch
from car_video.types import FramePrediction
from car_video.video.segmenter import VideoSegmenter
from car_video.video.tracking import state as track_state

PARTS = (
    "decoding",
    "trunk",
    "MobileSAM encoder",
    "MobileSAM decoder",
    "maps and evidence",
    "refinement without SAM",
    "motion",
    "tracking",
    "masks of the answer",
    "writing",
    "rest",
)
"""The trunk is the encoder of the vision-language model; the rest is what no part names."""


@dataclass(frozen=True)
class Profile:
    """What the frames of a clip have cost, but for the first one.

    On the first frame memory is allocated, and nothing is followed yet.

    Attributes:
        milliseconds: per frame, of each of :data:`PARTS`.
        frames: how many were measured.
        present: part of them in which an expression was found.
    """

    milliseconds: dict[str, float]
    frames: int
    present: float

    @property
    def total(self) -> float:
        """Milliseconds per frame, all parts together."""
        return sum(self.milliseconds.values())


def profile(
    model: ModelPair,
    clip: Path,
    texts: Sequence[str],
    config: Config,
    mask_model: MaskModel | None = None,
    *,
    clock: Callable[[], float] = time.perf_counter,
    seconds: float = float("inf"),
) -> Profile:
    """Where the time of a frame goes; reading and writing come in turn with the rest.

    Args:
        model: loaded.
        clip: of three frames at least.
        texts: expressions.
        config: the preset.
        mask_model: loaded; by default the configuration's is, if it is needed.
        clock: seconds of any kind.
        seconds: to measure, by ``clock``; the cycle from one keyframe to the next is finished.

    Raises:
        ValueError: the clip has one frame.
    """
    segmenter = VideoSegmenter(model, texts, config, mask_model=mask_model)
    stopwatch = Stopwatch(clock)
    with ExitStack() as stack:
        _watch(segmenter, stopwatch, stack)
        run = _segmented(segmenter, clip, texts, stopwatch)
        stack.callback(run.close)
        next(run)
        first, began = stopwatch.seconds.copy(), clock()
        frames = found = 0
        for prediction in run:
            frames += 1
            found += bool(prediction.present.any())
            keyframe = not segmenter.follows or segmenter.schedule.frames == 0
            if keyframe and clock() - began >= seconds:
                break
    if not frames:
        raise ValueError("a clip of one frame tells nothing; give a longer one")
    spent = {part: 1000 * (stopwatch.seconds[part] - first[part]) / frames for part in PARTS}
    return Profile(spent, frames, found / frames)


def _watch(segmenter: VideoSegmenter, stopwatch: Stopwatch, stack: ExitStack) -> None:
    """Have the time of each part counted until the stack is closed."""
    sam, tracker = segmenter.image.sam, segmenter.tracker
    for owner, function, part in (
        (segmenter.image.proposer, "encode_image", "trunk"),
        (sam, "encode_each", "MobileSAM encoder"),
        (sam, "predict", "MobileSAM decoder"),
        (segmenter.image, "recur", "maps and evidence"),
        (segmenter.image, "refine", "refinement without SAM"),
        (track_state, "block_flow", "motion"),
        (segmenter, "follow", "tracking"),
        (tracker, "propagate", "tracking"),
        (segmenter, "answer", "masks of the answer"),
    ):
        if owner is not None:
            stack.enter_context(stopwatch.watching(owner, function, part))


def _segmented(
    segmenter: VideoSegmenter, clip: Path, texts: Sequence[str], stopwatch: Stopwatch
) -> Generator[FramePrediction, None, None]:
    """Segment and write a clip, frame by frame."""
    with (
        tempfile.TemporaryDirectory() as place,
        ExitStack() as closing,
        read_frames(str(clip)) as reader,
    ):
        frames = iter(reader)
        size, fps = (reader.info.width, reader.info.height), reader.info.fps
        info = OutputInfo("clip", *size, fps, "none", tuple(texts))
        folder = OutputFolder.open(Path(place) / "out", info)
        outputs = closing.enter_context(Outputs(folder, ("overlay", "masks", "json")))
        while True:
            with stopwatch.part("decoding"):
                frame = next(frames, None)
            if frame is None:
                return
            with stopwatch.part("rest"):
                prediction = segmenter.step(frame)
            with stopwatch.part("writing"):
                outputs.write(frame, prediction)
            yield prediction
