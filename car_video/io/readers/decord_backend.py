"""Random access through decord, for files on which it agrees with reading in order.

decord 0.6 was measured to be no faster than PyAV here (20 random frames of four clips: 0.26,
0.11, 0.59, 0.33 s through PyAV; 0.30, 0.24, 0.40, 0.66 s through decord; two cores) and to show
wrong pixels, without an error, after seeks in files with open groups of pictures (what x265
writes by default) and with gradual refresh. So it is used only when asked for, and only where
a check on the file itself shows that it gives the same frames.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from car_video.io.readers.backends import VideoBackend
from car_video.io.readers.base import Loaded, UndecodableError
from car_video.io.readers.packet_index import Entry

DECORD_CODECS = frozenset(("h264", "hevc", "mpeg4", "vp8", "vp9"))
DECORD_FORMATS = frozenset(("yuv420p", "yuvj420p"))


def decord_is_installed() -> bool:
    return importlib.util.find_spec("decord") is not None


class DecordBackend:
    """A media file through decord, with :class:`VideoBackend` behind it for what it cannot do.

    Args:
        plain: the file through PyAV.
        reader: the same file as ``decord.VideoReader``.
    """

    def __init__(self, plain: VideoBackend, reader: Any) -> None:
        self.times = plain.times
        self._plain = plain
        self._reader: Any = reader
        self._errors = _decord_errors()

    def load(self, index: int) -> Loaded:
        if self._reader is not None:
            try:
                image = np.ascontiguousarray(self._reader[index].asnumpy())
                return image, (image.shape[1], image.shape[0])
            except self._errors:  # damage: after an error decord's later frames are off, too
                self._reader = None
        return self._plain.load(index)

    def close(self) -> None:
        self._reader = None
        self._plain.close()


def agreeing_decord(path: Path, plain: VideoBackend) -> DecordBackend | None:
    """decord on this file, or None where it is missing, fails, or shows other frames.

    Compared are the number of frames, every timestamp to half a frame, and the pixels of the
    first and the middle frame and of those around two keyframes, where seeking goes wrong.
    """
    stream = plain.cursor.stream
    suited = (
        stream.codec_context.name in DECORD_CODECS
        and stream.codec_context.pix_fmt in DECORD_FORMATS
        and "alpha_mode" not in stream.metadata
    )
    if plain.index is None or not suited or not decord_is_installed():
        return None
    import decord

    decord.logging.set_level(decord.logging.QUIET)
    failures: tuple[type[Exception], ...] = (*_decord_errors(), UndecodableError)
    count = len(plain.times)
    try:
        reader = decord.VideoReader(str(path), num_threads=1)
        if len(reader) != count:
            return None
        starts = np.asarray(reader.get_frame_timestamp(range(count)))[:, 0]
        if not _same_times(starts - starts[0], plain.times):
            return None
        for index in _telling_frames(plain.index.entries, count):
            if not np.array_equal(reader[index].asnumpy(), plain.load(index)[0]):
                return None
    except failures:
        return None
    return DecordBackend(plain, reader)


def _telling_frames(entries: tuple[Entry, ...], count: int) -> list[int]:
    """Frames on which a wrong seek shows: those shown first after a keyframe that is not the
    first one."""
    chosen = {0, count // 2}
    for entry in {entries[len(entries) // 2], entries[-1]}:
        chosen |= {entry.position + ahead for ahead in range(3)}
    return sorted(index for index in chosen if index < count)


def _same_times(theirs: np.ndarray, ours: np.ndarray) -> bool:
    if len(ours) == 1:
        return True
    tolerance = max(float(np.diff(ours).min()) / 2, 1e-4)
    return bool(np.abs(theirs - ours).max() <= tolerance)


def _decord_errors() -> tuple[type[Exception], ...]:
    from decord import DECORDError

    return (DECORDError, RuntimeError, IndexError, ValueError)
