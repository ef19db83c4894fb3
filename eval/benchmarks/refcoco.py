"""RefCOCO, RefCOCO+, RefCOCOg: the object of a sentence in a picture.

Two protocols, always told apart (docs/benchmarks.md). ``joint`` is that of CaR's released
evaluation: all expressions of a referent go in together and give one mask, one sample per
referent. ``per-expression`` is the usual one: each sentence alone, one sample per sentence.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError
from car_video.types import FramePrediction

from ..data.files import inside
from ..data.image_predictions import find_mask, read_mask
from ..data.images import read_rgb, write_binary
from ..data.refer import Referent, read_refer
from ..metrics import overlap
from ..segmenters import Segmenters
from . import refcoco_tables
from .base import Benchmark, Item
from .refcoco_tables import PROTOCOLS
from .referring import expression_names, image_items, strip
from .results import Score, Strip, Summary

_THRESHOLD = 0.5  # CaR's code: the merged mask is where the weighted mean reaches a half
_SMALL = 0.05  # and the union instead, where that covers at most 5 % of the picture


def merge(masks: NDArray[np.bool_], scores: NDArray[np.floating]) -> NDArray[np.bool_]:
    """One mask per referent from the masks of its expressions, as in CaR's evaluation code.

    Args:
        masks: bool [E, H, W].
        scores: float [E], non-negative.

    Returns:
        bool [H, W]: where the score-weighted mean is at least 0.5; the union of all masks
        where that area is at most 5 % of the picture or all scores are 0.
    """
    total = float(scores.sum())
    if total <= 0:
        return np.asarray(masks.any(axis=0))
    merged = np.tensordot(scores.astype(np.float64), masks, 1) / total >= _THRESHOLD
    small = np.count_nonzero(merged) <= _SMALL * merged.size
    return np.asarray(masks.any(axis=0) if small else merged)


@dataclass(frozen=True)
class RefCoco(Benchmark):
    """The benchmark on REFER's folders or ``triples.json``; payload: a picture's referents."""

    def items(self) -> list[Item]:
        for protocol in self.options.protocols:
            if protocol not in PROTOCOLS:
                raise DataError(
                    f"unknown protocol '{protocol}'; protocols: {', '.join(PROTOCOLS)}"
                )
        return image_items(read_refer(self.root, "refs"), self.options)

    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        image = read_rgb(item.payload[0].image)
        joint = dataclasses.replace(segmenters.config.segment, mode="refer")
        for referent in item.payload:
            texts = [text for _, text in referent.expressions]
            if "per-expression" in self.options.protocols:
                for key, text in referent.expressions:
                    prediction = segmenters.image(image, [text])
                    path = inside(out, "per-expression", referent.dataset, f"{key}.png")
                    write_binary(path, prediction.masks[0])
            if "joint" in self.options.protocols:
                prediction = segmenters.image(image, texts, joint)
                path = inside(out, "joint", referent.dataset, f"{referent.key}.png")
                write_binary(path, _merged(prediction))

    def has_prediction(self, item: Item, predictions: Path) -> bool:
        return bool(self._protocols(item, predictions))

    def _protocols(self, item: Item, predictions: Path) -> list[str]:
        """Protocols for which there are masks; the first referent speaks for the picture."""
        referent = item.payload[0]
        samples = {
            "per-expression": expression_names(referent, referent.expressions[0][0]),
            "joint": _joint_names(referent),
        }
        return [
            protocol
            for protocol in self.options.protocols
            if find_mask(predictions, samples[protocol]) is not None
        ]

    def score(self, item: Item, predictions: Path) -> Score:
        protocols = self._protocols(item, predictions) or list(self.options.protocols)
        return {
            protocol: [
                sample
                for referent in item.payload
                for sample in _samples(referent, protocol, predictions)
            ]
            for protocol in protocols
        }

    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        return refcoco_tables.summarise(scores, items)

    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        protocol = self._protocols(item, predictions)[0]
        strips = []
        for referent in item.payload[:2]:
            key, text = referent.expressions[0]
            joint = protocol == "joint"
            names = _joint_names(referent) if joint else expression_names(referent, key)
            predicted = read_mask(predictions, names, referent.size)
            strips.append(strip(referent, text, predicted))
        return strips


def _joint_names(referent: Referent) -> list[str]:
    return [f"joint/{referent.dataset}/{referent.key}", f"joint/{referent.key}"]


def _merged(prediction: FramePrediction) -> NDArray[np.bool_]:
    return merge(prediction.masks, np.where(prediction.present, prediction.scores, 0.0))


def _samples(
    referent: Referent, protocol: str, predictions: Path
) -> Iterator[dict[str, object]]:
    """Pixel counts of each sample of one referent."""
    names = (
        [_joint_names(referent)]
        if protocol == "joint"
        else [expression_names(referent, key) for key, _ in referent.expressions]
    )
    truth = referent.target()
    for candidates in names:
        mask = read_mask(predictions, candidates, referent.size)
        intersection, union = overlap(truth, mask)
        yield {
            "group": f"{referent.dataset} {referent.split}",
            "intersection": int(intersection),
            "union": int(union),
        }
