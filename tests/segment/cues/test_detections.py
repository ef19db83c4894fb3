"""Boxes of a detector as prompts and as a cue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from car_video import ImageSegmenter
from car_video.config import DetectorConfig, SamRefineConfig, SegmentConfig
from car_video.errors import ConfigError
from car_video.models.detectors.base import Detections
from car_video.segment import cueing
from car_video.segment.cues.detections import FIT_FLOOR, DetectionCue
from car_video.segment.cues.mask_cues import MaskCues
from car_video.segment.mask_selection.sam_prompts import propose_candidates
from tests.segment.fake_model import FakeModel
from tests.video.colour_sam import ColourSam

SIZE = (40, 80)


def found(*boxes: tuple[float, ...]) -> Detections:
    """x0, y0, x1, y1 and score of each."""
    both = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 5)
    return Detections(both[:, :4], both[:, 4])


def cue_of(*queries: Detections, most: int = 4, weight: float = 0.5) -> DetectionCue:
    cue = DetectionCue.of(queries, most, torch.full((len(queries),), weight), SIZE)
    assert cue is not None
    return cue


def mask_of(x0: int, y0: int, x1: int, y1: int) -> Tensor:
    """Logits on cells of two pixels."""
    logits = torch.full((20, 40), -8.0)
    logits[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] = 8
    return logits


def test_the_mask_in_the_surest_box_counts_most() -> None:
    cue = cue_of(found((10, 10, 30, 30, 0.8), (50, 10, 70, 30, 0.2)))
    masks = [(10, 10, 30, 30), (10, 10, 30, 20), (50, 10, 70, 30), (36, 0, 44, 6)]
    factor = cue.match(torch.stack([mask_of(*m) for m in masks])[None])[0]
    expected = torch.tensor([1, 0.5, 0.25, FIT_FLOOR]) ** 0.5
    torch.testing.assert_close(factor, expected)


def test_an_empty_mask_fits_nothing_and_nothing_found_says_nothing() -> None:
    cue = cue_of(found((10, 10, 30, 30, 0.8)), found())
    empty = torch.full((2, 1, 20, 40), -8.0)
    assert cue.match(empty)[:, 0].tolist() == [pytest.approx(FIT_FLOOR**0.5), 1.0]
    assert cue[torch.tensor([], dtype=torch.int64)].match(empty[:0]).shape == (0, 1)
    assert DetectionCue.of([found(), found()], 4, torch.ones(2), SIZE) is None


def test_without_weight_boxes_are_prompts_only() -> None:
    cue = cue_of(found((10, 10, 30, 30, 0.8)), weight=0.0)
    assert cue.match(mask_of(40, 0, 60, 20)[None, None]).tolist() == [[1.0]]


def test_the_surest_boxes_are_kept_and_queries_can_be_taken_out() -> None:
    cue = cue_of(
        found((0, 0, 4, 4, 0.9), (9, 9, 20, 20, 0.5)), found((1, 1, 5, 5, 0.3)), most=1
    )
    assert cue.scores.tolist() == [[pytest.approx(0.9)], [pytest.approx(0.3)]]
    assert cue[torch.tensor([1])].boxes.tolist() == [[[1, 1, 5, 5]]]
    cues = MaskCues(torch.zeros(2, dtype=torch.bool), detections=cue)
    taken = cues[torch.tensor([1])].detections
    assert taken is not None
    assert taken.scores.shape == (1, 1)


def test_a_thing_that_no_map_shows_is_found_by_its_box() -> None:
    """The map has its peak on a red patch; the box is around a blue one."""
    pixels = torch.full((1, 3, 48, 96), 0.5)
    pixels[0, :, 16:32, 8:24] = torch.tensor([1.0, 0, 0])[:, None, None]
    pixels[0, :, 16:32, 64:80] = torch.tensor([0, 0, 1.0])[:, None, None]
    sam = ColourSam()
    embedding = sam.encode(pixels)
    maps = torch.full((1, 6, 12), 0.05)
    maps[0, 2:4, 1:3] = 1.0
    box = found((64, 16, 80, 32, 0.6))
    cue = DetectionCue.of([box], 4, torch.ones(1), (48, 96))
    cues = MaskCues(torch.zeros(1, dtype=torch.bool), detections=cue)
    config = SamRefineConfig(points=2)
    without = propose_candidates(sam, embedding, maps, maps, (48, 96), config)
    with_box = propose_candidates(sam, embedding, maps, maps, (48, 96), config, cues)
    assert without.logits.shape[1] == 6
    assert with_box.logits.shape[1] == 9
    columns = (with_box.logits[0] > 0).any(1)
    blue = slice(embedding.grid[1] * 2 // 3, embedding.grid[1] * 5 // 6)
    assert not columns[:6, blue].any()
    assert columns[6:, blue].any()
    assert with_box.valid[0, 6:].all()
    red = with_box.agreement[0, :3] / without.agreement[0, :3]
    torch.testing.assert_close(red, torch.full_like(red, FIT_FLOOR))


class FakeDetector:
    """Finds the right half of the picture in everything."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def detect(self, pixels: Tensor, expressions: Sequence[str]) -> list[Detections]:
        self.asked += expressions
        height, width = pixels.shape[-2:]
        return [found((width / 2, 0, width, height, 0.6)) for _ in expressions]


def test_the_segmenter_asks_for_the_survivors_without_their_words_of_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detector = FakeDetector()
    monkeypatch.setattr(cueing, "load_detector", lambda name, device: detector)
    config = SegmentConfig(detector=DetectorConfig(model="fake"), presence_threshold=0.0)
    segmenter = ImageSegmenter(FakeModel(), ["the left dog", "two cats"], config, ColourSam())
    image = np.zeros((48, 64, 3), np.uint8)
    survivors = segmenter.recur(segmenter.encode(image))
    assert len(detector.asked) == len(survivors.alive) > 0
    assert not any("left" in text for text in detector.asked)
    assert survivors.cues is not None
    assert survivors.cues.detections is not None
    weights = survivors.cues.detections.weight.tolist()
    named = dict(zip(survivors.alive.tolist(), weights, strict=True))
    assert {number: weight for number, weight in named.items() if number == 1} in (
        {1: 0.0},
        {},
    ), "several things have several boxes"
    prediction = segmenter.segment(image)
    assert prediction.masks.shape == (2, 48, 64)


@pytest.mark.parametrize(
    "settings", [{"refine": "crf"}, {"sam": SamRefineConfig(rule="regions")}]
)
def test_a_detector_without_prompts_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"segment\.detector\.model must be none unless"):
        SegmentConfig(detector=DetectorConfig(model="owlv2"), **settings)  # type: ignore[arg-type]
