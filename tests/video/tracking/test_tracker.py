"""The tracker with a segmenter that sees colours: what is followed when language errs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import SamRefineConfig
from car_video.config.video import KeyframeConfig, MemoryConfig, TrackConfig
from car_video.segment.boxes import boxes_of
from car_video.segment.cues.kinds import KindCue
from car_video.segment.cues.mask_cues import MaskCues
from car_video.segment.cues.place_tensors import PlaceTensors
from car_video.text.parsing.places import Place
from car_video.video.feature_memory import unit_features
from car_video.video.state.selection import NEW
from car_video.video.tracking import tracker as tracker_module
from car_video.video.tracking.frames import IntermediateFrame, LanguageFrame
from car_video.video.tracking.mask_tensors import MAX_LOGIT, move
from car_video.video.tracking.sam_candidates import among_kind
from car_video.video.tracking.tracker import Tracker
from car_video.video.tracking.tracks import TrackCandidates
from tests.video.colour_sam import ColourSam

SIZE = (72, 96)  # flow begins at half of it, which takes half the time
CELLS = (18, 24)
STEP = 1 / 24
CALM = KeyframeConfig(calm_seconds=0.08)
SIDE = 96 * 4  # SAM's masks then have the size of the picture
RED, GREEN = (255, 0, 0), (0, 255, 0)
NOISE = np.random.default_rng(0).integers(-20, 20, SIZE)


def at(number: int) -> tuple[slice, slice]:
    """Where the red square is; it moves two pixels a frame."""
    return slice(8, 28), slice(6 + 2 * number, 26 + 2 * number)


def green_at(number: int) -> tuple[slice, slice]:
    return slice(38, 58), slice(70 - 2 * number, 90 - 2 * number)


def picture(number: int, *, red: bool = True, green: bool = True) -> np.ndarray:
    image = np.repeat((128 + NOISE)[..., None], 3, 2).astype(np.uint8)
    if red:
        image[at(number)] = RED
    if green:
        image[green_at(number)] = GREEN
    return image


def proposal_at(place: tuple[slice, slice] | None) -> Tensor:
    """A proposal [18, 24] that is 1 at a place of the picture."""
    full = torch.zeros(1, 1, *SIZE)
    if place is not None:
        full[0, 0, place[0], place[1]] = 1
    return F.adaptive_avg_pool2d(full, CELLS)[0, 0]


def scene(image: np.ndarray, *proposals: Tensor | None, cells: int = 4) -> LanguageFrame:
    """One proposal for each expression, None where language says nothing."""
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    alive = [number for number, proposal in enumerate(proposals) if proposal is not None]
    maps = [proposal for proposal in proposals if proposal is not None]
    stacked = torch.stack(maps) if maps else torch.zeros(0, *CELLS)
    features = unit_features(F.avg_pool2d(pixels, cells)[0])
    size = (image.shape[0], image.shape[1])
    embedding = ColourSam().encode(pixels, SIDE)
    return LanguageFrame(
        image,
        embedding,
        size,
        features,
        stacked,
        stacked,
        torch.tensor(alive, dtype=torch.int64),
    )


def between(image: np.ndarray, possible: np.ndarray | None = None) -> IntermediateFrame:
    return IntermediateFrame(image, image, SIDE, possible)


def propagated(tracks: Tracker, given: IntermediateFrame) -> Tensor:
    logits = tracks.propagate(given, STEP)
    assert logits is not None
    return logits


def tracker(
    queries: int = 1,
    config: TrackConfig | None = None,
    may_share: NDArray[np.bool_] | None = None,
    points: int = 3,
) -> Tracker:
    return Tracker(
        ColourSam(),  # type: ignore[arg-type]
        queries,
        config or TrackConfig(),
        MemoryConfig(),
        SamRefineConfig(side=SIDE, points=points),
        may_share,
    )


def step(tracks: Tracker, given_scene: LanguageFrame) -> Tensor:
    return tracks.step(given_scene, STEP) > 0


def iou(mask: Tensor, place: tuple[slice, slice]) -> float:
    truth = torch.zeros(SIZE, dtype=torch.bool)
    truth[place] = True
    return float((mask & truth).sum() / (mask | truth).sum())


def test_an_object_is_followed_while_language_says_nothing_of_it() -> None:
    tracks = tracker(2)
    for number in range(25):
        silent = number >= 3
        red = None if silent else proposal_at(at(number))
        masks = step(tracks, scene(picture(number), red, proposal_at(green_at(number))))
        assert iou(masks[0], at(number)) > 0.8
        assert iou(masks[1], green_at(number)) > 0.8


def test_memory_finds_what_moves_too_fast_for_the_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thing jumps further than the flow looks, while language is silent."""
    ious = {}
    for asks in (True, False):
        if not asks:
            monkeypatch.setattr(tracker_module, "remembered_candidates", nothing_remembered)
        tracks = tracker()
        for left in (20, 20, 20, 20, 36):  # the flow looks six pixels far
            place = slice(28, 40), slice(left, left + 12)
            image = picture(0, red=False, green=False)
            image[place] = RED
            masks = step(tracks, scene(image, proposal_at(place) if left == 20 else None))
        ious[asks] = iou(masks[0], place)
    assert ious[True] > 0.8
    assert ious[False] == 0, "lost without"


