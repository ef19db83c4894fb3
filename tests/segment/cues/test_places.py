"""Places: maps weighed by them, order of instances, candidates that they choose."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.segment.cues.place_maps import weigh_by_place
from car_video.segment.cues.place_ranking import (
    UNRANKED_FACTOR,
    inherited_place_factor,
    place_agreement,
    rank_probability,
)
from car_video.segment.cues.place_tensors import PlaceTensors
from car_video.text.parsing.places import Place, take_places
from tests.naive import places as naive

# Discs on a picture of 96 x 128 (rows, columns): row, column, radius.
DOGS = ((40, 16, 8), (44, 60, 12), (52, 104, 17))


def disc(row: int, column: int, radius: int) -> Tensor:
    y, x = torch.meshgrid(torch.arange(96), torch.arange(128), indexing="ij")
    return torch.hypot(y - row + 0.5, x - column + 0.5) < radius


def scene() -> tuple[Tensor, Tensor, Tensor]:
    """Candidates: three dogs, all of them together, a part of the first; liking; quality."""
    dogs = [disc(*d) for d in DOGS]
    masks = torch.stack([*dogs, disc(40, 16, 5)])
    logits = torch.where(masks, 4.0, -4.0)[None]
    return logits, torch.tensor([[0.3, 0.35, 0.4, 0.1]]), torch.ones(1, 4)


def ranked(logits: Tensor, agreement: Tensor, quality: Tensor, places: PlaceTensors) -> Tensor:
    return place_agreement(logits, agreement, quality, places)[0]


def places(*texts: str, anchors: tuple[str, ...] = ()) -> PlaceTensors:
    found = PlaceTensors.of([take_places(t).places for t in texts], anchors)
    assert found is not None
    return found


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 4))
def test_rank_probability_is_the_sum_over_all_worlds(
    seed: int, count: int, ordinal: int
) -> None:
    random = np.random.default_rng(seed)
    keys = random.permuted(np.tile(np.arange(count, dtype=float), (3, 1)), axis=1)
    exists = random.random((3, count))
    ordinals = torch.tensor([ordinal, 1, 2])
    found = rank_probability(torch.from_numpy(keys), torch.from_numpy(exists), ordinals)
    for row, number in enumerate(ordinals.tolist()):
        expected = naive.nth(keys[row], exists[row], number)
        np.testing.assert_allclose(found[row].numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("the left dog", 0),
        ("dog on the right", 2),
        ("second dog from the left", 1),
        ("second dog from the right", 1),
        ("third dog from the left", 2),
        ("dog in the middle", 1),
        ("the biggest dog", 2),
        ("the smallest dog", 0),
        ("second biggest dog", 1),
        ("the tallest dog", 2),
        ("the shortest dog", 0),
        ("closest dog", 2),
        ("farthest dog", 0),
        ("top dog", 0),
        ("bottom dog", 2),
        ("bottom right dog", 2),
        ("top left dog", 0),
    ],
)
def test_places_choose_among_candidates(text: str, chosen: int) -> None:
    found = ranked(*scene(), places(text))
    assert int(found[0].argmax()) == chosen
    assert found[0, 3] == 0, "a part of a dog is no dog of its own"
    assert ((found >= 0) & (found <= scene()[1].amax())).all()


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("the tallest", 1), ("the shorter one", 0), ("the biggest", 0), ("the smallest", 1)],
)
def test_the_tallest_need_not_be_the_biggest(text: str, chosen: int) -> None:
    masks = torch.zeros(1, 2, 40, 60, dtype=torch.bool)
    masks[0, 0, 20:30, :40] = True
    masks[0, 1, 5:35, 50:55] = True
    logits = torch.where(masks, 4.0, -4.0)
    found = ranked(logits, torch.full((1, 2), 0.4), torch.ones(1, 2), places(text))
    assert int(found[0].argmax()) == chosen


def test_a_doubtful_mask_at_the_end_does_not_win() -> None:
    logits, liked, quality = scene()
    liked[0, 0] = 0.02
    found = ranked(logits, liked, quality, places("the left dog"))
    assert int(found[0].argmax()) == 1
    quality[0, 1] = 0.1
    found = ranked(logits, liked, quality, places("the left dog"))
    assert int(found[0].argmax()) == 2, "nor one that the segmenter itself doubts"


def test_the_second_is_liked_as_its_kind_is() -> None:
    """Not for its own share of a map that all of them light up; nor if it is not there."""
    logits, liked, quality = scene()
    most = float(liked.amax())
    second = ranked(logits, liked, quality, places("second dog from the right"))
    assert 0.9 * most < float(second[0, 1]) <= most
    smallest = ranked(logits, liked, quality, places("smallest dog"))
    assert float(smallest[0, 0]) == pytest.approx(most), "nor for that of a size"
    fourth = ranked(logits, liked, quality, places("fourth dog from the left"))
    assert float(fourth.amax()) < 0.01
    third = ranked(logits, liked, quality, places("third dog from the left"))
    doubtful = liked * torch.tensor([[0.3, 1.0, 1.0, 1.0]])
    unsure = ranked(logits, doubtful, quality, places("third dog from the left"))
    assert int(unsure[0].argmax()) == int(third[0].argmax()) == 2
    assert float(unsure.amax()) < 0.5 * float(third.amax())


def test_how_surely_there_are_as_many() -> None:
    texts = ["third dog from the left", "fourth dog from the left", "left dog", "a dog"]
    logits, liked, quality = (t.expand(4, *t.shape[1:]) for t in scene())
    _, count_probability = place_agreement(logits, liked, quality, places(*texts))
    third, fourth, left, plain = count_probability.tolist()
    assert 0.5 < third <= 1
    assert fourth < 0.01
    assert left == plain == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_counting_never_likes_more_than_all(seed: int, number: int) -> None:
    random = torch.Generator().manual_seed(seed)
    logits, _, _ = scene()
    liked, quality = torch.rand(2, 1, 4, generator=random)
    asked = PlaceTensors.of([(Place("left", number),)], ())
    assert asked is not None
    found = ranked(logits, liked, quality, asked)
    assert ((found >= 0) & (found <= liked.amax() + 1e-6)).all()
    assert found.isfinite().all()


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("biggest dog on the right", 2), ("smallest dog at the top", 1), ("front left dog", 1)],
)
def test_unlike_keys_add_up_by_rank(text: str, chosen: int) -> None:
    """Areas of 25 to 1 do not outweigh sides."""
    dogs = [disc(80, 12, 3), disc(26, 30, 4), disc(30, 96, 20)]
    logits = torch.where(torch.stack(dogs), 4.0, -4.0)[None]
    if text.startswith("front"):
        logits = torch.where(
            torch.stack([disc(30, 70, 6), disc(60, 20, 8), disc(70, 110, 7)]), 4.0, -4.0
        )[None]
    liked = torch.tensor([[0.4, 0.4, 0.4]])
    found = ranked(logits, liked, torch.ones(1, 3), places(text))
    assert int(found[0].argmax()) == chosen


def test_ends_that_differ_leave_it_to_language() -> None:
    """ "The biggest on the right" of a big one on the left and a small one on the right."""
    masks = torch.stack([disc(48, 30, 25), disc(48, 110, 5)])
    logits = torch.where(masks, 4.0, -4.0)[None]
    for liked, chosen in ((torch.tensor([[0.4, 0.38]]), 0), (torch.tensor([[0.38, 0.4]]), 1)):
        found = ranked(logits, liked, torch.ones(1, 2), places("biggest dog right"))
        assert int(found[0].argmax()) == chosen
        assert (found > 0).all()


def test_rows_without_a_place_and_padding_stay() -> None:
    logits, liked, quality = (t.expand(2, *t.shape[1:]).clone() for t in scene())
    liked[1, 2] = -1.0
    found = ranked(logits, liked, quality, places("a dog", "dog on the right"))
    assert torch.equal(found[0], liked[0])
    assert found[1, 2] == -1
    assert int(found[1].argmax()) == 1
    nothing = torch.full_like(liked, -1.0)
    assert torch.equal(
        ranked(logits, nothing, quality, places("left dog", "right dog")), nothing
    )


def blobs() -> Tensor:
    """[1, 24, 32] with three equal things in a row, in [0, 1]."""
    maps = torch.zeros(1, 24, 32)
    for column in (3, 14, 25):
        maps[0, 10:14, column : column + 4] = 0.8
    return maps


@pytest.mark.parametrize(
    ("text", "column"),
    [("left dog", 4), ("dog on the right", 27), ("dog in the middle", 15)],
)
def test_a_map_fades_away_from_the_place(text: str, column: int) -> None:
    maps, evidence = weigh_by_place(blobs(), blobs(), places(text))
    assert maps.amax() == pytest.approx(0.8)
    best = int(maps[0].amax(0).argmax())
    assert abs(best - column) <= 2
    assert (maps > 0).equal(blobs() > 0)
    assert torch.allclose(maps, evidence)


def test_left_is_left_among_what_lights_up() -> None:
    shifted = torch.zeros(1, 24, 64)
    shifted[..., 32:] = blobs()  # all of it in the right half of the picture
    maps, _ = weigh_by_place(shifted, shifted, places("left dog"))
    assert torch.allclose(
        maps[..., 32:], weigh_by_place(blobs(), blobs(), places("left dog"))[0]
    )


@pytest.mark.parametrize("text", ["a dog", "second dog from the left", "biggest dog"])
def test_maps_that_no_side_can_tilt_stay(text: str) -> None:
    maps = torch.cat([blobs(), blobs()])
    found, evidence = weigh_by_place(maps, maps, places(text, "left dog"))
    assert torch.equal(found[0], maps[0])
    assert torch.equal(evidence[0], maps[0])
    assert not torch.equal(found[1], maps[1])


def test_beside_an_anchor() -> None:
    """The dog left of the car, which stands between the second and the third."""
    car = torch.zeros(1, 24, 32)
    car[0, 8:16, 20:24] = 1.0
    texts = "dog right of the car", "dog on the left of the car"
    placed = places(*texts, anchors=("the car",)).with_anchors(car)
    assert placed.centre[0, 0].tolist() == pytest.approx([22 / 32, 0.5])
    maps, _ = weigh_by_place(blobs().expand(2, -1, -1), blobs().expand(2, -1, -1), placed)
    assert maps[0, 12, 26] > 0.7 > 0.1 > maps[0, 12, 15]
    assert maps[1, 12, 15] > 0.7 > 0.1 > maps[1, 12, 26]
    logits, liked, quality = (t.expand(2, *t.shape[1:]) for t in scene())
    found = ranked(logits, liked, quality, placed)
    assert found.argmax(1).tolist() == [2, 1]


BEHIND, BEFORE, ASIDE = range(3)


def depths() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Three dogs: one that stands higher in the picture than the car, one lower, one higher
    but far aside of it; candidates, liking and quality; and a map of the car."""
    masks = torch.stack([disc(30, 62, 9), disc(80, 66, 9), disc(28, 10, 9)])
    car = torch.zeros(1, 24, 32)
    car[0, 10:15, 13:20] = 1.0
    liking = torch.tensor([[0.3, 0.3, 0.35]])
    return torch.where(masks, 4.0, -4.0)[None], liking, torch.ones(1, 3), car


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("the dog behind the car", BEHIND), ("dog in front of the car", BEFORE)],
)
def test_depth_beside_an_anchor(text: str, chosen: int) -> None:
    logits, liking, quality, car = depths()
    placed = places(text, anchors=("the car",)).with_anchors(car)
    assert float(placed.low[0, 0]) == pytest.approx(15 / 24)
    found = ranked(logits, liking, quality, placed)
    assert int(found.argmax()) == chosen
    assert found[0, chosen] == pytest.approx(float(liking.max())), "as its kind is liked"
    maps, evidence = weigh_by_place(blobs(), blobs(), placed)
    assert torch.equal(maps, blobs())
    assert torch.equal(evidence, blobs())


