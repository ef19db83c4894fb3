"""Video memories by name, as data: another one is a module with a function ``load`` and a line.

Needs no torch; ``registry`` loads them.
"""

from __future__ import annotations

from dataclasses import dataclass

from car_video.errors import ModelError
from car_video.models.folders import model_folder, nearest

SAM2 = "car_video.models.video_memory.sam2"
FLOW = "flow"
"""The tracker that needs no network of its own: optical flow and the mask model."""


@dataclass(frozen=True)
class VideoMemoryInfo:
    """One video memory.

    Attributes:
        name: for ``--tracker``, and for ``video.tracker`` in a preset.
        source: a repository of the Hugging Face hub, or a folder.
        megabytes: of the download, 0 where there is none.
        module: its function ``load(source, device, dtype)`` gives a
            :class:`~car_video.models.video_memory.base.VideoMemory`. It is imported when the
            memory is asked for.
        licence: of the published weights.
    """

    name: str
    source: str
    megabytes: int
    module: str = SAM2
    licence: str = "Apache-2.0"


VIDEO_MEMORIES = (
    VideoMemoryInfo("sam2:tiny", "facebook/sam2.1-hiera-tiny", 156),
    VideoMemoryInfo("sam2:small", "facebook/sam2.1-hiera-small", 184),
    VideoMemoryInfo("sam2:base", "facebook/sam2.1-hiera-base-plus", 323),
    VideoMemoryInfo("sam2:large", "facebook/sam2.1-hiera-large", 898),
    VideoMemoryInfo("edgetam", "yonigozlan/EdgeTAM-hf", 56),
)


def resolve_video_memory(name: str) -> VideoMemoryInfo:
    """What a name stands for; opens no weights.

    Args:
        name: one of :data:`VIDEO_MEMORIES`, ``sam2`` for ``sam2:small``, or a folder with one
            after its family (``edgetam:my/folder``).

    Raises:
        ModelError: neither.
    """
    wanted = "sam2:small" if name == "sam2" else name
    for info in VIDEO_MEMORIES:
        if info.name == wanted:
            return info
    family = name.partition(":")[0]
    if family in ("sam2", "edgetam"):
        folder = model_folder(name, (f"{family}:",), "--tracker", f"a {family} for video")
        if folder is not None:
            return VideoMemoryInfo(name, str(folder), 0)
    choice = nearest(name, [FLOW, *(info.name for info in VIDEO_MEMORIES)])
    raise ModelError(
        f"no tracker '{name}' (--tracker, video.tracker); {choice}; a folder is named after "
        "its kind: sam2:my/folder"
    )
