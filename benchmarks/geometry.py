"""Does the product depend on the scale of the bundled model's embeddings?

    python -m benchmarks.geometry --data ../shared/data [--sequences bear bus] [--step 8]
    python -m benchmarks.geometry --data ../shared/data --step 1 --frames 24    # tracks

Sequences of ``ref-video-dev`` are segmented with ``lite``, and with ``lite`` moved into CLIP's
geometry (``tests/harness/clip_geometry.py``: cosines from 0.15 to 0.35, logit scale 100, one
rotation), each by the dense map and by the route that CLIP models take (Grad-CAM and prompted
pictures). By the last both are calibrated on the first pictures of ``coco-dev``: Grad-CAM's
cosines are of what lies beyond their mean embedding; ``--pictures 0`` leaves that out. Every
sentence on every frame is compared: its mask, and whether and how surely it is said to be
present.

Lengths of the common vector are measured on the first frame of the first sequence.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import torch
from car_video.eval.calibrate import centre, embeddings, read_regions, usable
from numpy.typing import NDArray

from benchmarks.generalisation.plan import with_overrides
from benchmarks.generalisation.sequences import KINDS, VideoSequence, load_sequences
from benchmarks.generalisation.sharing import SharedFrames
from benchmarks.generalisation.video import SequenceResult, run_sequence
from car_video import Config, FramePrediction, ImageSegmenter, load_preset
from car_video.config.calibration import Calibration
from car_video.errors import CarVideoError
from car_video.models.lite.model import LiteModel, load_lite
from car_video.models.pair import ModelPair, as_pair
from car_video.models.sam.registry import load_mask_model
from car_video.segment.resizing import to_cells, to_pixels
from tests.harness.clip_geometry import ClipGeometry, usual_length

SEQUENCES = ("bear", "bus", "hockey", "stroller", "swing", "train")
"""Thing, vehicle, person, two things apart, child, and one that is far away."""
SIDE = 512
PICTURES = 24
"""That the mean embedding is taken of."""

ROUTES: Mapping[str, Callable[[LiteModel, float], object]] = {
    "plain": lambda lite, _: lite,
    "moved": lambda lite, length: ClipGeometry(lite, length),
    "plain, CLIP route": lambda lite, length: ClipGeometry(lite, length, False, moved=False),
    "moved, CLIP route": lambda lite, length: ClipGeometry(lite, length, False),
}
COMPARED = (("plain", "moved"), ("plain, CLIP route", "moved, CLIP route"))


@dataclass(frozen=True)
class Summary:
    """Of one sequence by one route.

    Attributes:
        jf: of every sentence whose object is there.
        present: bool [n], of every sentence on every frame.
        scores: float32 [n], of presence.
        masks: n of them, in bits.
        seconds: that the sequence took.
    """

    jf: tuple[float, ...]
    present: NDArray[np.bool_]
    scores: NDArray[np.float32]
    masks: tuple[NDArray[np.uint8], ...]
    seconds: float

    @classmethod
    def of(cls, result: SequenceResult, seen: Sequence[FramePrediction]) -> Summary:
        """The numbers of one sequence."""
        return cls(
            tuple(one.jf for one in result.answers),
            np.concatenate([one.present for one in seen]),
            np.concatenate([one.scores for one in seen]),
            tuple(np.packbits(mask) for one in seen for mask in one.masks),
            result.seconds,
        )


def difference(first: Sequence[Summary], second: Sequence[Summary]) -> str:
    """A row: J&F of both, how alike their masks are, how often and how far presence differs."""
    before, after = (np.concatenate([s.jf for s in some]) for some in (first, second))
    said, now = (np.concatenate([s.present for s in some]) for some in (first, second))
    scores, moved = (np.concatenate([s.scores for s in some]) for some in (first, second))
    apart = np.abs(scores - moved)
    alike = overlaps(*([mask for s in some for mask in s.masks] for some in (first, second)))
    return (
        f"{before.mean():.3f} | {after.mean():.3f} | {np.abs(before - after).max():.3f} | "
        f"{alike.mean():.3f} | {said.mean():.3f} | {now.mean():.3f} | "
        f"{(said != now).sum()} of {len(said)} | {apart.mean():.3f} | {apart.max():.3f}"
    )


def overlaps(
    first: Sequence[NDArray[np.uint8]], second: Sequence[NDArray[np.uint8]]
) -> NDArray[np.float64]:
    """IoU of masks in bits, pair by pair; 1 where both are empty."""
    found = []
    for a, b in zip(first, second, strict=True):
        union = int(np.bitwise_count(a | b).sum())
        found.append(int(np.bitwise_count(a & b).sum()) / union if union else 1.0)
    return np.array(found)


def table(found: Mapping[str, Sequence[Summary]]) -> str:
    """Markdown: a row per route, plain against moved."""
    head = (
        "| route | J&F plain | moved | largest difference | masks, mean IoU | "
        "said present, plain | moved | answers that differ | score, mean difference | largest |"
        "\n" + "|---" * 10 + "|"
    )
    rows = [
        f"| {'dense map' if second == 'moved' else 'CLIP route'} | "
        f"{difference(found[first], found[second])} |"
        for first, second in COMPARED
        if found.get(first) and found.get(second)
    ]
    return "\n".join([head, *rows])


def calibrated(model: ModelPair, config: Config, data: Path, pictures: int) -> Config:
    """The configuration, with a calibration of the model that has nothing but its centre."""
    if model.proposer.dense_matches_text or not pictures:
        return config
    bare = replace(config.segment, refine="none", calibration="none")
    segmenter = ImageSegmenter(model, ["a thing"], bare)
    coco = read_regions(data / "coco-dev")
    images = usable(coco, pictures)
    middle = centre(embeddings(images, data / "coco-dev", segmenter.picture_embedding))
    today = date.today().isoformat()
    made = Calibration(model.name, made=today, data="coco-dev", log_loss=0, centre=middle)
    file = Path(mkdtemp()) / "calibration.json"
    made.save(file)
    return replace(config, segment=replace(config.segment, calibration=str(file)))


def measure(
    data: Path,
    pictures: int,
    sequences: Sequence[VideoSequence],
    routes: Sequence[str],
    kinds: Sequence[str],
    preset: str,
    overrides: Sequence[str],
) -> dict[str, list[Summary]]:
    """All sequences by all routes; a line is printed for each."""
    cpu = torch.device("cpu")
    lite = load_lite(cpu, torch.float32)
    plain = with_overrides(load_preset(preset), overrides)
    sam = load_mask_model(plain.segment.sam.model, cpu)
    first = next(iter(sequences[0].frames())).image
    cells = to_cells(to_pixels(first, cpu, max(first.shape)), SIDE, lite.stride)
    length = usual_length(lite.encode_image(cells))
    found: dict[str, list[Summary]] = {route: [] for route in routes}
    for sequence in sequences:
        for route in routes:
            model = as_pair(ROUTES[route](lite, length))  # type: ignore[arg-type]
            config = calibrated(model, plain, data, pictures)
            shared = SharedFrames(model, sam, config.segment.sam.model)
            seen: list[FramePrediction] = []
            result = run_sequence(sequence, kinds, shared, config, seen.append)
            if route == "plain":  # the sharing is undone: the next route wraps the same lite
                del lite.encode_image, lite.encode_text
            one = Summary.of(result, seen)
            found[route].append(one)
            numbers = " ".join(f"{value:.3f}" for value in (*one.jf, one.scores.mean()))
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
    parser.add_argument("--frames", type=int, help="of each, at most; by default all")
    parser.add_argument("--pictures", type=int, default=PICTURES, help="see above")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["attribute"])
    parser.add_argument("--routes", nargs="+", choices=ROUTES, default=list(ROUTES))
    parser.add_argument("--preset", default="default")
    parser.add_argument("--set", nargs="+", default=(), metavar="KEY=VALUE")
    options = parser.parse_args()
    try:
        known = {one.name: one for one in load_sequences(options.data, options.step)}
        if unknown := sorted(set(options.sequences) - set(known)):
            parser.error(f"no sequence '{unknown[0]}' in ref-video-dev")
        wanted = [replace(known[name], most=options.frames) for name in options.sequences]
        found = measure(
            options.data,
            options.pictures,
            wanted,
            options.routes,
            options.kinds,
            options.preset,
            options.set,
        )
        print(table(found))
    except (CarVideoError, FileNotFoundError) as error:
        parser.exit(2, f"error: {error}\n")


if __name__ == "__main__":
    main()