def test_who_is_behind_is_not_beside() -> None:
    """Of two equally far away, the one over the anchor; alone, the one aside is taken too."""
    logits, liking, quality, car = depths()
    placed = places("the dog behind the car", anchors=("the car",)).with_anchors(car)
    found = ranked(logits, liking, quality, placed)[0]
    assert found[BEFORE] < 0.01 < found[ASIDE] < found[BEHIND]
    liking[0, BEHIND] = -1.0
    assert int(ranked(logits, liking, quality, placed).argmax()) == ASIDE


@pytest.mark.parametrize(("sure", "chosen"), [(1.0, BEHIND), (0.05, BEFORE)])
def test_beside_what_is_not_there_language_decides(sure: float, chosen: int) -> None:
    """Nothing is behind a car that is not in the picture."""
    logits, liking, quality, car = depths()
    liking[0, BEFORE] = 0.6
    placed = places("the dog behind the car", anchors=("the car",)).with_anchors(sure * car)
    assert int(ranked(logits, liking, quality, placed).argmax()) == chosen


@pytest.mark.parametrize(("sure", "fades"), [(1.0, True), (0.05, False)])
def test_maps_fade_away_only_from_an_anchor_that_is_there(sure: float, fades: bool) -> None:
    car = torch.zeros(1, 24, 32)
    car[0, 8:16, 20:24] = sure
    placed = places("dog right of the car", anchors=("the car",)).with_anchors(car)
    maps, _ = weigh_by_place(blobs(), blobs(), placed)
    assert (float(maps[0, 12, 15]) < 0.1) == fades


