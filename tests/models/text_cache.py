"""Models that encode a text once, however many segmenters ask for it."""

from __future__ import annotations

from functools import cache
from typing import Any


def encoding_texts_once(model: Any) -> Any:
    """The given model, changed: the same texts in one call are encoded once.

    Every segmenter encodes the same background words.
    """
    encode = cache(model.encode_text)
    model.encode_text = lambda texts: encode(tuple(texts)).clone()
    return model
