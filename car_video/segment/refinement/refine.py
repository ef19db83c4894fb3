"""The refinement step: from the proposals of the survivors to masks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from car_video.config import SegmentConfig
from car_video.models.sam.base import MaskEmbedding, MaskModel
from car_video.segment.encoding import EncodedImage, working_size
from car_video.segment.mask_selection.automatic import automatic_masks, join_parts
from car_video.segment.mask_selection.overlaps import resolve_overlaps
from car_video.segment.mask_selection.sam_prompts import (
    Candidates,
    best_candidates,
    box_pass,
    propose_candidates,
)
from car_video.segment.recurrence import Survivors
from car_video.segment.refinement.crf.inference import DenseCrf
from car_video.segment.refinement.crf.labels import refine_refer, refine_semantic
from car_video.segment.refinement.guided_filter import enlarge_guided
from car_video.segment.refinement.thresholds import thresholds_per_map
from car_video.segment.resizing import enlarge

PARTS_AT_ONCE = 16
"""Automatic masks that are enlarged at once: 133 MB of float32 at 1920 x 1080."""


@dataclass(frozen=True)
class RefinedMasks:
    """Masks of the N survivors.

    Attributes:
        masks: bool [N, h, w] at working size.
        count_probability: float32 [N] in [0, 1]: how probable it is that there are as many
            things as words of place count; None where no query has places, or without
            candidates.
        candidates: what the masks were chosen from; None where they were made otherwise, or
            where candidates were not to be kept.
    """

    masks: Tensor
    count_probability: Tensor | None = None
    candidates: Candidates | None = None


class MaskRefiner:
    """Makes masks of proposals, as ``config.refine`` says.

    Args:
        sam: a loaded mask model; needed for ``refine="sam"``.
    """

    def __init__(self, sam: MaskModel | None) -> None:
        self.sam = sam
        self._last_parts: tuple[MaskEmbedding, Tensor] | None = None

    @torch.inference_mode()
    def __call__(
        self,
        encoded: EncodedImage,
        survivors: Survivors,
        config: SegmentConfig,
        keep_candidates: bool = False,
    ) -> RefinedMasks:
        """Masks of the survivors in a picture.

        Args:
            encoded: the picture.
            survivors: the result of the recurrence in it.
            config: may change from one picture to the next.
            keep_candidates: return what the masks were chosen from, too.
        """
        if config.refine != "sam" or self.sam is None:
            return RefinedMasks(refine_without_sam(encoded, survivors.maps, config))
        size = working_size(encoded)
        embedding = self.sam.encode(encoded.pixels, config.sam.side)
        candidates = count_probability = None
        if config.sam.rule == "automatic":
            masks = refine_without_sam(encoded, survivors.maps, config, crf=True)
            parts = self.parts(embedding, size, config)
            logits = join_parts(masks, parts, config.sam.automatic).float() - 0.5
        else:
            logits, candidates = self._chosen(embedding, survivors, size, config)
            count_probability = candidates.count_probability
            candidates = candidates if keep_candidates else None
        if config.mode == "semantic" and len(logits) > 1:
            # Queries compete in this mode: the maps decide about pixels of two masks.
            masks = resolve_overlaps(logits, size, survivors.maps)
        else:
            masks = enlarge(logits, size) > 0
        return RefinedMasks(masks, count_probability, candidates)

    def parts(
        self, embedding: MaskEmbedding, size: tuple[int, int], config: SegmentConfig
    ) -> Tensor:
        """SAM's automatic masks, bool [K, *size]; those of the last picture are kept."""
        assert self.sam is not None
        if self._last_parts is None or self._last_parts[0] is not embedding:
            logits = automatic_masks(self.sam, embedding, size, config.sam.automatic)
            masks = [enlarge(part, size) > 0 for part in logits.split(PARTS_AT_ONCE)]
            self._last_parts = (embedding, torch.cat(masks))
        return self._last_parts[1]

    def _chosen(
        self,
        embedding: MaskEmbedding,
        survivors: Survivors,
        size: tuple[int, int],
        config: SegmentConfig,
    ) -> tuple[Tensor, Candidates]:
        """The best candidate of each survivor, logits [N, a, b], and all of them."""
        assert self.sam is not None
        maps, evidence, cues = survivors.maps, survivors.evidence, survivors.cues
        candidates = propose_candidates(
            self.sam,
            embedding,
            maps,
            evidence,
            size,
            config.sam,
            cues,
            survivors.places,
            survivors.plural,
        )
        if cues is not None and cues.kinds is not None:
            among_kind = cues.among_kind(candidates.logits)
            weighed = torch.where(candidates.valid, candidates.agreement * among_kind, -1.0)
            candidates = replace(candidates, agreement=weighed)
        logits, _ = best_candidates(candidates)
        if config.sam.box_pass:
            logits = box_pass(self.sam, embedding, logits, maps, evidence, size, cues)
        return logits, candidates


def upsample(encoded: EncodedImage, maps: Tensor, guided: bool) -> Tensor:
    """Maps [N, a, b] at working size [N, h, w], along the picture's edges if ``guided``."""
    if guided:
        return enlarge_guided(maps, encoded.pixels)
    return enlarge(maps, working_size(encoded))


def refine_without_sam(
    encoded: EncodedImage, maps: Tensor, config: SegmentConfig, crf: bool | None = None
) -> Tensor:
    """Masks by a threshold, or by the dense CRF.

    Args:
        encoded: the picture.
        maps: [N, a, b] proposals in [0, 1].
        config: of the segmenter.
        crf: use the dense CRF; by default as ``config.refine`` says.

    Returns:
        bool [N, h, w].
    """
    crf = config.refine == "crf" if crf is None else crf
    eta = config.proposal.mask_threshold
    enlarged = upsample(encoded, maps, config.proposal.guided)
    per_map = config.proposal.threshold_rule == "per-map"
    threshold = torch.full_like(maps[:, 0, 0], eta)
    if per_map:
        threshold = thresholds_per_map(maps, enlarged, eta)
    threshold = threshold[:, None, None]
    if not crf:
        best = enlarged == enlarged.amax(0, keepdim=True)
        wins = best if config.mode == "semantic" else torch.ones_like(best)
        return (enlarged > threshold) & wins
    if config.crf.centred and (per_map or 0 < eta < 1):
        # The CRF's unary puts the border between object and background at one half.
        enlarged = enlarged ** (np.log(0.5) / threshold.log())
    picture = (encoded.pixels[0].permute(1, 2, 0) * 255).round().to(torch.uint8)
    inference = DenseCrf(picture, config.crf, maps.device)
    refine = refine_semantic if config.mode == "semantic" else refine_refer
    return refine(inference, enlarged, config.crf.background_power)[0]
