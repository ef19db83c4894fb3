"""A2D-Sentences and JHMDB-Sentences: a sentence about an actor, masks on single frames.

Read in the form of MTTR (Botach et al. 2022), which ReferFormer and what came after it share: a
list of samples, and COCO's annotations of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from car_video.errors import DataError

from .files import entries, first_existing, inside, need_folder, read_json
from .rle_records import load_records
from .videos import IMAGE_SUFFIXES, Video
from .wanted import MALFORMED, score_of

_LIST = {
    "a2d-sentences": "a2d_sentences_single_frame_test_annotations.json",
    "jhmdb-sentences": "jhmdb_sentences_samples_metadata.json",
}
_TRUTH = {
    "a2d-sentences": ("a2d_sentences_test_annotations_in_coco_format.json",),
    "jhmdb-sentences": (
        "jhmdb_sentences_gt_annotations_in_coco_format.json",
        "jhmdb_sentences_test_annotations_in_coco_format.json",
    ),
}
_MOVIES = ("Release/clips320H", "Release/CLIPS320")


@dataclass(frozen=True)
class Sample:
    """One annotated frame.

    Attributes:
        image: id of the sample in COCO's file, ``v_<video>_f_<frame>[_i_<instance>]``.
        place: of the frame in its video, from 0.
        size: height and width.
        code: run-length code of the target.
    """

    image: str
    place: int
    size: tuple[int, int]
    code: Mapping[str, Any]


@dataclass(frozen=True)
class Shot:
    """One sentence of one video: payload."""

    video: Video
    key: str
    text: str
    samples: tuple[Sample, ...]


def read_shots(name: str, root: Path) -> list[Shot]:
    """Every sentence of the test split, in the order of the list.

    Raises:
        DataError: files that are missing, malformed or do not belong together.
    """
    need_folder(root, "data")
    path = root / _LIST[name]
    truth = first_existing(*(root / file for file in _TRUTH[name]))
    if not path.is_file() or truth is None:
        missing = _LIST[name] if not path.is_file() else _TRUTH[name][0]
        raise DataError(
            f"'{root}' has no {missing}; MTTR and ReferFormer say how to get or make it, see "
            f"docs/benchmarks.md"
        )
    rows = read_json(path, "list of samples")
    codes = _coco(truth)
    read = _a2d if name == "a2d-sentences" else _jhmdb
    found: dict[tuple[str, str], tuple[str, list[tuple[str, int]]]] = {}
    places: dict[str, str] = {}
    try:
        for row in rows:
            video, key, text, image, place, where = read(row)
            places[video] = where
            found.setdefault((video, key), (text, []))[1].append((image, place))
    except MALFORMED as error:
        raise DataError(f"'{path}' is malformed ({error!r}); fetch it again") from None
    videos = {video: _video(root, name, video, where) for video, where in places.items()}
    return [
        Shot(videos[video], key, text, tuple(_sample(truth, codes, *one) for one in images))
        for (video, key), (text, images) in found.items()
    ]


def _a2d(row: Sequence[Any]) -> tuple[str, str, str, str, int, str]:
    text, video, frame, instance = row
    return (
        str(video),
        str(instance),
        _clean(text),
        f"v_{video}_f_{frame}_i_{instance}",
        int(frame) - 1,
        "",
    )


def _jhmdb(row: Sequence[Any]) -> tuple[str, str, str, str, int, str]:
    video, frame, _, _, text = row
    path = PurePosixPath(frame)
    action, number = path.parts[-3], int(path.stem)
    return str(video), "0", _clean(text), f"v_{video}_f_{number}", number - 1, action


def _clean(text: Any) -> str:
    """As MTTR feeds it: lower case, single spaces."""
    if not (words := str(text).lower().split()):
        raise ValueError("an empty sentence")
    return " ".join(words)


def _video(root: Path, name: str, video: str, action: str) -> Video:
    if name == "jhmdb-sentences":
        folder = need_folder(
            inside(root, "Rename_Images", action, video), f"pictures of '{video}'"
        )
        pictures = [p for p in entries(folder) if p.suffix.lower() in IMAGE_SUFFIXES]
        return Video(video, tuple(p.stem for p in pictures), tuple(pictures), None)
    movie = first_existing(*(inside(root / place, f"{video}.mp4") for place in _MOVIES))
    if movie is None:
        raise DataError(f"movie '{root / _MOVIES[0] / video}.mp4' is missing; add it from A2D")
    return Video(video, (), (), None, movie=movie)


def _coco(path: Path) -> dict[str, tuple[tuple[int, int], Mapping[str, Any]]]:
    """Image id -> size and code."""
    data = read_json(path, "annotations")
    try:
        sizes = {str(i["id"]): (int(i["height"]), int(i["width"])) for i in data["images"]}
        codes = {str(a["image_id"]): a["segmentation"] for a in data["annotations"]}
        return {image: (size, codes[image]) for image, size in sizes.items()}
    except MALFORMED as error:
        raise DataError(f"'{path}' is not of COCO's form ({error!r}); make it anew") from None


def _sample(path: Path, codes: Mapping[str, Any], image: str, place: int) -> Sample:
    if image not in codes:
        raise DataError(
            f"'{path}' has no image '{image}', which the list of samples names; the two files "
            f"are of different versions"
        )
    size, code = codes[image]
    return Sample(image, place, size, code)


@lru_cache(maxsize=2)
def results_by_image(path: Path) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
    """Records of a COCO results file by image id.

    Raises:
        DataError: not a list of ``{"image_id", "score", "segmentation"}``.
    """
    result: dict[str, list[Mapping[str, Any]]] = {}
    for entry in load_records(path):
        try:
            score_of(entry), entry["segmentation"]
            result.setdefault(str(entry["image_id"]), []).append(entry)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"'{path}' is no COCO results file ({error!r}); see docs/benchmarks.md"
            ) from None
    return {image: tuple(entries) for image, entries in result.items()}
