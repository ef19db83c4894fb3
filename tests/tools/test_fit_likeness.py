"""The fit of doubts, on looks that were made with known numbers and on a clip of squares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmarks.generalisation.sequences import Target
from car_video import Frame, VideoSegmenter, load_preset
from car_video.video.tracking import likeness as likeness_module
from tests.segment.colour_model import ColourModel
from tests.video.colour_sam import ColourSam
from tests.video.conftest import NAMES, SIZE, WITH_SAM, frame, red_at
from tests.video.tracking.test_likeness import look, seen
from tools import sequence_tables
from tools.fit_likeness import __main__ as command
from tools.fit_likeness import fitting, report
from tools.fit_likeness.fitting import AT, Clip, Numbers, fit, fit_signs
from tools.fit_likeness.looks import (
    COLUMNS,
    GRIDS,
    WAYS,
    Recorder,
    Watched,
    hidden,
    looks_of,
    recording,
)
from tools.fit_likeness.report import (
    counted,
    held_out,
    hides,
    intervals,
    table,
    totals,
)

TRUE = Numbers((0.0, 3.0, -3.0), (1.0, -4.0))


def made(seed: int, count: int = 1500) -> Clip:
    """A clip of which the true numbers say what is the thing; else something else is there."""
    rng = np.random.default_rng(seed)
    rows = np.ones((count, len(COLUMNS)), np.float32)
    rows[:, AT["way"]] = WAYS.index("painted")
    for name in ("cosine", "colour"):
        better, worse = np.sort(rng.random((2, count)), 0)[:: -1 if name == "cosine" else 1]
        last = rng.random(count) < 0.5
        rows[:, AT[f"{name} last"]] = np.where(last, better, worse)
        rows[:, AT[f"{name} usual"]] = np.where(last, worse, better)
    rows[rng.random(count) < 0.5, AT["cosine last"]] = np.nan
    odds = TRUE.odds(rows.astype(np.float64))
    thing = rng.random(count) < 1 / (1 + np.exp(-odds))
    rows[~thing, AT["iou"]] = np.nan
    return Clip(f"g{seed}", rows)


def test_the_numbers_of_the_looks_are_found() -> None:
    """But for the offsets: things and others weigh the same, however many there are."""
    clips = {f"c{seed}": made(seed) for seed in range(3)}
    found = fit_signs(clips, sorted(clips))
    assert found.step[1:] == pytest.approx(TRUE.step[1:], rel=0.2)
    assert found.glance[1:] == pytest.approx(TRUE.glance[1:], rel=0.2)
    twice = {**clips, "c0": Clip("g0", np.concatenate([clips["c0"].looks] * 3))}
    again = fit_signs(twice, sorted(twice))
    assert [*again.step, *again.glance] == pytest.approx([*found.step, *found.glance], abs=0.01)
    low, high = intervals(clips, draws=5)
    assert (low <= high).all()
    assert low.shape == (5,)


def test_what_is_far_or_was_wrong_before_tells_nothing() -> None:
    clips = {f"c{seed}": made(seed) for seed in range(3)}
    found = fit_signs(clips, sorted(clips))
    worse = clips["c0"].looks.copy()
    gone = np.isnan(worse[:, AT["iou"]])
    worse[gone, AT["cosine last"]] = worse[gone, AT["cosine usual"]] = 9
    far, wrong = worse.copy(), worse.copy()
    far[gone, AT[f"near {likeness_module.PLACES}"]] = 0
    wrong[:, AT["iou before"]] = 0
    for looks in (far, wrong):
        more = {**clips, "more": Clip("g0", looks[gone])}
        assert fit_signs(more, sorted(more)) == found


def test_the_thousandth_of_few_looks() -> None:
    rng = np.random.default_rng(0)
    groups = [2 - rng.exponential(size=2000) for _ in range(10)]
    true = 2 - np.log(1000)
    assert fitting.quantile(np.concatenate(groups)) == pytest.approx(true, abs=0.4)
    assert true - 1 < fitting.limit(groups) < true + 0.1
    unlike = [group + number for number, group in enumerate(groups)]
    assert fitting.limit(unlike) < fitting.quantile(np.concatenate(unlike)) - 0.2
    assert fitting.limit([group + 99 for group in groups]) == 0


def test_doubt_begins_where_it_hides_few_of_groups_without_a_part_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fitting, "limit", lambda odds: float(np.min(np.concatenate(odds))))
    clips = {f"c{seed}": made(seed, 300) for seed in range(3)}
    found = fit(clips, sorted(clips))
    least = np.inf
    for name, clip in clips.items():
        without = fit_signs(clips, [other for other in sorted(clips) if other != name])
        odds = without.odds(clip.looks.astype(np.float64))
        least = min(least, odds[~np.isnan(clip.looks[:, AT["iou"]])].min())
    assert found.other == pytest.approx(least)
    assert found.step == fit_signs(clips, sorted(clips)).step


def test_what_is_counted() -> None:
    rows = np.ones((6, len(COLUMNS)))
    rows[:, AT["way"]] = [0, 1, 0, 2, 3, 4]
    rows[:, AT["iou before"]] = [1, 1, 0, 1, 1, 1]
    rows[3:, AT["iou"]] = np.nan
    rows[5, AT["near 8"]] = 0
    all_doubted = Numbers((-9.0, 0, 0), (-9.0, 0), -1)
    assert hides(rows, all_doubted, 8).tolist() == [True] * 5 + [False]
    assert counted(rows, all_doubted, 8).tolist() == [[1, 0]] * 5 + [[1, 1]]
    assert counted(rows, replace(all_doubted, other=-10), 8).tolist() == [[1, 1]] * 6


def test_every_group_is_scored_without_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    clips = {f"c{seed}": made(seed, 20) for seed in range(3)}
    seen = []

    def fit_on(given: object, names: tuple[str, ...]) -> Numbers:
        seen.append(names)
        return replace(TRUE, other=-3)

    monkeypatch.setattr(report, "fit", fit_on)
    found = held_out(clips)
    assert seen == [("c1", "c2"), ("c0", "c2"), ("c0", "c1")]
    assert [line[:9] for line in table(found).splitlines()[2:5]] == [
        "| g0 (-3.",
        "| g1 (-3.",
        "| g2 (-3.",
    ]
    assert len(table(found).splitlines()) == 5 + len(GRIDS)
    assert totals(found)[8][3, 0] == sum(
        np.isnan(c.looks[:, AT["iou"]]).sum() for c in clips.values()
    )


@pytest.mark.parametrize("way", WAYS)
def test_a_thing_is_hidden(way: str) -> None:
    image = np.full((60, 100, 3), 200, np.uint8)
    mask = np.zeros((60, 100), bool)
    mask[20:40, 40:50] = True
    image[mask] = 100
    changed, rest = hidden(image, mask, way, 0)
    black = (changed == 0).all(-1)
    assert rest.sum() == {"as it is": 200, "half": 120}.get(way, 0)
    assert black.any() == (way not in ("as it is", "painted"))
    if way == "painted":
        assert (changed >= 199).all(), "what is beside it"
    if way == "wide":
        assert black.sum() > 1.3 * (hidden(image, mask, "box", 0)[0] == 0).all(-1).sum()
    assert (image[mask] == 100).all(), "the picture stays"


@dataclass(frozen=True)
class Squares:
    """A sequence of two coloured squares, as the development set has them."""

    name: str
    group: str
    step: int = 1
    targets: ClassVar = [Target(1, "thing", {"attribute": NAMES[0]})]

    def frames(self) -> Iterator[Frame]:
        return map(frame, range(20))

    @property
    def masks(self) -> NDArray[np.uint8]:
        labels = np.zeros((20, *SIZE), np.uint8)
        for number, own in enumerate(labels):
            own[red_at(number)] = 1
        return labels


@pytest.fixture
def coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command reads these sequences, with models that see colours."""
    sequences = [Squares(name, f"g{name}") for name in "abc"] + [Squares("boat", "boat")]
    config = replace(load_preset(command.PRESET), segment=WITH_SAM)
    monkeypatch.setattr(command, "FRAMES", 20)
    monkeypatch.setattr(command, "load_sequences", lambda data: sequences)
    monkeypatch.setattr(command, "load_preset", lambda name: config)
    monkeypatch.setattr(sequence_tables, "load_model", lambda name: ColourModel())
    monkeypatch.setattr(sequence_tables, "load_mask_model", lambda name, device: ColourSam())


