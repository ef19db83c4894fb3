"""SAM, SAM-HQ and SAM 2 as mask models, held to transformers' own processors."""

from __future__ import annotations

import json
import warnings
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from torch import Tensor
from transformers import SamImageProcessor

from car_video.config import SegmentConfig
from car_video.errors import ModelError
from car_video.models.sam.base import crop_logits
from car_video.models.sam.catalog import MASK_MODELS, SHORT_NAMES, resolve_mask_model
from car_video.models.sam.hub import HubSam, HubSamEmbedding
from car_video.models.sam.hub_loading import load
from car_video.models.sam.registry import load_mask_model
from car_video.segment.resizing import enlarge
from tests.models.hub_networks import (
    KINDS,
    SIDE,
    network,
    processor,
    sam3_video,
    save_as_published,
)

SOURCES = {info.name: info.source for info in MASK_MODELS if info.megabytes}

torch.set_num_threads(1)
PICTURE = Path(__file__).resolve().parents[3] / "docs" / "pictures" / "person.png"
SQUASHED = ("sam2", "sam3_tracker")
SIZES = [(201, 333), (277, 187), (128, 128), (71, 90), (57, 301)]
POINTS = torch.tensor([[[0.3, 0.4], [0.9, 0.1]], [[0.7, 0.7], [0.1, 0.2]], [[0.5, 0.5]] * 2])
LABELS = torch.tensor([[1, 0], [1, -1], [1, 1]])
BOXES = torch.tensor([[0.1, 0.2, 0.6, 0.9], [0.4, 0.1, 0.9, 0.5], [0.0, 0.0, 1.0, 1.0]])


def picture(height: int, width: int) -> Tensor:
    """A crop of a photograph, float32 [1, 3, H, W] in [0, 1]."""
    image = np.array(Image.open(PICTURE).convert("RGB"))[:height, -width:]
    assert image.shape == (height, width, 3)
    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


def prompts_of(kind: str, size: tuple[int, int]) -> dict[str, Tensor]:
    scale = torch.tensor([size[1], size[0]], dtype=torch.float32)
    points = {"points": POINTS * scale, "labels": LABELS}
    boxes = {"boxes": BOXES * scale.repeat(2)}
    return {"points": points, "boxes": boxes, "both": points | boxes}[kind]


def theirs(
    kind: str, model: Any, pixels: Tensor, prompts: dict[str, Tensor], multimask: bool
) -> tuple[Any, Any, Any]:
    """Processor, its inputs and the answer of transformers, no code of ours."""
    prepare = processor(kind)
    given = {f"input_{name}": value[None].tolist() for name, value in prompts.items()}
    # Pictures are handed over as floats: resized as whole grey levels they differ by rounding.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inputs = prepare(
            images=pixels[0], do_rescale=False, input_data_format="channels_first",
            return_tensors="pt", **given,
        )  # fmt: skip
    names = ("pixel_values", *given)
    wanted = {
        name: inputs[name].float() if inputs[name].is_floating_point() else inputs[name]
        for name in names
    }
    with torch.no_grad():
        return prepare, inputs, model(**wanted, multimask_output=multimask)


def at_picture_size(kind: str, prepare: Any, inputs: Any, masks: Tensor) -> Tensor:
    sizes = [inputs["original_sizes"]]
    if kind not in SQUASHED:
        sizes.append(inputs["reshaped_input_sizes"])
    whole: Tensor = prepare.post_process_masks(masks, *sizes, binarize=False)[0]
    return whole


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    return {kind: network(kind) for kind in KINDS}


