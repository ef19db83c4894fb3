"""Frames in: video files, images, cameras and streams; in order or at random.

In the order in which a source meets them:

- ``sources``: tells paths, cameras and addresses apart; a folder or pattern as many sources.
- ``folders``: which files of a folder are pictures, which are clips.
- ``opening``: :func:`read_frames`, the reader for a source.
- ``selection``: which frames are wanted.
- ``base``: what every reader is, and what it says of its source.
- ``images``: picture files and folders of them, animations.
- ``files``: media files, in order and at random.
- ``live``: cameras and streams.
- ``decoding``: from containers to numbered, timed, upright pictures.
- ``messages``: what to tell people when a source cannot be read.
"""

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
