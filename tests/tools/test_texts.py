"""Tables of texts: labels, near words, class names, the file."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.build_lite.batches import Sampler, disjoint, grouped
from tools.build_lite.parser import Parsed, Phrase
from tools.build_lite.photos import Captioned
from tools.build_lite.recipe import Recipe
from tools.build_lite.texts import (
    NOUN_TEMPLATES,
    TextTables,
    class_names,
    close_words,
    make_tables,
)
from tools.build_lite.wordnet import ClassNouns, Nouns, Synset

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


def test_close_words() -> None:
    table = np.array([[1, 0], [0.9, 0.2], [0, 1], [-1, 0]], np.float32)[:, None]
    table /= np.linalg.norm(table, axis=-1, keepdims=True)
    close = close_words(table, 0.55)
    assert close[0].tolist() == [True, True, False, False]
    np.testing.assert_array_equal(close, close.T)


def test_class_names() -> None:
    texts, classes = class_names(2)
    assert len(texts) == len(classes)
    assert set(classes.tolist()) == set(range(1000))
    assert texts[: len(NOUN_TEMPLATES)] == [t.format("tench") for t in NOUN_TEMPLATES]
    assert np.bincount(classes).max() == 2 * len(NOUN_TEMPLATES)
    goldfish = [text for text, c in zip(texts, classes, strict=True) if c == 1]
    assert "a photo of a goldfish" in goldfish


NOUNS = Nouns(
    {1: Synset(("animal",), ()), 2: Synset(("dog",), (1,)), 3: Synset(("person",), ())},
    {"animal": ((1, 1),), "dog": ((2, 1),), "person": ((3, 1),)},
)


def parsed() -> list[Parsed]:
    """The captions' nouns, each with its article, as a parser would find them."""
    found = []
    for caption in captioned().captions:
        text = caption.replace("two dogs", "two dog").replace("a red ball", "red ball")
        words = text.split()
        heads = [word for word in words if word in ("dog", "grass", "man", "boy", "ball")]
        heads += [word for word in words if word in ("house", "snow")]
        phrases = tuple(Phrase(f"a {head}", head, "") for head in heads)
        found.append(Parsed(phrases, tuple(sorted(set(heads)))))
    return found


def tables() -> TextTables:
    recipe = Recipe(word_minimum=1, phrase_minimum=1, names_per_class=1, widest_noun=2)
    classes = ClassNouns(NOUNS, (2, 1))
    train = np.array([0, 1, 2])
    return make_tables(captioned(), parsed(), train, classes, recipe, embed, lambda line: None)


def test_tables_hold_what_belongs_together(tmp_path: Path) -> None:
    made = tables()
    made.write(tmp_path / "texts.npz")
    read = TextTables.read(tmp_path / "texts.npz")
    for name in ("captions", "phrase_of", "words", "has_word", "ignore_word", "names"):
        np.testing.assert_array_equal(getattr(read, name), getattr(made, name))
    assert not (read.has_word & read.ignore_word).any()
    assert sorted(read.words) == "ball boy dog grass house human man person snow".split()
    assert set(read.phrase_image.tolist()) == {0, 1, 2}  # picture 3 is held out
    np.testing.assert_allclose(read.captions[1], embed(["two dogs"])[0], atol=1e-3)
    boy = embed(["a boy"])[0].astype(np.float16)
    places = [k for k, row in enumerate(read.phrases) if np.array_equal(row, boy)]
    assert read.phrase_image[np.isin(read.phrase_of, places)].tolist() == [1]
    person = read.words.tolist().index("person")
    man = read.words.tolist().index("man")
    assert read.has_word[1, [person, man]].all()
    assert not read.ignore_word[0, [person, man]].any()
    assert read.nouns.tolist() == ["animal", "dog"]
    assert read.noun_classes.tolist() == [[True, True], [True, False]]
    expected = embed(["dog", "a photo of a dog"])
    np.testing.assert_allclose(read.noun_embeddings[1], expected, atol=1e-3)


def test_rare_phrases_are_left_out() -> None:
    recipe = Recipe(word_minimum=1, phrase_minimum=2)
    classes = ClassNouns(NOUNS, (2, 1))
    made = make_tables(
        captioned(), parsed(), np.arange(3), classes, recipe, embed, lambda line: None
    )
    expected = embed(["a dog", "a grass"])
    np.testing.assert_allclose(made.phrases, expected, atol=1e-3)
    assert made.phrase_of.max() == 1
    assert len(made.phrase_of) == len(made.phrase_image) == 5


def test_kinds_are_not_said_to_be_absent() -> None:
    made = tables()
    words = made.words.tolist()
    boy, man = words.index("boy"), words.index("man")
    has = made.has_word
    assert (made.ignore_word | has)[has[:, boy] | has[:, man]][:, [boy, man]].all()


def test_grouped() -> None:
    groups = grouped(np.array([2, 0, 2, 3]), 5)
    assert [g.tolist() for g in groups] == [[1], [], [0, 2], [3], []]


def test_batches_are_seeded_and_belong_to_their_pictures() -> None:
    import torch

    made, device = tables(), torch.device("cpu")
    recipe = Recipe(classes_per_step=7, nouns_per_step=5, words_per_step=4)
    first, again = Sampler(made, recipe, device), Sampler(made, recipe, device)
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
        assert batch.has_word.shape == batch.ignore_word.shape == (2, 4)
        for column, word in enumerate(batch.words):
            places = (made.word_embeddings == word.numpy().astype(np.float16)).all(-1).any(-1)
            (row,) = np.flatnonzero(places)
            has = torch.from_numpy(made.has_word[images, row])
            assert torch.equal(batch.has_word[:, column], has)
        assert (batch.noun_classes.sum(0) <= 1).all()
        assert len(batch.nouns) == len(batch.noun_classes) == 1  # animal holds the dog


def test_words_of_the_pictures_come_before_others() -> None:
    import torch

    sampler = Sampler(tables(), Recipe(words_per_step=5), torch.device("cpu"))
    for _ in range(5):
        batch = sampler.draw(np.array([1]))
        assert batch.has_word.sum() == 5  # man, person, human, dog, boy; ball is left out


def test_disjoint_nouns() -> None:
    members = [0b0001, 0b0011, 0b0100, 0b1111, 0b1000]
    assert disjoint(np.array([0, 1, 2, 3, 4]), members, 9) == [0, 2, 4]
    assert disjoint(np.array([3, 0, 1]), members, 9) == [3]
    assert disjoint(np.array([1, 4, 2]), members, 2) == [1, 4]
