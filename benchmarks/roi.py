"""What masks gain by edges that only the full resolution shows (``--roi auto``).

    python -m benchmarks.roi --data DIR [--width 3840] [--parts 16 8 4 2] [--frames 4]
    python -m benchmarks.roi --data DIR --real [--step 1]

``DIR`` has the layout of DAVIS (``ref-davis-dev``, a kind of ``ref-video-dev``). There is no 4K
video with a truth here, so there are two stand-ins.

**Composites**: an object is cut out along its truth, its colours are continued beyond its
border, it is resized (Lanczos) until it fills a part of the picture's width, and laid over
enlarged frames of another sequence. Its outline is drawn at full size: that of the small truth,
smoothed, with bumps and notches of ``ROUGH`` pixels. It moves, and a sensor's grain is added.
The truth is the outline. The whole pipeline runs, with the sentence of the data set. It shows
that an edge in the pixels of the large picture ends up in the mask, and what that costs. Edges
between two pictures that have nothing to do with each other are easier than fur before its own
shadow, and enlarged pictures have no fine texture: the numbers are no forecast for real 4K.

**Real** (``--real``): frames at their own 480p with their own truth, but SAM sees them so small
(224 pixels a side) that a cell is 15 pixels wide, as it is in 4K. Edges are real; but SAM errs
more on so small pictures than on 4K at its usual 1024. It is prompted with the box of the
truth, and the best of its three masks is taken, so that only the border is in question.

J, and F at the tolerance of DAVIS (0.008 diagonals) and at a tight one; of composites over the
frames on which the sentence finds the object.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from car_video.eval.metrics import contour_accuracy
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import distance_transform_edt, gaussian_filter
from torch.nn import functional

from car_video import VideoSegmenter, load_model, load_preset
from car_video.models.sam.base import MaskModel, crop_logits
from car_video.models.sam.registry import load_mask_model
from car_video.segment.boxes import boxes_of
from car_video.segment.refinement.full_resolution import sharpened
from car_video.segment.resizing import enlarge, enlarge_masks, to_pixels

BACKGROUNDS = {
    "bear": "motorbike",
    "lucia": "boat",
    "bus": "soccerball",
    "elephant": "tennis",
    "dog-agility": "car-turn",
}
"""Object of ref-davis-dev -> the sequence it is laid over."""
ROUGH = 2.0  # pixels: standard deviation of the outline's detail ...
GRAIN = 6.0  # ... and how far it reaches along the outline
SOFT = 1.2  # pixels from an edge to all or nothing
NOISE = 2.0  # grey levels
FOUND = 0.5  # J from which on the right thing is shown, so that its border can be judged
EDGE = 8  # pixels around a cut-out
TIGHT = 3  # pixels of a large picture; of 480p: 1
REAL_SIDE, REAL_WORKING, REAL_CELL = 224, 427, 15
"""480p as if it were 4K: what SAM sees, what is worked on, and the pixels of a cell."""

Masks = NDArray[np.bool_]
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Score:
    """J, F at the tolerance of DAVIS, and F at a tight one."""

    j: float
    f: float
    tight: float

    @classmethod
    def of(cls, truth: Masks, mask: Masks, tight: int = TIGHT) -> Score:
        """Of one frame."""
        union = np.count_nonzero(truth | mask)
        overlap = np.count_nonzero(truth & mask) / union if union else 1.0
        f, narrow = (float(contour_accuracy(truth, mask, tolerance=t)) for t in (0.008, tight))
        return cls(overlap, f, narrow)

    def row(self) -> tuple[float, float, float]:
        """The three."""
        return self.j, self.f, self.tight


def cut_out(
    picture: Picture, mask: Masks, scale: float, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Colours float32 [h, w, 3] of an object, and float32 [h, w] pixels inside its outline."""
    spans = [np.flatnonzero(mask.any(axis)) for axis in (1, 0)]
    box = tuple(slice(span[0], span[-1] + 1 + 2 * EDGE) for span in spans)
    part = np.pad(mask, EDGE)[box]
    colours = np.pad(picture, ((EDGE, EDGE), (EDGE, EDGE), (0, 0)), mode="edge")[box]
    inner = distance_transform_edt(part) > 2
    near = distance_transform_edt(~inner, return_distances=False, return_indices=True)
    size = (round(part.shape[1] * scale), round(part.shape[0] * scale))
    filled = Image.fromarray(colours[near[0], near[1]])
    large = np.asarray(filled.resize(size, Image.Resampling.LANCZOS), np.float32)
    smooth = Image.fromarray(gaussian_filter(part.astype(np.float32), 0.8))
    inside = np.asarray(smooth.resize(size, Image.Resampling.BICUBIC)) > 0.5
    signed = distance_transform_edt(inside) - distance_transform_edt(~inside)
    detail = gaussian_filter(np.random.default_rng(seed).normal(size=inside.shape), GRAIN)
    return large, (signed + ROUGH * detail / detail.std()).astype(np.float32)


