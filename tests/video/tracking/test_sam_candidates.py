"""Candidates of the mask model where memory expects an object."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from car_video.video.tracking.frames import LanguageFrame
from car_video.video.tracking.sam_candidates import remembered_candidates, wanted_tracks
from tests.video.colour_sam import ColourSam

SIZE, CELLS, SIDE = (72, 96), (18, 24), 384
RED = (255, 0, 0)
PLACE = (slice(12, 32), slice(40, 64))


def frame(possible: tuple[bool, ...] | None = None) -> tuple[ColourSam, LanguageFrame]:
    """One red square on grey."""
    image = np.full((*SIZE, 3), 90, np.uint8)
    image[PLACE] = RED
    sam = ColourSam()
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    return sam, LanguageFrame(
        image,
        sam.encode(pixels, SIDE),
        SIZE,
        possible=None if possible is None else np.array(possible),
    )


def cells(weight: float) -> torch.Tensor:
    """float32 [18, 24]: the square, with a weight."""
    full = torch.zeros(1, 1, *SIZE)
    full[0, 0, PLACE[0], PLACE[1]] = weight
    return F.adaptive_avg_pool2d(full, CELLS)[0, 0]


def moved(place: tuple[slice, slice]) -> torch.Tensor:
    """Logits [72, 96] of a mask at a place."""
    logits = torch.full(SIZE, -5.0)
    logits[place] = 5.0
    return logits


HALF = moved((PLACE[0], slice(40, 50)))  # the rest of the square was hidden so far
ALL = moved(PLACE)


def test_the_mask_model_is_asked_where_memory_expects_more_of_a_track() -> None:
    sam, given = frame()
    expected = torch.stack([cells(0.9), cells(0.4), cells(0.9), cells(0.9)])[:, None]
    before = torch.stack([HALF, HALF, HALF, ALL])[:, None]
    alive = torch.tensor([[True], [True], [False], [True]])
    found = remembered_candidates(sam, given, alive, expected, before)  # type: ignore[arg-type]
    assert sam.prompts == 1, "one is not sure, one is no track, one is where it was thought"
    assert found.logits.shape == (4, 3, *SIZE)
    assert (found.agreement >= 0).all(1).tolist() == [True, False, False, False]
    masks, truth = found.logits[0] > 0, ALL > 0
    ious = [float((mask & truth).sum() / (mask | truth).sum()) for mask in masks]
    assert max(ious) > 0.95
    assert not (found.logits[1:] > 0).any()


def test_nobody_is_asked_for_what_is_not_in_the_frame() -> None:
    sam, given = frame((False, True))
    alive, before = torch.ones(2, 1, dtype=torch.bool), HALF.expand(2, 1, -1, -1)
    expected = cells(0.9).expand(2, 1, -1, -1)
    found = remembered_candidates(sam, given, alive, expected, before)  # type: ignore[arg-type]
    assert sam.prompts == 1
    assert (found.agreement >= 0).any(1).tolist() == [False, True]


def test_wanted_are_tracks_that_are_somewhere() -> None:
    regions = torch.zeros(2, 2, 4, 4, dtype=torch.bool)
    regions[:, 0, 1, 1] = True
    alive = torch.tensor([[True, True, True], [False, True, True]])
    assert wanted_tracks(alive, regions, None).tolist() == [[True, False], [False, False]]
    possible = np.array([False, True])
    assert not wanted_tracks(alive, regions, possible).any()
