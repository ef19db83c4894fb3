"""The bundled model ``lite``: ImageNet ResNet-50 and MiniLM-L6 with aligned linear heads.

Built in the LiT manner (arXiv 2111.07991): both towers are frozen, only a linear image head
and a small text head are trained (``tools/build_lite``). Pooling and image head are linear, so
the head applied to every cell is an exact dense map and Grad-CAM has the shortest closed form
there is: the gradient of the pooled embedding is the head itself.

The last stage of the trunk runs with dilation instead of stride (same weights, stride 16).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, cast

import timm
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from transformers import BertConfig, BertModel

from car_video.config import ProposalConfig
from car_video.models import bundled
from car_video.models.base import Family, ImageFeatures
from car_video.models.device import fastest_dtype
from car_video.models.encoder import ImageEncoder, digest_of, float32_copy, with_encoder
from car_video.models.fused_convolution import convolved
from car_video.models.lite.noun_classes import LAST_STAGE, NounClasses
from car_video.models.numerics import WithoutRandomWeights, in_standard_torch

MAX_TOKENS = 128  # longer texts are cut; MiniLM was trained on at most this many
PIXEL_MEAN_BGR = (103.939, 116.779, 123.68)  # of the Keras ResNet-50, input BGR in 0..255


def lite_trunk() -> nn.Module:
    """ResNet-50 v1 as Keras has it, batch norm folded into biases, last stage dilated.

    timm's network puts the stride of a stage on the 3x3 convolution; these weights want it on
    the first 1x1. The dilated stage keeps every output of the strided one and adds those
    between.
    """
    trunk = timm.create_model("resnet50", pretrained=False, num_classes=0)
    trunk.eval()
    trunk.conv1, trunk.bn1 = fuse_conv_bn_eval(trunk.conv1, trunk.bn1), nn.Identity()
    for stage in (trunk.layer1, trunk.layer2, trunk.layer3, trunk.layer4):
        for block in stage:
            for i in (1, 2, 3):
                conv, norm = getattr(block, f"conv{i}"), getattr(block, f"bn{i}")
                setattr(block, f"conv{i}", fuse_conv_bn_eval(conv, norm))
                setattr(block, f"bn{i}", nn.Identity())
            if block.downsample is not None:
                conv, norm = block.downsample
                block.downsample = nn.Sequential(fuse_conv_bn_eval(conv, norm), nn.Identity())
    for stage in (trunk.layer2, trunk.layer3):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    first = trunk.layer4[0]
    first.conv1.stride = first.conv2.stride = first.downsample[0].stride = (1, 1)
    for block in trunk.layer4:
        block.conv2.dilation = block.conv2.padding = (2, 2)
    return trunk


def _stage(blocks: nn.Module, x: Tensor) -> Tensor:
    """A stage of :func:`lite_trunk`, without a gradient."""
    for block in cast(Iterable[Any], blocks):
        rest = x if block.downsample is None else convolved(x, block.downsample[0])
        x = convolved(convolved(x, block.conv1, "relu"), block.conv2, "relu")
        x = F.relu(convolved(x, block.conv3).add_(rest), inplace=True)
    return x


def trunk_stages(trunk: Any, prepared: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs of stages 3 and 4 of :func:`lite_trunk`, [B, C, H / 16, W / 16] each."""
    x = prepared.to(trunk.conv1.weight.dtype).contiguous(memory_format=torch.channels_last)
    x = trunk.maxpool(convolved(x, trunk.conv1, "relu"))
    for stage in (trunk.layer1, trunk.layer2, trunk.layer3):
        x = _stage(stage, x)
    return x, _stage(trunk.layer4, x)


class LiteTrunk(nn.Module):
    """:func:`trunk_stages` as a network of its own."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, prepared: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 3, H, W] -> stages 3 and 4."""
        return trunk_stages(self.trunk, prepared)


