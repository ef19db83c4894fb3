"""Constants of the dense CRF as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from car_video.errors import ConfigError


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
            _require(getattr(self, name) > 0, name, "above 0", getattr(self, name))
        for name in ("iterations", "spatial_weight", "bilateral_weight", "background_power"):
            _require(getattr(self, name) >= 0, name, "0 or more", getattr(self, name))
        floor, pixels = self.probability_floor, self.max_pixels
        _require(0 < floor < 1, "probability_floor", "between 0 and 1", floor)
        _require(0 < self.scale <= 1, "scale", "above 0, at most 1", self.scale)
        _require(pixels >= 1, "max_pixels", "1 or more", pixels)


def _require(condition: bool, key: str, allowed: str, value: object) -> None:
    if not condition:
        raise ConfigError(f"crf.{key} must be {allowed}, got {value!r}")


FAST_CRF = CrfConfig(scale=0.5, iterations=5, spatial_kernel="convolution")
"""The approximate mode for video. Masks differ from the exact ones at edges, but measured
against ground truth they are as good (``benchmarks/crf.py``)."""