def test_the_command_records_and_fits(
    tmp_path: Path, coloured: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(["--record", "--cache", str(tmp_path), "--part", "0/2"])
    assert sorted(file.stem for file in tmp_path.iterdir()) == ["a", "c"]
    assert capsys.readouterr().err.count("\n") == 1
    command.main(["--record", "--cache", str(tmp_path), "--draws", "3"])
    assert sorted(file.stem for file in tmp_path.iterdir()) == ["a", "b", "c"], (
        "not what is apart"
    )
    table = capsys.readouterr().out
    assert "| gb (" in table
    for name in ("same cosine", "same colour", "glance colour", "other"):
        assert f"\n{name}: " in table


def test_looks_are_noted_and_the_clip_goes_on_as_ever() -> None:
    """What is hidden for some frames leaves no trace in the frames after them."""
    frames = [frame(number) for number in range(20)]
    masks = []
    for number in range(20):
        mask = np.zeros(SIZE, bool)
        mask[red_at(number)] = True
        masks.append([mask])
    config = load_preset(command.PRESET).video

    def segmenter() -> VideoSegmenter:
        model: Any = ColourModel()
        return VideoSegmenter(model, NAMES[:1], WITH_SAM, config, mask_model=ColourSam())

    plain, watched = segmenter(), segmenter()
    for one in frames:
        plain.step(one)
    table = looks_of(watched, frames, masks)
    way = table[:, AT["way"]]
    assert set(way) == {0, 1, 3, 4}, "nothing is followed where it is painted out"
    assert (table[way == 0][:, AT["iou"]] > 0.6).all()
    gone = way > WAYS.index("half")
    assert np.isnan(table[gone][:, AT["iou"]]).all()
    assert table[gone][:, AT["colour last"]].min() > 0.5
    assert table[way == 0][:, AT["colour last"]].max() < 0.2
    state, other = plain.state_dict(), watched.state_dict()
    logits = next(name for name in state if name.endswith("tracks.logits"))
    assert torch.equal(state[logits], other[logits])
    assert likeness_module.OTHER > -10


def test_only_what_is_hidden_counts_and_the_next_look_is_compared_as_ever() -> None:
    model: Any = ColourModel()
    config = load_preset(command.PRESET).video
    segmenter = VideoSegmenter(model, NAMES, WITH_SAM, config, mask_model=ColourSam())
    watched = Watched(segmenter, Recorder())
    red, green = np.zeros((20, *SIZE), bool), np.zeros((20, *SIZE), bool)
    green[:, 40:60, 60:84] = True
    for number, mask in enumerate(red):
        mask[red_at(number)] = True
    frames = [replace(frame(number), time=number / 12) for number in range(20)]
    masks = list(zip(red, green, strict=True))
    with recording(watched.recorder):
        for one, own in zip(frames[:17], masks, strict=False):
            watched.see(one, own, 0)
        before = len(watched.rows)
        watched.hide(frames[17:19], masks[17:19], 0, 0)
    hidden_looks = np.stack(watched.rows[before:])
    boxes = hidden_looks[hidden_looks[:, AT["way"]] > WAYS.index("half")]
    assert len(boxes)
    assert np.isnan(boxes[:, AT["iou"]]).all(), "the green one is there"
    assert watched.recorder.frozen is None


def test_nothing_is_doubted_while_looks_are_noted() -> None:
    recorder = Recorder()
    with recording(recorder):
        assert not seen(look(0), look(0), look(1)).doubted
        assert recorder.signs is not None
        assert recorder.signs[0].tolist() == pytest.approx([0, 0, 1, 1], abs=1e-6)
    assert seen(look(0), look(0), look(1)).doubted
