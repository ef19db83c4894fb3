"""The reference's switch, the options it stands for, and what models get by default."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from car_video.config import (
    FAST_CRF,
    POOLED,
    PROMPTED,
    ClassifierConfig,
    Config,
    CrfConfig,
    ExpressionConfig,
    ProposalConfig,
    RecurrenceConfig,
    SegmentConfig,
    from_mapping,
)
from car_video.errors import ConfigError
from car_video.models.pair import ModelPair
from car_video.segment.queries import build_queries
from car_video.segment.recurrence import passing
from car_video.segment.reference.first_step import first_queries
from car_video.segment.reference.resizing import to_rounded_cells
from car_video.segment.reference.settings import REFERENCE, resolve_config, with_values
from car_video.segment.refinement.refine import upsample
from car_video.segment.segmenter import ImageSegmenter
from car_video.text.embeddings import TextBank
from tests.segment.agreement import record
from tests.segment.colour_model import BOTH, PLAIN, ColourModel
from tests.segment.fake_model import FakeModel

torch.set_num_threads(1)


def value_of(config: Any, path: str) -> Any:
    for name in path.split("."):
        config = getattr(config, name)
    return config


def test_one_switch_sets_every_option() -> None:
    asked = from_mapping(Config, {"segment": {"compat": "reference", "refine": "crf"}}).segment
    found = resolve_config(asked, FakeModel())
    for path, value in REFERENCE.items():
        assert value_of(found, path) == value, path
    assert found.recurrence.max_steps == 10


def test_what_the_switch_does_not_name_stays() -> None:
    given = SegmentConfig(
        compat="reference",
        background=("sand",),
        proposal=ProposalConfig(mask_threshold=0.3, box_threshold=0.6),
        recurrence=RecurrenceConfig(confidence_threshold=0.6, max_steps=1),
        classifier=ClassifierConfig(prompts=("gray",), templates="vild"),
        crf=CrfConfig(bilateral_sxy=30.0),
    )
    found = resolve_config(given, ColourModel())
    assert found.background == ("sand",)
    assert (found.proposal.mask_threshold, found.proposal.box_threshold) == (0.3, 0.6)
    assert 0.6 < found.recurrence.confidence_threshold < 0.6 + 1e-7  # above, not at it
    assert found.recurrence.max_steps == 2  # two are the least
    assert found.classifier is not None
    assert (found.classifier.prompts, found.classifier.templates) == (("gray",), "vild")
    assert found.crf.bilateral_sxy == 30.0


@pytest.mark.parametrize("path", [p for p in REFERENCE if "." in p])
def test_every_option_can_be_set_in_yaml_on_its_own(path: str) -> None:
    value = REFERENCE[path]
    data: Any = value
    for name in reversed(path.split(".")):
        data = {name: data}
    data = {"recurrence": {"max_steps": 10}} | data
    assert value_of(from_mapping(SegmentConfig, data), path) == value


def test_the_documentation_has_every_option_with_its_values() -> None:
    text = (Path(__file__).parents[3] / "docs" / "compat.md").read_text("utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    assert list(rows) == list(REFERENCE)
    default = replace(resolve_config(SegmentConfig(), FakeModel()), crf=FAST_CRF)
    for path, row in rows.items():
        ours, theirs = (cell.strip(" `") for cell in row.split("|")[-3:-1])
        if path == "crf.max_pixels":
            continue  # "none"
        assert theirs == as_written(REFERENCE[path]), path
        assert ours.split(",")[0] == as_written(value_of(default, path)), path


def as_written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("compat", ["car", "", 1])
def test_another_value_is_refused(compat: Any) -> None:
    with pytest.raises(ConfigError, match="compat must be one of none, reference"):
        from_mapping(SegmentConfig, {"compat": compat})


def test_a_model_gets_the_classifier_that_suits_it() -> None:
    assert resolve_config(SegmentConfig(), ColourModel()).classifier == POOLED
    assert resolve_config(SegmentConfig(), FakeModel()).classifier == PROMPTED
    own = ClassifierConfig(templates="vild")
    for model in (ColourModel(), FakeModel()):
        assert resolve_config(SegmentConfig(classifier=own), model).classifier == own
    null = from_mapping(SegmentConfig, {"classifier": None})
    assert null.classifier is None


def test_paths_replace_fields_however_deep() -> None:
    found = with_values(SegmentConfig(), {"mode": "refer", "proposal.cam.epsilon": 0.5})
    assert (found.mode, found.proposal.cam.epsilon) == ("refer", 0.5)
    assert dataclasses.replace(found, mode="semantic").proposal.size == 512


# ---- the options that have no test beside their own part


@pytest.mark.parametrize(
    ("size", "stride", "expected"),
    [
        ((375, 500), 16, (384, 512)),
        ((375, 500), 14, (378, 504)),  # of 384 x 512, the rest is cut off
        ((33, 64), 32, (64, 64)),
        ((16, 16), 16, (16, 16)),
    ],
)
def test_own_size_is_rounded_up_to_sixteen(
    size: tuple[int, int], stride: int, expected: tuple[int, int]
) -> None:
    assert to_rounded_cells(torch.rand(1, 3, *size), 0, stride).shape[-2:] == expected


def bank() -> TextBank:
    model = FakeModel()
    return TextBank(model.encode_text, model.embed_dim)


def test_templates_go_around_queries_and_rivals_but_not_in_the_first_step() -> None:
    plain = ExpressionConfig(noun_weight=0.0)
    texts = build_queries(bank(), ["a cat"], ("sky",), plain, "one {} more")
    expected = FakeModel().encode_text(["one a cat more", "one sky more", "a cat"])
    torch.testing.assert_close(texts.embeddings[0], expected[0])
    torch.testing.assert_close(texts.rivals[0], expected[1])
    config = SegmentConfig(expression=plain)
    assert first_queries(config, bank(), texts) == ()
    (first,) = first_queries(replace(config, compat="reference"), bank(), texts)
    torch.testing.assert_close(first.embeddings[0], expected[2])
    torch.testing.assert_close(first.rivals, texts.rivals)


def test_the_first_step_sees_other_texts_than_the_second() -> None:
    model, names = FakeModel(), ["red", "green"]
    recurrence = RecurrenceConfig(confidence_threshold=0.0)  # drops nothing
    config = replace(PLAIN, compat="reference", recurrence=recurrence)
    found = ImageSegmenter(model, names, config)
    steps = record(found)
    end = found.recur(found.encode(BOTH))
    assert end.steps == len(steps) == 2
    single = ImageSegmenter(model, names, replace(found.config, compat="none"))
    bare = FakeModel().encode_text(names)
    for (_, maps, _), texts in zip(steps, (bare, single.queries.embeddings), strict=True):
        single.queries = replace(single.queries, embeddings=texts)
        torch.testing.assert_close(maps, single.recur(single.encode(BOTH)).maps)
    assert not torch.equal(steps[0][1], steps[1][1])


def test_the_recurrence_goes_on_with_what_the_first_step_keeps() -> None:
    recurrence = RecurrenceConfig(confidence_threshold=0.5, max_steps=1)  # two are the least
    config = replace(PLAIN, compat="reference", recurrence=recurrence)
    found = ImageSegmenter(FakeModel(), ["a", "b", "c"], config)
    asked: list[list[int]] = []

    def classify(view: object, maps: torch.Tensor, alive: torch.Tensor) -> Any:
        asked.append(alive.tolist())
        scores = torch.tensor([0.6, 0.5, 0.7])[alive]
        return scores, scores

    found._classify = classify  # type: ignore[method-assign]
    end = found.recur(found.encode(BOTH))
    assert asked == [[0, 1, 2], [0, 2]]  # 0.5 is at the threshold
    assert (end.steps, end.alive.tolist()) == (2, [0, 2])


def test_named_background_words_can_stay() -> None:
    texts = build_queries(bank(), ["the sky"], ("sky", "grass"), ExpressionConfig())
    assert texts.background == ("grass",)
    kept = ExpressionConfig(drop_named=False)
    assert build_queries(bank(), ["the sky"], ("sky", "grass"), kept).background == (
        "sky",
        "grass",
    )


def test_duplicates_compete_and_the_first_gets_what_is_found() -> None:
    expression = ExpressionConfig(noun_weight=0.0, duplicates="first")
    config = replace(PLAIN, expression=expression, presence_threshold=0.0)
    segmenter = ImageSegmenter(ColourModel(), ["red ball", "blue", "Red ball"], config)
    assert segmenter.queries.parts == ((0,), (1,), ())
    assert len(segmenter.queries) == 3
    found = segmenter.segment(BOTH)
    assert found.masks[0].any()
    assert not found.masks[2].any()
    shared = ImageSegmenter(
        ColourModel(), ["red ball", "blue", "Red ball"], replace(PLAIN, presence_threshold=0.0)
    ).segment(BOTH)
    assert shared.masks[2].any()


@pytest.mark.parametrize(
    ("compat", "expected"), [("none", [True, True, False]), ("reference", [True, False, False])]
)
@pytest.mark.parametrize("theta", [0.5, 0.1, 0.3, 0.7])
def test_at_the_threshold(compat: Any, expected: list[bool], theta: float) -> None:
    given = SegmentConfig(
        compat=compat, recurrence=RecurrenceConfig(confidence_threshold=theta)
    )
    found = resolve_config(given, FakeModel()).recurrence.confidence_threshold
    at = torch.tensor(theta)
    scores = torch.stack([torch.nextafter(at, torch.tensor(1.0)), at, at / 2])
    assert passing(scores, found).tolist() == expected


def test_a_threshold_that_no_score_is_above_is_refused() -> None:
    recurrence = RecurrenceConfig(confidence_threshold=1.0)
    with pytest.raises(ConfigError, match="confidence_threshold must be below 1"):
        resolve_config(SegmentConfig(compat="reference", recurrence=recurrence), FakeModel())


def test_of_equals_only_the_first_stays_when_none_passes() -> None:
    assert passing(torch.tensor([0.1, 0.3, 0.3]), 0.9).tolist() == [False, True, False]


@pytest.mark.parametrize(("compete", "left"), [(False, 2), (True, 1)])
def test_expressions_compete_in_refer_mode_only_if_asked(compete: bool, left: int) -> None:
    recurrence = RecurrenceConfig(confidence_threshold=0.7, compete_in_refer=compete)
    config = replace(PLAIN, mode="refer", recurrence=recurrence)
    segmenter = ImageSegmenter(ColourModel(), ["a red ball", "a red car"], config)
    assert len(segmenter.recur(segmenter.encode(BOTH)).alive) == left


def test_scores_of_the_classifier_are_shares() -> None:
    config = replace(PLAIN, scores="classifier", presence_threshold=0.0)
    twins = ImageSegmenter(ColourModel(), ["a red ball", "a red car"], config).segment(BOTH)
    assert twins.scores.tolist() == pytest.approx([0.5, 0.5])
    alone = ImageSegmenter(ColourModel(), ["a blue car"], config).segment(BOTH)
    assert alone.scores.tolist() == [1.0]  # the reference cannot say "not there"


class Blocks(FakeModel):
    """A model with blocks, that remembers where it was asked to stop."""

    family: Any = "vit"

    def __init__(self) -> None:
        super().__init__()
        self.stopped: list[bool] = []

    def embed_image(self, pixels: torch.Tensor, *, penultimate: bool = False) -> torch.Tensor:
        self.stopped.append(penultimate)
        return super().embed_image(pixels)


@pytest.mark.parametrize(("block", "early"), [("last", False), ("penultimate", True)])
def test_the_block_that_the_classifier_reads(block: Any, early: bool) -> None:
    g = Blocks()
    config = replace(PLAIN, classifier=ClassifierConfig(block=block, templates="plain"))
    pair = ModelPair("x", FakeModel(), g)
    ImageSegmenter(pair, ["a", "b"], config).segment(BOTH)
    assert set(g.stopped) == {early}


def test_the_mask_threshold_is_even_odds_for_the_crf_unless_told() -> None:
    areas = []
    for centred in (True, False):
        crf = CrfConfig(iterations=0, centred=centred)
        proposal = replace(
            PLAIN.proposal, mask_threshold=0.25, threshold_rule="fixed", guided=False
        )
        config = replace(PLAIN, refine="crf", crf=crf, proposal=proposal)
        segmenter = ImageSegmenter(FakeModel(), ["red"], replace(config, mode="refer"))
        view = segmenter.encode(BOTH)
        end = segmenter.recur(view)
        full = upsample(view, end.maps, guided=False)
        mask = segmenter.refine(view, end)
        areas.append(int(mask.sum()))
        border = 0.25 if centred else 0.5
        sure = (full - border).abs() > 1e-4
        torch.testing.assert_close(mask[sure], (full > border)[sure])
    assert areas[0] > areas[1]


def test_background_power_lets_the_background_give_way() -> None:
    areas = []
    for power in (1.0, 5.0):
        crf = CrfConfig(iterations=0, centred=False, background_power=power)
        config = replace(PLAIN, refine="crf", crf=crf, mode="refer")
        areas.append(
            int(ImageSegmenter(FakeModel(), ["red"], config).segment(BOTH).masks.sum())
        )
    assert areas[1] >= areas[0]
    with pytest.raises(ConfigError, match=r"crf.background_power must be 0 or more"):
        CrfConfig(background_power=-1.0)


def test_reference_end_to_end_says_nothing_is_ever_absent() -> None:
    config = SegmentConfig(compat="reference", refine="none", background=("sky",))
    found = ImageSegmenter(FakeModel(), ["a cat"], config).segment(BOTH)
    assert found.scores.tolist() == [1.0]
    assert found.present.tolist() == [True]
    assert np.asarray(found.masks).any()


def test_nothing_is_dropped_of_what_is_assumed_to_be_there() -> None:
    plain = SegmentConfig(recurrence=RecurrenceConfig(confidence_threshold=0.3))
    assumed = replace(plain, assume_present=True)
    assert resolve_config(plain, ColourModel()).recurrence.confidence_threshold == 0.3
    assert resolve_config(assumed, ColourModel()).recurrence.confidence_threshold == 0
    judged = replace(assumed, scores="classifier")  # by the recurrence alone
    assert resolve_config(judged, ColourModel()).recurrence.confidence_threshold == 0.3
    reference = replace(assumed, compat="reference")
    assert resolve_config(reference, ColourModel()).recurrence.confidence_threshold > 0.3
