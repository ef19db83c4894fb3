"""The stages of a frame are what the segmenters' own steps give, and the reasons follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from car_video import ImageSegmenter, VideoSegmenter, explain
from car_video.config import RecurrenceConfig, VideoConfig
from car_video.errors import ConfigError
from tests.segment.colour_model import BOTH, RED, ColourModel, picture
from tests.segment.fake_model import FakeModel
from tests.video.colour_sam import ColourSam
from tests.video.conftest import PLAIN, WITH_SAM, frame, iou

NAMES = ["a red ball", "a green frog"]
ONLY_RED = picture((RED, (255, 0, 0)))


def on_picture(names: list[str], image: np.ndarray, **settings: object):
    config = replace(WITH_SAM, **settings)
    segmenter = ImageSegmenter(ColourModel(), names, config, ColourSam())
    return explain(segmenter, image), segmenter.segment(image)


def test_the_answer_is_that_of_the_segmenter() -> None:
    found, answer = on_picture(NAMES, BOTH)
    np.testing.assert_array_equal(found.prediction.masks, answer.masks)
    np.testing.assert_array_equal(found.prediction.scores, answer.scores)
    assert found.prediction.present.tolist() == [True, True]
    assert [stages.text for stages in found.queries] == NAMES
    assert found.steps[-1].keys() == {0, 1}
    assert found.model == "colours"


def test_the_agreement_is_the_product_of_its_factors() -> None:
    found, _ = on_picture(["the red ball on the left", "the red ball on the right"], BOTH)
    candidates = [one for stages in found.queries for one in stages.candidates]
    assert len(candidates) >= 2
    for one in candidates:
        assert {"map", "stable", "border"} <= one.factors.keys()
        assert np.prod(list(one.factors.values())) == pytest.approx(one.agreement, abs=1e-5)
    assert any("place" in one.factors for one in candidates)


def test_candidates_are_sorted_and_the_chosen_one_is_marked() -> None:
    found, answer = on_picture(["a red ball"], BOTH)
    (stages,) = found.queries
    agreements = [one.agreement for one in stages.candidates]
    assert agreements == sorted(agreements, reverse=True)
    chosen = stages.candidates[stages.chosen]
    assert (chosen.mask & answer.masks[0]).sum() > 0.9 * answer.masks[0].sum()
    assert "candidate A" in " ".join(found.reasons[0])


def test_words_vote_for_the_region_that_they_fit() -> None:
    found, _ = on_picture(["the ball that is red"], BOTH)
    votes = found.queries[0].votes
    assert votes.words.keys() == {"ball", "red"}
    assert votes.words["red"] > 1, "without it the sentence names no colour"
    assert votes.parts["sentence"] > 0
    assert votes.rivals == (("sky", pytest.approx(1.0)),)


def test_a_sentence_of_one_word_has_no_single_votes() -> None:
    found, _ = on_picture(["red"], BOTH)
    assert found.queries[0].votes.words == {}


def test_the_words_are_read_as_the_algorithm_reads_them() -> None:
    text = "the second red ball from the left beside a green frog"
    found, _ = on_picture([text], BOTH)
    (stages,) = found.queries
    assert stages.places == ("2nd leftmost of its kind",)
    assert stages.mentioned == ("a green frog",)
    assert "left" not in stages.sentence
    assert stages.count_probability is not None


@pytest.mark.parametrize("refine", ["none", "crf", "sam"])
def test_what_is_not_there_has_a_reason(refine: str) -> None:
    found, _ = on_picture(["a blue car"], ONLY_RED, refine=refine)
    assert not found.prediction.present[0]
    assert "0.75 is needed" in found.reasons[0][0] or "map is empty" in found.reasons[0][0]


def test_a_query_that_the_recurrence_dropped_says_when_and_beside_which() -> None:
    recurrence = RecurrenceConfig(confidence_threshold=0.6)
    found, _ = on_picture(["a red ball", "a blue car"], ONLY_RED, recurrence=recurrence)
    dropped = found.queries[1]
    assert dropped.dropped == 1
    assert dropped.score == 0
    assert not dropped.candidates
    (reason,) = found.reasons[1]
    assert "dropped it in step 1" in reason
    assert "“a red ball”" in reason
    assert 1 not in found.steps[1]


def test_several_things_in_one_expression_have_stages_each() -> None:
    found, _ = on_picture(["the red ball and the green frog"], BOTH)
    assert found.parts == ((0, 1),)
    reasons = " ".join(found.reasons[0])
    assert "“the red ball”: It is candidate A" in reasons
    assert "“the green frog”: It is candidate A" in reasons


def test_a_classifier_of_prompted_pictures_shows_its_prompt() -> None:
    segmenter = ImageSegmenter(FakeModel(), NAMES, replace(PLAIN, classifier=None))
    found = explain(segmenter, BOTH)
    for stages in found.queries:
        assert stages.prompt is not None
        assert stages.prompt.shape == (16, 16, 3)
        assert stages.proposal.shape == BOTH.shape[:2]
        assert stages.together is None


def test_a_frame_of_a_video_is_the_next_step(colour_sam: ColourSam) -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, WITH_SAM)
    other = VideoSegmenter(ColourModel(), NAMES, WITH_SAM)
    for number in range(3):
        segmenter.step(frame(number))
        other.step(frame(number))
    found, answer = explain(segmenter, frame(3)), other.step(frame(3))
    np.testing.assert_array_equal(found.prediction.masks, answer.masks)
    assert found.language
    assert found.tracks[0][0].age == pytest.approx(3 / 24)
    assert "has been followed for 0.1 s" in " ".join(found.reasons[0])
    np.testing.assert_array_equal(
        segmenter.step(frame(4)).masks, other.step(frame(4)).masks, "memory goes on"
    )


def test_between_keyframes_it_says_that_language_was_not_asked(colour_sam: ColourSam) -> None:
    video = VideoConfig()
    video = replace(video, keyframes=replace(video.keyframes, interval=1.0, doubt=0.0))
    segmenter = VideoSegmenter(ColourModel(), NAMES, WITH_SAM, video)
    segmenter.step(frame(0))
    found = explain(segmenter, frame(1))
    assert not found.language
    assert "between keyframes" in " ".join(found.reasons[0])
    assert iou(found.prediction.masks[1], (slice(40, 60), slice(60, 84))) > 0.8


def test_where_presence_is_assumed_the_best_frame_so_far_is_what_is_needed(
    colour_sam: ColourSam,
) -> None:
    config = replace(WITH_SAM, assume_present=True)
    segmenter = VideoSegmenter(ColourModel(), NAMES, config, mask_model=colour_sam)
    first = explain(segmenter, frame(0))
    best = [float(score) for score in segmenter.presence.best]
    assert [first.needed(row) for row in (0, 1)] == pytest.approx([0.75 * b for b in best])
    assert f"{0.75 * best[0]:.2f} is needed to appear" in " ".join(first.reasons[0])
    grey = frame(0).image * 0 + 128
    gone = explain(segmenter, replace(frame(1), image=grey))
    assert not gone.prediction.present.any()
    assert "would be enough" not in " ".join(gone.reasons[0])
    still = explain(ImageSegmenter(ColourModel(), NAMES, config, ColourSam()), BOTH)
    assert [still.needed(row) for row in (0, 1)] == [0, 0]
    plain = explain(ImageSegmenter(ColourModel(), NAMES, WITH_SAM, ColourSam()), BOTH)
    assert [plain.needed(row) for row in (0, 1)] == [WITH_SAM.presence_threshold] * 2


def test_arrays_and_bad_input() -> None:
    segmenter = ImageSegmenter(ColourModel(), NAMES, PLAIN)
    with pytest.raises(ValueError, match="uint8"):
        explain(segmenter, BOTH.astype(float))
    with pytest.raises(ConfigError, match="want an ImageSegmenter"):
        explain(ColourModel(), BOTH)  # type: ignore[arg-type]
    regions = replace(WITH_SAM, sam=replace(WITH_SAM.sam, rule="regions"))
    with pytest.raises(ConfigError, match="use another preset"):
        explain(ImageSegmenter(ColourModel(), NAMES, regions, ColourSam()), BOTH)
