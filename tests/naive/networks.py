"""Unmodified networks asked one picture and one text at a time, in plain numpy terms."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.naive import gradcam

Floats = np.ndarray


class Tower:
    """An open_clip network, or the two towers of ``lite``.

    Args:
        image: the network's image tower.
        read: texts to embeddings.
        scale: from cosine to logit.
        stride: pixels per cell.
        side: of the square pictures that it classifies.
        mean, std: of RGB in [0, 1].
    """

    def __init__(
        self, image: Any, read: Any, scale: float, stride: int, side: int, mean: Any, std: Any
    ) -> None:
        self.image, self._read, self.scale = image, read, scale
        self.stride, self.side, self._mean, self._std = stride, side, mean, std
        self.dtype = next(image.parameters()).dtype
        self._texts: dict[str, Floats] = {}

    @classmethod
    def of(cls, model: Any) -> Tower:
        """What is inside one of our models; nothing of the model's own code is used."""
        if model.name == "lite":
            read = model.encode_text
            return cls(model.image, read, model.logit_scale, 16, model.input_size, 0.0, 1.0)
        network, tokenizer = model.network, model._tokenizer

        def encode(texts: list[str]) -> Tensor:
            return network.encode_text(tokenizer(texts))

        mean, std = (t.flatten().double().numpy() for t in (model._mean, model._std))
        scale = float(network.logit_scale.detach().exp())
        return cls(network.visual, encode, scale, model.stride, model.input_size, mean, std)

    def text(self, text: str) -> Floats:
        """Unit-length [D], to single precision. Remembered, for a test has to end."""
        if text not in self._texts:
            with torch.no_grad():
                vector = self._read([text])[0].double().numpy()
            unit = vector / np.sqrt((vector * vector).sum())
            self._texts[text] = unit.astype(np.float32).astype(np.float64)
        return self._texts[text]

    def scaled(self, picture: Floats) -> Tensor:
        """[H, W, 3] in [0, 1] -> [1, 3, H, W] as the network wants it."""
        values = (picture - self._mean) / self._std
        return torch.from_numpy(values.transpose(2, 0, 1)[None].copy()).to(self.dtype)

    def cams(
        self, picture: Floats, queries: Floats, words: Floats, mode: str
    ) -> tuple[Floats, Floats]:
        """Grad-CAM of each query before it is scaled [N, h, w], >= 0, and activations
        [C, h, w]: one backward pass per query."""
        texts, rivals = (torch.from_numpy(v).to(self.dtype) for v in (queries, words))
        weights, _, values, grid = gradcam.cam_weights(
            self.image, self.scaled(picture), texts, rivals, self.scale, mode
        )
        maps = [(values @ weight).relu().reshape(grid).double().numpy() for weight in weights]
        return np.stack(maps), values.T.reshape(-1, *grid).double().numpy()

    @torch.no_grad()
    def attention(self, picture: Floats) -> Floats | None:
        """Patches only, mean over heads and the last 8 blocks: [n, n]. None without blocks."""
        if type(self.image).__name__ != "VisionTransformer":
            return None
        pixels, visual = self.scaled(picture), self.image
        rows, columns = (n // self.stride for n in pixels.shape[-2:])
        kept = []
        with gradcam.positions_for(visual, rows, columns):
            x = visual._embeds(pixels)
            for block in visual.transformer.resblocks:
                normed = block.ln_1(x)
                _, weights = block.attn(normed, normed, normed, need_weights=True)
                kept.append(weights[0, 1:, 1:].double().numpy())
                x = block(x)
        return np.mean(kept[-8:], 0)

    @torch.no_grad()
    def look(self, picture: Floats, penultimate: bool) -> Floats:
        """Embedding [D] of a square picture, from the last block or the one before it."""
        pixels, visual = self.scaled(picture), self.image
        kind = type(visual).__name__
        if kind == "LiteImageTower":
            return visual.head(visual.features(pixels)[0].mean((1, 2)))[0].double().numpy()
        rows, columns = (n // self.stride for n in pixels.shape[-2:])
        if kind == "ModifiedResNet":
            with gradcam.positions_for(visual.attnpool, rows, columns):
                return visual(pixels)[0].double().numpy()
        if kind != "VisionTransformer":
            return visual(pixels)[0].double().numpy()
        blocks = visual.transformer.resblocks
        if penultimate:
            visual.transformer.resblocks = blocks[:-1]
        try:
            with gradcam.positions_for(visual, rows, columns):
                return visual(pixels)[0].double().numpy()
        finally:
            visual.transformer.resblocks = blocks
