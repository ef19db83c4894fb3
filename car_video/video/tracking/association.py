"""How much speaks for a candidate being what a track follows: one score, fitted.

The score is a log-odds against "no candidate is the track's object". A track takes none of the
candidates whose score is at most 0. Among the others language has its say as well: of the parts
and the whole of an object, all of which are the same thing as before, it knows the one that is
meant. ``tools/fit_tracking`` fits the numbers on development videos. Cosines are of features
less the mean of their frame, so they do not depend on what all cells of a backbone share.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from torch import Tensor

from car_video.config.number_files import MOST_ODDS, number, part, read_number_file

FORM = 1  # of the file
SUPPORT_FLOOR = 0.05  # overlaps with what memory expects are all equally bad below it


@dataclass(frozen=True)
class Association:
    """Numbers of the score.

    Attributes:
        offset: of all candidates.
        language: per log agreement with the expression, for the choice among those whose score
            is above 0.
        overlap: per IoU with the track's mask where the picture has moved it to.
        appearance: per cosine of the two appearances.
        memory: per log of the soft IoU with what memory expects, where it knows anything.
        expected: where it does.
    """

    offset: float
    language: float
    overlap: float
    appearance: float
    memory: float
    expected: float

    def log_odds(
        self, overlap: Tensor, cosine: Tensor, support: Tensor, known: Tensor
    ) -> Tensor:
        """The score of candidates for tracks, [Q, C, K], without language.

        Args:
            overlap: [Q, C, K] IoU.
            cosine: [Q, C, K].
            support: [Q, C, K] soft IoU with what memory expects of each track.
            known: bool [Q, K]: whether memory says anything of a track.
        """
        memory = self.memory * support.clamp_min(SUPPORT_FLOOR).log() + self.expected
        followed = self.overlap * overlap + self.appearance * cosine
        return self.offset + followed + memory * known[:, None]


def read_association(path: Path) -> Association:
    """From a file that ``tools/fit_tracking`` has made.

    Raises:
        ConfigError: no such file, or damaged.
    """
    remedy = "tools/fit_tracking makes such files"
    return read_number_file(path, "file of tracking numbers", FORM, _from_mapping, remedy)


@cache
def shipped_association() -> Association:
    """Fitted with the bundled model; other backbones take it as well."""
    folder = resources.files("car_video.weights")
    return read_association(Path(str(folder / "lite_tracking.json")))


def _from_mapping(data: Mapping[str, Any]) -> Association:
    """Raises ValueError or KeyError for anything else."""
    found = part(data, "association")
    names = [field.name for field in dataclasses.fields(Association)]
    return Association(**{name: number(found, name, -MOST_ODDS, MOST_ODDS) for name in names})
