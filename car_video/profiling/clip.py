"""A piece of a clip at another height: what speeds are compared on."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from pathlib import Path

import av

from car_video.io.containers import open_output
from car_video.io.readers import read_frames

USUAL_FPS = 25.0  # where a source states no rate


def enlarged(clip: str, start: float, frames: int, height: int, out: Path) -> None:
    """Write a piece of a clip at another height, as H.264 with the clip's frame rate.

    Args:
        clip: a source with an end.
        start: seconds from its beginning.
        frames: at most.
        height: in pixels; the aspect is kept.
        out: the file, MP4.

    Raises:
        SourceError: the clip cannot be read.
    """
    with (
        read_frames(clip, start=start) as reader,
        open_output(out, format="mp4") as container,
    ):
        rate = Fraction(reader.info.fps or USUAL_FPS).limit_denominator(1001)
        stream = container.add_stream("libx264", rate=rate)
        stream.pix_fmt = "yuv420p"
        for number, frame in enumerate(islice(reader, frames)):
            if not number:
                stream.height = height
                stream.width = round(frame.width * height / frame.height / 2) * 2
            picture = av.VideoFrame.from_ndarray(frame.image, format="rgb24")
            picture = picture.reformat(stream.width, stream.height, "yuv420p")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
