"""Settings of the refinement: what makes sharp masks of soft maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from car_video.config.checks import Range, Settings, Unit

Positive = Annotated[float, Range(0, above=True)]
AtLeastZero = Annotated[float, Range(0)]


@dataclass(frozen=True)
class AutomaticConfig(Settings, part="segment.sam.automatic"):
    """SAM's automatic masks, and which of them make up a proposal. Values are CaR's, but for
    the grid: there 64, which is 4096 prompts a picture."""

    points_per_side: Annotated[int, Range(1, 128)] = 32  # of the grid of prompts; SAM's own
    quality: Unit = 0.88  # least IoU that SAM predicts for its own mask
    stability: Unit = 0.95  # least IoU of a mask cut a little higher and lower
    box_overlap: Unit = 0.7  # boxes that overlap more are one mask, the better one
    iom: Unit = 0.7  # phi_iom: intersection over the smaller; above it a mask belongs
    iou: Unit = 0.7  # phi_iou: above it the union takes the proposal's place
    min_coverage: Unit = 0.05  # part of the proposal that a mask inside it must cover


@dataclass(frozen=True)
class SamRefineConfig(Settings, part="segment.sam"):
    """SAM candidates prompted at the map's peaks and chosen by agreement with the map."""

    # mobile (bundled), a larger one that is fetched on first use (docs/models.md), or a folder
    # with one of transformers.
    model: str = "mobile"
    # Longest side in pixels that the encoder sees; mobile only, the others see pictures at the
    # size that they were trained at.
    side: Annotated[int, Range(64, 1024, step=16)] = 1024
    # peaks: ask SAM at the peaks of each map. automatic (CaR): ask it everywhere, and make up
    # each mask that the CRF gives of parts; in videos no tracks are followed then. regions
    # (FC-CLIP): ask it everywhere, and give each mask a name; for label spaces, frame by frame.
    rule: Literal["peaks", "automatic", "regions"] = "peaks"
    automatic: AutomaticConfig = field(default_factory=AutomaticConfig)
    points: Annotated[int, Range(1, 64)] = 8  # peaks per query, three masks each
    peak_distance: Annotated[int, Range(1, 32)] = 2  # least, between peaks, in cells of the map
    peak_floor: Unit = 0.3  # peaks below this part of the maximum are left out
    # Ask once more with the box of the chosen mask; the best of the four answers stays. Single
    # pictures only: tracks are prompted with their boxes anyway.
    box_pass: bool = True
    # Where an expression names several things ("the dogs"), so many masks may be joined to the
    # best one if the union agrees better with the map; 0 switches it off.
    plural_masks: Annotated[int, Range(0, 64)] = 3


@dataclass(frozen=True)
class DetectorConfig(Settings, part="segment.detector"):
    """A detector whose boxes become prompts and weigh masks (docs/models.md).

    Nothing here was measured: there were no published weights where it was written.
    """

    model: str = "none"  # grounding-dino, owlv2, sam3, ...; a folder: owlv2:my/folder
    boxes: Annotated[int, Range(1, 64)] = 4  # of an expression that are prompts: the surest
    # Exponent of how well a mask fits a box: at 0.5 the detector has half the say that the
    # maps have; 0 leaves it none, and its boxes are prompts only.
    weight: Unit = 0.5


@dataclass(frozen=True)
class CrfConfig(Settings, part="segment.crf"):
    """Constants of the dense CRF; the defaults are those of CaR (and of pydensecrf)."""

    backend: Literal["torch", "pydensecrf"] = "torch"
    iterations: Annotated[int, Range(0)] = 10
    spatial_sxy: Positive = 1.0  # standard deviation of the smoothness kernel, pixels
    spatial_weight: AtLeastZero = 3.0
    # "lattice" approximates the Gaussian as pydensecrf does; "convolution" is the Gaussian
    # itself: cheaper, and the masks agree at IoU > 0.99.
    spatial_kernel: Literal["lattice", "convolution"] = "lattice"
    bilateral_sxy: Positive = 67.0  # standard deviations of the appearance kernel, pixels ...
    bilateral_srgb: Positive = 3.0  # ... and grey levels
    bilateral_weight: AtLeastZero = 4.0
    # smallest probability before the logarithm
    probability_floor: Annotated[float, Range(0, 1, above=True, below=True)] = 1e-5
    image: Literal["rgb", "uint8_wrap"] = "rgb"  # uint8_wrap: the reference's wrapped BGR
    # Maps are bent so that the mask threshold counts as even odds; off (the reference): the
    # background is 1 minus the map, wherever the threshold lies.
    centred: bool = True
    background_power: AtLeastZero = 1.0  # b: above 1 the background gives way
    # below 1: infer on a smaller image, upsample guided by the large one
    scale: Annotated[float, Range(0, 1, above=True)] = 1.0
    # larger images are inferred at the scale that fits
    max_pixels: Annotated[int, Range(1)] = 1_000_000


FAST_CRF = CrfConfig(scale=0.5, iterations=5, spatial_kernel="convolution")
"""The approximate mode for video. Masks differ from the exact ones at edges, but measured
against ground truth they are as good (``benchmarks/crf.py``)."""
