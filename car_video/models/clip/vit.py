"""ViT CLIP through open_clip: one pass per frame, Grad-CAM in closed form (CaR section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from open_clip.transformer import VisionTransformer
from torch import Tensor, nn

from car_video.models.base import Family, ImageFeatures
from car_video.models.clip import vit_gradient
from car_video.models.clip.base import (
    OPENAI_SCALING,
    OpenClipModel,
    Scaling,
    Tokenizer,
    mask_average,
)
from car_video.models.clip.layers import UnsupportedLayer, layer_norm
from car_video.models.clip.positions import Interpolation, PositionTable
from car_video.models.clip.vit_blocks import (
    LastBlock,
    attention_weights,
    check_block,
    merge_heads,
    mlp,
    run_block,
    run_block_first_token,
    run_block_with_attention,
)
from car_video.models.numerics import in_standard_torch, wide


@dataclass(frozen=True)
class VitOptions:
    """Choices in what is taken from a ViT.

    Attributes:
        interpolation: of the positional embedding to other grids; the reference's is
            "bilinear".
        affinity_layers: attention of so many last blocks is averaged for the affinity (8 in
            CLIP-ES); 0 computes none.
        dense: what each cell's embedding is. "value": the last block with its attention
            replaced by the identity (MaskCLIP, arXiv 2112.01071). "self": the last block's
            attention output with query-query and key-key attention, without residual and
            MLP (SCLIP, arXiv 2312.01597; ClearCLIP, arXiv 2407.12442). None: none.
    """

    interpolation: Interpolation = "bilinear"
    affinity_layers: int = 8
    dense: Literal["value", "self"] | None = "value"


class VitModel(OpenClipModel):
    """A ``VisionTransformer`` of open_clip with its text tower.

    The pooled embedding of a frame is the mean over patch tokens, as in CLIP-ES; the
    classifier's (:meth:`embed_image`) is the network's own.
    """

    family: Family = "vit"
    mixed_precision = True

    def __init__(
        self,
        name: str,
        network: nn.Module,
        tokenizer: Tokenizer,
        *,
        scaling: Scaling = OPENAI_SCALING,
        dtype: torch.dtype | None = None,
        options: VitOptions | None = None,
    ) -> None:
        """See :class:`OpenClipModel`.

        Raises:
            UnsupportedLayer: not a plain ViT (other blocks, attention pooling).
        """
        visual: Any = network.visual
        if type(visual) is not VisionTransformer or visual.attn_pool is not None:
            raise UnsupportedLayer(f"image tower {type(visual).__name__}")
        self.blocks = list(visual.transformer.resblocks)
        for block in self.blocks:
            check_block(block)
        if visual.pool_type not in ("tok", "avg") or visual.proj is None:
            raise UnsupportedLayer(f"pooling {visual.pool_type}")
        patch = visual.patch_size
        if patch[0] != patch[1]:
            raise UnsupportedLayer(f"patches of {patch[0]}x{patch[1]} pixels")
        super().__init__(
            name, network, tokenizer, stride=int(patch[0]), scaling=scaling, dtype=dtype
        )
        self.options = options or VitOptions()
        self._positions = PositionTable(
            visual.positional_embedding, tuple(visual.grid_size), self.options.interpolation
        )
        self._weights = vit_gradient.BlockWeights.of(
            self.blocks[-1], visual.ln_post, visual.proj, visual.final_ln_after_pool
        )

    @in_standard_torch
    @torch.no_grad()
    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """One pass over frames [B, 3, H, W] in [0, 1]; see :class:`ImageFeatures`."""
        rows, columns = self.grid_of(pixels)
        x = self._tokens(pixels)
        attention: list[Tensor] = []
        first_kept = len(self.blocks) - self.options.affinity_layers
        for index, block in enumerate(self.blocks[:-1]):
            if index < first_kept:
                x = run_block(block, x)
            else:
                x, weights = run_block_with_attention(block, x)
                attention.append(weights[:, 1:, 1:])
        last = LastBlock.run(self.blocks[-1], x)
        affinity = None
        if self.options.affinity_layers:
            attention.append(last.attention.mean(1)[:, 1:, 1:])
            affinity = torch.stack(attention).mean(0)
        cells = wide(last.normed[:, 1:]).transpose(1, 2).unflatten(2, (rows, columns))
        dense = self._dense(x, last)
        if dense is not None:
            dense = dense.transpose(1, 2).unflatten(2, (rows, columns))
        return ImageFeatures(
            cam_map=cells,
            pooled=self._head(last.out[:, 1:]),
            dense=dense,
            affinity=affinity,
            cache={"last": last},
        )

    @in_standard_torch
    @torch.no_grad()
    def embed_image(self, pixels: Tensor, *, penultimate: bool = False) -> Tensor:
        """Classifier embedding [B, D]; see :class:`OpenClipModel`."""
        self.grid_of(pixels)
        x = self._tokens(pixels)
        blocks = self.blocks[:-1] if penultimate else self.blocks
        first_only = self.visual.pool_type == "tok"
        for block in blocks[:-1]:
            x = run_block(block, x)
        if blocks:
            x = run_block_first_token(blocks[-1], x) if first_only else run_block(blocks[-1], x)
        return self._head(x[:, :1] if first_only else x[:, 1:])

    @in_standard_torch
    @torch.no_grad()
    def pull_back(self, features: ImageFeatures, directions: Tensor) -> Tensor:
        """Grad-CAM weights [B, N, C] of directions [B, N, D], no autograd."""
        last: LastBlock = features.cache["last"]
        if "tables" not in features.cache:
            features.cache["tables"] = vit_gradient.Tables.of(last, self._weights)
        directions = wide(directions.to(self.device))
        return vit_gradient.pull_back(last, features.cache["tables"], self._weights, directions)

    @in_standard_torch
    @torch.no_grad()
    def pool_masks(self, features: ImageFeatures, masks: Tensor) -> Tensor:
        """Mean dense embedding [B, M, D] under each mask [B, M, h, w]; zeros when empty.

        Raises:
            ValueError: the model was told to compute no dense map.
        """
        if features.dense is None:
            raise ValueError(f"{self.name}: mask pooling needs VitOptions(dense=...)")
        return mask_average(features.dense, masks)[0]

    def _tokens(self, pixels: Tensor) -> Tensor:
        """Tokens [B, 1 + n, D] entering the first block."""
        visual = self.visual
        x = visual.conv1(self.prepare(pixels))
        grid = (int(x.shape[-2]), int(x.shape[-1]))
        x = wide(x.flatten(2).transpose(1, 2))
        token = visual.class_embedding.to(x.dtype).expand(x.shape[0], 1, -1)
        x = torch.cat([token, x], 1) + self._positions(grid)
        return layer_norm(x, visual.ln_pre).to(self.dtype)

    def _head(self, tokens: Tensor) -> Tensor:
        """Mean of tokens [B, n, D] in the joint space, [B, E]; norm where the network does."""
        tokens, visual = wide(tokens), self.visual
        if visual.final_ln_after_pool:
            mean = layer_norm(tokens.mean(1), visual.ln_post)
        else:
            mean = layer_norm(tokens, visual.ln_post).mean(1)
        return mean @ visual.proj.to(mean.dtype)

    def _dense(self, x: Tensor, last: LastBlock) -> Tensor | None:
        """Embedding of each patch [B, n, E], see :class:`VitOptions`."""
        if self.options.dense is None:
            return None
        block, visual = self.blocks[-1], self.visual
        if self.options.dense == "value":
            cells = x[:, 1:] + merge_heads(block, last.values[:, :, 1:])
            cells = mlp(block, cells)
        else:
            q, k, v = (part[:, :, 1:] for part in (last.queries, last.keys, last.values))
            weights = (attention_weights(q, q) + attention_weights(k, k)) / 2
            cells = merge_heads(block, weights.to(v.dtype) @ v)
        cells = layer_norm(cells, visual.ln_post)
        return wide(cells @ visual.proj.to(cells.dtype))
