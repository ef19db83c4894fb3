"""ResNet-50 from the tfjs shards of a Keras model to the tensor names of timm.

Batch norm is folded into the convolutions, which is how ``car_video.models.lite.model`` has
them: y = gamma * (k * x + b - mean) / sqrt(variance + epsilon) + beta is one convolution.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.errors import ModelError

EPSILON = 1e-3  # of batch norm in Keras
BLOCKS = (3, 4, 6, 3)
Arrays = Mapping[str, NDArray[np.float32]]


def read_manifest(folder: Path) -> dict[str, NDArray[np.float32]]:
    """All arrays of a tfjs model: ``model.json`` and the shards that it lists, end to end.

    Raises:
        ModelError: not float32, or shards that are longer or shorter than the list says.
    """
    arrays: dict[str, NDArray[np.float32]] = {}
    for group in json.loads((folder / "model.json").read_text("utf-8"))["weightsManifest"]:
        data = b"".join((folder / name).read_bytes() for name in group["paths"])
        start = 0
        for entry in group["weights"]:
            if entry["dtype"] != "float32" or "quantization" in entry:
                raise ModelError(f"{entry['name']} is not plain float32")
            count = int(np.prod(entry["shape"]))
            if start + 4 * count > len(data):
                raise ModelError(f"the shards of {folder} end before {entry['name']}")
            flat = np.frombuffer(data, "<f4", count, start)
            arrays[entry["name"]] = flat.reshape(entry["shape"])
            start += 4 * count
        if start != len(data):
            raise ModelError(f"the shards of {folder} hold more than their manifest lists")
    return arrays


def fold(arrays: Arrays, conv: str, norm: str) -> tuple[Tensor, Tensor]:
    """One convolution with the batch norm behind it.

    Args:
        arrays: Keras arrays by name; kernels are [height, width, in, out].
        conv, norm: names of the two layers.

    Returns:
        float32 weight [out, in, height, width] and bias [out].
    """

    def wide(name: str) -> NDArray[np.float64]:
        return arrays[name].astype(np.float64)

    gain = wide(f"{norm}/gamma") / np.sqrt(wide(f"{norm}/moving_variance") + EPSILON)
    weight = (wide(f"{conv}/kernel") * gain).transpose(3, 2, 0, 1)
    shift = wide(f"{conv}/bias") - wide(f"{norm}/moving_mean")
    bias = wide(f"{norm}/beta") + shift * gain
    return torch.tensor(weight).float().contiguous(), torch.tensor(bias).float()


def convert(arrays: Arrays) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Trunk and classifier of ResNet-50.

    Returns:
        State dict of :func:`car_video.models.lite.model.lite_trunk`, and the classifier:
        ``weight`` [1000, 2048], ``bias`` [1000].
    """
    trunk: dict[str, Tensor] = {}

    def put(name: str, conv: str, norm: str) -> None:
        trunk[f"{name}.weight"], trunk[f"{name}.bias"] = fold(arrays, conv, norm)

    put("conv1", "conv1", "bn_conv1")
    for stage, count in enumerate(BLOCKS, start=1):
        for block in range(count):
            name = f"layer{stage}.{block}"
            keras = f"{stage + 1}{'abcdef'[block]}_branch"
            for i, branch in enumerate(("2a", "2b", "2c"), start=1):
                put(f"{name}.conv{i}", f"res{keras}{branch}", f"bn{keras}{branch}")
            if block == 0:
                put(f"{name}.downsample.0", f"res{keras}1", f"bn{keras}1")
    weight = torch.tensor(arrays["fc1000/kernel"].T.copy())
    return trunk, {"weight": weight, "bias": torch.tensor(arrays["fc1000/bias"])}
