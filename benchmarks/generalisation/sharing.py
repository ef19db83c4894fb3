"""Encoders that answer twice for one picture with one computation.

Every kind of sentence sees the same frames. What a frame's encodings are does not depend on the
sentence, so each is computed once for all segmenters that go through a sequence side by side.
"""

from __future__ import annotations

from typing import Any

from benchmarks.shared_encodings import Encodings, SharedSam, _digest, remember_texts
from car_video.models.pair import ModelPair


class SharedFrames:
    """The model and the mask model of all segmenters of a benchmark.

    Args:
        model: from :func:`car_video.load_model`; its text encoder remembers from now on.
        sam: mask model, or None.
        name: of the mask model.
    """

    def __init__(self, model: ModelPair, sam: Any | None, name: str) -> None:
        self.encodings = Encodings()
        self.model = model
        remember_texts(model)
        self.sam = None if sam is None else SharedSam(sam, name, self.encodings)
        self._encode = model.proposer.encode_image
        model.proposer.encode_image = self.encode_image  # type: ignore[method-assign]

    def encode_image(self, pixels: Any, *arguments: Any, **options: Any) -> Any:
        """As the proposer's own, computed once for each picture."""
        key = ("image", _digest(pixels.cpu().numpy()), arguments, tuple(options.items()))
        return self.encodings.get(key, lambda: self._encode(pixels, *arguments, **options))

    def forget(self) -> None:
        """The next frame is another one."""
        self.encodings.forget()
