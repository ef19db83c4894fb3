"""What is fetched on demand beside vision-language models, as data. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from car_video.models.detectors.catalog import DETECTORS
from car_video.models.sam.catalog import MASK_MODELS, SHORT_NAMES
from car_video.models.video_memory.catalog import VIDEO_MEMORIES


@dataclass(frozen=True)
class Engine:
    """One line of ``car-video models`` and of ``car-video licences``.

    Attributes:
        option: of the command line that takes it.
        name: after that option.
        megabytes: of the download.
        licence: of the published weights, which are not shipped.
        source: repository of the Hugging Face hub.
    """

    option: str
    name: str
    megabytes: int
    licence: str
    source: str


def engines() -> tuple[Engine, ...]:
    """Mask models, detectors and video memories that are not shipped."""
    short = {name: key for key, name in SHORT_NAMES.items() if ":" in key}
    masks = [
        Engine("--masks", short.get(one.name, one.name), one.megabytes, one.licence, one.source)
        for one in MASK_MODELS
        if one.megabytes
    ]
    detectors = [
        Engine("--propose", one.name, one.megabytes, one.licence, one.source)
        for one in DETECTORS
    ]
    memories = [
        Engine("--tracker", one.name, one.megabytes, one.licence, one.source)
        for one in VIDEO_MEMORIES
    ]
    return (*masks, *detectors, *memories)
