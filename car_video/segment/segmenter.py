"""``ImageSegmenter``: the recurrence of CaR on one picture.

The steps are those of docs/method.md: proposals of all queries, a classifier that scores each
proposal, queries below the threshold are dropped, and again until nothing changes (CaR, arXiv
2312.07661, algorithm 1). Then the proposals of the survivors are refined to masks. The backbone
runs once per picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.backends.catalog import TORCH
from car_video.backends.choice import computed_by
from car_video.backends.pictures import EXPRESSIONS, comparison_pictures
from car_video.config import SegmentConfig
from car_video.models.base import VisionLanguageModel
from car_video.models.calibration import find_calibration
from car_video.models.catalog import default_config
from car_video.models.numerics import in_standard_torch
from car_video.models.pair import ModelPair, as_pair
from car_video.models.sam.base import MaskModel
from car_video.models.sam.registry import load_mask_model
from car_video.segment.classification.classifier import MaskClassifier
from car_video.segment.classification.proposal_scores import score_proposals
from car_video.segment.classification.region_odds import region_odds
from car_video.segment.cueing import detection_source, with_cues
from car_video.segment.encoding import (
    EncodedImage,
    at_working_size,
    encode_images,
    working_size,
)
from car_video.segment.everyday import bank_of, scale_of
from car_video.segment.evidence import KnownNouns, check_centre
from car_video.segment.mask_selection.regions import name_parts, paint_parts
from car_video.segment.prediction import of_expressions, of_queries
from car_video.segment.proposals.maps import Proposer, source_of
from car_video.segment.queries import QuerySet, build_queries
from car_video.segment.recurrence import RecurrenceStep, Survivors, passing
from car_video.segment.reference.first_step import first_queries
from car_video.segment.reference.settings import resolve_config
from car_video.segment.refinement.full_resolution import sharpened
from car_video.segment.refinement.refine import MaskRefiner, RefinedMasks
from car_video.segment.resizing import enlarge_masks
from car_video.segment.stages import PictureStages
from car_video.types import FramePrediction


class ImageSegmenter:
    """Masks of what expressions name, one picture at a time.

    Args:
        model: from :func:`car_video.load_model`.
        expressions: at least one sentence or phrase.
        config: see :class:`~car_video.config.SegmentConfig`; by default the preset that suits
            the model (:func:`~car_video.models.catalog.default_preset`).
        sam: a loaded mask model to share; by default the one that the configuration names, if
            the refinement needs it.

    Raises:
        ExpressionError: no expression, an empty one, or a str in place of a list.
        ConfigError: ``config`` is not a SegmentConfig.
        ModelError: ``model`` is not a loaded model.

    Example:
        >>> from car_video import ImageSegmenter, load_model
        >>> segmenter = ImageSegmenter(load_model("lite"), ["a dog"])
        >>> segmenter.segment(np.zeros((48, 64, 3), np.uint8)).masks.shape
        (1, 48, 64)
    """

    backends: Mapping[str, str] = MappingProxyType({})
    """What computes which encoder, where that is not simply torch."""

    @in_standard_torch
    def __init__(
        self,
        model: ModelPair | VisionLanguageModel,
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
        sam: MaskModel | None = None,
    ) -> None:
        pair = as_pair(model)
        config = config or default_config(pair.name).segment
        self.config = resolve_config(config, pair.proposer)
        if sam is None and self.config.refine == "sam":
            sam = load_mask_model(self.config.sam.model, pair.device)
        if self.config.backend != TORCH:
            computed = computed_by(self.config.backend, pair, sam, compared_masks)
            pair, sam = computed.pair, computed.mask_model
            self.backends = computed.backends
        self.proposer, self.classifier = pair.proposer, pair.classifier
        measured = self.config.scale == "measured"
        calibration = self.config.calibration if measured else "none"
        self.calibration = find_calibration(pair.name, calibration)
        check_centre(self.calibration, pair.proposer)
        self._proposer_bank = bank_of(pair.proposer, measured)
        bank = self._proposer_bank if pair.shared else None
        self.mask_classifier = MaskClassifier(
            pair.classifier, self.config.classifier, bank, measured
        )
        self._scale = scale_of(pair.proposer, measured)
        self._refiner = MaskRefiner(sam)
        self._boxes = detection_source(self.config.detector, pair.device)
        self.set_expressions(expressions)

    @property
    def sam(self) -> MaskModel | None:
        """The mask model; None where the refinement needs none. It may be replaced."""
        return self._refiner.sam

    @sam.setter
    def sam(self, sam: MaskModel | None) -> None:
        self._refiner.sam = sam

    @in_standard_torch
    def set_expressions(self, expressions: Sequence[str]) -> None:
        """Segment other things from now on. A text that was encoded before is remembered."""
        expression = self.config.expression
        if not self._tells_kinds_apart():
            expression = replace(expression, kinds=False)
        self.queries: QuerySet = build_queries(
            self._proposer_bank,
            expressions,
            self.config.background,
            expression,
            self.config.proposal.template,
        )
        self._first_queries = first_queries(self.config, self._proposer_bank, self.queries)
        self._known = KnownNouns.of(
            self.proposer.nouns, self.queries.noun_phrases, self.config.known_noun_weight
        )

    def _tells_kinds_apart(self) -> bool:
        """Whether masks are chosen among candidates by maps of cells: then things of one kind
        are told apart region by region, and need not compete for cells. In refer mode each
        query is alone."""
        if self.config.mode == "refer":
            return False
        prompts = self.config.refine == "sam" and self.config.sam.rule == "peaks"
        return prompts and source_of(self.proposer, self.config.proposal) == "cells"

    def segment(
        self, image: NDArray[np.uint8], index: int = 0, time: float = 0.0
    ) -> FramePrediction:
        """Find the expressions in a picture.

        Args:
            image: uint8 [H, W, 3], RGB, any size.
            index: number of the frame; it is passed on to the prediction.
            time: of the frame in seconds; it is passed on to the prediction.

        Returns:
            masks bool [E, H, W], scores float32 [E] and present bool [E], in the order of the
            expressions.

        Raises:
            ValueError: ``image`` is no such array, see :func:`~car_video.types.as_image`.
        """
        return self.segment_encoded(self.encode(image), index, time)

    @in_standard_torch
    def segment_encoded(
        self, encoded: EncodedImage, index: int = 0, time: float = 0.0
    ) -> FramePrediction:
        """As :meth:`segment`, of a picture that :meth:`encode` has encoded before."""
        if self.config.refine == "sam" and self.config.sam.rule == "regions":
            return self._name_regions(encoded, index, time)
        return self.stages(encoded, index, time).prediction

    @in_standard_torch
    def stages(
        self, encoded: EncodedImage, index: int = 0, time: float = 0.0, details: bool = False
    ) -> PictureStages:
        """As :meth:`segment_encoded`, with what the steps before have given.

        Args:
            encoded: the picture.
            index: number of the frame.
            time: of the frame in seconds.
            details: keep the mask candidates, which may take hundreds of megabytes.
        """
        survivors = self.recur(encoded)
        refined = self._refiner(encoded, survivors, self.config, details)
        prediction = self._predict(encoded, survivors, refined, index, time)
        return PictureStages(survivors, refined, prediction)

    def encode(self, image: NDArray[np.uint8]) -> EncodedImage:
        """Encode a picture, once for any number of calls of :meth:`segment_encoded`."""
        return self.encode_batch([image])[0]

    @in_standard_torch
    @torch.inference_mode()
    def encode_batch(self, images: Sequence[NDArray[np.uint8]]) -> list[EncodedImage]:
        """Encode pictures of one size together, see :mod:`~car_video.segment.encoding`."""
        own_encoder = self.classifier is not self.proposer
        pools = own_encoder and self.mask_classifier.config.pooled_weight > 0
        pooler = self.classifier if pools else None
        return encode_images(images, self.proposer, pooler, self.config.proposal)

    @in_standard_torch
    @torch.inference_mode()
    def frame_scores(self, encoded: EncodedImage) -> Tensor:
        """Probability of each query against its rivals for the whole picture, float32 [Q]."""
        pooled = F.normalize(encoded.features.pooled[0].float(), dim=-1)
        scale = self._scale.of(encoded.features.pooled)
        own = scale * (self.queries.embeddings @ pooled)
        rivals = (scale * (self.queries.rivals @ pooled))[None]
        rest = rivals.masked_fill(~self.queries.opposes, float("-inf")).logsumexp(-1)
        return torch.sigmoid(own - rest)

    @in_standard_torch
    @torch.inference_mode()
    def recur(
        self,
        encoded: EncodedImage,
        start: Tensor | None = None,
        max_steps: int | None = None,
    ) -> Survivors:
        """Propose, classify and drop queries, until none is dropped.

        Args:
            encoded: the picture.
            start: int64 [N], numbers of the queries to begin with; by default all.
            max_steps: the loop ends after so many steps; by default the configuration's.
        """
        config = self.config.recurrence
        most = config.max_steps if max_steps is None else max_steps
        steps = 0
        if start is None:
            start = torch.arange(len(self.queries))
            for queries in self._first_queries:
                steps += 1
                maps = self._proposer(encoded, queries).maps(start)
                scores, _ = self._classify(encoded, maps, start)
                start = start[passing(scores, config.confidence_threshold).cpu()]
        alive, history = start, []
        proposer = self._proposer(encoded, self.queries)
        while True:
            steps += 1
            maps = proposer.maps(alive)
            scores, reported = self._classify(encoded, maps, alive)
            history.append(RecurrenceStep(alive, scores))
            keep = passing(scores, config.confidence_threshold).cpu()
            if bool(keep.all()) or steps >= most:
                break
            alive = alive[keep]
        region = None
        if self.config.scores == "presence":
            region = proposer.region_evidence(alive, maps)
            if region is not None:
                reported = proposer.presence(region, maps)
        past = tuple(history)
        found = Survivors(alive, maps, maps, reported, steps, past, maps, region=region)
        sam = self.config.refine == "sam"
        return with_cues(encoded, proposer, self.queries, found, sam, self._boxes)

    def _proposer(self, encoded: EncodedImage, queries: QuerySet) -> Proposer:
        """Proposals of queries in a picture."""
        return Proposer(
            self.proposer,
            encoded.features,
            queries,
            self.config.proposal,
            self.config.mode,
            self._scale,
            self._known,
            self.calibration,
        )

    def _classify(
        self, encoded: EncodedImage, maps: Tensor, alive: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Scores of the queries alive against each other [N], and the scores reported [N]."""
        g, config = self.mask_classifier, self.config
        return score_proposals(g, encoded, maps, alive, self.queries, config, self.calibration)

    @in_standard_torch
    def refine(self, encoded: EncodedImage, survivors: Survivors) -> Tensor:
        """Masks of the survivors at working size, bool [N, h, w]."""
        return self._refiner(encoded, survivors, self.config).masks

    @torch.inference_mode()
    def _name_regions(self, encoded: EncodedImage, index: int, time: float) -> FramePrediction:
        """Name the parts of a picture, see :mod:`~car_video.segment.mask_selection.regions`.

        The recurrence would end at once: dropping names that no part has changes no part.
        """
        assert self.sam is not None
        embedding = self.sam.encode(encoded.pixels, self.config.sam.side)
        parts = self._refiner.parts(embedding, working_size(encoded), self.config)
        odds = self._region_odds(encoded, parts)
        masks, scores = paint_parts(parts, *name_parts(odds), len(self.queries))
        found = scores.cpu().numpy()
        present = found >= self.config.picture_threshold
        return self.predict(encoded.image, masks, found, present, index, time)

    def _region_odds(self, encoded: EncodedImage, regions: Tensor) -> Tensor:
        """Log-odds [K, Q] of regions, bool [K, h, w] at working size, for every query."""
        odds = region_odds(self.mask_classifier, encoded, regions, self.queries, self._known)
        return self.calibration.log_odds(odds)

    @in_standard_torch
    @torch.inference_mode()
    def region_odds(
        self, image: NDArray[np.uint8], regions: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """How probable it is that given regions of a picture are what the expressions name.

        Each expression stands alone against the background words.

        Args:
            image: uint8 [H, W, 3], RGB.
            regions: bool [K, H, W].

        Returns:
            float32 [K, E]: log-odds; an expression of several things has those of the one
            that fits best.
        """
        encoded = self.encode(image)
        odds = self._region_odds(encoded, at_working_size(encoded, regions)).float().cpu()
        best = [odds[:, list(own)].amax(1) for own in self.queries.parts]
        return torch.stack(best, 1).numpy()

    @in_standard_torch
    @torch.inference_mode()
    def picture_embedding(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Of the whole picture, uint8 [H, W, 3], as the proposer pools it: float32 [D], of any
        length."""
        found: NDArray[np.float32] = self.encode(image).features.pooled[0].float().cpu().numpy()
        return found

    def _predict(
        self,
        encoded: EncodedImage,
        survivors: Survivors,
        refined: RefinedMasks,
        index: int,
        time: float,
    ) -> FramePrediction:
        counted = self.config.scores == "presence"
        masks, scores = of_queries(len(self.queries), survivors, refined, counted)
        present = scores >= self.config.picture_threshold
        evidence = survivors.evidence_of_all(len(self.queries))
        return self.predict(encoded.image, masks, scores, present, index, time, evidence)

    @in_standard_torch
    def predict(
        self,
        image: NDArray[np.uint8],
        masks: Tensor,
        scores: NDArray[np.float32],
        present: NDArray[np.bool_],
        index: int,
        time: float,
        evidence: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> FramePrediction:
        """Turn results of queries into a prediction for expressions, at the frame's size.

        Args:
            image: the frame.
            masks: bool [Q, h, w] at working size.
            scores: float32 [Q].
            present: bool [Q]. The masks of absent queries are cleared, and an expression
                whose mask is empty is not present.
            index: of the frame.
            time: of the frame in seconds.
            evidence: by part, float32 [Q] each; see
                :meth:`~car_video.segment.recurrence.Survivors.evidence_of_all`.
        """
        shown = np.flatnonzero(present)
        kept = masks[torch.from_numpy(shown).to(masks.device)]
        full = enlarge_masks(kept, (int(image.shape[0]), int(image.shape[1])))
        if self.config.roi == "auto":
            full = sharpened(full, image)
        return of_expressions(self.queries, shown, full, scores, index, time, evidence)


def compared_masks(pair: ModelPair, sam: MaskModel | None) -> list[NDArray[np.bool_]]:
    """Masks by which back ends are compared: of some things on frames that ship."""
    config = default_config(pair.name).segment
    config = replace(config, refine="none" if sam is None else "sam")
    segmenter = ImageSegmenter(pair, EXPRESSIONS, config, sam)
    return [one for shown in comparison_pictures() for one in segmenter.segment(shown).masks]
