"""Mask models by name, as data: another one is a module with a function ``load`` and a line.

Needs no torch; ``registry`` loads the models.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from car_video.errors import ModelError

MOBILE = "mobile"
CONFIG, WEIGHTS = "config.json", "model.safetensors"
BUNDLED = "car_video.models.sam.mobile_sam"
HUB = "car_video.models.sam.hub_loading"
FC_CLIP = "car_video.models.fcclip.promptable"
FC_CLIP_NAMES = ("fc-clip-", "FCCLIP:")
"""Beginnings of the names of FC-CLIP's models, whose masks prompts choose among."""
JOINED = f"{MOBILE}+"
"""Before such a name: MobileSAM's masks and FC-CLIP's."""


@dataclass(frozen=True)
class MaskModelInfo:
    """One mask model.

    Attributes:
        name: for ``sam.model`` in a preset.
        source: what ``load`` of the module understands: a repository of the Hugging Face hub,
            or a folder.
        megabytes: of the download, 0 where there is none.
        module: its function ``load(source, device, dtype)`` gives a
            :class:`~car_video.models.sam.base.MaskModel`. It is imported when the model is
            asked for.
    """

    name: str
    source: str
    megabytes: int
    module: str = HUB


MASK_MODELS = (
    MaskModelInfo(MOBILE, "mobile_sam.safetensors", 0, BUNDLED),
    MaskModelInfo("sam-vit-base", "facebook/sam-vit-base", 375),
    MaskModelInfo("sam-vit-large", "facebook/sam-vit-large", 1250),
    MaskModelInfo("sam-vit-huge", "facebook/sam-vit-huge", 2565),
    MaskModelInfo("sam-hq-vit-base", "syscv-community/sam-hq-vit-base", 380),
    MaskModelInfo("sam-hq-vit-large", "syscv-community/sam-hq-vit-large", 1255),
    MaskModelInfo("sam-hq-vit-huge", "syscv-community/sam-hq-vit-huge", 2570),
    MaskModelInfo("sam2.1-hiera-tiny", "facebook/sam2.1-hiera-tiny", 156),
    MaskModelInfo("sam2.1-hiera-small", "facebook/sam2.1-hiera-small", 184),
    MaskModelInfo("sam2.1-hiera-base-plus", "facebook/sam2.1-hiera-base-plus", 323),
    MaskModelInfo("sam2.1-hiera-large", "facebook/sam2.1-hiera-large", 898),
)


def resolve_mask_model(name: str) -> MaskModelInfo:
    """What a name stands for; opens no weights.

    Args:
        name: one of :data:`MASK_MODELS`; a folder that holds ``config.json`` and
            ``model.safetensors`` of a SAM, SAM-HQ or SAM 2 of transformers; an FC-CLIP
            (``FCCLIP:file.pth``), alone or with MobileSAM (``mobile+FCCLIP:file.pth``).

    Raises:
        ModelError: none of these.
    """
    for info in MASK_MODELS:
        if info.name == name:
            return info
    if name.removeprefix(JOINED).startswith(FC_CLIP_NAMES):
        return MaskModelInfo(name, name, 0, FC_CLIP)
    folder = Path(os.path.expanduser(name))
    if name and folder.is_dir():
        for file in (CONFIG, WEIGHTS):
            if not (folder / file).is_file():
                raise ModelError(
                    f"sam.model: folder '{name}' has no {file}; save a SAM, SAM-HQ or SAM 2 "
                    "of transformers there with save_pretrained"
                )
        return MaskModelInfo(name, str(folder.resolve()), 0)
    known = [info.name for info in MASK_MODELS]
    close = difflib.get_close_matches(name, known, n=2, cutoff=0.55)
    hint = " or ".join(f"'{c}'" for c in close)
    choice = f"did you mean {hint}?" if hint else f"there are {', '.join(known)}"
    raise ModelError(f"no mask model or folder '{name}' (sam.model); {choice}")
