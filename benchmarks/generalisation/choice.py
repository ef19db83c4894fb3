"""How good the choice among fixed candidates is: a change of scoring alone, in seconds.

    python -m benchmarks.generalisation.choice --data ../shared/data --cache DIR --build
    python -m benchmarks.generalisation.choice --data ../shared/data --cache DIR
        [--scorer package.module:function]

``--build`` keeps the candidates and features of every 8th frame (once; about 5 s of CPU a
frame; a build that was stopped goes on). A scorer is called as ``score(frame, query)`` with a
:class:`~benchmarks.generalisation.candidates.CachedFrame` and a
:class:`~benchmarks.generalisation.candidates.Query` and returns float [M], the best highest.
Numbers that it has fitted have to leave out the sequence's group
(:mod:`benchmarks.generalisation.folds`).

The table: mean IoU of the candidate that the scorer takes, of the one that the code took which
made the cache, and of the best one there is. Frames without the object do not count.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.generalisation.candidates import (
    CachedFrame,
    CandidateMaker,
    Query,
    queries_of,
    read_frames_of,
    write_frames,
)
from benchmarks.generalisation.sequences import KINDS, VideoSequence, load_sequences
from benchmarks.generalisation.sharing import SharedFrames
from benchmarks.generalisation.statistics import mean_over_groups
from car_video import load_model, load_preset
from car_video.errors import CarVideoError, ConfigError
from car_video.models.sam.registry import load_mask_model

Scorer = Callable[[CachedFrame, Query], Tensor]

EVERY = 8
"""Frames between those that are kept."""


@dataclass(frozen=True)
class Chosen:
    """IoU of one sentence on one frame.

    Attributes:
        kind: of the sentence.
        scored: of the candidate that the scorer takes.
        kept: of the candidate that the code took which made the cache.
        best: of the best candidate.
    """

    kind: str
    scored: float
    kept: float
    best: float


def build(data: Path, cache: Path, preset: str, every: int, only: Iterable[str]) -> None:
    """Keep what is not kept yet."""
    config = load_preset(preset)
    model = load_model(config.model)
    sam = load_mask_model(config.segment.sam.model, model.device)
    shared = SharedFrames(model, sam, config.segment.sam.model)
    for sequence in _wanted(data, every, only):
        if (cache / "candidates" / f"{sequence.name}.npz").is_file():
            continue
        maker = CandidateMaker(shared.model, sam, config, sequence)
        frames = []
        for frame, truth in zip(sequence.frames(), sequence.masks, strict=True):
            frames.append(maker.step(frame, truth))
            shared.forget()
        write_frames(cache, sequence.name, frames)
        print(f"{sequence.name}: {len(frames)} frames", flush=True)


def score_sequence(
    sequence: VideoSequence, frames: Iterable[CachedFrame], score: Scorer
) -> list[Chosen]:
    """Every sentence on every frame that shows its object.

    Raises:
        ValueError: the scorer does not give one number per candidate.
    """
    found = []
    queries = queries_of(sequence)
    for frame in frames:
        for place, query in enumerate(queries):
            if not bool(frame.visible[query.target]) or not len(frame.masks):
                continue
            iou = frame.iou[:, query.target]
            values = score(frame, query)
            if values.shape != iou.shape:
                raise ValueError(f"want {len(iou)} scores, got shape {tuple(values.shape)}")
            kept = int(frame.chosen[place])
            found.append(
                Chosen(
                    query.kind,
                    float(iou[int(values.argmax())]),
                    0.0 if kept < 0 else float(iou[kept]),
                    float(iou.max()),
                )
            )
    return found


def report(results: Mapping[str, list[Chosen]]) -> str:
    """Markdown: a row per kind of sentence, intervals over sequences."""
    lines = [
        "| sentences | scorer | the code of the cache | best candidate |",
        "|---|---|---|---|",
    ]
    for kind in (*KINDS, "all"):
        row = [
            mean_over_groups(
                {
                    name: [getattr(c, column) for c in chosen if kind in ("all", c.kind)]
                    for name, chosen in results.items()
                }
            )
            for column in ("scored", "kept", "best")
        ]
        lines.append(f"| {kind} | {' | '.join(map(str, row))} |")
    return "\n".join(lines)


class PooledCosine:
    """The simplest scorer: the cosine of a mask's mean embedding with the sentence."""

    def __init__(self) -> None:
        self._model = load_model("lite")
        self._texts: dict[str, Tensor] = {}
        self._last: tuple[CachedFrame, Tensor] | None = None

    def __call__(self, frame: CachedFrame, query: Query) -> Tensor:
        """float32 [M]."""
        if query.text not in self._texts:
            self._texts[query.text] = self._model.proposer.encode_text([query.text])[0]
        if self._last is None or self._last[0] is not frame:
            self._last = frame, frame.pooled()
        return self._last[1] @ self._texts[query.text]


def load_scorer(name: str) -> Scorer:
    """``package.module:function``, or a class without arguments.

    Raises:
        ConfigError: not of that form, or not there.
    """
    module, sign, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function) if sign else None
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"no scorer '{name}': {error}") from None
    if not callable(found):
        raise ConfigError(f"want a scorer as package.module:function, got '{name}'")
    scorer: Scorer = found() if isinstance(found, type) else found
    return scorer


def _wanted(data: Path, every: int, only: Iterable[str]) -> list[VideoSequence]:
    names = set(only)
    return [s for s in load_sequences(data, every) if not names or s.name in names]


def main() -> None:
    """Build the cache, or score it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("generalisation_cache"))
    parser.add_argument("--build", action="store_true")
    parser.add_argument("--preset", default="default", help="whose maps are prompted")
    parser.add_argument("--every", type=int, default=EVERY)
    parser.add_argument("--sequences", nargs="*", default=(), help="only these")
    parser.add_argument(
        "--scorer", default="benchmarks.generalisation.choice:PooledCosine", metavar="NAME"
    )
    options = parser.parse_args()
    try:
        if options.build:
            build(options.data, options.cache, options.preset, options.every, options.sequences)
            return
        score, began = load_scorer(options.scorer), time.perf_counter()
        with torch.inference_mode():
            results = {
                s.name: score_sequence(s, read_frames_of(options.cache, s.name), score)
                for s in _wanted(options.data, 1, options.sequences)
                if (options.cache / "candidates" / f"{s.name}.npz").is_file()
            }
        if not results:
            raise ConfigError(f"'{options.cache}' has no candidates; make them with --build")
        print(report(results))
        print(f"\n{len(results)} sequences, {time.perf_counter() - began:.1f} s")
    except (CarVideoError, FileNotFoundError) as error:
        parser.exit(2, f"error: {error}\n")


if __name__ == "__main__":
    main()
