"""car-video: a video and a sentence in, masks out. No training.

>>> from car_video import VideoSegmenter, load_model, read_frames
>>> segmenter = VideoSegmenter(load_model("lite"), ["the man in red"])
>>> for frame in read_frames("clip.mp4"):  # doctest: +SKIP
...     prediction = segmenter.step(frame)
"""

from __future__ import annotations

from importlib import metadata

from car_video.config import Config, SegmentConfig, load_preset
from car_video.errors import CarVideoError
from car_video.io import read_frames
from car_video.models import load_model
from car_video.segment.image import ImageSegmenter
from car_video.types import Frame, FramePrediction
from car_video.video.segmenter import VideoSegmenter

try:
    __version__ = metadata.version("car-video")
except metadata.PackageNotFoundError:  # running from a folder that was never installed
    __version__ = "0+unknown"

__all__ = [
    "CarVideoError",
    "Config",
    "Frame",
    "FramePrediction",
    "ImageSegmenter",
    "SegmentConfig",
    "VideoSegmenter",
    "__version__",
    "load_model",
    "load_preset",
    "read_frames",
]
