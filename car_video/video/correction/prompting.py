"""``PromptedPicture``: clicks and boxes on a frame, as the mask model wants them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from car_video.corrections import Box, Point
from car_video.models.sam.base import TRAINED_SIDE, MaskModel, crop_logits
from car_video.segment.boxes import boxes_of
from car_video.video.tracking.mask_tensors import MAX_LOGIT

NEAR = 3
"""Cells of the mask model's output within which two masks touch: two answers about one border
lie a cell or two apart."""
STRAY = 0.02
"""Part of a mask at either end of an axis that is no extent of it: a speck, or a rope."""


class PromptedPicture:
    """A picture that the mask model has encoded, asked in pixels of the frame.

    Args:
        sam: the mask model.
        pixels: float32 [1, 3, h, w] in [0, 1]: the frame, shrunk or not.
        width: of the frame.
    """

    def __init__(self, sam: MaskModel, pixels: Tensor, width: int) -> None:
        self._sam, self._pixels = sam, pixels
        self._scale = pixels.shape[-1] / width
        self._embedding = sam.encode(pixels, TRAINED_SIDE)

    def ask(
        self,
        points: Sequence[Point],
        box: Box | None = None,
        several: bool = True,
        context: NDArray[np.bool_] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Masks for clicks and a box: logits [M, a, b] and the model's guess of their quality
        [M]; three, or not ``several`` but one. ``context``: bool [H, W], the mask so far."""
        given = None if box is None else self._box(box)
        known = None if context is None else self._context(context, given)
        answer, quality = self._sam.predict(
            self._embedding, *self._places(points), given, known, multimask=several
        )
        return crop_logits(answer, self._embedding)[0].float(), quality[0].float()

    def ask_with_context(
        self, points: Sequence[Point], mask: NDArray[np.bool_]
    ) -> tuple[Tensor, Tensor]:
        """Two masks for clicks that mend a mask bool [H, W], without and with its box.

        The box grows so that it holds the positive clicks.
        """
        before = torch.from_numpy(np.ascontiguousarray(mask)).to(self._pixels.device)
        around = boxes_of(before[None], self._size)
        inside = [(x, y) for x, y, positive in points if positive]
        if inside:
            clicks = around.new_tensor(inside) * self._scale
            low = torch.minimum(around[0, :2], clicks.amin(0))
            high = torch.maximum(around[0, 2:], clicks.amax(0))
            around = torch.cat([low, high])[None]
        places, labels = self._places(points)
        context = self._context(mask, around)
        found = [
            self._sam.predict(self._embedding, places, labels, box, context, False)
            for box in (None, around)
        ]
        logits = torch.cat([crop_logits(one, self._embedding)[0] for one, _ in found])
        return logits.float(), torch.cat([quality[0] for _, quality in found]).float()

    def logits_of(self, mask: NDArray[np.bool_]) -> Tensor:
        """[a, b] of a mask bool [H, W]."""
        given = torch.from_numpy(np.ascontiguousarray(mask)).to(self._pixels.device)
        part = F.interpolate(given[None, None].float(), self._embedding.grid, mode="area")
        return (part[0, 0] - 0.5) * 2 * MAX_LOGIT

    def obeyed(self, logits: Tensor, points: Sequence[Point]) -> Tensor:
        """[M]: how many of the clicks masks [M, a, b] obey."""
        if not points:
            return logits.new_zeros(len(logits))
        return self._obeys(logits, points).float().sum(1)

    def _obeys(self, logits: Tensor, points: Sequence[Point]) -> Tensor:
        """bool [M, K]: which of the clicks masks [M, a, b] obey."""
        x, y = self._cells(logits, points).unbind(1)
        wanted = torch.tensor([bool(p) for *_, p in points], device=logits.device)
        return (logits[:, y, x] > 0) == wanted

    def _cells(self, logits: Tensor, points: Sequence[Point]) -> Tensor:
        """int64 [K, 2]: column and row of the cells of masks [..., a, b] that are clicked."""
        rows, columns = logits.shape[-2:]
        height, width = self._size
        places = self._pixels.new_tensor([[x, y] for x, y, _ in points]) * self._scale
        cells = (places * places.new_tensor([columns / width, rows / height])).long()
        return torch.minimum(cells, cells.new_tensor([columns - 1, rows - 1]))

    def changed_near(self, logits: Tensor, before: Tensor, points: Sequence[Point]) -> Tensor:
        """Masks [M, a, b] with those changes alone that are connected with a click.

        Clicks that the mask so far obeys already ask for no change; where there is no other,
        all changes stay.

        Args:
            logits: [M, a, b].
            before: [a, b] of the mask so far.
            points: the clicks.
        """
        cells = self._asking(before, points)
        if not cells:
            return logits
        changed = ((logits > 0) != (before > 0)).cpu().numpy()
        near = np.zeros(changed.shape, bool)
        for one, own in zip(changed, near, strict=True):
            labels, _ = ndimage.label(one, np.ones((3, 3)))
            own[:] = one & np.isin(labels, [labels[y, x] for x, y in cells])
        return torch.where(torch.from_numpy(near).to(logits.device), logits, before)

    def centred(self, logits: Tensor, before: Tensor, points: Sequence[Point]) -> Tensor:
        """[M] in [0, 1]: how far in the middle of the changes that they ask for the clicks are.

        That is the distance of a click to the border of its change, as a part of the largest
        distance that there is in the change; 0 without a change, 1 where no click asks for
        one. Whoever clicks so that a small place is meant does not click on its border, and the
        middle of something large is elsewhere.

        Args:
            logits: [M, a, b], with changes near clicks alone (:meth:`changed_near`).
            before: [a, b] of the mask so far.
            points: the clicks.
        """
        cells = self._asking(before, points)
        if not cells:
            return logits.new_ones(len(logits))
        found = []
        for one in ((logits > 0) != (before > 0)).cpu().numpy():
            labels, _ = ndimage.label(one, np.ones((3, 3)))
            depth = ndimage.distance_transform_edt(np.pad(one, 1))[1:-1, 1:-1]
            own = [depth[y, x] / max(1, depth[labels == labels[y, x]].max()) for x, y in cells]
            found.append(float(np.mean(own)))
        return logits.new_tensor(found)

    def discs(self, before: Tensor, points: Sequence[Point]) -> Tensor:
        """[a, b]: the mask so far, changed in a disc about each click that it does not obey.

        The disc reaches half as far as the mask's border is away.
        """
        mask = (before > 0).cpu().numpy()
        changed = np.zeros_like(mask)
        rows, columns = np.indices(mask.shape)
        far = [ndimage.distance_transform_edt(one) for one in (~mask, mask) if not one.all()]
        for x, y in self._asking(before, points):
            reach = max(one[y, x] for one in far) / 2
            changed |= (rows - y) ** 2 + (columns - x) ** 2 <= reach**2
        wanted = torch.from_numpy(changed).to(before.device)
        return torch.where(wanted, -before.sign() * MAX_LOGIT, before)

    def within(self, box: Box, like: Tensor) -> Tensor:
        """bool [a, b]: the cells of masks [..., a, b] of which a box has a part."""
        left, top, right, bottom = self._box_cells(box, like)
        found = torch.zeros_like(like, dtype=torch.bool)
        found[int(top) : -int(-bottom // 1), int(left) : -int(-right // 1)] = True
        return found

    def filled(self, logits: Tensor, box: Box) -> Tensor:
        """[M] in [0, 1]: how much of a box the extent of each mask [M, a, b] is, times how much
        of the mask lies in the box.

        On either axis the outermost :data:`STRAY` of what lies in the box does not count, so
        that a speck makes no extent.
        """
        left, top, right, bottom = self._box_cells(box, logits)
        inside = (logits > 0) & self.within(box, logits[0])
        area = max(1.0, (right - left) * (bottom - top))
        found = []
        for one in inside.float():
            sides = []
            for axis in (0, 1):
                part = one.sum(axis) / one.sum().clamp_min(1)
                till = part.cumsum(0)
                sides.append(int(((till >= STRAY) & (till - part <= 1 - STRAY)).sum()))
            found.append(min(1.0, sides[0] * sides[1] / area))
        held = inside.sum((1, 2)) / (logits > 0).sum((1, 2)).clamp_min(1)
        return logits.new_tensor(found) * held

    def touch(self, one: Tensor, other: Tensor) -> bool:
        """Whether two masks [a, b] come within :data:`NEAR` cells of each other."""
        near = F.max_pool2d((one > 0)[None, None].float(), 2 * NEAR + 1, 1, NEAR)
        grown = near[0, 0] > 0
        return bool((grown & (other > 0)).any())

    def _asking(self, before: Tensor, points: Sequence[Point]) -> list[tuple[int, int]]:
        """Column and row of the clicks that a mask [a, b] does not obey."""
        cells = self._cells(before, points)[~self._obeys(before[None], points)[0]]
        return [(int(x), int(y)) for x, y in cells.tolist()]

    def _context(self, mask: NDArray[np.bool_], box: Tensor | None) -> Tensor:
        """Logits of a mask bool [H, W], as the mask model takes them as context."""
        around = (
            box if box is not None else self._pixels.new_tensor([[0, 0, *self._size[::-1]]])
        )
        shape, _ = self._sam.predict(self._embedding, boxes=around, multimask=False)
        context = torch.full_like(shape, -MAX_LOGIT)
        rows, columns = self._embedding.grid
        context[..., :rows, :columns] = self.logits_of(mask)
        return context

    def _box_cells(self, box: Box, like: Tensor) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of a box, in cells of masks [..., a, b], within them."""
        (height, width), (rows, columns) = self._size, like.shape[-2:]
        x, y, wide, high = (side * self._scale for side in box)
        across, down = columns / width, rows / height
        right, bottom = min(columns, (x + wide) * across), min(rows, (y + high) * down)
        return max(0.0, x * across), max(0.0, y * down), right, bottom

    @property
    def _size(self) -> tuple[int, int]:
        return int(self._pixels.shape[-2]), int(self._pixels.shape[-1])

    def _places(self, points: Sequence[Point]) -> tuple[Tensor | None, Tensor | None]:
        """float32 [1, K, 2] and int64 [1, K]; None without clicks."""
        if not points:
            return None, None
        places = self._pixels.new_tensor([[x, y] for x, y, _ in points])[None] * self._scale
        labels = torch.tensor([[int(p) for *_, p in points]], device=self._pixels.device)
        return places, labels

    def _box(self, box: Box) -> Tensor:
        """float32 [1, 4]: corners."""
        x, y, wide, high = box
        corners = self._pixels.new_tensor([[x, y, x + wide, y + high]])
        return corners * self._scale
