"""Candidates are kept as they were, and a scorer's choice among them is counted right."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from benchmarks.generalisation.candidates import (
    CachedFrame,
    CandidateMaker,
    distinct,
    overlaps,
    queries_of,
    read_frames_of,
    write_frames,
)
from benchmarks.generalisation.choice import load_scorer, report, score_sequence
from benchmarks.generalisation.plan import with_overrides
from benchmarks.generalisation.sequences import KINDS, load_sequences
from car_video import load_preset
from car_video.errors import ConfigError
from car_video.models.pair import as_pair
from tests.benchmarks.generalisation.data import write_set
from tests.segment.colour_model import ColourModel
from tests.video.colour_sam import ColourSam


def frame(iou: list[float], chosen: int) -> CachedFrame:
    """Of one target and the four kinds of sentences."""
    count = len(iou)
    masks = torch.rand(count, 6, 10, generator=torch.Generator().manual_seed(0)) > 0.5
    return CachedFrame(
        torch.arange(24.0).view(4, 2, 3) / 8,
        masks,
        torch.linspace(0, 1, count),
        torch.arange(count) - 1,
        torch.tensor(iou)[:, None],
        torch.tensor([True]),
        torch.full((4,), chosen),
        torch.rand(4, count, generator=torch.Generator().manual_seed(1)),
    )


def test_frames_are_kept_as_they_were(tmp_path: Path) -> None:
    frames = [frame([0.1, 0.9, 0.5], 1), frame([0.25], -1)]
    write_frames(tmp_path, "bear", frames)
    again = list(read_frames_of(tmp_path, "bear"))
    assert len(again) == 2
    for one, other in zip(frames, again, strict=True):
        for field in dataclasses.fields(CachedFrame):
            assert torch.equal(getattr(one, field.name), getattr(other, field.name))


def test_equal_masks_are_one_candidate_and_empty_ones_none() -> None:
    masks = torch.zeros(4, 10, 10, dtype=torch.bool)
    masks[0, :5], masks[2, 5:], masks[3, :5] = True, True, True
    kept, stands_for = distinct(masks)
    assert kept.tolist() == [0, 2]
    assert stands_for.tolist() == [0, -1, 1, 0]
    assert overlaps(masks, masks)[:, 3].tolist() == [1.0, 0.0, 0.0, 1.0]


def test_a_mask_has_the_mean_of_its_cells() -> None:
    one = frame([1.0], 0)
    whole = dataclasses.replace(one, masks=torch.ones(1, 6, 10, dtype=torch.bool))
    expected = F.normalize(one.dense.mean((1, 2)), dim=0)
    torch.testing.assert_close(whole.pooled()[0], expected)


def test_the_table_of_a_scorer(tmp_path: Path) -> None:
    sequence, _ = load_sequences(write_set(tmp_path))
    frames = [frame([0.25, 1.0, 0.5], 2), frame([0.5, 0.75], -1)]
    hidden = dataclasses.replace(frame([0.5], 0), visible=torch.tensor([False]))
    chosen = score_sequence(sequence, [*frames, hidden], lambda frame, query: -frame.stability)
    assert [c.kind for c in chosen] == [*KINDS, *KINDS]
    assert {(c.scored, c.kept, c.best) for c in chosen} == {(0.25, 0.5, 1.0), (0.5, 0.0, 0.75)}
    assert "| all | 0.375 [0.375, 0.375] | 0.250" in report({"bear": chosen})
    with pytest.raises(ValueError, match="want 3 scores"):
        score_sequence(sequence, frames, lambda frame, query: torch.zeros(2))


def test_a_sequence_becomes_candidates(tmp_path: Path) -> None:
    sequence = load_sequences(write_set(tmp_path), 4)[1]
    config = with_overrides(
        load_preset("default"), ["segment.sam.side=128", "segment.proposal.size=96"]
    )
    maker = CandidateMaker(as_pair(ColourModel()), ColourSam(), config, sequence)
    frames = [
        maker.step(one, truth)
        for one, truth in zip(sequence.frames(), sequence.masks, strict=True)
    ]
    assert len(frames) == 2
    for one in frames:
        assert len(one.masks) == len(one.iou) == len(one.source) == len(one.stability)
        assert bool(one.visible.all())
        assert one.chosen.shape == (len(queries_of(sequence)),)
        assert bool((one.chosen < len(one.masks)).all())
        assert float(one.iou.max()) > 0.8


@pytest.mark.parametrize("name", ["math", "math:nothing", "no.such:score", "math:pi"])
def test_a_scorer_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match="scorer"):
        load_scorer(name)
