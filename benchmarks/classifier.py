"""Which visual prompt tells a mask classifier best what a mask shows, measured on true masks.

Run from the repository's root on a folder for ``coco-object`` (docs/benchmarks.md):

    python -m benchmarks.classifier --data ../shared/data/coco-dev [--limit 100]

Each class of each picture is one mask (its true pixels; masks below ``--least`` pixels are left
out) to be named among the 80 of the label space. The table has the share that is named right.
mIoU of whole pictures (``benchmarks.ablation``) mixes this with the quality of proposals and
with all the names that are not there; here the classifier stands alone.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from car_video.eval.benchmarks import Options, make_benchmark
from car_video.eval.data.images import read_rgb

from car_video import load_model
from car_video.config import POOLED, ClassifierConfig, ProposalConfig
from car_video.config.segment import PROMPTS
from car_video.errors import CarVideoError
from car_video.models.pair import ModelPair
from car_video.segment.classification.classifier import MaskClassifier, MaskEmbeddings
from car_video.segment.resizing import to_cells

SHOWN: dict[str, tuple[str, ...]] = {
    "no prompt": (),
    **{prompt: (prompt,) for prompt in PROMPTS},
    "circle + blur": ("circle", "blur"),
    "crop + gray": ("crop", "gray"),
}
"""What is done to the picture."""

TEXTS = {
    "plain": ClassifierConfig(templates="plain"),
    "CaR's 15": ClassifierConfig(templates="car"),
    "ViLD's 14": ClassifierConfig(templates="vild"),
    "origami": ClassifierConfig(templates="origami"),
    "CaR's 15, double softmax": ClassifierConfig(templates="car", scoring="double-softmax"),
}
"""What is done to the names: columns of the table."""


class Tally:
    """Named right, per way to show a mask and per way to word the names."""

    def __init__(self, model: ModelPair, names: tuple[str, ...]) -> None:
        self.names = names
        self.right: dict[str, dict[str, list[bool]]] = {}
        self.scorers = {
            text: MaskClassifier(model.classifier, config) for text, config in TEXTS.items()
        }

    def add(self, shown: str, masks: MaskEmbeddings, truth: torch.Tensor, beta: float) -> None:
        """Masks of one picture, shown in one way."""
        for text, scorer in self.scorers.items():
            scorer.config = replace(scorer.config, pooled_weight=beta)
            named = scorer.probabilities(masks, self.names).argmax(-1).cpu()
            row = self.right.setdefault(shown, {})
            row.setdefault(text, []).extend((named == truth).tolist())


def classify(options: argparse.Namespace) -> None:
    """All masks in all ways."""
    benchmark = make_benchmark("coco-object", options.data, Options())
    model, size = load_model(options.model), ProposalConfig().size
    tally = Tally(model, benchmark.space.names)
    pooling = MaskClassifier(model.classifier, POOLED)
    seconds: dict[str, float] = {}
    for item in benchmark.items()[: options.limit]:
        labels = item.payload.truth()
        classes, counts = np.unique(labels, return_counts=True)
        known = classes[(counts >= options.least) & (classes > 0) & (classes < 255)]
        if not len(known):
            continue
        masks = torch.from_numpy(labels[None] == known[:, None, None])
        truth = torch.from_numpy(known.astype(np.int64)) - 1
        pixels = torch.from_numpy(read_rgb(item.payload.image)).permute(2, 0, 1).float() / 255
        cells = to_cells(pixels[None], size, model.classifier.stride)
        pooled = pooling.embed(pixels, masks, model.classifier.encode_image(cells))
        tally.add("pooled", replace(pooled, prompted=None), truth, 1.0)
        for shown, prompts in SHOWN.items():
            began = time.process_time()
            scorer = MaskClassifier(model.classifier, ClassifierConfig(prompts=prompts))
            seen = scorer.embed(pixels, masks)
            seconds[shown] = seconds.get(shown, 0.0) + time.process_time() - began
            tally.add(shown, seen, truth, 0.0)
            if shown in ("crop", "circle + blur"):
                both = replace(seen, pooled=pooled.pooled)
                tally.add(f"{shown} and pooled, 0.5", both, truth, 0.5)
    report(tally, seconds)


def report(tally: Tally, seconds: dict[str, float]) -> None:
    """The table in Markdown."""
    count = len(next(iter(tally.right["pooled"].values())))
    print(f"{count} masks, {len(tally.names)} names\n")
    print(f"| shown | {' | '.join(TEXTS)} | CPU s per mask |")
    print("|---" * (len(TEXTS) + 2) + "|")
    for shown, row in tally.right.items():
        cells = [f"{np.mean(row[text]):.3f}" for text in TEXTS]
        spent = f"{seconds[shown] / count:.3f}" if shown in seconds else ""
        print(f"| {shown} | {' | '.join(cells)} | {spent} |")


def main() -> None:
    """Classify and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/coco-dev"))
    parser.add_argument("--model", default="lite")
    parser.add_argument("--limit", type=int, help="pictures at most")
    parser.add_argument("--least", type=int, default=4096, help="pixels of a mask")
    try:
        with torch.inference_mode():
            classify(parser.parse_args())
    except CarVideoError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
