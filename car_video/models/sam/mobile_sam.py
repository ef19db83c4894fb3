"""MobileSAM behind a small promptable interface: encode a picture once, ask for many masks.

The image encoder is timm's TinyViT, the prompt encoder and the mask decoder are those of
transformers; only weights are ours to map. Unlike the usual pipeline the picture is not padded
to a square: the encoder is convolutional and windowed, so it runs on the picture alone, and
positions are still those in the square that the weights were trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import timm
import torch
import torch.nn.functional as F
from timm.models.tiny_vit import ConvNorm
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from transformers import SamConfig
from transformers.models.sam.modeling_sam import SamMaskDecoder, SamPromptEncoder

from car_video.errors import ModelError
from car_video.models import bundled
from car_video.models.device import fastest_dtype
from car_video.models.encoder import ImageEncoder, digest_of, float32_copy, with_encoder
from car_video.models.numerics import WithoutRandomWeights, in_standard_torch
from car_video.models.sam.base import TRAINED_SIDE
from car_video.models.sam.decoder import decode
from car_video.models.sam.tiny_vit import tiny_vit_features

STRIDE = 16  # pixels per cell of the image embedding
PIXEL_MEAN = (123.675, 116.28, 103.53)
PIXEL_STD = (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class SamEmbedding:
    """A picture that SAM has encoded.

    Attributes:
        tokens: [1, 256, h, w] image embedding.
        positions: [1, 256, h, w] positional encoding of its cells.
        size: (H, W) of the picture as the encoder saw it, before padding to whole cells.
        scale: encoder pixels per pixel of the original picture.
    """

    tokens: Tensor
    positions: Tensor
    size: tuple[int, int]
    scale: float

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of mask logits without padding."""
        return -(-self.size[0] // 4), -(-self.size[1] // 4)

    def to(self, dtype: torch.dtype) -> SamEmbedding:
        """The same with tokens of another precision."""
        return replace(self, tokens=self.tokens.to(dtype))


def _encoder_side(pixels: float) -> int:
    """A side in whole pixels; whole cells where it misses them by less than a pixel.

    The sides of one picture at two sizes are rounded to other ratios: 854 x 480 becomes 1024 x
    576, 1922 x 1080 would become 1024 x 575. One row of padding in a cell changes it by half of
    its length, and all others by a tenth, by which the choice among masks may tip.
    """
    cells = STRIDE * round(pixels / STRIDE)
    return cells if cells and abs(cells - pixels) < 1 else max(1, round(pixels))


class MobileSamEncoder(nn.Module):
    """TinyViT and the neck of MobileSAM as one network."""

    def __init__(self, trunk: nn.Module, neck: nn.Module) -> None:
        super().__init__()
        self.trunk, self.neck = trunk, neck

    def forward(self, prepared: Tensor) -> Tensor:
        """[B, 3, H, W] -> [B, 256, H / 16, W / 16]."""
        tokens: Tensor = self.neck(tiny_vit_features(self.trunk, prepared))
        return tokens


class MobileSam(nn.Module):
    """TinyViT-5M image encoder with SAM's prompt encoder and mask decoder (10.1 M parameters).

    Its image encoder can be replaced (:class:`~car_video.models.encoder.EncoderHost`).

    Source: MobileSAM (arXiv 2306.14289); weights Apache-2.0.
    """

    mean: Tensor
    std: Tensor
    encoder: ImageEncoder | None = None
    encoder_name = "MobileSAM"
    encoder_stride = STRIDE
    usual_side = TRAINED_SIDE
    with_encoder = with_encoder

    def __init__(self) -> None:
        super().__init__()
        config = SamConfig()
        trunk = timm.create_model("tiny_vit_5m_224", pretrained=False, num_classes=0)
        # MobileSAM keeps stride 16 in the last stage, timm's ImageNet model goes to 32.
        trunk.stages[3].downsample.conv2.conv.stride = (1, 1)
        trunk.head = nn.Identity()
        self.trunk = trunk
        self.neck = nn.Sequential(
            nn.Conv2d(320, 256, 1, bias=False),
            timm.layers.LayerNorm2d(256),
            nn.Conv2d(256, 256, 3, padding=1, bias=False),
            timm.layers.LayerNorm2d(256),
        )
        self.prompt_encoder = SamPromptEncoder(config)
        self.mask_decoder = SamMaskDecoder(config.mask_decoder_config)
        self.register_buffer(
            "mean", torch.tensor(PIXEL_MEAN).view(1, 3, 1, 1), persistent=False
        )
        self.register_buffer("std", torch.tensor(PIXEL_STD).view(1, 3, 1, 1), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.mean.device

    def encode(
        self, pixels: Tensor, side: int = TRAINED_SIDE, shape: tuple[int, int] | None = None
    ) -> SamEmbedding:
        """See :class:`~car_video.models.sam.base.MaskModel`. A side under 1024 is faster and
        coarser."""
        return self.encode_each([pixels], side, shape)[0]

    @in_standard_torch
    @torch.inference_mode()
    def encode_each(
        self,
        pixels: Sequence[Tensor],
        side: int = TRAINED_SIDE,
        shape: tuple[int, int] | None = None,
    ) -> list[SamEmbedding]:
        """See :class:`~car_video.models.sam.base.MaskModel`."""
        height, width = int(pixels[0].shape[-2]), int(pixels[0].shape[-1])
        scale = side / max(height, width)
        if shape is not None:
            scale = min(shape[0] / height, shape[1] / width)
        size = _encoder_side(height * scale), _encoder_side(width * scale)
        if shape is None:
            shape = (size[0] + -size[0] % STRIDE, size[1] + -size[1] % STRIDE)
        resized = [
            F.interpolate(
                picture, size, mode="bilinear", align_corners=False, antialias=scale < 1
            )
            for picture in pixels
        ]
        x = self.prepare(torch.cat(resized))
        x = F.pad(x, (0, shape[1] - size[1], 0, shape[0] - size[0]))
        tokens = (self.encoder or self.encode_by_torch)(x)[0].float().contiguous()
        positions = self._positions(tokens)
        return [SamEmbedding(own, positions, size, scale) for own in tokens.split(1)]

    def prepare(self, pixels: Tensor) -> Tensor:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        return (pixels * 255 - self.mean) / self.std

    @cached_property
    def encoder_digest(self) -> str:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        return digest_of(self.trunk, self.neck)

    def encoder_network(self) -> nn.Module:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        return MobileSamEncoder(float32_copy(self.trunk), float32_copy(self.neck))

    def encode_by_torch(self, prepared: Tensor) -> tuple[Tensor, ...]:
        """See :class:`~car_video.models.encoder.ImageEncoder`."""
        dtype = next(self.neck.parameters()).dtype
        x = prepared.to(dtype).contiguous(memory_format=torch.channels_last)
        return (self.neck(tiny_vit_features(self.trunk, x)),)

    def _positions(self, tokens: Tensor) -> Tensor:
        """Those of the cells in the square that the weights were trained on, where a smaller
        picture fills a part of it. Measured on ref-davis-dev (61 frames, boxes around the
        truth, best of three masks): IoU 0.864 at side 512 against 0.852 with positions that
        stretch over the picture; 0.902 at 1024, where both are the same."""
        rows, columns = tokens.shape[-2:]
        y = (torch.arange(rows, device=tokens.device) + 0.5) * STRIDE / TRAINED_SIDE
        x = (torch.arange(columns, device=tokens.device) + 0.5) * STRIDE / TRAINED_SIDE
        grid = torch.stack(torch.broadcast_tensors(x[None, :], y[:, None]), -1)
        encoded = self.prompt_encoder.shared_embedding(grid[None].float())
        return encoded.permute(0, 3, 1, 2)

    @in_standard_torch
    @torch.inference_mode()
    def predict(
        self,
        embedding: SamEmbedding,
        points: Tensor | None = None,
        labels: Tensor | None = None,
        boxes: Tensor | None = None,
        mask_logits: Tensor | None = None,
        multimask: bool = True,
    ) -> tuple[Tensor, Tensor]:
        """See :class:`~car_video.models.sam.base.MaskModel`."""
        if points is not None:
            points = points[None].float() * embedding.scale
            labels = labels[None] if labels is not None else None
        if boxes is not None:
            boxes = boxes[None].float() * embedding.scale
        sparse, dense = self.prompt_encoder(points, labels, boxes, mask_logits)
        if mask_logits is None:
            dense = self.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1)
        if sparse is None:  # a mask alone is a prompt without tokens
            sparse = dense.new_zeros(1, len(dense), 0, dense.shape[1])
        # bfloat16 halves the time of CPUs that have it (masks: IoU 0.996 with float32).
        low = next(self.neck.parameters()).dtype == torch.bfloat16
        masks, quality = decode(
            self.mask_decoder,
            embedding.tokens + dense,
            embedding.positions,
            sparse[0],
            multimask,
            torch.bfloat16 if low else torch.float32,
        )
        return masks.float(), quality


@in_standard_torch
def load_mobile_sam(device: torch.device, dtype: torch.dtype | None = None) -> MobileSam:
    """The bundled MobileSAM.

    Args:
        device: where to put it.
        dtype: of the image encoder; None takes the fastest that the device has natively.

    Raises:
        ModelError: weights are missing or damaged.
    """
    file = "mobile_sam.safetensors"
    state = bundled.load(file)
    with WithoutRandomWeights():
        model = MobileSam()
    missing, unexpected = model.load_state_dict(state, strict=False)
    # Index tables and batch counters are made by the constructors, not stored.
    stored = [k for k in missing if not k.endswith(("bias_idxs", "num_batches_tracked"))]
    if stored or unexpected:
        raise ModelError(f"{file} does not fit the network; reinstall car-video")
    model.requires_grad_(False).eval().to(device)
    fold_norms(model.trunk)
    encoder = dtype or fastest_dtype(device)
    for part in (model.trunk, model.neck):
        part.to(dtype=encoder)
        part.to(memory_format=torch.channels_last)
    return model


def load(source: str, device: torch.device, dtype: torch.dtype | None = None) -> MobileSam:
    """See :class:`car_video.models.sam.catalog.MaskModelInfo`; there is one source."""
    return load_mobile_sam(device, dtype)


def fold_norms(trunk: nn.Module) -> None:
    """Fold TinyViT's batch norms into its convolutions, equal to rounding."""
    for part in trunk.modules():
        if isinstance(part, ConvNorm):
            part.conv, part.bn = fuse_conv_bn_eval(part.conv, part.bn), nn.Identity()
