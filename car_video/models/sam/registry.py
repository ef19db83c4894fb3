"""Names of mask models: the bundled one, those of the hub, and folders."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from car_video.errors import ModelError

MOBILE = "mobile"
CONFIG, WEIGHTS = "config.json", "model.safetensors"


@dataclass(frozen=True)
class HubModel:
    """A mask model that is fetched on first use.

    Attributes:
        repository: on the Hugging Face hub.
        megabytes: to download.
    """

    repository: str
    megabytes: int


HUB_MODELS = {
    "sam-vit-base": HubModel("facebook/sam-vit-base", 375),
    "sam-vit-large": HubModel("facebook/sam-vit-large", 1250),
    "sam-vit-huge": HubModel("facebook/sam-vit-huge", 2565),
    "sam-hq-vit-base": HubModel("syscv-community/sam-hq-vit-base", 380),
    "sam-hq-vit-large": HubModel("syscv-community/sam-hq-vit-large", 1255),
    "sam-hq-vit-huge": HubModel("syscv-community/sam-hq-vit-huge", 2570),
    "sam2.1-hiera-tiny": HubModel("facebook/sam2.1-hiera-tiny", 156),
    "sam2.1-hiera-small": HubModel("facebook/sam2.1-hiera-small", 184),
    "sam2.1-hiera-base-plus": HubModel("facebook/sam2.1-hiera-base-plus", 323),
    "sam2.1-hiera-large": HubModel("facebook/sam2.1-hiera-large", 898),
}


def resolve_mask_model(name: str) -> HubModel | Path | None:
    """What a name stands for; looks at no weights.

    Returns:
        None for the bundled model, a model of the hub, or a folder that holds both files.

    Raises:
        ModelError: none of these.
    """
    if name == MOBILE:
        return None
    if name in HUB_MODELS:
        return HUB_MODELS[name]
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        for file in (CONFIG, WEIGHTS):
            if not (folder / file).is_file():
                raise ModelError(
                    f"sam.model: folder '{name}' has no {file}; save a SAM, SAM-HQ or SAM 2 "
                    "of transformers there with save_pretrained"
                )
        return folder
    close = difflib.get_close_matches(name, [MOBILE, *HUB_MODELS], n=2, cutoff=0.55)
    hint = " or ".join(f"'{c}'" for c in close)
    choice = f"did you mean {hint}?" if hint else f"there are {MOBILE}, {', '.join(HUB_MODELS)}"
    raise ModelError(f"no mask model or folder '{name}' (sam.model); {choice}")
