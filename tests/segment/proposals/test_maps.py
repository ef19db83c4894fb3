"""Soft maps of queries: against loops over cells, and on colours where the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.config import ProposalConfig
from car_video.config.segment import QueryMode
from car_video.segment.proposals.affinity import AffinityOptions, transition
from car_video.segment.proposals.maps import (
    Proposer,
    cell_logits,
    cell_probabilities,
    source_of,
)
from car_video.segment.queries import QuerySet, build_queries
from car_video.text.embeddings import TextBank
from tests.naive import proposals as naive
from tests.segment.colour_model import ColourModel
from tests.segment.fake_model import FakeModel

Model = ColourModel | FakeModel
NAMES = ["a red ball", "a green frog", "a blue car near a red ball", "a red hat", "a pot"]


def texts_of(
    model: Model, names: list[str], background: tuple[str, ...] = ("sky",)
) -> QuerySet:
    return build_queries(TextBank(model.encode_text, model.embed_dim), names, background)


def proposer_of(
    model: Model, config: ProposalConfig, mode: QueryMode = "semantic", seed: int = 0
) -> Proposer:
    pixels = torch.rand(1, 3, 24, 32, generator=torch.Generator().manual_seed(seed))
    return Proposer(model, model.encode_image(pixels), texts_of(model, NAMES), config, mode)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    grid=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    queries=st.integers(1, 4),
    rivals=st.integers(0, 4),
    compete=st.booleans(),
)
def test_probabilities_are_those_of_loops(
    seed: int, grid: tuple[int, int], queries: int, rivals: int, compete: bool
) -> None:
    random = np.random.default_rng(seed)
    own, against = (4 * random.normal(size=(n, *grid)) for n in (queries, rivals))
    opposes = random.integers(0, 2, (queries, rivals)).astype(bool)
    found = cell_probabilities(
        torch.from_numpy(own), torch.from_numpy(against), torch.from_numpy(opposes), compete
    )
    expected = naive.cell_probabilities(own, against, opposes, compete)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-9)


def test_probabilities_of_large_logits_are_finite() -> None:
    logits = torch.tensor([1e4, -1e4, 0.0]).reshape(3, 1, 1)
    opposes = torch.ones(3, 1, dtype=torch.bool)
    found = cell_probabilities(logits, logits[:1], opposes, True)
    assert found.flatten().tolist() == [0.5, 0.0, 0.0]


def test_logits_are_scaled_cosines() -> None:
    texts = texts_of(FakeModel(), ["a dog", "a cat"], ("sky", "sea", "sand"))
    dense = torch.randn(12, 3, 5, generator=torch.Generator().manual_seed(1))
    queries, rivals = cell_logits(dense, texts.embeddings, texts.rivals, 7.0)
    assert (queries.shape, rivals.shape) == ((2, 3, 5), (3, 3, 5))
    for row, column in np.ndindex(3, 5):
        cell = dense[:, row, column]
        for found, embeddings in ((queries, texts.embeddings), (rivals, texts.rivals)):
            expected = 7 * F.cosine_similarity(embeddings, cell[None])
            torch.testing.assert_close(found[:, row, column], expected)


@pytest.mark.parametrize("mode", ["semantic", "refer"])
@pytest.mark.parametrize("source", ["cells", "cam"])
@pytest.mark.parametrize("affinity", [True, False])
def test_any_subset_is_what_a_proposer_of_that_subset_finds(
    source: str, mode: QueryMode, affinity: bool
) -> None:
    """Nothing computed ahead of time knows of queries that were dropped."""
    config = ProposalConfig(source=source, affinity=affinity)  # type: ignore[arg-type]
    model = FakeModel()
    kept = [0, 3, 4]
    whole = proposer_of(model, config, mode)
    texts = texts_of(model, [NAMES[i] for i in kept])
    alone = Proposer(model, whole.features, texts, config, mode)
    maps = whole.maps(torch.tensor(kept))
    assert maps.shape == (3, 3, 4)
    assert maps.min() >= 0
    assert maps.max() == pytest.approx(1)
    # What the others mention ("near a red ball") opposes none of these.
    evidence = whole.evidence(torch.tensor(kept))
    torch.testing.assert_close(evidence, alone.evidence(torch.arange(3)))
    torch.testing.assert_close(maps, alone.maps(torch.arange(3)))
    assert torch.equal(maps, whole.maps(torch.tensor(kept)))


def test_queries_compete_in_semantic_mode_alone() -> None:
    config = ProposalConfig(affinity=False, source="cells")
    apart, together = (proposer_of(FakeModel(), config, m) for m in ("refer", "semantic"))
    everyone, one = torch.arange(len(NAMES)), torch.tensor([2])
    alone = apart.evidence(everyone)
    assert (together.evidence(everyone) < alone).all()
    torch.testing.assert_close(apart.evidence(one)[0], alone[2])
    torch.testing.assert_close(together.evidence(one)[0], alone[2])


@pytest.mark.parametrize("source", ["cells", "cam"])
@pytest.mark.parametrize("first", ["a red ball", "a red ball near a green frog"])
def test_colours_are_found_where_they_are(source: str, first: str) -> None:
    """Also a green frog that another expression only mentions."""
    model = ColourModel()
    pixels = torch.full((1, 3, 32, 48), 0.5)
    red, green = (slice(4, 12), slice(8, 16)), (slice(16, 28), slice(32, 44))
    for (rows, columns), colour in ((red, (1, 0, 0)), (green, (0, 1, 0))):
        pixels[0, :, rows, columns] = torch.tensor(colour)[:, None, None].float()
    features = model.encode_image(pixels)
    texts = texts_of(model, [first, "a green frog"])
    config = ProposalConfig(source=source, affinity=source == "cells")  # type: ignore[arg-type]
    maps = Proposer(model, features, texts, config).maps(torch.arange(2))
    expected = torch.zeros(2, 8, 12, dtype=torch.bool)
    expected[0, 1:3, 2:4] = True
    expected[1, 4:7, 8:11] = True
    assert torch.equal(maps > 0.5, expected)


def test_spreading_is_steps_of_the_walk() -> None:
    config = ProposalConfig(source="cells", affinity_steps=3, affinity_temperature=0.2)
    proposer = proposer_of(FakeModel(), config)
    alive = torch.arange(len(NAMES))
    walk = transition(proposer.features, AffinityOptions(rounds=0, temperature=0.2))[0]
    spread = proposer.evidence(alive).flatten(1)
    for _ in range(3):
        spread = torch.stack([(walk * values).sum(1) for values in spread])
    low, high = spread.amin(1, keepdim=True), spread.amax(1, keepdim=True)
    expected = (spread - low) / (high - low)
    torch.testing.assert_close(proposer.maps(alive).flatten(1), expected, atol=1e-4, rtol=1e-4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([1, 3, 7]))
def test_presence_compares_what_lies_under_the_mask(seed: int, scale: int) -> None:
    """Against rivals alone: other queries, also those of the same target, do not matter."""
    model, generator = FakeModel(), torch.Generator().manual_seed(seed)
    features = model.encode_image(torch.rand(1, 3, 24 * scale, 32 * scale, generator=generator))
    config = ProposalConfig(source="cells")
    texts = texts_of(model, NAMES)
    together = Proposer(model, features, texts, config)
    apart = Proposer(model, features, texts, config, "refer")
    alive = torch.tensor([0, 2])
    maps = apart.maps(alive)
    assert features.dense is not None
    expected = []
    for row, query in enumerate(alive.tolist()):
        inside = features.dense[0][:, maps[row] > config.mask_threshold].sum(1)
        inside = inside / inside.norm()
        wanted = math.exp(model.logit_scale * float(inside @ texts.embeddings[query]))
        rest = sum(
            math.exp(model.logit_scale * float(inside @ rival))
            for rival, opposes in zip(texts.rivals, texts.opposes[query], strict=True)
            if opposes
        )
        expected.append(wanted / (wanted + rest))
    for proposer in (together, apart):
        region = proposer.region_evidence(alive, maps)
        assert region is not None
        assert region.noun.isnan().all(), "this model has no classifier of its own"
        found = proposer.presence(region, maps)
        assert found.tolist() == pytest.approx(expected, rel=1e-3)


def test_nothing_under_the_mask_is_not_present() -> None:
    proposer = proposer_of(FakeModel(), ProposalConfig(source="cells"))
    alive = torch.arange(2)
    nothing = torch.zeros_like(proposer.maps(alive))
    region = proposer.region_evidence(alive, nothing)
    assert region is not None
    found = proposer.presence(region, nothing)
    assert found.tolist() == [0.0, 0.0]


def test_grad_cam_says_nothing_of_presence() -> None:
    proposer = proposer_of(FakeModel(), ProposalConfig(source="cam"))
    alive = torch.arange(2)
    assert proposer.region_evidence(alive, proposer.maps(alive)) is None


def test_where_proposals_come_from() -> None:
    assert source_of(ColourModel(), ProposalConfig()) == "cells"
    assert source_of(FakeModel(), ProposalConfig()) == "cam"
    assert source_of(FakeModel(), ProposalConfig(source="cells")) == "cells"
    assert source_of(ColourModel(), ProposalConfig(source="cam")) == "cam"


@pytest.mark.parametrize("source", ["cells", "cam"])
@pytest.mark.parametrize("affinity", [True, False])
def test_a_flat_picture_and_no_rivals_give_finite_maps(source: str, affinity: bool) -> None:
    config = ProposalConfig(source=source, affinity=affinity)  # type: ignore[arg-type]
    model = FakeModel()
    features = model.encode_image(torch.zeros(1, 3, 16, 16))
    for names in (["a dog"], ["a dog", "a cat"]):
        maps = Proposer(model, features, texts_of(model, names, ()), config).maps(
            torch.arange(len(names))
        )
        assert maps.shape == (len(names), 2, 2)
        assert torch.isfinite(maps).all()
