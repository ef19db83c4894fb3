"""``PanopticSegmenter``: a picture and a vocabulary in; segments, classes or instances out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.config.panoptic import TASKS, PanopticConfig, Task
from car_video.errors import ConfigError, ModelError
from car_video.models.catalog import refusal
from car_video.models.fcclip.model import FcClipModel
from car_video.models.fcclip.network import MaskProposals
from car_video.models.fcclip.text_rows import TextEncoder
from car_video.models.numerics import in_standard_torch
from car_video.segment.panoptic.postprocessing import instances, panoptic_map, semantic_map
from car_video.segment.panoptic.preparation import (
    Sizes,
    as_pixels,
    padded_pixels,
    resize_picture,
    sizes_for,
)
from car_video.text.vocabulary import Vocabulary, load_vocabulary
from car_video.types import Instances, PanopticMap, SemanticMap, as_image


@dataclass(frozen=True)
class EncodedScene:
    """A picture after the network.

    Attributes:
        proposals: of the one picture.
        chances: float32 [Q, K + 1]: probabilities of the classes, void last.
        sizes: of the picture.
    """

    proposals: MaskProposals
    chances: Tensor
    sizes: Sizes


class PanopticSegmenter:
    """FC-CLIP with a vocabulary.

    Args:
        model: of ``load_model("fc-clip-convnext-l")`` or ``load_model("FCCLIP:file.pth")``.
        labels: the classes: ``"coco"``, ``"ade"``, ``"cityscapes"``, ``"mapillary"``, a label
            file, or a :class:`~car_video.text.vocabulary.Vocabulary`.
        config: sizes and thresholds.
        trained_labels: the vocabulary that the model was trained with; classes that share a
            name with it lean on the trained classifier, the others on CLIP.

    Raises:
        ModelError: a model that is no FC-CLIP.
        ConfigError: no such vocabulary.

    Example:
        >>> segmenter = PanopticSegmenter(model, "coco")  # doctest: +SKIP
        >>> segmenter.panoptic(picture).segments[0]  # doctest: +SKIP
        Segment(id=1, label=0, score=0.93, thing=True, area=10412)
    """

    def __init__(
        self,
        model: Any,
        labels: str | Vocabulary = "coco",
        config: PanopticConfig | None = None,
        trained_labels: str | Vocabulary = "coco",
    ) -> None:
        model = getattr(model, "proposer", model)
        if not isinstance(model, FcClipModel):
            name = getattr(model, "name", repr(model))
            raise ModelError(refusal(name, "labels"))
        self.model = model
        self.config = config or PanopticConfig()
        self.vocabulary = _vocabulary(labels)
        self._texts = TextEncoder(model).encode(self.vocabulary, _vocabulary(trained_labels))

    def panoptic(self, image: NDArray[np.uint8]) -> PanopticMap:
        """Segments of things and stuff; ``image`` is uint8 [H, W, 3], RGB."""
        return self._segment(image, ("panoptic",))["panoptic"]

    def semantic(self, image: NDArray[np.uint8]) -> SemanticMap:
        """A class for every pixel."""
        return self._segment(image, ("semantic",))["semantic"]

    def instance(self, image: NDArray[np.uint8]) -> Instances:
        """Masks of things, best first."""
        return self._segment(image, ("instance",))["instance"]

    def segment(
        self, image: NDArray[np.uint8], tasks: tuple[Task, ...] = TASKS
    ) -> dict[Task, PanopticMap | SemanticMap | Instances]:
        """Several tasks in one pass of the network.

        Raises:
            ConfigError: a task that does not exist.
        """
        if unknown := [task for task in tasks if task not in TASKS]:
            raise ConfigError(f"unknown task '{unknown[0]}'; choose from {', '.join(TASKS)}")
        return dict(self._segment(image, tasks))

    def _segment(self, image: NDArray[np.uint8], tasks: tuple[Task, ...]) -> dict[Task, Any]:
        encoded = self.encode(image)
        return {task: self.decode(encoded, task) for task in tasks}

    @in_standard_torch
    @torch.no_grad()
    def decode(self, encoded: EncodedScene, task: Task) -> Any:
        """What a picture that :meth:`encode` has encoded is segmented into."""
        logits, chances = encoded.proposals.logits[0], encoded.chances
        things, sizes = self.vocabulary.things, encoded.sizes
        if task == "panoptic":
            return panoptic_map(logits, chances, things, sizes, self.config)
        if task == "semantic":
            return semantic_map(logits, chances, sizes, self.config)
        return instances(logits, chances, things, sizes, self.config)

    @in_standard_torch
    @torch.no_grad()
    def encode(self, image: NDArray[np.uint8], start: Tensor | None = None) -> EncodedScene:
        """One pass of the network.

        Args:
            image: uint8 [H, W, 3], RGB.
            start: states [1, Q, C] of another picture's queries to start from.

        Raises:
            ValueError: ``image`` is no such array, see :func:`~car_video.types.as_image`.
        """
        image = as_image(image)
        network, config = self.model.network, self.config
        sizes = sizes_for(image.shape[0], image.shape[1], config.shortest, config.longest)
        pixels = as_pixels(resize_picture(image, sizes.resized))
        normalised = network.backbone.clip.prepare(pixels)
        proposals = network.propose(padded_pixels(normalised, sizes.padded), start)
        return EncodedScene(proposals, network.classify(proposals, self._texts)[0], sizes)


def _vocabulary(labels: str | Vocabulary) -> Vocabulary:
    return labels if isinstance(labels, Vocabulary) else load_vocabulary(labels)