class LiteImageTower(nn.Module):
    """Trunk, whitening neck and linear head; all but the trunk act on every cell alone.

    The neck takes stage 4 and stage 3 to decorrelated channels of about equal size, fitted once
    on training pictures: in raw ReLU features a few strong channels hide the rest, and cosines
    between cells say little.
    """

    mean: Tensor

    def __init__(self, embed_dim: int, neck: tuple[int, int]) -> None:
        super().__init__()
        self.trunk = lite_trunk()
        self.neck_last = nn.Linear(2048, neck[0])
        self.neck_middle = nn.Linear(1024, neck[1])
        self.head = nn.Linear(sum(neck), embed_dim)
        mean = torch.tensor(PIXEL_MEAN_BGR).view(1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)

    def prepare(self, pixels: Tensor) -> Tensor:
        """RGB [B, 3, H, W] in [0, 1] as the trunk takes it."""
        return pixels.flip(1) * 255 - self.mean

    def encode(self, prepared: Tensor) -> tuple[Tensor, ...]:
        """See :class:`~car_video.models.encoder.ImageEncoder`."""
        return trunk_stages(self.trunk, prepared)

    def features(
        self, pixels: Tensor, encoder: ImageEncoder | None = None
    ) -> tuple[Tensor, Tensor]:
        """float32 [B, 3, H, W] RGB in [0, 1] -> cells [B, H / 16, W / 16, C], and the output
        of stage 4 [B, 2048, H / 16, W / 16]; by another encoder where one is given."""
        middle, last = (encoder or self.encode)(self.prepare(pixels))
        # Stage 3 is one stage younger and finer: smoothed to the footprint of stage 4.
        smooth = F.avg_pool2d(middle, 3, stride=1, padding=1, count_include_pad=False)
        deep, smooth = last.permute(0, 2, 3, 1), smooth.permute(0, 2, 3, 1)
        cells = [self.neck_last(deep.float()), self.neck_middle(smooth.float())]
        return torch.cat(cells, -1), last


class LiteTextTower(nn.Module):
    """MiniLM-L6 sentence embedding (masked mean, unit length), then a two-layer head."""

    def __init__(self, embed_dim: int, hidden: int, bert: dict[str, Any]) -> None:
        super().__init__()
        self.bert = BertModel(BertConfig(**bert), add_pooling_layer=False)
        self.head = nn.Sequential(
            nn.Linear(bert["hidden_size"], hidden), nn.GELU(), nn.Linear(hidden, embed_dim)
        )

    def forward(self, ids: Tensor, attention: Tensor) -> Tensor:
        """int64 [N, L] token ids and their 0/1 mask -> unit-length [N, D]."""
        hidden = self.bert(input_ids=ids, attention_mask=attention).last_hidden_state
        weights = attention[..., None].to(hidden.dtype)
        sentence = (hidden * weights).sum(1) / weights.sum(1).clamp_min(1)
        return F.normalize(self.head(F.normalize(sentence, dim=-1)), dim=-1)


