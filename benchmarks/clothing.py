"""Two people side by side, one of them named by a coloured garment: who gets the mask?

    python -m benchmarks.clothing --photos CCP [--pairs 60] [--weights 0 0.5 1]

``CCP`` is a checkout of *Clothing Co-Parsing* (github.com/bearpaw/clothing-co-parsing). Every
second person tells where garments are, as in ``tools/fit_colours``; pairs are drawn among the
others, put side by side, and asked for as "the woman in a red coat". What a colour says is as
it ships, for no photo of the dataset has a part in it. For each value of
``segment.expression.colour_weight`` is printed the mean IoU with the one who is meant and with
the other, and how often either has a mask of IoU above one half. In the row *anywhere* the
colour of a garment counts wherever it is on a person.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.io import loadmat

from car_video import ImageSegmenter, load_model, load_preset
from car_video.segment.cues import colour_places
from car_video.text.parsing.colours import TERMS
from tools.fit_colours.__main__ import places_of
from tools.fit_colours.fitting import Pair, pairs, profiles
from tools.fit_colours.photos import HEIGHT, Person, people

SPOKEN = {
    "upper": "a {} top", "coat": "a {} coat", "dress": "a {} dress", "skirt": "a {} skirt",
    "shorts": "{} shorts", "trousers": "{} trousers", "shoes": "{} shoes", "hat": "a {} hat",
    "scarf": "a {} scarf",
}  # fmt: skip
"""How a garment is asked for; hair and "in red" are left out."""


def pictured(folder: Path, one: Person) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The photo of a person, uint8 [HEIGHT, w, 3], and their mask."""
    numbers = loadmat(folder / "annotations/pixel-level" / f"{one.name}.mat")["groundtruth"]
    size = (round(numbers.shape[1] * HEIGHT / numbers.shape[0]), HEIGHT)
    photo = Image.open(folder / "photos" / f"{one.name}.jpg").convert("RGB").resize(size)
    mask = Image.fromarray(numbers).resize(size, Image.Resampling.NEAREST)
    return np.asarray(photo), np.asarray(mask) > 0


def scenes(
    folder: Path, some: Sequence[Pair]
) -> Iterator[tuple[str, NDArray[np.uint8], NDArray[np.bool_]]]:
    """Expression, picture and masks [2, h, w]: of the one who is meant, and of the other."""
    for number, pair in enumerate(some):
        if pair.zone in SPOKEN:
            shown = [pictured(folder, one) for one in (pair.wearer, pair.other)]
            order = shown[:: -1 if number % 2 else 1]
            picture = np.concatenate([photo for photo, _ in order], 1)
            first = order[0][1].shape[1]
            masks = np.zeros((2, *picture.shape[:2]), bool)
            masks[0, :, :first], masks[1, :, first:] = order[0][1], order[1][1]
            worn = SPOKEN[pair.zone].format(TERMS[pair.term])
            yield f"the woman in {worn}", picture, masks[:: -1 if number % 2 else 1]


def iou(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Of two masks; 0 where both are empty."""
    return float((mask & truth).sum() / max(1, (mask | truth).sum()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clothing", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="Clothing Co-Parsing")
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 0.5, 1.0])
    args = parser.parse_args()
    everyone = list(people(args.photos))
    fit = (profiles(everyone[::2], view) for view in ("whole", "cut"))
    lines = colour_places.shipped_colour_places()
    known = dataclasses.replace(lines, profiles=places_of(*fit).profiles)
    config = load_preset().segment
    anywhere = dataclasses.replace(known, profiles=torch.ones_like(known.profiles))
    model, rows = load_model("lite"), {}
    for weight in args.weights:
        expression = dataclasses.replace(config.expression, colour_weight=weight)
        own = dataclasses.replace(config, assume_present=True, expression=expression)
        rows[f"{weight:g}"] = ImageSegmenter(model, ["a woman"], own), known
        if weight == config.expression.colour_weight:
            rows[f"{weight:g}, anywhere"] = rows[f"{weight:g}"][0], anywhere
    found: dict[str, list[list[float]]] = {name: [] for name in rows}
    drawn = scenes(args.photos, pairs(everyone[1::2], 4 * args.pairs, seed=2))
    for text, picture, masks in islice(drawn, args.pairs):
        for name, (segmenter, places) in rows.items():
            segmenter.set_expressions([text])
            with patch.object(colour_places, "shipped_colour_places", lambda _, it=places: it):
                mask = segmenter.segment(picture).masks[0]
            found[name].append([iou(mask, truth) for truth in masks])
    print("| colour_weight | IoU, meant | other | mask on the meant | on the other |")
    print("|---|---|---|---|---|")
    for name, overlaps in found.items():
        table = np.array(overlaps)
        means, taken = table.mean(0), (table > 0.5).mean(0)
        cells = " | ".join(f"{value:.3f}" for value in (*means, *taken))
        print(f"| {name} | {cells} |")


if __name__ == "__main__":
    main()
