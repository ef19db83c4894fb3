"""Detectors, held to transformers' own processors and networks with random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from open_clip.tokenizer import SimpleTokenizer
from PIL import Image
from torch import Tensor
from transformers import (
    CLIPTokenizer,
    GroundingDinoImageProcessor,
    GroundingDinoProcessor,
    Owlv2ImageProcessor,
    Owlv2Processor,
    PreTrainedTokenizerFast,
    Sam3ImageProcessor,
    Sam3Processor,
)

from car_video.errors import ModelError
from car_video.models.bundled import weights_folder
from car_video.models.detectors import base, grounding_dino, owlv2, sam3
from car_video.models.detectors.base import Detector, surest
from car_video.models.detectors.catalog import DETECTORS, resolve_detector
from car_video.models.detectors.registry import load_detector
from tests.models import hub_networks
from tests.models.contract import same_in_every_world

torch.set_num_threads(1)
CPU = torch.device("cpu")
PICTURE = Path(__file__).resolve().parents[3] / "docs" / "pictures" / "person.png"
TEXTS = ["A man in a red coat.", "the dog"]
SMALL = {"shortest_edge": 64, "longest_edge": 100}
MODULES = {"grounding-dino": grounding_dino, "owlv2": owlv2, "sam3": sam3}
KINDS = tuple(MODULES)


@pytest.fixture(scope="module")
def networks() -> dict[str, Any]:
    makers: dict[str, Callable[[], Any]] = {
        "grounding-dino": hub_networks.grounding_dino,
        "owlv2": hub_networks.owlv2,
        "sam3": hub_networks.sam3,
    }
    return {kind: make() for kind, make in makers.items()}


@pytest.fixture(scope="module")
def folders(
    networks: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("detectors")
    for kind, network in networks.items():
        network.save_pretrained(root / kind)
    return {kind: root / kind for kind in networks}


@pytest.fixture(scope="module")
def detectors(folders: dict[str, Path]) -> dict[str, Detector]:
    """Loaded as users load them; Grounding DINO sees smaller pictures, to be quick."""
    found = {
        kind: load_detector(f"{kind}:{folder}", CPU, torch.float32)
        for kind, folder in folders.items()
    }
    dino = found["grounding-dino"]
    assert isinstance(dino, grounding_dino.GroundingDino)
    assert dino.prepare.size["shortest_edge"] == 800
    found["grounding-dino"] = grounding_dino.GroundingDino(dino.network, SMALL)
    return found


def picture(height: int, width: int) -> Tensor:
    image = np.array(Image.open(PICTURE).convert("RGB"))[:height, -width:]
    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


def clip_tokenizer() -> Any:
    words = SimpleTokenizer()
    merges = sorted(words.bpe_ranks, key=lambda pair: words.bpe_ranks[pair])
    ends = {"bos_token": "<start_of_text>", "eos_token": "<end_of_text>"}
    return CLIPTokenizer(
        vocab=words.encoder, merges=merges, unk_token=ends["eos_token"], pad_token="!", **ends
    )


def their_processor(kind: str) -> Any:
    if kind == "grounding-dino":
        named = {
            f"{name}_token": f"[{name.upper()}]"
            for name in ("pad", "cls", "sep", "unk", "mask")
        }
        tokens = PreTrainedTokenizerFast(
            tokenizer_file=str(weights_folder() / "tokenizer.json"), **named
        )
        return GroundingDinoProcessor(GroundingDinoImageProcessor(size=dict(SMALL)), tokens)
    if kind == "owlv2":
        images = Owlv2ImageProcessor(size={"height": 96, "width": 96})
        return Owlv2Processor(images, clip_tokenizer())
    return Sam3Processor(
        Sam3ImageProcessor(size={"height": 112, "width": 112}), clip_tokenizer()
    )


def theirs(kind: str, network: Any, pixels: Tensor, text: str) -> dict[str, Tensor]:
    """Boxes and scores by transformers alone."""
    process = their_processor(kind)
    if kind == "grounding-dino":  # a full stop would begin another label
        text = text.removesuffix(".")
    more: Any = {"padding": "max_length", "max_length": 16} if kind == "owlv2" else {}
    inputs = process(
        images=pixels[0], text=[text], do_rescale=False,
        input_data_format="channels_first", return_tensors="pt", **more,
    )  # fmt: skip
    names = ("pixel_values", "pixel_mask", "input_ids", "attention_mask")
    with torch.no_grad():
        answer = network(**{name: inputs[name] for name in names if name in inputs})
    more = {"threshold": 0.0, "target_sizes": [tuple(pixels.shape[-2:])]}
    if kind == "sam3":
        return dict(process.post_process_object_detection(answer, **more)[0])
    if kind == "grounding-dino":
        more["input_ids"] = inputs["input_ids"]
    return dict(process.post_process_grounded_object_detection(answer, **more)[0])


@pytest.mark.parametrize("size", [(201, 333), pytest.param((277, 187), marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_boxes_are_those_of_transformers(
    networks: dict[str, Any],
    detectors: dict[str, Detector],
    kind: str,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(base, "SAME_BOX_IOU", 1.0)  # random weights find the same thing often
    monkeypatch.setattr(MODULES[kind], "THRESHOLD", 0.0)  # and are never sure
    pixels = picture(*size)
    found = detectors[kind].detect(pixels, TEXTS)
    assert len(found) == len(TEXTS)
    assert not torch.equal(found[0].scores, found[1].scores)
    for text, own in zip(TEXTS, found, strict=True):
        expected = theirs(kind, networks[kind], pixels, text)
        border = torch.tensor([size[1], size[0]] * 2)
        boxes = torch.minimum(expected["boxes"].clamp_min(0), border)
        real = (boxes[:, 2:] > boxes[:, :2]).all(1)
        theirs_rows = torch.cat([boxes / border, expected["scores"][:, None]], 1)[real]
        own_rows = torch.cat([own.boxes / border, own.scores[:, None]], 1)
        assert len(own_rows) == len(theirs_rows) > 3
        apart = torch.cdist(own_rows, theirs_rows)  # equal scores may come in any order
        assert apart.amin(0).max() < 1e-3
        assert apart.amin(1).max() < 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_an_expression_finds_the_same_beside_others(
    detectors: dict[str, Detector], kind: str
) -> None:
    pixels = picture(120, 160)
    together = detectors[kind].detect(pixels, [*TEXTS, "a red car"])
    for text, own in zip(TEXTS, together[:2], strict=True):
        (alone,) = detectors[kind].detect(pixels, [text])
        torch.testing.assert_close(alone.boxes, own.boxes, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_what_every_detector_keeps_to(detectors: dict[str, Detector], kind: str) -> None:
    detector = detectors[kind]
    assert isinstance(detector, Detector)
    assert detector.device == CPU
    long = "a very long sentence about " + "many different things and " * 90
    for text in (*TEXTS, long, "!", "été 😀"):
        (found,) = detector.detect(picture(17, 60), [text])
        assert found.boxes.shape == (len(found.scores), 4)
        assert (found.boxes >= 0).all()
        assert (found.boxes <= torch.tensor([60, 17, 60, 17])).all()
        assert (found.scores.diff() <= 0).all()

    def answers() -> dict[str, Tensor]:
        (found,) = detector.detect(picture(40, 60), TEXTS[:1])
        return {"boxes": found.boxes, "scores": found.scores}

    same_in_every_world(answers)


@pytest.mark.parametrize("kind", ["owlv2", "sam3"])
def test_low_precision_gives_float32(
    detectors: dict[str, Detector],
    networks: dict[str, Any],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(MODULES[kind], "THRESHOLD", 0.0)
    words = detectors[kind].words  # type: ignore[attr-defined]
    made = {"owlv2": owlv2.Owlv2, "sam3": sam3.Sam3}[kind]
    pixels = picture(120, 160)
    (low,) = made(networks[kind], words, torch.bfloat16).detect(pixels, TEXTS[:1])
    (full,) = detectors[kind].detect(pixels, TEXTS[:1])
    assert low.boxes.dtype == low.scores.dtype == torch.float32
    assert (low.scores[0] - full.scores[0]).abs() < 0.1


def test_full_stops_begin_no_other_phrase() -> None:
    assert grounding_dino.phrase(" Mr. Smith's  dog. ") == "mr smith's dog."


def test_the_surest_boxes_one_of_each_thing_inside_the_picture() -> None:
    boxes = torch.tensor(
        [[1.0, 1, 9, 9], [1, 1, 9, 8], [-5, 2, 4, 99], [30, 2, 40, 4], [2, 2, 3, 3]]
    )
    scores = torch.tensor([0.5, 0.9, 0.7, 0.8, 0.1])
    found = surest(boxes, scores, 0.2, (10, 20))
    assert found.boxes.tolist() == [[1, 1, 9, 8], [0, 2, 4, 10]]
    torch.testing.assert_close(found.scores, torch.tensor([0.9, 0.7]))


@pytest.mark.slow
def test_the_published_sam_3_holds_a_tracker_too(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = hub_networks.sam3_video()
    hub_networks.save_as_published(whole, tmp_path)
    capfd.readouterr()
    detector = load_detector(f"sam3:{tmp_path}", CPU, torch.float32)
    assert isinstance(detector, sam3.Sam3)
    own, theirs = detector.network.state_dict(), whole.detector_model.state_dict()
    assert own.keys() == theirs.keys()
    assert all(torch.equal(own[name], theirs[name]) for name in own)
    assert capfd.readouterr() == ("", "")


def test_loaded_once_while_in_use(folders: dict[str, Path]) -> None:
    name = f"owlv2:{folders['owlv2']}"
    first = load_detector(name, CPU)
    assert load_detector(name, CPU) is first


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("grounding-dina", "did you mean 'grounding-dino'"),
        ("owl", "did you mean 'owlv2'"),
        ("", "there are grounding-dino, "),
        ("owlv2:no/such", "no detector 'owlv2:no/such'"),
    ],
)
def test_unknown_names(name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        resolve_detector(name)
    assert "\n" not in str(caught.value)


def test_folders_that_hold_something_else(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is of a 'owlv2'; --propose takes grounding-dino"):
        load_detector(f"grounding-dino:{folders['owlv2']}", CPU)
    with pytest.raises(ModelError, match=r"has no config\.json; save a sam3"):
        load_detector(f"sam3:{tmp_path}", CPU)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_another_vocabulary_is_refused(
    kind: str, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    module: Any = MODULES[kind]
    whole = module.load_network

    def other(*given: Any) -> Any:
        network: Any = whole(*given)
        network.config.text_config.vocab_size = 100
        return network

    monkeypatch.setattr(module, "load_network", other)
    with pytest.raises(ModelError, match=r"was not trained on \w+'s \d+ words"):
        load_detector(f"{kind}:{folders[kind]}", CPU, torch.float64)


@pytest.mark.parametrize("info", DETECTORS, ids=lambda info: info.name)
def test_offline_is_one_line_with_a_way_out(
    info: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path / "ours"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "theirs"))
    monkeypatch.setattr("car_video.models.hub.hub_reachable", lambda: False)
    with pytest.raises(ModelError) as caught:
        load_detector(info.name, CPU)
    message = str(caught.value)
    assert info.source in message
    assert "leave --propose out" in message
    assert "\n" not in message
