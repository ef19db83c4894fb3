"""What speaks for a mask beside the maps: colours, a detector, and the picture's border.

A thing is in the picture; what runs along its border is mostly the ground, a wall or the sky.
So where a query names a thing, a mask counts less the more of the border it covers. For
videos it is said which queries name what may move by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from car_video.segment.cues.colour import ColourCue
from car_video.segment.cues.detections import DetectionCue
from car_video.segment.cues.kinds import KindCue, on_cells
from car_video.text.grounds import has_outline, may_move

BORDER_WEIGHT = 1.0
"""Logarithm of the factor for a mask that covers as much as one whole side of the picture.
``python -m benchmarks.generalisation.border`` fits 3.2 on candidates of ref-video-dev (2.9 to
4.1 with a group of sequences left out; its gains are in benchmarks/generalisation.md). It is
less than that on purpose: things of that set seldom reach the border, those of photos often
do, and beyond 1.0 little is gained (+0.01)."""


@dataclass(frozen=True)
class MaskCues:
    """Cues of Q queries in one picture.

    Attributes:
        things: bool [Q]: which queries name a thing, and one that does not fill the picture.
        colours: the colours that queries ask for; None without any.
        kinds: which of several things of one kind each means; None where no two name a kind.
        detections: boxes of a detector; None without one, or where it finds nothing.
        moving: bool [Q]: which queries name what may move by itself; None where none does.
    """

    things: Tensor
    colours: ColourCue | None = None
    kinds: KindCue | None = None
    detections: DetectionCue | None = None
    moving: Tensor | None = None

    @classmethod
    def of(
        cls,
        noun_phrases: Sequence[str],
        colours: ColourCue | None,
        texts: Sequence[str] | None = None,
    ) -> MaskCues:
        """Cues of queries with these noun phrases, and with these whole texts."""
        things = torch.tensor([has_outline(p) for p in noun_phrases])
        pairs = zip(noun_phrases, texts or noun_phrases, strict=True)
        moving = torch.tensor([may_move(phrase, text) for phrase, text in pairs])
        return cls(things, colours, moving=moving if bool(moving.any()) else None)

    def on_picture(self, pixels: Tensor) -> MaskCues:
        """With the colours of a picture, float32 [1, 3, H, W] in [0, 1]."""
        colours = None if self.colours is None else self.colours.on_picture(pixels)
        moving = None if self.moving is None else self.moving.to(pixels.device)
        return replace(
            self, things=self.things.to(pixels.device), colours=colours, moving=moving
        )

    def __getitem__(self, rows: Tensor) -> MaskCues:
        """Those of some queries, int64 or bool [N]."""
        colours = None if self.colours is None else self.colours[rows]
        kinds = None if self.kinds is None else self.kinds[rows]
        found = None if self.detections is None else self.detections[rows]
        own = rows.to(self.things.device)
        moving = None if self.moving is None else self.moving[own]
        return MaskCues(self.things[own], colours, kinds, found, moving)

    def match(self, logits: Tensor) -> Tensor:
        """Factors [Q, M] in [0, 1] of masks, logits [Q, M, a, b]."""
        factor = self.border_factor(logits)
        for cue in (self.colours, self.detections):
            if cue is not None:
                factor = factor * cue.match(logits)
        return factor

    def border_factor(self, logits: Tensor) -> Tensor:
        """The part of :meth:`match` that the picture's border has, [Q, M] in [0, 1]."""
        along = torch.exp(-BORDER_WEIGHT * border_contact(logits))
        return torch.where(self.things[:, None], along, 1.0)

    def among_kind(self, logits: Tensor) -> Tensor:
        """Probability [Q, M] in [0, 1] that masks, logits [Q, M, a, b], are the one of their
        kind that each query means; 1 where no query has a kind."""
        if self.kinds is None:
            return torch.ones_like(logits[..., 0, 0])
        grid = int(self.kinds.logits.shape[-2]), int(self.kinds.logits.shape[-1])
        return self.kinds.match(on_cells(logits, grid))


def border_contact(logits: Tensor) -> Tensor:
    """How much of the picture's border masks cover: [...] of [..., a, b], in sides, 0 to 4."""
    masks = (logits > 0).float()
    sides = (masks[..., 0, :], masks[..., -1, :], masks[..., 0], masks[..., -1])
    return torch.stack([side.mean(-1) for side in sides]).sum(0)
