from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.errors import CarVideoError
from car_video.io.rle import decode_rle
from car_video.serve.messages import (
    ClientMessage,
    FrameLabel,
    answer_message,
    error_message,
    parse_message,
)
from car_video.types import FramePrediction


def test_messages_are_understood():
    text = '{"expressions": [" a  dog "], "keep": "all", "frame": {"id": "x", "time": 2}}'
    assert parse_message(text) == ClientMessage(("a dog",), True, FrameLabel("x", 2.0))
    assert parse_message('{"stats": true, "keep": "newest"}') == ClientMessage(
        keep_all=False, stats=True
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "JSON object"),
        ("{}", "JSON object"),
        ('{"expression": ["a"]}', "unknown key 'expression'"),
        ('{"expressions": "a dog"}', "list of texts"),
        ('{"expressions": [1]}', "list of texts"),
        ('{"expressions": []}', "no expression"),
        ('{"expressions": [" "]}', "empty"),
        (json.dumps({"expressions": ["a"] * 101}), "100 at most"),
        ('{"keep": "some"}', "'all' or 'newest'"),
        ('{"keep": ["all"]}', "'all' or 'newest'"),
        ('{"stats": 1}', "true or false"),
        ('{"frame": 3}', "id, time or both"),
        ('{"frame": {"id": 1.5}}', "whole number"),
        ('{"frame": {"id": true}}', "whole number"),
        ('{"frame": {"time": NaN}}', "seconds"),
        ('{"frame": {"time": true}}', "seconds"),
        ('{"frame": {"time": "1"}}', "seconds"),
    ],
)
def test_what_is_wrong_is_said(text, said):
    with pytest.raises(CarVideoError, match=said):
        parse_message(text)


@settings(max_examples=40)
@given(
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda s: (
            st.lists(s, max_size=3)
            | st.dictionaries(
                st.sampled_from(["expressions", "keep", "frame", "stats", "id", "time", "x"]),
                s,
                max_size=4,
            )
        ),
        max_leaves=8,
    ).map(json.dumps)
)
def test_any_text_is_a_message_or_an_error_of_ours(text):
    try:
        found = parse_message(text)
    except CarVideoError:
        return
    assert found != ClientMessage() or "null" in text


@pytest.mark.parametrize("queries", [0, 1, 3])
def test_answers_hold_masks_to_the_pixel(queries):
    random = np.random.default_rng(queries)
    masks = random.random((queries, 5, 7)) > 0.5
    found = FramePrediction(
        4,
        1.5,
        tuple("abc"[:queries]),
        masks,
        random.random(queries).astype(np.float32),
        masks.any((1, 2)),
    )
    answer = json.loads(answer_message(found, FrameLabel(), 0.25, 2))
    assert (answer["type"], answer["id"], answer["time"], answer["size"]) == (
        "answer",
        4,
        1.5,
        [5, 7],
    )
    assert (answer["latency"], answer["dropped"]) == (0.25, 2)
    for place, one in enumerate(answer["objects"]):
        np.testing.assert_array_equal(decode_rle(one["segmentation"]), masks[place])
        assert one["bbox"] == found.boxes()[place].tolist()
        assert one["expression"] == found.expressions[place]
    assert len(answer["objects"]) == queries


def test_ids_of_the_client_come_back():
    found = FramePrediction(
        4, 0.0, (), np.zeros((0, 2, 2), bool), np.zeros(0, np.float32), np.zeros(0, bool)
    )
    assert json.loads(answer_message(found, FrameLabel(0), 0, 0))["id"] == 0
    assert json.loads(error_message("no", FrameLabel("x")))["id"] == "x"
    assert "id" not in json.loads(error_message("no", FrameLabel()))
