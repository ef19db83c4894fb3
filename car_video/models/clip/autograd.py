"""Fallback for image towers without a closed form: the same interface by automatic gradients.

Serves open_clip's other transformers: SigLIP, MobileCLIP-B, ViTamin, EVA, PE (timm trunks),
CoCa and blocks with query-key norms. The network is run once; the output of the last block's
first layer norm is cut out of the graph and made its beginning, so that a backward pass goes
through one block only. It is still one pass per direction: expect several times the time of
a family with a closed form.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import timm
import torch
from open_clip.timm_model import TimmModel
from open_clip.transformer import VisionTransformer
from torch import Tensor, nn

from car_video.models.base import Family, ImageFeatures
from car_video.models.clip.base import (
    OPENAI_SCALING,
    OpenClipModel,
    Scaling,
    Tokenizer,
    mask_average,
)
from car_video.models.clip.layers import UnsupportedLayer
from car_video.models.clip.positions import PositionTable
from car_video.models.numerics import in_standard_torch, wide


class TokenTower:
    """An image tower as three steps: tokens, the layer that Grad-CAM uses, pooling.

    Attributes:
        cam_layer: first layer norm of the last block; its output is [B, prefix + n, D].
        prefix: tokens before the patches.
        patch: side of a patch in pixels.
    """

    cam_layer: nn.Module
    prefix: int
    patch: int

    def tokens(self, pixels: Tensor) -> Tensor:
        """Output [B, prefix + n, D] of the last block for prepared images."""
        raise NotImplementedError

    def pool(self, patches: Tensor) -> Tensor:
        """Embedding [B, E] of a set of patch tokens [B, m, D]."""
        raise NotImplementedError

    def embed(self, pixels: Tensor) -> Tensor:
        """The network's own embedding [B, E] of prepared images."""
        raise NotImplementedError


class NativeTower(TokenTower):
    """open_clip's ``VisionTransformer`` with unusual blocks or CoCa's attention pooling."""

    def __init__(self, visual: VisionTransformer) -> None:
        if visual.attn_pool is not None and visual.attn_pool_contrastive is not None:
            raise UnsupportedLayer("two attention poolings")
        if visual.patch_size[0] != visual.patch_size[1]:
            raise UnsupportedLayer("patches that are not square")
        self.visual = visual
        self.cam_layer = visual.transformer.resblocks[-1].ln_1
        self.prefix, self.patch = 1, int(visual.patch_size[0])
        self._positions = PositionTable(
            visual.positional_embedding, tuple(visual.grid_size), "bilinear"
        )

    def tokens(self, pixels: Tensor) -> Tensor:
        """See :class:`TokenTower`."""
        visual = self.visual
        x = visual.conv1(pixels)
        grid = (int(x.shape[-2]), int(x.shape[-1]))
        x = x.flatten(2).transpose(1, 2)
        token = visual.class_embedding.to(x.dtype).expand(x.shape[0], 1, -1)
        x = torch.cat([token, x], 1) + self._positions(grid).to(x.dtype)
        return visual.transformer(visual.ln_pre(x))

    def pool(self, patches: Tensor) -> Tensor:
        """Mean of the patches, or CoCa's pooling by its first query over them."""
        visual = self.visual
        if visual.attn_pool is None:
            mean = visual.ln_post(patches).mean(1)
        else:
            mean = visual.ln_post(self._first_query(patches))
        return mean @ visual.proj.to(mean.dtype)

    def embed(self, pixels: Tensor) -> Tensor:
        """See :class:`TokenTower`."""
        visual, tokens = self.visual, self.tokens(pixels)
        if visual.attn_pool is None:
            pooled = visual._pool(tokens)[0]
        else:
            pooled = visual.ln_post(self._first_query(tokens))
        return pooled @ visual.proj.to(pooled.dtype)

    def _first_query(self, tokens: Tensor) -> Tensor:
        """CoCa's pooling asks many queries and uses one for the image; ask only that."""
        pool = self.visual.attn_pool
        keys = pool.ln_k(tokens)
        query = pool.ln_q(pool.query[:1]).to(keys.dtype).expand(tokens.shape[0], -1, -1)
        return pool.attn(query, keys, keys, need_weights=False)[0][:, 0]


class TimmTower(TokenTower):
    """A timm transformer under open_clip's adapter, made to take images of any size."""

    def __init__(self, visual: TimmModel) -> None:
        trunk: Any = visual.trunk
        if not hasattr(trunk, "dynamic_img_size") or not hasattr(trunk, "pool"):
            raise UnsupportedLayer(f"trunk {type(trunk).__name__}: images of one size only")
        if not trunk.dynamic_img_size:
            trunk = visual.trunk = _any_size(trunk)
        self.visual, self.trunk = visual, trunk
        self.cam_layer = trunk.blocks[-1].norm1
        self.prefix = int(trunk.num_prefix_tokens)
        self.patch = int(trunk.feature_info[-1]["reduction"])

    def tokens(self, pixels: Tensor) -> Tensor:
        """See :class:`TokenTower`; the trunk's final norm is already applied."""
        return self.trunk.forward_features(pixels)

    def pool(self, patches: Tensor) -> Tensor:
        """The trunk's own pooling, or the mean where that would read the class token."""
        trunk = self.trunk
        pooled = patches.mean(1) if trunk.attn_pool is None else trunk.attn_pool(patches)
        return self.visual.head(trunk.head(trunk.head_drop(trunk.fc_norm(pooled))))

    def embed(self, pixels: Tensor) -> Tensor:
        """See :class:`TokenTower`."""
        return self.visual(pixels)


