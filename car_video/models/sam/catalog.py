"""Mask models by name, as data: another one is a module with a function ``load`` and a line.

Needs no torch; ``registry`` loads the models.
"""

from __future__ import annotations

from dataclasses import dataclass

from car_video.errors import ModelError
from car_video.models.folders import model_folder, nearest

MOBILE = "mobile"
SAM_LICENCE = "SAM License; given out on request"
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
        licence: of the published weights.
    """

    name: str
    source: str
    megabytes: int
    module: str = HUB
    licence: str = "Apache-2.0"


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
    MaskModelInfo("sam3", "facebook/sam3", 3440, HUB, SAM_LICENCE),
)
SHORT_NAMES = {
    "sam2": "sam2.1-hiera-small",
    "sam2:tiny": "sam2.1-hiera-tiny",
    "sam2:small": "sam2.1-hiera-small",
    "sam2:base": "sam2.1-hiera-base-plus",
    "sam2:large": "sam2.1-hiera-large",
}
FOLDER_OF = ("sam2:", "sam3:")
"""Before the folder of such a model, where its name says what it is: ``sam2:my/folder``."""


def resolve_mask_model(name: str) -> MaskModelInfo:
    """What a name stands for; opens no weights.

    Args:
        name: one of :data:`MASK_MODELS` or :data:`SHORT_NAMES`; a folder that holds
            ``config.json`` and ``model.safetensors`` of a SAM, SAM-HQ, SAM 2 or SAM 3 of
            transformers; an FC-CLIP (``FCCLIP:file.pth``), alone or with MobileSAM
            (``mobile+FCCLIP:file.pth``).

    Raises:
        ModelError: none of these.
    """
    wanted = SHORT_NAMES.get(name, name)
    for info in MASK_MODELS:
        if info.name == wanted:
            return info
    if name.removeprefix(JOINED).startswith(FC_CLIP_NAMES):
        return MaskModelInfo(name, name, 0, FC_CLIP)
    folder = model_folder(name, FOLDER_OF, "sam.model", "a SAM, SAM-HQ, SAM 2 or SAM 3")
    if folder is not None:
        return MaskModelInfo(name, str(folder), 0)
    choice = nearest(name, [*(info.name for info in MASK_MODELS), *SHORT_NAMES])
    raise ModelError(f"no mask model or folder '{name}' (--masks, sam.model); {choice}")
