"""Rival tracks: equal to loops over tracks and candidates, and what holds for any input."""

from __future__ import annotations

from dataclasses import dataclass

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
from car_video.video.tracking.tracks import (
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


@dataclass(frozen=True)
class Situation:
    """What `advance` is given for one frame."""

    tracks: Tracks
    candidates: TrackCandidates
    moved: Tensor
    expected: Tensor
    known: Tensor
    objects: ObjectAppearance

    def of(self, query: int) -> Situation:
        """The same for one expression alone."""
        own = slice(query, query + 1)
        t, o = self.tracks, self.candidates
        return Situation(
            Tracks(t.logits[own], t.value[own], t.age[own], t.appearance[own]),
            TrackCandidates(o.logits[own], o.agreement[own], o.by_language, o.appearance[own]),
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
    seed: int, queries: int, count: int, language: int, there: float = 0.8
) -> Situation:
    rng = np.random.default_rng(seed)
    number = language + 3 * count
    value = torch.from_numpy(rng.uniform(-4, 0, (queries, count))).float()
    gone = torch.from_numpy(rng.random((queries, count)) < 0.25)
    agreement = rng.uniform(0.005, 1, (queries, number))
    agreement[rng.random((queries, number)) > there] = -1
    tracks = Tracks(
        blobs(rng, queries, count),
        value.masked_fill(gone, NO_TRACK),
        torch.from_numpy(rng.integers(0, 30, (queries, count))),
        appearances(rng, queries, count),
    )
    return Situation(
        tracks,
        TrackCandidates(
            blobs(rng, queries, number),
            torch.from_numpy(agreement).float(),
            min(language, number),
            appearances(rng, queries, number),
        ),
        blobs(rng, queries, count),
        torch.from_numpy(rng.random((queries, count, *CELLS))).float(),
        torch.from_numpy(rng.random((queries, count)) < 0.7),
        ObjectAppearance(
            appearances(rng, queries), torch.from_numpy(rng.random(queries)).float()
        ),
    )


def run(given_: Situation, config: TrackConfig) -> tuple[Tracks, Tensor]:
    return advance(
        given_.tracks,
        given_.candidates,
        given_.moved,
        given_.expected,
        given_.known,
        config,
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
            int(tracks.age[query, k]),
            tracks.appearance[query, k].numpy(),
        )
        if value > NO_TRACK
        else None
        for k, value in enumerate(tracks.value[query].tolist())
    ]


CONFIGS = st.builds(
    TrackConfig,
    count=st.integers(1, 4),
    decay=st.sampled_from([0.3, 0.5, 0.9]),
    overlap_weight=st.sampled_from([0.0, 0.2, 3.0]),
    memory_weight=st.sampled_from([0.0, 1.0]),
    birth_cost=st.sampled_from([0.0, 0.3]),
    appearance_weight=st.sampled_from([0.0, 1.0]),
    lost_appearance=st.sampled_from([0.0, 0.3]),
    switch_cost=st.sampled_from([0.0, 0.1, 1.0]),
    lost_overlap=st.sampled_from([0.0, 0.1, 0.5]),
)
SEEDS = st.integers(0, 100_000)


