"""The command, see :mod:`tools.fit_colours`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from car_video.segment.cues.colour_places import FORM, VIEWS, ColourPlaces
from car_video.text.parsing.garments import PLACES, ZONES
from tools.fit_colours import lines
from tools.fit_colours.captions import captions, shown
from tools.fit_colours.fitting import Profiles, pairs, profiles, shares, told_apart
from tools.fit_colours.photos import Person, people

PAIRS = 6000
"""Pairs of people: the standard error of a share of them is 0.6 %."""


def report(fit: Sequence[Person], test: Sequence[Person]) -> None:
    """Print how people with known clothes are told apart, by profiles of other people."""
    some = pairs(test, PAIRS, seed=2)
    of = {view: profiles(fit, view) for view in VIEWS}
    print("| zone | pairs | told apart: " + " | ".join(VIEWS) + " |\n|---|---|---|---|---|")
    for zone in ("all", *ZONES):
        mine = [pair for pair in some if zone in ("all", pair.zone)]
        if mine:
            told = (told_apart(shares(mine, of[view], view)) for view in VIEWS)
            print(f"| {zone} | {len(mine)} | " + " | ".join(f"{x:.3f}" for x in told) + " |")


def places_of(whole: Profiles, cut: Profiles) -> ColourPlaces:
    """Profiles without lines."""
    table = np.ones((len(VIEWS), len(PLACES), len(whole[ZONES[0]])), np.float32)
    for view, of in enumerate((whole, cut)):
        table[view, : len(ZONES)] = [of[zone] for zone in ZONES]
    nothing = torch.zeros(len(PLACES))
    return ColourPlaces(torch.from_numpy(table), nothing, nothing)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.fit_colours", description=__doc__)
    parser.add_argument("--clothes", type=Path, required=True, help="Clothing Co-Parsing")
    parser.add_argument("--captions", type=Path, required=True, help="captioned photos")
    parser.add_argument("--cache", type=Path, required=True, help="masks are kept here")
    parser.add_argument("--people", type=int, default=300, help="captions of people")
    parser.add_argument("--things", type=int, default=600, help="captions of things")
    parser.add_argument("--out", type=Path, help="write the numbers")
    args = parser.parse_args()
    everyone = list(people(args.clothes))
    report(everyone[::2], everyone[1::2])
    whole, cut = profiles(everyone, "whole"), profiles(everyone, "cut")
    chosen = captions(args.captions, args.people, args.things)
    found = list(shown(args.captions, chosen, args.cache))
    print("\n| colour of | photos | told apart | slope | offset |\n|---|---|---|---|---|")
    fitted: dict[str, Any] = {}
    for group, table in lines.tables(found, places_of(whole, cut)).items():
        slope, offset, row = lines.report(table)
        fitted[group] = {"slope": round(slope, 2), "offset": round(offset, 2)}
        print(f"| {group} | {row} |")
    if args.out:
        made = f"tools/fit_colours, {len(everyone)} people and {len(found)} captions"
        rows = {
            view: {zone: np.round(row, 3).tolist() for zone, row in of.items()}
            for view, of in (("whole", whole), ("cut", cut))
        }
        data = {"form": FORM, "made": made, "lines": fitted, "profiles": rows}
        args.out.write_text(json.dumps(data, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
