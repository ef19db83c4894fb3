"""The reader for a source."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from car_video.io.readers.base import FrameReader
from car_video.io.readers.decoding.container import open_address, open_file
from car_video.io.readers.files.decoders import DecoderName, check_decoder
from car_video.io.readers.files.numbered import NumberedBackend, NumberedReader
from car_video.io.readers.files.reader import VideoFileReader
from car_video.io.readers.folders import left_out, list_images
from car_video.io.readers.images.animated import AnimatedImageReader
from car_video.io.readers.images.reader import DEFAULT_IMAGE_FPS, ImageReader, check_image_fps
from car_video.io.readers.images.recognition import video_or_image
from car_video.io.readers.live.camera import open_camera
from car_video.io.readers.live.options import StreamOptions
from car_video.io.readers.live.reader import LiveReader
from car_video.io.readers.selection import Selection
from car_video.io.readers.sources import Source, parse_source


def read_frames(
    source: str | os.PathLike[str],
    *,
    start: float | None = None,
    end: float | None = None,
    stride: int = 1,
    max_frames: int | None = None,
    size: int | None = None,
    image_fps: float = DEFAULT_IMAGE_FPS,
    stream: StreamOptions | None = None,
    decoder: DecoderName = "pyav",
) -> FrameReader:
    """Open a source and iterate over its frames.

    Args:
        source: a video file, an image, a folder of images, ``webcam:N`` or an address
            (``rtsp://``, ``http://``, ...).
        start: start time, seconds from the beginning.
        end: end time in seconds, not included.
        stride: deliver every ``stride``-th frame of the source.
        max_frames: deliver at most so many frames.
        size: bound in pixels for the longer side; the aspect is kept, nothing is enlarged.
        image_fps: frames per second that a folder of images is taken to have.
        stream: how patient to be with cameras and streams.
        decoder: what decodes a media file: ``pyav``, or ``decord`` or ``torchcodec`` where
            these are installed. Every other source is read as ever.

    Returns:
        An iterator of :class:`car_video.types.Frame` that is also a context manager.

    Raises:
        SourceError: the source cannot be read or gives no frame.
        ConfigError: an argument out of range, or a decoder that is not installed.

    Example:
        >>> for frame in read_frames("clip.mp4", stride=2):  # doctest: +SKIP
        ...     print(frame.index, frame.time, frame.image.shape)
    """
    selection = Selection(start, end, stride, max_frames, size)
    check_image_fps(image_fps)
    check_decoder(decoder)
    options = stream or StreamOptions()
    named = parse_source(source)
    if named.kind == "camera":
        opener = partial(open_camera, named.value, silence=options.silence)
        return LiveReader(named.name, opener, selection, options, kind="camera")
    if named.kind == "address":
        return _read_address(named, selection, options)
    return _read_path(Path(named.value), named.name, selection, image_fps, decoder)


def _read_path(
    path: Path, name: str, selection: Selection, image_fps: float, decoder: str
) -> FrameReader:
    if path.is_dir():
        reader = ImageReader(name, list_images(path), selection, image_fps)
        reader.notices += left_out(path)
        return reader

    def video() -> FrameReader:
        if decoder != "pyav":
            return NumberedReader(NumberedBackend(path, name, selection, decoder), selection)
        return VideoFileReader(name, partial(open_file, path), selection)

    def animation() -> FrameReader:
        return AnimatedImageReader(name, path, selection)

    def image() -> FrameReader:
        return ImageReader(name, [path], selection, image_fps, single=True)

    return video_or_image(path, video, animation, image)


def _read_address(named: Source, selection: Selection, options: StreamOptions) -> FrameReader:
    """A recording behind http is read in full like a file; everything else is live."""
    opener = partial(open_address, named.value, options.silence)
    container = opener()
    again = _first_then(container, opener)
    web = named.value.lower().startswith("http")
    if web and _is_recording(container):
        return VideoFileReader(named.name, again, selection, "stream", seekable=False)
    return LiveReader(named.name, again, selection, options, ends=web)


def _is_recording(container: Any) -> bool:
    """Whether the server states a length in seconds or bytes, or sends a single image."""
    return bool(
        container.duration
        or getattr(container, "size", 0) > 0
        or container.format.name.endswith("_pipe")
    )


def _first_then(container: Any, opener: Callable[[], Any]) -> Callable[[], Any]:
    """An opener that hands out the open container first."""
    waiting = [container]
    return lambda: waiting.pop() if waiting else opener()
