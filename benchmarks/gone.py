"""Things that are suddenly gone or covered: how long they are still reported as present.

    python -m benchmarks.gone --data ../shared/data [--sequences hike tennis ...]
        [--ways painted box stays] [--preset default] [--mode offline] [--out gone.json]

Three seconds of sequences of ``ref-video-dev`` at 12 frames/s (played backwards where they end
sooner). From 1.25 s on the thing that the sentence names is

``painted``  replaced by what is beside it in the picture, until 2.25 s
``box``      under a plain box that goes along with it, until 2.25 s
``stays``    painted out, with a box at its last place that stays until the end

Prints, of each clip and as means: the part of the frames without the thing that are reported as
present (gone), seconds until the first that is not (delay), of the frames before the part that
is reported as present and J (there, J), and the same of the frames after its return (again,
J again). A hard cut to a painted frame is not what a camera sees; nor is a box that is put into
the picture. What is meant is a thing that something suddenly hides, and people who try that.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from car_video.eval.metrics import region_similarity
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.generalisation.sequences import VideoSequence, load_sequences
from car_video import Frame, FramePrediction, VideoSegmenter, load_model, load_preset
from car_video.models.sam.registry import load_mask_model
from car_video.video.stream import StreamSegmenter

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]

STEP, RATE, FRAMES = 2, 12.0, 36
GONE, BACK = 15, 27  # first frame without the thing, and first with it again
WAYS = ("painted", "box", "stays")
BLACK, GREY = 0, 100
BORDER = 10  # pixels around a thing that are painted over as well, with its blur
SOFT = 3.0  # pixels over which what is painted goes over into the picture
PIXELS = 4  # by which a box is larger than its thing on each side
MARGIN = 0.12  # the same of a box that stays, in extents of the thing

CLIPS = {
    "bear": ("attribute", BLACK),
    "dog-agility": ("noun", BLACK),
    "lucia": ("attribute", GREY),
    "soccerball": ("noun", BLACK),
    "bus": ("attribute", BLACK),
    "mallard-water": ("noun", GREY),
    "swing": ("attribute", BLACK),
    "hike": ("noun", BLACK),
    "car-turn": ("attribute", GREY),
    "rollerblade": ("noun", BLACK),
    "tennis": ("attribute", BLACK),
    "elephant": ("noun", GREY),
    "flamingo": ("attribute", BLACK),
    "stroller": ("noun", BLACK),
    "hockey": ("attribute", GREY),
    "boat": ("noun", BLACK),
    "rhino": ("attribute", BLACK),
    "breakdance-flare": ("noun", GREY),
    "dance-jump": ("attribute", BLACK),
}
"""Kind of the sentence (of the first object), and the grey of the boxes."""


@dataclass(frozen=True)
class Row:
    """What is printed of a clip; not a number where there is nothing to measure."""

    gone: float
    delay: float
    there: float
    j: float
    again: float
    j_again: float


def extent(mask: Mask, margin: float) -> Box:
    """First row, row after the last, first column, column after the last, within the frame."""
    found: list[int] = []
    for values in np.nonzero(mask):
        more = int(margin * (values.max() - values.min())) + PIXELS
        found += [int(values.min()) - more, int(values.max()) + more + 1]
    top, bottom, left, right = found
    return max(0, top), min(mask.shape[0], bottom), max(0, left), min(mask.shape[1], right)


def boxed(image: Image, box: Box, grey: int) -> Image:
    """A copy with a box of one grey."""
    made = image.copy()
    made[box[0] : box[1], box[2] : box[3]] = grey
    return made


def painted_out(image: Image, mask: Mask) -> Image:
    """A copy with what is beside the thing in its place: of left and right what fits better at
    its border; where there is no room for either, the nearest pixels, blurred."""
    wide = ndimage.binary_dilation(mask, iterations=BORDER)
    _, _, left, right = extent(wide, 0.0)
    shift, border = right - left, wide & ~mask
    beside = [
        np.roll(image, by, 1)
        for by, room in ((shift, left >= shift), (-shift, right + shift <= mask.shape[1]))
        if room
    ]
    if beside:
        off = [np.abs(other[border].astype(int) - image[border]).mean() for other in beside]
        other = beside[int(np.argmin(off))]
    else:
        near = ndimage.distance_transform_edt(wide, return_distances=False, return_indices=True)
        other = ndimage.gaussian_filter(image[tuple(near)], (2 * SOFT, 2 * SOFT, 0))
    soft = ndimage.gaussian_filter(wide.astype(np.float32), SOFT)
    inner = ndimage.binary_erosion(wide, iterations=int(SOFT))
    part = np.maximum(soft, inner)[..., None]
    return np.asarray(image * (1 - part) + other * part).astype(np.uint8)


def changed(
    frames: Sequence[Image], masks: Sequence[Mask], way: str, grey: int
) -> Iterator[tuple[Image, Mask]]:
    """Frames uint8 [H, W, 3] of a clip and what is to be seen of the thing, bool [H, W]."""
    last = extent(masks[GONE], MARGIN)
    for number, (image, mask) in enumerate(zip(frames, masks, strict=True)):
        if number < GONE or (way != "stays" and number >= BACK) or not mask.any():
            yield image, mask
            continue
        if way == "box":
            image = boxed(image, extent(mask, 0.0), grey)
        else:
            image = painted_out(image, mask)
            image = boxed(image, last, grey) if way == "stays" else image
        yield image, np.zeros_like(mask)


def there_and_back(values: Sequence[NDArray], count: int) -> list[NDArray]:
    """So many values: forward, backward where they end, and so on."""
    round_trip = [*values, *values[-2:0:-1]]
    return [round_trip[number % len(round_trip)] for number in range(count)]


def row(present: Sequence[bool], j: Sequence[float], seen: Sequence[bool]) -> Row:
    """The numbers of a clip from those of its frames; ``seen``: whether the thing is there."""

    def mean(values: Sequence[float | bool], frames: Sequence[int]) -> float:
        return float(np.mean([values[n] for n in frames])) if frames else float("nan")

    numbers = range(len(seen))
    before = [n for n in numbers[:GONE] if seen[n]]
    gone = [n for n in numbers[GONE:] if not seen[n]]
    after = [n for n in numbers[BACK:] if seen[n]]
    noticed = next((k for k, n in enumerate(gone) if not present[n]), len(gone))
    return Row(
        mean(present, gone),
        noticed / RATE if gone else float("nan"),
        mean(present, before),
        mean(j, before),
        mean(present, after),
        mean(j, after),
    )


def measured(segmenter: VideoSegmenter, clip: Iterator[tuple[Image, Mask]]) -> Row:
    """One clip with one expression."""
    present, j, truth = [], [], []
    stream = StreamSegmenter(segmenter)

    def take(answers: Iterator[tuple[Frame, FramePrediction]]) -> None:
        for frame, found in answers:
            present.append(bool(found.present[0]))
            j.append(region_similarity(found.masks[0], truth[frame.index]))

    for number, (image, mask) in enumerate(clip):
        truth.append(mask)
        take(stream.push(Frame(number, number / RATE, image)))
    take(stream.finish())
    return row(present, j, [bool(mask.any()) for mask in truth])


def line(name: str, values: Sequence[float]) -> str:
    """One line of the table."""
    cells = ("-" if np.isnan(value) else f"{value:.2f}" for value in values)
    return f"| {name} | {' | '.join(cells)} |"


def main(argv: Sequence[str] | None = None) -> None:
    """Change, predict, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sequences", nargs="+", choices=list(CLIPS), default=list(CLIPS))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--preset", default="default")
    parser.add_argument("--mode", choices=("online", "offline"), default="online")
    parser.add_argument("--out", type=Path, help="JSON file for the numbers of every clip")
    options = parser.parse_args(argv)
    config = load_preset(options.preset)
    config = replace(config, video=replace(config.video, mode=options.mode))
    model = load_model(config.model)
    sam = load_mask_model(config.segment.sam.model, model.device)
    found: dict[str, VideoSequence] = {s.name: s for s in load_sequences(options.data, STEP)}
    rows: dict[tuple[str, str], Row] = {}
    print(
        "| clip | gone | delay | there | J | again | J again |\n|---|---|---|---|---|---|---|"
    )
    for name in options.sequences:
        sequence, (kind, grey) = found[name], CLIPS[name]
        target = sequence.targets[0]
        frames = there_and_back([frame.image for frame in sequence.frames()], FRAMES)
        masks = there_and_back(list(sequence.masks == target.number), FRAMES)
        for way in options.ways:
            segmenter = VideoSegmenter(
                model,
                [target.sentences[kind]],
                config.segment,
                config.video,
                mask_model=sam,
            )
            rows[name, way] = measured(segmenter, changed(frames, masks, way, grey))
            print(line(f"{name}, {way}", list(asdict(rows[name, way]).values())), flush=True)
    for way in options.ways:
        own = np.array(
            [list(asdict(row).values()) for key, row in rows.items() if key[1] == way]
        )
        known = ~np.isnan(own)
        means = np.where(
            known.any(0), np.where(known, own, 0).sum(0) / known.sum(0).clip(1), np.nan
        )
        print(line(f"mean of {len(own)}, {way}", means.tolist()))
    if options.out:
        made = {f"{name}, {way}": asdict(row) for (name, way), row in rows.items()}
        options.out.write_text(json.dumps(made, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
