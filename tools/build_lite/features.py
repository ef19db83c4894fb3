"""What the frozen trunk and the neck say of every training picture, once for all trainings."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from car_video.errors import DataError
from car_video.models.device import fastest_dtype
from car_video.models.lite.model import PIXEL_MEAN_BGR, lite_trunk

BATCH = 16
"""Pictures in one pass."""
SHARD = 1000
"""Pictures in one file: minutes of work, so that little is lost when a build is stopped."""


def strided_trunk() -> Any:
    """The trunk of ``lite`` with stage 4 at stride 32, as the weights were trained.

    A quarter of the work of the dilated one, and the same outputs at every second cell.
    """
    trunk: Any = lite_trunk()
    first = trunk.layer4[0]
    first.conv1.stride = first.downsample[0].stride = (2, 2)
    for block in trunk.layer4:
        block.conv2.dilation = block.conv2.padding = (1, 1)
    return trunk


def stages(trunk: Any, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs of stages 4 and 3.

    Args:
        trunk: of ``lite``, strided or not.
        pictures: uint8 [B, H, W, 3], RGB.

    Returns:
        [B, 2048, h, w] and [B, 1024, ...] in the precision of the trunk.
    """
    weight = trunk.conv1.weight
    mean = torch.tensor(PIXEL_MEAN_BGR, device=weight.device).view(1, 3, 1, 1)
    x = pictures.to(weight.device).permute(0, 3, 1, 2).flip(1).float() - mean
    x = x.to(weight.dtype).contiguous(memory_format=torch.channels_last)
    x = trunk.maxpool(trunk.act1(trunk.conv1(x)))
    middle = trunk.layer3(trunk.layer2(trunk.layer1(x)))
    return trunk.layer4(middle), middle


def read_picture(path: Path, side: int) -> NDArray[np.uint8]:
    """uint8 [side, side, 3]: the picture pressed into a square."""
    with Image.open(path) as image:
        square = image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    return np.array(square)  # a copy: torch wants arrays that may be written to


@dataclass(frozen=True)
class Trunk:
    """The frozen trunk, ready to look at square pictures.

    Attributes:
        network: of :func:`strided_trunk`.
        side: of the pictures in pixels.
    """

    network: Any
    side: int

    @classmethod
    def load(cls, state: dict[str, Tensor], side: int, device: torch.device) -> Trunk:
        """From a state dict."""
        network = strided_trunk()
        network.load_state_dict(state, strict=True)
        network.to(device, fastest_dtype(device), memory_format=torch.channels_last)
        return cls(network, side)

    @torch.inference_mode()
    def cells(self, paths: Sequence[Path]) -> tuple[Tensor, Tensor]:
        """float32 [N, cells, 2048] and [N, cells, 1024] of both stages, on the CPU.

        Stage 3 is averaged to the grid of stage 4.
        """
        pictures = np.stack([read_picture(path, self.side) for path in paths])
        deep, shallow = stages(self.network, torch.from_numpy(pictures))
        maps = (deep.float(), F.avg_pool2d(shallow.float(), 2))
        last, middle = (one.flatten(2).transpose(1, 2).cpu() for one in maps)
        return last, middle


def sample_cells(
    trunk: Trunk, paths: Sequence[Path], say: Callable[[str], None]
) -> tuple[Tensor, Tensor]:
    """float32 [n, 2048] and [n, 1024]: all cells of some pictures, to fit the neck on."""
    parts = []
    for start in range(0, len(paths), BATCH):
        parts.append(trunk.cells(paths[start : start + BATCH]))
        if start // BATCH % 20 == 0:
            say(f"whiten: {start} of {len(paths)} pictures")
    last, middle = (torch.cat([part[i] for part in parts]).flatten(0, 1) for i in (0, 1))
    return last, middle


def extract(
    trunk: Trunk,
    neck: Callable[[Tensor, Tensor], Tensor],
    paths: Sequence[Path],
    folder: Path,
    say: Callable[[str], None],
    share: tuple[int, int] = (0, 1),
) -> bool:
    """Write the cells of all pictures behind the neck, :data:`SHARD` pictures a file.

    A file appears under its name when it is whole; one that is there is not made again.

    Args:
        trunk: frozen.
        neck: last and middle cells [B, n, C] to whitened cells [B, n, k].
        paths: of the pictures.
        folder: gets ``00000.npy``, ``00001.npy``, ...: float16 [SHARD, n, k].
        say: told about progress.
        share: (k, n): this process makes every n-th file, from file k on.

    Returns:
        Whether the files of all shares are there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = shard_files(folder, len(paths))
    for number in range(share[0], len(files), share[1]):
        if files[number].is_file():
            continue
        own, found = paths[number * SHARD : (number + 1) * SHARD], []
        for start in range(0, len(own), BATCH):
            found.append(neck(*trunk.cells(own[start : start + BATCH])).half())
        partial = files[number].with_suffix(".partial")
        with partial.open("wb") as handle:
            np.save(handle, torch.cat(found).numpy())
        os.replace(partial, files[number])
        say(f"features: file {number + 1} of {len(files)}")
    return all(file.is_file() for file in files)


def shard_files(folder: Path, pictures: int) -> list[Path]:
    """The files of :func:`extract` for so many pictures."""
    return [folder / f"{number:05d}.npy" for number in range(-(-pictures // SHARD))]


def known(folder: Path, pictures: int) -> NDArray[np.bool_]:
    """bool [N]: pictures whose file :func:`extract` has written so far."""
    there = [file.is_file() for file in shard_files(folder, pictures)]
    return np.repeat(np.array(there, np.bool_), SHARD)[:pictures]


def read_cells(folder: Path, pictures: int) -> Tensor:
    """float16 [N, n, k]: what :func:`extract` has written so far, zero where it has not.

    Raises:
        DataError: there is nothing.
    """
    files = shard_files(folder, pictures)
    there = [number for number, file in enumerate(files) if file.is_file()]
    if not there:
        raise DataError(f"{folder}: no features; run the stage 'features' first")
    shape = np.load(files[there[0]], mmap_mode="r").shape[1:]
    cells = torch.zeros(pictures, *shape, dtype=torch.float16)
    for number in there:
        cells[number * SHARD : (number + 1) * SHARD] = torch.from_numpy(np.load(files[number]))
    return cells
