"""One picture, from pixels and texts to masks: the reference's work against ours, by stage.

Run from the repository's root:

    python -m benchmarks.image                      # ViT-B/16 + ViT-L/14, 375x500, 20 queries
    python -m benchmarks.image --full               # nothing extrapolated (many minutes)
    python -m benchmarks.image --lite               # frames/s of the bundled model at 480p

Random weights (no download), a random picture of blobs, 23 background words, 15 templates,
``compat: reference`` on our side so that both do the same and two steps are taken; the
threshold lets ``--survivors`` queries through. Both sides run in one process with the same
weights. The reference's encoding of prompted pictures and of texts for 15 templates is by
default measured for one template and multiplied; ``--full`` does all of it.

Prints CPU and wall seconds per stage and their ratio, whether both agree, the same for ours in
bfloat16 with the IoU of its masks with those in float32, and the peak memory of each side above
the weights (each side alone in a process of its own, Linux only).
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch

from benchmarks import reference_work
from benchmarks.reference_work import Clock
from car_video import ImageSegmenter, load_model
from car_video.config import (
    FAST_CRF,
    ClassifierConfig,
    CrfConfig,
    ProposalConfig,
    RecurrenceConfig,
    SegmentConfig,
)
from car_video.models.clip.factory import model_from_network
from car_video.models.pair import ModelPair
from car_video.segment.proposals import maps
from car_video.segment.proposals.gradcam import CamWeights
from car_video.text.background import BACKGROUND_23
from car_video.text.label_spaces import label_space
from tests.segment.agreement import with_telling_texts

STAGES = ("backbone", "texts", "CAM", "affinity", "prompts and classifier", "CRF")
CONFIG = SegmentConfig(
    compat="reference",
    background=BACKGROUND_23,
    refine="crf",
    proposal=ProposalConfig(mask_threshold=0.4, box_threshold=0.4),
    classifier=ClassifierConfig(prompts=("circle", "blur"), templates="car"),
    crf=CrfConfig(),
)


def picture(height: int, width: int) -> np.ndarray:
    """uint8 [H, W, 3]: smooth colours with noise, always the same."""
    rng = np.random.default_rng(0)
    small = torch.from_numpy(rng.random((1, 3, 8, 10)))
    smooth = torch.nn.functional.interpolate(small, (height, width), mode="bicubic")[0]
    noisy = smooth.permute(1, 2, 0).numpy() + rng.normal(0, 0.03, (height, width, 3))
    return (255 * noisy.clip(0, 1)).astype(np.uint8)


def model(name: str, dtype: torch.dtype | None) -> Any:
    """An architecture with the same random weights each time; its texts are not all the same,
    as an untrained text tower has them."""
    torch.manual_seed(0)
    network = with_telling_texts(open_clip.create_model(name, pretrained=None))
    return model_from_network(name, network, open_clip.get_tokenizer(name), dtype=dtype)


def pair_of(arguments: argparse.Namespace, dtype: torch.dtype | None) -> ModelPair:
    return ModelPair("pair", model(arguments.model, dtype), model(arguments.classifier, dtype))


def threshold(segmenter: ImageSegmenter, image: np.ndarray, keep: int) -> float:
    """Between the scores of the first step, so that ``keep`` queries pass it."""
    view = segmenter.encode(image)
    alive = torch.arange(len(segmenter.queries))
    config = segmenter.config
    soft = maps.Proposer(
        segmenter.proposer, view.features, segmenter.queries, config.proposal, config.mode
    ).maps(alive)
    scores = segmenter._classify(view, soft, alive)[0].double().sort(descending=True).values
    return float((scores[keep - 1] + scores[keep]) / 2)


def clocked(segmenter: ImageSegmenter, image: np.ndarray) -> tuple[Clock, list[Any], Any]:
    """Our way: seconds of each stage, the queries alive at each step, masks."""
    clock, history = Clock(), []
    kept: list[tuple[Any, str, Any]] = []

    def watch(owner: Any, name: str, stage: str) -> None:
        inner = getattr(owner, name)
        kept.append((owner, name, owner.__dict__.get(name)))
        setattr(owner, name, lambda *a, **k: clock(stage, lambda: inner(*a, **k)))

    classify = segmenter._classify

    def spy(view: Any, maps: Any, alive: Any) -> Any:
        history.append(alive.tolist())
        return classify(view, maps, alive)

    segmenter._classify = spy  # type: ignore[method-assign]
    watch(segmenter.proposer, "encode_image", "backbone")
    watch(CamWeights, "compute", "CAM")
    watch(maps, "transition", "affinity")
    watch(maps, "refine", "affinity")
    watch(segmenter, "_classify", "prompts and classifier")
    watch(segmenter, "_refiner", "CRF")
    start = time.process_time(), time.perf_counter()
    try:
        masks = segmenter.segment(image).masks
    finally:
        for owner, name, before in reversed(kept):
            if before is None:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
        segmenter._classify = classify  # type: ignore[method-assign]
    clock.cpu["total"] = time.process_time() - start[0]
    clock.wall["total"] = time.perf_counter() - start[1]
    return clock, history, masks


def peak_above_now(reset: bool) -> int:
    """KiB of the highest resident memory (Linux); ``reset`` makes now the highest."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def report(ours: Clock, theirs: Clock, title: str) -> None:
    """A table in Markdown."""
    for seconds in (theirs.cpu, theirs.wall):
        seconds["total"] = sum(seconds.get(stage, 0.0) for stage in STAGES)
    print(f"\n{title}\n")
    print("| stage | reference's work, CPU s (wall) | ours, CPU s (wall) | ratio of CPU |")
    print("|---|---|---|---|")
    for stage in (*STAGES, "total"):
        a, b = theirs.cpu.get(stage, 0.0), ours.cpu.get(stage, 0.0)
        walls = theirs.wall.get(stage, 0.0), ours.wall.get(stage, 0.0)
        ratio = f"{a / b:.1f}" if b > 1e-3 else "-"
        print(f"| {stage} | {a:.2f} ({walls[0]:.2f}) | {b:.2f} ({walls[1]:.2f}) | {ratio} |")


