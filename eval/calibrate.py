"""``car-eval calibrate``: how sure a model's evidence makes, fitted on regions with names."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.config import Config, DetectorConfig
from car_video.config.calibration import POOLED_SLOPE, Calibration, ReliabilityBin
from car_video.errors import DataError

from .data import rle
from .data.coco import CocoFile, CocoImage, find_image, read_coco
from .data.files import first_existing, need_folder
from .data.images import read_rgb
from .metrics.calibration import Line, fit_line, log_loss, reliability

DEFAULT = Line(POOLED_SLOPE, 0.0)
"""Where nothing is fitted."""
LEAST_AREA = 32**2
"""Pixels of a region: COCO calls smaller objects small, and they have hardly a cell."""
FOLDS = 5
"""Of pictures: loss and curve are of pictures that took no part in the fit."""


@dataclass(frozen=True)
class Pairs:
    """Every region of some pictures with every name.

    Attributes:
        evidence: float64 [N], standard deviations.
        positive: bool [N]: the region is what the name says.
        picture: int64 [N], its number.
    """

    evidence: NDArray[np.float64]
    positive: NDArray[np.bool_]
    picture: NDArray[np.int64]


def read_regions(root: Path) -> CocoFile:
    """The COCO file of a data folder.

    Raises:
        DataError: there is none, or it has no names.
    """
    need_folder(root, "data")
    path = first_existing(
        root / "instances.json",
        *(
            root / folder / f"instances_{split}.json"
            for folder in ("", "annotations")
            for split in ("val2017", "train2017", "val2014", "train2014")
        ),
    )
    if path is None:
        raise DataError(
            f"'{root}' holds no instances.json (nor annotations/instances_val2017.json); "
            "regions and names come from a file of COCO's form"
        )
    coco = read_coco(path)
    if len(coco.categories) < 2:
        raise DataError(f"'{path}' names fewer than two categories, so nothing can be told")
    return coco


def usable(coco: CocoFile, limit: int | None = None) -> list[CocoImage]:
    """Pictures with a region that is large enough, in the order of the file.

    Raises:
        DataError: fewer than one for each fold.
    """
    images = [image for image in coco.images.values() if _instances(coco, image)]
    images = images[:limit]
    if len(images) < FOLDS:
        raise DataError(
            f"'{coco.path}' has {len(images)} pictures with a region of {LEAST_AREA} pixels or "
            f"more; want at least {FOLDS}"
        )
    return images


def open_model(name: str, names: Iterable[str], config: Config, device: str) -> Any:
    """A segmenter whose expressions are the names, without calibration and mask model.

    Raises:
        ModelError: see :func:`car_video.load_model`.
    """
    api: Any = importlib.import_module("car_video")
    detector = DetectorConfig()  # its boxes are prompts, and nothing is prompted here
    segment = dataclasses.replace(
        config.segment, calibration="none", refine="none", detector=detector
    )
    return api.ImageSegmenter(api.load_model(name, device=device), list(names), segment)


def collect(
    coco: CocoFile,
    images: Iterable[CocoImage],
    root: Path,
    odds: Callable[[NDArray[np.uint8], NDArray[np.bool_]], NDArray[np.float32]],
) -> Iterator[Pairs]:
    """The pairs of each picture.

    Args:
        coco: regions and names.
        images: of it.
        root: where pictures are.
        odds: log-odds [K, C] by the defaults of K regions, bool [K, H, W], of a picture for the
            C names; as ``ImageSegmenter.region_odds``.

    Raises:
        DataError: a picture that is missing, damaged or of another size.
    """
    place = {category: column for column, category in enumerate(coco.categories)}
    for number, image in enumerate(images):
        where = f"picture '{image.file_name}'"
        path = find_image(root, image.file_name)
        pixels = read_rgb(path)
        if pixels.shape[:2] != image.size:
            raise DataError(f"'{path}' is not of the size that '{coco.path}' says")
        instances = _instances(coco, image)
        masks = [rle.decode(one.segmentation, image.size, where) for one in instances]
        filled = [number for number, mask in enumerate(masks) if mask.any()]
        if not filled:
            continue
        own = [place[instances[number].category] for number in filled]
        masks = [masks[number] for number in filled]
        found = np.asarray(odds(pixels, np.stack(masks)), np.float64) / POOLED_SLOPE
        positive = np.zeros(found.shape, bool)
        positive[np.arange(len(own)), own] = True
        yield Pairs(found.ravel(), positive.ravel(), np.full(found.size, number))


def embeddings(
    images: Iterable[CocoImage], root: Path, embed: Callable[[NDArray[np.uint8]], NDArray[Any]]
) -> Iterator[NDArray[Any]]:
    """Of each picture, [D].

    Args:
        images: in any order.
        root: where pictures are.
        embed: as ``ImageSegmenter.picture_embedding``.

    Raises:
        DataError: a picture that is missing or damaged.
    """
    for image in images:
        yield embed(read_rgb(find_image(root, image.file_name)))


def centre(found: Iterable[NDArray[Any]]) -> tuple[float, ...]:
    """Mean of embeddings [D], to six digits."""
    mean: NDArray[np.float64] = np.stack(list(found)).astype(np.float64).mean(0)
    return tuple(float(f"{value:.6g}") for value in mean)


def together(parts: Iterable[Pairs]) -> Pairs:
    """All pairs as one."""
    some = list(parts)
    return Pairs(
        np.concatenate([one.evidence for one in some]),
        np.concatenate([one.positive for one in some]),
        np.concatenate([one.picture for one in some]),
    )


def calibrated(
    pairs: Pairs,
    model: str,
    data: str,
    fixed: Line | None = None,
    centre: tuple[float, ...] = (),
) -> Calibration:
    """Slope and offset of a model, with the curve on pictures that took no part in the fit.

    Args:
        pairs: of at least :data:`FOLDS` pictures.
        model: name.
        data: name of the data.
        fixed: measure this line in place of a fitted one.
        centre: mean embedding of pictures.

    Raises:
        DataError: evidence that says nothing, or the opposite.
    """
    if not np.isfinite(pairs.evidence).all():
        raise DataError(f"the evidence of '{model}' is not finite; its weights are damaged")
    line = fixed or fit_line(pairs.evidence, pairs.positive)
    if line.slope <= 0:
        raise DataError(
            f"to '{model}' regions of '{data}' look no more like their own names than like "
            "others; check that names are English and masks fit their pictures"
        )
    probability = np.empty_like(pairs.evidence)
    for fold in range(FOLDS):
        out = pairs.picture % FOLDS == fold
        rest = fixed or fit_line(pairs.evidence[~out], pairs.positive[~out])
        probability[out] = rest.probability(pairs.evidence[out])
    curve = reliability(probability, pairs.positive)
    positive = int(pairs.positive.sum())
    return Calibration(
        model=model,
        slope=round(line.slope, 4),
        offset=round(line.offset, 4),
        fitted=fixed is None,
        made=date.today().isoformat(),
        data=data,
        pictures=len(np.unique(pairs.picture)),
        positive=positive,
        negative=len(pairs.positive) - positive,
        log_loss=round(log_loss(probability, pairs.positive), 4),
        curve=tuple(
            ReliabilityBin(round(one.probability, 3), round(one.right, 3), one.pairs)
            for one in curve
        ),
        centre=centre,
    )


def _instances(coco: CocoFile, image: CocoImage) -> list[Any]:
    return [
        one
        for one in coco.by_image[image.id]
        if not one.crowd and one.area >= LEAST_AREA and one.category in coco.categories
    ]
