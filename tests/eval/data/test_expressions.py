from __future__ import annotations

import json

import pytest
from car_video.eval.data.expressions import read_meta, read_text_file, ref_davis_expressions

from car_video.errors import DataError


def text_file(folder, content: bytes):
    path = folder / "davis_text_annotations" / "Davis17_annot1.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def meta_file(folder, videos):
    path = folder / "meta_expressions.json"
    path.write_text(json.dumps({"videos": videos}))
    return path


def test_lines_quirks_and_encodings(tmp_path):
    path = text_file(
        tmp_path,
        b'bear 1 "a brown  bear"\r\n'
        b"\n"
        b'clasic-car 1 "a car"\n'
        b'dog-scale 2 "a caf\xe9 dog"\n'
        b"motor-bike 1 no quotes\n"
        b'goat 1 "the goat\x92s horn\n',
    )
    assert read_text_file(path) == {
        "bear": {1: "a brown bear"},
        "classic-car": {1: "a car"},
        "dogs-scale": {2: "a café dog"},
        "motorbike": {1: "no quotes"},
        "goat": {1: "the goat's horn"},
    }


def test_utf8_files_are_read_as_such(tmp_path):
    path = text_file(tmp_path, "bear 1 “the café”\n".encode())
    assert read_text_file(path) == {"bear": {1: "the café"}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'bear one "x"\n', ["annot1.txt:1", "sequence object"]),
        (b'bear 1 "x"\nbear\n', ["annot1.txt:2"]),
        (b'bear 0 "x"\n', ["annot1.txt:1"]),
        (b'bear 1 ""\n', ["annot1.txt:1", "empty expression"]),
        (b"bear 1\n", ["empty expression"]),
        (b'bear 1 "x"\nbear 1 "y"\n', ["annot1.txt:2", "duplicate"]),
    ],
)
def test_bad_lines_are_named(tmp_path, content, words):
    with pytest.raises(DataError) as info:
        read_text_file(text_file(tmp_path, content))
    assert all(word in str(info.value) for word in words)


def test_the_json_form_is_split_by_annotator(tmp_path):
    expressions = {
        str(i): {"exp": f"object {i // 4 + 1} by {i % 4}", "obj_id": str(i // 4 + 1)}
        for i in range(8)
    }
    meta_file(tmp_path, {"bear": {"expressions": expressions, "frames": ["00000"]}})
    found = ref_davis_expressions(tmp_path)
    assert list(found) == ["annot1", "annot1_full_video", "annot2", "annot2_full_video"]
    assert found["annot2"] == {"bear": {1: "object 1 by 2", 2: "object 2 by 2"}}


def test_text_files_win_over_the_json_form(tmp_path):
    text_file(tmp_path, b'bear 1 "from text"\n')
    meta_file(tmp_path, {"bear": {"expressions": {}, "frames": []}})
    assert ref_davis_expressions(tmp_path) == {"annot1": {"bear": {1: "from text"}}}


def test_mixed_annotators_are_named(tmp_path):
    expressions = {
        "0": {"exp": "a", "obj_id": 1},
        "1": {"exp": "b", "obj_id": 1},
        "2": {"exp": "c", "obj_id": 2},
    }
    meta_file(tmp_path, {"bear": {"expressions": expressions, "frames": []}})
    with pytest.raises(DataError, match="mixed annotators: object 2 of 'bear' has 1"):
        ref_davis_expressions(tmp_path)


@pytest.mark.parametrize(
    ("videos", "word"),
    [
        ([], "want"),
        ({"bear": {"frames": []}}, "malformed"),
        ({"bear": {"frames": [], "expressions": {"0": {}}}}, "malformed"),
        ({"bear": {"frames": [], "expressions": {"0": {"exp": " "}}}}, "empty"),
        (
            {"bear": {"frames": [], "expressions": {"0": {"exp": "a", "obj_id": "x"}}}},
            "malformed",
        ),
    ],
)
def test_bad_json_forms(tmp_path, videos, word):
    with pytest.raises(DataError, match=word):
        read_meta(meta_file(tmp_path, videos))


def test_no_expressions_and_none_inside(tmp_path):
    with pytest.raises(DataError, match="no expressions"):
        ref_davis_expressions(tmp_path)
    meta_file(tmp_path, {})
    with pytest.raises(DataError, match="holds no expressions"):
        ref_davis_expressions(tmp_path)


def test_development_set(shared_data):
    found = ref_davis_expressions(shared_data / "ref-davis-dev")
    assert list(found) == ["annot1"]
    assert len(found["annot1"]) == 12
    meta = read_meta(shared_data / "ref-davis-dev" / "meta_expressions.json")
    assert {n: {1: video.expressions[0].text} for n, video in meta.items()} == found["annot1"]