def test_the_lowest_edge_of_an_anchor_leaves_out_what_is_faint() -> None:
    car = torch.full((1, 20, 10), 0.3)
    car[0, 4:10, 2:7] = 0.9
    placed = places("the dog behind the car", anchors=("the car",))
    assert float(placed.with_anchors(car).low[0, 0]) == pytest.approx(0.5)
    assert float(placed.with_anchors(torch.zeros(1, 20, 10)).low[0, 0]) <= 1


def test_an_empty_map_stays_empty() -> None:
    maps, evidence = weigh_by_place(
        torch.zeros(1, 4, 5), torch.zeros(1, 4, 5), places("left dog")
    )
    assert not maps.any()
    assert not evidence.any()


def test_places_as_tensors() -> None:
    places = [(), (Place("right", 2), Place("left", anchor="a car"))]
    table = PlaceTensors.of(places, ("a bus", "a car"))
    assert table is not None
    assert table.has_place.tolist() == [False, True]
    assert table.ordinal.tolist() == [[1, 1], [2, 1]]
    assert table.anchor.tolist() == [[-1, -1], [-1, 1]]
    assert table[torch.tensor([1])].direction.shape == (1, 2)
    assert PlaceTensors.of([(), ()], ()) is None


def test_masks_inherit_what_places_say_of_their_likes() -> None:
    candidates = torch.full((2, 2, 16, 16), -5.0)
    candidates[:, 0, :8, :8] = 5.0
    candidates[:, 1, 8:, 8:] = 5.0
    masks = torch.full((2, 3, 16, 16), -5.0)
    masks[:, 0, :8, 1:8] = 5.0  # nearly the first candidate
    masks[:, 1, 8:, 8:] = 5.0  # the second one
    masks[:, 2, :8, 8:] = 5.0  # neither
    factor = torch.tensor([[1.0, 0.1], [1.0, 0.1]])
    places = PlaceTensors.of([[Place("left")], []], [])
    assert places is not None
    found = inherited_place_factor(masks, candidates, factor, places)
    torch.testing.assert_close(
        found, torch.tensor([[1.0, 0.1, UNRANKED_FACTOR], [1.0, 1.0, 1.0]])
    )
    found = inherited_place_factor(masks, candidates, 2 * factor, places)
    torch.testing.assert_close(found[0], torch.tensor([2.0, 0.2, 2 * UNRANKED_FACTOR]))
    found = inherited_place_factor(masks, candidates.clamp_max(-5.0), 0 * factor, places)
    assert found[0].tolist() == pytest.approx([UNRANKED_FACTOR] * 3), "no mask says nothing"
