"""Maps of nouns against class maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from car_video.models.pair import ModelPair
from eval.data.semantic import Picture
from tools.build_lite.noun_maps import (
    VOC_NOUNS,
    NounMap,
    by_frequency,
    caption_counts,
    cell_shares,
    noun_maps,
    pixels_of,
    score_maps,
)


def test_pictures_are_whole_cells() -> None:
    pixels = pixels_of(Image.new("L", (640, 427)), 16)
    assert pixels.shape == (1, 3, 256, 384)
    assert pixels_of(Image.new("RGB", (10, 900)), 16).shape == (1, 3, 384, 16)


def test_shares_of_cells() -> None:
    truth = np.zeros((4, 8), np.uint8)
    truth[:2, :4], truth[:, 6:], truth[3, 0] = 1, 2, 255
    shares = cell_shares(truth, (2, 2), 2)
    assert shares.shape == (4, 2, 2)
    torch.testing.assert_close(shares.sum(0), torch.ones(2, 2))
    assert shares[1].tolist() == [[1, 0], [0, 0]]
    assert shares[2].tolist() == [[0, 0.5], [0, 0.5]]
    assert shares[3, 1, 0] == 1 / 8


def test_scores() -> None:
    shares = torch.zeros(5, 2, 2)
    shares[1, 0, 0], shares[2, 1] = 1, torch.tensor([0.25, 1])
    maps = torch.tensor([[[0.5, 0.1], [0, 0]], [[0, 0], [0.5, 0.4]], [[0.5, 0.9], [1, 1]]])
    scores = score_maps(maps, shares, ["dog", "cat", "cow"])
    assert [(one.name, one.hit) for one in scores] == [("dog", True), ("cat", False)]
    assert scores[0].soft_iou == pytest.approx(0.5 / 1.1)
    assert scores[1].soft_iou == pytest.approx((0.25 + 0.4) / (0.5 + 1))


def test_cells_that_do_not_count() -> None:
    shares = torch.zeros(3, 1, 3)
    shares[1, 0, 0], shares[2, 0, 1] = 1, 1
    (score,) = score_maps(torch.tensor([[[0.5, 0.9, 0.0]]]), shares, ["dog"])
    assert score == NounMap("dog", True, 0.5)


def test_a_perfect_map() -> None:
    truth = torch.zeros(3, 4, 4)
    truth[1, :2] = 1
    (score,) = score_maps(truth[1:2], truth, ["dog"])
    assert score == NounMap("dog", True, 1.0)


def test_maps_of_the_model(tmp_path: Path, lite: ModelPair) -> None:
    random = np.random.default_rng(0)
    image, labels = tmp_path / "a.png", tmp_path / "labels.png"
    Image.fromarray(random.integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(image)
    truth = np.zeros((60, 80), np.uint8)
    truth[20:40, 30:50] = 12
    Image.fromarray(truth).save(labels)
    (score,) = noun_maps(lite.proposer, [Picture("a", image, labels)], VOC_NOUNS)
    assert score.name == VOC_NOUNS[11] == "dog"
    assert 0 < score.soft_iou < 1


def test_counts_in_captions() -> None:
    captions = ["Two buses and a Dog", "a dogfish", "dogs on a fire hydrant", "a busy street"]
    counts = caption_counts(["dog", "bus", "fire hydrant", "cat"], captions)
    assert counts == {"dog": 2, "bus": 1, "fire hydrant": 1, "cat": 0}


def test_means_by_frequency() -> None:
    scores = [
        NounMap("dog", True, 0.4),
        NounMap("dog", False, 0.2),
        NounMap("cat", True, 0.5),
        NounMap("cow", False, 0.1),
    ]
    rows = by_frequency(scores, {"dog": 12, "cat": 50, "cow": 3}, (10, 100))
    assert [row[:2] for row in rows] == [("0-9", 1), ("10-99", 2), ("0+", 3)]
    assert rows[1][2:] == pytest.approx((0.75, 0.4))
    assert rows[2][2:] == pytest.approx((0.5, 0.9 / 3))
