"""Grounding DINO of transformers as a detector (arXiv 2303.05499).

A picture is encoded together with one expression at a time, so that no expression changes what
another finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from car_video.errors import ModelError
from car_video.models.bundled import weights_folder
from car_video.models.detectors.base import Detections, corners, surest
from car_video.models.numerics import in_standard_torch
from car_video.models.pretrained import Architecture, load_network

ARCHITECTURES = {
    "grounding-dino": Architecture(
        "GroundingDinoForObjectDetection", "GroundingDinoConfig", "5.0"
    )
}
THRESHOLD = 0.25  # transformers' own, as that of the authors' demo
SIZE = {"shortest_edge": 800, "longest_edge": 1333}  # of pictures, as it was trained


class GroundingDino:
    """Implements :class:`~car_video.models.detectors.base.Detector`.

    Args:
        network: ``GroundingDinoForObjectDetection`` on its device, in float32: its deformable
            attention has no other precision.
        size: of the pictures that it sees.
    """

    def __init__(self, network: Any, size: dict[str, int] = SIZE) -> None:
        from transformers import GroundingDinoImageProcessor

        self.network = network
        self.prepare = GroundingDinoImageProcessor(size=dict(size), do_rescale=False)
        # The words of BERT, which the bundled text encoder has, too.
        self.tokenizer = Tokenizer.from_file(str(weights_folder() / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(int(network.config.max_text_len))

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
        found = []
        for expression in expressions:
            tokens = torch.tensor([self.tokenizer.encode(phrase(expression)).ids])
            answer = self.network(
                pixel_values=picture["pixel_values"],
                pixel_mask=picture["pixel_mask"],
                input_ids=tokens.to(self.device),
            )
            scores = answer.logits[0].sigmoid().amax(-1)
            boxes = corners(answer.pred_boxes[0]) * pixels.new_tensor([*size[::-1]] * 2)
            found.append(surest(boxes, scores, THRESHOLD, size))
        return found


def phrase(expression: str) -> str:
    """An expression as the network was trained to read it: in small letters, with a full stop
    at its end and nowhere else, which would begin another phrase."""
    return " ".join(expression.lower().replace(".", " ").split()) + "."


@in_standard_torch
def load(source: str, device: torch.device, dtype: torch.dtype | None = None) -> GroundingDino:
    """The detector with weights of the hub or of a folder.

    Args:
        source: a folder with ``config.json`` and ``model.safetensors``, or a repository.
        device: where to put it.
        dtype: is not used, see :class:`GroundingDino`.

    Raises:
        ModelError: see :func:`~car_video.models.detectors.registry.load_detector`.
    """
    network: Any = load_network(
        source, ARCHITECTURES, device, "--propose", "leave --propose out"
    )
    detector = GroundingDino(network)
    words = detector.tokenizer.get_vocab_size()
    if int(network.config.text_config.vocab_size) != words:
        raise ModelError(
            f"'{source}' was not trained on BERT's {words} words; it cannot be used"
        )
    return detector
