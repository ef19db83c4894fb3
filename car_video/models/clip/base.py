"""What all models made from open_clip networks share: the text tower and the input scaling."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from open_clip import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from open_clip.model import convert_weights_to_lp
from torch import Tensor, nn

from car_video.models.base import Family, ImageFeatures, NounClassifier
from car_video.models.numerics import in_standard_torch, wide

Tokenizer = Any
"""A tokenizer of open_clip: called with a list of texts, gives int64 [N, context length]."""
Scaling = tuple[Sequence[float], Sequence[float]]
OPENAI_SCALING: Scaling = (OPENAI_DATASET_MEAN, OPENAI_DATASET_STD)
TEXT_BATCH = 256
TEXT_CACHE = 4096


class OpenClipModel(ABC):
    """Text side and input scaling of an open_clip network; families add the image side.

    Implements :class:`car_video.models.base.VisionLanguageModel`.

    Attributes:
        network: the open_clip model, in evaluation mode, no gradients for its weights.
        dtype: what the matrix products of the image side compute in. What leaves the model
            (features, embeddings, weights) is float32, or float64 for a float64 network.
        mixed_precision: in a half precision, keep norms and tables of the image tower in
            float32; else all of it is converted. The text tower is never converted: a text
            is encoded once.
    """

    family: Family
    mixed_precision = False
    dense_matches_text = False  # pooling is not linear: cells were never trained to match texts
    nouns: NounClassifier | None = None
    encodes_batches = True

    def __init__(
        self,
        name: str,
        network: Any,
        tokenizer: Tokenizer,
        *,
        stride: int,
        scaling: Scaling = OPENAI_SCALING,
        dtype: torch.dtype | None = None,
    ) -> None:
        """
        Args:
            name: what ``load_model`` was called with.
            network: an open_clip ``CLIP`` or ``CustomTextCLIP``, already on its device.
            tokenizer: texts -> int64 [N, context length].
            stride: pixels per cell of the feature map.
            scaling: mean and deviation of RGB values in [0, 1].
            dtype: see the attribute; None leaves the image tower as it is.
        """
        self.name = name
        self.network = network.eval().requires_grad_(False)
        self.visual = self.network.visual
        if dtype is not None and self.mixed_precision:
            convert_weights_to_lp(self.visual, dtype)
        elif dtype is not None:
            self.visual.to(dtype)
        self.stride = stride
        # In mixed precision tables and norms stay float32; a convolution tells the dtype.
        weight = next(m.weight for m in self.visual.modules() if isinstance(m, nn.Conv2d))
        self.device = weight.device
        self.dtype = weight.dtype
        size = self.visual.image_size
        self.input_size = int(max(size)) if isinstance(size, (tuple, list)) else int(size)
        self.logit_scale = float(self.network.logit_scale.detach().exp().max())
        at_least = torch.promote_types(self.dtype, torch.float32)
        mean, std = scaling
        self._mean = torch.tensor(mean, device=self.device, dtype=at_least).view(1, 3, 1, 1)
        self._std = torch.tensor(std, device=self.device, dtype=at_least).view(1, 3, 1, 1)
        self._tokenizer = tokenizer
        self._texts: dict[str, Tensor] = {}
        self.embed_dim = int(self.encode_text(["a"]).shape[-1])

    @in_standard_torch
    @torch.no_grad()
    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Unit-length embeddings [N, D] on the model's device.

        Each text is encoded once and remembered. Texts over the tower's context length keep
        their beginning and the end-of-text token (rule of open_clip's tokenizers).
        """
        texts = list(texts)
        new = [text for text in dict.fromkeys(texts) if text not in self._texts]
        if len(self._texts) + len(new) > TEXT_CACHE:
            new = list(dict.fromkeys(texts))
            self._texts.clear()
        for start in range(0, len(new), TEXT_BATCH):
            part = new[start : start + TEXT_BATCH]
            tokens = self._tokenizer(part).to(self.device)
            embeddings = F.normalize(wide(self.network.encode_text(tokens)), dim=-1)
            self._texts.update(zip(part, embeddings, strict=True))
        if not texts:
            return torch.zeros(0, self.embed_dim, device=self.device)
        return torch.stack([self._texts[text] for text in texts])

    def truncates(self, text: str) -> bool:
        """Whether a text is longer than the model reads."""
        inner = getattr(self._tokenizer, "tokenizer", None)  # Hugging Face's, inside
        length = getattr(self._tokenizer, "context_length", None)
        if length is None:
            return False
        if inner is not None:
            return len(inner(text)["input_ids"]) > length
        return len(self._tokenizer.encode(text)) + 2 > length  # start and end token

    def prepare(self, pixels: Tensor) -> Tensor:
        """Scale RGB [B, 3, H, W] in [0, 1] to what the network was trained on, in its dtype."""
        if pixels.ndim != 4 or pixels.shape[1] != 3:
            raise ValueError(f"pixels must be [B, 3, H, W], got {tuple(pixels.shape)}")
        pixels = pixels.to(self.device, self._mean.dtype)
        return ((pixels - self._mean) / self._std).to(self.dtype)

    def grid_of(self, pixels: Tensor) -> tuple[int, int]:
        """Rows and columns of the feature map for images of this size.

        Raises:
            ValueError: height or width is not a positive multiple of the stride.
        """
        height, width = int(pixels.shape[-2]), int(pixels.shape[-1])
        if height % self.stride or width % self.stride or not height or not width:
            raise ValueError(
                f"{self.name}: image sides must be multiples of {self.stride}, "
                f"got {height}x{width}"
            )
        return height // self.stride, width // self.stride

    @abstractmethod
    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """See :class:`car_video.models.base.VisionLanguageModel`."""

    @abstractmethod
    def embed_image(self, pixels: Tensor, *, penultimate: bool = False) -> Tensor:
        """By the network's own pooling; see the protocol."""

    @abstractmethod
    def pull_back(self, features: ImageFeatures, directions: Tensor) -> Tensor:
        """See :class:`car_video.models.base.VisionLanguageModel`."""

    @abstractmethod
    def pool_masks(self, features: ImageFeatures, masks: Tensor) -> Tensor:
        """See :class:`car_video.models.base.VisionLanguageModel`."""


def mask_average(cells: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted mean of a map's cells under each mask.

    Args:
        cells: [B, C, h, w].
        masks: [B, M, h, w], >= 0.

    Returns:
        [B, M, C], zeros for an empty mask, and bool [B, M, 1]: the mask is not empty.
    """
    masks = masks.to(cells.device, cells.dtype)
    area = masks.sum((-2, -1)).unsqueeze(-1)
    total = torch.einsum("bmhw,bchw->bmc", masks, cells)
    filled = area > 0
    return torch.where(filled, total / torch.where(filled, area, 1.0), 0.0), filled
