"""Settings of the refinement: what makes sharp masks of soft maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from car_video.config.checks import require, require_literals, require_unit
from car_video.errors import ConfigError


@dataclass(frozen=True)
class AutomaticConfig:
    """SAM's automatic masks, and which of them make up a proposal. Values are CaR's, but for
    the grid: there 64, which is 4096 prompts a picture."""

    points_per_side: int = 32  # of the grid of prompts; 32 is SAM's own
    quality: float = 0.88  # least IoU that SAM gives its mask itself
    stability: float = 0.95  # least IoU of a mask cut a little higher and lower
    box_overlap: float = 0.7  # boxes that overlap more are one mask, the better one
    iom: float = 0.7  # phi_iom: intersection over the smaller; above it a mask belongs
    iou: float = 0.7  # phi_iou: above it the union takes the proposal's place
    min_coverage: float = 0.05  # part of the proposal that a mask inside it must cover

    def __post_init__(self) -> None:
        if not 1 <= self.points_per_side <= 128:
            raise ConfigError(
                "sam.automatic.points_per_side must be from 1 to 128, "
                f"got {self.points_per_side}"
            )
        for name in ("quality", "stability", "box_overlap", "iom", "iou", "min_coverage"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ConfigError(f"sam.automatic.{name} must be from 0 to 1, got {value!r}")


@dataclass(frozen=True)
class SamRefineConfig:
    """SAM candidates prompted at the map's peaks and chosen by agreement with the map."""

    # mobile (bundled), a larger one that is fetched on first use (models/sam/registry.py), or a
    # folder with one of transformers.
    model: str = "mobile"
    # Longest side in pixels that the encoder sees, a multiple of 16; mobile only, the others
    # see pictures at the size that they were trained at.
    side: int = 1024
    # peaks: ask SAM at the peaks of each map. automatic (CaR): ask it everywhere, and make up
    # each mask that the CRF gives of parts; in videos no tracks are followed then.
    rule: Literal["peaks", "automatic"] = "peaks"
    automatic: AutomaticConfig = field(default_factory=AutomaticConfig)
    points: int = 8  # peaks per query, three masks each
    peak_distance: int = 2  # least distance between peaks in cells of the map
    peak_floor: float = 0.3  # peaks below this part of the maximum are left out
    # Ask once more with the box of the chosen mask; the best of the four answers stays. Single
    # pictures only: tracks are prompted with their boxes anyway.
    box_pass: bool = True
    # Of expressions that name several things ("the dogs") so many masks may join the best one
    # where that agrees better; 0 switches it off.
    plural_masks: int = 3

    def __post_init__(self) -> None:
        fits = 64 <= self.side <= 1024 and self.side % 16 == 0
        require(fits, "sam.side", "a multiple of 16 from 64 to 1024", self.side)
        require_literals(self, "sam")
        require(1 <= self.points <= 64, "sam.points", "from 1 to 64", self.points)
        most, distance = self.plural_masks, self.peak_distance
        require(0 <= most <= 64, "sam.plural_masks", "from 0 to 64", most)
        require(1 <= distance <= 32, "sam.peak_distance", "from 1 to 32", distance)
        require_unit(self, "sam", "peak_floor")


@dataclass(frozen=True)
class CrfConfig:
    """Constants of the dense CRF; the defaults are those of CaR (and of pydensecrf)."""

    backend: Literal["torch", "pydensecrf"] = "torch"
    iterations: int = 10
    spatial_sxy: float = 1.0  # standard deviation of the smoothness kernel, pixels
    spatial_weight: float = 3.0
    # "lattice" approximates the Gaussian as pydensecrf does; "convolution" is the Gaussian
    # itself: cheaper, and the masks agree at IoU > 0.99.
    spatial_kernel: Literal["lattice", "convolution"] = "lattice"
    bilateral_sxy: float = 67.0  # standard deviations of the appearance kernel, pixels ...
    bilateral_srgb: float = 3.0  # ... and grey levels
    bilateral_weight: float = 4.0
    probability_floor: float = 1e-5  # smallest probability before the logarithm
    image: Literal["rgb", "uint8_wrap"] = "rgb"  # uint8_wrap: the reference's wrapped BGR
    # Maps are bent so that the mask threshold counts as even odds; off (the reference): the
    # background is 1 minus the map, wherever the threshold lies.
    centred: bool = True
    background_power: float = 1.0  # b: above 1 the background gives way
    scale: float = 1.0  # below 1: infer on a smaller image, upsample guided by the large one
    max_pixels: int = 1_000_000  # larger images are inferred at the scale that fits

    def __post_init__(self) -> None:
        for name in ("spatial_sxy", "bilateral_sxy", "bilateral_srgb"):
            require(getattr(self, name) > 0, f"crf.{name}", "above 0", getattr(self, name))
        for name in ("iterations", "spatial_weight", "bilateral_weight", "background_power"):
            require(getattr(self, name) >= 0, f"crf.{name}", "0 or more", getattr(self, name))
        floor, pixels = self.probability_floor, self.max_pixels
        require(0 < floor < 1, "crf.probability_floor", "between 0 and 1", floor)
        require(0 < self.scale <= 1, "crf.scale", "above 0, at most 1", self.scale)
        require(pixels >= 1, "crf.max_pixels", "1 or more", pixels)


FAST_CRF = CrfConfig(scale=0.5, iterations=5, spatial_kernel="convolution")
"""The approximate mode for video. Masks differ from the exact ones at edges, but measured
against ground truth they are as good (``benchmarks/crf.py``)."""
