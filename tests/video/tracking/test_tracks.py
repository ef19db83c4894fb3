"""Rival tracks: equal to loops over tracks and candidates, and what holds for any input."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.config.video import TrackConfig
from car_video.segment.mask_selection.overlaps import half_masks
from car_video.video.tracking.appearance import ObjectAppearance
from car_video.video.tracking.association import Association
from car_video.video.tracking.timing import Elapsed
from car_video.video.tracking.tracks import (
    KIND_FLOOR,
    NO_TRACK,
    SAME_TRACK_IOU,
    TrackCandidates,
    Tracks,
    advance,
    overlaps,
    propagate,
    without,
)
from tests.naive import tracks as naive

GRID, CELLS = (18, 23), (5, 6)
ELAPSED = Elapsed(0.05, 0.125)
PLAIN = Association(-1.5, 1.0, 5.0, 1.0, 1.0, 0.5)
"""Offset, language, overlap, appearance, memory, expected."""


@dataclass(frozen=True)
class Situation:
    """What `advance` is given for one frame."""

    tracks: Tracks
    candidates: TrackCandidates
    moved: Tensor
    expected: Tensor
    known: Tensor
    objects: ObjectAppearance | None

    def of(self, query: int) -> Situation:
        """The same for one expression alone."""
        own = slice(query, query + 1)
        o = self.candidates
        return Situation(
            self.tracks.of(query),
            TrackCandidates(
                o.logits[own],
                o.agreement[own],
                o.by_language,
                o.appearance[own],
                None if o.among_kind is None else o.among_kind[own],
            ),
            self.moved[own],
            self.expected[own],
            self.known[own],
            ObjectAppearance(self.objects.appearance[own], self.objects.trust[own]),
        )


def appearances(rng: np.random.Generator, *lead: int) -> Tensor:
    """Unit vectors [*lead, 4], many of them alike."""
    found = torch.from_numpy(rng.normal(size=(*lead, 4))).float()
    found[..., 0] += 1.5
    return F.normalize(found, dim=-1)


def blobs(rng: np.random.Generator, *lead: int) -> Tensor:
    """Logits [*lead, 18, 23] of ellipses at few places, so that many overlap."""
    y, x = np.mgrid[: GRID[0], : GRID[1]]
    logits = np.empty((*lead, *GRID))
    for place in np.ndindex(*lead):
        row, column = rng.choice([4, 9, 13]), rng.choice([5, 7, 11, 17])
        height, width = rng.uniform(2, 6, 2)
        distance = ((y - row) / height) ** 2 + ((x - column) / width) ** 2
        logits[place] = 4 * (1 - distance)
    return torch.from_numpy(logits).float().clamp(-10, 10)


def situation(
    seed: int, queries: int, count: int, language: int, there: float = 0.8, kinds: bool = False
) -> Situation:
    """Random tracks and candidates; with ``kinds``, expressions name things of one kind."""
    rng = np.random.default_rng(seed)
    number = language + 3 * count
    value = torch.from_numpy(rng.uniform(-4, 0, (queries, count))).float()
    gone = torch.from_numpy(rng.random((queries, count)) < 0.25)
    agreement = rng.uniform(0.005, 1, (queries, number))
    agreement[rng.random((queries, number)) > there] = -1
    tracks = Tracks(
        blobs(rng, queries, count),
        value.masked_fill(gone, NO_TRACK),
        torch.from_numpy(rng.uniform(-2 if kinds else 0, 0, (queries, count))).float(),
        torch.from_numpy(rng.uniform(0, 2, (queries, count))).float(),
        torch.from_numpy(rng.integers(1, 30, (queries, count))),
        appearances(rng, queries, count),
    )
    return Situation(
        tracks,
        TrackCandidates(
            blobs(rng, queries, number),
            torch.from_numpy(agreement).float(),
            min(language, number),
            appearances(rng, queries, number),
            torch.from_numpy(rng.random((queries, number))).float() if kinds else None,
        ),
        blobs(rng, queries, count),
        torch.from_numpy(rng.random((queries, count, *CELLS))).float(),
        torch.from_numpy(rng.random((queries, count)) < 0.7),
        ObjectAppearance(
            appearances(rng, queries), torch.from_numpy(rng.random(queries)).float()
        ),
    )


def run(
    given_: Situation, config: TrackConfig, association: Association = PLAIN
) -> tuple[Tracks, Tensor, Tensor]:
    return advance(
        given_.tracks,
        given_.candidates,
        given_.moved,
        given_.expected,
        given_.known,
        config,
        ELAPSED,
        association,
        given_.objects,
    )


def appearance_score(objects: ObjectAppearance, query: int, appearance: Tensor) -> float:
    """How much an appearance speaks against being the object, at most 0."""
    cosine = float(objects.appearance[query] @ appearance)
    return 2.0 * float(objects.trust[query]) * min(0.0, cosine - 0.5)


def slow_tracks(tracks: Tracks, query: int) -> list[naive.Track | None]:
    return [
        naive.Track(
            tracks.logits[query, k].numpy(),
            value,
            float(tracks.age[query, k]),
            int(tracks.seen[query, k]),
            tracks.appearance[query, k].numpy(),
            float(tracks.kind[query, k]),
        )
        if value > NO_TRACK
        else None
        for k, value in enumerate(tracks.value[query].tolist())
    ]


CONFIGS = st.builds(
    TrackConfig,
    count=st.integers(1, 4),
    time_constant=st.sampled_from([0.0625, 0.5, 3.0]),
    settling=st.sampled_from([0.1, 0.4]),
    birth_cost=st.sampled_from([0.0, 0.3]),
    switch_cost=st.sampled_from([0.0, 0.1, 1.0]),
    lost_overlap=st.sampled_from([0.0, 0.1, 0.5]),
)
ASSOCIATIONS = st.builds(
    Association,
    offset=st.sampled_from([0.0, 2.0]),
    language=st.sampled_from([0.0, 1.0, 3.0]),
    overlap=st.sampled_from([0.0, 4.0]),
    appearance=st.sampled_from([0.0, 1.0, 3.0]),
    memory=st.sampled_from([0.0, 1.0]),
    expected=st.sampled_from([0.0, 0.5]),
)
SEEDS = st.integers(0, 100_000)


@pytest.mark.slow
@given(SEEDS, st.integers(1, 3), st.integers(1, 8), st.booleans(), CONFIGS, ASSOCIATIONS)
@settings(deadline=None, max_examples=60)
def test_advance_is_the_naive_loop(
    seed: int,
    queries: int,
    language: int,
    kinds: bool,
    config: TrackConfig,
    association: Association,
) -> None:
    case = situation(seed, queries, config.count, language, kinds=kinds)
    new, parents, ranks = run(case, config, association)
    among = case.candidates.among_kind
    for query in range(queries):
        candidates = [
            naive.Candidate(
                logits.numpy(),
                float(agreement),
                n < language,
                case.candidates.appearance[query, n].numpy(),
                appearance_score(case.objects, query, case.candidates.appearance[query, n]),
                1.0 if among is None else float(among[query, n]),
            )
            for n, (logits, agreement) in enumerate(
                zip(
                    case.candidates.logits[query], case.candidates.agreement[query], strict=True
                )
            )
        ]
        memory = [
            case.expected[query, k].numpy() if case.known[query, k] else None
            for k in range(config.count)
        ]
        wanted = naive.advance(
            slow_tracks(case.tracks, query),
            candidates,
            list(case.moved[query].numpy()),
            memory,
            config,
            ELAPSED.frame,
            ELAPSED.language,
            association,
        )
        for slot, entry in enumerate(wanted):
            assert bool(new.alive[query, slot]) == (entry is not None)
            if entry is None:
                assert parents[query, slot] == -1
                assert float(ranks[query, slot]) == NO_TRACK
                assert float(new.kind[query, slot]) == 0
                continue
            track, parent, rank = entry
            assert int(parents[query, slot]) == parent
            assert float(new.age[query, slot]) == pytest.approx(track.age, abs=1e-5)
            assert int(new.seen[query, slot]) == track.seen
            assert float(new.value[query, slot]) == pytest.approx(track.value, abs=1e-4)
            assert float(new.kind[query, slot]) == pytest.approx(track.kind, abs=1e-4)
            assert float(ranks[query, slot]) == pytest.approx(rank, abs=1e-4)
            np.testing.assert_array_equal(new.logits[query, slot].numpy(), track.logits)
            np.testing.assert_allclose(
                new.appearance[query, slot].numpy(), track.appearance, atol=1e-5
            )


@given(SEEDS, st.integers(1, 8), st.booleans(), CONFIGS)
@settings(deadline=None, max_examples=40)
def test_what_holds_after_every_frame(
    seed: int, language: int, kinds: bool, config: TrackConfig
) -> None:
    case = situation(seed, 3, config.count, language, kinds=kinds)
    case = replace(case, objects=None)
    new, parents, given_rank = run(case, config)
    alive = new.alive
    assert not bool((alive[:, 1:] & ~alive[:, :-1]).any())  # no hole before a track
    rank = new.value + new.kind - config.birth_cost * (-new.age / config.settling).exp()
    rank = rank + config.switch_cost * (parents == 0)
    rank = rank.masked_fill(~alive, NO_TRACK)
    torch.testing.assert_close(given_rank, rank)
    ordered = given_rank.sort(1, descending=True).values
    assert torch.equal(given_rank, ordered)  # slot 0 is the best
    masks = half_masks(new.logits) * alive[..., None]
    same = overlaps(masks, masks) - torch.eye(config.count)
    assert float(same.max()) < SAME_TRACK_IOU
    assert bool((new.value[alive] <= 0).all())
    assert bool((new.kind <= 0).all())
    for row in parents:  # no track has two successors
        old = row[row >= 0].tolist()
        assert len(old) == len(set(old))


@given(SEEDS, CONFIGS)
@settings(deadline=None, max_examples=20)
def test_expressions_do_not_know_of_each_other(seed: int, config: TrackConfig) -> None:
    case = situation(seed, 3, config.count, 6, kinds=True)
    together, parents, ranks = run(case, config)
    for query in range(3):
        alone, own, rank = run(case.of(query), config)
        torch.testing.assert_close(rank[0], ranks[query])
        torch.testing.assert_close(alone.value[0], together.value[query])
        assert torch.equal(own[0], parents[query])
        assert torch.equal(alone.age[0], together.age[query])
        assert torch.equal(alone.seen[0], together.seen[query])
        assert torch.equal(alone.logits[0], together.logits[query])


def test_nothing_on_offer_and_all_are_lost() -> None:
    case = situation(1, 2, 3, 4, there=-1.0)
    new, parents, rank = run(case, TrackConfig())
    assert not new.alive.any()
    assert (parents == -1).all()
    assert (rank == NO_TRACK).all()


def disk(row: float, column: float, radius: float) -> Tensor:
    y, x = torch.meshgrid(torch.arange(GRID[0]), torch.arange(GRID[1]), indexing="ij")
    return (radius - ((y - row) ** 2 + (x - column) ** 2).sqrt()).clamp(-10, 10)


def one_track(mask: Tensor, value: float, count: int = 3, age: float = 0.4) -> Tracks:
    tracks = Tracks.none(1, count, GRID, 1, mask)
    tracks.logits[0, 0], tracks.value[0, 0], tracks.age[0, 0] = mask, value, age
    tracks.seen[0, 0] = 10
    tracks.appearance[:] = 1  # all look alike here
    return tracks


def quiet(count: int = 3) -> tuple[Tensor, Tensor]:
    """A memory that knows nothing."""
    return torch.zeros(1, count, *CELLS), torch.zeros(1, count, dtype=torch.bool)


LEFT, RIGHT = disk(8, 5, 4), disk(8, 17, 4)


def prompted_by_tracks(*masks: tuple[Tensor, float]) -> TrackCandidates:
    """An candidates to one expression for which language has no mask."""
    silent = (torch.zeros(GRID), -1.0)
    logits, agreement = zip(silent, *masks, strict=True)
    return TrackCandidates(
        torch.stack(logits)[None], torch.tensor([agreement]), 1, torch.ones(1, len(logits), 1)
    )


def test_a_track_that_is_nowhere_on_offer_vanishes_and_another_begins() -> None:
    candidates = TrackCandidates(
        RIGHT[None, None], torch.tensor([[0.9]]), 1, torch.ones(1, 1, 1)
    )
    tracks = one_track(LEFT, -0.1)
    new, parents, _ = advance(
        tracks, candidates, tracks.logits, *quiet(), TrackConfig(), ELAPSED, PLAIN
    )
    assert new.alive.tolist() == [[True, False, False]]
    assert parents.tolist() == [[-1, -1, -1]]
    assert torch.equal(new.logits[0, 0], RIGHT)
    assert (float(new.age[0, 0]), int(new.seen[0, 0])) == (0, 1)


def test_no_birth_where_a_track_follows_already() -> None:
    candidates = TrackCandidates(
        torch.stack([LEFT, LEFT])[None], torch.tensor([[0.9, 0.4]]), 2, torch.ones(1, 2, 1)
    )
    tracks = one_track(LEFT, -0.1)
    new, parents, _ = advance(
        tracks, candidates, tracks.logits, *quiet(), TrackConfig(), ELAPSED, PLAIN
    )
    assert parents.tolist() == [[0, -1, -1]]
    assert new.alive.tolist() == [[True, False, False]]


def test_masks_that_only_a_track_prompted_begin_nothing() -> None:
    candidates = prompted_by_tracks((LEFT, 0.5), (RIGHT, 0.9))
    tracks = Tracks.none(1, 3, GRID, 1, LEFT)
    new, _, _ = advance(
        tracks, candidates, tracks.logits, *quiet(), TrackConfig(), ELAPSED, PLAIN
    )
    assert not new.alive.any()


def test_memory_overrules_language() -> None:
    """Of two masks that overlap the past alike the one where memory sees the object wins."""
    before = disk(8, 11, 9)
    candidates = prompted_by_tracks((LEFT, 0.5), (RIGHT, 0.4))
    tracks = one_track(before, -1.0)
    expected = torch.zeros(1, 3, *CELLS)
    expected[:, :, 1:4, 4:] = 1
    config, association = TrackConfig(), replace(PLAIN, offset=9.0)
    for known, mask in ((False, LEFT), (True, RIGHT)):
        remembered = torch.full((1, 3), known)
        new, _, _ = advance(
            tracks,
            candidates,
            before.expand(1, 3, -1, -1),
            expected,
            remembered,
            config,
            ELAPSED,
            association,
        )
        assert torch.equal(new.logits[0, 0], mask)


def test_the_leader_changes_only_when_a_rival_is_better_by_the_switch_cost() -> None:
    candidates = prompted_by_tracks((LEFT, 0.5), (RIGHT, 0.53))
    tracks = Tracks(
        torch.stack([LEFT, RIGHT])[None],
        torch.tensor([[0.5, 0.53]]).log(),
        torch.zeros(1, 2),
        torch.full((1, 2), 2.0),
        torch.full((1, 2), 50),
        torch.ones(1, 2, 1),
    )
    for cost, leader in ((0.1, 0), (0.01, 1)):
        config = TrackConfig(count=2, switch_cost=cost)
        _, parents, _ = advance(
            tracks, candidates, tracks.logits, *quiet(2), config, ELAPSED, PLAIN
        )
        assert int(parents[0, 0]) == leader


@given(SEEDS, st.integers(1, 4), st.sampled_from([0.0, 0.1, 0.5]))
@settings(deadline=None, max_examples=40)
def test_propagation_is_the_naive_loop(seed: int, count: int, lost: float) -> None:
    config = TrackConfig(count=count, lost_overlap=lost)
    case = situation(seed, 3, count, 0, kinds=True)
    agreement = case.candidates.agreement[:, :1].expand(-1, 3)  # all three are there, or none
    candidates = TrackCandidates(case.candidates.logits[:, :3], agreement, 0)
    quality = torch.from_numpy(np.random.default_rng(seed).random((3, 3))).float()
    new, gone, sure = propagate(case.tracks, candidates, case.moved, quality, config, 0.05)
    for query in range(3):
        own = [
            (
                naive.Candidate(
                    candidates.logits[query, n].numpy(),
                    float(agreement[query, n]),
                    False,
                    np.zeros(4),
                ),
                float(quality[query, n]),
            )
            for n in range(3)
        ]
        old = slow_tracks(case.tracks, query)
        wanted, gone_there = naive.propagate(
            old, own, list(case.moved[query].numpy()), config, 0.05
        )
        assert bool(gone[query]) == gone_there
        where = naive.half(case.moved[query, 0].numpy())
        if old[0] is None or float(agreement[query, 0]) < 0:
            assert float(sure[query]) == 1
        else:
            shares = [naive.iou(naive.half(c.logits), where) for c, _ in own]
            best = max(range(3), key=lambda n: shares[n] * own[n][1])
            assert float(sure[query]) == pytest.approx(shares[best], abs=1e-6)
        for slot, track in enumerate(wanted):
            assert bool(new.alive[query, slot]) == (track is not None)
            if track is not None:
                assert float(new.value[query, slot]) == pytest.approx(track.value)
                assert float(new.kind[query, slot]) == pytest.approx(track.kind)
                assert float(new.age[query, slot]) == pytest.approx(track.age)
                np.testing.assert_array_equal(new.logits[query, slot].numpy(), track.logits)


@given(SEEDS)
@settings(deadline=None, max_examples=20)
def test_half_masks_and_overlaps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = blobs(rng, 2, 3), blobs(rng, 2, 2)
    found = overlaps(half_masks(a), half_masks(b))
    assert found.shape == (2, 3, 2)
    for query, one, two in np.ndindex(2, 3, 2):
        expected = naive.iou(
            naive.half(a[query, one].numpy()), naive.half(b[query, two].numpy())
        )
        assert float(found[query, one, two]) == pytest.approx(expected, abs=1e-6)


def test_empty_masks_overlap_nothing() -> None:
    empty = half_masks(torch.full((1, 1, *GRID), -3.0))
    assert float(overlaps(empty, empty)) == 0


def test_without() -> None:
    tracks = Tracks(
        torch.zeros(2, 1, *GRID),
        torch.zeros(2, 1),
        torch.zeros(2, 1),
        torch.ones(2, 1),
        torch.ones(2, 1).long(),
        torch.zeros(2, 1, 1),
    )
    left = without(tracks, torch.tensor([True, False]))
    assert left.alive.tolist() == [[False], [True]]
    assert tracks.alive.all()  # the old ones are as they were


def test_none_is_no_track() -> None:
    tracks = Tracks.none(2, 3, GRID, 5, torch.zeros(1))
    assert tracks.logits.shape == (2, 3, *GRID)
    assert not tracks.alive.any()


@given(SEEDS, st.integers(1, 4))
@settings(deadline=None, max_examples=20)
def test_another_track_first(seed: int, count: int) -> None:
    tracks = situation(seed, 3, count, 1).tracks
    slot = torch.from_numpy(np.random.default_rng(seed).integers(0, count, 3))
    found = tracks.with_first(slot)
    for query, first in enumerate(slot.tolist()):
        order = [first, *(k for k in range(count) if k != first)]
        for name, values in tracks.state_dict().items():
            assert torch.equal(found.state_dict()[name][query], values[query, order]), name


def test_tracks_of_one_expression_are_a_copy() -> None:
    tracks = situation(3, 2, 3, 1).tracks
    own = tracks.of(1)
    for name, values in own.state_dict().items():
        assert torch.equal(values, tracks.state_dict()[name][1:]), name
    own.value.zero_()
    assert not torch.equal(own.value, tracks.value[1:])


def test_what_tells_things_of_one_kind_apart_is_averaged_like_the_text_score() -> None:
    candidates = TrackCandidates(
        LEFT[None, None], torch.tensor([[1.0]]), 1, torch.ones(1, 1, 1), torch.tensor([[0.5]])
    )
    tracks = Tracks.none(1, 3, GRID, 1, LEFT)
    kinds = []
    for probability in (0.5, 0.1, 0.0):
        offered = replace(candidates, among_kind=torch.tensor([[probability]]))
        tracks, _, rank = advance(
            tracks, offered, tracks.logits, *quiet(), TrackConfig(), ELAPSED, PLAIN
        )
        kinds.append(float(tracks.kind[0, 0]))
        assert float(tracks.value[0, 0]) == 0, "the text score has no part in it"
        assert float(rank[0, 0]) < kinds[-1] + TrackConfig().switch_cost
    first, second, third = (np.log(p) for p in (0.5, 0.1, KIND_FLOOR))
    assert kinds == pytest.approx(
        [first, (first + second) / 2, (first + second + third) / 3], abs=1e-5
    )


@pytest.mark.parametrize("frames", [1, 4, 24])
def test_a_second_weighs_the_same_at_any_rate(frames: int) -> None:
    """An old track whose agreement falls from 1 to 1/2 for a second."""
    candidates = prompted_by_tracks((LEFT, 0.5))
    tracks = one_track(LEFT, 0.0)
    tracks.seen[:] = 1000
    config = TrackConfig(time_constant=2.0)
    for _ in range(frames):
        step = Elapsed(1 / frames, 1 / frames)
        tracks, _, _ = advance(tracks, candidates, tracks.logits, *quiet(), config, step, PLAIN)
    wanted = (1 - np.exp(-0.5)) * np.log(0.5)
    assert float(tracks.value[0, 0]) == pytest.approx(wanted, abs=1e-5)
    assert float(tracks.age[0, 0]) == pytest.approx(1.4)
