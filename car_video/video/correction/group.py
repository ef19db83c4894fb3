"""``GroupFollower``: the things that an expression names together, each followed by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from car_video.segment.queries import QuerySet
from car_video.video.correction.follower import Followed, ObjectFollower
from car_video.video.observation import EncodedFrame

SMALLEST_PART = 0.1
"""Part of the largest thing from which on a piece of a mask is a thing; smaller ones are specks
or what is seen through a fence."""


class GroupFollower:
    """As :class:`~car_video.video.correction.follower.ObjectFollower`, for several things.

    Args:
        new: makes a follower for one thing.
        several: the expression names several things, so pieces of its mask that do not touch
            are things of their own. Else the mask is one thing, however many pieces it is in.
    """

    def __init__(self, new: Callable[[], ObjectFollower], several: bool) -> None:
        self._new, self._several = new, several
        self._followers: list[ObjectFollower] = []

    def begin(
        self, frame: EncodedFrame, thumbnail: NDArray[np.uint8], mask: NDArray[np.bool_]
    ) -> None:
        """Take the things under a mask; arguments as for one thing."""
        masks = pieces(mask) if self._several else [mask]
        self._followers = [self._new() for _ in masks]
        for follower, own in zip(self._followers, masks, strict=True):
            follower.begin(frame, thumbnail, own)

    def step(
        self, frame: EncodedFrame, thumbnail: NDArray[np.uint8], seconds: float
    ) -> Followed:
        """The next frame: all that is there of them."""
        found = [one.step(frame, thumbnail, seconds) for one in self._followers]
        logits = torch.stack([one.logits for one in found]).amax(0)
        return Followed(
            logits, max(one.score for one in found), any(one.present for one in found)
        )

    def resemblance(self, frame: EncodedFrame, mask: NDArray[np.bool_]) -> float:
        """How much what is under a mask resembles the most similar of them."""
        return max(one.resemblance(frame, mask) for one in self._followers)


def names_several(queries: QuerySet, expression: int) -> bool:
    """Whether an expression names several things ("the dogs", "the dog and the cat")."""
    own = queries.parts[expression]
    plural = queries.plural
    return len(own) > 1 or (plural is not None and any(bool(plural[q]) for q in own))


def pieces(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The pieces of a mask that do not touch, largest first; specks belong to the largest."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    order = areas.argsort()[::-1]
    things = [place for place in order if areas[place] >= SMALLEST_PART * areas[order[0]]]
    found = [labels == place + 1 for place in things]
    found[0] = mask & ~np.any(found[1:], axis=0) if len(found) > 1 else mask
    return found
