"""The mask decoder on lite's trunk: its loss falls, its targets survive, recall is recall."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.video.colour_sam import ColourSam
from tools.build_mask_decoder.network import ObjectMasks, trunk_stages
from tools.build_mask_decoder.recall import best_ious, recall
from tools.build_mask_decoder.recipe import Recipe
from tools.build_mask_decoder.targets import decoded, make_targets, read_targets
from tools.build_mask_decoder.train import learning_rate, train

SMALL = Recipe(
    side=64, queries=8, width=32, heads=4, encoder_layers=1, encoder_hidden=32,
    decoder_layers=3, decoder_hidden=32, points=64, warm_up=2, learning_rate=3e-3, grid=4,
)  # fmt: skip


def test_the_loss_falls_on_one_picture() -> None:
    torch.manual_seed(0)
    stages = tuple(
        torch.randn(1, width, 64 // stride, 64 // stride)
        for width, stride in zip((256, 512, 1024, 2048), (4, 8, 16, 32), strict=True)
    )
    masks = torch.zeros(2, 16, 16)
    masks[0, :8, :8], masks[1, 8:, 4:] = 1, 1
    losses = train(ObjectMasks(SMALL), lambda step: (stages, [masks]), 12, SMALL)
    assert len(losses) == 12
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def test_stages_have_the_strides_of_the_decoders(lite: Any) -> None:
    stages = trunk_stages(lite.proposer, torch.rand(1, 3, 64, 96))
    assert [tuple(stage.shape[1:]) for stage in stages] == [
        (256, 16, 24),
        (512, 8, 12),
        (1024, 4, 6),
        (2048, 2, 3),
    ]
    assert not any(stage.requires_grad for stage in stages)


def test_targets_go_on_where_they_stopped(tmp_path: Path) -> None:
    image = np.full((64, 64, 3), 100, np.uint8)
    image[8:40, 8:40] = (250, 20, 20)
    photos = []
    for number in range(2):
        photos.append(tmp_path / f"{number}.png")
        Image.fromarray(image).save(photos[-1])
    sam: Any = ColourSam()
    assert list(make_targets(photos[:1], sam, tmp_path, SMALL)) == photos[:1]
    assert list(make_targets(photos, sam, tmp_path, SMALL)) == photos[1:]
    found = read_targets(tmp_path)
    assert [name for name, _ in found] == [str(path) for path in photos]
    masks = decoded(found[0][1], SMALL.side)
    square = torch.zeros(1, 16, 16, dtype=torch.bool)
    square[0, 2:10, 2:10] = True
    assert float(best_ious(masks > 0, square)[0]) > 0.8


def test_recall_counts_objects_that_a_mask_matches() -> None:
    truth = torch.zeros(2, 4, 4, dtype=torch.bool)
    truth[0, :2], truth[1, 2:] = True, True
    half = truth[:1].clone()
    half[0, 0, :2] = False
    ious = best_ious(half, truth)
    assert ious.tolist() == pytest.approx([0.75, 0.0])
    assert recall(ious) == {"recall at 0.5": 0.5, "recall at 0.75": 0.5}
    assert recall(best_ious(half[:0], truth)) == {"recall at 0.5": 0.0, "recall at 0.75": 0.0}


def test_the_learning_rate_rises_and_falls() -> None:
    rates = [learning_rate(step, 20, SMALL) for step in range(20)]
    assert rates[0] == pytest.approx(SMALL.learning_rate / 2)
    assert max(rates) == pytest.approx(SMALL.learning_rate)
    assert rates[-1] < 0.02 * SMALL.learning_rate
