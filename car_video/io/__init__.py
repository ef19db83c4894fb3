"""Frames in and masks out: everything that touches files, cameras and the network."""

from car_video.io.readers import (
    FrameReader,
    LiveReader,
    RandomAccessReader,
    Selection,
    SourceInfo,
    StreamOptions,
    expand_sources,
    read_frames,
)

__all__ = [
    "FrameReader",
    "LiveReader",
    "RandomAccessReader",
    "Selection",
    "SourceInfo",
    "StreamOptions",
    "expand_sources",
    "read_frames",
]
