"""Which back end computes which encoder: the one that was asked for, or the best measured."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from car_video.backends.agreement import LEAST_IOU, MasksOf, mean_iou
from car_video.backends.catalog import AUTO, TORCH, Backend, backend_named, installed
from car_video.backends.comparing import best_of, measure, remembering
from car_video.backends.kept import kept_json, key_of
from car_video.backends.processor import cores, processor
from car_video.backends.replacing import Computed, hosts_of, replaced
from car_video.backends.runtime import runtime_of
from car_video.errors import ModelError
from car_video.models.encoder import EncoderHost
from car_video.models.pair import ModelPair
from car_video.models.sam.base import MaskModel

FORM = 1
"""Of what is kept of comparisons."""


def computed_by(
    name: str, pair: ModelPair, mask_model: MaskModel | None, masks_of: MasksOf
) -> Computed:
    """Models as another back end computes their image encoders.

    Args:
        name: of the back end, "torch" or "auto". "auto" leaves with torch what no back end
            computes faster and with the same masks; it measures once per machine.
        pair: loaded; not changed.
        mask_model: loaded, or None; not changed.
        masks_of: masks that models make, for the comparison.

    Raises:
        ConfigError: no such back end, or it is not installed.
        ModelError: it cannot compute the models, or its masks differ from torch's.
    """
    hosts = hosts_of(pair, mask_model)
    if name == TORCH or (name == AUTO and (pair.device.type != "cpu" or not hosts)):
        return Computed(pair, mask_model, {host.encoder_name: TORCH for host in hosts})
    if name == AUTO:
        backends = _best(hosts, pair, mask_model, masks_of)
        return replaced(pair, mask_model, backends)
    backend = backend_named(name)
    if pair.device.type != "cpu":
        raise ModelError(f"--backend {name} computes on the CPU; add --device cpu")
    if not hosts:
        raise ModelError(
            f"--backend {name} knows no encoder of '{pair.name}' (docs/video.md); use "
            "--backend torch"
        )
    found = replaced(pair, mask_model, {host.encoder_name: name for host in hosts})
    if backend.int8:
        iou = _agreement(found, hosts, pair, mask_model, masks_of)
        if iou < LEAST_IOU:
            raise ModelError(
                f"--backend {name} makes other masks than torch does (IoU {iou:.3f}, at least "
                f"{LEAST_IOU}); use --backend auto or {name.removesuffix('-int8')}"
            )
    return found


def _best(
    hosts: Sequence[EncoderHost],
    pair: ModelPair,
    mask_model: MaskModel | None,
    masks_of: MasksOf,
) -> dict[str, str]:
    """The best back end of each encoder, measured once per machine."""
    known = installed()
    if not known:
        return {host.encoder_name: TORCH for host in hosts}
    masks_of = remembering(masks_of, pair, mask_model)

    def find() -> dict[str, str]:
        measured = measure(pair, mask_model, masks_of)
        best = {name: best_of(one) for name, one in measured.items()}
        if sum(name != TORCH for name in best.values()) > 1:  # each alone agrees; together?
            together = replaced(pair, mask_model, best)
            wanted = masks_of(pair, mask_model)
            if mean_iou(masks_of(together.pair, together.mask_model), wanted) < LEAST_IOU:
                return dict.fromkeys(best, TORCH)
        return best

    machine = processor(), cores(), torch.get_num_threads(), torch.__version__
    key = key_of(FORM, pair.name, *_versions(hosts, known), *machine)
    return {str(name): str(value) for name, value in kept_json("best", key, find).items()}


def _agreement(
    found: Computed,
    hosts: Sequence[EncoderHost],
    pair: ModelPair,
    mask_model: MaskModel | None,
    masks_of: MasksOf,
) -> float:
    """IoU of masks with torch's, compared once per machine."""

    def find() -> float:
        masks = masks_of(found.pair, found.mask_model)
        return mean_iou(masks, masks_of(pair, mask_model))

    used = [backend_named(name) for name in dict.fromkeys(found.backends.values())]
    key = key_of(FORM, pair.name, *_versions(hosts, used), processor(), torch.__version__)
    return float(kept_json("agreement", key, find))


def _versions(hosts: Sequence[EncoderHost], backends: Sequence[Backend]) -> list[str]:
    """Weights and libraries that a comparison depends on."""
    libraries = [f"{one.name} {runtime_of(one).version()}" for one in backends]
    return [*(host.encoder_digest for host in hosts), *libraries]
