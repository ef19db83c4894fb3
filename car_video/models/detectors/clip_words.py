"""Expressions in the tokens of CLIP, which OWLv2 and SAM 3 read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from open_clip.tokenizer import SimpleTokenizer
from torch import Tensor

from car_video.errors import ModelError


class ClipWords:
    """Expressions as tokens; those that are too long lose their end.

    Args:
        network: has ``config.text_config``, which says how many tokens it reads.
        source: of the network, for messages.

    Raises:
        ModelError: the network was trained on other words.
    """

    def __init__(self, network: Any, source: str) -> None:
        text = network.config.text_config
        self._encode = SimpleTokenizer(context_length=int(text.max_position_embeddings))
        if int(text.vocab_size) != self._encode.vocab_size:
            raise ModelError(
                f"'{source}' was not trained on CLIP's {self._encode.vocab_size} words; it "
                "cannot be used"
            )

    def __call__(self, expressions: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Tokens int64 [E, L], 0 after the end, and the attention mask of the same shape: 1 up
        to the end."""
        tokens: Tensor = self._encode(list(expressions))
        end = tokens.argmax(1, keepdim=True)  # its number is the largest
        return tokens, (torch.arange(tokens.shape[1]) <= end).long()
