"""What the trunk's own classifier says of a noun: the sum over the ImageNet classes below it.

The classifier knows 1,000 classes and nothing else, but those better than any text head that
some thousand captions have taught. FC-CLIP (arXiv 2308.02487, section 3.3) blends two such
classifiers, in and out of vocabulary. WordNet says which classes are kinds of a noun ("dog":
116 breeds); ``tools/build_lite`` makes the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from car_video.models.base import ImageFeatures
from car_video.text.parsing.nouns import noun_forms

TEMPERATURE = 2.0
"""Of the softmax over the classes: the classifier was trained on whole pictures of one thing
and is too sure of cells. The value of a first trial, not fitted."""
LAST_STAGE = "last stage"
"""Where ``ImageFeatures.cache`` has the output of stage 4, [B, 2048, h, w]."""


class NounClasses(nn.Module):
    """The ImageNet classifier, applied to cells and regions.

    Args:
        table: ``sets``: lists of class numbers; ``nouns``: which of the sets a noun has.
        classes: how many classes.
        channels: of stage 4.
    """

    def __init__(
        self, table: Mapping[str, Any], classes: int = 1000, channels: int = 2048
    ) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, classes)
        self._sets: list[tuple[int, ...]] = [tuple(some) for some in table["sets"]]
        self._nouns: dict[str, int] = dict(table["nouns"])

    def classes_of(self, noun_phrase: str) -> tuple[int, ...]:
        """The classes that are what a phrase names, or kinds of it; none of an unknown noun."""
        for form in noun_forms(noun_phrase):
            if form in self._nouns:
                return self._sets[self._nouns[form]]
        return ()

    @torch.inference_mode()
    def cell_probabilities(
        self, features: ImageFeatures, groups: Sequence[tuple[int, ...]]
    ) -> Tensor:
        """Probability that each cell shows one of some classes.

        Args:
            features: of one picture.
            groups: N groups of class numbers.

        Returns:
            float32 [N, h, w] in [0, 1].
        """
        last = features.cache[LAST_STAGE][0].float()
        found = self._probabilities(last.flatten(1).T, groups)
        return found.T.unflatten(1, last.shape[1:])

    @torch.inference_mode()
    def region_probabilities(
        self, features: ImageFeatures, masks: Tensor, groups: Sequence[tuple[int, ...]]
    ) -> Tensor:
        """The same of regions, each pooled first: what the classifier was trained for.

        Args:
            features: of one picture.
            masks: [M, h, w] non-negative weights on the feature grid.
            groups: N groups of class numbers.

        Returns:
            float32 [M, N] in [0, 1].
        """
        last = features.cache[LAST_STAGE][0].float().flatten(1)
        weights = masks.flatten(1).float()
        pooled = weights @ last.T / weights.sum(1, keepdim=True).clamp_min(1e-6)
        return self._probabilities(pooled, groups)

    def _probabilities(self, rows: Tensor, groups: Sequence[tuple[int, ...]]) -> Tensor:
        """[n, channels] -> [n, N]."""
        member = rows.new_zeros(self.linear.out_features, len(groups))
        for column, group in enumerate(groups):
            member[list(group), column] = 1
        return (self.linear(rows) / TEMPERATURE).softmax(1) @ member
