"""What the way back of ``video.mode: offline`` is worth over ``online``, and what it costs.

    python -m benchmarks.offline --data ../shared/data [--kinds noun action] [--sequences bear]
        [--step 4] [--frames 48] [--windows 64 8] [--preset best] [--free] [--memory]
        [--out offline.json]

Sequences of ``ref-video-dev``, every ``--step``-th frame of their 24 a second, each kind of
sentence in a run of its own. Online and offline take every frame side by side, and what the
encoders make of it is computed once for all; with ``best`` language sees every frame, so both
begin with the same. Presence is assumed, as by ``car-eval ref-davis``, but with ``--free``.
``offline`` has a window as in the first of ``--windows``, ``offline-N`` one of another.

J&F is that of DAVIS (the first and the last frame do not count), by object; its difference from
online has a 95 % interval by bootstrap over sequences. ``there`` and ``not there`` are the
parts of the frames with and without the object on which it is reported as present. ``flicker``
is that of ``car-eval``; the truth has one as well. A mask ``jumps`` where its flicker is above
0.5: part of all steps, and of those over the end of one of the shortest windows (no cut is
looked for). CPU seconds a frame are those of a mode that runs alone: those of encodings it has
not had to make are added. ``--memory`` runs each mode once more, in a process of its own that
shares nothing, on the first sequence, and prints the most that the process has held, MB.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from car_video.eval.metrics import flicker, score_sequence
from car_video.eval.metrics.paired import paired_bootstrap
from numpy.typing import NDArray

from benchmarks.generalisation.sequences import KINDS, VideoSequence, load_sequences
from benchmarks.generalisation.sharing import SharedFrames
from car_video import Config, FramePrediction, VideoSegmenter, load_model, load_preset
from car_video.config.video import OfflineConfig
from car_video.models.sam.registry import load_mask_model
from car_video.video.stream import StreamSegmenter

Key = tuple[str, str]  # kind of sentence, and mode
JUMP = 0.5  # flicker above which a mask is of something else, or of another part of it


@dataclass(frozen=True)
class Run:
    """A sequence in one mode; all lists but those of ``seconds`` have an entry per object.

    Attributes:
        quality: J&F.
        there: reported as present, on the frames with the object.
        gone: the same on those without.
        flicker: of the masks.
        truth: flicker of the annotation.
        jumps: whether the mask jumps at each step to the next frame.
        seconds: of CPU time, all frames.
    """

    quality: list[float]
    there: list[list[bool]]
    gone: list[list[bool]]
    flicker: list[float]
    truth: list[float]
    jumps: list[list[bool]]
    seconds: float


def modes(config: Config, windows: Sequence[int]) -> dict[str, Config]:
    """What is compared, by its name in the table."""
    made = {"online": replace(config, video=replace(config.video, mode="online"))}
    for window in windows:
        own = OfflineConfig(window=window)
        name = "offline" if window == windows[0] else f"offline-{window}"
        made[name] = replace(config, video=replace(config.video, mode="offline", offline=own))
    return made


def scored(sequence: VideoSequence, answers: list[FramePrediction], seconds: float) -> Run:
    """Judge the answers of the first frames of a sequence, an expression per object."""
    truth = sequence.masks[: len(answers)]
    numbers = [target.number for target in sequence.targets]
    names = np.array([0, *numbers], np.uint8)
    found = np.stack([names[one.label_map()] for one in answers])
    scores = score_sequence(truth, found, objects=max(numbers))
    seen = [(truth == number).any((1, 2)) for number in numbers]
    present = np.stack([one.present for one in answers])
    steps = [flicker(found == number) for number in numbers]
    return Run(
        [float(scores.j[n - 1].mean() + scores.f[n - 1].mean()) / 2 for n in numbers],
        [present[here, place].tolist() for place, here in enumerate(seen)],
        [present[~here, place].tolist() for place, here in enumerate(seen)],
        [float(one.mean()) for one in steps],
        [float(flicker(truth == number).mean()) for number in numbers],
        [(one > JUMP).tolist() for one in steps],
        seconds,
    )


def compare(
    sequence: VideoSequence,
    kinds: Sequence[str],
    configs: dict[str, Config],
    shared: SharedFrames,
) -> dict[Key, Run]:
    """Runs of a sequence by kind and mode, all modes side by side."""
    streams = {
        (kind, name): StreamSegmenter(
            VideoSegmenter(
                shared.model,
                [target.sentences[kind] for target in sequence.targets],
                config,
                mask_model=shared.sam,
            )
        )
        for kind in kinds
        for name, config in configs.items()
    }
    answers: dict[Key, list[FramePrediction]] = {key: [] for key in streams}
    spent = dict.fromkeys(streams, 0.0)
    for frame in [*sequence.frames(), None]:
        for key, stream in streams.items():
            shared.encodings.spared, began = 0.0, time.process_time()
            ready = stream.finish() if frame is None else stream.push(frame)
            answers[key] += [answer for _, answer in ready]
            spent[key] += time.process_time() - began + shared.encodings.spared
        shared.forget()
    return {key: scored(sequence, answers[key], spent[key]) for key in streams}


def part(flags: Sequence[bool] | NDArray[np.bool_]) -> str:
    """How many of them, a fraction."""
    return f"{np.mean(flags):.3f}" if len(flags) else "-"


def line(kind: str, name: str, runs: list[Run], online: list[Run], window: int) -> str:
    """One line of the table: runs of all sequences, those of ``online`` in the same order."""
    quality = [run.quality for run in runs]
    other = paired_bootstrap(quality, [run.quality for run in online])
    less = f"{other.difference:+.3f} [{other.low:+.3f}, {other.high:+.3f}]"
    jumps = [steps for run in runs for steps in run.jumps]
    frames = sum(len(run.jumps[0]) + 1 for run in runs)
    cells = [
        kind,
        name,
        f"{np.mean([one for units in quality for one in units]):.3f}",
        less if name != "online" else "",
        part([flag for run in runs for flags in run.there for flag in flags]),
        part([flag for run in runs for flags in run.gone for flag in flags]),
        f"{np.mean([one for run in runs for one in run.flicker]):.3f}",
        part([flag for steps in jumps for flag in steps]),
        part([flag for steps in jumps for flag in steps[window - 1 :: window]]),
        f"{sum(run.seconds for run in runs) / frames:.3f}",
    ]
    return f"| {' | '.join(cells)} |"


def peak_memory(sequence: VideoSequence, kind: str, config: Config) -> float:
    """MB that a process has held at most after it has done nothing but this sequence."""
    torch.set_num_threads(1)
    model = load_model(config.model)
    texts = [target.sentences[kind] for target in sequence.targets]
    stream = StreamSegmenter(VideoSegmenter(model, texts, config))
    for frame in sequence.frames():
        list(stream.push(frame))
    list(stream.finish())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def keep(file: Path, memory: dict[str, float], runs: dict[str, dict[Key, Run]]) -> None:
    """Write the numbers of all sequences so far."""
    made = {
        name: {", ".join(key): asdict(run) for key, run in own.items()}
        for name, own in runs.items()
    }
    file.write_text(json.dumps({"memory": memory, "runs": made}) + "\n", "utf-8")


def main(argv: Sequence[str] | None = None) -> None:
    """Predict, score, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--sequences", nargs="+", default=[], help="only these")
    parser.add_argument("--step", type=int, default=4, help="every so manieth frame")
    parser.add_argument("--frames", type=int, help="of each sequence, at most")
    parser.add_argument("--windows", type=int, nargs="+", default=[64], help="frames")
    parser.add_argument("--preset", default="best")
    parser.add_argument("--free", action="store_true", help="presence is not assumed")
    parser.add_argument("--memory", action="store_true", help="measure it, too")
    parser.add_argument("--out", type=Path, help="JSON file for the numbers of every sequence")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    config = load_preset(options.preset)
    config = replace(config, segment=replace(config.segment, assume_present=not options.free))
    configs = modes(config, options.windows)
    sequences = [
        replace(one, most=options.frames)
        for one in load_sequences(options.data, options.step)
        if not options.sequences or one.name in options.sequences
    ]
    memory: dict[str, float] = {}
    for name, own in configs.items() if options.memory else ():
        apart = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, apart) as pool:
            task = pool.submit(peak_memory, sequences[0], options.kinds[0], own)
            memory[name] = task.result()
        print(f"{name}: {memory[name]:.0f} MB ({sequences[0].name})", flush=True)
    model, sam = load_model(config.model), config.segment.sam.model
    shared = SharedFrames(model, load_mask_model(sam, model.device), sam)
    runs: dict[str, dict[Key, Run]] = {}
    for sequence in sequences:
        runs[sequence.name] = compare(sequence, options.kinds, configs, shared)
        for (kind, name), run in runs[sequence.name].items():
            quality = " ".join(f"{one:.3f}" for one in run.quality)
            print(f"{sequence.name}, {kind}, {name}: J&F {quality}", flush=True)
        if options.out:
            keep(options.out, memory, runs)
    print(
        "\n| | mode | J&F | less online | there | not there | flicker | jumps | at ends "
        "| CPU s |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for kind in options.kinds:
        online = [one[kind, "online"] for one in runs.values()]
        for name in configs:
            own_runs = [one[kind, name] for one in runs.values()]
            print(line(kind, name, own_runs, online, min(options.windows)))
    truth = [one for runs_of in runs.values() for one in next(iter(runs_of.values())).truth]
    print(f"\nflicker of the truth: {np.mean(truth):.3f}")


if __name__ == "__main__":
    main()
