"""Settings of the image algorithm, in the order in which a picture meets them.

Greek letters in the comments are those of CaR (arXiv 2312.07661).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from car_video.config.checks import Range, Settings, Unit
from car_video.config.masks import FAST_CRF, CrfConfig, DetectorConfig, SamRefineConfig
from car_video.errors import ConfigError
from car_video.text.background import BACKGROUND
from car_video.text.templates import template_set

ViewMode = Literal["center-crop", "letterbox", "squash"]
QueryMode = Literal["semantic", "refer"]

BACKGROUNDS = ("blur", "reverse_blur", "gray", "black")
BORDERS = ("circle", "rectangle", "contour")
PROMPTS = ("crop", *BACKGROUNDS, *BORDERS)
"""All prompts, in the order in which they are applied."""


def check_prompts(prompts: Sequence[str], compat: bool = False) -> tuple[str, ...]:
    """The prompts in the order in which they are applied, each once.

    Raises:
        ConfigError: an unknown prompt, or one that the reference does not have.
    """
    allowed = [p for p in PROMPTS if not (compat and p in ("crop", "reverse_blur"))]
    for prompt in prompts:
        if prompt not in allowed:
            among = "the reference's prompts" if compat else "the visual prompts"
            raise ConfigError(f"'{prompt}' is not among {among}: {', '.join(allowed)}")
    return tuple(p for p in PROMPTS if p in prompts)


@dataclass(frozen=True)
class ExpressionConfig(Settings, part="segment.expression"):
    """How a sentence becomes a query (GL-CLIP and HybridGL: sentence and noun phrase apart)."""

    noun_weight: Unit = 0.5  # part of the noun phrase's embedding, the rest is the sentence
    context_rivals: bool = True  # things only mentioned ("... in a park") count against
    drop_named: bool = True  # a background word that an expression names does not oppose it
    # Mask candidates have to show the colours that the words give their target
    # (segment/cues/colour.py): the exponent of how well they do; 0 switches it off. 1 tells
    # people apart better, and takes the sky for a blue jacket more often (docs/places.md).
    colour_weight: Unit = 0.5
    # Words of place ("left", "second from the right") are taken out of the text and choose
    # among what the rest of it finds (segment/cues/place_ranking.py).
    spatial: bool = True
    # Texts with one head noun ("the tall girl", "the girl with a hat") do not compete for
    # cells nor in the recurrence; candidates and tracks tell them apart region by region
    # (segment/cues/kinds.py).
    kinds: bool = True
    # "the dog and the cat" is two queries, and gets the masks of both.
    conjunctions: bool = True
    # Equal texts share one query. first (the reference): they compete, and the first of
    # them gets what is found.
    duplicates: Literal["share", "first"] = "share"


@dataclass(frozen=True)
class CamOptions(Settings, part="segment.proposal.cam"):
    """Choices of the reference that change results, off by default.

    Attributes:
        epsilon: added to the maximum before a map is divided by it. 0 scales every map that
            is not flat to the full range; the reference has 1e-15, CLIP-ES 1e-7.
        keep_probability: multiply the weights by ``p_c (1 - p_c)`` as the true gradient has
            it. Only felt together with ``epsilon``.
        foreground_fallback: a map that is zero everywhere is replaced by the map of a
            softmax over the queries alone (not in CLIP-ES).
    """

    epsilon: Unit = 0.0
    keep_probability: bool = False
    foreground_fallback: bool = False


@dataclass(frozen=True)
class ProposalConfig(Settings, part="segment.proposal"):
    """How soft masks are proposed for each query (CaR section 3.2)."""

    # longest side in pixels of the image that the proposer sees
    size: Annotated[int, Range(16, 8192)] = 512
    # longest-side: the picture is resized to ``size``. original (the reference): it keeps its
    # size, sides rounded up to whole cells of 16 pixels.
    resize: Literal["longest-side", "original"] = "longest-side"
    template: str = "{}"  # around queries and background words
    # cells: softmax over texts at every cell of a dense map; cam: Grad-CAM of the pooled
    # score. auto: cells for the bundled model, cam for CLIP.
    source: Literal["auto", "cells", "cam"] = "auto"
    affinity: bool = True  # spread maps by the affinity of cells
    affinity_steps: Annotated[int, Range(0, 64)] = 4
    affinity_temperature: Annotated[float, Range(0, 1000, above=True)] = 0.13
    box_threshold: Unit = 0.4  # lambda (cam only): affinity works inside boxes above this
    reference_border: bool = False  # boxes (cam only) never hold the last row and column
    cam: CamOptions = field(default_factory=CamOptions)  # the reference's arithmetic
    guided: bool = True  # enlarge maps along the picture's edges, else bilinear
    mask_threshold: Unit = 0.5  # eta: the classifier sees a proposal as binary above it
    # At which threshold a map becomes a mask without SAM. fixed (CaR): eta. per-map: where this
    # map's area changes least, near the mean of eta and Otsu's threshold
    # (segment/refinement/thresholds.py).
    threshold_rule: Literal["per-map", "fixed"] = "per-map"

    def check(self) -> None:
        self.require("{}" in self.template, "template", "a text with {}")


@dataclass(frozen=True)
class RecurrenceConfig(Settings, part="segment.recurrence"):
    """The loop of CaR: drop what the classifier rejects until nothing changes."""

    confidence_threshold: Unit = 0.1  # theta: a query below it is dropped
    max_steps: Annotated[int, Range(1, 1000)] = 10  # 1 switches the recurrence off
    # In refer mode expressions are scored against each other and dropped too (CaR's rule for
    # several sentences about one target); else every expression stays.
    compete_in_refer: bool = False


@dataclass(frozen=True)
class ClassifierConfig(Settings, part="segment.classifier"):
    """How masks are scored; ``compat`` and ``double-softmax`` are the reference's choices."""

    prompts: tuple[str, ...] = ("circle", "blur")
    templates: str = "car"  # a template set, or one template with {}
    # average: the unit-length mean embedding over the templates, then one softmax.
    # double-softmax: softmax per template, summed, and softmax of the sum (reference).
    scoring: Literal["average", "double-softmax"] = "average"
    view: ViewMode = "letterbox"  # center-crop is the reference's and cuts off the ends
    compat: bool = False  # prompts as the reference draws them; empty masks are scored
    block: Literal["last", "penultimate"] = "last"  # penultimate: ViT without its last block
    pooled_weight: Unit = 0.0  # beta of FC-CLIP: 0 prompts only, 1 mask pooling only
    # above 1: less sure which expressions are present
    presence_temperature: Annotated[float, Range(0, above=True)] = 1.0
    batch: Annotated[int, Range(1)] = 32  # prompted pictures encoded at once

    def check(self) -> None:
        check_prompts(self.prompts, self.compat)
        template_set(self.templates)


