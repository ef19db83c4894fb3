"""The whole algorithm, ours against the slow and obvious one (tests/naive), at full size.

Run from the repository's root:

    python -m benchmarks.parity                                   # five pairs, two sizes
    python -m benchmarks.parity --pairs vit --sizes 375x500 --queries 80 --compat reference

True architectures with random weights, ``lite`` with its own; a random picture; texts that are
all different; a confidence threshold between the scores of the first step, so that the
recurrence has to drop queries. ``none`` is the correct method, ``reference`` is CaR's released
code. ViT-B/16 and RN50 run in float64: with random weights their gradients blow rounding up a
thousand times, in both ways alike.

Prints, for each picture: queries alive at each step and whether both ways have the same, the
largest difference of maps and of scores over all steps relative to the largest value, pixels of
the masks that differ, how many of them are not within 1e-5 of the mask threshold (rounding
decides those), and CPU seconds of the slow way. Exit code 1 if any row breaks a bar: same
survivors, 1e-4, no disputed pixel.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import torch

from car_video.config import SegmentConfig
from car_video.models.lite.model import load_lite
from car_video.models.pair import ModelPair
from tests.models.text_cache import encoding_texts_once
from tests.naive.networks import Tower
from tests.segment.agreement import PLAIN, REFERENCE, Parity, made, parity, picture, settled

NOUNS = "dog car person boat tree cup horse lamp bird chair".split()
COLOURS = "red green blue white black yellow brown grey".split()
TEXTS = [f"{colour} {noun}" for colour in COLOURS for noun in NOUNS]


def of_the_paper() -> ModelPair:
    return ModelPair("vit", made("ViT-B-16", torch.float64), made("ViT-L-14"))


def one(name: str, dtype: torch.dtype) -> ModelPair:
    model = made(name, dtype)
    return ModelPair(name, model, model)


def lite() -> ModelPair:
    model = encoding_texts_once(load_lite(torch.device("cpu"), torch.float32))
    return ModelPair("lite", model, model)


PAIRS: dict[str, Callable[[], ModelPair]] = {
    "vit": of_the_paper,
    "rn50": lambda: one("RN50", torch.float64),
    "convnext": lambda: one("convnext_base", torch.float32),
    "lite": lite,
    "lite-cells": lite,
}


def configuration(pair: str, compat: str, size: int, templates: str) -> SegmentConfig:
    """CaR with circle and blur; ``lite-cells`` is lite's own way, without prompted pictures."""
    config = PLAIN if compat == "none" else REFERENCE
    proposal = replace(config.proposal, size=size)
    if pair == "lite-cells":
        cells = replace(proposal, source="cells", affinity_temperature=0.13)
        return replace(config, proposal=cells, classifier=None)
    assert config.classifier is not None
    classifier = replace(config.classifier, templates=templates)
    return replace(config, proposal=proposal, classifier=classifier)


def row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def line(name: str, size: str, compat: str, found: Parity, seconds: float) -> str:
    alive = ", ".join(str(count) for count in found.survivors)
    return row(
        [
            name,
            size,
            compat,
            alive if found.same_survivors else f"{alive} (NOT the same)",
            f"{found.maps:.1e}",
            f"{found.scores:.1e}",
            f"{found.differing} of {found.pixels}",
            str(found.disputed),
            f"{found.masks:.2f}",
            f"{seconds:.0f}",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", nargs="+", default=list(PAIRS), choices=list(PAIRS))
    parser.add_argument("--sizes", nargs="+", default=["375x500", "480x854"])
    parser.add_argument("--compat", nargs="+", default=["none", "reference"])
    parser.add_argument("--mode", default="semantic", choices=["semantic", "refer"])
    parser.add_argument("--queries", nargs="+", type=int, default=[2, 12])
    parser.add_argument("--size", type=int, default=512, help="proposal.size of the method")
    parser.add_argument("--templates", default="a photo of a {}.")
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    titles = ["pair", "picture", "compat", "alive", "maps", "scores", "differ", "disputed"]
    print(row([*titles, "covered", "CPU s, naive"]))
    print(row(["---"] * (len(titles) + 2)))
    broken = False
    for name in arguments.pairs:
        pair = PAIRS[name]()
        towers = Tower.of(pair.proposer), Tower.of(pair.classifier)
        for size in arguments.sizes:
            image = picture(*(int(side) for side in size.split("x")))
            for compat in arguments.compat:
                if (name, compat) == ("lite-cells", "reference"):
                    continue  # the reference has no such proposals
                for count in arguments.queries:
                    texts = TEXTS[:count]
                    config = configuration(name, compat, arguments.size, arguments.templates)
                    config = replace(config, mode=arguments.mode)
                    config = settled(pair, image, texts, config)
                    start = time.process_time()
                    found = parity(pair, image, texts, config, towers)
                    seconds = time.process_time() - start
                    print(line(name, size, compat, found, seconds), flush=True)
                    broken |= not found.holds
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
