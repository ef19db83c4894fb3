"""The command line with the bundled model, once with each last step."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from car_video import ImageSegmenter, load_preset, models
from car_video.cli import opening
from car_video.cli.app import main
from car_video.cli.request import with_size
from tests.io.readers.media import write_video

HEIGHT, WIDTH = 120, 160


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A red ball that rolls over grass."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    texture = np.random.default_rng(0).integers(0, 40, (HEIGHT, WIDTH))
    grass = np.stack([60 + texture, 130 + texture, 40 + texture], -1).astype(np.uint8)

    def picture(number):
        inside = np.hypot(y - 60, x - 60 - 10 * number) < 28
        return np.where(inside[..., None], np.uint8([210, 30, 30]), grass)

    folder = tmp_path_factory.mktemp("clips")
    return write_video(folder / "ball.mp4", [picture(n) for n in range(3)])


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch, lite_default):
    """``test_batch`` loads one from its files."""
    opening._load_models.cache_clear()
    monkeypatch.setattr(models, "load_model", lambda name, device: lite_default)
    yield
    opening._load_models.cache_clear()


@pytest.mark.parametrize("refine", ["none", "sam", "crf"])
def test_a_red_ball(clip, tmp_path, monkeypatch, capfd, refine):
    monkeypatch.chdir(tmp_path)
    frames = 3 if refine == "none" else 1
    options = ["--refine", refine, "--size", "256", "--max-frames", str(frames)]
    with pytest.raises(SystemExit) as end:
        main([str(clip), "--expr", "a red ball", "--device", "cpu", *options])
    captured = capfd.readouterr()
    assert (end.value.code, captured.err) == (0, "")
    assert captured.out.startswith(f"{frames} frame")
    data = json.loads(Path("ball_car/predictions.json").read_text(encoding="utf-8"))
    assert (data["model"], data["expressions"]) == ("lite", ["a red ball"])
    assert len(data["frames"]) == frames
    for number, frame in enumerate(data["frames"]):
        (found,) = frame["objects"]
        assert 0 <= found["score"] <= 1
        mask = coco.decode(found["segmentation"]).astype(bool)
        assert mask.shape == (HEIGHT, WIDTH)
        assert found["present"]
        ball = np.hypot(*np.mgrid[-60:60, -60 - 10 * number : 100 - 10 * number]) < 28
        assert (mask & ball).sum() / (mask | ball).sum() > 0.5, "intersection over union"
    with av.open("ball_car/overlay.mp4") as container:
        assert len(list(container.decode(video=0))) == frames


def test_a_single_picture_is_what_the_image_segmenter_says(
    clip, tmp_path, monkeypatch, capfd, lite_default
):
    monkeypatch.chdir(tmp_path)
    with av.open(str(clip)) as container:
        next(container.decode(video=0)).to_image().save("ball.png")
    text = "the first red ball from the left"
    with pytest.raises(SystemExit) as end:
        main(["ball.png", "--expr", text, "--size", "256", "--mode", "online"])
    assert (end.value.code, capfd.readouterr().err) == (0, "")
    segment = with_size(load_preset("default").segment, 256)
    segmenter = ImageSegmenter(lite_default, [text], segment)
    expected = segmenter.segment(np.asarray(Image.open("ball.png").convert("RGB")))
    data = json.loads(Path("ball_car/predictions.json").read_text(encoding="utf-8"))
    (found,) = data["frames"][0]["objects"]
    assert found["score"] == pytest.approx(float(expected.scores[0]), abs=1e-4)
    assert (coco.decode(found["segmentation"]).astype(bool) == expected.masks[0]).all()
    assert expected.masks.any()


def test_what_the_model_does_not_read_is_told(clip, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    options = "--refine none --size 128 --max-frames 1 --save json".split()
    texts = ["a red ball", "a ball " * 1500, "赤いボール" * 100]
    with pytest.raises(SystemExit) as end:
        main([str(clip), *(a for t in texts for a in ("--expr", t)), *options])
    captured = capfd.readouterr()
    assert (end.value.code, captured.err) == (0, "")
    notes = [line for line in captured.out.splitlines() if line.startswith("note: ")]
    assert ["longer than lite reads" in note for note in notes[:3]] == [True, True, False]
    assert "no English word" in notes[2]
    assert all("nothing passed for" in note for note in notes[3:])
    assert all(len(note) < 120 for note in notes)