@given(SEEDS, st.integers(1, 3), st.integers(1, 8), CONFIGS)
@settings(deadline=None, max_examples=60)
def test_advance_is_the_naive_loop(
    seed: int, queries: int, language: int, config: TrackConfig
) -> None:
    case = situation(seed, queries, config.count, language)
    new, parents = run(case, config)
    for query in range(queries):
        candidates = [
            naive.Candidate(
                logits.numpy(),
                float(agreement),
                n < language,
                case.candidates.appearance[query, n].numpy(),
                appearance_score(case.objects, query, case.candidates.appearance[query, n]),
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
        )
        for slot, entry in enumerate(wanted):
            assert bool(new.alive[query, slot]) == (entry is not None)
            if entry is None:
                assert parents[query, slot] == -1
                continue
            track, parent = entry
            assert int(parents[query, slot]) == parent
            assert int(new.age[query, slot]) == track.age
            assert float(new.value[query, slot]) == pytest.approx(track.value, abs=1e-4)
            np.testing.assert_array_equal(new.logits[query, slot].numpy(), track.logits)
            np.testing.assert_allclose(
                new.appearance[query, slot].numpy(), track.appearance, atol=1e-5
            )


@given(SEEDS, st.integers(1, 8), CONFIGS)
@settings(deadline=None, max_examples=40)
def test_what_holds_after_every_frame(seed: int, language: int, config: TrackConfig) -> None:
    case = situation(seed, 3, config.count, language)
    new, parents = advance(
        case.tracks, case.candidates, case.moved, case.expected, case.known, config
    )
    alive = new.alive
    assert not bool((alive[:, 1:] & ~alive[:, :-1]).any())  # no hole before a track
    rank = new.value - config.birth_cost * config.decay**new.age
    rank = rank + config.switch_cost * (parents == 0)
    rank = rank.masked_fill(~alive, NO_TRACK)
    assert torch.equal(rank, rank.sort(1, descending=True).values)  # slot 0 is the best
    masks = half_masks(new.logits) * alive[..., None]
    same = overlaps(masks, masks) - torch.eye(config.count)
    assert float(same.max()) < SAME_TRACK_IOU
    assert bool((new.value[alive] <= 0).all())
    for row in parents:  # no track has two successors
        old = row[row >= 0].tolist()
        assert len(old) == len(set(old))


@given(SEEDS, CONFIGS)
@settings(deadline=None, max_examples=20)
def test_expressions_do_not_know_of_each_other(seed: int, config: TrackConfig) -> None:
    case = situation(seed, 3, config.count, 6)
    together, parents = run(case, config)
    for query in range(3):
        alone, own = run(case.of(query), config)
        torch.testing.assert_close(alone.value[0], together.value[query])
        assert torch.equal(own[0], parents[query])
        assert torch.equal(alone.age[0], together.age[query])
        assert torch.equal(alone.logits[0], together.logits[query])


def test_nothing_on_offer_and_all_are_lost() -> None:
    case = situation(1, 2, 3, 4, there=-1.0)
    new, parents = run(case, TrackConfig())
    assert not new.alive.any()
    assert (parents == -1).all()


def disk(row: float, column: float, radius: float) -> Tensor:
    y, x = torch.meshgrid(torch.arange(GRID[0]), torch.arange(GRID[1]), indexing="ij")
    return (radius - ((y - row) ** 2 + (x - column) ** 2).sqrt()).clamp(-10, 10)


def one_track(mask: Tensor, value: float, count: int = 3, age: int = 9) -> Tracks:
    tracks = Tracks.none(1, count, GRID, 1, mask)
    tracks.logits[0, 0], tracks.value[0, 0], tracks.age[0, 0] = mask, value, age
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
    new, parents = advance(tracks, candidates, tracks.logits, *quiet(), TrackConfig())
    assert new.alive.tolist() == [[True, False, False]]
    assert parents.tolist() == [[-1, -1, -1]]
    assert torch.equal(new.logits[0, 0], RIGHT)
    assert int(new.age[0, 0]) == 0


def test_no_birth_where_a_track_follows_already() -> None:
    candidates = TrackCandidates(
        torch.stack([LEFT, LEFT])[None], torch.tensor([[0.9, 0.4]]), 2, torch.ones(1, 2, 1)
    )
    tracks = one_track(LEFT, -0.1)
    new, parents = advance(tracks, candidates, tracks.logits, *quiet(), TrackConfig())
    assert parents.tolist() == [[0, -1, -1]]
    assert new.alive.tolist() == [[True, False, False]]


def test_masks_that_only_a_track_prompted_begin_nothing() -> None:
    candidates = prompted_by_tracks((LEFT, 0.5), (RIGHT, 0.9))
    tracks = Tracks.none(1, 3, GRID, 1, LEFT)
    new, _ = advance(tracks, candidates, tracks.logits, *quiet(), TrackConfig())
    assert not new.alive.any()


def test_memory_overrules_language() -> None:
    """Of two masks that overlap the past alike the one where memory sees the object wins."""
    before = disk(8, 11, 9)
    candidates = prompted_by_tracks((LEFT, 0.5), (RIGHT, 0.4))
    tracks = one_track(before, -1.0)
    expected = torch.zeros(1, 3, *CELLS)
    expected[:, :, 1:4, 4:] = 1
    config = TrackConfig(lost_overlap=0.0, overlap_weight=0.0)
    for known, mask in ((False, LEFT), (True, RIGHT)):
        remembered = torch.full((1, 3), known)
        new, _ = advance(
            tracks, candidates, before.expand(1, 3, -1, -1), expected, remembered, config
        )
        assert torch.equal(new.logits[0, 0], mask)


def test_the_leader_changes_only_when_a_rival_is_better_by_the_switch_cost() -> None:
    candidates = prompted_by_tracks((LEFT, 0.5), (RIGHT, 0.53))
    tracks = Tracks(
        torch.stack([LEFT, RIGHT])[None],
        torch.tensor([[0.5, 0.53]]).log(),
        torch.full((1, 2), 50),
        torch.ones(1, 2, 1),
    )
    for cost, leader in ((0.1, 0), (0.01, 1)):
        config = TrackConfig(count=2, switch_cost=cost)
        _, parents = advance(tracks, candidates, tracks.logits, *quiet(2), config)
        assert int(parents[0, 0]) == leader


@given(SEEDS, st.integers(1, 4), st.sampled_from([0.0, 0.1, 0.5]))
@settings(deadline=None, max_examples=40)
def test_glide_is_the_naive_loop(seed: int, count: int, lost: float) -> None:
    config = TrackConfig(count=count, lost_overlap=lost)
    case = situation(seed, 3, count, 0)
    agreement = case.candidates.agreement[:, :1].expand(-1, 3)  # all three are there, or none
    candidates = TrackCandidates(case.candidates.logits[:, :3], agreement, 0)
    quality = torch.from_numpy(np.random.default_rng(seed).random((3, 3))).float()
    new, gone, sure = propagate(case.tracks, candidates, case.moved, quality, config)
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
        wanted, gone_there = naive.propagate(old, own, list(case.moved[query].numpy()), config)
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
                assert int(new.age[query, slot]) == track.age
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
