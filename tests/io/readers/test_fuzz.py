"""Damaged copies of small clips: frames or one clear error, nothing else, and never a hang."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.io.readers.media import numbered, write_video

ROOT = Path(__file__).parents[3]
SECONDS_FOR_ALL = 240


def textured(number: int, width: int = 64, height: int = 48) -> np.ndarray:
    """A numbered picture with enough detail for damage to hit."""
    noise = np.random.default_rng(number).integers(0, 60, (height, width, 3), dtype=np.uint8)
    return numbered(number, width, height) // 2 + noise


def real_clip() -> Path | None:
    """A real clip: from the repository's examples, else from the shared data."""
    for folder in (ROOT / "examples", ROOT.parent / "shared" / "data" / "clips"):
        for path in sorted(folder.glob("*.mp4")):
            return path
    return None


def cut_short(source: Path, target: Path, packets: int = 6) -> Path:
    """The first packets of a clip as they are."""
    with (
        av.open(str(source)) as old,
        av.open(str(target), "w", options={"movflags": "faststart"}) as new,
    ):
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        for number, packet in enumerate(old.demux(stream)):
            if number == packets or not packet.size:
                break
            packet.stream = copy
            new.mux(packet)
    return target


def make_originals(folder: Path) -> list[Path]:
    images = [textured(number) for number in range(8)]
    faststart = {"movflags": "faststart"}
    originals = [
        write_video(folder / "h264.mp4", images, layout=faststart, audio=0.5, gop=4),
        write_video(
            folder / "hevc.mkv", images, "libx265", **{"x265-params": "log-level=none"}
        ),
        write_video(folder / "vp9.webm", images, "libvpx-vp9", deadline="realtime"),
        write_video(folder / "mpeg4.avi", images, "mpeg4"),
        write_video(folder / "mjpeg.mov", images, "mjpeg", "yuvj420p", layout=faststart),
        write_video(folder / "x.ts", images, "mpeg2video", fps=25),
        write_video(folder / "x.gif", images, "gif", "rgb8"),
    ]
    pictures = [Image.fromarray(image) for image in images]
    for name in ("x.png", "x.webp"):
        pictures[0].save(folder / name, save_all=True, append_images=pictures[1:3])
        originals.append(folder / name)
    pictures[0].save(folder / "x.jpg")
    originals.append(folder / "x.jpg")
    real = real_clip()
    if real is not None:
        originals.append(cut_short(real, folder / "real.mp4"))
    return originals


def damage(original: Path, folder: Path, copies: int) -> None:
    """Half of the copies cut off at a random place, half with 1 to 64 bits flipped."""
    data = original.read_bytes()
    dice = random.Random(original.name)
    for number in range(copies):
        copy = bytearray(data)
        if number % 2:
            del copy[dice.randrange(len(data)) :]
        else:
            for _ in range(2 ** dice.randrange(7)):
                copy[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        (folder / f"{original.stem}_{number:03}{original.suffix}").write_bytes(copy)


def outcomes(folder: Path, copies: int) -> list[dict[str, object]]:
    """How reading each damaged copy ended."""
    clean, damaged = folder / "originals", folder / "damaged"
    clean.mkdir()
    damaged.mkdir()
    originals = make_originals(clean)
    for original in originals:
        damage(original, damaged, copies)
    done = subprocess.run(
        [sys.executable, "-m", "tests.io.readers.fuzz_worker", str(damaged)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS_FOR_ALL,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"crashed in {lines[-1]}: {done.stderr[-2000:]}"
    assert done.stderr == ""
    ended = [line for line in lines if "file" in line]
    assert len(ended) == len(originals) * copies
    return ended


@pytest.mark.parametrize("copies", [6, pytest.param(20, marks=pytest.mark.slow)])
def test_damaged_copies_give_frames_in_order_or_one_clear_error(
    tmp_path: Path, copies: int
) -> None:
    ended = outcomes(tmp_path, copies)
    assert len(ended) >= 9 * copies
    bugs = [outcome for outcome in ended if "bug" in outcome]
    assert bugs == []
    assert [o for o in ended if not o["frames"] and "error" not in o] == []
    errors = [str(o[key]) for o in ended for key in ("error", "later") if key in o]
    assert [error for error in errors if "\n" in error] == []
    readable = [outcome for outcome in ended if outcome.get("frames")]
    assert len(readable) > len(ended) / 4  # damage does not simply end everything
    assert [outcome for outcome in readable if not outcome["orderly"]] == []
