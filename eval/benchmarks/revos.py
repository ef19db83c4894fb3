"""ReVOS: referring and reasoning sentences, and some about nothing in the video (Yan et al.,
"VISA", ECCV 2024). Ref-SAV: long and short sentences on SA-V (Yuan et al., "Sa2VA", 2025).

Both come in one form: a list of masks by number, and a kind of each sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from car_video.errors import DataError

from ..data.files import first_existing, inside
from ..data.footage import video_size
from ..data.truths import Areas, Masks, check_length, coded
from ..data.videos import Video, find_video
from ..metrics.consistency import robustness
from .base import Item
from .expression_tables import Rules
from .expression_video import ExpressionVideo, Sentence, read_mask_dict

_MASKS, _FOREGROUND = "mask_dict.json", "mask_dict_foreground.json"


@dataclass(frozen=True)
class ByKind(ExpressionVideo):
    """What the two share; payload: a :class:`Sentence`."""

    file: ClassVar[str]

    def items(self) -> list[Item]:
        path, meta = self.meta(self.file.format(split=self.split))
        folder = path.parent
        masks = read_mask_dict(folder / _MASKS)
        foreground = read_mask_dict(folder / _FOREGROUND)
        items = []
        for name, entry in meta.items():
            video = self.video(name, entry.frames)
            areas = _areas(video, foreground)
            for expression in entry.expressions:
                truth = coded(video, expression, masks, _MASKS)
                items.append(Sentence(video, expression, truth, foreground=areas).item())
        return items

    def video(self, name: str, frames: Sequence[str]) -> Video:
        """A video by its name, with its pictures seen to be there."""
        return find_video(name, self.pictures(), None, frames)


@dataclass(frozen=True)
class Revos(ByKind):
    """ReVOS; robustness R where ``mask_dict_foreground.json`` is there."""

    file: ClassVar[str] = "meta_expressions_{split}_.json"
    rules: ClassVar[Rules] = Rules(
        "ReVOS",
        "valid",
        measures=("R",),
        kinds={"0": "referring", "1": "reasoning", "2": "no target"},
        apart=frozenset({"no target"}),
        overall="kinds",
        no_target=True,
    )

    def measure(
        self, truth: Masks, predicted: Masks, region: Sequence[float], sentence: Sentence
    ) -> dict[str, float]:
        if sentence.foreground is None:
            return {}
        areas = sentence.foreground.read(video_size(sentence.video))
        return {"R": robustness(truth, predicted, areas)}


@dataclass(frozen=True)
class RefSav(ByKind):
    """Ref-SAV, whose videos are movies of SA-V (or folders of pictures)."""

    file: ClassVar[str] = "meta_expressions_{split}.json"
    rules: ClassVar[Rules] = Rules(
        "Ref-SAV", "valid", kinds={"0": "long", "1": "short"}, overall="kinds"
    )

    def video(self, name: str, frames: Sequence[str]) -> Video:
        if (self.root / "JPEGImages").is_dir():
            return find_video(name, self.pictures(), None, frames)
        movie = _movie(self.root, name)
        numbers = [int(frame) for frame in frames if frame.isdecimal()]
        if not numbers or len(numbers) < len(frames) or numbers != sorted(set(numbers)):
            raise DataError(
                f"the frames of '{name}' are no rising numbers; fetch the expression file again"
            )
        return Video(name, tuple(frames), (), None, movie=movie)


_SAV_GROUP = len("sav_055")
"""SA-V keeps ``sav_055000.mp4`` in ``sav_055/``."""


def _movie(root: Path, name: str) -> Path:
    places = [f"videos/{name[:_SAV_GROUP]}/{name}.mp4", f"videos/{name}.mp4", f"{name}.mp4"]
    movie = first_existing(*(inside(root, place) for place in places))
    if movie is None:
        raise DataError(f"movie '{root / places[0]}' is missing; add it from SA-V")
    return movie


def _areas(video: Video, foreground: Mapping[str, Any] | None) -> Areas | None:
    """Of ``{video: {"masks_rle": [RLE or list of RLE per frame]}}``."""
    if foreground is None:
        return None
    try:
        codes = tuple(foreground[video.name]["masks_rle"])
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{_FOREGROUND} has no masks_rle of '{video.name}' ({error!r}); files are mixed"
        ) from None
    check_length([codes], video, _FOREGROUND)
    return Areas(codes, f"{_FOREGROUND} '{video.name}'")
