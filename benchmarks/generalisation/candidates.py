"""What a frame's candidates and features are, kept, so that a change of scoring alone is judged
in seconds.

Candidates are the masks that SAM answers at the peaks of today's maps for every sentence, and
at a fixed grid of points, which depends on no map. Features are kept apart from them: another
model or other weights of it need a new pass of the encoder, and none of SAM.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.generalisation.sequences import KINDS, VideoSequence
from car_video import Config, Frame, ImageSegmenter
from car_video.config import AutomaticConfig
from car_video.models.pair import ModelPair
from car_video.models.sam.base import MaskModel
from car_video.segment.mask_selection.automatic import automatic_masks
from car_video.segment.mask_selection.candidates import stability
from car_video.segment.mask_selection.sam_prompts import map_agreement, propose_candidates

GRID = AutomaticConfig(points_per_side=8)
"""Of the points that SAM is prompted at whatever the maps say."""
SAME_IOU = 0.95
"""Masks that overlap more are one candidate; the first of them stays."""
FROM_GRID = -1
"""Source of a candidate of the grid; others have the place of their sentence."""


@dataclass(frozen=True)
class Query:
    """A sentence about an object of the sequence.

    Attributes:
        text: of it.
        kind: noun, attribute, action or context.
        target: place of the object in the sequence's list.
    """

    text: str
    kind: str
    target: int


@dataclass(frozen=True)
class CachedFrame:
    """One frame with M candidates, T targets and Q sentences.

    Attributes:
        dense: float32 [D, h, w], embedding of each cell, not normalised.
        masks: bool [M, a, b] on SAM's grid.
        stability: float32 [M] in [0, 1].
        source: int64 [M]: :data:`FROM_GRID` or the place of the sentence.
        iou: float32 [M, T] with the targets, on SAM's grid.
        visible: bool [T]: whether the target is in the frame.
        chosen: int64 [Q]: what the code that made the cache chose; -1 for nothing.
        agreement: float32 [Q, M] in [0, 1] of every mask with every sentence's maps, without
            cues; 0 for a sentence that the recurrence has dropped.
    """

    dense: Tensor
    masks: Tensor
    stability: Tensor
    source: Tensor
    iou: Tensor
    visible: Tensor
    chosen: Tensor
    agreement: Tensor

    def shares(self) -> Tensor:
        """float32 [M, h, w]: how much of each cell each mask covers."""
        rows, columns = self.dense.shape[-2:]
        return F.adaptive_avg_pool2d(self.masks.float(), (rows, columns))

    def pooled(self) -> Tensor:
        """float32 [M, D]: unit-length mean embedding of each mask; 0 where it has no area."""
        shares = self.shares().flatten(1)
        return F.normalize(shares @ self.dense.flatten(1).T, dim=-1)


def queries_of(sequence: VideoSequence) -> list[Query]:
    """All sentences about the sequence's objects, in a fixed order."""
    return [
        Query(target.sentences[kind], kind, place)
        for kind in KINDS
        for place, target in enumerate(sequence.targets)
    ]


class CandidateMaker:
    """Candidates and features of the frames of one sequence.

    Args:
        model: whose maps are prompted.
        sam: the mask model.
        config: a preset.
        sequence: its sentences are asked one by one.
    """

    def __init__(
        self, model: ModelPair, sam: MaskModel, config: Config, sequence: VideoSequence
    ) -> None:
        self.sam, self.config = sam, config.segment
        self.segmenters = [
            ImageSegmenter(model, [query.text], config.segment, sam)
            for query in queries_of(sequence)
        ]
        self.numbers = torch.tensor([target.number for target in sequence.targets])

    @torch.inference_mode()
    def step(self, frame: Frame, truth: NDArray[np.uint8]) -> CachedFrame:
        """The next frame.

        Args:
            frame: of the sequence.
            truth: uint8 [H, W], ids of the objects.
        """
        encoded = self.segmenters[0].encode(frame.image)
        dense = encoded.features.dense
        assert dense is not None
        embedding = self.sam.encode(encoded.pixels, self.config.sam.side)
        size = (int(encoded.pixels.shape[-2]), int(encoded.pixels.shape[-1]))
        logits, sources, best, maps = [], [], [], []
        for place, segmenter in enumerate(self.segmenters):
            found = segmenter.recur(encoded)
            best.append(-1)
            maps.append((found.maps, found.evidence) if len(found.alive) else None)
            if len(found.alive):
                answer = propose_candidates(
                    self.sam,
                    embedding,
                    found.maps,
                    found.evidence,
                    size,
                    self.config.sam,
                    found.cues,
                    found.places,
                    found.plural,
                )
                best[-1] = sum(map(len, logits)) + int(answer.agreement[0].argmax())
                logits.append(answer.logits[0])
                sources += [place] * len(logits[-1])
        logits.append(automatic_masks(self.sam, embedding, size, GRID))
        sources += [FROM_GRID] * len(logits[-1])
        every = torch.cat(logits)
        masks = every > 0
        kept, stands_for = distinct(masks)
        targets = torch.from_numpy(truth)[None] == self.numbers[:, None, None]
        small = F.adaptive_avg_pool2d(targets[None].float(), masks.shape[-2:])[0] > 0.5
        return CachedFrame(
            dense[0].float(),
            masks[kept],
            stability(every[kept]),
            torch.tensor(sources)[kept],
            overlaps(masks[kept], small),
            targets.flatten(1).any(1),
            torch.tensor([-1 if one < 0 else int(stands_for[one]) for one in best]),
            torch.cat(
                [
                    torch.zeros(1, len(kept))
                    if own is None
                    else map_agreement(every[kept][None], *own)
                    for own in maps
                ]
            ),
        )


