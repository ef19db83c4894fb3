"""Small real media and predictions for the tests of the writers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from car_video.io.writers import OutputInfo
from car_video.types import Frame, FramePrediction

EXPRESSIONS = ("the dog", "the woman")


class Done(set):
    """Frames that an earlier part of a run has finished.

    Attributes:
        edited: those that the user has changed since.
    """

    def __init__(self, indices=(), edited=()) -> None:
        super().__init__(indices)
        self.edited = set(edited)

    def changed(self, index: int) -> bool:
        return index in self.edited


def tree(path: Path) -> list[str]:
    """Files below a folder, without the lock."""
    found = (str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())
    return sorted(name for name in found if name != ".car-video/lock")


def info(**changes: object) -> OutputInfo:
    values: dict = {
        "source": "clip.mp4",
        "width": 64,
        "height": 48,
        "fps": 25.0,
        "model": "lite",
        "expressions": EXPRESSIONS,
    }
    return OutputInfo(**{**values, **changes})


def frame(index: int, height: int = 48, width: int = 64, fps: float = 25.0) -> Frame:
    """A picture that changes with its index."""
    y, x = np.mgrid[:height, :width]
    image = np.stack([x * 3 + index, y * 4 + 2 * index, x + y + 40 * np.ones_like(x)], axis=-1)
    return Frame(index, index / fps, np.ascontiguousarray(image % 256, dtype=np.uint8))


def prediction(
    index: int,
    height: int = 48,
    width: int = 64,
    fps: float = 25.0,
    expressions: tuple[str, ...] = EXPRESSIONS,
) -> FramePrediction:
    """Boxes that move with the index; the second expression is away in every third frame."""
    masks = np.zeros((len(expressions), height, width), bool)
    for query in range(len(expressions)):
        left = (index * 2 + query * 7) % max(1, width - width // 3)
        top = (query * 5) % max(1, height // 2)
        masks[query, top : top + height // 2 + 1, left : left + width // 3 + 1] = True
    present = np.ones(len(expressions), bool)
    present[1::2] = index % 3 != 0
    masks &= present[:, None, None]
    scores = np.linspace(0.9, 0.4, len(expressions)).astype(np.float32)
    return FramePrediction(index, index / fps, expressions, masks, scores, present)


def make_clip(
    path: Path, codec: str = "aac", fps: int = 25, frames: int = 50, rate: int = 44100
) -> Path:
    """A video that is dark and bright in turns of half a second, with a tone while bright."""
    with av.open(str(path), "w") as container:
        webm = path.suffix == ".webm"
        video = container.add_stream("libvpx" if webm else "libx264", rate=fps)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream(codec, rate=rate)
        audio.layout = "mono"
        for number in range(frames):
            level = 235 if bright(number / fps) else 20
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), "rgb24")
            picture.pts, picture.time_base = number, Fraction(1, fps)
            container.mux(video.encode(picture))
        clock = np.arange(frames * rate // fps) / rate
        sound = np.sin(2 * np.pi * 1000 * clock) * bright(clock) * 0.5
        resampler = av.AudioResampler(audio.codec_context.format.name, "mono", rate)
        for start in range(0, len(sound), 1024):
            piece = np.ascontiguousarray(sound[None, start : start + 1024], dtype=np.float32)
            chunk = av.AudioFrame.from_ndarray(piece, "flt", "mono")
            chunk.sample_rate, chunk.pts, chunk.time_base = rate, start, Fraction(1, rate)
            for resampled in resampler.resample(chunk):
                container.mux(audio.encode(resampled))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


def bright(time):
    """Whether the clip of :func:`make_clip` is bright at this time (number or array)."""
    return np.floor(np.asarray(time) * 2 + 1e-6) % 2 == 1


@dataclass(frozen=True)
class Video:
    """What a written video turns out to be."""

    codec: str
    pix_fmt: str
    size: tuple[int, int]
    rate: Fraction
    times: list[float]
    pictures: list[np.ndarray]
    duration: float
    audio: str
    audio_duration: float

    def changes(self) -> list[float]:
        """Times at which the picture turns from dark to bright or back."""
        light = [p.mean() > 128 for p in self.pictures]
        return [t for t, a, b in zip(self.times[1:], light, light[1:], strict=False) if a != b]


def probe(path: Path) -> Video:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        sounds = container.streams.audio
        decoded = list(container.decode(stream))
        seconds = [s.duration * s.time_base if s.duration else 0 for s in (stream, *sounds)]
        return Video(
            stream.codec_context.name,
            stream.codec_context.pix_fmt,
            (stream.width, stream.height),
            stream.average_rate,
            [float(f.time) for f in decoded],
            [f.to_ndarray(format="rgb24") for f in decoded],
            float(seconds[0]),
            sounds[0].codec_context.name if sounds else "",
            float(seconds[1]) if sounds else 0.0,
        )


def tone_changes(path: Path) -> list[float]:
    """Times at which the tone of a sound track starts or stops."""
    samples, start = [], 0.0
    resampler = av.AudioResampler("flt", "mono", 48000)
    with av.open(str(path)) as container:
        for number, piece in enumerate(container.decode(audio=0)):
            start = float(piece.time) if number == 0 else start
            samples += [r.to_ndarray()[0] for r in resampler.resample(piece)]
    loudness = np.abs(np.concatenate(samples))
    steps = loudness[: len(loudness) // 240 * 240].reshape(-1, 240).max(axis=1) > 0.2
    return [start + (i + 1) * 240 / 48000 for i in np.flatnonzero(steps[1:] != steps[:-1])]