def nothing_remembered(
    sam: object, frame: LanguageFrame, alive: Tensor, expected: Tensor, moved: Tensor
) -> TrackCandidates:
    return TrackCandidates(moved[:, :0], moved[:, :0, 0, 0], 0)


def test_language_may_say_nothing_of_anything() -> None:
    tracks = tracker(1)
    for number in range(12):
        red = proposal_at(at(number)) if number < 3 else None
        masks = step(tracks, scene(picture(number), red))
        assert iou(masks[0], at(number)) > 0.8
    fresh = tracker(2)
    assert not step(fresh, scene(picture(0), None, None)).any()
    assert fresh.trackless().all()


def test_a_single_frame_does_not_switch_but_many_do() -> None:
    tracks = tracker()
    leaders = []
    for number in range(30):
        mistaken = number == 8 or number >= 12
        likes = (0.3 * (number == 8), 1.0) if mistaken else (1.0, 0.3)
        proposal = likes[0] * proposal_at(at(number)) + likes[1] * proposal_at(green_at(number))
        masks = step(tracks, scene(picture(number), proposal))
        leaders.append("red" if iou(masks[0], at(number)) > 0.8 else "green")
        assert iou(masks[0], at(number) if leaders[-1] == "red" else green_at(number)) > 0.8
    assert leaders[:13] == ["red"] * 13
    assert leaders[-5:] == ["green"] * 5
    turn = leaders.index("green")
    assert leaders == ["red"] * turn + ["green"] * (30 - turn)  # and it never goes back


def test_frame_by_frame_the_same_language_does_switch() -> None:
    """What tracks are for: without a past the mask jumps with language."""
    alone = []
    for number in (7, 8, 9):
        likes = (0.3, 1.0) if number == 8 else (1.0, 0.3)
        proposal = likes[0] * proposal_at(at(number)) + likes[1] * proposal_at(green_at(number))
        masks = step(tracker(), scene(picture(number), proposal))
        alone.append(iou(masks[0], at(number)) > 0.8)
    assert alone == [True, False, True]


def test_of_two_things_that_language_likes_the_one_that_moves_is_followed() -> None:
    """The other one, which language likes a little better, rests."""
    cues = MaskCues(torch.ones(1, dtype=torch.bool), moving=torch.ones(1, dtype=torch.bool))
    found = {}
    for weight in (0.0, 1.0):
        tracks = tracker(config=TrackConfig(own_motion=weight))
        for number in range(12):
            image = picture(number, green=False)
            image[green_at(0)] = GREEN
            proposal = proposal_at(at(number)) + 1.2 * proposal_at(green_at(0))
            masks = step(tracks, replace(scene(image, proposal / 1.2), cues=cues))
        red, green = iou(masks[0], at(11)), iou(masks[0], green_at(0))
        found[weight] = "red" if red > 0.8 else "green" if green > 0.8 else "neither"
    assert found == {0.0: "green", 1.0: "red"}


