"""COCO annotation files: pictures, instances, and the class map made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from . import rle
from .files import inside, read_json


@dataclass(frozen=True)
class CocoImage:
    """One picture of a COCO file: its number, file name and size in pixels."""

    id: int
    file_name: str
    height: int
    width: int

    @property
    def size(self) -> tuple[int, int]:
        return self.height, self.width


@dataclass(frozen=True)
class Instance:
    """One annotated object; ``category`` is COCO's own number (1 to 90)."""

    id: int
    category: int
    area: float
    crowd: bool
    segmentation: Any


@dataclass(frozen=True)
class CocoFile:
    """A parsed ``instances.json``."""

    path: Path
    images: Mapping[int, CocoImage]
    categories: Mapping[int, str]
    by_image: Mapping[int, tuple[Instance, ...]]
    by_number: Mapping[int, Instance]

    def instance(self, number: int) -> Instance:
        """An instance by its number; DataError for an unknown one."""
        try:
            return self.by_number[number]
        except KeyError:
            raise DataError(
                f"'{self.path}' has no annotation {number}; files of two data sets are mixed"
            ) from None


def read_coco(path: Path) -> CocoFile:
    """Parse ``instances.json``.

    Raises:
        DataError: not JSON, not of COCO's form, an instance of an unknown picture.
    """
    data = read_json(path, "COCO annotations")
    try:
        images = {int(i["id"]): _image(i) for i in data["images"]}
        categories = {int(c["id"]): str(c["name"]) for c in data.get("categories", ())}
        by_image: dict[int, list[Instance]] = {identity: [] for identity in images}
        for a in data["annotations"]:
            by_image[int(a["image_id"])].append(
                Instance(
                    id=int(a["id"]),
                    category=int(a["category_id"]),
                    area=float(a.get("area", 0.0)),
                    crowd=bool(a.get("iscrowd", 0)),
                    segmentation=a["segmentation"],
                )
            )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(
            f"'{path}' is not of COCO's form ({error!r}); fetch the official file"
        ) from None
    return CocoFile(
        path=path,
        images=images,
        categories=categories,
        by_image={image: tuple(instances) for image, instances in by_image.items()},
        by_number={i.id: i for instances in by_image.values() for i in instances},
    )


def _image(entry: Mapping[str, Any]) -> CocoImage:
    height, width = int(entry["height"]), int(entry["width"])
    if not (0 < height <= _LARGEST and 0 < width <= _LARGEST):
        raise ValueError(f"picture of {width}x{height}")
    return CocoImage(int(entry["id"]), str(entry["file_name"]), height, width)


_LARGEST = 65_535  # pixels along a side; a JPEG cannot have more
_IMAGE_FOLDERS = (
    "",
    "images",
    "images/mscoco/images/train2014",
    "images/train2014",
    "train2014",
    "images/val2017",
    "val2017",
    "../images/mscoco/images/train2014",
    "../images/train2014",
    "../train2014",
    "../images",
)


def find_image(root: Path, file_name: str) -> Path:
    """A COCO picture in the folders that data sets use; DataError when it is in none."""
    name = file_name.split("/")[-1]
    inside(root, file_name)
    for folder in _IMAGE_FOLDERS:
        for tail in dict.fromkeys((file_name, name)):
            if (path := root / folder / tail).is_file():
                return path
    raise DataError(
        f"picture '{file_name}' is not below '{root}' (nor in images/, train2014/ ...); add it"
    )


def class_map(
    image: CocoImage, instances: Sequence[Instance], class_of: Mapping[int, int], where: str
) -> NDArray[np.uint8]:
    """uint8 [H, W]: 0 background, else the class of the smallest instance on that pixel.

    Crowds are painted first, then instances from large to small, so that what lies in front
    or on top of something bigger keeps its pixels.

    Args:
        class_of: COCO category number -> class number from 1.
    """
    labels = np.zeros(image.size, np.uint8)
    for instance in sorted(instances, key=lambda i: (not i.crowd, -i.area, i.id)):
        if instance.category in class_of:
            mask = rle.decode(instance.segmentation, image.size, where)
            labels[mask] = class_of[instance.category]
    return labels
