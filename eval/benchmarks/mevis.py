"""MeViS: motion expressions of one or many targets, in version 2 also of none.

Ding et al., ICCV 2023 and TPAMI 2025.

The ground truth of ``valid`` is hidden (its server wants the zip), that of ``valid_u`` known.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from car_video.errors import DataError

from ..data.expressions import MetaVideo, find_meta, read_meta
from ..data.truths import coded
from .base import Item
from .expression_tables import Rules
from .expression_video import ExpressionVideo, Sentence, read_mask_dict

_MASKS = "mask_dict.json"
_FILES = {"mevis": "meta_expressions.json", "mevis-v2": "meta_expressions_v2.json"}
_VERSIONS = {"mevis": "version 1", "mevis-v2": "version 2"}

SENTENCES = {
    "mevis": {"train": 23_051, "valid_u": 793, "valid": 2_236},
    "mevis-v2": {"train": 27_502, "valid_u": 907, "valid": 2_523},
}
"""How many expressions each split has (README of henghuiding/MeViS, 2023 and 2025)."""


@dataclass(frozen=True)
class Mevis(ExpressionVideo):
    """Either version, by name; payload: a :class:`Sentence`."""

    rules: ClassVar[Rules] = Rules("MeViS", "valid_u", no_target=True, zip_folder="")

    def items(self) -> list[Item]:
        meta = self._read()
        masks = read_mask_dict(self.pictures().parent / _MASKS)
        return [
            Sentence(video, expression, coded(video, expression, masks, _MASKS)).item()
            for video, entry in self.videos(meta)
            for expression in entry.expressions
        ]

    def _read(self) -> dict[str, MetaVideo]:
        """The expressions of the version that is meant.

        Raises:
            DataError: they are not there, or of the other version.
        """
        own = _FILES[self.name]
        other = next(name for name in _FILES if name != self.name)
        if find_meta(self.root, self.split, own) is None:
            path = find_meta(self.root, self.split, _FILES[other])
            if path is None:
                return self.meta(own)[1]
            if self.name == "mevis" or _count(path) != SENTENCES[self.name].get(self.split):
                raise DataError(
                    f"'{path}' is of {_VERSIONS[other]} of MeViS, there is no {own}; run "
                    f"car-eval {other}, or add the file of {_VERSIONS[self.name]}"
                )
            return read_meta(path)  # version 2 under the name of version 1
        path, meta = self.meta(own)
        count = sum(len(video.expressions) for video in meta.values())
        if count == SENTENCES[other].get(self.split):
            raise DataError(
                f"'{path}' has the {count} expressions of {_VERSIONS[other]} of MeViS; run "
                f"car-eval {other}, or add the file of {_VERSIONS[self.name]}"
            )
        return meta


def _count(path: Path) -> int:
    return sum(len(video.expressions) for video in read_meta(path).values())
