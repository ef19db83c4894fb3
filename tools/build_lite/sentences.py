"""Sentence embeddings of MiniLM-L6, by the very code that the shipped model runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from car_video.models.lite.model import MAX_TOKENS, LiteTextTower

CONFIG_KEYS = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
    "type_vocab_size",
    "layer_norm_eps",
    "hidden_act",
)
Embed = Callable[[Sequence[str]], NDArray[np.float32]]


def bert_config(folder: Path) -> dict[str, Any]:
    """What of ``config.json`` the network is built from."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    return {key: config[key] for key in CONFIG_KEYS}


def bert_tensors(folder: Path) -> dict[str, Tensor]:
    """State dict of ``BertModel`` without pooler, from ``model.safetensors``."""
    state = load_file(str(folder / "model.safetensors"))
    return {
        name.removeprefix("bert."): value
        for name, value in state.items()
        if "pooler" not in name and "position_ids" not in name
    }


class SentenceEncoder:
    """MiniLM-L6 without our head.

    Args:
        folder: of the unpacked package: configuration, tokenizer, weights.
        device: to compute on.
    """

    def __init__(self, folder: Path, device: torch.device) -> None:
        config = bert_config(folder)
        self.device = device
        self.width = int(config["hidden_size"])
        self.tower = LiteTextTower(1, 1, config)
        self.tower.bert.load_state_dict(bert_tensors(folder), strict=True)
        self.tower.head = nn.Identity()  # type: ignore[assignment]
        self.tower.eval().to(device)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.tokenizer.enable_padding()

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str], batch: int = 128) -> NDArray[np.float32]:
        """float32 [N, 384], unit length, in the order of the texts."""
        found = np.zeros((len(texts), self.width), np.float32)
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(texts), batch):
            places = order[start : start + batch]
            encoded = self.tokenizer.encode_batch([texts[i] for i in places])
            ids = torch.tensor([e.ids for e in encoded], device=self.device)
            attention = torch.tensor([e.attention_mask for e in encoded], device=self.device)
            found[places] = self.tower(ids, attention).cpu().numpy()
        return found
