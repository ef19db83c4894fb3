"""gRefCOCO (GRES): sentences for one object, several, or none (Liu et al., CVPR 2023)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from ..data.files import inside
from ..data.image_predictions import find_mask, read_mask
from ..data.images import read_rgb, write_binary
from ..data.refer import read_refer
from ..metrics import GeneralizedScores, generalized_scores, overlap
from ..segmenters import Segmenters
from .base import Benchmark, Item
from .referring import expression_names, image_items, strip
from .results import Bar, Score, Strip, Summary, Table

_PROTOCOL = (
    "GRES: each expression alone, union of its targets; an empty mask means no target; "
    "gIoU counts a right 'no target' as 1"
)


@dataclass(frozen=True)
class GRefCoco(Benchmark):
    """The benchmark on ``grefs(unc).json`` with ``instances.json``.

    Payload: a picture's referents.
    """

    def items(self) -> list[Item]:
        return image_items(read_refer(self.root, "grefs"), self.options)

    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        image = read_rgb(item.payload[0].image)
        for referent in item.payload:
            for key, text in referent.expressions:
                prediction = segmenters.image(image, [text])
                path = inside(out, "per-expression", referent.dataset, f"{key}.png")
                write_binary(path, prediction.masks[0] & prediction.present[0])

    def has_prediction(self, item: Item, predictions: Path) -> bool:
        referent = item.payload[0]
        names = expression_names(referent, referent.expressions[0][0])
        return find_mask(predictions, names) is not None

    def score(self, item: Item, predictions: Path) -> Score:
        samples = []
        for referent in item.payload:
            truth = referent.target()
            for key, _ in referent.expressions:
                names = expression_names(referent, key)
                mask = read_mask(predictions, names, referent.size)
                intersection, union = overlap(truth, mask)
                samples.append(
                    {
                        "split": referent.split,
                        "intersection": int(intersection),
                        "union": int(union),
                        "no_target": referent.no_target,
                        "predicted_none": not mask.any(),
                    }
                )
        return {"samples": samples}

    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        groups: dict[str, list[Score]] = {}
        for item in items:
            for sample in scores[item.key]["samples"]:
                groups.setdefault(sample["split"], []).append(sample)
        values = {name: numbers(_scores(groups[name])) for name in sorted(groups)}
        columns = tuple(next(iter(values.values())))
        rows = tuple((name, *numbers.values()) for name, numbers in values.items())
        return Summary(
            results={"protocol": _PROTOCOL, "splits": values},
            tables=(Table("gRefCOCO", _PROTOCOL, ("split", *columns), rows),),
            headline=tuple(
                (f"{metric}, {split}", value)
                for split, numbers in values.items()
                for metric in ("gIoU", "cIoU", "N-acc", "T-acc")
                if (value := numbers[metric]) is not None
            ),
            metric="gIoU",
            per="split",
            bars=tuple(
                Bar(name, name, float(numbers["gIoU"] or 0)) for name, numbers in values.items()
            ),
            ranking=tuple(
                Bar(item.key, item.key, fmean(map(_value, scores[item.key]["samples"])))
                for item in items
            ),
            ranked_by="gIoU of the picture's expressions",
        )

    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        strips = []
        for referent in item.payload[:2]:
            key, text = referent.expressions[0]
            mask = read_mask(predictions, expression_names(referent, key), referent.size)
            strips.append(strip(referent, text, mask))
        return strips


def _scores(samples: Sequence[Score]) -> GeneralizedScores:
    return generalized_scores(
        *([s[name] for s in samples] for name in ("intersection", "union")),
        *([s[name] for s in samples] for name in ("no_target", "predicted_none")),
    )


def numbers(scores: GeneralizedScores) -> dict[str, float | int | None]:
    """Plain numbers by their usual names; None where there is no such sample."""
    return {
        "gIoU": scores.giou,
        "cIoU": scores.ciou,
        "N-acc": _known(scores.n_acc),
        "T-acc": _known(scores.t_acc),
        **{f"Pr@{k}": _known(v) for k, v in scores.precision.items()},
        "samples": scores.samples,
        "without target": scores.without_target,
    }


def _known(value: float) -> float | None:
    return None if value != value else value


def _value(sample: Score) -> float:
    if sample["no_target"]:
        return float(sample["predicted_none"])
    return float(sample["intersection"] / max(sample["union"], 1))
