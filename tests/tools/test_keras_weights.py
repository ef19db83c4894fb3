"""A small Keras model on disk: read, folded and renamed, against plain conv and batch norm."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from car_video.errors import ModelError
from car_video.models.lite.model import lite_trunk
from tools.build_lite.keras_weights import BLOCKS, EPSILON, convert, fold, read_manifest

WIDTH = 3  # channels everywhere, instead of 64 to 2048


def layer(conv: str, norm: str, side: int, random: np.random.Generator) -> dict[str, NDArray]:
    """Arrays of one convolution and its batch norm."""
    arrays = {f"{conv}/kernel": random.normal(size=(side, side, WIDTH, WIDTH))}
    for name in (f"{conv}/bias", f"{norm}/gamma", f"{norm}/beta", f"{norm}/moving_mean"):
        arrays[name] = random.normal(size=WIDTH)
    arrays[f"{norm}/moving_variance"] = random.uniform(0.01, 2, WIDTH)
    return {name: value.astype(np.float32) for name, value in arrays.items()}


@pytest.fixture(scope="module")
def arrays() -> dict[str, NDArray]:
    """A ResNet-50 of three channels, under Keras names."""
    random = np.random.default_rng(0)
    found = layer("conv1", "bn_conv1", 7, random)
    for stage, count in zip((2, 3, 4, 5), BLOCKS, strict=True):
        for block in "abcdef"[:count]:
            for branch, side in (("2a", 1), ("2b", 3), ("2c", 1), ("1", 1)):
                if branch == "1" and block != "a":
                    continue
                place = f"{stage}{block}_branch{branch}"
                found |= layer(f"res{place}", f"bn{place}", side, random)
    found["fc1000/kernel"] = random.normal(size=(WIDTH, 5)).astype(np.float32)
    found["fc1000/bias"] = random.normal(size=5).astype(np.float32)
    return found


def write_model(folder: Path, arrays: dict[str, NDArray], cuts: int = 4) -> None:
    """``model.json`` and shards that are cut anywhere, also inside a number."""
    data = b"".join(value.tobytes() for value in arrays.values())
    bounds = np.linspace(0, len(data), cuts + 1).astype(int)
    paths = []
    for i, (start, end) in enumerate(pairwise(bounds)):
        paths.append(f"shard{i}.bin")
        (folder / paths[-1]).write_bytes(data[start:end])
    weights = [
        {"name": name, "shape": list(value.shape), "dtype": "float32"}
        for name, value in arrays.items()
    ]
    manifest = {"weightsManifest": [{"paths": paths, "weights": weights}]}
    (folder / "model.json").write_text(json.dumps(manifest))


def test_shards_read_back(arrays: dict[str, NDArray], tmp_path: Path) -> None:
    write_model(tmp_path, arrays, cuts=7)
    read = read_manifest(tmp_path)
    assert read.keys() == arrays.keys()
    for name, value in arrays.items():
        np.testing.assert_array_equal(read[name], value)


@pytest.mark.parametrize("change", ["cut", "longer"])
def test_shards_of_another_length_are_refused(
    arrays: dict[str, NDArray], tmp_path: Path, change: str
) -> None:
    write_model(tmp_path, arrays)
    shard = tmp_path / "shard3.bin"
    data = shard.read_bytes()
    shard.write_bytes(data[:-4] if change == "cut" else data + bytes(4))
    with pytest.raises(ModelError, match="end before" if change == "cut" else "hold more"):
        read_manifest(tmp_path)


def test_quantised_shards_are_refused(arrays: dict[str, NDArray], tmp_path: Path) -> None:
    write_model(tmp_path, arrays)
    manifest = json.loads((tmp_path / "model.json").read_text())
    manifest["weightsManifest"][0]["weights"][0]["quantization"] = {"dtype": "uint8"}
    (tmp_path / "model.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="not plain float32"):
        read_manifest(tmp_path)


def test_fold_is_convolution_then_batch_norm() -> None:
    random = np.random.default_rng(1)
    arrays = layer("c", "n", 3, random)
    t = {name: torch.tensor(value) for name, value in arrays.items()}
    x = torch.randn(2, WIDTH, 9, 7, generator=torch.Generator().manual_seed(0))
    plain = F.conv2d(x, t["c/kernel"].permute(3, 2, 0, 1), t["c/bias"])
    plain = F.batch_norm(
        plain,
        t["n/moving_mean"],
        t["n/moving_variance"],
        t["n/gamma"],
        t["n/beta"],
        eps=EPSILON,
    )
    torch.testing.assert_close(
        F.conv2d(x, *fold(arrays, "c", "n")), plain, rtol=1e-4, atol=1e-4
    )


def test_every_tensor_of_the_trunk_is_made(arrays: dict[str, NDArray]) -> None:
    trunk, classifier = convert(arrays)
    wanted = lite_trunk().state_dict()
    assert trunk.keys() == wanted.keys()
    for name, value in trunk.items():
        assert value.shape[2:] == wanted[name].shape[2:], name
    weight, bias = fold(arrays, "res4f_branch2b", "bn4f_branch2b")
    assert torch.equal(trunk["layer3.5.conv2.weight"], weight)
    assert torch.equal(trunk["layer3.5.conv2.bias"], bias)
    shortcut, _ = fold(arrays, "res5a_branch1", "bn5a_branch1")
    assert torch.equal(trunk["layer4.0.downsample.0.weight"], shortcut)
    np.testing.assert_array_equal(classifier["weight"].numpy(), arrays["fc1000/kernel"].T)
    np.testing.assert_array_equal(classifier["bias"].numpy(), arrays["fc1000/bias"])
