"""Every benchmark keeps the contract; so does a newcomer's, and the contract finds faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from car_video.eval.benchmarks import REGISTRY, Benchmark, Entry, Item, Options, make_benchmark
from car_video.eval.benchmarks.results import Bar, Score, Strip, Summary, Table
from car_video.eval.data.image_predictions import find_mask, read_mask
from car_video.eval.data.images import read_labels, read_rgb, write_binary
from car_video.eval.metrics import region_similarity
from car_video.eval.segmenters import Segmenters

from car_video.errors import DataError

from .. import builders, video_builders
from ..fakes import ColourSpec
from .contract import check_benchmark

FAILED: type[BaseException] = pytest.fail.Exception

SMALL: Mapping[str, Callable[[Path], Path]] = {
    "ref-davis": builders.davis,
    "ref-youtube-vos": builders.youtube_vos,
    "mevis": builders.mevis,
    "mevis-v2": video_builders.mevis_v2,
    "long-rvos": video_builders.long_rvos,
    "reason-vos": video_builders.reason_vos,
    "revos": video_builders.revos,
    "ref-sav": video_builders.ref_sav,
    "davis-2016": video_builders.davis_2016,
    "davis-2017": builders.davis,
    "youtube-vos": video_builders.youtube_vos,
    "a2d-sentences": video_builders.a2d_sentences,
    "jhmdb-sentences": video_builders.jhmdb_sentences,
    "refcoco": builders.refer,
    "grefcoco": builders.grefer,
    "voc": builders.voc,
    "context": builders.context,
    "coco-object": builders.coco_object,
    "ade": builders.ade,
    "ade-panoptic": builders.ade_panoptic,
    "coco-panoptic": builders.coco_panoptic,
    "cityscapes": builders.cityscapes,
    "mapillary": builders.mapillary,
    "ade-847": builders.wide_classes,
    "pc-59": builders.context,
    "pc-459": builders.wide_classes,
    "pas-20": builders.voc,
    "pas-21": builders.voc,
}
"""A small data set for each benchmark, made in a folder; a new benchmark adds its own."""

NEED_LABELS = {"ade-847": 847, "pc-459": 459}
"""Benchmarks without names of their own, and how many classes they have."""


@pytest.mark.parametrize("name", REGISTRY)
def test_registered_benchmarks_keep_the_contract(tmp_path, name):
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(f"name {i}" for i in range(NEED_LABELS.get(name, 0))))
    options = Options(labels=str(labels) if name in NEED_LABELS else "")
    benchmark = make_benchmark(name, SMALL[name](tmp_path / "data"), options)
    assert benchmark.name == name
    check_benchmark(benchmark, ColourSpec().build(), tmp_path)


@pytest.mark.parametrize("options", [{"objects": "one-by-one"}, {"task": "unsupervised"}])
def test_options_of_ref_davis_keep_the_contract(tmp_path, options):
    data = builders.davis(tmp_path / "data", annotators=("annot1", "annot2"))
    benchmark = make_benchmark("ref-davis", data, Options(**options))
    check_benchmark(benchmark, ColourSpec().build(), tmp_path)


def test_hidden_truth_keeps_the_contract(tmp_path):
    data = builders.youtube_vos(tmp_path / "data", truth=False)
    benchmark = make_benchmark("ref-youtube-vos", data, Options())
    check_benchmark(benchmark, ColourSpec().build(), tmp_path)


@dataclass(frozen=True)
class Square:
    image: Path
    truth: Path


@dataclass(frozen=True)
class Squares(Benchmark):
    """A newcomer's benchmark: the red square of a picture."""

    def items(self) -> list[Item]:
        paths = sorted(self.root.glob("JPEGImages/*.jpg"))
        truths = [self.root / "SegmentationClass" / f"{path.stem}.png" for path in paths]
        return [
            Item(image.stem, image.stem, Square(image, truth))
            for image, truth in zip(paths, truths, strict=True)
        ]

    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        found = segmenters.image(read_rgb(item.payload.image), ["a red square"])
        write_binary(out / f"{item.key}.png", found.masks[0])

    def has_prediction(self, item: Item, predictions: Path) -> bool:
        return find_mask(predictions, [item.key]) is not None

    def score(self, item: Item, predictions: Path) -> Score:
        truth = read_labels(item.payload.truth) == 1
        mask = read_mask(predictions, [item.key], truth.shape)
        return {"J": float(region_similarity(truth, mask))}

    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        mean = fmean(scores[item.key]["J"] for item in items)
        protocol = "mean J over pictures"
        return Summary(
            results={"protocol": protocol, "J": mean},
            tables=(Table("squares", protocol, ("pictures", "J"), ((len(items), mean),)),),
            headline=(("J", mean),),
            metric="J",
            bars=(),
            ranking=tuple(Bar(i.key, i.key, scores[i.key]["J"]) for i in items),
            ranked_by="J of the picture",
        )

    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        truth = (read_labels(item.payload.truth) == 1).astype(np.uint8)
        mask = read_mask(predictions, [item.key], truth.shape).astype(np.uint8)
        return [Strip(item.key, read_rgb(item.payload.image), mask, truth)]


