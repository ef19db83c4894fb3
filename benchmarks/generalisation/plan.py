"""What a run consists of: its tasks, its settings, and where their records lie.

A record is one JSON file per sequence or picture. It is written whole or not at all, and what
has one is not run again. A folder whose records were made with other settings is refused.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from car_video.eval.benchmarks import Benchmark, Options, make_benchmark
from car_video.eval.benchmarks.registry import REGISTRY

from benchmarks.generalisation.sequences import KINDS, VideoSequence, load_sequences
from car_video import Config, load_preset
from car_video.config.loading import from_mapping
from car_video.errors import ConfigError

IMAGE_SETS: Mapping[str, tuple[str, str]] = {
    "refcoco": ("refcoco", "refcoco-dev"),
    "coco": ("coco-object", "coco-dev"),
    "voc": ("voc", "voc-dev"),
}
"""Image sets: the benchmark of ``car-eval`` and the folder below ``--data``."""

SETS = ("video", *IMAGE_SETS)


@dataclass(frozen=True)
class Task:
    """The work that one record stands for.

    Attributes:
        part: one of :data:`SETS`.
        key: sequence or item of the benchmark.
        kinds: of sentences, of a sequence.
        weight: roughly how long it takes, against others of its part.
    """

    part: str
    key: str
    kinds: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True)
class Plan:
    """A run.

    Attributes:
        data: folder of the development sets.
        out: folder of the records.
        parts: some of :data:`SETS`.
        preset: of videos; an image set takes what ``car-eval`` takes for it.
        overrides: ``KEY=VALUE`` with dotted keys, put into every preset.
        step: every so many frames of a sequence.
        kinds: of sentences; with ``rotate`` a sequence gets one of them, in turn.
        rotate: see ``kinds``.
        every: every so many pictures of coco-dev and voc-dev (refcoco-dev has five).
        only: names of sequences; empty for all.
    """

    data: Path
    out: Path
    parts: tuple[str, ...] = SETS
    preset: str = "default"
    overrides: tuple[str, ...] = ()
    step: int = 1
    kinds: tuple[str, ...] = KINDS
    rotate: bool = False
    every: int = 1
    only: tuple[str, ...] = ()

    def config(self, part: str) -> Config:
        """The preset of a part with the overrides in it.

        Raises:
            ConfigError: no such preset or key, or a bad value.
        """
        name = self.preset if part == "video" else REGISTRY[IMAGE_SETS[part][0]].preset
        return with_overrides(load_preset(name), self.overrides)

    def sequences(self) -> list[VideoSequence]:
        """The sequences of the video part, thinned."""
        found = load_sequences(self.data, self.step)
        if unknown := set(self.only) - {sequence.name for sequence in found}:
            raise ConfigError(f"no sequence '{min(unknown)}' in ref-video-dev")
        return [s for s in found if not self.only or s.name in self.only]

    def benchmark(self, part: str) -> Benchmark:
        """The benchmark of an image set."""
        name, folder = IMAGE_SETS[part]
        options = Options(protocols=("per-expression",))
        return make_benchmark(name, self.data / folder, options)

    def tasks(self) -> list[Task]:
        """All tasks, those that take longest last within their part."""
        made: list[Task] = []
        for part in self.parts:
            made += self._sequence_tasks() if part == "video" else self._image_tasks(part)
        return made

    def _sequence_tasks(self) -> list[Task]:
        places = {s.name: n for n, s in enumerate(load_sequences(self.data))}
        tasks = []
        for sequence in self.sequences():
            turn = places[sequence.name] % len(self.kinds)
            kinds = (self.kinds[turn],) if self.rotate else self.kinds
            frames = sequence.entry["frames"] / self.step
            weight = frames * (2 + len(kinds) * len(sequence.targets) + len(sequence.absent))
            tasks.append(Task("video", sequence.name, kinds, weight))
        return sorted(tasks, key=lambda task: task.weight)

    def _image_tasks(self, part: str) -> list[Task]:
        items = self.benchmark(part).items()
        every = 1 if part == "refcoco" else self.every
        return [Task(part, item.key) for item in items[::every]]

    def record(self, task: Task) -> Path:
        """File of a task's record."""
        return self.out / task.part / f"{task.key.replace('/', '+')}.json"

    def keep_settings(self) -> None:
        """Note what the records are made with.

        Raises:
            ConfigError: records of other settings lie there.
        """
        for part in self.parts:
            file = self.out / f"{part}.json"
            settings = json.loads(json.dumps(self._settings(part)))
            if file.is_file():
                if json.loads(file.read_text("utf-8")) != settings:
                    raise ConfigError(
                        f"'{self.out}' has {part} records of other settings (see '{file}'); "
                        "give another --out"
                    )
            elif any((self.out / part).glob("*.json")):
                raise ConfigError(
                    f"'{self.out / part}' has records but no '{file.name}' that says what "
                    "they were made with; give another --out"
                )
            else:
                write_json(file, settings)

    def _settings(self, part: str) -> dict[str, Any]:
        settings: dict[str, Any] = {"config": dataclasses.asdict(self.config(part))}
        if part == "video":
            settings |= {"step": self.step, "kinds": self.kinds, "rotate": self.rotate}
        return settings


def with_overrides(config: Config, pairs: Sequence[str]) -> Config:
    """A configuration with ``KEY=VALUE`` put in: dotted keys, values as YAML has them.

    Raises:
        ConfigError: not of that form, no such key, or a bad value.
    """
    data = dataclasses.asdict(config)
    for pair in pairs:
        path, sign, text = pair.partition("=")
        if not sign:
            raise ConfigError(
                f"want KEY=VALUE, for instance segment.sam.points=4, got '{pair}'"
            )
        *parents, last = path.split(".")
        place: dict[str, Any] = data
        for number, parent in enumerate(parents):
            if not isinstance(place.get(parent, {}), dict):
                above = ".".join(parents[: number + 1])
                raise ConfigError(
                    f"'{above}' holds no keys in this preset; set it in a YAML file"
                )
            place = place.setdefault(parent, {})
        place[last] = yaml.safe_load(text)
    return from_mapping(Config, data)


def write_json(file: Path, value: Any) -> None:
    """Write a JSON file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
    part.replace(file)
