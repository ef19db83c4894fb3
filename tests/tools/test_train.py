"""Training on a made-up world whose answer is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.errors import DataError
from tools.build_lite.batches import Sampler
from tools.build_lite.heads import Heads
from tools.build_lite.recipe import Recipe
from tools.build_lite.retrieval import recalls
from tools.build_lite.texts import TextTables
from tools.build_lite.train import freeze, step_losses, train_heads

IMAGES, CELLS, CHANNELS, SENTENCE, THINGS, CLASSES = 120, 4, 24, 16, 12, 20
RECIPE = Recipe(
    epochs=12,
    batch=20,
    embed_dim=32,
    text_hidden=48,
    classes_per_step=10,
    nouns_per_step=10,
    cells_per_step=32,
    region_cells=3,
)


def world() -> tuple[Tensor, TextTables, tuple[Tensor, Tensor]]:
    """Each picture shows two of twelve things, in different cells; captions name both."""
    generator = torch.Generator().manual_seed(0)
    looks = torch.randn(THINGS, CHANNELS, generator=generator) * 2
    names = F.normalize(torch.randn(THINGS, SENTENCE, generator=generator), dim=-1)
    pairs = torch.stack(
        [torch.randperm(THINGS, generator=generator)[:2] for _ in range(IMAGES)]
    )
    cells = 0.3 * torch.randn(IMAGES, CELLS, CHANNELS, generator=generator)
    cells[:, :2] += looks[pairs[:, :1]]
    cells[:, 2:] += looks[pairs[:, 1:]]
    captions = F.normalize(names[pairs].sum(1), dim=-1)
    has = torch.zeros(IMAGES, THINGS, dtype=torch.bool).scatter_(1, pairs, True)
    classifier = torch.randn(16, CLASSES, generator=generator), torch.zeros(CLASSES)
    class_names = F.normalize(torch.randn(CLASSES, SENTENCE, generator=generator), dim=-1)
    images = np.arange(IMAGES)

    def half(rows: Tensor) -> np.ndarray:
        return rows.numpy().astype(np.float16)

    tables = TextTables(
        captions=half(captions),
        caption_image=images,
        phrases=half(names),
        phrase_of=pairs[:, 0].numpy(),
        phrase_image=images,
        words=np.array([f"thing{i}" for i in range(THINGS)]),
        word_embeddings=half(names)[:, None],
        has_word=has.numpy(),
        ignore_word=np.zeros((IMAGES, THINGS), bool),
        names=half(class_names),
        name_class=np.arange(CLASSES),
        nouns=np.array([f"class{i}" for i in range(CLASSES)]),
        noun_embeddings=half(class_names)[:, None],
        noun_classes=np.eye(CLASSES, dtype=bool),
    )
    return cells.half(), tables, classifier


def test_heads_learn_pictures_and_places() -> None:
    cells, tables, classifier = world()
    train, held_out = np.arange(100), np.arange(100, IMAGES)
    frozen = freeze(cells, train, classifier, 1e-3, torch.device("cpu"))
    lines: list[str] = []
    heads = train_heads(frozen, tables, train, [held_out], RECIPE, lines.append)
    assert len(lines) == RECIPE.epochs
    with torch.no_grad():
        dense = heads.image(cells[held_out].float())
        texts = heads.text(torch.tensor(tables.captions[held_out]).float())
        found = recalls(texts @ F.normalize(dense.mean(1), dim=-1).T)
        assert found[1] > 0.5  # 0.05 by chance
        words = heads.text(torch.tensor(tables.word_embeddings[:, 0]).float())
        cosines = F.normalize(dense, dim=-1) @ words.T
    first = torch.tensor(tables.phrase_of[held_out])[:, None].expand(-1, 2)
    assert (cosines[:, :2].argmax(-1) == first).float().mean() > 0.8  # each cell its own thing


def test_training_is_deterministic() -> None:
    cells, tables, classifier = world()
    split = np.arange(100), np.arange(100, IMAGES)
    recipe = dataclasses.replace(RECIPE, epochs=1)
    states = []
    for _ in range(2):
        frozen = freeze(cells, split[0], classifier, 1e-3, torch.device("cpu"))
        states.append(
            train_heads(
                frozen, tables, split[0], [split[1]], recipe, lambda line: None
            ).state_dict()
        )
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


def test_pictures_in_doubt_take_no_part_in_the_words_alone() -> None:
    cells, tables, classifier = world()
    train, cpu = np.arange(100), torch.device("cpu")
    frozen = freeze(cells, train, classifier, 1e-3, cpu)
    batch = Sampler(tables, RECIPE, cpu).draw(train[: RECIPE.batch])
    found = []
    for share in (0.0, 0.3):
        torch.manual_seed(0)
        heads = Heads(CHANNELS, SENTENCE, 48, 32, 0.0, 14.0)
        recipe = dataclasses.replace(RECIPE, word_doubt=share)
        found.append(step_losses(heads, batch, frozen, recipe))
    for name, loss in found[0].items():
        assert (found[1][name] < loss) if name == "words" else (found[1][name] == loss), name


def test_fewer_pictures_than_a_batch() -> None:
    cells, tables, classifier = world()
    split = np.arange(10), np.arange(100, IMAGES)
    frozen = freeze(cells, split[0], classifier, 1e-3, torch.device("cpu"))
    with pytest.raises(DataError, match="less than a batch"):
        train_heads(frozen, tables, split[0], [split[1]], RECIPE, lambda line: None)


def test_recalls_against_sorting() -> None:
    similarity = torch.randn(30, 30, generator=torch.Generator().manual_seed(0))
    order = similarity.argsort(dim=1, descending=True)
    for k, value in recalls(similarity, (1, 3, 30)).items():
        expected = np.mean([i in order[i, :k] for i in range(30)])
        assert value == pytest.approx(expected)
    assert recalls(torch.zeros(4, 4), (1, 4)) == {1: 0.0, 4: 1.0}  # ties are no success