@pytest.mark.parametrize("prompt", ["points", "boxes", "both"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_masks_are_those_of_transformers(
    models: dict[str, Any], kind: str, size: tuple[int, int], prompt: str
) -> None:
    model, pixels, prompts = models[kind], picture(*size), prompts_of(prompt, size)
    multimask = prompt != "boxes"
    prepare, inputs, answer = theirs(kind, model, pixels, prompts, multimask)
    sam = HubSam(model)
    embedding = sam.encode(pixels, 64)
    logits, quality = sam.predict(embedding, **prompts, multimask=multimask)
    assert logits.shape[:2] == quality.shape == (3, 3 if multimask else 1)
    expected = at_picture_size(kind, prepare, inputs, answer.pred_masks)
    found = at_picture_size(kind, prepare, inputs, logits[None])
    assert expected.shape[-2:] == size
    assert expected.std() > 0.05
    spread = float(expected.std().clamp_min(1))  # of logits; prompts differ by rounding
    torch.testing.assert_close(found, expected, atol=1e-4 * spread, rtol=0)
    torch.testing.assert_close(quality, answer.iou_scores[0], atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", [(617, 1023), (1201, 700), (333, 333)])
def test_our_way_to_the_size_of_the_picture(size: tuple[int, int]) -> None:
    """Cropped logits enlarged at once, without the detour over the padded square."""
    scale = 1024 / max(size)
    seen = (int(size[0] * scale + 0.5), int(size[1] * scale + 0.5))
    y = (torch.arange(256) + 0.5)[:, None] * 4 / seen[0]
    x = (torch.arange(256) + 0.5)[None] * 4 / seen[1]
    logits = 20 * (0.3 - torch.hypot(y - 0.55, x - 0.4))[None, None]
    embedding = HubSamEmbedding(torch.zeros(1, 1, 64, 64), (), seen, (scale, scale), 4)
    ours = enlarge(crop_logits(logits, embedding)[0], size) > 0
    theirs = SamImageProcessor().post_process_masks(
        [logits], [size], [seen], binarize=False
    )[0] > 0  # fmt: skip
    assert (ours & theirs[0]).sum() / (ours | theirs[0]).sum() > 0.99


@pytest.mark.parametrize("kind", KINDS)
def test_whole_grey_levels_change_little(models: dict[str, Any], kind: str) -> None:
    """The usual way in, uint8: the processor rounds after resizing, we do not."""
    pixels = picture(201, 333)
    model = models[kind]
    inputs = processor(kind)(
        images=Image.fromarray((pixels[0].permute(1, 2, 0) * 255).byte().numpy()),
        return_tensors="pt",
    )
    with torch.no_grad():
        expected = model.get_image_embeddings(inputs["pixel_values"])
    expected = (
        expected if torch.is_tensor(expected) else expected[-1 if kind in SQUASHED else 0]
    )
    found = HubSam(model).encode(pixels).tokens
    assert (found - expected).abs().max() < 0.1 * expected.abs().max()


@pytest.mark.parametrize("prompt", ["points", "boxes"])
@pytest.mark.parametrize("kind", KINDS)
def test_prompts_in_a_batch_are_prompts_one_by_one(
    models: dict[str, Any], kind: str, prompt: str
) -> None:
    sam = HubSam(models[kind])
    size = (201, 333)
    embedding, prompts = sam.encode(picture(*size)), prompts_of(prompt, size)
    coarse = sam.predict(embedding, **prompts)[0][:, :1]
    for masks in (None, coarse):
        together = sam.predict(embedding, **prompts, mask_logits=masks)
        assert together[0].shape == (3, 3, SIDE // 4, SIDE // 4)
        assert not torch.allclose(together[0][0], together[0][1], atol=1e-2)
        for i in range(3):
            part = {name: value[i : i + 1] for name, value in prompts.items()}
            mask = None if masks is None else masks[i : i + 1]
            alone = sam.predict(embedding, **part, mask_logits=mask)
            torch.testing.assert_close(together[0][i], alone[0][0], atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(together[1][i], alone[1][0], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_in_a_batch_are_pictures_one_by_one(models: dict[str, Any], kind: str) -> None:
    sam = HubSam(models[kind])
    size = (201, 333)
    pictures = [picture(*size), picture(*size).flip(3), picture(*size).flip(2)]
    prompts = prompts_of("points", size)
    for pixels, own in zip(pictures, sam.encode_each(pictures), strict=True):
        alone = sam.encode(pixels)
        assert (own.size, own.scale, own.stride) == (alone.size, alone.scale, alone.stride)
        maps, expected = [own.tokens, *own.finer], [alone.tokens, *alone.finer]
        torch.testing.assert_close(maps, expected, atol=1e-4, rtol=1e-4)
        answers = sam.predict(own, **prompts), sam.predict(alone, **prompts)
        torch.testing.assert_close(*answers, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_mask_prompts_are_those_of_transformers(models: dict[str, Any], kind: str) -> None:
    size = (201, 333)
    pixels, prompts = picture(*size), prompts_of("points", size)
    sam = HubSam(models[kind])
    embedding = sam.encode(pixels)
    first = {name: value[:1] for name, value in prompts.items()}
    coarse = sam.predict(embedding, **first, multimask=False)[0]
    found, _ = sam.predict(embedding, **first, mask_logits=coarse)
    assert not torch.allclose(found, sam.predict(embedding, **first)[0], atol=1e-2)
    _, inputs, _ = theirs(kind, models[kind], pixels, first, True)
    names = ("pixel_values", "input_points", "input_labels")
    with torch.no_grad():
        answer = models[kind](
            **{n: inputs[n].float() if n != "input_labels" else inputs[n] for n in names},
            input_masks=coarse,
        )
    torch.testing.assert_close(found, answer.pred_masks[0], atol=1e-4, rtol=0)
    alone, _ = sam.predict(embedding, mask_logits=coarse)
    assert alone.shape == found.shape


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300), (17, 3)])
def test_tiny_and_thin_pictures(
    models: dict[str, Any], kind: str, height: int, width: int
) -> None:
    sam = HubSam(models[kind])
    embedding = sam.encode(torch.rand(1, 3, height, width))
    logits, quality = sam.predict(
        embedding, torch.zeros(1, 1, 2), torch.ones(1, 1, dtype=torch.int64)
    )
    assert logits.isfinite().all()
    assert quality.isfinite().all()
    assert crop_logits(logits, embedding).shape[-2:] == embedding.grid
    assert min(embedding.grid) >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_low_precision_gives_float32(models: dict[str, Any], kind: str) -> None:
    size = (128, 128)
    answers = []
    for dtype in (torch.float32, torch.bfloat16):
        sam = HubSam(models[kind], dtype)
        embedding = sam.encode(picture(*size))
        logits, quality = sam.predict(embedding, **prompts_of("points", size))
        assert embedding.tokens.dtype == logits.dtype == quality.dtype == torch.float32
        answers.append(logits)
        half = embedding.to(torch.float16)
        assert {part.dtype for part in (half.tokens, *half.finer)} == {torch.float16}
        again, _ = sam.predict(half.to(torch.float32), **prompts_of("points", size))
        assert ((again > 0) == (logits > 0)).float().mean() > 0.98
    assert ((answers[0] > 0) == (answers[1] > 0)).float().mean() > 0.8


@pytest.fixture
def folder(tmp_path: Path, models: dict[str, Any], request: pytest.FixtureRequest) -> Path:
    models[request.param].save_pretrained(tmp_path / "sam")
    return tmp_path / "sam"


@pytest.mark.parametrize("folder", KINDS, indirect=True)
def test_loaded_from_a_folder(
    folder: Path, models: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    sam = load(str(folder), torch.device("cpu"), torch.float32)
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    pixels, prompts = picture(201, 333), prompts_of("points", (201, 333))
    expected = HubSam(models[kind])
    for found, wanted in zip(
        sam.predict(sam.encode(pixels), **prompts),
        expected.predict(expected.encode(pixels), **prompts),
        strict=True,
    ):
        torch.testing.assert_close(found, wanted, rtol=0, atol=0)
    assert not any(p.requires_grad for p in sam.parameters())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("folder", ["sam2"], indirect=True)
def test_the_published_sam_2_holds_a_video_memory_too(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from safetensors.torch import load_file, save_file

    settings = json.loads((folder / "config.json").read_text())
    settings |= {"model_type": "sam2_video", "memory_attention_hidden_size": 256}
    (folder / "config.json").write_text(json.dumps(settings))
    state = load_file(folder / "model.safetensors")
    save_file(state | {"memory_encoder.x.weight": torch.ones(2)}, folder / "model.safetensors")
    sam = load(str(folder), torch.device("cpu"), torch.float32)
    assert isinstance(sam.network, transformers.Sam2Model)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("folder", ["sam"], indirect=True)
def test_loaded_once_while_in_use(folder: Path, models: dict[str, Any]) -> None:
    device = torch.device("cpu")
    first = load_mask_model(str(folder), device)
    assert load_mask_model(str(folder), device) is first
    assert load_mask_model(str(folder), device, torch.float64) is not first
    alive = weakref.ref(first)
    del first
    assert alive() is None


@pytest.mark.parametrize("folder", ["sam"], indirect=True)
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "config.json").write_text("{"), "config.json is damaged"),
        (lambda f: (f / "config.json").write_text("[]"), "config.json is damaged"),
        (lambda f: (f / "config.json").write_text('{"model_type": "clip"}'), "is of a 'clip'"),
        (lambda f: (f / "model.safetensors").write_bytes(b"no"), "no safetensors file"),
        (lambda f: (f / "model.safetensors").unlink(), "has no model.safetensors"),
    ],
)
def test_damaged_folders_are_one_line(folder: Path, damage: Any, message: str) -> None:
    damage(folder)
    with pytest.raises(ModelError, match=message) as caught:
        load_mask_model(str(folder), torch.device("cpu"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("folder", ["sam"], indirect=True)
def test_weights_of_another_network_are_refused(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "model.safetensors")
    del state["mask_decoder.iou_token.weight"]
    save_file(state, folder / "model.safetensors")
    with pytest.raises(ModelError, match="does not hold the weights"):
        load_mask_model(str(folder), torch.device("cpu"))
    state["mask_decoder.iou_token.weight"] = torch.ones(3, 3)
    save_file(state, folder / "model.safetensors")
    with pytest.raises(ModelError, match="does not hold the weights") as caught:
        load_mask_model(str(folder), torch.device("cpu"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("folder", ["sam_hq"], indirect=True)
def test_an_old_transformers_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Old:
        __version__ = "4.48.0"

    monkeypatch.setattr("car_video.models.pretrained.transformers", Old())
    with pytest.raises(ModelError, match=r"needs transformers 4\.52 or newer, 4\.48\.0"):
        load(str(folder), torch.device("cpu"))


@pytest.mark.parametrize("name", SOURCES)
def test_offline_is_one_line_with_a_way_out(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path / "ours"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "theirs"))
    monkeypatch.setattr("car_video.models.hub.hub_reachable", lambda: False)
    with pytest.raises(ModelError) as caught:
        load_mask_model(name, torch.device("cpu"))
    message = str(caught.value)
    place = tmp_path / "ours" / "weights" / name / "config.json"
    for part in (name, SOURCES[name], str(place), "sam.model: mobile"):
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize("folder", ["sam2"], indirect=True)
def test_files_put_by_hand_are_used(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path / "ours"))
    place = tmp_path / "ours" / "weights" / "sam2.1-hiera-tiny"
    place.parent.mkdir(parents=True)
    folder.rename(place)
    sam = load_mask_model("sam2.1-hiera-tiny", torch.device("cpu"))
    assert isinstance(sam, HubSam)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sam-vit-bas", "did you mean 'sam-vit-base'"),
        ("sam2:tinny", "did you mean 'sam2:tiny'"),
        ("sam2:no/such/folder", "no mask model or folder"),
        ("", "there are mobile, sam-vit-base"),
        ("no/such/folder", "there are mobile, sam-vit-base"),
    ],
)
def test_unknown_names(name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        resolve_mask_model(name)


@pytest.mark.parametrize(("short", "name"), SHORT_NAMES.items())
def test_short_names(short: str, name: str) -> None:
    assert resolve_mask_model(short) == resolve_mask_model(name)


@pytest.mark.parametrize("folder", ["sam2"], indirect=True)
def test_a_folder_after_its_kind(folder: Path) -> None:
    assert resolve_mask_model(f"sam2:{folder}").source == str(folder.resolve())


@pytest.mark.slow
def test_the_published_sam_3_holds_a_detector_and_a_memory_too(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = sam3_video()
    save_as_published(whole, tmp_path)
    capfd.readouterr()
    sam = load(str(tmp_path), torch.device("cpu"), torch.float32)
    own, theirs = sam.network.state_dict(), whole.state_dict()
    for part, place in (
        ("mask_decoder.", "tracker_model."),
        ("vision_encoder.backbone.", "detector_model."),
    ):
        names = [name for name in own if name.startswith(part)]
        assert len(names) > 9
        assert all(torch.equal(own[name], theirs[place + name]) for name in names)
    assert sam.encode(torch.rand(1, 3, 50, 70)).grid == (32, 32)
    assert capfd.readouterr() == ("", "")


def test_mobile_is_the_default() -> None:
    assert SegmentConfig().sam.model == "mobile"
    assert resolve_mask_model("mobile").megabytes == 0