def _any_size(trunk: Any) -> Any:
    """The same timm network, built again with ``dynamic_img_size``, with the same weights."""
    architecture = trunk.pretrained_cfg.get("architecture")
    head = {"num_classes": trunk.num_classes, "global_pool": trunk.global_pool}
    try:
        other = timm.create_model(architecture, pretrained=False, dynamic_img_size=True)
        # open_clip changes the pooling after creation, which leaves the norms where they are.
        other.reset_classifier(**head)
        other.load_state_dict(trunk.state_dict())
    except (RuntimeError, TypeError) as error:
        raise UnsupportedLayer(f"trunk {architecture}: images of one size only") from error
    weight = next(m.weight for m in trunk.modules() if isinstance(m, nn.Conv2d))
    return other.eval().requires_grad_(False).to(weight.device, weight.dtype)


class AutogradModel(OpenClipModel):
    """Any :class:`TokenTower` behind the common interface."""

    family: Family = "vit"
    encodes_batches = False  # a batch has one graph: a frame's gradient would run through all

    def __init__(
        self,
        name: str,
        network: nn.Module,
        tokenizer: Tokenizer,
        *,
        scaling: Scaling = OPENAI_SCALING,
        dtype: torch.dtype | None = None,
    ) -> None:
        """See :class:`OpenClipModel`.

        Raises:
            UnsupportedLayer: the network has no tokens to take out.
        """
        visual: Any = network.visual
        if isinstance(visual, VisionTransformer):
            self.tower: TokenTower = NativeTower(visual)
        elif isinstance(visual, TimmModel) and hasattr(visual.trunk, "blocks"):
            self.tower = TimmTower(visual)
        else:
            raise UnsupportedLayer(f"image tower {type(visual).__name__}")
        super().__init__(
            name, network, tokenizer, stride=self.tower.patch, scaling=scaling, dtype=dtype
        )

    @in_standard_torch
    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """One pass over frames [B, 3, H, W] in [0, 1]; see :class:`ImageFeatures`.

        There is no affinity here: the attention is inside foreign code.
        """
        grid, prefix = self.grid_of(pixels), self.tower.prefix
        # Ordinary tensors even when the caller is in inference mode: the graph needs them.
        with torch.inference_mode(False), torch.enable_grad():
            with cut_graph(self.tower.cam_layer) as leaves:
                tokens = self.tower.tokens(self.prepare(pixels.clone()))
            leaf = leaves[0]
            pooled = wide(self.tower.pool(tokens[:, prefix:]))
        with torch.no_grad():
            patches = tokens.detach()[:, prefix:]
            each = wide(self.tower.pool(patches.flatten(0, 1).unsqueeze(1)))
            dense = each.unflatten(0, patches.shape[:2])
        cells = wide(leaf.detach()[:, prefix:])
        return ImageFeatures(
            cam_map=cells.transpose(1, 2).unflatten(2, grid),
            pooled=pooled.detach(),
            dense=dense.transpose(1, 2).unflatten(2, grid),
            cache={"leaf": leaf, "pooled": pooled},
        )

    @in_standard_torch
    @torch.no_grad()
    def embed_image(self, pixels: Tensor, *, penultimate: bool = False) -> Tensor:
        """Classifier embedding [B, D]; ``penultimate`` has no meaning here."""
        self.grid_of(pixels)
        return wide(self.tower.embed(self.prepare(pixels)))

    @in_standard_torch
    def pull_back(self, features: ImageFeatures, directions: Tensor) -> Tensor:
        """Grad-CAM weights [B, N, C] of directions [B, N, D], one backward pass for each N."""
        leaf, pooled = features.cache["leaf"], features.cache["pooled"]
        with torch.inference_mode(False):
            directions = directions.to(pooled.device, pooled.dtype).clone()
            weights = [
                torch.autograd.grad(pooled, leaf, one, retain_graph=True)[0]
                for one in directions.unbind(1)
            ]
        means = [wide(weight[:, self.tower.prefix :]).mean(1) for weight in weights]
        if not means:
            return directions.new_zeros(directions.shape[0], 0, leaf.shape[-1])
        return torch.stack(means, 1)

    @in_standard_torch
    @torch.no_grad()
    def pool_masks(self, features: ImageFeatures, masks: Tensor) -> Tensor:
        """Mean dense embedding [B, M, D] under each mask [B, M, h, w]; zeros when empty."""
        assert features.dense is not None
        return mask_average(features.dense, masks)[0]


@contextmanager
def cut_graph(layer: nn.Module) -> Any:
    """Make the output of ``layer`` the beginning of the graph; yields the list it goes to."""
    leaves: list[Tensor] = []

    def cut(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        leaves.append(output.detach().requires_grad_())
        return leaves[-1]

    handle = layer.register_forward_hook(cut)
    try:
        yield leaves
    finally:
        handle.remove()
