"""RefCOCO, RefCOCO+, RefCOCOg: the object of a sentence in a picture.

Two protocols, always told apart. ``joint`` is CaR's (car.md 5.2): all expressions of a referent
go in together and give one mask, one sample per referent. ``per-expression`` is everybody
else's: each sentence alone, one sample per sentence.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError
from car_video.types import FramePrediction

from ..data.files import inside
from ..data.image_predictions import find_mask, read_mask
from ..data.images import read_rgb, write_binary
from ..data.refer import Referent, read_refer
from ..metrics import ReferringScores, overlap, referring_scores
from ..segmenters import Segmenters
from .base import Bar, Benchmark, Cell, Item, Options, Score, Strip, Summary, Table

PROTOCOLS = {
    "per-expression": "each expression alone, one sample per expression",
    "joint": "CaR's protocol: all expressions of a referent together, merged by score, "
    "5 % area rule, one sample per referent",
}
_THRESHOLD = 0.5  # CaR 5.2: merged mask is where the score-weighted mean reaches a half
_SMALL = 0.05  # and the union instead, where that covers at most 5 % of the picture


def merge(masks: NDArray[np.bool_], scores: NDArray[np.floating]) -> NDArray[np.bool_]:
    """CaR's one mask per referent from the masks of its expressions (car.md 5.2).

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

    name: str = "refcoco"

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
        results: dict[str, dict[str, dict[str, float]]] = {}
        tables = []
        for protocol in dict.fromkeys(p for score in scores.values() for p in score):
            samples = [s for item in items for s in scores[item.key].get(protocol, ())]
            groups = _groups(samples)
            values = {name: _scores(group) for name, group in groups.items()}
            results[protocol] = {name: numbers(v) for name, v in values.items()}
            tables.append(_table(PROTOCOLS[protocol], values))
        first = next(iter(results))
        sets = {name: v for name, v in results[first].items() if name != "all"}
        bars = tuple(Bar(name, name, v["mIoU"]) for name, v in sets.items())
        return Summary(
            results={
                "protocol": "; ".join(PROTOCOLS[p] for p in results),
                **results[first]["all"],
                "protocols": results,
            },
            tables=tuple(tables),
            headline=tuple(
                (f"{metric}, {protocol}", values["all"][metric])
                for protocol, values in results.items()
                for metric in ("mIoU", "oIoU")
            ),
            metric=f"mIoU ({first})",
            bars=bars,
            per="data set",
            ranking=tuple(_rank(item, scores[item.key][first]) for item in items),
        )

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


def image_items(referents: Sequence[Referent], options: Options) -> list[Item]:
    """One item per picture, of the chosen data sets and split."""
    chosen = [
        r
        for r in referents
        if (not options.datasets or r.dataset in options.datasets)
        and (not options.split or r.split == options.split)
    ]
    if not chosen:
        datasets = ", ".join(sorted({r.dataset for r in referents}))
        splits = ", ".join(sorted({r.split for r in referents}))
        raise DataError(f"no referent chosen; this folder has {datasets} with splits {splits}")
    by_image: dict[Path, list[Referent]] = {}
    for referent in chosen:
        by_image.setdefault(referent.image, []).append(referent)
    return [Item(path.stem, path.stem, tuple(group)) for path, group in by_image.items()]


def expression_names(referent: Referent, key: str) -> list[str]:
    """Names under which the mask of one expression is looked for."""
    return [f"per-expression/{referent.dataset}/{key}", f"{referent.dataset}/{key}", key]


def _joint_names(referent: Referent) -> list[str]:
    return [f"joint/{referent.dataset}/{referent.key}", f"joint/{referent.key}"]


def strip(referent: Referent, text: str, predicted: NDArray[np.bool_]) -> Strip:
    """A picture of the report for one expression."""
    return Strip(
        title=f"{referent.image.stem} ({referent.dataset} {referent.split}): {text}",
        image=read_rgb(referent.image),
        predicted=predicted.astype(np.uint8),
        truth=referent.target().astype(np.uint8),
    )


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


def _groups(samples: Sequence[Score]) -> dict[str, list[Score]]:
    """By data set and split, and all of them last."""
    groups: dict[str, list[Score]] = {}
    for sample in samples:
        groups.setdefault(sample["group"], []).append(sample)
    return {**dict(sorted(groups.items())), "all": list(samples)}


def _scores(samples: Sequence[Score]) -> ReferringScores:
    return referring_scores(
        [sample["intersection"] for sample in samples], [sample["union"] for sample in samples]
    )


def numbers(scores: ReferringScores) -> dict[str, float]:
    """Plain numbers by their usual names."""
    precision = {f"Pr@{threshold}": value for threshold, value in scores.precision.items()}
    return {"mIoU": scores.miou, "oIoU": scores.oiou, **precision, "samples": scores.samples}


def _table(protocol: str, values: Mapping[str, ReferringScores]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, scores in values.items():
        rows.append(
            (name, scores.samples, scores.miou, scores.oiou, *scores.precision.values())
        )
    thresholds = [f"Pr@{threshold}" for threshold in values["all"].precision]
    columns = ("data set", "samples", "mIoU", "oIoU", *thresholds)
    return Table("Referring image segmentation", protocol, columns, tuple(rows))


def _rank(item: Item, samples: Sequence[Score]) -> Bar:
    value = fmean(s["intersection"] / max(s["union"], 1) for s in samples)
    return Bar(item.key, item.key, value)
