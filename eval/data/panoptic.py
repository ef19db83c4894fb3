"""Panoptic annotations and predictions in COCO's form: PNGs of ids, JSON that explains them.

A prediction is a folder with ``NAME.png`` per picture and JSON beside: ``NAME.json`` per
picture (as this program writes), or one file of all with COCO's ``annotations`` (as other tools
write).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.errors import DataError
from car_video.io.label_outputs.panoptic_png import ids_of_rgb, rgb_of_ids

from ..metrics.panoptic import PanopticSegment
from .files import atomic, entries, inside, need_file, read_json
from .images import open_picture


@dataclass(frozen=True)
class PanopticPicture:
    """One annotated picture.

    Attributes:
        name: of its files, without suffix.
        image: the picture.
        labels: PNG with the ids.
        segments: what the ids mean.
    """

    name: str
    image: Path
    labels: Path
    segments: tuple[PanopticSegment, ...]


@dataclass(frozen=True)
class PanopticFile:
    """An annotation file: its pictures, and its categories with whether they are things."""

    pictures: tuple[PanopticPicture, ...]
    things: tuple[tuple[int, bool], ...]


def read_panoptic(
    path: Path,
    labels: Path,
    images: Path,
    find: Callable[[Path, str], Path] | None = None,
) -> PanopticFile:
    """A data set in COCO's panoptic form.

    Args:
        path: the JSON file.
        labels: folder of the PNGs.
        images: folder of the pictures; a picture has the name that the JSON gives it, or its
            annotation's.
        find: finds a picture in that folder by its annotation's stem, where names differ.

    Raises:
        DataError: something is missing or has not this form.
    """
    data = read_json(path, "annotation")
    try:
        things = tuple((int(c["id"]), bool(c["isthing"])) for c in data["categories"])
        named = {image["id"]: str(image["file_name"]) for image in data.get("images", [])}
        pictures = [
            PanopticPicture(
                Path(entry["file_name"]).stem,
                find(images, Path(entry["file_name"]).stem)
                if find is not None
                else _image(images, entry, named),
                need_file(inside(labels, entry["file_name"]), "annotation"),
                segments_of(entry["segments_info"]),
            )
            for entry in data["annotations"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"'{path}' is no panoptic annotation ({error!r})") from None
    if not pictures:
        raise DataError(f"'{path}' lists no picture; check the data folder")
    known = {category for category, _ in things}
    for picture in pictures:
        for segment in picture.segments:
            if segment.category not in known:
                raise DataError(
                    f"'{path}' picture '{picture.name}': unknown category {segment.category}"
                )
    return PanopticFile(tuple(pictures), things)


def segments_of(records: Sequence[Mapping[str, Any]]) -> tuple[PanopticSegment, ...]:
    """``segments_info`` as values."""
    return tuple(
        PanopticSegment(
            int(record["id"]),
            int(record["category_id"]),
            bool(record.get("iscrowd", 0)),
            int(record["area"]) if "area" in record else None,
        )
        for record in records
    )


def read_ids(path: Path, what: str) -> NDArray[np.int32]:
    """int32 [H, W] of an RGB PNG.

    Raises:
        DataError: missing, damaged, or of another kind.
    """
    image = open_picture(path, what)
    if image.mode not in ("RGB", "RGBA"):
        raise DataError(f"{what} '{path}' has mode {image.mode}; ids are stored as RGB colours")
    return ids_of_rgb(np.asarray(image.convert("RGB")))


def write_ids(path: Path, ids: NDArray[np.int32]) -> None:
    """RGB PNG of ids [H, W]."""
    with atomic(path) as part:
        Image.fromarray(rgb_of_ids(ids)).save(part, format="PNG", compress_level=1)


def predicted_segments(root: Path, name: str) -> tuple[PanopticSegment, ...] | None:
    """What the ids of a picture's PNG mean; None where no JSON says so.

    Raises:
        DataError: a JSON of another form.
    """
    own = inside(root, f"{name}.json")
    try:
        if own.is_file():
            return segments_of(read_json(own, "prediction")["segments_info"])
        records = _listed(root).get(name)
        return None if records is None else segments_of(records)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"'{root}' picture '{name}': no segments_info ({error!r})") from None


@lru_cache(maxsize=4)
def _listed(root: Path) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """``segments_info`` by picture, of the file beside or above the PNGs that lists them."""
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    beside = root.parent / f"{root.name}.json"
    for path in [*entries(root, ".json"), *([beside] if beside.is_file() else [])]:
        data = read_json(path, "prediction")
        if not isinstance(data, dict) or "annotations" not in data:
            continue
        try:
            for entry in data["annotations"]:
                name = Path(entry["file_name"]).stem
                if name in found:
                    raise DataError(
                        f"'{root}' has two lists of segments for '{name}'; keep one"
                    )
                found[name] = entry["segments_info"]
        except (KeyError, TypeError) as error:
            raise DataError(f"'{path}' is no panoptic JSON ({error!r})") from None
    return found


def _image(folder: Path, entry: Mapping[str, Any], named: Mapping[Any, str]) -> Path:
    stem = Path(entry["file_name"]).stem
    choices = [named[entry["image_id"]]] if entry.get("image_id") in named else []
    choices += [f"{stem}.jpg", f"{stem}.png"]
    for choice in choices:
        if (path := inside(folder, choice)).is_file():
            return path
    raise DataError(f"picture '{folder / choices[0]}' is missing; add it or check the path")
