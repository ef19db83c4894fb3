"""Cut-outs: real objects with a soft edge, stills from COCO and walking ones from DAVIS."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco_mask
from scipy import ndimage


@dataclass(frozen=True)
class Source:
    """Where a cut-out comes from.

    Attributes:
        category: COCO noun of the object.
        where: number of a COCO annotation, or name of a DAVIS sequence.
        frames: for DAVIS, the first frame and how many follow it; the object then moves as it
            did in its clip, forwards and backwards.
    """

    category: str
    where: int | str
    frames: tuple[int, int] = (0, 1)


SOURCES = {
    "white bear": Source("bear", 586848),
    "brown bear": Source("bear", "bear", (0, 48)),
    "red bus": Source("bus", 168542),
    "green bus": Source("bus", 164268),
    "white bus": Source("bus", 165264),
    "red car": Source("car", 345637),
    "silver car": Source("car", 134116),
    "cat": Source("cat", 50915),
    "black dog": Source("dog", 10608),
    "white dog": Source("dog", 1774),
    "dark elephant": Source("elephant", 584673),
    "pale elephant": Source("elephant", "elephant", (0, 48)),
    "woman in black": Source("person", "lucia", (0, 48)),
    "woman in red": Source("person", 1756536),
    "boy in red": Source("person", 422148),
    "man in yellow": Source("person", 1201866),
    "suitcase": Source("suitcase", 1184388),
}
"""Objects that are whole, large and well delimited (looked at one by one)."""


@lru_cache(maxsize=1)
def coco_instances(root: Path) -> dict:
    """COCO's file of the objects of a folder; every hard case asks for it."""
    content: dict = json.loads((root / "instances.json").read_text("utf-8"))
    return content


@dataclass(frozen=True)
class Cutout:
    """An object cut out of a picture or a clip.

    Attributes:
        category: COCO noun.
        picture: frame number → RGBA image cropped to the object, straight alpha.
        height: of the first picture in pixels, what sizes refer to.
    """

    category: str
    picture: Callable[[int], Image.Image]
    height: int


def soft_edge(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """uint8 [H, W] alpha: the mask shrunk by a pixel, its edge feathered.

    Annotations include a rim of the old background; without shrinking it would shine.
    """
    inside = ndimage.binary_erosion(mask).astype(np.float32)
    return np.rint(255 * ndimage.gaussian_filter(inside, 0.7)).astype(np.uint8)


def without_crumbs(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without loose pieces below 3 % of it: feet behind grass that would float."""
    pieces, count = ndimage.label(mask)
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    sizes[0] = 0
    return (sizes >= 0.03 * mask.sum())[pieces]


def cut(image: NDArray[np.uint8], mask: NDArray[np.bool_], flip: bool) -> Image.Image:
    """RGBA image of what lies under a mask.

    Args:
        image: uint8 [H, W, 3].
        mask: bool [H, W], not empty.
        flip: mirror left and right.
    """
    rgba = np.dstack([image, soft_edge(np.pad(mask, 4))[4:-4, 4:-4]])
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    rgba = rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Image.fromarray(rgba[:, ::-1].copy() if flip else rgba)


def there_and_back(step: int, count: int) -> int:
    """Number of a frame when ``count`` frames play forwards, backwards, and so on."""
    if count == 1:
        return 0
    step %= 2 * count - 2
    return min(step, 2 * count - 2 - step)


class Cutouts:
    """All cut-outs by name.

    Args:
        data: folder that holds ``coco-dev`` and ``ref-davis-dev``.
    """

    def __init__(self, data: Path) -> None:
        self._data = data

    def get(self, name: str, flip: bool = False) -> Cutout:
        """The cut-out of a name in ``SOURCES``; pictures are read when they are asked for."""
        source = SOURCES[name]
        if isinstance(source.where, int):
            still = self._coco(source.where, flip)
            return Cutout(source.category, lambda step: still, still.height)
        sequence, (first, count) = source.where, source.frames

        @lru_cache(maxsize=4)
        def picture(number: int) -> Image.Image:
            return self._davis(sequence, number, flip)

        return Cutout(
            source.category,
            lambda step: picture(first + there_and_back(step, count)),
            picture(first).height,
        )

    @cached_property
    def _instances(self) -> tuple[dict[int, dict], dict[int, dict]]:
        content = coco_instances(self._data / "coco-dev")
        return {a["id"]: a for a in content["annotations"]}, {
            i["id"]: i for i in content["images"]
        }

    def _coco(self, number: int, flip: bool) -> Image.Image:
        annotations, images = self._instances
        annotation = annotations[number]
        image = images[annotation["image_id"]]
        height, width = image["height"], image["width"]
        codes = coco_mask.frPyObjects(annotation["segmentation"], height, width)
        mask = coco_mask.decode(coco_mask.merge(codes)).astype(bool)
        with Image.open(self._data / "coco-dev/images" / image["file_name"]) as opened:
            return cut(np.array(opened.convert("RGB")), without_crumbs(mask), flip)

    def _davis(self, sequence: str, number: int, flip: bool) -> Image.Image:
        root = self._data / "ref-davis-dev"
        with Image.open(root / f"JPEGImages/480p/{sequence}/{number:05d}.jpg") as opened:
            image = np.array(opened.convert("RGB"))
        with Image.open(root / f"Annotations/480p/{sequence}/{number:05d}.png") as opened:
            mask = np.array(opened) == 1
        return cut(image, mask, flip)
