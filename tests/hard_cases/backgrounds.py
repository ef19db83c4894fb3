"""Backgrounds: real clips and pictures, and what is to be seen in them anyway."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from car_video.io.readers import RandomAccessReader
from tests.hard_cases.cutouts import coco_instances, there_and_back

SIZE = (854, 480)
"""Width and height of every hard case."""

CLIP_CONTENTS: dict[str, frozenset[str]] = {
    "bear": frozenset({"bear"}),
    "boat": frozenset({"boat"}),
    "breakdance-flare": frozenset({"person", "potted plant"}),
    "car-turn": frozenset({"car"}),
    "elephant": frozenset({"elephant"}),
    "horsejump-low": frozenset({"person", "horse"}),
    "lucia": frozenset({"person", "bench", "handbag"}),
    "motorbike": frozenset({"person", "motorcycle", "potted plant"}),
    "tennis": frozenset({"person", "tennis racket", "sports ball"}),
    "intel_one-by-one-person-detection.mp4": frozenset({"dining table"}),  # its first seconds
}
"""COCO nouns to be seen in each clip (looked at); pictures bring theirs in the annotations."""


@dataclass(frozen=True)
class Picture:
    """One frame of a background.

    Attributes:
        image: RGB at ``SIZE``.
        foreground: L, 255 on the clip's annotated object; None where there is none.
    """

    image: Image.Image
    foreground: Image.Image | None


class Background:
    """Frames of a clip, or one picture again and again.

    Args:
        data: folder of the development sets.
        name: sequence of ``ref-davis-dev``, file in ``clips``, or ``coco:<image id>``.
        start: first frame.

    Attributes:
        contents: COCO nouns to be seen in it.
    """

    def __init__(self, data: Path, name: str, start: int = 0) -> None:
        self._start = start
        self._paths: list[Path] = []
        self._reader: RandomAccessReader | None = None
        if name.startswith("coco:"):
            path, self.contents = _coco(data / "coco-dev", int(name[5:]))
            self._paths = [path]
        elif name.endswith(".mp4"):
            self._reader = RandomAccessReader(data / "clips" / name)
            self.contents = CLIP_CONTENTS[name]
        else:
            folder = data / "ref-davis-dev/JPEGImages/480p" / name
            self._paths = sorted(folder.glob("*.jpg"))
            self.contents = CLIP_CONTENTS[name]
        self._count = len(self._paths) or len(self._reader or ())

    def picture(self, step: int) -> Picture:
        """The frame ``step`` frames after the start; a clip that ends plays backwards."""
        number = there_and_back(self._start + step, self._count)
        if self._reader is not None:
            return Picture(_fit(Image.fromarray(self._reader[number].image)), None)
        path = self._paths[number]
        with Image.open(path) as opened:
            image = _fit(opened.convert("RGB"))
        annotation = Path(str(path).replace("JPEGImages", "Annotations")).with_suffix(".png")
        if not annotation.is_file():
            return Picture(image, None)
        with Image.open(annotation) as opened:
            mask: NDArray[np.uint8] = np.where(np.array(opened) == 1, 255, 0).astype(np.uint8)
        return Picture(image, _fit(Image.fromarray(mask)))


def _fit(image: Image.Image) -> Image.Image:
    return ImageOps.fit(image, SIZE, Image.Resampling.BICUBIC)


def _coco(root: Path, number: int) -> tuple[Path, frozenset[str]]:
    content = coco_instances(root)
    names = {c["id"]: c["name"] for c in content["categories"]}
    image = next(i for i in content["images"] if i["id"] == number)
    nouns = {names[a["category_id"]] for a in content["annotations"] if a["image_id"] == number}
    return root / "images" / image["file_name"], frozenset(nouns)
