"""CaR's rule for the masks that SAM finds without prompts (arXiv 2312.07661, section 3.4).

SAM is prompted at every point of a grid, and its reliable masks are kept: the parts of the
picture. A proposal then becomes the union of the parts that lie in it or contain it, if that
union overlaps it enough.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.config import AutomaticConfig
from car_video.models.sam.base import MaskEmbedding, MaskModel, ProposesAll, crop_logits
from car_video.segment.mask_selection.candidates import PROMPTS_AT_ONCE, stability

PARTS_AT_ONCE = 32
"""Parts held as float32 at once, to bound memory: 265 MB at 1920 x 1080. The result does not
depend on it."""


def automatic_masks(
    sam: MaskModel, embedding: MaskEmbedding, size: tuple[int, int], config: AutomaticConfig
) -> Tensor:
    """The parts of a picture.

    Quality, stability and box overlap are measured on the grid of SAM's logits, not at the size
    of the picture as in SAM's own generator. A model that has all masks of a picture at once is
    not prompted: its masks are held to quality and stability all the same, and stay although
    their boxes overlap, for each of its queries has looked for an object of its own.

    Args:
        sam: the mask model.
        embedding: of the picture.
        size: (H, W) of the picture in pixels that prompts are in.
        config: see :class:`AutomaticConfig`.

    Returns:
        Logits [K, a, b] on SAM's grid without padding, best first; K may be 0.
    """
    if isinstance(sam, ProposesAll):
        logits, quality = sam.all_masks(embedding)
        logits = crop_logits(logits, embedding)
        good = _reliable(logits, quality, config)
        return logits[good][quality[good].argsort(descending=True, stable=True)]
    side = config.points_per_side
    device = embedding.tokens.device
    steps = (torch.arange(side, device=device) + 0.5) / side
    y, x = torch.meshgrid(steps * size[0], steps * size[1], indexing="ij")
    points = torch.stack([x, y], -1).reshape(-1, 1, 2)
    labels = torch.ones(len(points), 1, dtype=torch.int64, device=device)
    found, scores = [], []
    for part, label in zip(
        points.split(PROMPTS_AT_ONCE), labels.split(PROMPTS_AT_ONCE), strict=True
    ):
        logits, quality = sam.predict(embedding, part, label)
        logits, quality = crop_logits(logits, embedding).flatten(0, 1), quality.flatten()
        good = _reliable(logits, quality, config)
        found.append(logits[good])
        scores.append(quality[good])
    logits, quality = torch.cat(found), torch.cat(scores)
    if not len(logits):
        return logits
    from torchvision.ops import masks_to_boxes, nms  # takes as long as torch to import

    boxes = masks_to_boxes(logits > 0)
    boxes[:, 2:] += 1  # from the last cell to its far side
    return logits[nms(boxes, quality, config.box_overlap)]


def _reliable(logits: Tensor, quality: Tensor, config: AutomaticConfig) -> Tensor:
    """bool [K]: masks [K, a, b] that are not empty, that the model is sure of, and that stay
    where they are when they are cut a little higher or lower."""
    good = (quality > config.quality) & (stability(logits) >= config.stability)
    return good & (logits > 0).flatten(1).any(1)


def join_parts(proposals: Tensor, parts: Tensor, config: AutomaticConfig) -> Tensor:
    """Proposals as unions of parts, where the two agree.

    A part belongs if its intersection with the proposal, over the smaller of both, is above
    ``iom`` (a part inside the proposal must also cover ``min_coverage`` of it). If no part
    belongs, the nearest one does. The union replaces the proposal if their IoU is above
    ``iou``.

    Args:
        proposals: bool [N, h, w].
        parts: bool [K, h, w].
        config: see :class:`AutomaticConfig`.

    Returns:
        bool [N, h, w]; empty proposals stay empty, and all stay as they are without parts.
    """
    if not len(parts) or not len(proposals):
        return proposals
    flat = proposals.flatten(1)
    blocks = parts.flatten(1).split(PARTS_AT_ONCE)
    shared = torch.cat([flat.float() @ block.float().T for block in blocks], 1)
    area = flat.sum(1)
    covered = shared / area.clamp_min(1)[:, None]
    inside = shared / parts.flatten(1).sum(1).clamp_min(1)
    iom = torch.maximum(inside.masked_fill(covered < config.min_coverage, 0.0), covered)
    belongs = iom > config.iom
    nearest = F.one_hot(iom.argmax(1), len(parts)).bool()
    belongs = torch.where(belongs.any(1, keepdim=True), belongs, nearest)
    union = torch.zeros_like(flat)
    for chosen, block in zip(belongs.split(PARTS_AT_ONCE, 1), blocks, strict=True):
        union |= chosen.float() @ block.float() > 0
    iou = (flat & union).sum(1) / (flat | union).sum(1).clamp_min(1)
    replaced = (iou > config.iou) & (area > 0)
    return torch.where(replaced[:, None], union, flat).view_as(proposals)
