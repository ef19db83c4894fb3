"""SAM 3 of transformers as a detector: all things of a concept (arXiv 2511.16719).

The picture is encoded once, then the detector is asked for one expression after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from car_video.models.detectors.base import Detections, surest
from car_video.models.detectors.clip_words import ClipWords
from car_video.models.device import fastest_dtype
from car_video.models.numerics import in_standard_torch, low_precision
from car_video.models.pretrained import Architecture, load_network

ARCHITECTURES = {
    "sam3": Architecture("Sam3Model", "Sam3Config", "5.0"),
    "sam3_video": Architecture("Sam3Model", "Sam3VideoConfig", "5.0"),  # and a tracker
}
THRESHOLD = 0.3  # transformers' own


class Sam3:
    """Implements :class:`~car_video.models.detectors.base.Detector`.

    Args:
        network: ``Sam3Model`` on its device.
        words: makes tokens of expressions.
        dtype: what matrix products compute in.
    """

    def __init__(self, network: Any, words: ClipWords, dtype: torch.dtype) -> None:
        from transformers import Sam3ImageProcessor

        self.network, self.words, self.dtype = network, words, dtype
        side = int(network.config.image_size)
        self.prepare = Sam3ImageProcessor(
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
        tokens, read = (part.to(self.device) for part in self.words(expressions))
        found = []
        with low_precision(self.device, self.dtype):
            seen = self.network.get_vision_features(picture["pixel_values"])
            for own, mask in zip(tokens[:, None], read[:, None], strict=True):
                answer = self.network(vision_embeds=seen, input_ids=own, attention_mask=mask)
                sure = answer.pred_logits[0].float().sigmoid()
                scores = sure * answer.presence_logits[0].float().sigmoid()
                boxes = answer.pred_boxes[0].float() * pixels.new_tensor([*size[::-1]] * 2)
                found.append(surest(boxes, scores, THRESHOLD, size))
        return found


@in_standard_torch
def load(source: str, device: torch.device, dtype: torch.dtype | None = None) -> Sam3:
    """The detector with weights of the hub or of a folder.

    Args:
        source: a folder with ``config.json`` and ``model.safetensors``, or a repository.
        device: where to put it.
        dtype: what matrix products compute in; None takes the fastest.

    Raises:
        ModelError: see :func:`~car_video.models.detectors.registry.load_detector`.
    """
    network = load_network(source, ARCHITECTURES, device, "--propose", "leave --propose out")
    return Sam3(network, ClipWords(network, source), dtype or fastest_dtype(device))