def iou(a: np.ndarray, b: np.ndarray) -> list[float]:
    """Of each mask that either has."""
    return [
        float((x & y).sum() / (x | y).sum()) for x, y in zip(a, b, strict=True) if (x | y).any()
    ]


def one_side(arguments: argparse.Namespace, names: list[str], image: np.ndarray) -> None:
    """Run one side alone and print its peak memory above the weights."""
    dtype = torch.bfloat16 if arguments.only == "bfloat16" else None
    pair = pair_of(arguments, dtype)
    config = replace(CONFIG, recurrence=RecurrenceConfig(arguments.theta))
    base = peak_above_now(reset=True)
    if arguments.only == "reference":
        parts = pair.proposer, pair.classifier
        bank = ImageSegmenter(pair, names, config).mask_classifier.bank
        reference_work.segment(*parts, image, names, config, measured=1, bank=bank)
    else:
        ImageSegmenter(pair, names, config).segment(image)
    print(json.dumps({"peak": peak_above_now(reset=False) - base, "weights": base}))


def memory(arguments: argparse.Namespace, theta: float) -> None:
    """Each side in a process of its own."""
    print("\n| side | peak memory above the weights, MiB |\n|---|---|")
    for side in ("reference", "float32", "bfloat16"):
        command = [sys.executable, "-m", "benchmarks.image", "--only", side]
        for name in ("model", "classifier", "queries", "threads"):
            command += [f"--{name}", str(getattr(arguments, name))]
        command += ["--theta", str(theta), "--size", *map(str, arguments.size)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peak = json.loads(done.stdout.splitlines()[-1])["peak"]
        print(f"| {side} | {peak / 1024:.0f} |")


def lite(arguments: argparse.Namespace) -> None:
    """Frames/s of the bundled model, one expression, 480 x 854."""
    frames = [np.roll(picture(480, 854), 5 * n, 1) for n in range(arguments.frames)]
    print(
        "\n| lite, 480x854, 1 expression | frames/s (wall) | CPU s per frame |\n|---|---|---|"
    )
    loaded = load_model("lite", "cpu")
    for refine in ("none", "crf", "sam"):
        config = SegmentConfig(refine=refine, crf=FAST_CRF, presence_threshold=0.0)  # type: ignore[arg-type]
        segmenter = ImageSegmenter(loaded, ["a person"], config)
        segmenter.segment(frames[0])
        cpu, wall = time.process_time(), time.perf_counter()
        for frame in frames:
            segmenter.segment(frame)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        count = len(frames)
        print(f"| refine: {refine} | {count / wall:.2f} | {cpu / count:.2f} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="ViT-B-16", help="a ViT of open_clip, f")
    parser.add_argument("--classifier", default="ViT-L-14", help="a ViT of open_clip, g")
    parser.add_argument("--size", type=int, nargs=2, default=(375, 500))
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument("--survivors", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="encode for all templates")
    parser.add_argument("--lite", action="store_true", help="only the bundled model")
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--only", choices=("reference", "float32", "bfloat16"))
    parser.add_argument("--theta", type=float, default=0.05)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    logging.disable(logging.WARNING)
    if arguments.lite:
        lite(arguments)
        return
    names = list(label_space("coco-object").names[: arguments.queries])
    image = picture(*arguments.size)
    if arguments.only:
        one_side(arguments, names, image)
        return
    pair = pair_of(arguments, None)
    segmenter = ImageSegmenter(pair, names, CONFIG)
    start = time.process_time()
    theta = threshold(segmenter, image, arguments.survivors)  # texts are encoded here, once
    warm = time.process_time() - start
    config = replace(CONFIG, recurrence=RecurrenceConfig(theta))
    segmenter.config = replace(
        segmenter.config,
        recurrence=replace(segmenter.config.recurrence, confidence_threshold=theta),
    )
    ours, history, masks = clocked(segmenter, image)
    measured = 15 if arguments.full else 1
    bank = segmenter.mask_classifier.bank
    theirs, steps, expected = reference_work.segment(
        pair.proposer,
        pair.classifier,
        image,
        names,
        config,
        measured,
        bank,
    )
    how = "in full" if arguments.full else "1 of 15 templates measured, times 15"
    report(ours, theirs, f"{arguments.model} + {arguments.classifier}, float32, {how}")
    print(f"\nQueries alive per step: ours {history}, reference's work {steps}.")
    agreement = iou(expected.numpy(), masks[steps[-1]])
    print(f"IoU of our masks with those of the reference's work: {np.round(agreement, 4)}.")
    print(f"The first picture of a run (all texts encoded, {warm:.1f} CPU s) is not counted.")
    del segmenter, pair
    small = ImageSegmenter(pair_of(arguments, torch.bfloat16), names, config)
    small.segment(image)
    half, history, found = clocked(small, image)
    report(half, theirs, "ours in bfloat16")
    values = iou(masks, found) or [1.0]
    print(f"\nAlive {history}; IoU of bfloat16 masks with float32: {np.round(values, 3)}.")
    if not arguments.no_memory:
        memory(arguments, theta)


if __name__ == "__main__":
    main()
