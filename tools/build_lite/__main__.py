"""Command line of the build."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from car_video.errors import CarVideoError, ConfigError
from car_video.models import pick_device
from tools.build_lite.build import Build
from tools.build_lite.recipe import STAGES, Recipe


def main(arguments: list[str] | None = None) -> int:
    """Run the build; returns the exit code."""
    parser = argparse.ArgumentParser("python -m tools.build_lite", description="Build lite.")
    parser.add_argument(
        "--photos",
        type=Path,
        action="append",
        required=True,
        help="folder with images/*.jpg, captions.tsv and perhaps labels.tsv; may be repeated",
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for all between")
    parser.add_argument("--out", type=Path, default=Path("car_video/weights"))
    parser.add_argument("--stage", choices=STAGES, help="this stage only, even if done before")
    parser.add_argument(
        "--share", default="0/1", help="K/N: this process makes the features of share K of N"
    )
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda (default cpu)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change the recipe"
    )
    options = parser.parse_args(arguments)
    try:
        recipe = Recipe().changed(options.set)
        device = pick_device(options.device)
        build = Build(
            tuple(options.photos),
            options.work,
            options.out,
            recipe,
            device,
            _say,
            _share(options.share),
        )
        build.run(options.stage)
    except CarVideoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _share(text: str) -> tuple[int, int]:
    """(K, N) of ``K/N``. Raises ConfigError."""
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and int(number) < int(count)):
        raise ConfigError(f"--share: want K/N with K below N, got '{text}'")
    return int(number), int(count)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
