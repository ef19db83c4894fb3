"""Looks of tracks, of what they showed before or of what has taken its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import inf, nan
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.gone import BLACK, GREY, boxed, extent, painted_out
from car_video import Frame, VideoSegmenter
from car_video.video.tracking import likeness as likeness_module
from car_video.video.tracking.likeness import Likeness, Look
from tools.fit_tracking.choices import shown

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

WAYS = ("as it is", "half", "painted", "box", "wide")
"""Nothing is done; a box over the left half of a thing; it is replaced by what is beside it; a
box over all of it; a larger one."""
MOMENTS, HIDDEN = (14, 26), 3
"""Frames from which on a thing is hidden, and for how many: a keyframe and some others."""
WIDE = 0.3
"""By which the larger box goes out on each side, in extents of the thing."""
GRIDS = (8, 16, 32, 64)
"""Cells a side in which a mask may be said to be where the last one was."""
COLUMNS = (
    "way",
    "iou",
    "iou before",
    "cosine last",
    "cosine usual",
    "colour last",
    "colour usual",
    *(f"near {grid}" for grid in GRIDS),
)
"""Of a look: number of what was done; IoU with what is to be seen of the thing, not a number
where that is nothing, and the same of the look before; then, against the last look and the
usual one, the cosine (not a number between keyframes) and the part with other colours; whether
it is near the last one."""


@dataclass
class Recorder:
    """Notes how a look differs from those before.

    Attributes:
        frozen: looks to compare with, in place of the tracker's own.
        signs: float32 [Q, 4] of the newest look, see :data:`COLUMNS`; the colours are
            not a number where nothing is known.
    """

    frozen: Likeness | None = None
    signs: Tensor | None = field(default=None)

    def note(self, likeness: Likeness, look: Look) -> None:
        """A look that ``likeness`` is about to take in."""
        before = self.frozen or likeness
        change = (before.colours - look.colours[:, None]).abs().sum(-1) / 2
        cosine = torch.full_like(change, nan)
        if look.appearance is not None:
            cosine = (before.appearance * look.appearance[:, None]).sum(-1)
        signs = torch.cat([cosine, change], 1)
        known = before.known & look.there
        self.signs = torch.where(known[:, None], signs, torch.tensor(nan))


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """The looks of trackers are noted in here, and nothing is doubted."""

    def noted(name: str) -> Callable[..., None]:
        step = getattr(Likeness, name)

        def method(self: Likeness, look: Look, *rest: Tensor | float) -> None:
            recorder.note(self, look)
            step(self, look, *rest)

        return method

    with (
        patch.object(likeness_module, "OTHER", -inf),
        patch.object(Likeness, "step", noted("step")),
        patch.object(Likeness, "glance", noted("glance")),
    ):
        yield


def hidden(image: Image, mask: Mask, way: str, grey: int) -> tuple[Image, Mask]:
    """A frame uint8 [H, W, 3] with a thing bool [H, W] hidden, and what is to be seen of it."""
    if way == "as it is":
        return image, mask
    if way == "painted":
        return painted_out(image, mask), np.zeros_like(mask)
    top, bottom, left, right = extent(mask, WIDE if way == "wide" else 0.0)
    if way == "half":
        right = int(np.median(np.nonzero(mask)[1]))
    rest = mask.copy()
    rest[top:bottom, left:right] = False
    return boxed(image, (top, bottom, left, right), grey), rest


@dataclass
class Watched:
    """A segmenter whose best tracks' looks are kept, one expression for each thing.

    Attributes:
        segmenter: the segmenter, fresh.
        recorder: of the block in which it runs.
        rows: float32 [columns] of each look.
    """

    segmenter: VideoSegmenter
    recorder: Recorder
    rows: list[NDArray[np.float32]] = field(default_factory=list)
    _masks: Tensor | None = None
    _iou: Tensor | None = None

    def see(
        self, frame: Frame, masks: Sequence[Mask], way: int, only: int | None = None
    ) -> None:
        """Go on by a frame.

        Args:
            frame: the frame.
            masks: bool [H, W] what is to be seen of each thing.
            way: what was done to the frame, of :data:`WAYS`.
            only: the thing that counts; None: all.
        """
        self.recorder.signs = None
        self.segmenter.step(frame)
        assert self.segmenter.tracker is not None
        tracked = self.segmenter.tracker.best()
        truth = torch.from_numpy(np.stack(masks)).float()
        iou = shown(tracked[:, None], truth)[:, 0].diagonal().clone()
        iou[~truth.flatten(1).any(1)] = nan
        signs, before = self.recorder.signs, self._masks
        if signs is not None and before is not None and self._iou is not None:
            near = torch.stack([_touches(tracked, before, grid) for grid in GRIDS], 1)
            ways = torch.full_like(iou, way)
            table = torch.cat([torch.stack([ways, iou, self._iou], 1), signs, near], 1)
            shows = torch.from_numpy(self.segmenter.presence.present) & ~signs[:, 2].isnan()
            if only is not None:
                shows &= torch.arange(len(shows)) == only
            self.rows += list(table[shows].numpy())
        if only is None:
            self._masks, self._iou = tracked, iou

    def hide(
        self, frames: Sequence[Frame], masks: Sequence[Sequence[Mask]], number: int, grey: int
    ) -> None:
        """Hide one of the things in all ways on the next frames, then forget that."""
        assert self.segmenter.tracker is not None
        state = self.segmenter.state_dict()
        assert self.segmenter.tracker.state is not None
        self.recorder.frozen = replace(self.segmenter.tracker.state.likeness)
        for way, name in enumerate(WAYS):
            if name == "as it is":
                continue
            for frame, own in zip(frames, masks, strict=True):
                if own[number].any():
                    image, rest = hidden(frame.image, own[number], name, grey)
                    left = [*own[:number], rest, *own[number + 1 :]]
                    self.see(replace(frame, image=image), left, way, number)
            self.segmenter.load_state_dict(state)
        self.recorder.frozen = None


def looks_of(
    segmenter: VideoSegmenter,
    frames: Sequence[Frame],
    masks: Sequence[Sequence[Mask]],
    moments: Sequence[int] = MOMENTS,
) -> NDArray[np.float32]:
    """float32 [n, columns] of a clip, at some frames one thing after the other hidden."""
    recorder = Recorder()
    watched = Watched(segmenter, recorder)
    with recording(recorder):
        for number, (frame, own) in enumerate(zip(frames, masks, strict=True)):
            if number in moments:
                turn = moments.index(number)
                until = number + HIDDEN
                grey = (BLACK, GREY)[turn % 2]
                watched.hide(frames[number:until], masks[number:until], turn % len(own), grey)
            watched.see(frame, own, 0)
    return np.stack([np.zeros(len(COLUMNS), np.float32), *watched.rows])[1:]


def _touches(masks: Tensor, others: Tensor, grid: int) -> Tensor:
    """float32 [Q]: whether masks [Q, a, b] have a cell in common with others."""
    cells = [
        F.adaptive_max_pool2d((m > 0).float()[:, None], grid).flatten(1)
        for m in (masks, others)
    ]
    return (cells[0] * cells[1]).amax(1)
