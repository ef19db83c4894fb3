"""Pictures, and a segmenter whose answer can be told from the picture."""

from __future__ import annotations

import io
import threading

import numpy as np
from PIL import Image

from car_video.types import Frame, FramePrediction


def picture(value: int, width: int = 8, height: int = 6, kind: str = "PNG") -> bytes:
    """A grey picture, encoded."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (value,) * 3).save(out, kind)
    return out.getvalue()


class FakeSegmenter:
    """The mask of expression k is the left part of the picture, as wide as its grey value + k.

    Attributes:
        let_go: ``step`` waits for it.
        frames: that have come.
    """

    def __init__(self, expressions: tuple[str, ...]) -> None:
        self.expressions = expressions
        self.let_go = threading.Event()
        self.let_go.set()
        self.frames: list[Frame] = []

    def set_expressions(self, expressions: tuple[str, ...]) -> None:
        self.expressions = expressions

    def step(self, frame: Frame) -> FramePrediction:
        self.frames.append(frame)
        assert self.let_go.wait(10)
        count = len(self.expressions)
        masks = np.zeros((count, frame.height, frame.width), bool)
        for place in range(count):
            masks[place, :, : int(frame.image[0, 0, 0]) + place] = True
        present = masks.any((1, 2))
        scores = np.full(count, 0.5, np.float32)
        return FramePrediction(
            frame.index, frame.time, self.expressions, masks, scores, present
        )