POOLED = ClassifierConfig(templates="plain", pooled_weight=1.0)
"""Masks pooled from features that the frame has paid for, texts as they are: for ``lite``
better than prompted pictures and free (benchmarks/ablation.md)."""

PROMPTED = ClassifierConfig()
"""Prompted pictures and CaR's templates: for CLIP, whose cells were never trained to match
texts. The model decides between the two, see docs/models.md."""

Refine = Literal["sam", "crf", "none"]
RoiMode = Literal["off", "auto"]
BackendName = Literal["torch", "onnx", "openvino", "onnx-int8", "openvino-int8", "auto"]


@dataclass(frozen=True)
class SegmentConfig(Settings, part="segment"):
    """The image algorithm, part by part."""

    # reference: everything as CaR's released code has it (docs/compat.md)
    compat: Literal["none", "reference"] = "none"
    mode: QueryMode = "semantic"  # expressions compete, or each alone
    background: tuple[str, ...] = BACKGROUND  # words that compete but get no mask
    refine: Refine = "sam"
    presence_threshold: Unit = 0.75  # an expression is present above this score
    # What an expression names is in the picture, or in the video at some time: the threshold is
    # a part of the best score so far, so that a low score alone calls none absent throughout.
    assume_present: bool = False
    # From cosine to logit. measured: by how far everyday phrases lie apart in each picture;
    # model: the factor that the model was trained with (the reference).
    scale: Literal["measured", "model"] = "measured"
    # How sure evidence makes (with scale: measured). auto: the calibration that ships with the
    # model or that "car-eval calibrate" has left in the cache, else none. none: the defaults.
    # A path: that file.
    calibration: str = "auto"
    # Part that the model's own classifier has in the evidence for the nouns that it knows
    # (FC-CLIP's blend; for "lite" the ImageNet classifier of its trunk).
    known_noun_weight: Unit = 0.5
    # What a score is: presence against background words, or the share among the queries
    # that the recurrence decides by (the reference's score vector).
    scores: Literal["presence", "classifier"] = "presence"
    expression: ExpressionConfig = field(default_factory=ExpressionConfig)
    proposal: ProposalConfig = field(default_factory=ProposalConfig)
    recurrence: RecurrenceConfig = field(default_factory=RecurrenceConfig)
    classifier: ClassifierConfig | None = None  # none: what suits the model, see below
    sam: SamRefineConfig = field(default_factory=SamRefineConfig)
    detector: DetectorConfig = field(default_factory=DetectorConfig)
    crf: CrfConfig = FAST_CRF
    # What computes the image encoders on a CPU (docs/video.md, "Back ends"). auto: the fastest
    # on this machine whose masks are torch's.
    backend: BackendName = "torch"
    # auto: in pictures of more than 1024 pixels, borders of masks are drawn anew along edges
    # that the full resolution shows (docs/video.md, "4K").
    roi: RoiMode = "off"

    @property
    def picture_threshold(self) -> float:
        """Score from which an expression is in a picture that stands alone."""
        return 0.0 if self.assume_present else self.presence_threshold

    @property
    def prompted(self) -> bool:
        """Whether SAM is prompted with peaks and boxes, so that a video has tracks."""
        return self.refine == "sam" and self.sam.rule == "peaks"

    def check(self) -> None:
        blank = not all(word.strip() for word in self.background)
        self.require(not blank, "background", "words, none of them empty")
        self.require(
            bool(self.calibration.strip()), "calibration", "auto, none or the path of a file"
        )
        fits = self.roi == "off" or self.refine == "sam"
        self.require(fits, "roi", "off unless refine is sam")
        if not self.prompted and self.detector.model != "none":
            raise ConfigError(
                "segment.detector.model must be none unless refine is sam and sam.rule peaks, "
                f"got {self.detector.model}"
            )
