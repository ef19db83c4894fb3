"""The whole image segmenter, on colours where the answer is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from car_video.config import (
    ClassifierConfig,
    Config,
    ExpressionConfig,
    ProposalConfig,
    RecurrenceConfig,
    SamRefineConfig,
)
from car_video.errors import ConfigError, ExpressionError, ModelError
from car_video.models.base import ImageFeatures
from car_video.models.pair import ModelPair
from car_video.models.sam.mobile_sam import SamEmbedding
from car_video.segment.encoding import MAX_WORKING_SIDE
from car_video.segment.queries import QuerySet, build_queries
from car_video.segment.segmenter import ImageSegmenter
from tests.segment.colour_model import BOTH, GREEN, PLAIN, RED, ColourModel, picture
from tests.segment.fake_model import FakeModel
from tests.video.colour_sam import ColourSam

torch.set_num_threads(1)


def iou(found: np.ndarray, place: tuple[slice, slice]) -> float:
    truth = np.zeros(found.shape, bool)
    truth[place] = True
    return float((found & truth).sum() / (found | truth).sum())


@pytest.mark.parametrize("mode", ["semantic", "refer"])
@pytest.mark.parametrize("refine", ["none", "crf"])
def test_each_colour_gets_its_place(mode: str, refine: str) -> None:
    config = replace(PLAIN, mode=mode, refine=refine)
    segmenter = ImageSegmenter(ColourModel(), ["a green frog", "a red ball"], config)
    found = segmenter.segment(BOTH, index=5, time=0.2)
    assert (found.index, found.time) == (5, 0.2)
    assert found.expressions == ("a green frog", "a red ball")
    assert found.present.tolist() == [True, True]
    assert iou(found.masks[0], GREEN) > 0.9
    assert iou(found.masks[1], RED) > 0.9
    assert found.scores.dtype == np.float32
    assert (found.scores > 0.9).all()


@pytest.mark.parametrize("refine", ["none", "crf"])
def test_what_is_not_there_is_absent(refine: str) -> None:
    config = replace(PLAIN, refine=refine)
    names = ["a red ball", "a blue car", "a green frog"]
    found = ImageSegmenter(ColourModel(), names, config).segment(picture((RED, (255, 0, 0))))
    assert found.present.tolist() == [True, False, False]
    assert not found.masks[1:].any()
    assert iou(found.masks[0], RED) > 0.9
    assert found.scores[0] > 0.9 > 0.5 > found.scores[1:].max()


def test_equal_expressions_get_equal_masks() -> None:
    names = ["a red ball", "a green frog", "A  red BALL"]
    found = ImageSegmenter(ColourModel(), names, PLAIN).segment(BOTH)
    np.testing.assert_array_equal(found.masks[0], found.masks[2])
    assert found.scores[0] == found.scores[2]
    assert found.present.all()
    assert iou(found.masks[2], RED) > 0.9


@pytest.mark.parametrize("refine", ["none", "crf"])
@pytest.mark.parametrize("mode", ["semantic", "refer"])
def test_several_things_of_one_expression_are_joined(refine: str, mode: str) -> None:
    config = replace(PLAIN, refine=refine, mode=mode)
    names = ["the red ball and the green frog", "the green frog", "the red ball"]
    found = ImageSegmenter(ColourModel(), names, config).segment(BOTH)
    apart = ImageSegmenter(ColourModel(), names[1:], config).segment(BOTH)
    np.testing.assert_array_equal(found.masks[1:], apart.masks)
    np.testing.assert_array_equal(found.masks[0], apart.masks.any(0))
    assert iou(found.masks[1], GREEN) > 0.9
    assert iou(found.masks[2], RED) > 0.9
    assert found.scores[0] == found.scores[1:].max()


def test_one_of_several_things_is_enough_to_be_present() -> None:
    names = ["the blue car and the red ball", "the blue car and the green frog"]
    segmenter = ImageSegmenter(ColourModel(), names, PLAIN)
    found = segmenter.segment(picture((RED, (255, 0, 0))))
    assert found.present.tolist() == [True, False]
    assert iou(found.masks[0], RED) > 0.9
    assert not found.masks[1].any()
    assert found.scores[0] > 0.9 > 0.5 > found.scores[1]


def test_evidence_of_an_expression_is_that_of_its_surest_part() -> None:
    names = ["the blue car and the red ball", "the red ball"]
    segmenter = ImageSegmenter(ColourModel(), names, replace(PLAIN, scores="presence"))
    found = segmenter.segment(picture((RED, (255, 0, 0))))
    for name, values in found.extras["evidence"].items():
        np.testing.assert_array_equal(values[0], values[1], err_msg=name)


BALLS = ["the red ball", "the big red ball", "the small red ball", "the round red ball"]


@pytest.mark.parametrize("refine", ["sam", "none"])
@pytest.mark.parametrize("kinds", [True, False])
def test_things_of_one_kind_are_not_dropped_for_each_other(kinds: bool, refine: Any) -> None:
    """Four texts with one embedding share the softmax; each would be below the threshold.

    Without candidates, which tell them apart, they compete as all queries do.
    """
    config = replace(
        PLAIN,
        refine=refine,
        expression=replace(PLAIN.expression, kinds=kinds),
        recurrence=RecurrenceConfig(confidence_threshold=0.4),
    )
    names = [*BALLS, "a green frog"]
    segmenter = ImageSegmenter(ColourModel(), names, config, ColourSam())
    alive = segmenter.recur(segmenter.encode(BOTH)).alive.tolist()
    assert alive == ([0, 1, 2, 3, 4] if kinds and refine == "sam" else [4])


def test_what_only_places_tell_apart_counts_once_against_others() -> None:
    """Three balls that differ by their places oppose the frog no more than one ball does."""
    scores = []
    for names in (
        ["the red ball"],
        ["the left red ball", "the right red ball", "the red ball"],
    ):
        segmenter = ImageSegmenter(ColourModel(), ["a green frog", *names], PLAIN)
        encoded = segmenter.encode(BOTH)
        alive = torch.arange(len(segmenter.queries))
        maps = torch.ones(len(alive), *encoded.features.grid)  # of the whole picture
        scores.append(segmenter._classify(encoded, maps, alive)[0])
    assert float(scores[0][0]) == pytest.approx(float(scores[1][0]), abs=1e-6)
    torch.testing.assert_close(scores[1][1:], scores[0][1].expand(3))


def test_in_refer_mode_each_is_alone() -> None:
    names = ["a red ball", "the red thing"]
    apart = ImageSegmenter(ColourModel(), names, replace(PLAIN, mode="refer")).segment(BOTH)
    assert iou(apart.masks[0], RED) > 0.9
    np.testing.assert_array_equal(apart.masks[0], apart.masks[1])
    for row, name in enumerate(names):
        alone = ImageSegmenter(ColourModel(), [name], replace(PLAIN, mode="refer"))
        np.testing.assert_array_equal(alone.segment(BOTH).masks[0], apart.masks[row])


class Everything:
    """A SAM that answers every prompt with the whole picture."""

    def encode(self, pixels: Tensor, side: int) -> SamEmbedding:
        tokens = torch.zeros(1, 1, 4, 6)
        return SamEmbedding(tokens, tokens, (64, 96), 1.0)

    def predict(self, embedding: object, *_: Tensor, **asked: Tensor) -> tuple[Tensor, Tensor]:
        count = len(next(iter([*_, *asked.values()])))
        return torch.full((count, 3, 16, 24), 8.0), torch.ones(count, 3)


class Sides(Everything):
    """A SAM that finds the left and the right two thirds, by where it is asked."""

    def predict(
        self, embedding: object, *given: Tensor, **asked: Tensor
    ) -> tuple[Tensor, Tensor]:
        logits, quality = super().predict(embedding, *given, **asked)
        boxes = asked.get("boxes")
        where = given[0][:, 0] if boxes is None else boxes.unflatten(1, (2, 2)).mean(1)
        column = torch.arange(24)
        beyond = torch.where((where[:, 0] < 48)[:, None], column >= 15, column < 9)
        return logits.masked_fill(beyond[:, None, None], -8.0), quality


def test_two_names_of_one_thing_both_get_all_of_it() -> None:
    """As tracks of videos do; cut by the maps, each would get a part with a ragged edge."""
    left, right = (slice(8, 56), slice(16, 48)), (slice(8, 56), slice(48, 80))
    image = picture((left, (255, 0, 0)), (right, (0, 255, 0)))
    names, sam = ["a red ball", "a green frog"], Everything()
    found = ImageSegmenter(ColourModel(), names, replace(PLAIN, refine="sam"), sam)  # type: ignore[arg-type]
    assert found.segment(image).masks.all()


@pytest.mark.parametrize("refine", ["none", "sam"])
def test_what_fills_the_picture_is_all_of_it(refine: str) -> None:
    """SAM answers with parts of it alone, and a thing does not count less for its border."""
    red = picture(((slice(0, 64), slice(0, 96)), (255, 0, 0)))
    config = replace(PLAIN, refine=refine)
    names, sam = ["a red ball", "a green frog"], Sides()
    found = ImageSegmenter(ColourModel(), names, config, sam).segment(red)  # type: ignore[arg-type]
    assert found.present.tolist() == [True, False]
    assert found.masks[0].all()
    alone = ImageSegmenter(ColourModel(), names[1:], config, sam).segment(red)  # type: ignore[arg-type]
    assert not alone.present.any()


@pytest.mark.parametrize("refine", ["none", "sam"])
def test_a_pixel_has_one_owner_in_semantic_mode_alone(refine: str) -> None:
    """With no refinement both maps reach over the border, with SAM both masks do."""
    left, right = (slice(8, 56), slice(16, 48)), (slice(8, 56), slice(48, 80))
    image = picture((left, (255, 0, 0)), (right, (0, 255, 0)))
    proposal = ProposalConfig(
        size=96, affinity=False, mask_threshold=0.01, threshold_rule="fixed"
    )
    config = replace(PLAIN, proposal=proposal, refine=refine)
    names = ["a red ball", "a green frog"]
    shared = {}
    for mode in ("semantic", "refer"):
        segmenter = ImageSegmenter(
            ColourModel(),
            names,
            replace(config, mode=mode),
            Sides(),  # type: ignore[arg-type]
        )
        found = segmenter.segment(image)
        assert found.masks[0][left].mean() > 0.95
        assert found.masks[1][right].mean() > 0.95
        shared[mode] = int((found.masks[0] & found.masks[1])[8:56, 16:80].sum())
    assert shared["semantic"] == 0 < shared["refer"]


def test_the_backbone_runs_once_per_picture() -> None:
    model = ColourModel()
    segmenter = ImageSegmenter(model, ["a red ball", "a blue car"], PLAIN)
    for count in (1, 2):
        segmenter.segment(BOTH)
        assert model.frames == count


# Choices --------------------------------------------------------------------------------------


def test_presence_is_a_threshold_on_the_score() -> None:
    names = ["a red ball", "a blue car"]
    found = ImageSegmenter(ColourModel(), names, PLAIN).segment(BOTH)
    everything = ImageSegmenter(ColourModel(), names, replace(PLAIN, presence_threshold=0.0))
    nothing = ImageSegmenter(ColourModel(), names, replace(PLAIN, presence_threshold=1.0))
    assert everything.segment(BOTH).masks[0].any()
    assert not nothing.segment(BOTH).masks.any()
    np.testing.assert_array_equal(everything.segment(BOTH).scores, found.scores)
    np.testing.assert_array_equal(nothing.segment(BOTH).scores, found.scores)


def test_other_expressions_from_now_on() -> None:
    model = ColourModel()
    segmenter = ImageSegmenter(model, ["a red ball"], PLAIN)
    segmenter.segment(BOTH)
    segmenter.set_expressions(["a green frog", "a red ball"])
    found = segmenter.segment(BOTH)
    fresh = ImageSegmenter(model, ["a green frog", "a red ball"], PLAIN).segment(BOTH)
    assert found.expressions == ("a green frog", "a red ball")
    np.testing.assert_array_equal(found.masks, fresh.masks)
    with pytest.raises(ExpressionError, match="no expression"):
        segmenter.set_expressions([])
    assert segmenter.segment(BOTH).expressions == ("a green frog", "a red ball")


@pytest.mark.parametrize("background", [(), ("red",)])
@pytest.mark.parametrize("names", [["a red ball"], ["a red ball", "a green frog"]])
@pytest.mark.parametrize("source", ["cells", "cam"])
def test_without_background_words(
    background: tuple[str, ...], names: list[str], source
) -> None:
    """None given, or every one of them named by an expression."""
    proposal = ProposalConfig(size=96, affinity=False, guided=False, source=source)
    config = replace(PLAIN, background=background, proposal=proposal)
    found = ImageSegmenter(ColourModel(), names, config).segment(BOTH)
    assert np.isfinite(found.scores).all()
    if len(names) == 2:
        # Grey is anyone's, but what is red or green is told apart.
        assert found.masks[0][RED].mean() > 0.9
        assert found.masks[1][GREEN].mean() > 0.9
        assert not (found.masks[0] & found.masks[1])[RED].any()


class Wide(ColourModel):
    """Another joint space and another grid than the proposer's."""

    name = "wide"
    embed_dim = 8
    stride = 8

    def encode_text(self, texts) -> Tensor:
        return super().encode_text(texts).repeat_interleave(2, -1) / 2**0.5

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        features = super().encode_image(pixels)
        assert features.dense is not None
        dense = features.dense.repeat_interleave(2, 1)
        return ImageFeatures(dense, dense.mean((2, 3)), dense)

    def embed_image(self, pixels: Tensor, *, penultimate: bool = False) -> Tensor:
        return super().embed_image(pixels).repeat_interleave(2, -1)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_a_pair_of_models_with_different_spaces(weight: float) -> None:
    pair = ModelPair("pair", ColourModel(), Wide())
    classifier = ClassifierConfig(prompts=("gray",), templates="plain", pooled_weight=weight)
    config = replace(PLAIN, classifier=classifier)
    found = ImageSegmenter(pair, ["a red ball", "a green frog"], config).segment(BOTH)
    assert iou(found.masks[0], RED) > 0.9
    assert iou(found.masks[1], GREEN) > 0.9
    assert (pair.proposer.frames, pair.classifier.frames) == (1, int(weight > 0))  # type: ignore[attr-defined]


