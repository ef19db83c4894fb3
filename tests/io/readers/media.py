"""Small media for the tests, made on the spot.

Every numbered picture carries its number in black and white bars, so that a test can read from
the pixels which frame it was given, whatever the container says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

BITS = 8


def numbered(number: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """uint8 [H, W, 3]: the number as bars from the left, lowest bit first, over a gradient."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 1] = np.linspace(40, 200, height).astype(np.uint8)[:, None]
    bar = width // BITS
    for bit in range(BITS):
        image[: height // 2, bit * bar : (bit + 1) * bar] = 255 * (number >> bit & 1)
    return image


def number_of(image: NDArray[np.uint8]) -> int:
    """The number in a picture made by :func:`numbered`, also after lossy coding."""
    height, width = image.shape[:2]
    bar = width // BITS
    middle = image[height // 8 : height // 4].mean((0, 2))
    lit = [
        middle[bit * bar + bar // 4 : bit * bar + 3 * bar // 4].mean() for bit in range(BITS)
    ]
    return sum(1 << bit for bit, value in enumerate(lit) if value > 127)


def write_video(
    path: Path,
    images: Iterable[NDArray[np.uint8]],
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    fps: int = 10,
    gop: int = 8,
    times: Sequence[float] | None = None,
    rotation: NDArray[np.int32] | None = None,
    audio: float = 0.0,
    layout: dict[str, str] | None = None,
    **options: str,
) -> Path:
    """Encode pictures. ``times`` in seconds make the rate variable; ``audio`` is seconds of
    silence; ``layout`` goes to the container, the rest to the codec."""
    pictures = list(images)
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w", options=layout or {}) as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.gop_size = gop
        stream.options = dict(options)
        stream.codec_context.thread_count = 1  # the same bytes on any number of cores
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        sound: Any = container.add_stream("aac", rate=8000) if audio else None
        for number, picture in enumerate(pictures):
            kind = "rgba" if picture.shape[2] == 4 else "rgb24"
            frame = av.VideoFrame.from_ndarray(picture, format=kind)
            if times is not None:
                frame.time_base, frame.pts = Fraction(1, 1000), round(times[number] * 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            write_sound(container, sound, audio)
    if rotation is not None:
        set_matrix(path, rotation)
    return path


def write_sound(container: Any, stream: Any, seconds: float, rate: int = 8000) -> None:
    """Encode silence."""
    for start in range(0, max(1024, int(seconds * rate)), 1024):
        silence = np.zeros((1, 1024), np.float32)
        frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def set_matrix(path: Path, matrix: NDArray[np.int32]) -> None:
    """Put a display matrix into the track header of an mp4 or mov file."""
    data = bytearray(path.read_bytes())
    header = data.index(b"tkhd") + 4
    assert data[header] == 0, "a version 0 track header"
    place = header + 40
    identity = np.array([65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30], ">i4")
    assert data[place : place + 36] == identity.tobytes()
    data[place : place + 36] = matrix.astype(">i4").tobytes()
    path.write_bytes(data)


def matrix(a: int, b: int, c: int, d: int) -> NDArray[np.int32]:
    """Display matrix from the four numbers that turn and mirror, each -1, 0 or 1."""
    one = 1 << 16
    return np.array([a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30], np.int32)


def write_jpegs_of_sizes(path: Path, sizes: Sequence[tuple[int, int]]) -> Path:
    """A Matroska file whose frames are JPEGs of these (width, height)."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = *sizes[0], "yuvj420p"
        for number, (width, height) in enumerate(sizes):
            encoder: Any = av.CodecContext.create("mjpeg", "w")
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
            encoder.time_base = Fraction(1, 10)
            image = numbered(number, width, height)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame = frame.reformat(format="yuvj420p")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            for packet in encoder.encode(frame) + encoder.encode(None):
                packet.stream, packet.time_base = stream, Fraction(1, 10)
                packet.pts = packet.dts = number
                container.mux(packet)
    return path


def damage_packets(source: Path, target: Path, numbers: Iterable[int]) -> Path:
    """Copy a file with the payload of some packets (in order of decoding) overwritten."""
    return change_packets(source, target, numbers, lambda payload: b"\0\1\2\3" * 20)


def change_packets(
    source: Path, target: Path, numbers: Iterable[int], change: Callable[[bytes], bytes]
) -> Path:
    """Copy a file with the payload of some packets (in order of decoding) changed."""
    chosen = set(numbers)
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        packets = [packet for packet in old.demux(stream) if packet.size]
        for number, packet in enumerate(packets):
            if number in chosen:
                replaced = av.Packet(change(bytes(packet)))
                replaced.pts, replaced.dts = packet.pts, packet.dts
                replaced.time_base, replaced.is_keyframe = packet.time_base, packet.is_keyframe
                packet = replaced
            packet.stream = copy
            new.mux(packet)
    return target
