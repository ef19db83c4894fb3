"""What clicks and boxes mean on the corrected frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from car_video.corrections import Correction
from car_video.errors import CorrectionError
from car_video.video.correction.anchors import corrected_mask
from car_video.video.correction.prompting import PromptedPicture
from tests.video.colour_sam import ColourSam
from tests.video.conftest import iou

HEAD, BODY = (slice(8, 20), slice(30, 50)), (slice(20, 44), slice(30, 50))
OTHER = (slice(20, 44), slice(70, 90))
IMAGE = np.full((64, 96, 3), 128, np.uint8)
IMAGE[HEAD], IMAGE[BODY], IMAGE[OTHER] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
ON_HEAD, ON_BODY, ON_OTHER = (40, 14), (40, 32), (80, 32)


def mask(*places: tuple[slice, slice]) -> np.ndarray:
    found = np.zeros((64, 96), bool)
    for place in places:
        found[place] = True
    return found


def clicked(tracked: np.ndarray, *points: tuple[tuple[int, int], bool]) -> np.ndarray:
    one = Correction(0, 0, [(x, y, positive) for (x, y), positive in points])
    return corrected_mask(ColourSam(), IMAGE, one, tracked)


def same(found: np.ndarray, *places: tuple[slice, slice]) -> bool:
    wanted = mask(*places)
    return bool((found & wanted).sum() / (found | wanted).sum() > 0.8)


def test_a_click_without_a_mask() -> None:
    assert same(clicked(mask(), (ON_OTHER, True)), OTHER)


def test_a_part_that_is_missing() -> None:
    assert same(clicked(mask(BODY), (ON_HEAD, True)), HEAD, BODY)


def test_another_thing() -> None:
    assert same(clicked(mask(BODY), (ON_OTHER, True)), OTHER)


def test_a_neighbour_is_another_thing_if_the_mask_is_refused() -> None:
    assert same(clicked(mask(BODY), (ON_HEAD, True), (ON_BODY, False)), HEAD)


def test_a_part_too_much() -> None:
    assert same(clicked(mask(HEAD, BODY), (ON_HEAD, False)), BODY)
    assert same(clicked(mask(HEAD, BODY), (ON_BODY, True), (ON_HEAD, False)), BODY)


def test_nothing_is_left() -> None:
    with pytest.raises(CorrectionError, match="nothing is left there; give absent"):
        clicked(mask(BODY), (ON_BODY, False))


def test_what_is_left_goes_before_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The surest answer at the negative click is the whole thing; less that nothing is left."""
    ask, ask_with_context = PromptedPicture.ask, PromptedPicture.ask_with_context

    def whole_first(self, points, box=None):  # type: ignore[no-untyped-def]
        found, quality = ask(self, points, box)
        whole = self.logits_of(mask(HEAD, BODY))
        return torch.cat([whole[None], found]), torch.cat([quality.new_ones(1), 0.1 * quality])

    def unmoved(self, points, tracked):  # type: ignore[no-untyped-def]
        found, quality = ask_with_context(self, points, tracked)
        return self.logits_of(tracked).expand_as(found), quality

    monkeypatch.setattr(PromptedPicture, "ask", whole_first)
    monkeypatch.setattr(PromptedPicture, "ask_with_context", unmoved)
    assert same(clicked(mask(HEAD, BODY), (ON_HEAD, False)), BODY)


@pytest.mark.parametrize("scale", [1, 25])
def test_a_box(scale: int) -> None:
    """Also on a picture that is shrunk before anything sees it."""
    image = IMAGE.repeat(scale, 0).repeat(scale, 1)
    box = tuple(scale * side for side in (30, 20, 20, 24))
    found = corrected_mask(
        ColourSam(), image, Correction(0, 0, box=box), np.zeros(image.shape[:2], bool)
    )
    assert found.shape == image.shape[:2]
    assert iou(found[::scale, ::scale], BODY) > 0.8


def test_the_edge_of_the_picture() -> None:
    whole = np.zeros((64, 96), bool)
    corner = Correction(0, 0, [(95.9, 63.9, True)])
    assert corrected_mask(ColourSam(), IMAGE, corner, whole)[63, 95]
