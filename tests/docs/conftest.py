"""A place where recipes find what they name, with models that see colours."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from car_video.eval import cli as eval_cli
from car_video.eval import model_segmenters
from PIL import Image
from torch import Tensor

import car_video
from car_video.cli import opening
from car_video.cli.app import main
from car_video.config import Config, load_preset
from car_video.io.readers import read_frames
from car_video.models.pair import ModelPair
from tests.eval import builders
from tests.eval.fakes import ColourSpec
from tests.io.readers.media import write_video
from tests.segment.colour_model import ColourModel
from tests.video.colour_sam import ColourSam
from tests.video.conftest import WITH_SAM

FRAMES = 13
HEIGHT, WIDTH = 224, 320
_THINGS = re.compile(r"\b(dog|face|person|people|cup)\b")


class RedThings(ColourModel):
    """What recipes look for is red; a cat is green."""

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        named = [_THINGS.sub(r"red \1", text).replace("cat", "green cat") for text in texts]
        return super().encode_text(named)


def picture(number: int) -> np.ndarray:
    """A red square that moves to the right, a green one that stands still, on grey."""
    image = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    image[150:200, 20 + 10 * number : 80 + 10 * number] = (255, 0, 0)
    image[20:80, 220:280] = (0, 255, 0)
    return image


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cookbook") / "clip.mp4"
    return write_video(path, [picture(n) for n in range(FRAMES)], crf="4")


@pytest.fixture
def kitchen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> Path:
    """A folder with all the sources, in which recipes run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips").mkdir()
    for name in ("clip.mp4", "clips/one.mp4", "clips/two.mp4"):
        (tmp_path / name).write_bytes(clip.read_bytes())
    Image.fromarray(picture(0)).save("photo.jpg", quality=95)
    Image.new("RGB", (64, 48), (0, 0, 200)).save("beach.jpg")
    builders.davis(tmp_path / "DAVIS", {"one": 1}, frames=3)

    def small(name: str = "default") -> Config:
        return Config(segment=WITH_SAM, video=load_preset(name).video)

    def from_camera(source: Any, **options: Any) -> Any:
        return read_frames("clip.mp4" if source == "webcam:0" else source, **options)

    model, sam = RedThings(), ColourSam()
    pair = ModelPair("lite", model, model)
    monkeypatch.setattr(car_video, "load_model", lambda *_: pair)
    monkeypatch.setattr(car_video, "load_preset", small)
    monkeypatch.setattr(car_video, "read_frames", from_camera)
    monkeypatch.setattr("car_video.config.load_preset", small)
    monkeypatch.setattr("car_video.io.readers.read_frames", from_camera)
    monkeypatch.setattr("car_video.video.arguments.default_config", lambda name: small())
    monkeypatch.setattr("car_video.segment.segmenter.load_mask_model", lambda *_: sam)
    monkeypatch.setattr(opening, "_load_models", lambda *_: (pair, sam))
    monkeypatch.setattr(opening, "remarks_on", lambda *_: [])
    monkeypatch.setattr(model_segmenters, "make_spec", lambda *_: ColourSpec())
    return tmp_path


@pytest.fixture
def shell(kitchen: Path, capfdbinary: Any) -> Callable[[list[str]], bytes]:
    """Runs a line of a shell here; gives standard output. What is after a pipe is not run."""

    def run(words: list[str]) -> bytes:
        words = words[: words.index("|")] if "|" in words else words
        if words[0] == "echo":
            text, arrow, target = words[1:]
            assert arrow == ">"
            (kitchen / target).write_text(text)
            return b""
        entry = {"car-video": main, "car-eval": eval_cli.main}[words[0]]
        with pytest.raises(SystemExit) as end:
            entry(words[1:])
        captured = capfdbinary.readouterr()
        assert end.value.code in (0, None), captured.err.decode()
        found: bytes = captured.out
        return found

    return run
