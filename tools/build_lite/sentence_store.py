"""Sentence embeddings that are kept between runs: 60,000 captions take half an hour."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.build_lite.sentences import Embed

CHUNK = 1024
"""Texts between two writes: seconds of work, so that little is lost when a build is stopped."""


class SentenceStore:
    """A sentence encoder that writes down what it has encoded; an :data:`Embed` itself.

    Args:
        embed: encoder of the texts that are not there yet.
        folder: gets files of :data:`CHUNK` texts each: ``texts`` str [n], ``rows`` float16
            [n, E].
    """

    def __init__(self, embed: Embed, folder: Path) -> None:
        self.embed, self.folder = embed, folder
        self.rows: dict[str, NDArray[np.float16]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self.files = sorted(folder.glob("*.npz"))
        for file in self.files:
            with np.load(file, allow_pickle=False) as data:
                self.rows |= dict(zip(data["texts"].tolist(), data["rows"], strict=True))

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 [N, E], unit length up to half precision, in the order of the texts."""
        missing = list(dict.fromkeys(text for text in texts if text not in self.rows))
        for start in range(0, len(missing), CHUNK):
            self._add(missing[start : start + CHUNK])
        return np.stack([self.rows[text] for text in texts]).astype(np.float32)

    def _add(self, texts: list[str]) -> None:
        rows = self.embed(texts).astype(np.float16)
        file = self.folder / f"{len(self.files):05d}.npz"
        partial = file.with_suffix(".partial")
        with partial.open("wb") as handle:
            np.savez(handle, texts=np.array(texts), rows=rows)
        os.replace(partial, file)
        self.files.append(file)
        self.rows |= dict(zip(texts, rows, strict=True))
