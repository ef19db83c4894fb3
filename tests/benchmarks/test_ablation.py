"""The ablation: rows are settings that exist, encodings are shared, differences are marked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from car_video.eval.benchmarks.base import Item
from car_video.eval.data.videos import Video

from benchmarks.ablation import Measured, parse_settings, thinned
from benchmarks.ablation_rows import DEFAULT, GROUPS, ROWS, chosen
from benchmarks.shared_encodings import Encodings, SharingSegmenters, remember_texts
from car_video import ImageSegmenter
from car_video.config import Config, ProposalConfig, SegmentConfig
from car_video.models.pair import ModelPair
from car_video.segment.reference.settings import with_values
from tests.segment.colour_model import ColourModel


def test_every_row_is_a_configuration_and_names_no_group_twice() -> None:
    for name, values in ROWS.items():
        assert isinstance(with_values(SegmentConfig(), values), SegmentConfig)
        assert sum(name in group for group in GROUPS.values()) == (name != DEFAULT), name


def test_rows_are_chosen_by_name_or_group_and_the_default_leads() -> None:
    rows = chosen(["SAM points 4", "refine"])
    assert list(rows)[:2] == [DEFAULT, "SAM points 4"]
    assert "refine crf" in rows
    with pytest.raises(ValueError, match="no row or group 'recurence'"):
        chosen(["recurence"])


def test_settings_have_types_of_yaml() -> None:
    assert parse_settings(["sam.points=4", "proposal.affinity=false"]) == {
        "sam.points": 4,
        "proposal.affinity": False,
    }


@dataclass(frozen=True)
class Payload:
    video: Video


def test_a_sequence_is_thinned_with_its_labels() -> None:
    names = tuple("abcdefg")
    paths = tuple(Path(name) for name in names)
    item = Item("x", "x", Payload(Video("x", names, paths, paths)))
    video = thinned(item, 3).payload.video
    assert video.frames == ("a", "d", "g")
    assert video.images == video.labels == (Path("a"), Path("d"), Path("g"))
    picture = Item("y", "y", "a picture")
    assert thinned(picture, 3) is picture


def test_what_is_kept_is_not_made_again_but_counted() -> None:
    encodings, calls = Encodings(), []

    def make() -> int:
        calls.append(1)
        return sum(range(200_000))

    assert encodings.get(("a",), make) == encodings.get(("a",), make)
    assert len(calls) == 1
    assert encodings.spared > 0
    encodings.forget()
    encodings.get(("a",), make)
    assert len(calls) == 2


def test_rows_share_encodings_and_answer_as_if_alone() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 96, 3), dtype=np.uint8)
    model = ColourModel()
    pair = ModelPair("colours", model, model)
    config = Config(segment=SegmentConfig(refine="none", proposal=ProposalConfig(size=96)))
    encodings = Encodings()
    texts = ["red", "blue"]
    changes = [{}, {"proposal.mask_threshold": 0.3}, {"mode": "refer"}]
    found = []
    for change in changes:
        row = SharingSegmenters(pair, encodings, config, change)
        found.append(row.image(image, texts))
        assert row.clock.segmentations == 1
    assert model.frames == 1
    for change, prediction in zip(changes, found, strict=True):
        alone = ImageSegmenter(pair, texts, with_values(config.segment, change)).segment(image)
        np.testing.assert_array_equal(prediction.masks, alone.masks)
        np.testing.assert_array_equal(prediction.scores, alone.scores)


def test_texts_are_encoded_once() -> None:
    model = ColourModel()
    asked: list[str] = []
    encode = model.encode_text

    def listening(texts: list[str]) -> torch.Tensor:
        asked.extend(texts)
        return encode(texts)

    model.encode_text = listening  # type: ignore[method-assign, assignment]
    remember_texts(ModelPair("colours", model, model))
    first = model.encode_text(["red", "blue", "red"])
    again = model.encode_text(["blue", "green"])
    assert asked == ["red", "blue", "green"]
    assert torch.equal(first[1], again[0])
    assert torch.equal(first[0], first[2])


@pytest.mark.parametrize(
    ("change", "error", "same", "expected"),
    [
        (0.02, 0.005, False, "0.500 (+0.020*)"),
        (-0.02, 0.015, False, "0.500 (-0.020)"),
        (0.0, 0.0, True, "="),
    ],
)
def test_cells(change: float, error: float, same: bool, expected: str) -> None:
    assert Measured(0.5, change, error, same, 1.0).cell(False) == expected
    assert Measured(0.5, change, error, same, 1.0).cell(True) == "0.500"
