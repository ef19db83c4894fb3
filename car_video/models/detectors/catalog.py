"""Detectors by name, as data: another one is a module with a function ``load`` and a line.

Needs no torch; ``registry`` loads them.
"""

from __future__ import annotations

from dataclasses import dataclass

from car_video.errors import ModelError
from car_video.models.folders import model_folder, nearest
from car_video.models.sam.catalog import SAM_LICENCE

NONE = "none"
_ROOM = "car_video.models.detectors"


@dataclass(frozen=True)
class DetectorInfo:
    """One detector.

    Attributes:
        name: for ``--propose``, and for ``segment.detector.model`` in a preset.
        source: a repository of the Hugging Face hub, or a folder.
        megabytes: of the download, 0 where there is none.
        module: its function ``load(source, device, dtype)`` gives a
            :class:`~car_video.models.detectors.base.Detector`. It is imported when the detector
            is asked for.
        licence: of the published weights.
        description: what it is.
    """

    name: str
    source: str
    megabytes: int
    module: str
    licence: str
    description: str


DETECTORS = (
    DetectorInfo(
        "grounding-dino",
        "IDEA-Research/grounding-dino-tiny",
        690,
        f"{_ROOM}.grounding_dino",
        "Apache-2.0",
        "Grounding DINO tiny: boxes of phrases",
    ),
    DetectorInfo(
        "grounding-dino:base",
        "IDEA-Research/grounding-dino-base",
        930,
        f"{_ROOM}.grounding_dino",
        "Apache-2.0",
        "Grounding DINO base",
    ),
    DetectorInfo(
        "owlv2",
        "google/owlv2-base-patch16-ensemble",
        620,
        f"{_ROOM}.owlv2",
        "Apache-2.0",
        "OWLv2 base: boxes of short phrases",
    ),
    DetectorInfo(
        "owlv2:large",
        "google/owlv2-large-patch14-ensemble",
        1750,
        f"{_ROOM}.owlv2",
        "Apache-2.0",
        "OWLv2 large",
    ),
    DetectorInfo(
        "sam3",
        "facebook/sam3",
        3440,
        f"{_ROOM}.sam3",
        SAM_LICENCE,
        "SAM 3: boxes of all things of a concept",
    ),
)


def resolve_detector(name: str) -> DetectorInfo:
    """What a name stands for; opens no weights.

    Args:
        name: one of :data:`DETECTORS`, or a folder with one after its family
            (``owlv2:my/folder``).

    Raises:
        ModelError: neither.
    """
    for info in DETECTORS:
        if info.name == name:
            return info
    family = name.partition(":")[0]
    for info in DETECTORS:
        if info.name == family:
            folder = model_folder(name, (f"{family}:",), "--propose", f"a {family}")
            if folder is not None:
                return DetectorInfo(name, str(folder), 0, info.module, "", "of a folder")
    choice = nearest(name, [info.name for info in DETECTORS])
    raise ModelError(
        f"no detector '{name}' (--propose, segment.detector.model); {choice}; a folder is "
        "named after its kind: owlv2:my/folder"
    )
