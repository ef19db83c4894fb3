"""Feature extraction: pictures read, stages 3 and 4 on one grid, files written whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from car_video.errors import DataError
from tools.build_lite import features
from tools.build_lite.features import (
    Trunk,
    extract,
    known,
    read_cells,
    read_picture,
    sample_cells,
    stages,
    strided_trunk,
)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    random = np.random.default_rng(0)
    paths = []
    for i, (height, width, mode) in enumerate(
        [(50, 70, "RGB"), (64, 64, "L"), (9, 80, "RGBA")]
    ):
        picture = random.integers(0, 255, (height, width, 4), dtype=np.uint8)
        paths.append(tmp_path / f"{i}.png")
        Image.fromarray(picture).convert(mode).save(paths[-1])
    return paths


def test_read_picture(pictures: list[Path]) -> None:
    for path in pictures:
        square = read_picture(path, 64)
        assert square.shape == (64, 64, 3)
        assert square.dtype == np.uint8
    grey = read_picture(pictures[1], 64)
    assert (grey[..., 0] == grey[..., 2]).all()


def test_stages_are_every_second_cell_of_lite(pictures: list[Path], lite: Any) -> None:
    lite = lite.proposer.image.trunk
    strided = strided_trunk()
    strided.load_state_dict(lite.state_dict())
    batch = torch.from_numpy(np.stack([read_picture(path, 64) for path in pictures]))
    with torch.inference_mode():
        last, middle = stages(strided, batch)
        dilated, same = stages(lite, batch)
    assert last.shape == (3, 2048, 2, 2)
    torch.testing.assert_close(middle, same)
    torch.testing.assert_close(dilated[..., ::2, ::2], last, atol=1e-3, rtol=1e-3)


@pytest.fixture(scope="module")
def trunk() -> Iterator[Trunk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "fastest_dtype", lambda device: torch.float32)
        torch.manual_seed(0)
        yield Trunk.load(strided_trunk().state_dict(), 64, torch.device("cpu"))


def few_channels(last: Tensor, middle: Tensor) -> Tensor:
    """A neck that keeps eight channels, small enough for half precision."""
    return torch.cat([last[..., :5], middle[..., :3]], -1)


def test_cells_of_both_stages_share_a_grid(trunk: Trunk, pictures: list[Path]) -> None:
    last, middle = trunk.cells(pictures)
    assert last.shape == (3, 4, 2048)
    assert middle.shape == (3, 4, 1024)
    for i, path in enumerate(pictures):
        with torch.inference_mode():
            one = torch.from_numpy(read_picture(path, 64))[None]
            deep, shallow = stages(trunk.network, one)
        for row in range(2):
            for column in range(2):
                cell = 2 * row + column
                torch.testing.assert_close(
                    last[i, cell], deep[0, :, row, column], rtol=2e-3, atol=2e-3
                )
                block = shallow[0, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                torch.testing.assert_close(
                    middle[i, cell], block.mean((1, 2)), rtol=2e-3, atol=2e-3
                )


def test_sample_is_all_cells_of_some_pictures(trunk: Trunk, pictures: list[Path]) -> None:
    last, middle = sample_cells(trunk, pictures, lambda line: None)
    whole = trunk.cells(pictures)
    torch.testing.assert_close(last, whole[0].flatten(0, 1))
    torch.testing.assert_close(middle, whole[1].flatten(0, 1))


def test_shares_together_write_all_pictures_in_order(
    trunk: Trunk, pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "SHARD", 2)
    monkeypatch.setattr(features, "BATCH", 1)
    folder, lines = tmp_path / "cells", list[str]()
    assert not extract(trunk, few_channels, pictures, folder, lines.append, (1, 2))
    assert [file.name for file in folder.iterdir()] == ["00001.npy"]
    assert known(folder, len(pictures)).tolist() == [False, False, True]
    assert (read_cells(folder, len(pictures))[:2] == 0).all()
    assert extract(trunk, few_channels, pictures, folder, lines.append, (0, 2))
    assert lines == ["features: file 2 of 2", "features: file 1 of 2"]
    assert known(folder, len(pictures)).all()
    cells = read_cells(folder, len(pictures))
    assert cells.shape == (3, 4, 8)
    assert cells.dtype == torch.float16
    expected = few_channels(*trunk.cells(pictures))
    torch.testing.assert_close(cells.float(), expected, rtol=2e-3, atol=2e-3)


def test_a_file_that_is_there_is_not_made_again(
    trunk: Trunk, pictures: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "00000.npy").write_bytes(b"made before")
    assert extract(trunk, few_channels, pictures, tmp_path, lambda line: None)
    assert (tmp_path / "00000.npy").read_bytes() == b"made before"


def test_no_features_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="run the stage 'features' first"):
        read_cells(tmp_path, 3)
