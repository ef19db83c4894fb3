"""CaR's rule for automatic masks, one proposal and one mask at a time (released code)."""

from __future__ import annotations

import numpy as np


def joined(
    proposal: np.ndarray, parts: np.ndarray, phi_iom: float, phi_iou: float, least: float
) -> np.ndarray:
    """The mask [h, w] that takes the place of ``proposal`` [h, w], of ``parts`` [K, h, w]."""
    if not proposal.any() or not len(parts):
        return proposal
    scores = []
    for part in parts:
        both = np.logical_and(proposal, part).sum()
        of_part = both / part.sum() if part.any() else 0.0
        of_proposal = both / proposal.sum()
        if of_proposal < least:
            of_part = 0.0
        scores.append(max(of_part, of_proposal))
    matched = [k for k, score in enumerate(scores) if score > phi_iom]
    if not matched:
        matched = [int(np.argmax(scores))]
    union = np.zeros_like(proposal)
    for k in matched:
        union = np.logical_or(union, parts[k])
    iou = np.logical_and(proposal, union).sum() / np.logical_or(proposal, union).sum()
    return union if iou > phi_iou else proposal
