"""Command line of the build."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from car_video.errors import CarVideoError
from car_video.models import pick_device
from tools.build_lite.build import Build
from tools.build_lite.recipe import STAGES, Recipe


def main(arguments: list[str] | None = None) -> int:
    """Run the build; returns the exit code."""
    parser = argparse.ArgumentParser("python -m tools.build_lite", description="Build lite.")
    parser.add_argument(
        "--flickr", type=Path, required=True, help="folder with images/*.jpg and captions.tsv"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for all between")
    parser.add_argument("--out", type=Path, default=Path("car_video/weights"))
    parser.add_argument("--stage", choices=STAGES, help="this stage only, even if done before")
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda (default cpu)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change the recipe"
    )
    options = parser.parse_args(arguments)
    try:
        recipe = Recipe().changed(options.set)
        device = pick_device(options.device)
        build = Build(options.flickr, options.work, options.out, recipe, device, _say)
        build.run(options.stage)
    except CarVideoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
