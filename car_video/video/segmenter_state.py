"""What ``VideoSegmenter`` keeps from frame to frame, taken from it and given back to one."""

from __future__ import annotations

from typing import Any, Protocol

from car_video.config import VideoConfig
from car_video.errors import ConfigError
from car_video.segment.segmenter import ImageSegmenter
from car_video.video.arguments import FrameCounter
from car_video.video.map_memory.propagation import MapPropagation
from car_video.video.presence import PresenceFilter
from car_video.video.scheduling.clock import FrameClock
from car_video.video.scheduling.keyframes import CutDetector, KeyframeSchedule
from car_video.video.scheduling.levels import Level
from car_video.video.scheduling.pace import Pace
from car_video.video.state.description import check_description, describe
from car_video.video.state.tensors import State, as_text, joined, part_of, unpack
from car_video.video.tracking.tracker import Tracker


class Stateful(Protocol):
    """The parts of :class:`~car_video.video.segmenter.VideoSegmenter` that frames change."""

    image: ImageSegmenter
    video: VideoConfig
    presence: PresenceFilter
    cuts: CutDetector
    maps: MapPropagation
    tracker: Tracker | None
    schedule: KeyframeSchedule
    frame_clock: FrameClock
    counter: FrameCounter
    size: tuple[int, int] | None
    pace: Pace | None

    def apply(self, level: Level) -> None: ...

    def begin_pace(self) -> None: ...

    def reset(self) -> None: ...


def take_state(segmenter: Stateful) -> State:
    """Everything that the next frame depends on, as plain tensors by name.

    The tensors are those that the segmenter holds; later frames do not change them. Numbers and
    texts are JSON in ``about``.
    """
    tracker, pace = segmenter.tracker, segmenter.pace
    parts = joined(
        {
            "presence": segmenter.presence.state_dict(),
            "cuts": segmenter.cuts.state_dict(),
            "maps": segmenter.maps.state_dict(),
            "tracker": {} if tracker is None else tracker.state_dict(),
        }
    )
    numbers = {
        "schedule": segmenter.schedule.state(),
        "time": segmenter.frame_clock.last,
        "next": segmenter.counter.next,
        "size": segmenter.size,
        "pace": None if pace is None else pace.state(),
    }
    about = {**_description(segmenter), **numbers, "tensors": sorted(parts)}
    return {"about": as_text(about), **parts}


def give_state(segmenter: Stateful, state: State) -> None:
    """Put a state into a segmenter that has been reset.

    Args:
        segmenter: is reset again where this fails, at the best level of quality.
        state: of :func:`take_state`.

    Raises:
        ConfigError: the state is damaged, or of other expressions or settings.
    """
    about = unpack(state)
    check_description(about, _description(segmenter))
    try:
        _give(segmenter, about, state)
    except (ConfigError, KeyError, TypeError, ValueError) as error:
        segmenter.begin_pace()
        segmenter.reset()
        if isinstance(error, ConfigError):
            raise
        raise ConfigError("the state is damaged: its description is not whole") from None


def _give(segmenter: Stateful, about: dict[str, Any], state: State) -> None:
    """The same; leaves the segmenter half restored where it fails.

    Raises:
        ConfigError, KeyError, TypeError, ValueError: the state is damaged.
    """
    if segmenter.pace is not None and about["pace"] is not None:
        segmenter.pace.restore(about["pace"])
        segmenter.apply(segmenter.pace.ladder[segmenter.pace.level])
    segmenter.presence.load_state_dict(part_of(state, "presence"))
    segmenter.cuts.load_state_dict(part_of(state, "cuts"))
    segmenter.maps.load_state_dict(part_of(state, "maps"), segmenter.image.proposer.device)
    if segmenter.tracker is not None:
        segmenter.tracker.load_state_dict(part_of(state, "tracker"))
    segmenter.schedule.restore(about["schedule"])
    segmenter.frame_clock.last = None if about["time"] is None else float(about["time"])
    segmenter.counter.next = int(about["next"])
    if about["size"] is not None:
        height, width = about["size"]
        segmenter.size = int(height), int(width)


def _description(segmenter: Stateful) -> dict[str, Any]:
    """What a state must have in common with the segmenter that takes it over."""
    expressions = segmenter.image.queries.expressions
    tracks = segmenter.tracker is not None
    return describe(segmenter.image.proposer.name, expressions, tracks, segmenter.video.tracker)
