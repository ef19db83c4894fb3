"""Pictures with a class map: PASCAL VOC, PASCAL Context, COCO Object, ADE20K.

Every layout gives :class:`Picture` s whose class map has 0 for background or "other", classes
from 1, and 255 where pixels do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from .coco import CocoFile, CocoImage, Instance, class_map, find_image, read_coco
from .files import entries, first_existing, inside, need_file, need_folder, read_words
from .images import read_labels

COCO_IDS = tuple(i for i in range(1, 91) if i not in (12, 26, 29, 30, 45, 66, 68, 69, 71, 83))
"""COCO's numbers of its 80 object categories; class number = position + 1."""

CLASS_OF_COCO = {identity: number for number, identity in enumerate(COCO_IDS, 1)}


@dataclass(frozen=True)
class Picture:
    """One picture and where its class map comes from: a PNG, or COCO instances.

    Attributes:
        name: file name without suffix.
        image: the picture.
        labels: PNG with the class map, or None.
        coco: the picture in its COCO file, or None.
        instances: its objects, where there is no PNG.
    """

    name: str
    image: Path
    labels: Path | None = None
    coco: CocoImage | None = None
    instances: tuple[Instance, ...] = ()

    def truth(self) -> NDArray[np.uint8]:
        """uint8 [H, W]: the class map."""
        if self.labels is not None:
            return read_labels(self.labels, "annotation")
        assert self.coco is not None
        return class_map(self.coco, self.instances, CLASS_OF_COCO, f"picture '{self.name}'")


def read_voc(root: Path, year: str, labels: str, lists: str, split: str) -> list[Picture]:
    """The devkit layout: ``JPEGImages``, a folder of PNGs, and lists in ``ImageSets``.

    Args:
        year: ``VOC2012`` or ``VOC2010``; the folder itself or one above it will do.
        labels: ``SegmentationClass`` or ``SegmentationClassContext``.
        lists: ``Segmentation`` or ``SegmentationContext``.
        split: name of the list.

    Raises:
        DataError: something is missing.
    """
    need_folder(root, "data")
    bases = (root, root / year, root / "VOCdevkit" / year)
    base = next((b for b in bases if (b / labels).is_dir()), None)
    if base is None:
        raise DataError(f"'{root}' holds no {year}/{labels}/ folder; see docs/benchmarks.md")
    names = read_words(base / "ImageSets" / lists / f"{split}.txt", "list of pictures")
    return _pairs(names, base / "JPEGImages", ".jpg", base / labels, ".png")


def read_ade(root: Path, split: str) -> list[Picture]:
    """ADE20K (scene parsing challenge): ``images/validation``, ``annotations/validation``."""
    need_folder(root, "data")
    base = first_existing(root / "ADEChallengeData2016", root) or root
    images = need_folder(base / "images" / split, "pictures")
    names = [path.name[: -len(".jpg")] for path in entries(images, ".jpg")]
    return _pairs(names, images, ".jpg", base / "annotations" / split, ".png")


def read_coco_object(root: Path, split: str) -> list[Picture]:
    """GroupViT's conversion (``*_instanceTrainIds.png``) or plain COCO ``instances.json``.

    Raises:
        DataError: neither is there, or the file has categories that are not COCO's.
    """
    need_folder(root, "data")
    labels = root / "annotations" / split
    if labels.is_dir():
        suffix = "_instanceTrainIds.png"
        names = [path.name[: -len(suffix)] for path in entries(labels, suffix)]
        return _pairs(names, root / "images" / split, ".jpg", labels, suffix)
    path = first_existing(
        root / "instances.json",
        root / f"instances_{split}.json",
        root / "annotations" / f"instances_{split}.json",
    )
    if path is None:
        raise DataError(
            f"'{root}' holds neither annotations/{split}/*_instanceTrainIds.png nor "
            f"instances.json; see docs/benchmarks.md"
        )
    coco = read_coco(path)
    if unknown := sorted(set(coco.categories) - set(COCO_IDS)):
        raise DataError(
            f"'{path}' has category {unknown[0]}, which is not COCO's; check the file"
        )
    return [_coco_picture(root, coco, image) for image in coco.images.values()]


def _coco_picture(root: Path, coco: CocoFile, image: CocoImage) -> Picture:
    path = find_image(root, image.file_name)
    return Picture(path.stem, path, None, image, coco.by_image[image.id])


def _pairs(
    names: Sequence[str], images: Path, image_suffix: str, labels: Path, label_suffix: str
) -> list[Picture]:
    """Pictures with PNGs; the first one that is missing is named."""
    if not names:
        raise DataError(f"no pictures listed for '{images}'; check the data folder")
    need_folder(images, "pictures")
    need_folder(labels, "annotations")
    return [
        Picture(
            name,
            need_file(inside(images, name + image_suffix), "picture"),
            need_file(inside(labels, name + label_suffix), "annotation"),
        )
        for name in names
    ]