def distinct(masks: Tensor) -> tuple[Tensor, Tensor]:
    """Which of M masks bool [M, a, b] differ.

    Returns:
        int64 [K]: numbers of the masks that are kept, none of them empty; int64 [M]: place in
        that list of the mask that stands for each, -1 for an empty one.
    """
    shared = overlaps(masks, masks)
    kept: list[int] = []
    stands_for = torch.full((len(masks),), -1, dtype=torch.int64)
    for number in masks.flatten(1).any(1).nonzero()[:, 0].tolist():
        same = shared[number, kept] > SAME_IOU if kept else torch.zeros(0, dtype=torch.bool)
        if bool(same.any()):
            stands_for[number] = int(same.nonzero()[0, 0])
        else:
            stands_for[number] = len(kept)
            kept.append(number)
    return torch.tensor(kept, dtype=torch.int64), stands_for


def overlaps(masks: Tensor, others: Tensor) -> Tensor:
    """IoU float32 [M, N] of bool [M, a, b] with bool [N, a, b]; 0 where both are empty."""
    first, second = masks.flatten(1).float(), others.flatten(1).float()
    shared = first @ second.T
    return shared / (first.sum(1)[:, None] + second.sum(1) - shared).clamp_min(1)


def write_frames(folder: Path, name: str, frames: list[CachedFrame]) -> None:
    """Keep a sequence: ``candidates/NAME.npz`` and ``features/NAME.npz``."""
    candidates: dict[str, Any] = {}
    for number, frame in enumerate(frames):
        own = {
            "shape": np.array(frame.masks.shape),
            "masks": np.packbits(frame.masks.numpy()),
            "stability": frame.stability.numpy(),
            "source": frame.source.numpy(),
            "iou": frame.iou.numpy(),
            "visible": frame.visible.numpy(),
            "chosen": frame.chosen.numpy(),
            "agreement": frame.agreement.numpy(),
        }
        candidates |= {f"{number}.{key}": value for key, value in own.items()}
    features = {str(n): frame.dense.half().numpy() for n, frame in enumerate(frames)}
    _write(folder / "features" / f"{name}.npz", features)
    _write(folder / "candidates" / f"{name}.npz", candidates)


def read_frames_of(folder: Path, name: str) -> Iterator[CachedFrame]:
    """The kept frames of a sequence, in order.

    Raises:
        FileNotFoundError: none are kept.
    """
    with (
        np.load(folder / "candidates" / f"{name}.npz") as candidates,
        np.load(folder / "features" / f"{name}.npz") as features,
    ):
        for number in range(len(features.files)):
            own = {
                key: candidates[f"{number}.{key}"]
                for key in ("stability", "source", "iou", "visible", "chosen", "agreement")
            }
            shape = tuple(candidates[f"{number}.shape"].tolist())
            bits = np.unpackbits(candidates[f"{number}.masks"], count=int(np.prod(shape)))
            yield CachedFrame(
                torch.from_numpy(features[str(number)]).float(),
                torch.from_numpy(bits.reshape(shape).astype(bool)),
                **{key: torch.from_numpy(value) for key, value in own.items()},
            )


def _write(file: Path, arrays: dict[str, Any]) -> None:
    """Write an archive, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.stem}.{os.getpid()}.part.npz")
    np.savez(part, **arrays)
    part.replace(file)
