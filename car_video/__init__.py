"""car-video: a video and a sentence in, masks out. No training.

>>> from car_video import VideoSegmenter, load_model, read_frames
>>> segmenter = VideoSegmenter(load_model("lite"), ["the man in red"])
>>> for frame in read_frames("clip.mp4"):  # doctest: +SKIP
...     prediction = segmenter.step(frame)

Names are imported when they are first used: torch alone takes seconds, and neither
``car-video --help`` nor a reader of frames needs it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from car_video.config import Config, SegmentConfig, load_preset
    from car_video.config.video import VideoConfig
    from car_video.corrections import Correction
    from car_video.errors import CarVideoError
    from car_video.explaining import explain
    from car_video.explanation import Explanation
    from car_video.io import read_frames
    from car_video.io.exports import export, open_run
    from car_video.io.writers import write_video
    from car_video.models import load_model
    from car_video.models.catalog import check_model, default_config
    from car_video.segment.panoptic.segmenter import PanopticSegmenter
    from car_video.segment.segmenter import ImageSegmenter
    from car_video.types import Frame, FramePrediction
    from car_video.video.correction.following import follow_masks
    from car_video.video.segmenter import VideoSegmenter
    from car_video.video.stream import segment_stream

    __version__: str

# ``eval`` and ``configs`` stand at the top of a checkout and ship inside the package. A Python
# started in a checkout finds this folder before an installed package, so it looks there too.
_CHECKOUT = Path(__file__).parent.parent
if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "configs").is_dir():
    __path__.append(str(_CHECKOUT))

__all__ = [
    "CarVideoError",
    "Config",
    "Correction",
    "Explanation",
    "Frame",
    "FramePrediction",
    "ImageSegmenter",
    "PanopticSegmenter",
    "SegmentConfig",
    "VideoConfig",
    "VideoSegmenter",
    "__version__",
    "check_model",
    "default_config",
    "explain",
    "export",
    "follow_masks",
    "load_model",
    "load_preset",
    "open_run",
    "read_frames",
    "segment_stream",
    "write_video",
]

_MODULES = {
    "CarVideoError": "car_video.errors",
    "Config": "car_video.config",
    "Correction": "car_video.corrections",
    "Explanation": "car_video.explanation",
    "Frame": "car_video.types",
    "FramePrediction": "car_video.types",
    "ImageSegmenter": "car_video.segment.segmenter",
    "PanopticSegmenter": "car_video.segment.panoptic.segmenter",
    "SegmentConfig": "car_video.config",
    "VideoConfig": "car_video.config.video",
    "VideoSegmenter": "car_video.video.segmenter",
    "check_model": "car_video.models.catalog",
    "default_config": "car_video.models.catalog",
    "explain": "car_video.explaining",
    "export": "car_video.io.exports",
    "follow_masks": "car_video.video.correction.following",
    "load_model": "car_video.models",
    "load_preset": "car_video.config",
    "open_run": "car_video.io.exports",
    "read_frames": "car_video.io",
    "segment_stream": "car_video.video.stream",
    "write_video": "car_video.io.writers",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value = _version()
    elif name in _MODULES:
        value = getattr(import_module(_MODULES[name]), name)
    else:
        raise AttributeError(f"module 'car_video' has no attribute '{name}'")
    globals()[name] = value
    return value


def _version() -> str:
    """That of the installed package; ``0+unknown`` in a folder that was never installed."""
    from importlib import metadata

    try:
        return metadata.version("car-video")
    except metadata.PackageNotFoundError:
        return "0+unknown"


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
