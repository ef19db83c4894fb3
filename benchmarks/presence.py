"""How long a target stays present: what ``presence.stay`` is chosen by.

    python -m benchmarks.presence --data ../shared/data --cache DIR [--part 0/2] [--record]
    python -m benchmarks.presence --data ../shared/data --cache DIR --stay 0.8 0.5 0.33

``--record`` keeps what language says of presence on every frame that it sees: of sequences of
``ref-video-dev`` (``fast``, every 4th frame, at most 14; the kinds of sentences in turn; a
sentence for something alike that is not there is asked alone), and of the hard cases in which
something is hidden or leaves (default preset, every 3rd frame). Then the filter of presence is
run on these scores with each value. What a value does to the tracks is not in it.

The table has the part of the frames with the right yes or no: of hard cases those frames where
the target is hidden by less than half, or gone. The last column is the part of frames on which
something alike is rightly said to be absent.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.generalisation.sequences import KINDS, VideoSequence, load_sequences
from benchmarks.generalisation.statistics import mean_over_groups
from car_video import Config, Frame, VideoSegmenter, load_model, load_preset
from car_video.config.video import PresenceConfig
from car_video.models.sam.registry import load_mask_model
from car_video.video.presence import PresenceFilter
from tests.hard_cases import HardCase, cases

FRAMES, STEP = 14, 4
"""Frames of a sequence, and how many apart they lie; more cost hours on two cores."""
CASE_STEP, CASE_RATE = 3, 25.0
"""The same of hard cases, and their frames per second."""
CLEAR = 0.5
"""Visible part of a target from which on it counts as here."""


class RecordedPresence(PresenceFilter):
    """Keeps the scores that it is given.

    Args:
        plain: to take the place of.
        given: where they are kept, with the seconds since the frame before.
    """

    def __init__(self, plain: PresenceFilter, given: list[tuple[list[float], float]]) -> None:
        super().__init__(len(plain.present), plain.threshold, plain.config)
        self.given = given

    def step(
        self, scores: NDArray[np.float32], seconds: float
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """As of the base class."""
        self.given.append((scores.astype(float).tolist(), seconds))
        return super().step(scores, seconds)


class Asked:
    """Expressions that are followed through one clip.

    Args:
        texts: the expressions.
        config: a preset.
        model: and ``sam``: the models.
    """

    def __init__(self, texts: Sequence[str], config: Config, model: Any, sam: Any) -> None:
        self.segmenter = VideoSegmenter(
            model, texts, config.segment, config.video, mask_model=sam
        )
        self.given: list[tuple[list[float], float]] = []
        self.visible: list[list[float]] = []

    def step(self, frame: Frame, visible: Iterable[float]) -> None:
        """A frame; what is visible of it counts where language has seen the frame."""
        before = len(self.given)
        if not isinstance(self.segmenter.presence, RecordedPresence):  # a new one after a cut
            self.segmenter.presence = RecordedPresence(self.segmenter.presence, self.given)
        self.segmenter.step(frame)
        if len(self.given) > before:
            self.visible.append([float(part) for part in visible])

    def record(self) -> dict[str, Any]:
        """``scores`` [T][Q], ``seconds`` [T], ``visible`` [T][Q], ``threshold``."""
        return {
            "scores": [scores for scores, _ in self.given],
            "seconds": [seconds for _, seconds in self.given],
            "visible": self.visible,
            "threshold": self.segmenter.presence.threshold,
        }


def of_sequence(
    sequence: VideoSequence, kind: str, config: Config, model: Any, sam: Any
) -> dict[str, Any]:
    """What is said of presence in a sequence: ``there`` and ``alike``."""
    there = Asked([t.sentences[kind] for t in sequence.targets], config, model, sam)
    alike = Asked([sequence.absent["near"]], config, model, sam)
    for number, frame in enumerate(islice(sequence.frames(), FRAMES)):
        truth = sequence.masks[number]
        there.step(frame, [bool((truth == t.number).any()) for t in sequence.targets])
        alike.step(frame, [0.0])
    return {"group": sequence.group, "there": there.record(), "alike": alike.record()}


def of_case(case: HardCase, config: Config, model: Any, sam: Any) -> dict[str, Any]:
    """What is said of presence in a hard case: ``there``."""
    there = Asked(case.expressions, config, model, sam)
    for number in range(0, len(case), CASE_STEP):
        moment = case.at(number)
        there.step(Frame(number, number / CASE_RATE, moment.image), moment.visibility)
    return {"group": case.name, "there": there.record()}


def right(record: dict[str, Any], stay: float, config: PresenceConfig) -> list[float]:
    """Part of the clear frames with the right yes or no, for each expression that has any."""
    scores, visible = np.array(record["scores"], np.float32), np.array(record["visible"])
    presence = PresenceFilter(scores.shape[1], record["threshold"], replace(config, stay=stay))
    steps = zip(scores, record["seconds"], strict=True)
    said = np.stack([presence.step(row, seconds)[1].copy() for row, seconds in steps])
    here = visible >= CLEAR
    clear = here | (visible == 0)
    return [
        float((said[own, query] == here[own, query]).mean())
        for query, own in enumerate(clear.T)
        if own.any()
    ]


def table(cache: Path, stays: Sequence[float], config: PresenceConfig) -> str:
    """Markdown of all that is kept.

    Raises:
        FileNotFoundError: nothing is.
    """
    records = {file.stem: json.loads(file.read_text()) for file in sorted(cache.glob("*.json"))}
    if not records:
        raise FileNotFoundError(f"'{cache}' holds no records; add --record")
    lines = ["| stay | sequences | hidden, left | alike |", "|---|---|---|---|"]
    for stay in stays:
        cells = []
        for prefix, part in (("video", "there"), ("case", "there"), ("video", "alike")):
            own = {
                name: right(record[part], stay, config)
                for name, record in records.items()
                if name.startswith(prefix)
            }
            cells.append(str(mean_over_groups(own)) if own else "")
        lines.append(f"| {stay:.2f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def record_all(data: Path, cache: Path, part: tuple[int, int], config: Config) -> None:
    """Keep all that is not kept yet: part (K, N) of the sequences; hard cases if K is 0."""
    plain = load_preset("default")
    model = load_model(config.model)
    sam = load_mask_model(config.segment.sam.model, model.device)
    cache.mkdir(parents=True, exist_ok=True)

    def keep(name: str, made: dict[str, Any]) -> None:
        (cache / f"{name}.json").write_text(json.dumps(made))
        print(name, flush=True)

    for number, sequence in enumerate(load_sequences(data, STEP)):
        name = f"video-{sequence.name}"
        if number % part[1] == part[0] and not (cache / f"{name}.json").is_file():
            kind = KINDS[number % len(KINDS)]
            keep(name, of_sequence(sequence, kind, config, model, sam))
    for case in cases(data, kinds=("occlusion", "leave")) if part[0] == 0 else ():
        name = f"case-{case.name.replace(' ', '-')}"
        if not (cache / f"{name}.json").is_file():
            keep(name, of_case(case, plain, model, sam))


def main() -> None:
    """Record, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--part", default="0/1", metavar="K/N", help="of the sequences")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--stay", type=float, nargs="+", default=[0.8, 0.65, 0.5, 0.33, 0.2])
    options = parser.parse_args()
    config = load_preset()
    number, _, count = options.part.partition("/")
    try:
        if options.record:
            record_all(options.data, options.cache, (int(number), int(count)), config)
        print(table(options.cache, options.stay, config.video.presence))
    except (FileNotFoundError, ValueError) as error:
        parser.exit(2, f"error: {error}\n")


if __name__ == "__main__":
    main()
