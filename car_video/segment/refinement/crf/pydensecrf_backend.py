"""The original C++ dense CRF (package ``pydensecrf``) as an optional backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from car_video.config import CrfConfig
from car_video.errors import ConfigError


def require() -> Any:
    """The extension module.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        from pydensecrf import densecrf
    except ImportError:
        raise ConfigError(
            "crf.backend 'pydensecrf' is not installed; "
            "pip install 'car-video[densecrf]', or use crf.backend 'torch' (same masks)"
        ) from None
    return densecrf


def marginals(
    images: Tensor,
    unary: Tensor,
    config: CrfConfig,
    sigmas: tuple[tuple[float, float], tuple[float, float]],
) -> Tensor:
    """Mean-field marginals, one image at a time.

    Args:
        images: uint8 [B, H, W, 3], what the bilateral kernel sees.
        unary: float32 [B, L, H, W] energies.
        config: weights, colour deviation and number of iterations.
        sigmas: spatial and bilateral standard deviations, each along y and x.

    Returns:
        float32 [B, L, H, W] on the device of ``unary``.
    """
    densecrf = require()
    labels, height, width = unary.shape[1:]
    (spatial_y, spatial_x), (bilateral_y, bilateral_x) = sigmas
    results = []
    for image, energies in zip(images, unary, strict=True):
        crf = densecrf.DenseCRF2D(width, height, labels)
        flat = energies.reshape(labels, -1).detach().cpu().numpy()
        crf.setUnaryEnergy(np.ascontiguousarray(flat, np.float32))
        crf.addPairwiseGaussian(sxy=(spatial_x, spatial_y), compat=config.spatial_weight)
        crf.addPairwiseBilateral(
            sxy=(bilateral_x, bilateral_y),
            srgb=config.bilateral_srgb,
            rgbim=image.cpu().contiguous().numpy().copy(),  # it insists on writable
            compat=config.bilateral_weight,
        )
        result = np.array(crf.inference(config.iterations), np.float32)
        results.append(torch.from_numpy(result).reshape(labels, height, width))
    return torch.stack(results).to(unary.device)