def squares(folder: Path, kind: type[Squares] = Squares) -> Squares:
    return kind(builders.voc(folder / "data"), Options(), "squares")


def test_a_newcomers_benchmark_keeps_the_contract(tmp_path):
    check_benchmark(squares(tmp_path), ColourSpec().build(), tmp_path)


def test_a_newcomers_benchmark_is_one_entry(tmp_path, monkeypatch):
    import car_video.eval.benchmarks.registry as registry

    monkeypatch.setattr(
        registry, "import_module", lambda *_: __import__(__name__, fromlist="x")
    )
    entry = Entry("squares", "test_contract.Squares", "image", "Red squares.")
    monkeypatch.setitem(registry.REGISTRY, "squares", entry)  # type: ignore[arg-type]
    found = make_benchmark("squares", builders.voc(tmp_path / "data"), Options())
    assert isinstance(found, Squares)
    assert found.name == "squares"


class OneKeyForAll(Squares):
    def items(self) -> list[Item]:
        return [replace(item, key="x") for item in super().items()]


class KeyOutside(Squares):
    def items(self) -> list[Item]:
        return [replace(item, key=f"../{item.key}") for item in super().items()]


class NoFileInThePayload(Squares):
    def items(self) -> list[Item]:
        return [replace(item, payload=str(item.payload)) for item in super().items()]


class AnythingIsAPrediction(Squares):
    def has_prediction(self, item: Item, predictions: Path) -> bool:
        return True


class MissingMasksAreEmpty(Squares):
    def score(self, item: Item, predictions: Path) -> Score:
        found = self.has_prediction(item, predictions)
        return super().score(item, predictions) if found else {"J": 0.0}


class ScoresAreNaN(Squares):
    def score(self, item: Item, predictions: Path) -> Score:
        super().score(item, predictions)
        return {"J": float("nan")}


class NumbersAreNumpy(Squares):
    def score(self, item: Item, predictions: Path) -> Score:
        return {"J": np.float32(super().score(item, predictions)["J"])}


class Percent(Squares):
    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        return replace(super().summarise(scores, items), headline=(("J", 94.8),))


class NoProtocol(Squares):
    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        return replace(super().summarise(scores, items), results={"protocol": ""})


class RankedByNothing(Squares):
    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        return replace(super().summarise(scores, items), ranked_by="")


@pytest.mark.parametrize(
    "kind",
    [OneKeyForAll, KeyOutside, NoFileInThePayload, AnythingIsAPrediction, MissingMasksAreEmpty,
     ScoresAreNaN, NumbersAreNumpy, Percent, NoProtocol, RankedByNothing],
)  # fmt: skip
def test_the_contract_finds_faults(tmp_path, kind):
    with pytest.raises((AssertionError, DataError, ValueError, TypeError, FAILED)):
        check_benchmark(squares(tmp_path, kind), ColourSpec().build(), tmp_path)
