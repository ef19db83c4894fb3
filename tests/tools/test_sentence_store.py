"""Embeddings that are kept between runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tools.build_lite import sentence_store
from tools.build_lite.sentence_store import SentenceStore


class Encoder:
    """Remembers what it was asked; a text is its length and its first letter."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append(list(texts))
        return np.array([[len(text), ord(text[0])] for text in texts], np.float32)


def test_each_text_is_encoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_store, "CHUNK", 2)
    encoder = Encoder()
    store = SentenceStore(encoder, tmp_path)
    rows = store(["aa", "b", "aa", "ccc"])
    assert rows.tolist() == [[2, 97], [1, 98], [2, 97], [3, 99]]
    assert rows.dtype == np.float32
    assert encoder.asked == [["aa", "b"], ["ccc"]]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["00000.npz", "00001.npz"]
    later = Encoder()
    assert SentenceStore(later, tmp_path)(["ccc", "d"]).tolist() == [[3, 99], [1, 100]]
    assert later.asked == [["d"]]


def test_what_was_encoded_before_a_stop_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentence_store, "CHUNK", 1)

    def stops(texts: Sequence[str]) -> NDArray[np.float32]:
        if texts[0] == "b":
            raise KeyboardInterrupt
        return Encoder()(texts)

    with pytest.raises(KeyboardInterrupt):
        SentenceStore(stops, tmp_path)(["a", "b"])
    encoder = Encoder()
    SentenceStore(encoder, tmp_path)(["a", "b"])
    assert encoder.asked == [["b"]]
