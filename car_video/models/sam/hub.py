"""SAM, SAM-HQ, SAM 2 and SAM 3 of transformers as mask models.

Pictures are prepared as each model's own processor does it (SAM and SAM-HQ: longest side 1024,
padded to a square; SAM 2 and 3: squashed to a square), but on the device and without rounding
to whole grey levels. Prompts and masks keep to pixels of the picture, see
:class:`~car_video.models.sam.base.MaskModel`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from car_video.models.batching import own_part
from car_video.models.numerics import in_standard_torch, low_precision
from car_video.models.pretrained import Architecture
from car_video.models.sam.base import TRAINED_SIDE

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Family(Architecture):
    """One of the architectures.

    Attributes:
        squashed: sees pictures squashed to a square, rather than padded.
        scaling: mean and standard deviation of what it sees, by colour.
    """

    squashed: bool
    scaling: tuple[tuple[float, ...], tuple[float, ...]] = IMAGENET


SAM2 = Family("Sam2Model", "Sam2Config", "4.56", True)
SAM3 = "Sam3TrackerModel"
FAMILIES = {
    "sam": Family("SamModel", "SamConfig", "4.48", False),
    "sam_hq": Family("SamHQModel", "SamHQConfig", "4.52", False),
    "sam2": SAM2,
    "sam2_video": SAM2,  # the same network with a memory for video, which is left out
    "sam3_tracker": Family(SAM3, "Sam3TrackerConfig", "5.0", True, HALF),
    "sam3_tracker_video": Family(SAM3, "Sam3TrackerVideoConfig", "5.0", True, HALF),  # memory
    "sam3_video": Family(SAM3, "Sam3VideoConfig", "5.0", True, HALF),  # and a detector
}
"""By ``model_type`` in ``config.json``."""


@dataclass(frozen=True)
class HubSamEmbedding:
    """A picture that one of these models has encoded.

    Attributes:
        tokens: [1, C, h, w] last image embedding.
        finer: more of the encoder that the decoder wants: finer maps of SAM 2 and 3
            [1, C', 4h, 4w] and [1, C'', 2h, 2w], early layers of SAM-HQ [1, h, w, C'].
        size: (H, W) of the picture as the encoder saw it, before padding.
        scale: (x, y) encoder pixels per pixel of the original picture.
        stride: encoder pixels per mask logit: 4, and 3.5 for SAM 3.
    """

    tokens: Tensor
    finer: tuple[Tensor, ...]
    size: tuple[int, int]
    scale: tuple[float, float]
    stride: float

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of mask logits without padding."""
        return math.ceil(self.size[0] / self.stride), math.ceil(self.size[1] / self.stride)

    def to(self, dtype: torch.dtype) -> HubSamEmbedding:
        """The same with features of another precision."""
        finer = tuple(part.to(dtype) for part in self.finer)
        return replace(self, tokens=self.tokens.to(dtype), finer=finer)


class HubSam(nn.Module):
    """A network of transformers as a :class:`~car_video.models.sam.base.MaskModel`.

    Args:
        network: ``SamModel``, ``SamHQModel``, ``Sam2Model`` or ``Sam3TrackerModel``, on its
            device.
        dtype: what matrix products compute in; what comes out is float32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.network = network.requires_grad_(False).eval()
        self.dtype = dtype
        config: Any = network.config
        family = FAMILIES[config.model_type]
        self.squashed = family.squashed
        self.side = int(config.prompt_encoder_config.image_size)
        device = next(network.parameters()).device
        for name, value in zip(("mean", "std"), family.scaling, strict=True):
            scaling = torch.tensor(value, device=device).view(1, 3, 1, 1)
            self.register_buffer(name, scaling, persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.mean.device

    def encode(
        self, pixels: Tensor, side: int = TRAINED_SIDE, shape: tuple[int, int] | None = None
    ) -> HubSamEmbedding:
        """See :class:`~car_video.models.sam.base.MaskModel`. The picture is
        encoded at the size that the network was trained at, whatever else is asked: its
        positions are learnt."""
        return self.encode_each([pixels], side, shape)[0]

    @in_standard_torch
    @torch.inference_mode()
    def encode_each(
        self,
        pixels: Sequence[Tensor],
        side: int = TRAINED_SIDE,
        shape: tuple[int, int] | None = None,
    ) -> list[HubSamEmbedding]:
        """See :class:`~car_video.models.sam.base.MaskModel`."""
        height, width = int(pixels[0].shape[-2]), int(pixels[0].shape[-1])
        size = self._size(height, width)
        resized = [
            F.interpolate(picture, size, mode="bilinear", align_corners=False, antialias=True)
            for picture in pixels
        ]
        x = torch.cat(resized)
        x = (x - self.mean) / self.std
        x = F.pad(x, (0, self.side - size[1], 0, self.side - size[0]))
        with low_precision(self.device, self.dtype):
            found = self.network.get_image_embeddings(x)  # type: ignore[operator]
        tokens: Tensor = found
        finer: tuple[Tensor, ...] = ()
        if isinstance(found, list):  # SAM 2 and 3: from fine to coarse
            tokens, finer = found[-1], tuple(found[:-1])
        elif isinstance(found, tuple):  # SAM-HQ
            tokens, finer = found[0], tuple(found[1])
        maps = tokens.float(), tuple(part.float() for part in finer)
        scale = size[1] / width, size[0] / height
        stride = self.side / (4 * int(tokens.shape[-1]))
        own = [own_part(maps, index) for index in range(len(pixels))]
        return [HubSamEmbedding(*one, size, scale, stride) for one in own]

    def _size(self, height: int, width: int) -> tuple[int, int]:
        if self.squashed:
            return self.side, self.side
        scale = self.side / max(height, width)
        return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))

    @in_standard_torch
    @torch.inference_mode()
    def predict(
        self,
        embedding: HubSamEmbedding,
        points: Tensor | None = None,
        labels: Tensor | None = None,
        boxes: Tensor | None = None,
        mask_logits: Tensor | None = None,
        multimask: bool = True,
    ) -> tuple[Tensor, Tensor]:
        """See :class:`~car_video.models.sam.base.MaskModel`."""
        scale = torch.tensor(embedding.scale, device=embedding.tokens.device)
        if points is not None:
            points = (points.float() * scale)[None]
            labels = labels[None] if labels is not None else None
        if boxes is not None:
            boxes = (boxes.float() * scale.repeat(2))[None]
        maps = [embedding.tokens, *embedding.finer]
        one_picture_each = mask_logits is not None
        if mask_logits is not None:
            # The networks take one mask per picture: each prompt gets a picture of its own.
            maps = [part.expand(len(mask_logits), -1, -1, -1) for part in maps]
            points, labels, boxes = (
                None if prompt is None else prompt.transpose(0, 1)
                for prompt in (points, labels, boxes)
            )
        more = {}
        if self.squashed:
            images: Any = [*maps[1:], maps[0]]
        else:
            images = maps[0]
            if embedding.finer:
                more["intermediate_embeddings"] = maps[1:]
        with low_precision(self.device, self.dtype):
            answer = self.network(
                image_embeddings=images,
                input_points=points,
                input_labels=labels,
                input_boxes=boxes,
                input_masks=mask_logits,
                multimask_output=multimask,
                **more,
            )
        masks, quality = answer.pred_masks, answer.iou_scores
        masks, quality = (
            (masks[:, 0], quality[:, 0]) if one_picture_each else (masks[0], quality[0])
        )
        return masks.float(), quality.float()
