"""The mask decoder on lite's trunk: its loss falls, its targets survive, recall is recall."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from benchmarks.pace import Clip
from car_video.errors import DataError
from car_video.models.fcclip.promptable import ProposalMasks
from car_video.models.sam.base import MaskModel
from tests.models.contract import check_mask_model
from tests.video.colour_sam import ColourSam
from tools.build_mask_decoder import measure, set_loss
from tools.build_mask_decoder.masks import StandIn
from tools.build_mask_decoder.network import ObjectMasks, Prediction, trunk_stages
from tools.build_mask_decoder.recall import PictureRecall, best_ious, either, recall
from tools.build_mask_decoder.recipe import Recipe
from tools.build_mask_decoder.targets import decoded, make_targets, read_targets
from tools.build_mask_decoder.train import (
    Crop,
    cropped,
    large_enough,
    learning_rate,
    orders,
    train,
)

SMALL = Recipe(
    side=64, queries=8, width=32, heads=4, encoder_layers=1, encoder_hidden=32,
    decoder_layers=3, decoder_hidden=32, warm_up=2, learning_rate=3e-3, grid=4,
    teacher_side=64,
)  # fmt: skip


def test_the_loss_falls_on_one_picture() -> None:
    torch.manual_seed(0)
    stages = tuple(
        torch.randn(1, width, 64 // stride, 64 // stride)
        for width, stride in zip((256, 512, 1024, 2048), (4, 8, 16, 32), strict=True)
    )
    masks = torch.zeros(2, 16, 16)
    masks[0, :8, :8], masks[1, 8:, 4:] = 1, 1
    losses = train(
        ObjectMasks(SMALL), lambda step: (stages, [masks]), SMALL, lambda step: step / 12
    )
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
    assert best_ious(half[:0], truth).tolist() == [0.0, 0.0]
    assert recall([ious.tolist()], 0.75) == (0.5, 0.5, 0.5)  # one picture has no spread
    together = either(
        PictureRecall("a", "", [0.5, 0.1], 3), PictureRecall("a", "", [0.2, 0.6], 4)
    )
    assert (together.ious, together.masks) == ([0.5, 0.6], 7)
    share, low, high = recall([ious.tolist(), [0.9, 0.6], [0.1]], 0.5)
    assert share == pytest.approx(3 / 5)
    assert low == 0.0
    assert high == 1.0


def test_the_learning_rate_rises_and_falls() -> None:
    rates = [learning_rate(step, step / 20, SMALL) for step in range(20)]
    assert rates[0] == pytest.approx(SMALL.learning_rate / 2)
    assert max(rates) == pytest.approx(SMALL.learning_rate, rel=0.01)
    assert rates[-1] < 0.02 * SMALL.learning_rate


def slow_loss(predictions: list[Prediction], targets: list[torch.Tensor]) -> float:
    """Every picture, prediction, query and mask on its own, as the paper writes it."""
    total = 0.0
    count = sum(len(masks) for masks in targets)
    kinds, weights = 0.0, 0.0
    for logits, scores in predictions:
        for picture, wanted in enumerate(targets):
            on, chance = logits[picture].sigmoid(), scores[picture].softmax(-1)

            def entropy(query: int, mask: torch.Tensor, on: torch.Tensor = on) -> float:
                right = torch.where(mask > 0, on[query], 1 - on[query])
                return float(-right.log().mean())

            def dice(query: int, mask: torch.Tensor, on: torch.Tensor = on) -> float:
                shared = 2 * (on[query] * mask).sum() + 1
                return float(1 - shared / (on[query].sum() + mask.sum() + 1))

            queries = range(logits.shape[1])
            cost = [
                [
                    5 * entropy(q, mask) + 5 * dice(q, mask) - 2 * float(chance[q, 0])
                    for mask in wanted
                ]
                for q in queries
            ]
            best = min(
                permutations(queries, len(wanted)),
                key=lambda order: sum(cost[q][k] for k, q in enumerate(order)),
            )
            for k, q in enumerate(best):
                total += (5 * entropy(q, wanted[k]) + 5 * dice(q, wanted[k])) / count
            for q in queries:
                weight = 1.0 if q in best else 0.1
                kinds -= weight * float(chance[q, 0 if q in best else 1].log())
                weights += weight
    return total / len(predictions) + 2 * kinds / weights


def test_the_loss_of_all_pictures_at_once_is_that_of_each() -> None:
    generator = torch.Generator().manual_seed(0)
    predictions = [
        (
            2 * torch.randn(2, 5, 6, 7, generator=generator),
            torch.randn(2, 5, 2, generator=generator),
        )
        for _ in range(2)
    ]
    targets = [(torch.rand(k, 6, 7, generator=generator) > 0.6).float() for k in (3, 1)]
    found = set_loss.set_loss(predictions, set_loss.stacked(targets))
    assert float(found) == pytest.approx(slow_loss(predictions, targets), rel=1e-5)


def test_a_picture_without_masks_teaches_that_nothing_is_there() -> None:
    predictions = [(torch.randn(1, 5, 6, 7), torch.tensor([[[-20.0, 20.0]] * 5]))]
    found = set_loss.set_loss(predictions, set_loss.stacked([torch.zeros(0, 6, 7)]))
    assert float(found) == pytest.approx(0, abs=1e-6)


def test_parts_of_pictures_and_masks_agree() -> None:
    picture = torch.arange(64.0).view(1, 1, 8, 8)
    whole = Crop(0, 0, 1, mirrored=False)
    assert torch.equal(cropped(picture, whole), picture)
    assert torch.equal(cropped(picture, Crop(0, 0, 1, mirrored=True)), picture.flip(-1))
    part = cropped(picture, Crop(0.5, 0.5, 0.5, mirrored=False))
    assert part.shape == picture.shape
    assert float(part.min()) == 36
    assert float(part.max()) == 63
    masks = torch.zeros(2, 8, 8)
    masks[0, 0, 0], masks[1, :4] = 1, 1
    assert large_enough(masks, 0.02).shape == (1, 8, 8)


def test_every_epoch_sees_every_picture() -> None:
    of = orders(6, 2, seed=0)
    epochs = [[i for step in range(3) for i in of(3 * e + step)] for e in range(2)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(6))] * 2
    assert epochs[0] != epochs[1]


@pytest.fixture
def stand_in(lite: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """One with random weights in a small size."""
    monkeypatch.setattr("tools.build_mask_decoder.masks.Recipe", lambda: SMALL)
    torch.manual_seed(0)
    save_file(ObjectMasks(SMALL).state_dict(), tmp_path / "w.safetensors")
    return StandIn(lite.proposer, tmp_path / "w.safetensors")


@pytest.mark.slow
def test_the_stand_in_is_a_mask_model(stand_in: StandIn, lite: Any, tmp_path: Path) -> None:
    check_mask_model(cast(MaskModel, ProposalMasks(stand_in)))
    with pytest.raises(DataError, match="run the stage 'train' first"):
        StandIn(lite.proposer, tmp_path / "nothing")


@pytest.mark.slow
def test_identity_of_a_picture_that_stands_still(stand_in: StandIn, tmp_path: Path) -> None:
    image = np.full((64, 96, 3), 90, np.uint8)
    image[10:40, 20:60] = (220, 40, 40)
    labels = np.zeros((64, 96), np.uint8)
    labels[10:40, 20:60] = 1
    Image.fromarray(image).save(tmp_path / "f.png")
    Image.fromarray(labels).save(tmp_path / "t.png")
    clip = Clip("still", (tmp_path / "f.png",) * 2, (tmp_path / "t.png",) * 2, (1,), ("a",))
    found = measure.identity(stand_in, clip)
    assert set(found) == {"match", "start", "overlap", "best"}
    assert found["match"] == found["overlap"] == found["best"]
