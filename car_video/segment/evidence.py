"""Language evidence: how a similarity becomes the log-odds that a region is what a query names.

A cosine means nothing by itself. Two things make it evidence that does not depend on the
model's scale: it competes with background words, and differences are measured in units of how
far everyday phrases lie apart in the same picture. Where the model brings a classifier of its
own that knows the query's noun, both log-odds are blended, as FC-CLIP (arXiv 2308.02487,
section 3.3) blends its classifiers in and out of vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.config.calibration import POOLED_SLOPE, Calibration
from car_video.errors import ConfigError
from car_video.models.base import ImageFeatures, NounClassifier, VisionLanguageModel

LEAST_DEVIATION = 1e-3
"""Cosines that lie closer together than this say nothing."""
SURE = 6.0
"""Log-odds of a classifier's probability are cut here, for it is too sure of what it knows."""


@dataclass(frozen=True)
class CosineScale:
    """Factors from cosine to logit.

    Attributes:
        fixed: one for all regions; None: each has its own, by :attr:`phrases`.
        phrases: unit-length float32 [N, D], everyday phrases of many kinds; None with a fixed
            factor.
    """

    fixed: float | None = None
    phrases: Tensor | None = None

    def of(self, regions: Tensor) -> Tensor:
        """float32 [n] for embeddings [n, D] of any length.

        In a model whose embeddings have a large part in common, cosines are squeezed the more
        the shorter a region's own part is. That each region is measured by itself takes this
        away.
        """
        if self.phrases is None:
            assert self.fixed is not None
            return torch.full((len(regions),), self.fixed, device=regions.device)
        cosines = F.normalize(regions.float(), dim=-1) @ self.phrases.to(regions.device).T
        return POOLED_SLOPE / cosines.std(1).clamp_min(LEAST_DEVIATION)


def calibrated(probability: Tensor, calibration: Calibration) -> Tensor:
    """Probabilities in [0, 1] by the pooled defaults, as a model's calibration has them."""
    if calibration.is_default:
        return probability
    odds: Tensor = calibration.log_odds(torch.logit(probability))
    return torch.sigmoid(odds)


def check_centre(calibration: Calibration, model: VisionLanguageModel) -> None:
    """A calibration's centre lies in the model's space.

    Raises:
        ConfigError: it does not.
    """
    if len(calibration.centre) not in (0, model.embed_dim):
        raise ConfigError(
            f"the calibration's centre has {len(calibration.centre)} numbers, embeddings of "
            f"'{model.name}' have {model.embed_dim}; make it anew: car-eval calibrate"
        )


def log_odds(probability: Tensor) -> Tensor:
    """Of probabilities, cut at +-:data:`SURE`."""
    return torch.logit(probability.float(), 1e-6).clamp(-SURE, SURE)


@dataclass(frozen=True)
class KnownNouns:
    """The queries whose noun the model's own classifier knows.

    Attributes:
        classifier: of the model.
        rows: int64 [K], numbers of the queries.
        groups: for each of them the classes that are what it names.
        weight: of the classifier's log-odds in the blend, the text's have the rest.
    """

    classifier: NounClassifier
    rows: Tensor
    groups: tuple[tuple[int, ...], ...]
    weight: float

    @classmethod
    def of(
        cls, classifier: NounClassifier | None, noun_phrases: Sequence[str], weight: float
    ) -> KnownNouns | None:
        """Of queries with these noun phrases; None where none is known."""
        if classifier is None or weight == 0:
            return None
        groups = [classifier.classes_of(phrase) for phrase in noun_phrases]
        rows = [row for row, group in enumerate(groups) if group]
        if not rows:
            return None
        return cls(classifier, torch.tensor(rows), tuple(groups[row] for row in rows), weight)

    def blend_cells(self, features: ImageFeatures, own: Tensor, against: Tensor) -> Tensor:
        """Logits of the queries, blended.

        Args:
            features: of one picture.
            own: [Q, h, w] logits of the queries.
            against: [Q, h, w] logits of all that opposes each of them.

        Returns:
            [Q, h, w]: less ``against``, they are the blended log-odds.
        """
        known = log_odds(self.classifier.cell_probabilities(features, self.groups))
        rows = self.rows.to(own.device)
        odds = own[rows] - against[rows]
        mixed = torch.lerp(odds, known.to(own), self.weight) + against[rows]
        opposed = against[rows].isfinite()  # without any rival the odds are infinite
        return own.index_copy(0, rows, torch.where(opposed, mixed, own[rows]))

    def blend_regions(self, features: ImageFeatures, masks: Tensor, odds: Tensor) -> Tensor:
        """Log-odds of regions [M, Q], blended where the classifier knows the query's noun.

        Args:
            features: of one picture.
            masks: [M, h, w] weights on the feature grid.
            odds: [M, Q] by the texts.
        """
        known = log_odds(self.classifier.region_probabilities(features, masks, self.groups))
        rows = self.rows.to(odds.device)
        return odds.index_copy(1, rows, torch.lerp(odds[:, rows], known.to(odds), self.weight))

    def of_regions(self, features: ImageFeatures, masks: Tensor, queries: Tensor) -> Tensor:
        """Log-odds of regions by the classifier alone.

        Args:
            features: of one picture.
            masks: [N, h, w] weights on the feature grid, one region per query.
            queries: int64 [N], the numbers of the queries.

        Returns:
            float32 [N]; not a number where the noun is unknown.
        """
        place = {int(row): i for i, row in enumerate(self.rows)}
        held = [n for n, query in enumerate(queries.tolist()) if query in place]
        found = torch.full((len(masks),), float("nan"), device=masks.device)
        if held:
            groups = [self.groups[place[int(queries[n])]] for n in held]
            table = self.classifier.region_probabilities(features, masks[held], groups)
            found[held] = log_odds(table.diagonal()).to(found)
        return found


@dataclass(frozen=True)
class RegionEvidence:
    """Log-odds that regions are what their queries name, by part; float32 [N] each.

    Attributes:
        words: by the texts, against what opposes them.
        noun: by the model's own classifier; not a number where the noun is unknown to it.
        together: both blended, and calibrated.
    """

    words: Tensor
    noun: Tensor
    together: Tensor

    @classmethod
    def blend(
        cls, words: Tensor, noun: Tensor, weight: float, calibration: Calibration
    ) -> RegionEvidence:
        """With the weight of the classifier; where it knows nothing, words decide alone."""
        mixed = torch.lerp(words, noun.to(words), weight)
        usable = noun.isfinite() & words.isfinite()  # without any rival words are infinite
        together = calibration.log_odds(torch.where(usable, mixed, words))
        return cls(words, noun, together)
