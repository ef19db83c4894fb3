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


def clicked(tracked: np.ndarray, *points: tuple[tuple[float, float], bool]) -> np.ndarray:
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


def test_a_speck_beside_the_mask_is_a_part_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A foot that a leg does not reach is no other thing than the person."""
    foot = (slice(50, 54), slice(44, 50))
    answer(monkeypatch, [(mask(foot), 0.9)])
    assert clicked(mask(HEAD, BODY), ((47, 52), True))[52, 47]
    assert same(clicked(mask(HEAD, BODY), ((47, 52), True)), HEAD, BODY)
    found = clicked(mask(HEAD, BODY), ((47, 52), True), (ON_BODY, False))
    assert same(found, foot)


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


CHEST = (slice(14, 38), slice(30, 50))
"""Half of the head and most of the body."""


def answer(
    monkeypatch: pytest.MonkeyPatch,
    asked: list[tuple[np.ndarray, float]],
    mended: tuple[np.ndarray, float] | None = None,
) -> None:
    """What the mask model finds at clicks, and with the mask so far as context: masks with
    their qualities; None: that mask again."""

    def of(picture, masks):  # type: ignore[no-untyped-def]
        logits = torch.stack([picture.logits_of(one) for one, _ in masks])
        return logits, torch.tensor([quality for _, quality in masks])

    def ask(self, points, box=None):  # type: ignore[no-untyped-def]
        return of(self, asked)

    def ask_with_context(self, points, tracked):  # type: ignore[no-untyped-def]
        return of(self, [mended or (tracked, 0.5)])

    monkeypatch.setattr(PromptedPicture, "ask", ask)
    monkeypatch.setattr(PromptedPicture, "ask_with_context", ask_with_context)


def test_of_parts_as_sure_the_one_that_takes_less_is_taken_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer(monkeypatch, [(mask(CHEST), 0.846), (mask(HEAD), 0.845)])
    assert same(clicked(mask(HEAD, BODY), (ON_HEAD, False)), BODY)


def test_what_is_not_clicked_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The surest answer forgets a piece of the mask that no click was about."""
    answer(monkeypatch, [(mask(CHEST), 0.3)], mended=(mask(BODY), 1.0))
    assert same(clicked(mask(HEAD, BODY, OTHER), (ON_HEAD, False)), BODY, OTHER)


def test_a_missing_part_goes_before_the_surer_rest_of_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything = np.ones((64, 96), bool)
    answer(monkeypatch, [(everything, 1.0), (mask(HEAD), 0.6)])
    assert same(clicked(mask(BODY), (ON_HEAD, True)), HEAD, BODY)


def test_a_missing_part_may_be_larger_than_the_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, [(mask(BODY), 0.9)])
    assert same(clicked(mask(HEAD), (ON_BODY, True)), HEAD, BODY)


STRIP = (slice(44, 56), slice(20, 56))
"""What the body stands on, nearly as large: the mask model is sure of it."""


@pytest.mark.parametrize("positive", [True, False])
def test_a_click_at_the_border_of_something_does_not_mean_all_of_it(
    monkeypatch: pytest.MonkeyPatch, positive: bool
) -> None:
    """Its middle is elsewhere; a disc about the click is likelier."""
    before, whole = mask(BODY, *[STRIP] * (not positive)), mask(BODY, *[STRIP] * positive)
    answer(monkeypatch, [(mask(STRIP), 1.0)])
    found = clicked(before, ((40.5, 46.5), positive))
    assert found[46, 40] == positive
    assert (found != before).sum() < 0.1 * before.sum()
    np.testing.assert_array_equal(clicked(before, ((38, 50), positive)), whole)


def test_a_click_that_asks_for_nothing_changes_least(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, [(mask(HEAD), 0.9)], mended=(mask(BODY), 0.9))
    assert same(clicked(mask(BODY), (ON_BODY, True)), BODY)


BOX = (30, 8, 20, 36)
"""Around head and body."""


def boxed(
    monkeypatch: pytest.MonkeyPatch, tracked: np.ndarray, *asked: tuple[np.ndarray, float]
) -> np.ndarray:
    """The mask of :data:`BOX`, of a mask model that answers so whatever it is asked."""

    def ask(self, points, box=None, several=True, context=None):  # type: ignore[no-untyped-def]
        logits = torch.stack([self.logits_of(one) for one, _ in asked])
        return logits, torch.tensor([quality for _, quality in asked])

    monkeypatch.setattr(PromptedPicture, "ask", ask)
    return corrected_mask(ColourSam(), IMAGE, Correction(0, 0, box=BOX), tracked)


def test_a_box_is_around_all_of_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    speck = mask(BODY)
    speck[8:10, 40:42] = True  # as far as the box reaches
    asked = [(speck, 0.95), (mask(BODY), 0.9), (mask(HEAD, BODY), 0.85)]
    assert same(boxed(monkeypatch, mask(), *asked), HEAD, BODY)


@pytest.mark.parametrize(
    ("tracked", "wanted"),
    [((HEAD,), HEAD), ((OTHER, (slice(8, 12), slice(30, 50))), BODY), ((), BODY)],
)
def test_a_box_around_most_of_the_mask_so_far_is_of_that_thing(
    monkeypatch: pytest.MonkeyPatch,
    tracked: tuple[tuple[slice, slice], ...],
    wanted: tuple[slice, slice],
) -> None:
    asked = [(mask(HEAD), 0.8), (mask(BODY), 0.9)]
    assert same(boxed(monkeypatch, mask(*tracked), *asked), wanted)


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


class Misled(ColourSam):
    """Its three answers to a box are what lies around the thing: that fills the box, too."""

    def predict(self, *given, multimask=True, **named):  # type: ignore[no-untyped-def]
        logits, quality = super().predict(*given, multimask=multimask, **named)
        return (-logits if multimask else logits), quality


def test_a_box_gets_the_one_answer_that_is_meant_for_boxes() -> None:
    left, top, width, height = 30, 20, 20, 24
    for points in ((), ((40.0, 30.0, True),)):
        one = Correction(0, 0, list(points), box=(left, top, width, height))
        found = corrected_mask(Misled(), IMAGE, one, np.zeros(IMAGE.shape[:2], bool))
        assert iou(found, BODY) > 0.8


def test_the_edge_of_the_picture() -> None:
    whole = np.zeros((64, 96), bool)
    corner = Correction(0, 0, [(95.9, 63.9, True)])
    assert corrected_mask(ColourSam(), IMAGE, corner, whole)[63, 95]