def composite(
    data: Path, name: str, part: int, size: tuple[int, int], frames: int
) -> Iterator[tuple[Picture, Masks]]:
    """Pictures of a size (H, W) and their truth; the object has a ``part``-th of the width."""
    height, width = size
    rng = np.random.default_rng(part)
    behind = sorted((data / "JPEGImages/480p" / BACKGROUNDS[name]).iterdir())
    scale = 0.0
    for number, (picture, labels) in enumerate(_frames(data, name, frames)):
        mask = labels > 0
        if not scale:
            tall, wide = (np.ptp(np.flatnonzero(mask.any(axis))) + 1 for axis in (1, 0))
            scale = min(width / part / wide, 0.95 * height / tall)
        colours, signed = cut_out(picture, mask, scale, part)
        back = Image.open(behind[number]).convert("RGB")
        canvas = np.array(back.resize((width, height), Image.Resampling.LANCZOS), np.float32)
        truth = np.zeros(size, bool)
        top = (height - signed.shape[0]) // 2 + 3 * number
        left = round(0.3 * (width - signed.shape[1])) + 9 * number
        place = tuple(
            slice(max(0, first), min(whole, first + extent))
            for first, extent, whole in zip((top, left), signed.shape, size, strict=True)
        )
        own = tuple(
            slice(one.start - first, one.stop - first)
            for one, first in zip(place, (top, left), strict=True)
        )
        alpha = np.clip(0.5 + signed[own] / (2 * SOFT), 0, 1)[..., None]
        canvas[place] += alpha * (colours[own] - canvas[place])
        truth[place] = signed[own] > 0
        canvas += rng.normal(0, NOISE, canvas.shape).astype(np.float32)
        yield np.clip(canvas, 0, 255).astype(np.uint8), truth


def _frames(data: Path, name: str, count: int) -> Iterator[tuple[Picture, NDArray[np.uint8]]]:
    pictures = sorted((data / "JPEGImages/480p" / name).iterdir())[:count]
    for file in pictures:
        labels = data / "Annotations/480p" / name / f"{file.stem}.png"
        yield np.asarray(Image.open(file).convert("RGB")), np.asarray(Image.open(labels))


def composites(data: Path, width: int, parts: list[int], names: list[str], frames: int) -> None:
    """Print the table of composites."""
    videos = json.loads((data / "meta_expressions.json").read_text("utf-8"))["videos"]
    size = (round(width * 9 / 16), width)
    grown = memory(size, parts)
    config = load_preset()
    model = load_model(config.model)
    sam = load_mask_model(config.segment.sam.model, model.device)
    print(
        f"| {size[1]}x{size[0]} | J | F | F at {TIGHT} px | found | CPU ms a frame | memory |"
    )
    print("|---|---|---|---|---|---|---|")
    for part in parts:
        rows = []
        for name in names:
            text = next(iter(videos[name]["expressions"].values()))["exp"]
            segmenter = VideoSegmenter(model, [text], config, mask_model=sam)
            for picture, truth in composite(data, name, part, size, frames):
                began = time.process_time()
                masks = segmenter.step(picture).masks
                stepped = time.process_time()
                # What follows from frame to frame is the same, so both come of one run.
                drawn = sharpened(masks, picture)
                ended = time.process_time()
                usual, more = 1000 * (stepped - began), 1000 * (ended - stepped)
                off, auto = (Score.of(truth, one[0]).row() for one in (masks, drawn))
                rows.append(((*off, usual), (*auto, usual + more)))
        values = np.array(rows)
        found = values[:, 0, 0] >= FOUND
        for roi, place, megabytes in (("off", 0, ""), ("auto", 1, f"+{grown[part]:.0f} MB")):
            j, f, tight, spent = values[found, place].mean(0)
            print(
                f"| 1/{part} of the width, {roi} | {j:.3f} | {f:.3f} | {tight:.3f} | "
                f"{found.sum()} of {len(found)} | {spent:.0f} | {megabytes} |",
                flush=True,
            )
        change = values[:, 1, 0] - values[:, 0, 0]
        print(f"<!-- worst frame, found or not: {change.min():+.3f} J -->", flush=True)