def test_an_object_that_is_gone_is_let_go() -> None:
    tracks = tracker()
    for number in range(4):
        step(tracks, scene(picture(number, green=False), proposal_at(at(number))))
    assert not tracks.trackless()[0]
    masks = step(tracks, scene(picture(4, red=False, green=False), None))
    assert tracks.trackless()[0]
    assert not masks.any()
    masks = step(tracks, scene(picture(5, green=False), proposal_at(at(5))))
    assert iou(masks[0], at(5)) > 0.8  # found again


def test_a_box_over_a_thing_is_not_the_thing() -> None:
    """Language goes on to point at the place, and the track goes on with what is there."""
    tracks, covered = tracker(), picture(0, red=False, green=False)
    covered[at(0)] = GREEN
    shown = [scene(picture(0, green=False), proposal_at(at(0)))] * 10
    for given_scene in [*shown, scene(covered, proposal_at(at(0)))]:
        assert tracks.against() == 0 if tracks.state else True
        step(tracks, given_scene)
        tracks.compare(given_scene, STEP)
    assert not tracks.trackless()[0]
    assert tracks.against() < -1
    propagated(tracks, between(covered))
    assert tracks.against() < 0
    tracks.select([NEW, 0], TrackConfig())
    assert tracks.against()[0] == 0 > tracks.against()[1]
    tracks.select([1], TrackConfig())
    propagated(tracks, between(picture(0, green=False)))
    assert tracks.against() == 0


def test_a_target_that_may_not_be_there_is_not_compared() -> None:
    tracks, covered = tracker(), picture(0, red=False, green=False)
    covered[at(0)] = 0, 130, 0  # as bright as the red, so that the flow sees nothing
    for _ in range(10):
        given_scene = scene(picture(0, green=False), proposal_at(at(0)))
        step(tracks, given_scene)
        tracks.compare(given_scene, STEP)
    propagated(tracks, between(covered, np.array([False])))
    assert tracks.against() == 0
    propagated(tracks, between(covered, np.array([True])))
    assert tracks.against() < 0


@pytest.mark.parametrize("count", [1, 3])
def test_expressions_do_not_know_of_each_other(count: int) -> None:
    config = TrackConfig(count=count)
    both, red, green = tracker(2, config), tracker(1, config), tracker(1, config)
    for number in range(5):
        image = picture(number)
        proposals = proposal_at(at(number)), proposal_at(green_at(number))
        together = step(both, scene(image, *proposals))
        assert torch.equal(together[:1], step(red, scene(image, proposals[0])))
        assert torch.equal(together[1:], step(green, scene(image, proposals[1])))


def liked(number: int, red: float, green: float) -> Tensor:
    return red * proposal_at(at(number)) + green * proposal_at(green_at(number))


def test_two_things_are_not_taken_for_one() -> None:
    """Language prefers the red square for both; the green one is nearly as good for one."""
    apart = np.eye(2, dtype=bool)
    for may_share, cost, both_red in (
        (None, 0.7, True),
        (np.ones((2, 2), bool), 0.7, True),
        (apart, 0.7, False),
        (apart, 0.0, True),
    ):
        tracks = tracker(2, TrackConfig(share_cost=cost), may_share, points=8)
        for number in range(4):
            proposals = liked(number, 1.0, 0.95), liked(number, 1.0, 0.2)
            masks = step(tracks, scene(picture(number), *proposals))
            assert iou(masks[0], at(number) if both_red else green_at(number)) > 0.8
            assert iou(masks[1], at(number)) > 0.8


def test_one_thing_for_two_expressions_where_there_is_no_other() -> None:
    tracks = tracker(2, None, np.eye(2, dtype=bool), points=8)
    for number in range(3):
        proposals = proposal_at(at(number)), proposal_at(at(number))
        masks = step(tracks, scene(picture(number, green=False), *proposals))
        assert iou(masks[0], at(number)) > 0.8
        assert iou(masks[1], at(number)) > 0.8


def test_other_expressions_share_by_their_own_words() -> None:
    tracks = tracker(1, None, np.eye(1, dtype=bool), points=8)
    step(tracks, scene(picture(0), liked(0, 1.0, 0.95)))
    tracks.select([NEW, 0], TrackConfig(), np.eye(2, dtype=bool))
    masks = step(tracks, scene(picture(1), liked(1, 1.0, 0.2), liked(1, 1.0, 0.95)))
    assert iou(masks[0], at(1)) > 0.8
    assert iou(masks[1], green_at(1)) > 0.8


