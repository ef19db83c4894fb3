"""Whole runs of the command line with a segmenter that is not the point."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from car_video.cli import run as run_module
from car_video.cli.app import main
from tests.cli.fakes import ASKED, COUNT, FakeSegmenter, indices, results, visible
from tests.io.readers.media import damage_packets, numbered, write_jpegs_of_sizes, write_video

COPIES = int(os.environ.get("CAR_VIDEO_DAMAGED_COPIES", "70"))  # per container


def test_the_main_job(cli, clip, tmp_path):
    code, _, err = cli(clip, *ASKED)
    assert (code, err) == (0, "")
    folder = tmp_path / "clip_car"
    assert visible(folder) == ["masks", "overlay.mp4", "predictions.json"]
    assert len(visible(folder / "masks")) == COUNT
    data = results(folder)
    assert data["video"] == {
        "source": str(clip),
        "width": 64,
        "height": 48,
        "fps": 10.0,
        "frames": COUNT,
    }
    assert data["model"] == "lite"
    assert data["expressions"] == ["a dog", "the cat"]
    assert [f["time"] for f in data["frames"]] == pytest.approx(np.arange(COUNT) / 10)
    first = data["frames"][3]["objects"]
    assert [o["expression"] for o in first] == [0, 1]
    assert all(o["present"] for o in first)
    mask = coco.decode(first[0]["segmentation"])
    assert mask.shape == (48, 64)
    assert mask.sum() == first[0]["area"] > 0
    pixels = np.asarray(Image.open(folder / "masks" / "00003.png"))
    np.testing.assert_array_equal(pixels == 1, mask.astype(bool))
    with av.open(str(folder / "overlay.mp4")) as container:
        assert container.streams.audio, "the sound goes along"
        assert len(list(container.decode(video=0))) == COUNT


def test_what_was_found_nowhere_may_be_assumed(cli, clip, loader):
    asked = ("--expr", "a dog", "--expr", "the cat", "--start", "0.1", "--max-frames", "2")
    _, out, _ = cli(clip, *asked, "--overwrite")
    notes = [line for line in out.splitlines() if line.startswith("note:")]
    assert "".join(notes).count("nothing passed for 'the cat';") == 1
    assert "--assume-present" in out
    _, out, _ = cli(clip, *asked, "--overwrite", "--assume-present")
    assert "nothing passed" not in out, "it was assumed already"
    _, out, _ = cli(clip, *ASKED, "--overwrite")
    assert "nothing passed" not in out


def test_the_summary(cli, clip, tmp_path):
    _, out, _ = cli(clip, *ASKED, "--expr", "[red] wall " + "x" * 60)
    lines = out.splitlines()
    assert lines[0].startswith(f"{COUNT} frames in ")
    assert "frames/s" in lines[0]
    assert lines[1].split() == ["a", "dog", "0.0-1.1", "s", "(100", "%", "of", "frames)"]
    assert "0.0 s, 0.3 s, 0.6 s, 0.9 s (33 % of frames)" in lines[2]
    assert "[red] wall" in lines[3]
    assert "…" in lines[3]
    assert lines[4] == "written to clip_car: predictions.json, masks/, overlay.mp4"
    assert len(lines) == 5


def test_quiet_prints_nothing(cli, clip, tmp_path):
    assert cli(clip, *ASKED, "--quiet") == (0, "", "")
    assert indices(tmp_path / "clip_car") == list(range(COUNT))


def test_options_reach_reader_and_outputs(cli, clip, tmp_path):
    code, _, _ = cli(
        *(clip, *ASKED, "--out", "a/b", "--save", "json,sheet", "--start", 0.2, "--end", 1.0),
        *("--stride", 3, "--max-frames", 2),
    )
    assert code == 0
    assert visible(tmp_path / "a" / "b") == ["predictions.json", "sheet.png"]
    assert indices(tmp_path / "a" / "b") == [2, 5]


def test_options_reach_the_model(clip, tmp_path, monkeypatch, capfd):
    plans = []

    def load(plan):
        plans.append(plan)
        return FakeSegmenter(plan.expressions), []

    monkeypatch.setattr(run_module, "load_segmenter", load)
    monkeypatch.chdir(tmp_path)
    arguments = "--model clip-b16 --preset voc --refine none --size 250 --device cpu".split()
    arguments += ["--mode", "offline"]
    with pytest.raises(SystemExit) as end:
        main([str(clip), "--expr", "  a   dog ", *arguments])
    assert end.value.code == 0
    (plan,) = plans
    segment = plan.config.segment
    assert (plan.config.model, plan.request.device) == ("clip-b16", "cpu")
    assert plan.expressions == ("a dog",)
    assert (segment.refine, segment.proposal.size, segment.sam.side) == ("none", 250, 240)
    assert segment.recurrence.confidence_threshold == 0.6, "the preset's"
    assert plan.config.video.mode == "offline"


def test_folders_of_pictures(cli, tmp_path):
    (tmp_path / "photos").mkdir()
    for number, size in enumerate([(64, 48), (30, 50), (1, 1)]):
        Image.fromarray(numbered(number, *size)).save(tmp_path / "photos" / f"{number}.png")
    code, _, _ = cli("photos/", *ASKED, "--save", "overlay,masks,json,cutout,sheet")
    assert code == 0
    folder = tmp_path / "photos_car"
    assert visible(folder / "cutout") == ["00000.png", "00001.png", "00002.png"]
    assert [f["file"] for f in results(folder)["frames"]] == ["0.png", "1.png", "2.png"]
    sizes = [Image.open(folder / "masks" / f"0000{n}.png").size for n in range(3)]
    assert sizes == [(64, 48), (30, 50), (1, 1)]


def test_pictures_that_change_their_size(cli, tmp_path):
    sizes = [(64, 48), (96, 80), (32, 64)]
    video = write_jpegs_of_sizes(tmp_path / "sizes.mkv", sizes)
    code, _, _ = cli(video, *ASKED)
    assert code == 0
    found = [
        f["objects"][0]["segmentation"]["size"] for f in results(Path("sizes_car"))["frames"]
    ]
    assert found == [[h, w] for w, h in sizes]


def test_one_pixel(cli, tmp_path):
    Image.fromarray(numbered(1)[:1, :1]).save(tmp_path / "dot.png")
    assert cli("dot.png", *ASKED)[0] == 0
    assert results(Path("dot_car"))["video"]["frames"] == 1


@pytest.mark.slow
def test_8k_comes_out_at_full_size(cli, tmp_path):
    size = (7680, 4320)
    Image.fromarray(numbered(1, *size)).save(tmp_path / "8k.jpg")
    assert cli("8k.jpg", "--expr", "a dog")[0] == 0
    assert Image.open("8k_car/masks/00000.png").size == size
    assert Image.open("8k_car/overlay.png").size == size
    assert visible(Path("8k_car")) == ["masks", "overlay.png", "predictions.json"]


def test_a_folder_of_pictures_is_a_video(cli, tmp_path):
    (tmp_path / "photos").mkdir()
    for number in range(2):
        Image.fromarray(numbered(number)).save(tmp_path / "photos" / f"{number}.png")
    assert cli("photos", *ASKED)[0] == 0
    assert visible(Path("photos_car")) == ["masks", "overlay.mp4", "predictions.json"]


def test_losses_are_reported(cli, clip, tmp_path):
    broken = damage_packets(clip, tmp_path / "broken.mp4", [4])
    code, out, _ = cli(broken, *ASKED)
    assert code == 0
    notes = [line for line in out.splitlines() if line.startswith("note: ")]
    assert notes
    assert any("not decodable" in note or "damaged" in note for note in notes)


@pytest.mark.parametrize(
    "suffix",
    ["mp4", *(pytest.param(name, marks=pytest.mark.slow) for name in ("mkv", "avi"))],
)
def test_damaged_copies_end_in_results_or_in_one_line(cli, tmp_path, suffix):
    whole = write_video(tmp_path / f"whole.{suffix}", [numbered(n) for n in range(8)])
    data = whole.read_bytes()
    random = np.random.default_rng(len(data))
    codes = []
    for number in range(COPIES):
        copy = bytearray(data[: random.integers(1, len(data))] if number % 2 else data)
        for place in random.integers(0, len(copy), 8 if number % 2 == 0 else 0):
            copy[place] ^= 1 << random.integers(8)
        Path(f"copy.{suffix}").write_bytes(copy)
        code, out, err = cli(f"copy.{suffix}", *ASKED, "--out", str(number))
        codes.append(code)
        if code == 0:
            assert err == ""
            assert indices(Path(str(number)))
        else:
            assert (code, out) == (2, "")
            assert err.startswith("error: ")
            assert err.count("\n") == 1
            assert not Path(str(number)).exists()
    assert set(codes) == {0, 2}, "both kinds of damage were tried"


def test_long_and_foreign_expressions(cli, clip, tmp_path):
    texts = ["der Hund 🐕", "赤い服の男", "word " * 2000]
    code, out, _ = cli(clip, *(a for t in texts for a in ("--expr", t)), "--max-frames", 2)
    assert code == 0
    assert results(Path("clip_car"))["expressions"] == [t.strip() for t in texts]
    assert max(len(line) for line in out.splitlines()) < 200


def test_bytes_that_are_no_text(cli, clip):
    """A shell hands over any bytes; Python gives them as lone surrogates."""
    code, _, _ = cli(clip, "--expr", "caf\udce9", "--max-frames", 1)
    assert code == 0
    assert results(Path("clip_car"))["expressions"] == ["caf\ufffd"]


def test_overwriting(cli, clip, loader):
    assert cli(clip, *ASKED, "--save", "json,sheet")[0] == 0
    assert cli(clip, *ASKED, "--save", "json", "--overwrite", "--max-frames", 3)[0] == 0
    assert visible(Path("clip_car")) == ["predictions.json"]
    assert indices(Path("clip_car")) == [0, 1, 2]


def test_resuming_extends_and_adds(cli, clip, loader):
    cli(clip, *ASKED, "--save", "json", "--max-frames", 5)
    assert cli(clip, *ASKED, "--save", "sheet", "--resume")[0] == 0
    assert loader.made[-1].seen == [], "not beyond what the first run was asked for"
    more = ("--resume", "--max-frames", COUNT)
    code, out, _ = cli(clip, *ASKED, "--save", "json,masks", *more)
    assert code == 0
    assert loader.made[-1].seen == list(range(5, COUNT))
    assert out.startswith(f"{COUNT} frames, 5 from an earlier run in ")
    assert "a dog    0.0-1.1 s (100 %" in out, "of all frames"
    assert cli(clip, *ASKED, "--save", "sheet", "--resume")[0] == 0
    assert loader.made[-1].seen == []
    assert visible(Path("clip_car")) == ["masks", "predictions.json", "sheet.png"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("--expr", "a bird"), "expressions"),
        (("--refine", "none"), "--refine"),
        (("--size", "128"), "--size"),
        (("--mode", "per-frame"), "--mode"),
        (("--stride", "2"), "--stride"),
        (("--start", "0.3"), "--start"),
        (("--backend", "auto"), "--backend"),
        (("--roi", "auto"), "--roi"),
        (("--assume-present",), "--assume-present"),
        (("--preset", "voc", "--model", "lite"), "preset settings"),
        (("--model", "clip-b16"), "model"),
    ],
)
def test_resuming_something_else_is_refused(cli, clip, change, word):
    cli(clip, *ASKED, "--max-frames", 2)
    before = (Path("clip_car") / "predictions.json").read_bytes()
    code, out, err = cli(clip, *ASKED, "--resume", *change)
    assert (code, out) == (2, "")
    assert f" {word}" in err.partition("differs in")[2].partition("; --overwrite")[0]
    assert err.count("\n") == 1
    assert (Path("clip_car") / "predictions.json").read_bytes() == before


@pytest.mark.parametrize("starts", [((), ("--start", 0)), (("--start", 0), ())])
def test_a_start_of_0_is_no_start(cli, clip, loader, starts):
    first, second = starts
    assert cli(clip, *ASKED, "--max-frames", 2, *first)[0] == 0
    assert cli(clip, *ASKED, "--max-frames", 2, *second, "--resume")[0] == 0
    assert loader.made[-1].seen == []