def memory(size: tuple[int, int], parts: list[int]) -> dict[int, float]:
    """Megabytes that a mask of each part of the width adds to the peak; the picture, the mask
    and the new mask are not counted. To be called before anything large."""
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    mask = np.zeros((1, *size), bool)
    sharpened(mask, picture)  # what is imported on first use
    grown = {}
    for part in sorted(parts, reverse=True):
        tall, wide = min(size[0] // 2, size[1] // part), size[1] // part
        mask[0, 100 : 100 + tall, 100 : 100 + wide] = True
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sharpened(mask, picture)
        grown[part] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {part: sum(v for p, v in grown.items() if p >= part) for part in grown}


@torch.inference_mode()
def coarse(sam: MaskModel, picture: Picture, truth: Masks) -> Masks | None:
    """SAM's best mask for the box of the truth, of a picture that it sees small."""
    pixels = to_pixels(picture, sam.device, REAL_WORKING)
    size = (int(pixels.shape[-2]), int(pixels.shape[-1]))
    small = functional.interpolate(torch.from_numpy(truth)[None, None].float(), size)[0] > 0.5
    if not small.any():
        return None
    embedding = sam.encode(pixels, REAL_SIDE)
    logits, _ = sam.predict(embedding, boxes=boxes_of(small, size))
    masks = enlarge(crop_logits(logits, embedding)[0], size) > 0
    shared = (masks & small).flatten(1).sum(1) / (masks | small).flatten(1).sum(1)
    best = masks[int(shared.argmax())][None]
    return enlarge_masks(best, (truth.shape[0], truth.shape[1]))[0]


def real(data: Path, start: int, step: int) -> None:
    """Print the table of real frames: the middle frame of every so many sequences."""
    sam = load_mask_model("mobile", torch.device("cpu"))
    rows = []
    for folder in sorted((data / "JPEGImages/480p").iterdir())[start::step]:
        frames = list(_frames(data, folder.name, len(list(folder.iterdir())) // 2 + 1))
        picture, labels = frames[-1]
        for number in np.unique(labels[(labels > 0) & (labels < 255)]):
            truth = labels == number
            mask = coarse(sam, picture, truth)
            if mask is None or not mask.any():
                continue
            drawn = sharpened(mask[None], picture, REAL_CELL)[0]
            before, after = (Score.of(truth, one, tight=1).row() for one in (mask, drawn))
            kept = "kept" if (drawn == mask).all() else "drawn"
            print(f"{folder.name} {number}: J {before[0]:.3f} -> {after[0]:.3f}, {kept}")
            rows.append((before, after))
    values = np.array(rows)
    print("\n| real frames, cells of 15 px | J | F | F at 1 px |\n|---|---|---|---|")
    for roi, (j, f, tight) in zip(("off", "auto"), values.mean(0), strict=True):
        print(f"| {roi} | {j:.3f} | {f:.3f} | {tight:.3f} |")
    change = values[:, 1, 0] - values[:, 0, 0]
    better, worse = (change > 0.005).sum(), (change < -0.005).sum()
    print(f"\n{len(rows)} objects: J better on {better}, worse on {worse}, {change.min():+.3f}")


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.roi")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--width", type=int, default=3840)
    parser.add_argument("--parts", type=int, nargs="+", default=[16, 8, 4, 2])
    parser.add_argument("--objects", nargs="+", default=list(BACKGROUNDS))
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--start", type=int, default=0, help="with --real: first sequence")
    parser.add_argument("--step", type=int, default=1, help="with --real: every so many")
    given = parser.parse_args()
    if given.real:
        real(given.data, given.start, given.step)
    else:
        composites(given.data, given.width, given.parts, given.objects, given.frames)


if __name__ == "__main__":
    main()
