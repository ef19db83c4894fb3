"""Layouts of the panoptic benchmarks: ADE20K, COCO, Cityscapes, Mapillary Vistas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from car_video.errors import DataError

from .coco import Instance, read_coco
from .files import first_existing, inside, need_file, need_folder
from .panoptic import PanopticFile, PanopticPicture, read_panoptic


@dataclass(frozen=True)
class SceneItem:
    """One picture with everything that is known of it.

    Attributes:
        picture: with its panoptic annotation.
        classes: PNG with the class map, where it is a file of its own.
        instances: its objects, where there is a file of instances.
        has_instances: there is one (it may list no object of this picture).
        instance_ids: Cityscapes' PNG with a number per object, where it is there.
        labels_file: label file of the user, so that a resumed run notices a change.
    """

    picture: PanopticPicture
    classes: Path | None = None
    instances: tuple[Instance, ...] = ()
    has_instances: bool = False
    instance_ids: Path | None = None
    labels_file: Path | None = None


@dataclass(frozen=True)
class SceneSet:
    """A data set: pictures, and the categories of its annotation with "is a thing"."""

    items: tuple[SceneItem, ...]
    things: tuple[tuple[int, bool], ...]


def read_scenes(name: str, root: Path, split: str) -> SceneSet:
    """A benchmark's pictures.

    Args:
        name: of the benchmark.
        root: data folder in the data set's own layout.
        split: of the data set; empty for the usual one.

    Raises:
        DataError: something is missing or has another form.
    """
    need_folder(root, "data")
    read, usual = _LAYOUTS[name]
    return read(root, split or usual)


def _ade(root: Path, split: str) -> SceneSet:
    base = first_existing(root / "ADEChallengeData2016") or root
    short = {"validation": "val", "training": "train"}.get(split, split)
    labels = base / f"ade20k_panoptic_{short}"
    images = need_folder(base / "images" / split, "pictures")
    file = read_panoptic(base / f"ade20k_panoptic_{short}.json", labels, images)
    return _with_instances(
        file,
        first_existing(base / f"ade20k_instance_{short}.json"),
        {
            picture.name: need_file(
                inside(base / "annotations" / split, f"{picture.name}.png"), "class map"
            )
            for picture in file.pictures
        },
    )


def _coco(root: Path, split: str) -> SceneSet:
    folder = root / "annotations"
    name = f"panoptic_{split}"
    labels = first_existing(root / name, folder / name) or root / name
    images = first_existing(root / split, root / "images" / split, root / "images") or root
    file = read_panoptic(folder / f"{name}.json", labels, images)
    return _with_instances(file, first_existing(folder / f"instances_{split}.json"), {})


def _cityscapes(root: Path, split: str) -> SceneSet:
    base = root / "gtFine"
    name = f"cityscapes_panoptic_{split}"
    images = need_folder(root / "leftImg8bit" / split, "pictures")
    file = read_panoptic(base / f"{name}.json", base / name, images, _city)
    numbers = base / split
    return SceneSet(
        tuple(
            SceneItem(
                picture,
                instance_ids=_instance_ids(numbers, picture.name) if numbers.is_dir() else None,
            )
            for picture in file.pictures
        ),
        file.things,
    )


def _mapillary(root: Path, split: str) -> SceneSet:
    base = first_existing(root / split) or root
    for panoptic in (base / "panoptic", base / "v1.2" / "panoptic"):
        if panoptic.is_dir():
            break
    else:
        raise DataError(f"'{base}' holds no panoptic/ folder; see docs/benchmarks.md")
    path = first_existing(panoptic / "panoptic_2018.json", panoptic / "panoptic.json")
    if path is None:
        raise DataError(f"'{panoptic}' holds no panoptic_2018.json; see docs/benchmarks.md")
    file = read_panoptic(path, panoptic, need_folder(base / "images", "pictures"))
    return SceneSet(tuple(SceneItem(picture) for picture in file.pictures), file.things)


def _instance_ids(folder: Path, stem: str) -> Path:
    """``frankfurt_000000_000294_gtFine_panoptic`` -> the file with its objects' numbers."""
    name = f"{stem.removesuffix('_panoptic')}_instanceIds.png"
    return need_file(inside(folder, stem.split("_")[0], name), "instances")


def _city(images: Path, stem: str) -> Path:
    """``frankfurt_000000_000294_gtFine_panoptic`` -> the picture in its city's folder."""
    name = stem.removesuffix("_panoptic").removesuffix("_gtFine")
    city = name.split("_")[0]
    return need_file(inside(images, city, f"{name}_leftImg8bit.png"), "picture")


def _with_instances(
    file: PanopticFile, path: Path | None, classes: Mapping[str, Path]
) -> SceneSet:
    by_name: dict[str, tuple[Instance, ...]] = {}
    if path is not None:
        coco = read_coco(path)
        by_name = {
            Path(image.file_name).stem: coco.by_image[image.id]
            for image in coco.images.values()
        }
        if alien := next((p.name for p in file.pictures if p.name not in by_name), None):
            raise DataError(f"'{path}' does not list picture '{alien}'; fetch the whole file")
    return SceneSet(
        tuple(
            SceneItem(
                picture, classes.get(picture.name), by_name.get(picture.name, ()), bool(by_name)
            )
            for picture in file.pictures
        ),
        file.things,
    )


_LAYOUTS: Mapping[str, tuple[Callable[[Path, str], SceneSet], str]] = {
    "ade-panoptic": (_ade, "validation"),
    "coco-panoptic": (_coco, "val2017"),
    "cityscapes": (_cityscapes, "val"),
    "mapillary": (_mapillary, "validation"),
}
