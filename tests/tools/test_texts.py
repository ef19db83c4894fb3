"""Tables of texts: labels, near words, class names, the file."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.build_lite.batches import Sampler, grouped
from tools.build_lite.photos import Captioned
from tools.build_lite.recipe import Recipe
from tools.build_lite.texts import (
    CLASS_TEMPLATES,
    TextTables,
    class_names,
    close_words,
    make_tables,
    word_labels,
)

CAPTIONS = (
    ("a dog runs on the grass", "two dogs"),
    ("a man with a dog", "a boy with a ball"),
    ("the grass near a house", "snow"),
    ("a ball in the snow", "a red ball"),
)


def captioned() -> Captioned:
    texts = [text for group in CAPTIONS for text in group]
    image_of = np.repeat(np.arange(len(CAPTIONS)), 2)
    paths = tuple(Path(f"{i}.jpg") for i in range(4))
    return Captioned(paths, tuple(texts), image_of, (4,), ((),) * 4)


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors that depend on the text alone."""
    rows = [
        np.random.default_rng(zlib.crc32(text.encode())).normal(size=32).astype(np.float32)
        for text in texts
    ]
    table = np.array(rows, np.float32).reshape(len(texts), 32)
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def test_word_labels() -> None:
    data, train = captioned(), np.array([0, 1, 2])
    words, has = word_labels(data, ["dog", "ball", "grass", "house", "person"], train, 1)
    assert words == ["dog", "ball", "grass", "house", "person"]
    expected = [[1, 0, 1, 0, 0], [1, 1, 0, 0, 1], [0, 0, 1, 1, 0], [0, 1, 0, 0, 0]]
    np.testing.assert_array_equal(has, np.array(expected, bool))
    frequent, has = word_labels(data, words, train, 2)
    assert frequent == ["dog", "grass"]  # the second ball is in a held-out picture
    assert has.shape == (4, 2)


def test_close_words() -> None:
    table = np.array([[1, 0], [0.9, 0.2], [0, 1], [-1, 0]], np.float32)[:, None]
    table /= np.linalg.norm(table, axis=-1, keepdims=True)
    close = close_words(["ball", "balloon", "man", "human"], table, 0.55)
    assert close[0].tolist() == [True, True, False, False]
    assert close[2].tolist() == [False, False, True, True]  # people, though opposite


def test_class_names() -> None:
    texts, classes = class_names(2)
    assert len(texts) == len(classes)
    assert set(classes.tolist()) == set(range(1000))
    assert texts[: len(CLASS_TEMPLATES)] == [t.format("tench") for t in CLASS_TEMPLATES]
    assert np.bincount(classes).max() == 2 * len(CLASS_TEMPLATES)
    goldfish = [text for text, c in zip(texts, classes, strict=True) if c == 1]
    assert "a photo of a goldfish" in goldfish


def tables() -> TextTables:
    recipe = Recipe(word_minimum=1, names_per_class=1)
    return make_tables(captioned(), np.array([0, 1, 2]), recipe, embed, lambda line: None)


def test_tables_hold_what_belongs_together(tmp_path: Path) -> None:
    made = tables()
    made.write(tmp_path / "texts.npz")
    read = TextTables.read(tmp_path / "texts.npz")
    for name in ("captions", "phrase_of", "words", "has_word", "ignore_word", "names"):
        np.testing.assert_array_equal(getattr(read, name), getattr(made, name))
    assert not (read.has_word & read.ignore_word).any()
    assert "snow" not in read.words  # one word alone is no phrase, and picture 3 is held out
    np.testing.assert_allclose(read.captions[1], embed(["two dogs"])[0], atol=1e-3)
    boy = embed(["a boy"])[0].astype(np.float16)
    places = [k for k, row in enumerate(read.phrases) if np.array_equal(row, boy)]
    assert read.phrase_image[np.isin(read.phrase_of, places)].tolist() == [1]
    person = read.words.tolist().index("person")
    man = read.words.tolist().index("man")
    assert read.has_word[1, [person, man]].all()


def test_grouped() -> None:
    groups = grouped(np.array([2, 0, 2, 3]), 5)
    assert [g.tolist() for g in groups] == [[1], [], [0, 2], [3], []]


def test_batches_are_seeded_and_belong_to_their_pictures() -> None:
    import torch

    made, device = tables(), torch.device("cpu")
    first, again = Sampler(made, 7, 0, device), Sampler(made, 7, 0, device)
    train = np.array([0, 1, 2])
    epochs = [s.epoch(train, 2) for s in (first, again)]
    assert [e.tolist() for e in epochs[0]] == [e.tolist() for e in epochs[1]]
    assert len(epochs[0]) == 1
    for _ in range(5):
        images = np.array([2, 0])
        batch, same = first.draw(images), again.draw(images)
        assert torch.equal(batch.captions, same.captions)
        assert torch.equal(batch.names, same.names)
        for row, image in enumerate(images):
            own = torch.tensor(made.captions[made.caption_image == image]).float()
            assert (batch.captions[row] == own).all(1).any()
        for row, phrase in zip(batch.phrase_row.tolist(), batch.phrases, strict=True):
            of_image = made.phrase_of[made.phrase_image == images[row]]
            assert (phrase == torch.tensor(made.phrases[of_image]).float()).all(1).any()
        assert batch.classes.unique().numel() == 7
        np.testing.assert_array_equal(batch.has_word.numpy(), made.has_word[images])
