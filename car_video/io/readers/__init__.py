"""Frames in: video files, images, cameras and streams; in order or at random."""

from car_video.io.readers.base import FrameReader, SourceInfo
from car_video.io.readers.files.random_access import RandomAccessReader
from car_video.io.readers.live.options import StreamOptions
from car_video.io.readers.live.reader import LiveReader
from car_video.io.readers.opening import read_frames
from car_video.io.readers.selection import Selection
from car_video.io.readers.sources import expand_sources

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