# Pictures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("refine", ["none", "crf"])
@pytest.mark.parametrize("size", [(1, 1), (16, 16), (1, 90), (90, 1), (37, 53)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_odd_sizes_and_plain_pictures(size: tuple[int, int], level: int, refine: str) -> None:
    segmenter = ImageSegmenter(ColourModel(), ["a red ball"], replace(PLAIN, refine=refine))
    found = segmenter.segment(np.full((*size, 3), level, np.uint8))
    assert found.masks.shape == (1, *size)
    assert found.present.tolist() == [False]
    assert not found.masks.any()


def test_large_pictures_are_worked_on_small_and_answered_large() -> None:
    large = BOTH.repeat(40, 0).repeat(40, 1)
    segmenter = ImageSegmenter(ColourModel(), ["a red ball"], PLAIN)
    view = segmenter.encode(large)
    assert max(view.pixels.shape[-2:]) == MAX_WORKING_SIDE
    found = segmenter.segment(large)
    assert found.masks.shape == (1, 2560, 3840)
    large_red = tuple(slice(40 * s.start, 40 * s.stop) for s in RED)
    assert iou(found.masks[0], large_red) > 0.9  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_no_picture(image: np.ndarray) -> None:
    segmenter = ImageSegmenter(ColourModel(), ["a red ball"], PLAIN)
    with pytest.raises(ValueError, match="want an RGB picture"):
        segmenter.segment(image)


@pytest.mark.parametrize("refine", ["none", "crf"])
def test_the_same_picture_gives_the_same_masks(refine: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    config = replace(PLAIN, refine=refine, presence_threshold=0.0)
    names = ["a red ball", "a green frog"]
    segmenter = ImageSegmenter(ColourModel(), names, config)
    first = segmenter.segment(noise)
    segmenter.segment(BOTH)  # nothing is left over from another picture
    for again in (segmenter, ImageSegmenter(ColourModel(), names, config)):
        second = again.segment(noise)
        np.testing.assert_array_equal(first.masks, second.masks)
        np.testing.assert_array_equal(first.scores, second.scores)


def test_thresholds_at_both_ends() -> None:
    for threshold in (0.0, 1.0):
        proposal = ProposalConfig(size=96, affinity=False, mask_threshold=threshold)
        config = replace(PLAIN, proposal=proposal)
        found = ImageSegmenter(ColourModel(), ["a red ball"], config).segment(BOTH)
        assert found.masks.any() == (threshold == 0)


def test_queries_are_made_as_configured() -> None:
    expression = ExpressionConfig(noun_weight=0.25, context_rivals=False)
    config = replace(PLAIN, expression=expression)
    segmenter = ImageSegmenter(FakeModel(), ["a man near a red car"], config)
    expected: QuerySet = build_queries(
        segmenter._proposer_bank, ["a man near a red car"], ("sky",), expression
    )
    torch.testing.assert_close(segmenter.queries.embeddings, expected.embeddings)
    assert len(segmenter.queries.rivals) == 1


# Words of place -------------------------------------------------------------------------------

APART = tuple((slice(24, 40), slice(x, x + 16)) for x in (8, 40, 72))


@pytest.mark.parametrize("mode", ["semantic", "refer"])
@pytest.mark.parametrize("source", ["cells", "cam"])
def test_places_tilt_maps_without_sam(mode: str, source: str) -> None:
    image = picture(*((place, (255, 0, 0)) for place in APART))
    names = ["the left red ball", "red ball on the right"]
    if mode == "refer":
        names.append("a red ball")
    config = replace(PLAIN, mode=mode, proposal=replace(PLAIN.proposal, source=source))
    segmenter = ImageSegmenter(ColourModel(), names, config)
    found = segmenter.segment(image)
    left, middle, right = (found.masks[:, y, x].mean((1, 2)) for y, x in APART)
    assert found.present.all(), "all name the same kind; none opposes the others"
    assert left[0] > 0.9 > 0.3 > right[0]
    assert right[1] > 0.9 > 0.3 > left[1]
    if mode == "refer":
        assert min(left[2], middle[2], right[2]) > 0.9


def test_places_beside_an_anchor() -> None:
    car = (slice(20, 44), slice(57, 71))
    image = picture((car, (0, 255, 0)), *((place, (255, 0, 0)) for place in APART))
    found = ImageSegmenter(ColourModel(), ["red ball right of a green car"], PLAIN).segment(
        image
    )
    assert iou(found.masks[0], APART[2]) > 0.8


class Squares:
    """A SAM that knows the three things, and offers the one that is asked for with a part of
    it and all three."""

    encode = Everything.encode

    def predict(
        self,
        embedding: object,
        points: Tensor | None = None,
        labels: Tensor | None = None,
        boxes: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        if points is None:
            assert boxes is not None
            points = ((boxes[:, :2] + boxes[:, 2:]) / 2)[:, None]
        logits = torch.full((len(points), 3, 16, 24), -8.0)
        for row, (x, y) in enumerate(points[:, 0].tolist()):
            for rows, columns in APART:
                if rows.start <= y < rows.stop and columns.start <= x < columns.stop:
                    own, first = slice(rows.start // 4, rows.stop // 4), columns.start // 4
                    logits[row, 0, own, first : first + 4] = 8.0
                    logits[row, 1, own, first] = 8.0
                logits[row, 2, rows.start // 4 : rows.stop // 4] = 8.0
        return logits, torch.ones(len(points), 3)


@pytest.mark.parametrize(
    ("text", "thing"),
    [("leftmost red ball", 0), ("second red ball from the left", 1), ("right red ball", 2),
     ("red ball in the middle", 1), ("third red ball from the right", 0)],
)  # fmt: skip
def test_places_choose_among_masks_of_sam(text: str, thing: int) -> None:
    image = picture(*((place, (255, 0, 0)) for place in APART))
    config = replace(PLAIN, refine="sam", sam=SamRefineConfig(points=16))
    segmenter = ImageSegmenter(ColourModel(), [text], config, Squares())  # type: ignore[arg-type]
    assert iou(segmenter.segment(image).masks[0], APART[thing]) > 0.95


@pytest.mark.parametrize(
    ("text", "things"), [("the red balls", 3), ("two red balls", 3), ("a red ball", 1)]
)
def test_several_things_are_joined(text: str, things: int) -> None:
    """SAM knows each of them alone here, and the row that they stand in is no thing."""

    class Alone(Squares):
        def predict(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
            logits, quality = super().predict(*args, **kwargs)
            logits[:, 2] = logits[:, 1]
            return logits, quality

    image = picture(*((place, (255, 0, 0)) for place in APART))
    config = replace(PLAIN, refine="sam", sam=SamRefineConfig(points=16, box_pass=False))
    mask = ImageSegmenter(ColourModel(), [text], config, Alone()).segment(image).masks[0]  # type: ignore[arg-type]
    assert sum(mask[place].mean() > 0.9 for place in APART) == things
    config = replace(config, sam=replace(config.sam, plural_masks=0))
    mask = ImageSegmenter(ColourModel(), [text], config, Alone()).segment(image).masks[0]  # type: ignore[arg-type]
    assert sum(mask[place].mean() > 0.9 for place in APART) == 1


def test_more_than_there_are_is_not_present() -> None:
    image = picture(*((place, (255, 0, 0)) for place in APART))
    config = replace(
        PLAIN, refine="sam", sam=SamRefineConfig(points=16), presence_threshold=0.5
    )
    texts = ["third red ball from the left", "ninth red ball from the left"]
    third, ninth = (
        ImageSegmenter(ColourModel(), [text], config, Squares()).segment(image)  # type: ignore[arg-type]
        for text in texts
    )
    assert third.present.all()
    assert not ninth.present.any()
    assert third.scores[0] > 2 * ninth.scores[0]


@pytest.mark.parametrize("refine", ["none", "sam"])
def test_texts_without_places_do_not_change(refine: str) -> None:
    names = ["a red ball facing left", "a green frog in front of a wall"]
    found = []
    for spatial in (True, False):
        expression = replace(PLAIN.expression, spatial=spatial)
        config = replace(PLAIN, refine=refine, expression=expression)
        segmenter = ImageSegmenter(ColourModel(), names, config, Squares())  # type: ignore[arg-type]
        found.append(segmenter.segment(BOTH))
    np.testing.assert_array_equal(found[0].masks, found[1].masks)
    np.testing.assert_array_equal(found[0].scores, found[1].scores)


def test_wrong_arguments_are_named() -> None:
    wrong: Any
    for wrong in ("lite", None):
        with pytest.raises(ModelError, match="load_model"):
            ImageSegmenter(wrong, ["a red ball"])
    for wrong in (Config(), {"refine": "none"}):
        with pytest.raises(ConfigError, match="want a SegmentConfig"):
            ImageSegmenter(ColourModel(), ["a red ball"], wrong)
    segmenter = ImageSegmenter(ColourModel(), ["a red ball"], PLAIN)
    for wrong in ("photo.jpg", torch.zeros(3, 8, 8)):
        with pytest.raises(ValueError, match=r"numpy array, uint8 \[H, W, 3\], got"):
            segmenter.segment(wrong)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("refine", ["none", "crf"])
def test_default_dtype_and_autocast_change_nothing(dtype: torch.dtype, refine: Any) -> None:
    config = replace(PLAIN, refine=refine)
    texts = ["a red ball", "the green ball on the left"]
    expected = ImageSegmenter(ColourModel(), texts, config).segment(BOTH)
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(dtype)
        found = ImageSegmenter(ColourModel(), texts, config).segment(BOTH)
    finally:
        torch.set_default_dtype(before)
    with torch.autocast("cpu", torch.bfloat16):
        inside = ImageSegmenter(ColourModel(), texts, config).segment(BOTH)
    for other in (found, inside):
        np.testing.assert_array_equal(other.masks, expected.masks)
        np.testing.assert_array_equal(other.scores, expected.scores)


def test_pictures_of_any_layout_give_the_same_masks() -> None:
    segmenter = ImageSegmenter(ColourModel(), ["a red ball"], PLAIN)
    expected = segmenter.segment(BOTH).masks
    locked = BOTH.copy()
    locked.setflags(write=False)
    for image in (np.asfortranarray(BOTH), BOTH[::-1].copy()[::-1], locked):
        np.testing.assert_array_equal(segmenter.segment(image).masks, expected)


@pytest.mark.parametrize("wrong", ["a red ball", [], [""], [3], None, {"a red ball"}])
def test_what_is_no_list_of_texts_is_an_error_of_one_line(wrong: Any) -> None:
    with pytest.raises(ExpressionError) as caught:
        ImageSegmenter(ColourModel(), wrong, PLAIN)
    assert "\n" not in str(caught.value)
