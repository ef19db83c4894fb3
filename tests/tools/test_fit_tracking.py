"""The fit of the tracker's association, on choices that were made with known numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.generalisation.sequences import Target
from car_video import Frame, load_preset
from car_video.config.video import TrackConfig
from car_video.video.tracking import tracker
from car_video.video.tracking.association import Association, read_association
from car_video.video.tracking.timing import Elapsed
from car_video.video.tracking.tracks import TrackCandidates, Tracks
from tests.segment.colour_model import ColourModel
from tests.video.colour_sam import ColourSam
from tests.video.conftest import NAMES, SIZE, WITH_SAM, frame, red_at
from tools import sequence_tables
from tools.fit_tracking import __main__ as command
from tools.fit_tracking import fitting
from tools.fit_tracking.choices import Recorder, recording
from tools.fit_tracking.fitting import Clip, features, fit, held_out, worth

TRUE = Association(-2.5, 2.0, 3.0, 1.5, 0.5, 0.25)


def made(seed: int, count: int = 600, offered: int = 6) -> Clip:
    """A clip whose right candidates are drawn as the true numbers say; else none is."""
    rng = np.random.default_rng(seed)
    total = count * offered
    rows = np.zeros((total, 6))
    rows[:, 0] = np.repeat(np.arange(count), offered)
    rows[:, 1] = rng.uniform(-4, 0, total)
    rows[:, 2:4] = rng.uniform(0, 1, (total, 2))
    rows[:, 4] = np.where(rng.random(total) < 0.5, rng.random(total), np.nan)
    odds = (features(rows) @ np.array(astuple(TRUE))).reshape(count, offered)
    noisy = np.concatenate([odds, np.zeros((count, 1))], 1) + rng.gumbel(
        size=(count, offered + 1)
    )
    right = noisy.argmax(1)
    found = right < offered
    rows[np.flatnonzero(found) * offered + right[found], 5] = 0.9
    return Clip(f"g{seed}", rows.astype(np.float32))


def test_the_numbers_of_the_choices_are_found() -> None:
    clips = {f"c{seed}": made(seed) for seed in range(4)}
    clips["nothing"] = Clip("g9", np.zeros((0, 6), np.float32))
    found = fit(clips, sorted(clips))
    assert astuple(found) == pytest.approx(astuple(TRUE), abs=0.5)
    iou, best, none, rightly = worth(found, clips["c0"].choices.astype(np.float64))
    assert 0.5 * best < iou < best
    assert 0 < rightly <= none < 0.8


def test_every_group_weighs_the_same() -> None:
    """Many choices of one group do not outvote the few of another."""
    many, few = made(1, 500), made(2, 50)
    twice = {"a": many, "b": Clip(few.group, few.choices)}
    more = replace(few, choices=np.tile(few.choices, (1, 1)))
    again = more.choices.copy()
    again[:, 0] += 50
    doubled = {"a": many, "b": Clip(few.group, np.concatenate([few.choices, again]))}
    first, second = (astuple(fit(clips, ["a", "b"])) for clips in (twice, doubled))
    assert first == pytest.approx(second, abs=0.02)


def test_every_group_is_scored_without_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    clips = {f"c{seed}": made(seed, 20) for seed in range(3)}
    seen = []

    def fit_on(given: object, names: tuple[str, ...]) -> Association:
        seen.append(names)
        return TRUE

    monkeypatch.setattr(fitting, "fit", fit_on)
    table = held_out(clips)
    assert seen == [("c1", "c2"), ("c0", "c2"), ("c0", "c1")]
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == [
        "| c0",
        "| c1",
        "| c2",
        "| mean",
    ]


def square(left: int) -> Tensor:
    logits = torch.full((16, 16), -10.0)
    logits[4:12, left : left + 6] = 10.0
    return logits


def two_things() -> tuple[NDArray[np.bool_], Tracks, TrackCandidates]:
    """True masks, two tracks of which the second has shown nothing, and candidates."""
    one, two, empty = square(1), square(9), torch.full((16, 16), -10.0)
    truth = np.stack([(one > 0).numpy(), (two > 0).numpy()])
    tracks = replace(
        Tracks.none(1, 2, (16, 16), 2, one),
        logits=torch.stack([one, empty])[None],
        value=torch.zeros(1, 2),
        appearance=torch.eye(2)[None],
    )
    offered = TrackCandidates(
        torch.stack([one, two, empty])[None],
        torch.tensor([[0.5, 0.25, -1.0]]),
        3,
        torch.tensor([[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]),
    )
    return truth, tracks, offered


def test_a_choice_between_a_thing_and_another_one() -> None:
    truth, tracks, offered = two_things()
    expected, known = torch.zeros(1, 2, 4, 4), torch.tensor([[False, True]])
    recorder = Recorder()
    for _ in range(2):
        recorder.see(truth)
        recorder.record(tracks, offered, tracks.logits, expected, known)
    nan = np.nan
    np.testing.assert_allclose(
        recorder.table(),
        [[0, 0, 1, 1, nan, 1], [0, np.log(0.5), 0, 0, nan, 0]],
        atol=1e-6,
    )


@dataclass(frozen=True)
class Squares:
    """A sequence of two coloured squares, as the development set has them."""

    name: str
    group: str
    targets: ClassVar = [Target(1, "thing", {"attribute": NAMES[0]})]

    def frames(self) -> Iterator[Frame]:
        return map(frame, range(5))

    @property
    def masks(self) -> NDArray[np.uint8]:
        labels = np.zeros((5, *SIZE), np.uint8)
        for number, own in enumerate(labels):
            own[red_at(number)] = 1
        return labels


@pytest.fixture
def coloured(monkeypatch: pytest.MonkeyPatch) -> list[Squares]:
    """The command reads these sequences, with models that see colours."""
    sequences = [Squares("a", "one"), Squares("b", "two"), Squares("c", "two")]
    config = replace(load_preset(command.PRESET), segment=WITH_SAM)
    monkeypatch.setattr(command, "load_sequences", lambda data, step: sequences)
    monkeypatch.setattr(command, "load_preset", lambda name: config)
    monkeypatch.setattr(sequence_tables, "load_model", lambda name: ColourModel())
    monkeypatch.setattr(sequence_tables, "load_mask_model", lambda name, device: ColourSam())
    return sequences


def test_the_command_records_fits_and_writes(
    tmp_path: Path, coloured: list[Squares], capsys: pytest.CaptureFixture[str]
) -> None:
    cache, out = tmp_path / "cache", tmp_path / "numbers.json"
    record = ["--record", "--cache", str(cache)]
    command.main([*record, "--part", "0/2", "--out", str(out)])
    assert sorted(file.stem for file in cache.iterdir()) == ["a", "c"]
    assert load_preset(command.PRESET).video.keyframes.interval == 0, "a choice on each frame"
    table = capsys.readouterr().out
    assert "| a | " in table
    assert "| c | " in table
    assert isinstance(read_association(out), Association)


def test_one_group_is_not_enough(
    tmp_path: Path, coloured: list[Squares], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(["--record", "--cache", str(tmp_path), "--part", "1/2"])
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "b.npz").is_file(), "what was recorded stays"


def test_the_recorder_sees_a_tracker_step_and_does_not_change_it() -> None:
    truth, tracks, offered = two_things()
    expected, known = torch.zeros(1, 2, 4, 4), torch.tensor([[False, True]])
    given = tracks, offered, tracks.logits, expected, known, TrackConfig()
    rest = {"elapsed": Elapsed(0.04, 0.04), "association": TRUE}
    plain = tracker.advance(*given, **rest)
    recorder = Recorder()
    with recording(recorder):
        for _ in range(2):
            recorder.see(truth)
            seen = tracker.advance(*given, **rest)
    assert len(recorder.table()) == 2
    assert torch.equal(seen[0].logits, plain[0].logits)
    assert torch.equal(seen[1], plain[1])
    tracker.advance(*given, **rest)
    assert len(recorder.table()) == 2
