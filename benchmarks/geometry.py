"""Does the product depend on the scale of the bundled model's embeddings?

    python -m benchmarks.geometry --data ../shared/data [--sequences bear bus] [--step 8]

Sequences of ``ref-video-dev`` are segmented with ``lite``, and with ``lite`` moved into CLIP's
geometry (``tests/harness/clip_geometry.py``: cosines from 0.15 to 0.35, logit scale 100, one
rotation), each by the dense map and by the route that CLIP models take (Grad-CAM and prompted
pictures). The moved model has no calibration, as most CLIP models.

Lengths of the common vector are measured on the first frame of the first sequence.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.generalisation.plan import with_overrides
from benchmarks.generalisation.sequences import KINDS, VideoSequence, load_sequences
from benchmarks.generalisation.sharing import SharedFrames
from benchmarks.generalisation.video import SequenceResult, run_sequence
from car_video import load_preset
from car_video.errors import CarVideoError
from car_video.models.lite.model import LiteModel, load_lite
from car_video.models.pair import as_pair
from car_video.models.sam.registry import load_mask_model
from car_video.segment.resizing import to_cells, to_pixels
from tests.harness.clip_geometry import ClipGeometry, usual_length

SEQUENCES = ("bear", "bus", "hockey", "stroller", "swing", "train")
"""Thing, vehicle, person, two things apart, child, and one that is far away."""
SIDE = 512

ROUTES: Mapping[str, Callable[[LiteModel, float], object]] = {
    "plain": lambda lite, _: lite,
    "moved": lambda lite, length: ClipGeometry(lite, length),
    "plain, CLIP route": lambda lite, length: ClipGeometry(lite, length, False, moved=False),
    "moved, CLIP route": lambda lite, length: ClipGeometry(lite, length, False),
}
COMPARED = (("plain", "moved"), ("plain, CLIP route", "moved, CLIP route"))


@dataclass(frozen=True)
class Summary:
    """Of one route.

    Attributes:
        jf: of every sentence whose object is there.
        present: bool of the same sentences, and of the absent ones after them.
        scores: the highest of each of those.
        seconds: that the sequence took.
    """

    jf: tuple[float, ...]
    present: tuple[bool, ...]
    scores: tuple[float, ...]
    seconds: float

    @classmethod
    def of(cls, result: SequenceResult) -> Summary:
        """The numbers of one sequence."""
        asked = (*result.answers, *result.absent.values())
        return cls(
            tuple(one.jf for one in result.answers),
            tuple(one.present for one in asked),
            tuple(one.score for one in asked),
            result.seconds,
        )


def difference(first: Sequence[Summary], second: Sequence[Summary]) -> str:
    """A row: J&F of both, and how often and how far presence differs."""
    before, after = (np.concatenate([s.jf for s in some]) for some in (first, second))
    said, now = (np.concatenate([s.present for s in some]) for some in (first, second))
    scores, moved = (np.concatenate([s.scores for s in some]) for some in (first, second))
    apart = np.abs(scores - moved)
    return (
        f"{before.mean():.3f} | {after.mean():.3f} | {np.abs(before - after).max():.3f} | "
        f"{said.mean():.3f} | {now.mean():.3f} | {(said != now).sum()} of {len(said)} | "
        f"{apart.mean():.3f} | {apart.max():.3f}"
    )


def table(found: Mapping[str, Sequence[Summary]]) -> str:
    """Markdown: a row per route, plain against moved."""
    head = (
        "| route | J&F plain | moved | largest difference | said present, plain | moved | "
        "answers that differ | score, mean difference | largest |\n" + "|---" * 9 + "|"
    )
    rows = [
        f"| {'dense map' if second == 'moved' else 'CLIP route'} | "
        f"{difference(found[first], found[second])} |"
        for first, second in COMPARED
        if found.get(first) and found.get(second)
    ]
    return "\n".join([head, *rows])


def measure(
    sequences: Sequence[VideoSequence],
    routes: Sequence[str],
    kinds: Sequence[str],
    preset: str,
    overrides: Sequence[str],
) -> dict[str, list[Summary]]:
    """All sequences by all routes; a line is printed for each."""
    cpu = torch.device("cpu")
    lite = load_lite(cpu, torch.float32)
    config = with_overrides(load_preset(preset), overrides)
    sam = load_mask_model(config.segment.sam.model, cpu)
    first = next(iter(sequences[0].frames())).image
    cells = to_cells(to_pixels(first, cpu, max(first.shape)), SIDE, lite.stride)
    length = usual_length(lite.encode_image(cells))
    found: dict[str, list[Summary]] = {route: [] for route in routes}
    for sequence in sequences:
        for route in routes:
            model = as_pair(ROUTES[route](lite, length))  # type: ignore[arg-type]
            shared = SharedFrames(model, sam, config.segment.sam.model)
            result = run_sequence(sequence, kinds, shared, config)
            if route == "plain":  # the sharing is undone: the next route wraps the same lite
                del lite.encode_image, lite.encode_text
            one = Summary.of(result)
            found[route].append(one)
            numbers = " ".join(f"{value:.3f}" for value in (*one.jf, *one.scores))
            print(f"{sequence.name}, {route}: {numbers} ({one.seconds:.0f} s)", flush=True)
    return found


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sequences", nargs="+", default=list(SEQUENCES))
    parser.add_argument("--step", type=int, default=8, help="every so many frames")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["attribute"])
    parser.add_argument("--routes", nargs="+", choices=ROUTES, default=list(ROUTES))
    parser.add_argument("--preset", default="default")
    parser.add_argument("--set", nargs="+", default=(), metavar="KEY=VALUE")
    options = parser.parse_args()
    try:
        known = {one.name: one for one in load_sequences(options.data, options.step)}
        if unknown := sorted(set(options.sequences) - set(known)):
            parser.error(f"no sequence '{unknown[0]}' in ref-video-dev")
        wanted = [known[name] for name in options.sequences]
        print(
            table(measure(wanted, options.routes, options.kinds, options.preset, options.set))
        )
    except (CarVideoError, FileNotFoundError) as error:
        parser.exit(2, f"error: {error}\n")


if __name__ == "__main__":
    main()
