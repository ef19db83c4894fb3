"""``MapPropagation``: the way of a frame without mask candidates."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.config.video import MemoryConfig
from car_video.segment.segmenter import ImageSegmenter
from car_video.video.feature_memory import unit_features
from car_video.video.map_memory.carry_over import CarryOver
from car_video.video.map_memory.smoothing import MapMemory
from car_video.video.state.tensors import State, joined, part_of


class MapPropagation:
    """Proposals that remember, and their refinement.

    Args:
        queries: how many expressions.
        config: see :class:`MemoryConfig`.
    """

    def __init__(self, queries: int, config: MemoryConfig) -> None:
        self.carry_over = CarryOver(queries)
        self.memory = MapMemory(queries, config)

    def reset(self) -> None:
        """Forget what maps were; which queries are in the race stays."""
        self.memory.reset()

    def select(self, places: Sequence[int]) -> None:
        """Other expressions from now on, see :mod:`car_video.video.state.selection`."""
        self.carry_over.select(places)
        self.memory.select(places)

    def step(
        self,
        segmenter: ImageSegmenter,
        image: NDArray[np.uint8],
        keyframe: bool,
        seconds: float,
    ) -> tuple[Tensor, NDArray[np.float32], dict[str, NDArray[np.float32]] | None]:
        """Masks bool [Q, h, w], scores float32 [Q] and evidence of the next frame.

        Evidence: :meth:`~car_video.segment.recurrence.Survivors.evidence_of_all`.

        Args:
            segmenter: the image algorithm.
            image: uint8 [H, W, 3].
            keyframe: whether the whole recurrence runs; otherwise one step of it, on the
                survivors of the last frame.
            seconds: since the last frame.
        """
        queries = len(segmenter.queries)
        encoded = segmenter.encode(image)
        features = unit_features(encoded.features.cam_map[0])
        frame_scores = segmenter.frame_scores(encoded)
        if keyframe:
            survivors = segmenter.recur(encoded)
        else:
            start = self.carry_over.start(frame_scores)
            survivors = segmenter.recur(encoded, start, max_steps=1)
        self.carry_over.end(survivors.alive, frame_scores)
        votes = self.memory.match(features, seconds)
        mixed = self.memory.step(features, votes, survivors.maps, survivors.alive, seconds)
        masks = segmenter.refine(encoded, dataclasses.replace(survivors, maps=mixed))
        of_all = masks.new_zeros(queries, *masks.shape[-2:])
        of_all[survivors.alive] = masks
        scores, evidence = survivors.scores_of_all(queries), survivors.evidence_of_all(queries)
        return of_all, scores, evidence

    def state_dict(self) -> State:
        """``carry_over`` and ``memory``."""
        parts = {"carry_over": self.carry_over.state_dict(), "memory": self.memory.state_dict()}
        return joined(parts)

    def load_state_dict(self, state: State, device: torch.device) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        self.carry_over.load_state_dict(part_of(state, "carry_over"))
        self.memory.load_state_dict(part_of(state, "memory"), device)
