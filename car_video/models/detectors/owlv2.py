"""OWLv2 of transformers as a detector (arXiv 2306.09683).

It reads 16 tokens, about ten words; the end of a longer expression is not read. It was trained
on short phrases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from car_video.models.detectors.base import Detections, corners, surest
from car_video.models.detectors.clip_words import ClipWords
from car_video.models.device import fastest_dtype
from car_video.models.numerics import in_standard_torch, low_precision
from car_video.models.pretrained import Architecture, load_network

ARCHITECTURES = {"owlv2": Architecture("Owlv2ForObjectDetection", "Owlv2Config", "5.0")}
THRESHOLD = 0.1  # transformers' own


class Owlv2:
    """Implements :class:`~car_video.models.detectors.base.Detector`.

    Args:
        network: ``Owlv2ForObjectDetection`` on its device.
        words: makes tokens of expressions.
        dtype: what matrix products compute in.
    """

    def __init__(self, network: Any, words: ClipWords, dtype: torch.dtype) -> None:
        from transformers import Owlv2ImageProcessor

        self.network, self.words, self.dtype = network, words, dtype
        side = int(network.config.vision_config.image_size)
        self.prepare = Owlv2ImageProcessor(
            size={"height": side, "width": side}, do_rescale=False
        )

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.network.parameters()).device

    @in_standard_torch
    @torch.inference_mode()
    def detect(self, pixels: Tensor, expressions: Sequence[str]) -> list[Detections]:
        """See :class:`~car_video.models.detectors.base.Detector`."""
        size = int(pixels.shape[-2]), int(pixels.shape[-1])
        picture = self.prepare(
            images=[pixels[0]], input_data_format="channels_first", return_tensors="pt"
        ).to(self.device)
        tokens, read = self.words(expressions)
        with low_precision(self.device, self.dtype):
            answer = self.network(
                pixel_values=picture["pixel_values"],
                input_ids=tokens.to(self.device),
                attention_mask=read.to(self.device),
            )
        scores = answer.logits[0].float().sigmoid()
        # Pictures are padded to a square, which boxes are relative to.
        boxes = corners(answer.pred_boxes[0].float()) * max(size)
        return [surest(boxes, own, THRESHOLD, size) for own in scores.T]


@in_standard_torch
def load(source: str, device: torch.device, dtype: torch.dtype | None = None) -> Owlv2:
    """The detector with weights of the hub or of a folder.

    Args:
        source: a folder with ``config.json`` and ``model.safetensors``, or a repository.
        device: where to put it.
        dtype: what matrix products compute in; None takes the fastest.

    Raises:
        ModelError: see :func:`~car_video.models.detectors.registry.load_detector`.
    """
    network = load_network(source, ARCHITECTURES, device, "--propose", "leave --propose out")
    return Owlv2(network, ClipWords(network, source), dtype or fastest_dtype(device))
