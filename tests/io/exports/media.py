"""Sources of runs, and what of alpha there is in a video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.io.writers.media import frame


def write_source(
    path: Path, frames: int = 4, rate: Fraction = Fraction(25), timecode: str = ""
) -> Path:
    """A video of the pictures of ``tests.io.writers.media.frame``, without loss."""
    with av.open(str(path), "w") as container:
        if timecode:
            container.metadata["timecode"] = timecode
        stream = container.add_stream("libx264rgb", rate=rate, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb24"
        for index in range(frames):
            picture = av.VideoFrame.from_ndarray(frame(index).image, "rgb24")
            picture.pts, picture.time_base = index, 1 / rate
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def alphas(path: Path) -> list[np.ndarray]:
    """float [H, W] from 0 to 1: the alpha of each picture, as FFmpeg decodes it."""
    found = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = stream.codec_context
        if path.suffix == ".webm":  # FFmpeg's own decoder of VP9 drops alpha
            decoder = av.CodecContext.create("libvpx-vp9", "r")
        for packet in container.demux(stream):
            if packet.size == 0 and path.suffix == ".webm":
                continue
            for picture in decoder.decode(packet):
                bits = picture.format.components[3].bits
                plane = picture.planes[3]
                kind = np.uint8 if bits == 8 else np.uint16
                values = np.frombuffer(plane, kind).reshape(plane.height, -1)
                found.append(values[:, : plane.width] / (2**bits - 1))
    return found


def timecode_of(path: Path) -> str | None:
    with av.open(str(path)) as container:
        tags = [container.metadata, *(s.metadata for s in container.streams)]
    return next((t["timecode"] for t in tags if "timecode" in t), None)
