"""What a state says of the segmenter that it was taken from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from car_video.errors import ConfigError
from car_video.video.state.tensors import FORMAT


def describe(
    model: str, expressions: Sequence[str], tracks: bool, tracker: str
) -> dict[str, Any]:
    """What the two segmenters of a state must have in common.

    Args:
        model: name of f.
        expressions: the sentences.
        tracks: whether there is a mask model, so that objects are tracked.
        tracker: what says where they are on the next frame.
    """
    return {
        "format": FORMAT,
        "model": model,
        "expressions": list(expressions),
        "tracks": tracks,
        "tracker": tracker,
    }


def check_description(given: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raises ConfigError where a state is not of a segmenter like this one.

    Args:
        given: of the state.
        own: of the segmenter that takes it over.
    """
    for name, value in own.items():
        if name not in given:
            raise ConfigError("the state is damaged: its description is not whole")
        if given[name] != value:
            raise ConfigError(
                f"the state is of a segmenter with other {name}: {given[name]}, here {value}"
            )
