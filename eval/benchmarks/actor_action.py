"""A2D-Sentences and JHMDB-Sentences (Gavrilyuk et al., CVPR 2018): mAP, IoU, P@.

One run per sentence, from the first frame of its video to the last annotated one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError
from car_video.types import Frame

from ..data import rle
from ..data.actor_action import Sample, Shot, read_shots, results_by_image
from ..data.files import inside, read_json, write_json
from ..data.footage import movie_frames
from ..data.image_predictions import read_label_map
from ..data.images import read_rgb, write_binary
from ..data.wanted import score_of
from ..metrics.instance_ap import average_precision, match_instances
from ..metrics.referring import overlap, sentence_scores
from ..segmenters import Segmenters
from .base import Benchmark, Item
from .results import Bar, Cell, Score, Strip, Summary, Table

_RATE = 30.0  # frames per second of HMDB; the pictures carry no time
_TITLES = {"a2d-sentences": "A2D-Sentences", "jhmdb-sentences": "JHMDB-Sentences"}
_PROTOCOL = (
    "test split; one run per sentence over the video, annotated frames are samples; mAP over "
    "IoU 0.5 to 0.95 (COCO), mIoU mean over samples, oIoU sums over samples, P@: share of IoU "
    "above"
)
_SCORES = "scores.json"


@dataclass(frozen=True)
class ActorAction(Benchmark):
    """Either benchmark, by name. Payload: a :class:`Shot`."""

    def items(self) -> list[Item]:
        return [
            Item(f"{shot.video.name}/{shot.key}", shot.video.name, shot, len(shot.samples))
            for shot in read_shots(self.name, self.root)
        ]

    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        shot: Shot = item.payload
        wanted = {sample.place: sample for sample in shot.samples}
        frames = islice(_frames(shot), max(wanted) + 1)
        found: dict[str, float] = {}
        for place, prediction in enumerate(segmenters.video(frames, [shot.text])):
            if place in wanted:
                image = wanted[place].image
                write_binary(inside(out, item.key, f"{image}.png"), prediction.masks[0])
                found[image] = float(prediction.scores[0])
        if len(found) < len(wanted):
            raise DataError(
                f"'{shot.video.name}' has fewer frames than its annotation; fetch it again"
            )
        write_json(inside(out, item.key, _SCORES), found)

    def has_prediction(self, item: Item, predictions: Path) -> bool:
        if predictions.is_file():
            known = results_by_image(predictions)
            return any(sample.image in known for sample in item.payload.samples)
        return inside(predictions, item.key).is_dir()

    def score(self, item: Item, predictions: Path) -> Score:
        shot: Shot = item.payload
        return {"samples": [_score(s, _found(item, s, predictions)) for s in shot.samples]}

    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        samples: list[Mapping[str, Any]] = sorted(  # the order in which COCO's API ranks ties
            (sample for item in items for sample in scores[item.key]["samples"]),
            key=lambda sample: str(sample["image"]),
        )
        found = sentence_scores(
            [s["intersection"] for s in samples], [s["union"] for s in samples]
        )
        precision = average_precision([s["matches"] for s in samples], [1]) or {}
        numbers: dict[str, float] = {
            "mAP": precision.get("AP", 0.0),
            "oIoU": found.oiou,
            "mIoU": found.miou,
            **{f"P@{threshold}": value for threshold, value in found.precision.items()},
        }
        videos = len({item.group for item in items})
        row: tuple[Cell, ...] = (videos, len(items), len(samples), *numbers.values())
        columns = ("videos", "sentences", "samples", *numbers)
        means = {item.key: fmean(map(_iou, scores[item.key]["samples"])) for item in items}
        groups: dict[str, list[float]] = {}
        sentences: dict[str, dict[str, dict[str, float]]] = {}  # weights: mIoU is over samples
        for item in items:
            groups.setdefault(item.group, []).append(means[item.key])
            sentences.setdefault(item.group, {})[item.payload.key] = {
                "mIoU": means[item.key],
                "weight": len(scores[item.key]["samples"]),
            }
        return Summary(
            results={
                "protocol": _PROTOCOL,
                "samples": len(samples),
                **numbers,
                "per_sequence": sentences,
            },
            tables=(Table(_TITLES[self.name], _PROTOCOL, columns, (row,)),),
            headline=tuple((name, numbers[name]) for name in ("mAP", "oIoU", "mIoU")),
            metric="mIoU",
            bars=tuple(Bar(name, name, fmean(own)) for name, own in groups.items()),
            ranking=tuple(Bar(key, key, value) for key, value in means.items()),
            ranked_by="mIoU of the sentence",
        )

    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        shot: Shot = item.payload
        sample = shot.samples[len(shot.samples) // 2]
        mask, _ = max(_found(item, sample, predictions), key=lambda one: one[1])
        frame = next(islice(_frames(shot), sample.place, None))
        return [
            Strip(
                title=f"{sample.image}: {shot.text}",
                image=frame.image,
                predicted=mask.astype(np.uint8),
                truth=_truth(sample).astype(np.uint8),
            )
        ]


def _frames(shot: Shot) -> Iterator[Frame]:
    if shot.video.movie is not None:
        return movie_frames(shot.video.movie)
    return (Frame(i, i / _RATE, read_rgb(path)) for i, path in enumerate(shot.video.images))


def _truth(sample: Sample) -> NDArray[np.bool_]:
    return rle.decode(sample.code, sample.size, f"annotation of '{sample.image}'")


def _found(
    item: Item, sample: Sample, predictions: Path
) -> list[tuple[NDArray[np.bool_], float]]:
    """Masks of a sample with their scores; one from a folder, any number from a COCO file.

    Raises:
        DataError: there is none, or one of another size.
    """
    if predictions.is_file():
        records = results_by_image(predictions).get(sample.image, ())
        where = f"'{predictions}' image_id '{sample.image}'"
        if not records:
            raise DataError(f"{where}: no record; add one, with null for an empty mask")
        return [
            (rle.decode(entry["segmentation"], sample.size, where), score_of(entry))
            for entry in records
        ]
    folder = inside(predictions, item.key)
    mask = read_label_map(folder / f"{sample.image}.png", sample.size) > 0
    scores = read_json(folder / _SCORES, "scores") if (folder / _SCORES).is_file() else {}
    try:
        return [(mask, score_of({"score": scores.get(sample.image, 1.0)}))]
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(f"'{folder / _SCORES}': {error}; write it anew") from None


def _score(sample: Sample, found: Sequence[tuple[NDArray[np.bool_], float]]) -> dict[str, Any]:
    truth = _truth(sample)
    annotation = {
        "category_id": 1,
        "segmentation": rle.encode(truth),
        "area": float(truth.sum()),
    }
    results = [
        {"category_id": 1, "segmentation": rle.encode(mask), "score": score}
        for mask, score in found
    ]
    best = max(found, key=lambda one: one[1])[0]
    intersection, union = overlap(truth, best)
    return {
        "image": sample.image,
        "intersection": int(intersection),
        "union": int(union),
        "matches": match_instances(sample.size, [annotation], results),
    }


def _iou(sample: Mapping[str, Any]) -> float:
    return float(sample["intersection"] / sample["union"]) if sample["union"] else 1.0
