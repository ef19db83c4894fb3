"""``ObjectFollower``: one thing followed from a frame on which its mask is known.

The tracks are those of :mod:`car_video.video.tracking`. The corrected mask takes the place of
the sentence: SAM is prompted where a frame resembles it, and candidates are scored by their
agreement with that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import SamRefineConfig
from car_video.config.video import VideoConfig
from car_video.models.numerics import in_standard_torch
from car_video.models.sam.base import MaskModel
from car_video.segment.mask_selection.sam_prompts import map_agreement
from car_video.video.correction.matching import Reference
from car_video.video.feature_memory import unit_features
from car_video.video.observation import EncodedFrame
from car_video.video.presence import PresenceFilter
from car_video.video.tracking.appearance import PROVEN_SECONDS, ObjectAppearance
from car_video.video.tracking.frames import LanguageFrame
from car_video.video.tracking.handover import inject
from car_video.video.tracking.mask_tensors import MAX_LOGIT, appearance_of
from car_video.video.tracking.tracker import Tracker
from car_video.video.tracking.tracks import AGREEMENT_FLOOR, Tracks

STILL_THERE = 0.5
"""Part of the corrected mask's own agreement from which on the thing is in the frame: half."""
STAYS = 0.8
"""Part of that down to which it stays there. Likeness with the corrected mask does not waver as
language does, and what is hidden must not become the thing beside it."""


@dataclass(frozen=True)
class Followed:
    """A thing on one frame.

    Attributes:
        logits: [a, b]; below zero everywhere where it is not there.
        score: in [0, 1]: how much it resembles the corrected one.
        present: whether it is in the frame.
    """

    logits: Tensor
    score: float
    present: bool


class ObjectFollower:
    """Follows one thing, forwards or backwards in time.

    Args:
        sam: the mask model.
        refine: how it is prompted.
        video: settings of tracks, memory and presence.
    """

    def __init__(self, sam: MaskModel, refine: SamRefineConfig, video: VideoConfig) -> None:
        self._temperature = video.memory.temperature
        self._tracker = Tracker(sam, 1, video.tracks, video.memory, refine)
        self._presence = PresenceFilter(1, STILL_THERE, replace(video.presence, stay=STAYS))
        self._reference: Reference | None = None
        self._usual = 1.0

    @in_standard_torch
    @torch.inference_mode()
    def begin(
        self, frame: EncodedFrame, thumbnail: NDArray[np.uint8], mask: NDArray[np.bool_]
    ) -> None:
        """Take the thing under a mask.

        Args:
            frame: the corrected one, encoded.
            thumbnail: uint8 [h', w', 3] of it.
            mask: bool [H, W], not empty, at the size of the frame.
        """
        features = unit_features(frame.image.features.cam_map[0])
        pixels = torch.from_numpy(np.ascontiguousarray(mask)).to(features.device)
        logits = _as_logits(pixels, frame.embedding.grid)
        self._reference = Reference.of(features, logits > 0, self._temperature)
        seen = self._language_frame(frame, thumbnail, features)
        self._tracker.step(seen, 0.0)
        state = self._tracker.state
        assert state is not None
        appearance = appearance_of(logits[None, None], features)[:, 0]
        assert seen.maps is not None
        agreement = map_agreement(logits[None, None], seen.maps, seen.maps)
        self._usual = max(float(agreement), AGREEMENT_FLOOR)
        count = state.tracks.value.shape[1]
        own = Tracks.none(1, count, state.grid, len(features), features)
        own.logits[0, 0] = logits
        own.value[0, 0] = float(np.log(self._usual))
        own.age[0, 0] = PROVEN_SECONDS
        own.seen[0, 0] = 1
        own.appearance[0, 0] = appearance[0]
        inject(self._tracker, 0, own)
        # The corrected frame stays in memory: no score replaces one that a person has given.
        state.known[0, 0, -1] = True
        state.anchor = float("inf")
        state.objects = ObjectAppearance(appearance, features.new_ones(1))
        self._presence.step(np.ones(1, np.float32), 0.0)

    @in_standard_torch
    @torch.inference_mode()
    def step(
        self, frame: EncodedFrame, thumbnail: NDArray[np.uint8], seconds: float
    ) -> Followed:
        """The next frame, in whichever direction.

        Args:
            frame: encoded.
            thumbnail: uint8 [h', w', 3] of it.
            seconds: to the last frame, at least 0.
        """
        features = unit_features(frame.image.features.cam_map[0])
        seen = self._language_frame(frame, thumbnail, features)
        logits = self._tracker.step(seen, seconds)[0]
        likeness = np.minimum(self._tracker.agreement() / self._usual, 1).astype(np.float32)
        scores, present = self._presence.step(likeness, seconds)
        there = bool(present[0]) and bool((logits > 0).any())
        if not there:
            logits = torch.full_like(logits, -MAX_LOGIT)
        return Followed(logits, float(scores[0]), there)

    @in_standard_torch
    @torch.inference_mode()
    def resemblance(self, frame: EncodedFrame, mask: NDArray[np.bool_]) -> float:
        """How much what is under a mask resembles the corrected thing, in [0, 1].

        Args:
            frame: encoded.
            mask: bool [H, W], not empty, at the size of the frame.
        """
        assert self._reference is not None
        features = unit_features(frame.image.features.cam_map[0])
        pixels = torch.from_numpy(np.ascontiguousarray(mask)).to(features.device)
        logits = _as_logits(pixels, frame.embedding.grid)
        found = self._reference.match(features)[None]
        return min(1.0, float(map_agreement(logits[None, None], found, found)) / self._usual)

    def _language_frame(
        self, frame: EncodedFrame, thumbnail: NDArray[np.uint8], features: Tensor
    ) -> LanguageFrame:
        """The frame as the tracker gets it; its one proposal is what resembles the thing."""
        assert self._reference is not None
        pixels = frame.image.pixels
        found = self._reference.match(features)[None]
        return LanguageFrame(
            thumbnail,
            frame.embedding,
            (int(pixels.shape[-2]), int(pixels.shape[-1])),
            features,
            found,
            found,
            torch.zeros(1, dtype=torch.int64, device=features.device),
        )


def _as_logits(mask: Tensor, grid: tuple[int, int]) -> Tensor:
    """[a, b] logits of a mask bool [H, W]: sure inside and outside, with a soft border."""
    part = F.interpolate(mask[None, None].float(), grid, mode="area")[0, 0]
    if bool((part <= 0.5).all()):  # thinner than a cell: the cells with most of it
        part = torch.where(part == part.max(), 1.0, 0.0)
    return ((part - 0.5) * 2 * MAX_LOGIT).clamp(-MAX_LOGIT, MAX_LOGIT)
