"""``ImageSegmenter``: the recurrence of CaR on one picture.

Proposals of all queries, a classifier that looks at each proposal, queries that it rejects are
dropped, and again until nothing changes (CaR, arXiv 2312.07661, algorithm 1). Then the masks of
the survivors are refined. The backbone runs once per picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import SegmentConfig
from car_video.models.base import VisionLanguageModel
from car_video.models.pair import ModelPair, as_pair
from car_video.models.sam.base import MaskModel, load_mask_model
from car_video.segment.classification.classifier import MaskClassifier
from car_video.segment.cues.geometry import tilt
from car_video.segment.cues.place_tensors import PlaceTensors
from car_video.segment.encoding import EncodedImage, encode_images
from car_video.segment.proposals.maps import Proposer
from car_video.segment.queries import QuerySet, build_queries
from car_video.segment.recurrence import Survivors, passing
from car_video.segment.reference.settings import settle
from car_video.segment.refinement.refine import MaskRefiner, RefinedMasks, upsample
from car_video.segment.resizing import blocks, enlarge_masks
from car_video.text.embeddings import TextBank
from car_video.types import FramePrediction

COUNTING = 0.3
"""Power of the probability that there are as many things as an ordinal counts, in presence; the
same as that of agreement in :func:`car_video.video.presence.track_presence`."""


class ImageSegmenter:
    """Masks of what expressions name, one picture at a time.

    Args:
        model: from :func:`car_video.load_model`.
        expressions: at least one sentence or phrase.
        config: see :class:`~car_video.config.SegmentConfig`.
        sam: a loaded mask model to share; by default the configuration's, if it is needed.

    Raises:
        ExpressionError: no expression, or an empty one.

    Example:
        >>> from car_video import ImageSegmenter, load_model
        >>> segmenter = ImageSegmenter(load_model("lite"), ["a dog"])
        >>> segmenter.segment(np.zeros((48, 64, 3), np.uint8)).masks.shape
        (1, 48, 64)
    """

    def __init__(
        self,
        model: ModelPair | VisionLanguageModel,
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
        sam: MaskModel | None = None,
    ) -> None:
        pair = as_pair(model)
        self.config = settle(config or SegmentConfig(), pair.proposer)
        self.proposer, self.classifier = pair.proposer, pair.classifier
        self._proposer_bank = TextBank(pair.proposer.encode_text, pair.proposer.embed_dim)
        bank = self._proposer_bank if pair.shared else None
        self._scorer = MaskClassifier(pair.classifier, self.config.classifier, bank)
        if sam is None and self.config.refine == "sam":
            sam = load_mask_model(self.config.sam.model, pair.device)
        self._refiner = MaskRefiner(sam)
        self.set_expressions(expressions)

    @property
    def sam(self) -> MaskModel | None:
        """The mask model; None where none was asked for. May be exchanged for its like."""
        return self._refiner.sam

    @sam.setter
    def sam(self, sam: MaskModel | None) -> None:
        self._refiner.sam = sam

    def set_expressions(self, expressions: Sequence[str]) -> None:
        """Look for other things from now on; texts seen before are not encoded again."""
        self.queries: QuerySet = build_queries(
            self._proposer_bank,
            expressions,
            self.config.background,
            self.config.expression,
            self.config.proposal.template,
            self.config.proposal.bare_first,
        )

    def segment(
        self, image: NDArray[np.uint8], index: int = 0, time: float = 0.0
    ) -> FramePrediction:
        """Find the expressions in a picture.

        Args:
            image: uint8 [H, W, 3], RGB, any size.
            index: number of the frame, passed through.
            time: of the frame in seconds, passed through.
        """
        return self.segment_encoded(self.encode(image), index, time)

    def segment_encoded(
        self, view: EncodedImage, index: int = 0, time: float = 0.0
    ) -> FramePrediction:
        """As :meth:`segment`, of a picture that :meth:`encode` has encoded already."""
        survivors = self.recur(view)
        refined = self._refiner(view, survivors, self.config)
        return self._predict(view, survivors, refined, index, time)

    def encode(self, image: NDArray[np.uint8]) -> EncodedImage:
        """Encode a picture, once."""
        return self.encode_batch([image])[0]

    @torch.inference_mode()
    def encode_batch(self, images: Sequence[NDArray[np.uint8]]) -> list[EncodedImage]:
        """Encode pictures of one size together, see :mod:`~car_video.segment.encoding`."""
        pools = self.classifier is not self.proposer and self._scorer.config.pooled_weight > 0
        pooler = self.classifier if pools else None
        return encode_images(images, self.proposer, pooler, self.config.proposal)

    @torch.inference_mode()
    def frame_scores(self, view: EncodedImage) -> Tensor:
        """How much the whole picture looks like each query, float32 [Q] in [0, 1]."""
        pooled = F.normalize(view.features.pooled[0].float(), dim=-1)
        scale = self.proposer.logit_scale
        wanted = scale * (self.queries.embeddings @ pooled)
        rivals = (scale * (self.queries.rivals @ pooled))[None]
        rest = rivals.masked_fill(~self.queries.opposes, float("-inf")).logsumexp(-1)
        return torch.sigmoid(wanted - rest)

    @torch.inference_mode()
    def recur(
        self, view: EncodedImage, start: Tensor | None = None, max_steps: int | None = None
    ) -> Survivors:
        """Propose, classify, drop, until nothing is dropped.

        Args:
            view: the picture.
            start: int64 [N] queries to begin with; by default all.
            max_steps: stop after so many steps; by default the configuration's.
        """
        config = self.config
        most = config.recurrence.max_steps if max_steps is None else max_steps
        proposer = Proposer(
            self.proposer, view.features, self.queries, config.proposal, config.mode
        )
        alive = torch.arange(len(self.queries)) if start is None else start
        steps = 0
        while True:
            steps += 1
            maps = proposer.maps(alive, steps)
            scores, presence = self._classify(view, maps, alive)
            keep = passing(scores, config.recurrence)
            settled = bool(keep.all()) and steps >= config.recurrence.min_steps
            if settled or steps >= most:
                seen = None
                if config.scores == "presence":
                    seen = proposer.presence(alive, maps)
                evidence = proposer.evidence(alive, steps)
                scores = presence if seen is None else seen
                colours = self.queries.colours
                if colours is not None and self.config.refine != "sam":
                    colours = None  # there are no candidates to choose among
                if colours is not None:
                    colours = colours.seen(view.pixels)[alive]
                places = None
                if self.queries.places is not None:
                    places = self._find_anchors(proposer)[alive]
                    maps, evidence = tilt(maps, evidence, places)
                plural = self.queries.plural
                plural = None if plural is None else plural[alive]
                return Survivors(alive, maps, evidence, scores, steps, colours, places, plural)
            alive = alive[keep.cpu()]

    def _find_anchors(self, proposer: Proposer) -> PlaceTensors:
        """The places of all queries, beside what this picture shows."""
        assert self.queries.places is not None
        anchors = proposer.anchors()
        return self.queries.places if anchors is None else self.queries.places.around(anchors)

    def _classify(
        self, view: EncodedImage, maps: Tensor, alive: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Score among the queries [N], and what is reported of them [N]."""
        names = [self.queries.encoded_texts[i] for i in alive.tolist()]
        threshold = self.config.proposal.mask_threshold
        binary = maps > threshold
        if self._scorer.config.pooled_weight < 1:
            block = blocks(len(maps), view.pixels[0, 0].numel())
            guided = self.config.proposal.guided
            parts = [upsample(view, m, guided) > threshold for m in maps.split(block)]
            binary = torch.cat(parts)
        embeddings = self._scorer.embed(view.pixels[0], binary, view.pooling)
        presence = embeddings.scored.float()  # with nothing to compare with, whatever is found
        scores = torch.ones_like(presence)
        apart = self.config.mode == "refer" and not self.config.recurrence.compete_in_refer
        if len(names) > 1 and not apart:
            kinds = names if self.queries.same_kind is None else list(dict.fromkeys(names))
            table = self._scorer.probabilities(embeddings, kinds)
            own = (
                range(len(names)) if self.queries.same_kind is None else map(kinds.index, names)
            )
            scores = table[torch.arange(len(names)), torch.tensor(list(own))]
        if self.config.scores == "classifier":
            return scores, scores
        if self.queries.background:
            presence = self._scorer.presence(embeddings, names, self.queries.background)
        return scores, presence

    def refine(self, view: EncodedImage, survivors: Survivors) -> Tensor:
        """Masks of the survivors at working size, bool [N, h, w]."""
        return self._refiner(view, survivors, self.config).masks

    def _predict(
        self,
        view: EncodedImage,
        survivors: Survivors,
        refined: RefinedMasks,
        index: int,
        time: float,
    ) -> FramePrediction:
        scores = survivors.scores_of_all(len(self.queries))
        if refined.count_probability is not None and self.config.scores == "presence":
            counted = refined.count_probability.float().cpu().numpy() ** COUNTING
            scores[survivors.alive.numpy()] *= counted
        masks = refined.masks
        everyone = masks.new_zeros(len(self.queries), *masks.shape[-2:])
        everyone[survivors.alive] = masks
        present = scores >= self.config.presence_threshold
        return self.predict(view.image, everyone, scores, present, index, time)

    def predict(
        self,
        image: NDArray[np.uint8],
        masks: Tensor,
        scores: NDArray[np.float32],
        present: NDArray[np.bool_],
        index: int,
        time: float,
    ) -> FramePrediction:
        """What is known of queries as a prediction for expressions, at the size of the frame.

        Args:
            image: the frame.
            masks: bool [Q, h, w] at working size.
            scores: float32 [Q].
            present: bool [Q]; masks of the others come out empty, and who has no mask is not
                present.
            index: of the frame.
            time: of the frame.
        """
        height, width = image.shape[:2]
        owner = np.array(self.queries.owner)
        result = np.zeros((len(owner), height, width), bool)
        shown = np.flatnonzero(present)
        full = enlarge_masks(masks[torch.from_numpy(shown).to(masks.device)], (height, width))
        for query, mask in zip(shown, full, strict=True):
            result[owner == query] = mask
        seen: NDArray[np.bool_] = np.asarray(result.any((1, 2)), bool)
        confidence = np.where(owner >= 0, scores[owner], 0).astype(np.float32)
        return FramePrediction(index, time, self.queries.expressions, result, confidence, seen)
