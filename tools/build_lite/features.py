"""Stages 3 and 4 of the frozen trunk for every training picture."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from car_video.models.device import fastest_dtype
from car_video.models.lite.model import PIXEL_MEAN_BGR, lite_trunk


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


@torch.inference_mode()
def extract(
    trunk_state: dict[str, Tensor],
    paths: Sequence[Path],
    side: int,
    last_file: Path,
    middle_file: Path,
    device: torch.device,
    say: Callable[[str], None],
    batch: int = 32,
) -> None:
    """Write float16 arrays [N, cells, 2048] and [N, cells, 1024] of both stages.

    Stage 3 is averaged to the grid of stage 4. Files appear under their names when whole.
    """
    trunk = strided_trunk()
    trunk.load_state_dict(trunk_state, strict=True)
    trunk.to(device, fastest_dtype(device), memory_format=torch.channels_last)
    cells = (side // 32) ** 2
    files = {last_file: 2048, middle_file: 1024}
    partial = {file: file.with_suffix(".partial") for file in files}
    last, middle = (
        np.lib.format.open_memmap(partial[f], "w+", np.float16, (len(paths), cells, channels))
        for f, channels in files.items()
    )
    for start in range(0, len(paths), batch):
        part = [read_picture(path, side) for path in paths[start : start + batch]]
        deep, shallow = stages(trunk, torch.from_numpy(np.stack(part)))
        here = slice(start, start + len(part))
        last[here] = _as_cells(deep)
        middle[here] = _as_cells(F.avg_pool2d(shallow.float(), 2))
        if start // batch % 20 == 0:
            say(f"features: {start + len(part)} of {len(paths)} pictures")
    last.flush()
    middle.flush()
    for file in files:
        os.replace(partial[file], file)


def _as_cells(maps: Tensor) -> NDArray[np.float16]:
    """[B, C, h, w] -> float16 [B, h * w, C]."""
    cells: NDArray[np.float16] = maps.float().flatten(2).transpose(1, 2).half().cpu().numpy()
    return cells
