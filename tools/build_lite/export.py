"""Write the weights as they ship, and once more in float32 to compare with."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from car_video.models import int8_weights
from car_video.models.lite.model import LiteModel
from car_video.models.numerics import WithoutRandomWeights
from car_video.models.sam.mobile_sam import MobileSam
from car_video.models.sam.weight_names import map_mobile_sam
from tools.build_lite.recipe import Recipe
from tools.build_lite.whitening import Whitening
from tools.build_lite.wordnet import ClassNouns

IMAGE, TEXT, SAM = "lite_image.safetensors", "lite_text.safetensors", "mobile_sam.safetensors"
NOUNS, NOUN_TABLE = "lite_nouns.safetensors", "lite_nouns.json"
TOKENIZER, CONFIG = "tokenizer.json", "lite.json"
FLOAT = "lite_float.safetensors"
MOST_CLASSES = 150
"""A noun of more classes (animal, instrumentality) says too little of what is meant."""
# Measured: int8 in conv1, layer1 and layer2, 6 % of the trunk's weights, moved embeddings more
# than in all the rest of it.
INT8_IMAGE = ("image.trunk.layer3.", "image.trunk.layer4.")


def model_state(
    trunk: dict[str, Tensor],
    necks: tuple[Whitening, Whitening],
    heads: dict[str, Tensor],
    bert: dict[str, Tensor],
    classifier: dict[str, Tensor],
) -> dict[str, Tensor]:
    """The float32 state dict of :class:`car_video.models.lite.model.LiteModel`.

    Args:
        trunk: from :func:`tools.build_lite.keras_weights.convert`.
        necks: of stage 4 and stage 3.
        heads: state dict of :class:`tools.build_lite.heads.Heads`.
        bert: from :func:`tools.build_lite.sentences.bert_tensors`.
        classifier: from :func:`tools.build_lite.keras_weights.convert`.
    """
    state = {f"image.trunk.{name}": value for name, value in trunk.items()}
    for name, neck in zip(("last", "middle"), necks, strict=True):
        weight, bias = neck.as_linear()
        state[f"image.neck_{name}.weight"], state[f"image.neck_{name}.bias"] = weight, bias
    state |= {f"text.bert.{name}": value for name, value in bert.items()}
    state |= {f"nouns.linear.{name}": value for name, value in classifier.items()}
    for ours, theirs in (("image", "image.head"), ("text_first", "text.head.0")):
        state |= {f"{theirs}.{leaf}": heads[f"{ours}.{leaf}"] for leaf in ("weight", "bias")}
    state |= {
        f"text.head.2.{leaf}": heads[f"text_second.{leaf}"] for leaf in ("weight", "bias")
    }
    return state


def at_rest_files(state: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """What goes into the image and the text file.

    Late trunk and text tower: int8 per output channel. Early trunk, neck and image head: half
    precision, for they are small and everything passes through them. Biases of the image side
    stay float32.
    """
    image = {name: value for name, value in state.items() if name.startswith("image.")}
    coarse = {name: value for name, value in image.items() if name.startswith(INT8_IMAGE)}
    fine = {
        name: (value.half() if value.ndim > 1 else value.float()).contiguous()
        for name, value in image.items()
        if name not in coarse
    }
    text = {name: value for name, value in state.items() if name.startswith("text.")}
    nouns = {name: value for name, value in state.items() if name.startswith("nouns.")}
    return {
        IMAGE: int8_weights.pack(coarse, half=False) | fine,
        TEXT: int8_weights.pack(text),
        NOUNS: int8_weights.pack(nouns, half=False),
    }


def noun_table(classes: ClassNouns) -> dict[str, Any]:
    """What :class:`car_video.models.lite.noun_classes.NounClasses` looks nouns up in."""
    nouns = {**classes.borrowed(), **classes.closure(MOST_CLASSES)}
    sets = sorted(set(nouns.values()))
    number = {some: i for i, some in enumerate(sets)}
    return {"sets": sets, "nouns": {noun: number[some] for noun, some in nouns.items()}}


def sam_file(checkpoint: Path) -> dict[str, Tensor]:
    """MobileSAM in half precision, from its checkpoint (tensors only: no code is unpickled)."""
    state = torch.load(checkpoint, weights_only=True, map_location="cpu")
    return {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in map_mobile_sam(state).items()
        if not name.endswith("num_batches_tracked")
    }


def lite_settings(recipe: Recipe, bert: dict[str, Any]) -> dict[str, Any]:
    """``lite.json`` without the digests."""
    return {
        "embed_dim": recipe.embed_dim,
        "neck": [recipe.last_channels, recipe.middle_channels],
        "input_size": recipe.embed_size,
        "logit_scale": recipe.logit_scale,
        "text_hidden": recipe.text_hidden,
        "bert": bert,
    }


def write_weights(
    state: dict[str, Tensor],
    sam: dict[str, Tensor],
    settings: dict[str, Any],
    nouns: dict[str, Any],
    tokenizer: Path,
    out: Path,
    work: Path,
) -> dict[str, int]:
    """Check that everything fits its network, then write the folder that ships.

    Args:
        state: from :func:`model_state`.
        sam: from :func:`sam_file`.
        settings: from :func:`lite_settings`.
        nouns: from :func:`noun_table`.
        tokenizer: ``tokenizer.json`` of the sentence encoder.
        out: folder of the weights.
        work: gets the float32 weights under ``FLOAT``.

    Returns:
        Bytes of every file.
    """
    files = at_rest_files(state)
    unpacked: dict[str, Tensor] = {}
    for packed in files.values():
        unpacked |= int8_weights.unpack(packed)
    with WithoutRandomWeights():
        model = LiteModel(settings, Tokenizer.from_file(str(tokenizer)), nouns)
        mobile_sam = MobileSam()
    model.load_state_dict(unpacked, strict=True)
    missing, unexpected = mobile_sam.load_state_dict(int8_weights.unpack(sam), strict=False)
    lost = [k for k in missing if not k.endswith(("bias_idxs", "num_batches_tracked"))]
    if lost or unexpected:
        raise ValueError(f"MobileSAM: missing {lost[:3]}, unexpected {unexpected[:3]}")
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in state.items()}, work / FLOAT)
    digests = {name: _save(packed, out / name) for name, packed in files.items()}
    digests[SAM] = _save(sam, out / SAM)
    _write(out / NOUN_TABLE, json.dumps(nouns, separators=(",", ":")) + "\n")
    digests[NOUN_TABLE] = int8_weights.sha256(out / NOUN_TABLE)
    shutil.copyfile(tokenizer, out / (TOKENIZER + ".partial"))
    os.replace(out / (TOKENIZER + ".partial"), out / TOKENIZER)
    _write(out / CONFIG, json.dumps(settings | {"sha256": digests}, indent=2) + "\n")
    written = (IMAGE, TEXT, NOUNS, SAM, NOUN_TABLE, TOKENIZER, CONFIG)
    return {name: (out / name).stat().st_size for name in written}


def load_float(work: Path) -> dict[str, Tensor]:
    """The float32 weights of the last export."""
    return load_file(str(work / FLOAT))


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, "utf-8")
    os.replace(partial, path)


def _save(packed: dict[str, Tensor], path: Path) -> str:
    partial = path.with_name(path.name + ".partial")
    digest = int8_weights.save(packed, partial)
    partial.chmod(0o644)  # safetensors writes for the owner alone
    os.replace(partial, path)
    return digest
