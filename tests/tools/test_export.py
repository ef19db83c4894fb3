"""What ships: packed from float, written, and loaded again by the code of the product."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.models import bundled, int8_weights
from car_video.models.lite.model import load_lite
from tools.build_lite import export
from tools.build_lite.export import (
    IMAGE,
    NOUNS,
    SAM,
    TEXT,
    at_rest_files,
    lite_settings,
    model_state,
    noun_table,
)
from tools.build_lite.heads import Heads
from tools.build_lite.recipe import Recipe
from tools.build_lite.rounding import exact_model
from tools.build_lite.whitening import fit_whitening

CPU = torch.device("cpu")
TABLE = {"sets": [[1, 2]], "nouns": {"dog": 0}}


@pytest.fixture(scope="module")
def state(lite: Any) -> dict[str, Tensor]:
    """The bundled weights as floats."""
    return dict(lite.proposer.state_dict())


def test_what_is_stored_how(state: dict[str, Tensor]) -> None:
    files = at_rest_files(state)
    image, text = files[IMAGE], files[TEXT]
    assert image["image.trunk.layer1.0.conv1.weight"].dtype == torch.float16
    assert image["image.trunk.layer4.2.conv3.weight"].dtype == torch.int8
    assert image["image.trunk.layer4.2.conv3.bias"].dtype == torch.float32
    assert image["image.neck_last.weight"].dtype == torch.float16
    assert image["image.head.bias"].dtype == torch.float32
    assert text["text.head.0.weight"].dtype == torch.int8
    assert files[NOUNS]["nouns.linear.weight"].dtype == torch.int8
    back = {k: v for packed in files.values() for k, v in int8_weights.unpack(packed).items()}
    assert back.keys() == state.keys()
    for name, value in state.items():
        step = value.flatten(1).abs().amax(1) / 127 if value.ndim > 1 else value.abs() / 1024
        step = step.view(-1, *[1] * (value.ndim - 1))
        assert ((back[name] - value).abs() <= 0.51 * step + 1e-7).all(), name


def test_names_are_those_of_the_model(state: dict[str, Tensor]) -> None:
    def part(prefix: str) -> dict[str, Tensor]:
        return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}

    necks = tuple(fit_whitening(torch.randn(3000, wide), 8, 0.1) for wide in (16, 12))
    heads = Heads(16, 20, 24, 32, 0.1, 10.0)
    made = model_state(
        part("image.trunk."),
        necks,  # type: ignore[arg-type]
        heads.state_dict(),
        part("text.bert."),
        part("nouns.linear."),
    )
    assert made.keys() == state.keys()
    x = torch.randn(5, 16)
    again = F.linear(x, made["image.neck_last.weight"], made["image.neck_last.bias"])
    torch.testing.assert_close(again, necks[0](x), atol=1e-4, rtol=1e-4)
    heads.eval()
    sentence = torch.randn(4, 20)
    hidden = F.linear(sentence, made["text.head.0.weight"], made["text.head.0.bias"])
    out = F.linear(F.gelu(hidden), made["text.head.2.weight"], made["text.head.2.bias"])
    torch.testing.assert_close(F.normalize(out, dim=-1), heads.text(sentence))


@pytest.mark.slow
def test_written_weights_load(
    state: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = bundled.config()
    settings = lite_settings(Recipe(), config["bert"])
    assert settings.keys() | {"sha256"} == config.keys()
    sam = int8_weights.load(bundled.weights_folder() / SAM, config["sha256"][SAM])
    half = {k: v.half() if v.is_floating_point() else v for k, v in sam.items()}
    out, work = tmp_path / "out", tmp_path
    tokenizer = bundled.weights_folder() / "tokenizer.json"
    sizes = export.write_weights(state, half, settings, TABLE, tokenizer, out, work)
    assert sizes.keys() == {p.name for p in out.iterdir()}
    assert sum(sizes.values()) <= 80e6
    digests = json.loads((out / "lite.json").read_text())["sha256"]
    assert all(int8_weights.sha256(out / name) == digest for name, digest in digests.items())
    exact = exact_model(work)
    monkeypatch.setattr(bundled, "weights_folder", lambda: out)
    again = load_lite(CPU, torch.float32)
    pixels = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    ours, theirs = again.embed_image(pixels), exact.embed_image(pixels)
    assert F.cosine_similarity(ours, theirs).item() > 0.995
    texts = [m.encode_text(["the man in red"]) for m in (again, exact)]
    assert float((texts[0] * texts[1]).sum()) > 0.995


@pytest.mark.slow
def test_a_network_that_does_not_fit_is_not_written(
    state: dict[str, Tensor], tmp_path: Path
) -> None:
    settings = lite_settings(Recipe(), bundled.config()["bert"])
    tokenizer = bundled.weights_folder() / "tokenizer.json"
    wrong = {"neck.0.weight": torch.zeros(256, 320, 1, 1)}
    with pytest.raises(ValueError, match="MobileSAM: missing"):
        export.write_weights(
            state, wrong, settings, TABLE, tokenizer, tmp_path / "out", tmp_path
        )
    less = {k: v for k, v in state.items() if "layer4.1" not in k}
    with pytest.raises(RuntimeError, match="Missing key"):
        export.write_weights(
            less, wrong, settings, TABLE, tokenizer, tmp_path / "out", tmp_path
        )
    assert not (tmp_path / "out").exists()


def test_nouns_with_the_same_classes_share_a_set() -> None:
    class Two:
        def closure(self, most: int) -> dict[str, tuple[int, ...]]:
            return {"dog": (1, 2), "hound": (1, 2), "pug": (2,)}

        def borrowed(self) -> dict[str, tuple[int, ...]]:
            return {"dingo": (1, 2), "pug": (9,)}

    table = noun_table(Two())  # type: ignore[arg-type]
    assert table["sets"] == [(1, 2), (2,)], "what a noun has of its own comes first"
    assert table["nouns"] == {"dingo": 0, "dog": 0, "hound": 0, "pug": 1}