def test_among_things_of_one_kind_each_takes_its_own() -> None:
    """Proposals are the same for both; cells say which of them is the red and the green one."""
    tracks = tracker(2, points=8)
    everything = torch.arange(2)
    for number in range(4):
        image = picture(number)
        proposals = liked(number, 1.0, 1.0), liked(number, 1.0, 0.9)
        given_scene = scene(image, *proposals)
        fit = torch.stack([proposal_at(green_at(number)), proposal_at(at(number))])
        kinds = KindCue(4 * fit, torch.ones(2, 2, dtype=torch.bool), everything)
        cues = MaskCues(torch.zeros(2, dtype=torch.bool), kinds=kinds)
        masks = step(tracks, replace(given_scene, cues=cues))
        assert iou(masks[0], green_at(number)) > 0.8
        assert iou(masks[1], at(number)) > 0.8
    assert tracks.state is not None
    assert float(tracks.state.tracks.kind[:, 0].min()) > -0.1


def test_an_expression_that_is_not_alive_is_not_told_apart() -> None:
    fit = torch.stack([proposal_at(at(0)), proposal_at(green_at(0))])
    kinds = KindCue(4 * fit, torch.ones(2, 2, dtype=torch.bool), torch.arange(2))
    cues = MaskCues(torch.zeros(2, dtype=torch.bool), kinds=kinds)
    given_scene = scene(picture(0), proposal_at(at(0)), None, proposal_at(green_at(0)))
    logits = torch.full((3, 1, *SIZE), -3.0)
    logits[:, 0, at(0)[0], at(0)[1]] = 3.0
    found = among_kind(replace(given_scene, cues=cues), logits)
    assert found is not None
    red, dropped, green = found[:, 0].tolist()
    assert dropped == 1
    assert red > 0.9
    assert red + green == pytest.approx(1)
    assert among_kind(given_scene, logits) is None


def test_between_keyframes_tracks_go_on_by_themselves() -> None:
    tracks = tracker(2)
    step(tracks, scene(picture(0), proposal_at(at(0)), None))
    for number in range(1, 10):
        masks = propagated(tracks, between(picture(number))) > 0
        assert iou(masks[0], at(number)) > 0.8
        assert not masks[1].any()
        assert tracks.trackless().tolist() == [False, True]
    assert (
        tracks.propagate(between(picture(10, red=False)), STEP) is None
    )  # language has to look
    assert tracks.trackless().tolist() == [False, True]