class LiteModel(nn.Module):
    """``lite`` behind the :class:`~car_video.models.base.VisionLanguageModel` protocol.

    Its trunk can be replaced (:class:`~car_video.models.encoder.EncoderHost`).
    """

    encoder: ImageEncoder | None = None
    encoder_name = "the trunk of lite"
    usual_side = ProposalConfig.size
    with_encoder = with_encoder
    family: Family = "conv"
    dense_matches_text = True  # pooling and head are linear
    encodes_batches = True

    nouns: NounClasses

    def __init__(
        self, config: dict[str, Any], tokenizer: Tokenizer, nouns: dict[str, Any]
    ) -> None:
        super().__init__()
        self.name = "lite"
        self.embed_dim = int(config["embed_dim"])
        self.stride = self.encoder_stride = 16
        self.input_size = int(config["input_size"])
        self.logit_scale = float(config["logit_scale"])
        self.image = LiteImageTower(self.embed_dim, tuple(config["neck"]))
        self.text = LiteTextTower(self.embed_dim, int(config["text_hidden"]), config["bert"])
        self.nouns = NounClasses(nouns)
        self.device = torch.device("cpu")
        self.tokenizer = tokenizer
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.tokenizer.enable_padding()

    def prepare(self, pixels: Tensor) -> Tensor:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        return self.image.prepare(pixels)

    @cached_property
    def encoder_digest(self) -> str:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        return digest_of(self.image.trunk)

    def encoder_network(self) -> nn.Module:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        return LiteTrunk(float32_copy(self.image.trunk))

    def encode_by_torch(self, prepared: Tensor) -> tuple[Tensor, ...]:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        return self.image.encode(prepared)

    @in_standard_torch
    @torch.inference_mode()
    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Unit-length float32 [N, D]; texts over 128 word pieces are cut."""
        if not texts:
            return torch.zeros(0, self.embed_dim, device=self.device)
        encoded = self.tokenizer.encode_batch(list(texts))
        ids = torch.tensor([e.ids for e in encoded], device=self.device)
        attention = torch.tensor([e.attention_mask for e in encoded], device=self.device)
        return self.text(ids, attention).float()

    def truncates(self, text: str) -> bool:
        """Whether a text is longer than the model reads."""
        return bool(self.tokenizer.encode(text).overflowing)

    @in_standard_torch
    @torch.inference_mode()
    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """One pass over whole frames, float32 [B, 3, H, W] in [0, 1]."""
        cells, last = self.image.features(pixels, self.encoder)
        dense = self.image.head(cells)
        return ImageFeatures(
            cam_map=cells.permute(0, 3, 1, 2),
            pooled=dense.mean((1, 2)),
            dense=dense.permute(0, 3, 1, 2),
            cache={LAST_STAGE: last},
        )

    @in_standard_torch
    @torch.inference_mode()
    def embed_image(self, pixels: Tensor, *, penultimate: bool = False) -> Tensor:
        """Un-normalised embedding [B, D] of square pictures."""
        cells = self.image.features(pixels, self.encoder)[0]
        pooled: Tensor = self.image.head(cells.mean((1, 2)))
        return pooled

    @in_standard_torch
    def pull_back(self, features: ImageFeatures, directions: Tensor) -> Tensor:
        """Channel weights [B, N, C]: the transposed head over the number of cells, exactly."""
        rows, columns = features.grid
        return directions @ self.image.head.weight / (rows * columns)

    @in_standard_torch
    def pool_masks(self, features: ImageFeatures, masks: Tensor) -> Tensor:
        """Embedding of masked regions [B, M, D]: masked mean of the dense map."""
        assert features.dense is not None
        weights = masks.flatten(2).to(features.dense.dtype)
        total = weights.sum(-1, keepdim=True)
        pooled = weights @ features.dense.flatten(2).transpose(1, 2) / total.clamp_min(1e-6)
        return pooled * (total > 0)


@in_standard_torch
def load_lite(device: torch.device, dtype: torch.dtype | None = None) -> LiteModel:
    """The bundled model, ready to use.

    Args:
        device: where to put it.
        dtype: of the image trunk; None takes the fastest that the device has natively. Heads
            and text tower stay float32.

    Raises:
        ModelError: weights are missing or damaged.
    """
    tokenizer = Tokenizer.from_file(str(bundled.weights_folder() / "tokenizer.json"))
    config, nouns = bundled.config(), bundled.load_json("lite_nouns.json")
    with WithoutRandomWeights():
        model = LiteModel(config, tokenizer, nouns)
    files = ("lite_image.safetensors", "lite_text.safetensors", "lite_nouns.safetensors")
    state = {name: value for file in files for name, value in bundled.load(file).items()}
    model.load_state_dict(state, strict=True)
    model.requires_grad_(False).eval().to(device)
    model.device = device
    model.image.trunk.to(dtype=dtype or fastest_dtype(device))
    model.image.trunk.to(memory_format=torch.channels_last)
    return model


def load(source: str, device: torch.device, dtype: torch.dtype | None = None) -> LiteModel:
    """See :class:`car_video.models.catalog.ModelInfo`; there is one source."""
    return load_lite(device, dtype)
