"""Mask logits at the size of the picture, strip by strip, so that memory stays small.

The released evaluation enlarges every mask to the padded size, crops it, and resizes it to the
picture: 250 full-size maps, 12 GB for one picture of Mapillary. Both steps are linear and act
on rows and columns apart, so they are two matrices here, of which a strip of rows needs a few
rows. The numbers are the same up to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.segment.panoptic.preparation import Sizes

MAX_VALUES = 1 << 24
"""Logits that a strip may hold: 64 MiB of float32."""


@dataclass(frozen=True)
class Resizing:
    """A bilinear resizing of one axis, as a matrix of which only bands are used.

    Attributes:
        matrix: float32 [target, source].
    """

    matrix: Tensor

    @classmethod
    def of(cls, source: int, target: int, device: torch.device) -> Resizing:
        """The one that ``interpolate`` does (half-pixel centres, no antialiasing)."""
        unit = torch.eye(source, device=device).unsqueeze(0)
        out = F.interpolate(unit, target, mode="linear", align_corners=False)
        return cls(out[0].T.contiguous())

    def then(self, after: Resizing, kept: int) -> Resizing:
        """This one, cropped to its first ``kept`` places, and another one after it."""
        return Resizing(after.matrix @ self.matrix[:kept])

    def needed(self, first: int, last: int) -> tuple[int, int]:
        """First and last (excluded) place of the source that places of the target need."""
        used = self.matrix[first:last].ne(0).any(0).nonzero().flatten()
        return int(used[0]), int(used[-1]) + 1

    def rows(self, values: Tensor, first: int, last: int) -> Tensor:
        """Rows ``first`` to ``last`` (excluded) of [N, source, w] resized: [N, rows, w]."""
        a, b = self.needed(first, last)
        return self.matrix[first:last, a:b] @ values[:, a:b]


@dataclass(frozen=True)
class Strip:
    """Some rows of the picture.

    Attributes:
        rows: where they are.
        values: [N, rows, W].
    """

    rows: slice
    values: Tensor


def fitted_strips(logits: Tensor, sizes: Sizes) -> Iterator[Strip]:
    """Mask logits at the picture's size.

    Args:
        logits: [Q, h, w] over the padded picture.
        sizes: of the picture.

    Yields:
        strips from top to bottom, [Q, rows, W].
    """
    vertical, horizontal = _fit(logits, sizes)
    for first, last in _bands(sizes.output[0], logits.shape[0] * sizes.output[1]):
        a, b = vertical.needed(first, last)
        wide = logits[:, a:b] @ horizontal.matrix.T
        yield Strip(slice(first, last), vertical.matrix[first:last, a:b] @ wide)


def class_strips(logits: Tensor, chances: Tensor, sizes: Sizes) -> Iterator[Strip]:
    """Class maps made at the padded size and then fitted to the picture: [K, rows, W].

    Args:
        logits: [Q, h, w] over the padded picture.
        chances: [Q, K], probabilities of the classes.
        sizes: of the picture.
    """
    device = logits.device
    (h, w), (height, width) = logits.shape[-2:], sizes.padded
    down, across = Resizing.of(h, height, device), Resizing.of(w, width, device)
    rows = Resizing.of(sizes.resized[0], sizes.output[0], device)
    columns = Resizing.of(sizes.resized[1], sizes.output[1], device)
    each = max(logits.shape[0], chances.shape[1]) * max(width, sizes.output[1])
    scale = max(1.0, sizes.resized[0] / sizes.output[0])
    for first, last in _bands(sizes.output[0], int(each * scale)):
        a, b = rows.needed(first, last)
        masks = down.rows(logits, a, b) @ across.matrix[: sizes.resized[1]].T
        maps = torch.einsum("qk,qhw->khw", chances, masks.sigmoid())
        fitted = rows.matrix[first:last, a:b] @ (maps @ columns.matrix.T)
        yield Strip(slice(first, last), fitted)


def _fit(logits: Tensor, sizes: Sizes) -> tuple[Resizing, Resizing]:
    """Enlarge to the padded size, crop, resize to the picture: rows, and columns."""
    device = logits.device
    both = [
        Resizing.of(small, padded, device).then(Resizing.of(resized, output, device), resized)
        for small, padded, resized, output in zip(
            logits.shape[-2:], sizes.padded, sizes.resized, sizes.output, strict=True
        )
    ]
    return both[0], both[1]


def _bands(height: int, each: int) -> Iterator[tuple[int, int]]:
    """Rows of strips whose values, ``each`` per row, stay under :data:`MAX_VALUES`."""
    step = max(1, MAX_VALUES // max(1, each))
    for first in range(0, height, step):
        yield first, min(height, first + step)