def grid_of_squares(count: int) -> list[tuple[slice, slice]]:
    return [
        (
            slice(4 + 12 * (n // 6), 12 + 12 * (n // 6)),
            slice(4 + 15 * (n % 6), 13 + 15 * (n % 6)),
        )
        for n in range(count)
    ]


def test_many_expressions_take_turns_within_a_budget() -> None:
    places = grid_of_squares(12)
    image = picture(0, red=False, green=False)
    for place in places:
        image[place] = RED
    tracks = tracker(12, TrackConfig(prompts=9))  # three expressions of three points a frame
    sam = tracks.sam
    assert isinstance(sam, ColourSam)
    assert tracks.config.count == 2  # of three: expressions share the tracks
    step(tracks, scene(image, *(proposal_at(place) for place in places)))
    assert tracks.state is not None
    spoken = []
    for _ in range(8):
        sam.prompts = 0
        masks = step(tracks, scene(image, *(proposal_at(place) for place in places)))
        tracked = int(tracks.state.tracks.alive.sum())
        assert sam.prompts <= 9 + 24
        assert tracked >= 12
        spoken.append((tracks.turns.waited == 0).nonzero()[0].tolist())
        for mask, place in zip(masks, places, strict=True):
            assert iou(mask, place) > 0.75
    assert all(len(turn) == 3 for turn in spoken)
    assert sorted(n for turn in spoken[:4] for n in turn) == list(
        range(12)
    )  # everyone once in four frames
    assert spoken[:4] == spoken[4:]


def followed(kind: str, others: int) -> tuple[Tensor, Tensor]:
    """Values and masks of the first expression's tracks after six frames of three red squares.

    Args:
        kind: ``left``: it has a word of place; ``plural``: it names several things.
        others: how many plain expressions there are beside it.
    """
    reds = grid_of_squares(3)
    image = picture(0, red=False, green=False)
    for place in reds:
        image[place] = RED
    everywhere = torch.stack([proposal_at(place) for place in reds]).sum(0)
    wanted = torch.zeros(SIZE, dtype=torch.bool)
    for place in reds[:1] if kind == "left" else reds:
        wanted[place] = True
    tracks = tracker(1 + others, TrackConfig(prompts=6))  # two expressions of three points
    frame = scene(image, everywhere, *[proposal_at(reds[1])] * others)
    if kind == "left":
        words = [[Place("left")], *([] for _ in range(others))]
        frame = replace(frame, places=PlaceTensors.of(words, []))
    else:
        frame = replace(frame, plural=torch.arange(1 + others) == 0)
    for _ in range(6):
        masks = step(tracks, frame)
        assert (masks[0] & wanted).sum() > 0.75 * (masks[0] | wanted).sum()
    assert tracks.state is not None
    return tracks.state.tracks.value[0], tracks.state.tracks.logits[0]


@pytest.mark.parametrize("kind", ["left", "plural"])
def test_evidence_does_not_depend_on_how_many_expressions_there_are(kind: str) -> None:
    """Two expressions have a turn per frame; words of place and plurals count on every one."""
    value, logits = followed(kind, 0)
    for others in (1, 4):
        with_others = followed(kind, others)
        torch.testing.assert_close(with_others[0], value)
        assert torch.equal(with_others[1], logits)


def test_a_possible_target_without_a_track_has_the_first_turn() -> None:
    places = grid_of_squares(6)
    image = picture(0, red=False, green=False)
    for place in places[:5]:
        image[place] = RED
    tracks = tracker(6, TrackConfig(prompts=3))
    step(tracks, scene(image, *(proposal_at(place) for place in places[:5]), None))
    assert tracks.trackless().tolist() == [False] * 5 + [True]
    image[places[5]] = RED
    masks = step(tracks, scene(image, *(proposal_at(place) for place in places)))
    assert iou(masks[5], places[5]) > 0.75


def test_an_absent_target_costs_nothing() -> None:
    tracks = tracker(2)
    step(tracks, scene(picture(0), proposal_at(at(0)), proposal_at(green_at(0))))
    sam = tracks.sam
    assert isinstance(sam, ColourSam)
    sam.prompts = 0
    here = np.array([True, False])
    masks = propagated(tracks, between(picture(1), here)) > 0
    assert sam.prompts == 1
    assert iou(masks[0], at(1)) > 0.8
    assert not tracks.trackless().any()  # it moves with the flow, its absence has not been seen


def test_the_first_frame_must_be_a_keyframe() -> None:
    with pytest.raises(AssertionError, match="keyframe"):
        tracker().propagate(between(picture(0)), STEP)


def test_a_track_in_doubt_changes_nothing() -> None:
    tracks = tracker()
    step(tracks, scene(picture(0), proposal_at(at(0))))
    before = tracks.state_dict()
    assert tracks.propagate(between(picture(1, red=False)), STEP, doubt=0.6) is None
    after = tracks.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert tracks.propagate(between(picture(1)), STEP, doubt=0.6) is not None


@pytest.mark.parametrize(
    ("reds", "greens", "called"), [(1, 3, True), (1, 4, False), (2, 4, True)]
)
def test_one_doubt_among_many_can_wait(reds: int, greens: int, called: bool) -> None:
    """A look of language is for all expressions: more than a fifth of them must need it."""
    tracks = tracker(reds + greens)
    places = [at(0)] * reds + [green_at(0)] * greens
    for _ in range(2):  # language takes turns
        step(tracks, scene(picture(0), *(proposal_at(place) for place in places)))
    assert not tracks.trackless().any()
    image = picture(0, red=False)
    image[8:20, 6:18] = RED  # a third of what it was
    masks = tracks.propagate(between(image), STEP, doubt=0.95)
    assert (masks is None) == called


@pytest.mark.parametrize(("reds", "called"), [(3, True), (4, False)])
def test_one_new_track_among_many_can_wait(reds: int, called: bool) -> None:
    """As one doubt can: of four tracks one is more than a fifth, of five it is not."""
    tracks = tracker(reds + 1)
    present = np.ones(reds + 1, bool)
    for _ in range(reds + 1):  # language takes turns
        step(tracks, scene(picture(0), *[proposal_at(at(0))] * reds, proposal_at(green_at(0))))
    tracks.drop(np.arange(reds + 1) == reds)
    assert not tracks.newborn(2, present)
    while tracks.trackless().any():
        step(tracks, scene(picture(0), *[proposal_at(at(0))] * reds, proposal_at(green_at(0))))
    assert tracks.newborn(2, present) == called
    assert not tracks.newborn(1, present)
    assert not tracks.newborn(2, np.arange(reds + 1) < reds), "its target is absent"


def test_without_a_present_target_sam_sees_nothing() -> None:
    tracks = tracker()
    step(tracks, scene(picture(0), proposal_at(at(0))))
    sam = tracks.sam
    assert isinstance(sam, ColourSam)
    sam.sides.clear()
    tracks.propagate(between(picture(1), np.array([False])), STEP)
    assert not sam.sides
    tracks.propagate(between(picture(2)), STEP)
    assert len(sam.sides) == 1


@pytest.mark.parametrize(
    ("rate", "seen"),
    [(12, [1, 1, 1, 1, 1, 1]), (24, [1, 0, 1, 0, 1, 0]), (60, [1, 0, 0, 0, 0, 1])],
)
def test_calm_masks_move_with_the_picture_alone(rate: int, seen: list[int]) -> None:
    tracks = tracker()
    step(tracks, scene(picture(0), proposal_at(at(0))))
    sam = tracks.sam
    assert isinstance(sam, ColourSam)
    looks = []
    for _ in seen:
        sam.sides.clear()
        assert tracks.state is not None
        given = between(picture(0))
        moved = tracks.state.moved(picture(0), tracks.state.grid)[:, 0]
        masks = tracks.propagate(given, 1 / rate, config=CALM)
        assert masks is not None
        assert ("pixels" in vars(given)) == bool(sam.sides), "made only where they are seen"
        looks.append(len(sam.sides))
        assert sam.sides or torch.equal(masks, moved)
        assert iou(masks[0] > 0, at(0)) > 0.9
    assert looks == seen
    step(tracks, scene(picture(0), proposal_at(at(0))))
    sam.sides.clear()
    tracks.propagate(between(picture(0)), 1 / rate, config=CALM)
    assert sam.sides, "what language has changed is looked at once more"


def test_one_mask_that_changes_ends_the_calm() -> None:
    tracks = tracker(2)
    step(tracks, scene(picture(0), proposal_at(at(0)), proposal_at(green_at(0))))
    sam = tracks.sam
    assert isinstance(sam, ColourSam)
    less = picture(0, red=False)
    less[8:20, 6:18] = RED  # a third of what it was
    for image, seen in [(less, 1), (picture(0), 1), (picture(0), 1), (picture(0), 0)]:
        sam.sides.clear()
        tracks.propagate(between(image), STEP, config=CALM)
        assert len(sam.sides) == seen


def test_tracks_go_along_to_another_grid_of_cells() -> None:
    tracks = tracker()
    for number in range(3):
        step(tracks, scene(picture(number), proposal_at(at(number))))
    assert float(tracks.state.tracks.age[0, 0]) == pytest.approx(2 * STEP)
    masks = step(tracks, scene(picture(3), proposal_at(at(3)), cells=8))
    assert iou(masks[0], at(3)) > 0.8
    assert float(tracks.state.tracks.age[0, 0]) == pytest.approx(3 * STEP)
    assert tracks.state.known[0, 0, :4].all()
    assert tracks.cells == (9, 12)


def test_agreement_and_dropping() -> None:
    tracks = tracker(2)
    for number in range(3):
        step(
            tracks,
            scene(picture(number), proposal_at(at(number)), proposal_at(green_at(number))),
        )
    liked = tracks.agreement()
    assert liked.dtype == np.float32
    assert liked.min() > 0.5
    assert liked.max() <= 1
    tracks.drop(np.array([True, False]))
    assert tracks.trackless().tolist() == [True, False]
    assert tracks.agreement()[0] == 0
    assert tracks.agreement()[1] == liked[1]
    masks = step(tracks, scene(picture(3), proposal_at(at(3)), None))
    assert iou(masks[0], at(3)) > 0.8  # language finds it again
    assert float(tracks.state.tracks.age[0, 0]) == 0


def test_after_a_reset_nothing_is_left() -> None:
    used, fresh = tracker(), tracker()
    for number in range(3):
        step(used, scene(picture(number), proposal_at(at(number))))
    used.reset()
    assert used.trackless().all()
    for number in range(2):
        given_scene = scene(picture(number), proposal_at(green_at(number)))
        assert torch.equal(step(used, given_scene), step(fresh, given_scene))


def sizes(tracks: Tracker) -> list[object]:
    state = tracks.state
    assert state is not None
    tensors = [state.tracks.logits, state.tracks.value, state.labels, state.known]
    keys = [key for key in tracks.memory._keys if key is not None]
    return [tuple(t.shape) for t in tensors] + [len(keys)] + [tuple(k.shape) for k in keys]


def test_state_does_not_grow() -> None:
    tracks = tracker(2)
    seen = []
    full = tracks.memory.slots
    for number in range(full + 10):
        n = number % 20
        step(
            tracks,
            scene(picture(n), proposal_at(at(n)), proposal_at(green_at(n)) if n % 3 else None),
        )
        seen.append(sizes(tracks))
    assert all(entry == seen[full] for entry in seen[full:])


@given(st.integers(-4, 4), st.integers(-6, 6), st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_move_by_whole_pixels_is_exact(dy: int, dx: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(size=(2, 3, 20, 30))).float()
    flow = torch.zeros(2, 20, 30)
    flow[0], flow[1] = dy, dx
    moved = move(logits, flow, (20, 30))
    inside = moved[..., 6:14, 8:22]
    expected = logits[..., 6 + dy : 14 + dy, 8 + dx : 22 + dx]
    torch.testing.assert_close(inside, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("grid", [(10, 15), (20, 30), (7, 9)])
def test_no_flow_no_motion(grid: tuple[int, int]) -> None:
    logits = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 2, 20, 30))).float()
    moved = move(logits, torch.zeros(2, *grid), (20, 30))
    if grid != (20, 30):  # a coarser flow has no say at the very border
        moved, logits = moved[..., 3:-3, 3:-3], logits[..., 3:-3, 3:-3]
    torch.testing.assert_close(moved, logits, atol=1e-4, rtol=1e-4)


def test_move_on_a_coarser_grid_of_flow() -> None:
    """Flow is in pixels of its own grid: one there is two of a mask twice as fine."""
    logits = torch.zeros(1, 1, 20, 30)
    logits[0, 0, 8:12, 10:16] = 5
    flow = torch.zeros(2, 10, 15)
    flow[1] = -1  # content came from the left: it has moved to the right
    moved = move(logits, flow, (20, 30))
    torch.testing.assert_close(moved[0, 0, 4:16, 6:24], logits[0, 0, 4:16, 4:22])


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 11), st.integers(1, 4), st.integers(1, 4)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([(9, 12), (90, 120), (50, 70)]),
)
@settings(deadline=None, max_examples=40)
def test_boxes_of(places: Sequence[tuple[int, int, int, int]], size: tuple[int, int]) -> None:
    masks = torch.zeros(len(places), 9, 12, dtype=torch.bool)
    for mask, (row, column, height, width) in zip(masks, places, strict=True):
        mask[row : row + height, column : column + width] = True
    expected = [
        [
            column * size[1] / 12,
            row * size[0] / 9,
            min(12, column + width) * size[1] / 12,
            min(9, row + height) * size[0] / 9,
        ]
        for row, column, height, width in places
    ]
    torch.testing.assert_close(boxes_of(masks, size), torch.tensor(expected).float())


def test_no_track_is_far_below_zero() -> None:
    tracks = tracker(2)
    logits_scene = scene(picture(0), proposal_at(at(0)), None)
    step(tracks, logits_scene)
    assert (tracks.best()[1] == -MAX_LOGIT).all()
