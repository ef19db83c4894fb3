"""Videos with given first masks: DAVIS 2016 and 2017, YouTube-VOS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from .files import entries, first_existing, inside, need_folder, read_json, read_words
from .images import read_labels
from .videos import Video, davis_roots, find_video, sequence_names, with_object_count
from .wanted import MALFORMED

SEEN = frozenset(
    """
    airplane ape bear bike bird boat bucket bus camel cat cow crocodile deer dog dolphin
    duck eagle earless_seal elephant fish fox frisbee frog giant_panda giraffe hand hat
    hedgehog horse knife leopard lion lizard monkey motorbike mouse others owl paddle
    parachute parrot penguin person plant rabbit raccoon sedan shark sheep sign skateboard
    snail snake snowboard squirrel surfboard tennis_racket tiger toilet train truck turtle
    umbrella whale zebra
    """.split()
)
"""The 65 categories of YouTube-VOS' training set; all others are unseen."""


@dataclass(frozen=True)
class GivenObject:
    """An object whose mask is given on one frame.

    Attributes:
        number: its id in the label maps.
        given: place of that frame in the video, from 0.
        last: place of the last frame that counts.
        category: of YouTube-VOS; empty where it is not told.
    """

    number: int
    given: int
    last: int
    category: str = ""


@dataclass(frozen=True)
class GivenVideo:
    """Payload: one video with its objects.

    Attributes:
        video: ``labels`` is None where more than the given masks is hidden.
        objects: by rising number.
        masks: label map of each frame on which a mask is given, by its place.
        merged: several objects of the annotation count as one (DAVIS 2016 by those of 2017).
    """

    video: Video
    objects: tuple[GivenObject, ...]
    masks: tuple[tuple[int, Path], ...]
    merged: bool = False

    def labels(self, path: Path) -> NDArray[np.uint8]:
        """uint8 [H, W] of one annotation, by the objects' numbers; 255 is void."""
        labels = read_labels(path, "annotation")
        if not self.video.binary:
            return labels
        return (labels > 0).astype(np.uint8)

    def given(self) -> dict[int, dict[int, NDArray[np.bool_]]]:
        """Place of a frame -> number of the object -> bool [H, W]."""
        found: dict[int, dict[int, NDArray[np.bool_]]] = {}
        for place, path in self.masks:
            labels = self.labels(path)
            own = [one.number for one in self.objects if one.given == place]
            found[place] = {number: labels == number for number in own}
        return found


def read_davis(root: Path, year: str, split: str) -> list[GivenVideo]:
    """DAVIS of 2016 (one object a video) or 2017.

    Raises:
        DataError: the folder is not sound.
    """
    pictures, labels = davis_roots(root, "semi-supervised")
    names = _names_2016(root, split) if year == "2016" else []
    names = names or sequence_names(root, labels, split)
    found = []
    for name in names:
        video, count = with_object_count(find_video(name, pictures, labels), 1)
        merged = year == "2016" and count > 1
        if year == "2016":
            video, count = replace(video, binary=True), 1
        if not count:
            raise DataError(
                f"the first annotation of '{name}' in '{labels}' shows no object; restore it"
            )
        assert video.labels is not None
        last = len(video.frames) - 1
        objects = tuple(GivenObject(number, 0, last) for number in range(1, count + 1))
        found.append(GivenVideo(video, objects, ((0, video.labels[0]),), merged))
    return found


def _names_2016(root: Path, split: str) -> list[str]:
    """Sequences of a list of DAVIS 2016: names, or paths of pictures and annotations."""
    listing = first_existing(
        *(
            inside(base / "ImageSets" / place, f"{split or 'val'}.txt")
            for base in (root, root / "DAVIS")
            for place in ("2016", "480p")
        )
    )
    if listing is None:
        if (root / "ImageSets" / "2017").is_dir():
            raise DataError(
                f"'{root}' has the lists of DAVIS 2017 only; add ImageSets/2016/"
                f"{split or 'val'}.txt, or run car-eval davis-2017"
            )
        return []
    words = read_words(listing, "list of sequences")
    names = [Path(word).parent.name if "/" in word else word for word in words]
    return list(dict.fromkeys(names))


def read_youtube(root: Path, split: str) -> list[GivenVideo]:
    """YouTube-VOS: ``<split>/JPEGImages``, ``<split>/Annotations``, ``<split>/meta.json``.

    Raises:
        DataError: the folder is not sound.
    """
    base = first_existing(*(p for p in (root / (split or "valid"), root) if _is_youtube(p)))
    if base is None:
        raise DataError(
            f"'{root}' has no {split or 'valid'}/ with meta.json, JPEGImages/ and "
            f"Annotations/; see docs/benchmarks.md, or choose with --split"
        )
    path = base / "meta.json"
    data = read_json(path, "list of objects")
    try:
        videos = {str(name): _objects(entry) for name, entry in data["videos"].items()}
    except MALFORMED as error:
        raise DataError(f"'{path}' is malformed ({error!r}); fetch it again") from None
    return [_youtube_video(base, name, objects) for name, objects in videos.items()]


def _is_youtube(folder: Path) -> bool:
    return (folder / "meta.json").is_file() and (folder / "JPEGImages").is_dir()


def _objects(entry: Mapping[str, Any]) -> dict[int, tuple[str, list[str]]]:
    """Number -> category and names of its frames."""
    return {
        int(number): (str(one.get("category", "")), [str(frame) for frame in one["frames"]])
        for number, one in entry["objects"].items()
    }


def _youtube_video(
    base: Path, name: str, objects: Mapping[int, tuple[str, Sequence[str]]]
) -> GivenVideo:
    video = find_video(name, base / "JPEGImages", None)
    folder = need_folder(inside(base / "Annotations", name), f"given masks of '{name}'")
    labels = {path.stem: path for path in entries(folder, ".png")}
    places = {frame: place for place, frame in enumerate(video.frames)}
    given: list[GivenObject] = []
    masks: dict[int, Path] = {}
    for number, (category, frames) in sorted(objects.items()):
        if not frames or frames[0] not in labels or frames[0] not in places:
            raise DataError(
                f"'{folder}' has no mask of object {number} on its first frame "
                f"'{frames[0] if frames else '?'}'; fetch the annotations again"
            )
        first = places[frames[0]]
        last = places.get(frames[-1], len(places) - 1)
        given.append(GivenObject(number, first, last, category))
        masks[first] = labels[frames[0]]
    if not given:
        raise DataError(f"meta.json names no object of '{name}'; fetch it again")
    if all(frame in labels for frame in video.frames):
        video = replace(video, labels=tuple(labels[frame] for frame in video.frames))
    return GivenVideo(video, tuple(given), tuple(sorted(masks.items())))
