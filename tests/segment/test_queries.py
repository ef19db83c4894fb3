"""Which texts compete: duplicates, background words, things only mentioned."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from car_video.config import ExpressionConfig
from car_video.segment.queries import QuerySet, build_queries
from car_video.text.embeddings import TextBank
from tests.segment.fake_model import FakeModel


def build(
    *expressions: str, background: tuple[str, ...] = ("grass", "sky"), **options
) -> QuerySet:
    model = FakeModel()
    return build_queries(
        TextBank(model.encode_text, model.embed_dim),
        expressions,
        background,
        ExpressionConfig(**options),
    )


def test_equal_texts_share_a_query() -> None:
    texts = build("a dog", "a cat", "A  Dog", "a dog", " a CAT ")
    assert texts.texts == ("a dog", "a cat")
    assert len(texts) == 2
    assert texts.parts == ((0,), (1,), (0,), (0,), (1,))
    assert texts.expressions == ("a dog", "a cat", "A Dog", "a dog", "a CAT")


def test_articles_and_full_stops_make_no_other_query() -> None:
    texts = build("a dog", "the dog.", "Dog!", "an old dog", "theatre", "a")
    assert texts.texts == ("a dog", "an old dog", "theatre", "a")
    assert texts.parts == ((0,), (0,), (0,), (1,), (2,), (3,))


def test_embeddings_are_unit_length_blends_of_sentence_and_noun_phrase() -> None:
    model = FakeModel()
    sentence, noun = model.encode_text(["a dog on a mat", "a dog"])
    for weight in (0.0, 0.3, 1.0):
        texts = build("a dog on a mat", noun_weight=weight)
        expected = F.normalize((1 - weight) * sentence + weight * noun, dim=-1)
        torch.testing.assert_close(texts.embeddings[0], expected)
    alone = build("a dog", noun_weight=0.3)  # sentence and noun phrase are one
    torch.testing.assert_close(alone.embeddings[0], noun)


def test_background_words_that_are_named_are_no_rivals() -> None:
    texts = build("the grass", "a man near the bridge", background=("Grass", "sky", "bridge"))
    assert texts.background == ("sky", "bridge"), "the bridge is only mentioned"
    assert build("two bridges", background=("bridge",)).background == ()


def test_things_only_mentioned_oppose_their_own_query_alone() -> None:
    texts = build("a woman near a dog", "a dog", "a man near a car")
    mentioned = ["a dog", "a car"]
    assert texts.opposes.tolist() == [
        [True, True, True, False],
        [True, True, False, False],  # "a dog" is no rival of itself
        [True, True, False, True],
    ]
    model = FakeModel()
    torch.testing.assert_close(texts.rivals, model.encode_text([*texts.background, *mentioned]))


def test_a_mention_that_is_a_background_word_opposes_all() -> None:
    texts = build("a man near grass", "a dog")
    assert texts.background == ("grass", "sky")
    assert len(texts.rivals) == 2
    assert texts.opposes.all()


def test_rivals_can_be_switched_off() -> None:
    texts = build("a man near a car", context_rivals=False)
    assert texts.opposes.shape == (1, 2)
    nothing = build("a man near a car", context_rivals=False, background=())
    assert nothing.rivals.shape == (0, FakeModel.embed_dim)
    assert nothing.opposes.shape == (1, 0)


def test_each_text_is_encoded_once() -> None:
    model = FakeModel()
    bank = TextBank(model.encode_text, model.embed_dim)
    for _ in range(2):
        build_queries(bank, ["a man near a car", "a car"], ("grass",))
    assert sorted(model.texts) == ["a car", "a man", "a man near a car", "grass"]


# Words of place -------------------------------------------------------------------------------

NO_PLACES = (
    "a brown bear walking on rocks",
    "a man facing left",
    "woman in black shirt sits near a computer",
    "the torso of a brown furry teddy bear wearing a red ribbon",
    "two people riding a motorbike on the road",
    "a dog",
)


def test_texts_without_places_are_as_with_the_switch_off() -> None:
    on, off = (build(*NO_PLACES, spatial=spatial) for spatial in (True, False))
    assert on.encoded_texts == on.texts == NO_PLACES
    assert on.places is on.anchors is on.same_kind is None
    for name in ("embeddings", "rivals", "opposes"):
        assert torch.equal(getattr(on, name), getattr(off, name))
    assert (on.background, on.parts) == (off.background, off.parts)


def test_neighbours_with_places_change_no_other_query() -> None:
    """Beside one with a place, a text without has the embedding and rivals that it had."""
    on = build("a man near a car", "the left dog")
    alone = build("a man near a car")
    assert torch.equal(on.embeddings[0], alone.embeddings[0])
    assert on.opposes[0].tolist() == alone.opposes[0].tolist()
    assert on.places is not None
    assert on.places.has_place.tolist() == [False, True]


def test_places_are_taken_out_of_the_text() -> None:
    texts = build("the second dog from the left", "the left dog", "a dog", "a cat", "a cat")
    assert texts.texts[0] == "the second dog from the left"
    assert texts.encoded_texts == ("the dog", "the dog", "a dog", "a cat")
    assert torch.equal(texts.embeddings[0], build("the dog").embeddings[0])
    assert texts.same_kind is not None
    together = {(i, j) for i, j in texts.same_kind.nonzero().tolist() if i < j}
    assert together == {(0, 1), (0, 2), (1, 2)}, "dogs do not oppose each other"
    off = build("the left dog", spatial=False)
    assert off.encoded_texts == ("the left dog",)
    assert off.places is None


def test_what_is_nothing_but_a_place_is_embedded_as_it_is() -> None:
    texts = build("Right")
    assert texts.encoded_texts == ("Right",)
    assert texts.places is not None
    assert texts.places.has_place.all()


def test_what_a_place_is_beside_opposes_it_and_is_looked_for() -> None:
    texts = build("a dog left of the car", "a bus")
    assert texts.encoded_texts == ("a dog", "a bus")
    assert texts.anchors is not None
    assert torch.equal(texts.anchors, FakeModel().encode_text(["the car"]))
    assert texts.opposes.tolist() == [[True, True, True], [True, True, False]]


# Several things in one expression -------------------------------------------------------------


def test_an_expression_of_several_things_has_a_query_for_each() -> None:
    texts = build("the dog and the cat", "a cat", "the dog, the bird and the dog")
    assert texts.expressions == (
        "the dog and the cat",
        "a cat",
        "the dog, the bird and the dog",
    )
    assert texts.texts == ("the dog", "the cat", "the bird")
    assert texts.parts == ((0, 1), (1,), (0, 2)), "equal parts share a query"
    apart = build("the dog", "the cat", "the bird")
    assert torch.equal(texts.embeddings, apart.embeddings)
    off = build("the dog and the cat", conjunctions=False)
    assert off.parts == ((0,),)
    assert off.texts == ("the dog and the cat",)


def test_what_only_asks_for_things_is_not_encoded() -> None:
    texts = build("find the dog and the cat, please")
    assert texts.expressions == ("find the dog and the cat, please",)
    assert texts.texts == ("the dog", "the cat")
    assert build("find the dog", conjunctions=False).texts == ("find the dog",)


def test_places_of_several_things() -> None:
    texts = build("the left dog and the right dog")
    assert texts.texts == ("the left dog", "the right dog")
    assert texts.encoded_texts == ("the dog", "the dog")
    assert texts.places is not None
    assert texts.places.has_place.all()


def test_things_at_opposite_places_are_apart() -> None:
    text = "the man behind the car and the dog in front of it"
    texts = build(text)
    assert texts.parts == ((0, 1),)
    assert texts.encoded_texts == ("the man", "the dog")
    for switch in ("conjunctions", "spatial"):
        assert build(text, **{switch: False}).texts == (text,)


def test_a_thing_and_others_are_several() -> None:
    texts = build(
        "the plate and two others", "the plate", "the plate and the others on the left"
    )
    assert texts.plural is not None
    assert texts.plural.tolist() == [True, False, False], "a place chooses one"


def test_of_equal_texts_the_first_gets_what_is_found() -> None:
    texts = build("a dog", "the dog and the cat", "a dog", "a cat", duplicates="first")
    assert texts.texts == ("a dog", "the dog", "the cat", "a dog", "a cat")
    assert texts.parts == ((0,), (2,), (), ()), "all compete, but each is given out once"


# Things of one kind ---------------------------------------------------------------------------


def of_one_kind(*expressions: str, **options: Any) -> set[tuple[int, int]]:
    same = build(*expressions, **options).same_kind
    if same is None:
        return set()
    assert torch.equal(same, same.T)
    assert not same.diagonal().any()
    return {(i, j) for i, j in same.nonzero().tolist() if i < j}


def test_texts_with_one_head_noun_are_of_one_kind() -> None:
    girls = ("the tall girl", "a girl with a hat", "the girls", "the boy", "her hat")
    assert of_one_kind(*girls) == {(0, 1), (0, 2), (1, 2)}
    assert of_one_kind(*girls, kinds=False) == set()
    assert of_one_kind("the people", "a person in red") == {(0, 1)}


def test_classes_of_a_label_space_are_of_different_kinds() -> None:
    assert of_one_kind("dog", "hot dog", "brown dog") == set()
    assert of_one_kind("dog", "the dog that runs") == set()


def test_what_things_do_is_not_their_kind() -> None:
    assert of_one_kind("the dog runs", "the cat runs", "the brown dog jumps") == {(0, 2)}


def test_things_that_only_places_tell_apart_are_of_one_kind_whatever_the_switch() -> None:
    for kinds in (True, False):
        assert of_one_kind("dog on the left", "right dog", "left cat", kinds=kinds) == {(0, 1)}


def test_queries_know_which_of_them_may_name_one_thing() -> None:
    texts = build("a dog", "the brown dog and the cat")
    assert texts.texts == ("a dog", "the brown dog", "the cat")
    assert texts.may_share.tolist() == [
        [True, True, False],
        [True, True, False],
        [False, False, True],
    ]
