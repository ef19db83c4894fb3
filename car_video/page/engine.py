"""``Engine``: the models, loaded once and shared by all who have the page open."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from car_video.backends.catalog import with_backend
from car_video.config import Config, load_preset
from car_video.models.catalog import check_model, default_preset
from car_video.models.pair import ModelPair
from car_video.models.sam.base import MaskModel
from car_video.page.remembered import RememberingMaskModel, RememberingSegmenter
from car_video.page.turns import Turns
from car_video.page.work import RunSettings
from car_video.segment.everyday import everyday_embeddings
from car_video.segment.segmenter import ImageSegmenter
from car_video.video.correction.corrector import Corrector
from car_video.video.segmenter import VideoSegmenter

OFFERED = ("default", "fast", "best")
"""Presets of the bundled model that the page offers; docs/video.md says what they give."""


class Engine:
    """Models and settings. Whatever computes takes a turn (:attr:`turns`) first.

    Args:
        model: name; None for the preset's.
        preset: the only one to offer; None for :data:`OFFERED`.
        device: where to compute.
        backend: what computes the image encoders; None for the presets'.
        assume_present: begin with that, see :class:`~car_video.page.work.RunSettings`.

    Attributes:
        presets: settings by name, the one to begin with first.
        model: its name where it is not that of the presets.
        first: settings to begin with.
        turns: of all who share the models.

    Raises:
        ConfigError: an unknown preset, or one whose back end is not installed.
        ModelError: an unknown model.
    """

    def __init__(
        self,
        model: str | None = None,
        preset: str | None = None,
        device: str = "auto",
        backend: str | None = None,
        assume_present: bool = False,
    ) -> None:
        if model is not None:
            check_model(model)
        names = [preset] if preset is not None else list(OFFERED)
        if preset is None and model is not None and model != "lite":
            names = [default_preset(model)]
        self.presets: Mapping[str, Config] = {
            name: with_backend(_with_model(load_preset(name), model), backend) for name in names
        }
        self.model = model
        self.first = RunSettings(names[0], assume_present)
        self.turns = Turns()
        self._device = device
        self._loading = threading.Lock()
        self._models: tuple[ModelPair, MaskModel | None] | None = None

    @property
    def always_assumes(self) -> bool:
        """Whether every preset says by itself that what is looked for is there."""
        return all(config.segment.assume_present for config in self.presets.values())

    def config(self, settings: RunSettings, single: bool) -> Config:
        """The whole configuration.

        Args:
            settings: whose preset is one of :attr:`presets`.
            single: for one picture, which has no time that tracks could use.
        """
        config = self.presets[settings.preset]
        if settings.assume_present:
            config = config.assuming_present()
        if not single:
            return config
        video = dataclasses.replace(
            config.video, mode="per-frame", target_fps=None, tracker="flow"
        )
        return dataclasses.replace(config, video=video)

    def load(self) -> None:
        """Load the models, unless they are there.

        Raises:
            ModelError: weights are missing or damaged, or the device is not there.
        """
        with self._loading:
            if self._models is None:
                from car_video.models.registry import load_model
                from car_video.models.sam.registry import load_mask_model

                config = self.presets[self.first.preset]
                pair = load_model(config.model, self._device)
                masks = None
                if config.segment.refine == "sam":
                    masks = load_mask_model(config.segment.sam.model, pair.device)
                if config.segment.scale == "measured":
                    # No sentence has a part in it, and the first one need not wait for it.
                    everyday_embeddings(pair.proposer)
                self._models = pair, masks

    def use(self, model: ModelPair, mask_model: MaskModel | None) -> None:
        """Take models that are loaded already."""
        self._models = model, mask_model

    @property
    def loaded(self) -> bool:
        """Whether the models are there."""
        return self._models is not None

    def image_segmenter(
        self, expressions: Sequence[str], settings: RunSettings
    ) -> RememberingSegmenter:
        """For single frames; it remembers what it has encoded."""
        self.load()
        assert self._models is not None
        pair, masks = self._models
        remembering: Any = None if masks is None else RememberingMaskModel(masks)
        segment = self.config(settings, single=False).segment
        return RememberingSegmenter(pair, expressions, segment, remembering)

    def video_segmenter(
        self, expressions: Sequence[str], settings: RunSettings, single: bool
    ) -> VideoSegmenter:
        """For a run."""
        self.load()
        assert self._models is not None
        pair, masks = self._models
        config = self.config(settings, single)
        return VideoSegmenter(pair, expressions, config.segment, config.video, mask_model=masks)

    def corrector(
        self, image: ImageSegmenter, settings: RunSettings, single: bool
    ) -> Corrector:
        """Carries corrections to other frames."""
        return Corrector(image, self.config(settings, single).video)


def _with_model(config: Config, model: str | None) -> Config:
    return config if model is None else dataclasses.replace(config, model=model)
