"""A small FC-CLIP on disk, with an architecture of open_clip registered for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import open_clip
import torch
from open_clip import factory
from safetensors.torch import save_file

from car_video.models.fcclip.architecture import Architecture
from car_video.models.fcclip.key_map import official_name
from tests.models.fcclip.golden import SMALL, trained_part

ARCHITECTURE = "tiny-fcclip-resnet"
CONFIG = {
    "embed_dim": 16,
    "vision_cfg": {"layers": [1, 1, 1, 1], "width": 8, "image_size": 64},
    "text_cfg": {"context_length": 16, "width": 16, "heads": 2, "layers": 1},
}
WIDTHS = (32, 64, 128, 256)


@contextmanager
def small_fcclip(folder: Path) -> Iterator[str]:
    """The name under which ``load_model`` finds it; its files are in ``folder``."""
    (folder / f"{ARCHITECTURE}.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder / f"{ARCHITECTURE}.json")
    torch.manual_seed(0)
    save_file(open_clip.CLIP(**CONFIG).state_dict(), folder / "clip.safetensors")
    state = trained_part(Architecture(WIDTHS, 16, **SMALL)).state_dict()
    named = {official_name(name): tensor for name, tensor in state.items()}
    torch.save({"model": named}, folder / "fcclip.pth")
    try:
        yield f"FCCLIP:{folder / 'fcclip.pth'}+{ARCHITECTURE}:{folder / 'clip.safetensors'}"
    finally:
        factory._MODEL_CONFIG_PATHS.pop()
        factory._MODEL_CONFIGS.pop(ARCHITECTURE)
