"""Dense CRF: soft masks snap to the edges of the image (CaR, section 3.4).

Mean field in a fully connected CRF with a spatial and a bilateral Gaussian kernel and Potts
compatibility (Krahenbuhl and Koltun, 2011), with the conventions of ``pydensecrf``: same
lattice, symmetric normalisation, same constants, so the masks are the same. All in torch, on
any device, for all images and labels at once. What depends on the image is built once
(:class:`DenseCrf`) and serves any number of inferences.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from car_video.config import CrfConfig
from car_video.errors import ConfigError
from car_video.segment.reference.crf_image import wrapped_bgr
from car_video.segment.refinement.crf import pydensecrf_backend
from car_video.segment.refinement.crf.kernels import (
    Kernel,
    bilateral_filter,
    spatial_filter,
)
from car_video.segment.refinement.guided_filter import GuidedUpsampler

_MAX_VALUES = 2**25
"""Values that one block of binary problems may hold: 128 MiB of float32."""


class DenseCrf:
    """The CRF of one image, or of a batch of images of one size.

    Args:
        images: uint8 [H, W, 3] or [B, H, W, 3], RGB.
        config: see :class:`CrfConfig`.
        device: where to compute; by default where ``images`` is.

    Raises:
        ConfigError: the ``pydensecrf`` backend is asked for and not installed, or the
            standard deviations are too small for the size of the image.
        ValueError: the images have another form.
    """

    def __init__(
        self,
        images: NDArray[np.uint8] | Tensor,
        config: CrfConfig | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        self.config = config or CrfConfig()
        if isinstance(images, np.ndarray) and not images.flags.writeable:
            images = images.copy()  # torch warns about sharing read-only memory
        batch = torch.as_tensor(images, device=device)
        batch = batch if batch.ndim == 4 else batch[None]
        if batch.ndim != 4 or batch.shape[-1] != 3 or batch.dtype != torch.uint8:
            raise ValueError(
                "images: want uint8 [H, W, 3] or [B, H, W, 3], "
                f"got {batch.dtype} {tuple(batch.shape)}"
            )
        self.device = batch.device
        self._size = (int(batch.shape[1]), int(batch.shape[2]))
        self._work_size = _work_size(self._size, self.config)
        self._upsampler: GuidedUpsampler | None = None
        if self._work_size != self._size:
            large = batch.permute(0, 3, 1, 2).float() / 255.0
            small = functional.interpolate(large, self._work_size, mode="area")
            self._upsampler = GuidedUpsampler(small, large)
            batch = (small * 255.0).round().to(torch.uint8).permute(0, 2, 3, 1)
        self._images = wrapped_bgr(batch) if self.config.image == "uint8_wrap" else batch
        if self.config.backend == "pydensecrf":
            pydensecrf_backend.require()
            self._kernels: list[Kernel] = []
        else:
            self._kernels = self._build_kernels()

    def marginals(self, probabilities: Tensor) -> Tensor:
        """Mean-field marginals of L competing labels.

        Args:
            probabilities: [L, H, W] or [B, L, H, W] in [0, 1], need not sum to 1; L >= 1.

        Returns:
            float32 of the same shape, summing to 1 over the labels.

        Raises:
            ValueError: another shape than the images have, no label, or not finite.
        """
        batch, single = self._prepare(probabilities)
        if batch.shape[1] == 0:
            raise ValueError("probabilities: want at least one label")
        result = self._finish(self._infer(-self._log(batch)))
        result = result / result.sum(1, keepdim=True).clamp_min(1e-12)
        return result[0] if single else result

    def binary_marginals(self, foreground: Tensor, background: Tensor | None = None) -> Tensor:
        """Marginals of many two-label problems on the same image: one channel per problem.

        Args:
            foreground: [Q, H, W] or [B, Q, H, W] in [0, 1]: probability of each query.
            background: the same shape: probability of "not this query"; by default
                ``1 - foreground``.

        Returns:
            float32 of the same shape: marginal of each foreground.

        Raises:
            ValueError: another shape than the images have, or not finite.
        """
        front, single = self._prepare(foreground)
        back = 1.0 - front if background is None else self._prepare(background)[0]
        if front.shape[1] == 0:
            return foreground.float()
        log_front, log_back = self._log(front), self._log(back)
        if self.config.backend == "pydensecrf":
            pairs = -torch.stack([log_back, log_front], 2)  # [B, Q, 2, h, w]
            result = torch.stack(
                [self._infer(pairs[:, query])[:, 1] for query in range(pairs.shape[1])], 1
            )
        else:
            result = self._unfold(
                self._binary_mean_field(self._fold(log_front - log_back)), front
            )
        result = self._finish(result)
        return result[0] if single else result

    def _infer(self, unary: Tensor) -> Tensor:
        """[B, L, h, w] energies -> marginals."""
        if self.config.backend == "pydensecrf":
            return pydensecrf_backend.marginals(
                self._images, unary, self.config, self._sigmas()
            )
        energies = self._fold(unary)
        if len(energies) == 2:
            foreground = self._binary_mean_field(energies[:1] - energies[1:])
            return self._unfold(torch.cat([1.0 - foreground, foreground]), unary)
        beliefs = torch.softmax(-energies, 0)
        for _ in range(self.config.iterations):
            logits = -energies
            for kernel in self._kernels:
                logits = logits + kernel.message(beliefs)
            beliefs = torch.softmax(logits, 0)
        return self._unfold(beliefs, unary)

    def _binary_mean_field(self, odds: Tensor) -> Tensor:
        """[Q, P] log odds of the foreground -> [Q, P] marginals.

        The messages of the two labels add up to the message of a constant, which is known:
        one channel carries both.
        """
        constant = sum(
            (kernel.constant for kernel in self._kernels), torch.zeros_like(odds[:1])
        )
        results = []
        for block in odds.split(max(1, _MAX_VALUES // max(1, odds.shape[1]))):
            prior = block - constant
            beliefs = torch.sigmoid(block)
            for _ in range(self.config.iterations):
                logits = prior
                for kernel in self._kernels:
                    logits = logits.add(kernel.message(beliefs), alpha=2.0)
                beliefs = torch.sigmoid(logits)
            results.append(beliefs)
        return torch.cat(results)

    def _build_kernels(self) -> list[Kernel]:
        spatial_sxy, bilateral_sxy = self._sigmas()
        images, config = self._images, self.config
        try:
            filters = [
                spatial_filter(
                    self._work_size, spatial_sxy, config.spatial_kernel, self.device
                ),
                bilateral_filter(images, bilateral_sxy, config.bilateral_srgb),
            ]
        except ValueError as error:
            raise ConfigError(f"crf: {error}") from None
        weights = (config.spatial_weight, config.bilateral_weight)
        points = math.prod(images.shape[:3])
        return [
            Kernel.normalised(inner, points, weight, self.device)
            for inner, weight in zip(filters, weights, strict=True)
        ]

    def _sigmas(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Spatial and bilateral standard deviations along y and x, in working pixels."""
        ratios = [small / full for small, full in zip(self._work_size, self._size, strict=True)]
        spatial, bilateral = self.config.spatial_sxy, self.config.bilateral_sxy
        return (
            (spatial * ratios[0], spatial * ratios[1]),
            (bilateral * ratios[0], bilateral * ratios[1]),
        )

    def _prepare(self, probabilities: Tensor) -> tuple[Tensor, bool]:
        """Check; add the batch dimension; bring to the working size. True if it was added."""
        single = probabilities.ndim == 3
        batch = (probabilities[None] if single else probabilities).to(self.device).float()
        if (
            batch.ndim != 4
            or len(batch) != len(self._images)
            or tuple(batch.shape[-2:]) != self._size
        ):
            raise ValueError(
                f"probabilities: want [L, {self._size[0]}, {self._size[1]}] for each of "
                f"{len(self._images)} images, got {tuple(probabilities.shape)}"
            )
        if not bool(torch.isfinite(batch).all()):
            raise ValueError("probabilities: some are not finite")
        if self._upsampler is not None:
            batch = functional.interpolate(batch, self._work_size, mode="area")
        return batch, single

    def _finish(self, result: Tensor) -> Tensor:
        return result if self._upsampler is None else self._upsampler(result).clamp_(0.0, 1.0)

    def _log(self, probabilities: Tensor) -> Tensor:
        return torch.log(probabilities.clamp(self.config.probability_floor, 1.0))

    @staticmethod
    def _fold(batch: Tensor) -> Tensor:
        """[B, L, h, w] -> [L, B * h * w], the layout of the filters."""
        return batch.transpose(0, 1).reshape(batch.shape[1], -1)

    @staticmethod
    def _unfold(channels: Tensor, like: Tensor) -> Tensor:
        images, _, height, width = like.shape
        return channels.reshape(-1, images, height, width).transpose(0, 1)


def _work_size(size: tuple[int, int], config: CrfConfig) -> tuple[int, int]:
    """Height and width that inference runs at."""
    scale = min(config.scale, math.sqrt(config.max_pixels / max(1, size[0] * size[1])))
    if scale >= 1.0:
        return size
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
