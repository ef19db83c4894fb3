"""From the proposals that the recurrence has left to masks: the refinement step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from car_video.config import SegmentConfig
from car_video.models.sam.base import MaskEmbedding, MaskModel
from car_video.segment.encoding import EncodedImage
from car_video.segment.mask_selection.automatic import automatic_masks, join_parts
from car_video.segment.mask_selection.overlaps import resolve_overlaps
from car_video.segment.mask_selection.sam_prompts import asked_again, choose, propose_candidates
from car_video.segment.recurrence import Survivors
from car_video.segment.refinement.crf.inference import DenseCrf, refine_apart, refine_together
from car_video.segment.refinement.thresholds import own_thresholds
from car_video.segment.resizing import enlarge, enlarge_guided


@dataclass(frozen=True)
class RefinedMasks:
    """Masks of the survivors.

    Attributes:
        masks: bool [N, h, w] at working size.
        count_probability: [N] in [0, 1], how probable it is that there are as many things as
            words of place count; None where no query has places, or without candidates.
    """

    masks: Tensor
    count_probability: Tensor | None = None


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
        self, view: EncodedImage, survivors: Survivors, config: SegmentConfig
    ) -> RefinedMasks:
        """Masks of the survivors in a picture.

        Args:
            view: the picture.
            survivors: where the recurrence stopped in it.
            config: may change from one picture to the next.
        """
        if config.refine != "sam" or self.sam is None:
            return RefinedMasks(sharpen(view, survivors.maps, config, config.refine))
        size = (int(view.pixels.shape[-2]), int(view.pixels.shape[-1]))
        embedding = self.sam.encode(view.pixels, config.sam.side)
        count_probability = None
        if config.sam.rule == "automatic":
            masks = sharpen(view, survivors.maps, config, "crf")
            parts = self.parts(embedding, size, config)
            logits = join_parts(masks, parts, config.sam.automatic).float() - 0.5
        else:
            logits, count_probability = self._chosen(embedding, survivors, size, config)
        if config.mode == "semantic" and len(logits) > 1:
            # What two claim goes to whom language gives it.
            return RefinedMasks(
                resolve_overlaps(logits, size, survivors.maps), count_probability
            )
        return RefinedMasks(enlarge(logits, size) > 0, count_probability)

    def parts(
        self, embedding: MaskEmbedding, size: tuple[int, int], config: SegmentConfig
    ) -> Tensor:
        """SAM's automatic masks, bool [K, *size]; those of the last picture are kept."""
        assert self.sam is not None
        if self._last_parts is None or self._last_parts[0] is not embedding:
            logits = automatic_masks(self.sam, embedding, size, config.sam.automatic)
            masks = [enlarge(part, size) > 0 for part in logits.split(16)]
            self._last_parts = (embedding, torch.cat(masks))
        return self._last_parts[1]

    def _chosen(
        self,
        embedding: MaskEmbedding,
        survivors: Survivors,
        size: tuple[int, int],
        config: SegmentConfig,
    ) -> tuple[Tensor, Tensor | None]:
        """The best candidate of each survivor, logits [N, a, b], and the count probability."""
        assert self.sam is not None
        maps, evidence, colours = survivors.maps, survivors.evidence, survivors.colours
        candidates = propose_candidates(
            self.sam,
            embedding,
            maps,
            evidence,
            size,
            config.sam,
            colours,
            survivors.places,
            survivors.plural,
        )
        logits, _ = choose(candidates)
        if config.sam.box_pass:
            logits = asked_again(self.sam, embedding, logits, maps, evidence, size, colours)
        return logits, candidates.count_probability


def upsample(view: EncodedImage, maps: Tensor, guided: bool) -> Tensor:
    """Maps [N, a, b] at working size [N, h, w], along the picture's edges if ``guided``."""
    if guided:
        return enlarge_guided(maps, view.pixels)
    return enlarge(maps, (int(view.pixels.shape[-2]), int(view.pixels.shape[-1])))


def sharpen(view: EncodedImage, maps: Tensor, config: SegmentConfig, refine: str) -> Tensor:
    """Masks without mask candidates.

    Args:
        view: the picture.
        maps: [N, a, b] proposals in [0, 1].
        config: of the segmenter.
        refine: none or crf.

    Returns:
        bool [N, h, w].
    """
    common = config.proposal.mask_threshold
    enlarged = upsample(view, maps, config.proposal.guided)
    own = config.proposal.threshold_rule == "per-map"
    picture = (view.pixels[0].permute(1, 2, 0) * 255).round().to(torch.uint8)
    threshold = torch.full_like(maps[:, 0, 0], common)
    if own:
        threshold = own_thresholds(maps, enlarged, common)
    threshold, maps = threshold[:, None, None], enlarged
    if refine == "none":
        best = maps == maps.amax(0, keepdim=True)
        wins = best if config.mode == "semantic" else torch.ones_like(best)
        return (maps > threshold) & wins
    if config.crf.centred and (own or 0 < common < 1):
        # The CRF's unary puts the border between object and background at one half.
        maps = maps ** (np.log(0.5) / threshold.log())
    crf = DenseCrf(picture, config.crf, maps.device)
    together = refine_together if config.mode == "semantic" else refine_apart
    return together(crf, maps, config.crf.background_power)[0]
