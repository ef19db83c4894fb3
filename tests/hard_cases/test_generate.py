import dataclasses
from collections import Counter

import numpy as np
import pytest
from scipy import ndimage

from tests.hard_cases import cases
from tests.hard_cases.backgrounds import CLIP_CONTENTS
from tests.hard_cases.cutouts import SOURCES
from tests.hard_cases.generate import HardCase
from tests.hard_cases.measures import HERE, HIDDEN, presence_labels, touching
from tests.hard_cases.scene import LENGTH, Actor, Scene, Shot
from tests.hard_cases.scenes import SCENES

BY_NAME = {scene.name: scene for scene in SCENES}


def labels(case: HardCase, frames) -> np.ndarray:
    """int8 [T, Q] presence labels of some frames."""
    rows = []
    for frame in frames:
        moment = case.at(frame)
        rows.append(presence_labels(moment.visibility, moment.masks.mean((1, 2))))
    return np.array(rows)


def test_the_list_of_scenes():
    kinds = Counter(scene.kind for scene in SCENES)
    assert set(kinds) == {"occlusion", "leave", "cut", "crossing", "absent", "shake"}
    assert min(kinds.values()) >= 3
    assert len(BY_NAME) == len(SCENES) >= 20


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_is_consistent(scene):
    assert len(scene.expressions) == len(scene.nouns)
    assert sum(shot.length for shot in scene.shots) == LENGTH
    for actor in scene.actors:
        assert actor.cutout in SOURCES
        if actor.query is not None:
            assert SOURCES[actor.cutout].category == scene.nouns[actor.query]
    named = {actor.query for actor in scene.actors if actor.query is not None}
    assert named == (set() if scene.kind == "absent" else set(range(len(scene.nouns))))
    nouns = {SOURCES[actor.cutout].category for actor in scene.actors if actor.query is None}
    if scene.kind == "absent":
        assert not nouns & set(scene.nouns)
    for shot in scene.shots:  # pictures bring their nouns in the annotations
        assert not CLIP_CONTENTS.get(shot.background, frozenset()) & set(scene.nouns)


def test_same_seed_same_pixels_in_any_order(data):
    scene = BY_NAME["two elephants"]
    first, second = HardCase(data, scene, 3), HardCase(data, scene, 3)
    forwards = [first.at(frame) for frame in (0, 20, 21)]
    backwards = [second.at(frame) for frame in (21, 20, 0)][::-1]
    for a, b in zip(forwards, backwards, strict=True):
        np.testing.assert_array_equal(a.image, b.image)
        np.testing.assert_array_equal(a.masks, b.masks)
    assert (HardCase(data, scene, 4).at(20).image != forwards[1].image).any()


@pytest.mark.parametrize(
    "name", ["bus out and in", "two elephants", "dog behind the clip's car"]
)
def test_masks_are_exact(data, name):
    """What differs from the bare background is what objects cover, up to a soft rim."""
    case = HardCase(data, BY_NAME[name])
    for frame in (2, 21, 40):
        moment = case.at(frame)
        bare = case.background(frame)
        changed = (moment.image != bare).any(-1)
        covered = (moment.masks | moment.others).any(0)
        # A named pixel can have the background's colour by chance, hardly ever.
        assert np.count_nonzero(covered & ~changed) <= 0.02 * max(covered.sum(), 1)
        # Outside, only the rim is left where alpha is below one half, wider with blur.
        assert not (changed & ~ndimage.binary_dilation(covered, iterations=10)).any()


def test_masks_of_two_objects_share_no_pixel(data):
    case = HardCase(data, BY_NAME["two bears"])
    overlaps = []
    for frame in (5, 20, 24, 40):
        moment = case.at(frame)
        assert not (moment.masks[0] & moment.masks[1]).any()
        np.testing.assert_array_equal(moment.others, moment.masks[::-1])
        overlaps.append(touching(*moment.masks))
    assert overlaps == [False, True, True, False]


def test_behind_the_object_of_the_clip_the_picture_is_untouched(data):
    case = HardCase(data, BY_NAME["dog behind the clip's car"])
    assert labels(case, [5, 21]).tolist() == [[HERE], [HIDDEN]]
    hidden = case.at(21)
    np.testing.assert_array_equal(hidden.image, case.background(21))


def test_presence_follows_the_story(data):
    for name, story in {
        "dog behind a suitcase": {0: HERE, 23: HIDDEN, 47: HERE},
        "woman out and in": {0: HERE, 20: HIDDEN, 47: HERE},
        "elephant from the second shot on": {0: HIDDEN, 19: HIDDEN, 20: HERE, 47: HERE},
        "a cat where a dog is": {0: HIDDEN, 47: HIDDEN},
    }.items():
        found = labels(HardCase(data, BY_NAME[name]), story)[:, 0].tolist()
        assert found == list(story.values()), name


@pytest.mark.slow  # test_presence_follows_the_story has two of them
@pytest.mark.parametrize("kind", ["occlusion", "leave"])
def test_every_absence_has_frames_before_and_after(data, kind):
    for case in cases(data, kinds=[kind]):
        before, away, after = (labels(case, f)[:, 0] for f in ([0, 3], [20, 22, 24], [44, 47]))
        assert (before == HERE).all(), case.name
        assert (after == HERE).all(), case.name
        if "legs" not in case.name:  # there the target is never wholly hidden
            assert np.count_nonzero(away == HIDDEN) >= 2, case.name


@pytest.mark.slow  # test_masks_of_two_objects_share_no_pixel has one of them
def test_every_crossing_has_frames_before_and_after(data):
    for case in cases(data, kinds=["crossing"]):
        for frame in (0, 4, 22, LENGTH - 4, LENGTH - 1):
            moment = case.at(frame)
            assert touching(moment.masks[0], moment.others[0]) == (frame == 22), case.name


def test_a_shaking_camera_shakes_the_background_too(data):
    case = HardCase(data, BY_NAME["cat"])
    assert np.mean(case.background(10) != case.background(11)) > 0.5


def test_frames_are_a_sequence(data):
    case = HardCase(data, BY_NAME["a dog at sea"])
    assert len(case.frames) == len(case) == LENGTH
    assert case.frames[-1].shape == (480, 854, 3)
    assert case.frames[-1].dtype == np.uint8
    np.testing.assert_array_equal(case.frames[-1], case.at(LENGTH - 1).image)
    with pytest.raises(IndexError, match="frame 48 of 48"):
        case.at(LENGTH)


def test_a_background_that_shows_the_target_is_refused(data):
    for background in ("bear", "coco:519611"):
        scene = Scene("shake", "x", ("a bear",), ("bear",), (Shot(background),))
        with pytest.raises(ValueError, match=r"shows \['bear'\]"):
            HardCase(data, scene)


def test_flip_mirrors_the_sprite(data):
    actor = Actor("cat", 200, ((0, 427, 400),), 0, blur=0)
    scene = Scene("shake", "x", ("a cat",), ("cat",), (Shot("boat"),), (actor,))
    mirrored = dataclasses.replace(scene, actors=(dataclasses.replace(actor, flip=True),))
    masks = [HardCase(data, s).at(0).masks[0] for s in (scene, mirrored)]
    (left, *_, right), (mirrored_left, *_, _) = (np.flatnonzero(m.any(0)) for m in masks)
    width = right - left + 1
    a, b = (
        m[:, x : x + width].sum(0) for m, x in zip(masks, (left, mirrored_left), strict=True)
    )
    assert np.corrcoef(a, b[::-1])[0, 1] > 0.98 > np.corrcoef(a, b)[0, 1]
