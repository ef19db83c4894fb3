"""Feature extraction: pictures read, stages 3 and 4 on one grid, files written whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from car_video.models.lite.model import load_lite
from tools.build_lite import features
from tools.build_lite.features import extract, read_picture, stages, strided_trunk


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


def test_stages_are_every_second_cell_of_lite(pictures: list[Path]) -> None:
    lite = load_lite(torch.device("cpu"), torch.float32).image.trunk
    strided = strided_trunk()
    strided.load_state_dict(lite.state_dict())
    batch = torch.from_numpy(np.stack([read_picture(path, 64) for path in pictures]))
    with torch.inference_mode():
        last, middle = stages(strided, batch)
        dilated, same = stages(lite, batch)
    assert last.shape == (3, 2048, 2, 2)
    torch.testing.assert_close(middle, same)
    torch.testing.assert_close(dilated[..., ::2, ::2], last, atol=1e-3, rtol=1e-3)


def test_extract_in_batches(
    pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "fastest_dtype", lambda device: torch.float32)
    torch.manual_seed(0)
    trunk = strided_trunk()
    files = tmp_path / "last.npy", tmp_path / "middle.npy"
    lines: list[str] = []
    device = torch.device("cpu")
    extract(trunk.state_dict(), pictures, 64, *files, device, lines.append, batch=2)
    last, middle = (np.load(file) for file in files)
    assert last.shape == (3, 4, 2048)
    assert middle.shape == (3, 4, 1024)
    assert last.dtype == middle.dtype == np.float16
    assert lines
    assert not list(tmp_path.glob("*.partial"))
    for i, path in enumerate(pictures):
        with torch.inference_mode():
            deep, shallow = stages(trunk, torch.from_numpy(read_picture(path, 64))[None])
        for row in range(2):
            for column in range(2):
                cell = 2 * row + column
                np.testing.assert_allclose(
                    last[i, cell], deep[0, :, row, column].numpy(), rtol=2e-3, atol=2e-3
                )
                block = shallow[0, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                np.testing.assert_allclose(
                    middle[i, cell], block.mean((1, 2)).numpy(), rtol=2e-3, atol=2e-3
                )
