"""Files of any content: either they are read, or one line says what is wrong."""

from __future__ import annotations

import json
import os
import pickle

import numpy as np
import pytest
from car_video.eval.benchmarks import Options, make_benchmark
from car_video.eval.data import coco, expressions, image_predictions, refer, rle
from car_video.eval.data.own_json import from_own_json
from car_video.eval.data.rle_records import from_records, load_records, sequence_records
from car_video.eval.data.videos import Video
from car_video.eval.data.wanted import Place, Wanted
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from car_video.errors import DataError

from .. import builders

KEYS = st.sampled_from(
    ["videos", "frames", "expressions", "exp", "obj_id", "anno_id", "sequence", "object", "id",
     "segmentations", "segmentation", "size", "counts", "images", "annotations", "image_id",
     "category_id", "categories", "split", "ann_id", "ref_id", "sentences", "sent_id", "raw",
     "image", "mask", "expression", "dataset", "file_name", "objects", "present", "score",
     "name", "height", "width", "one", "0"]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 300), st.floats(), st.text(max_size=4),
    st.sampled_from(["one", "val", "../x", "a red square"]),
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=14,
)
FUZZ = settings(
    deadline=None,
    max_examples=int(os.environ.get("FUZZ", "40")),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def assert_read_or_refused(read, *arguments) -> None:
    """Any result is fine; any error is a DataError of one line."""
    message = ""
    try:
        read(*arguments)
    except DataError as error:
        message = str(error)
    assert "\n" not in message


def places(value, path=()):
    """Paths to every part of a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for key, part in inner:
        yield from places(part, (*path, key))


def replaced(value, path, new):
    """A copy of a JSON value with one part replaced."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def wanted() -> Wanted:
    video = Video("one", ("0", "1"), (), None)
    return Wanted(video, (3, 4), (1,), ("a red square",))


@FUZZ
@given(JSON)
def test_json_readers(tmp_path, value):
    path = tmp_path / "meta_expressions.json"
    path.write_text(json.dumps(value))
    assert_read_or_refused(expressions.read_meta, path)
    assert_read_or_refused(expressions.ref_davis_expressions, tmp_path)
    assert_read_or_refused(coco.read_coco, path)
    assert_read_or_refused(from_own_json, path, wanted())


@FUZZ
@given(st.lists(st.dictionaries(KEYS, JSON, max_size=5), max_size=3))
def test_lists_of_records(tmp_path, records):
    path = tmp_path / "triples.json"
    path.write_text(json.dumps(records))
    load_records.cache_clear()
    image_predictions._by_id.cache_clear()
    image_predictions._by_image.cache_clear()
    assert_read_or_refused(
        lambda: from_records(path, sequence_records(path, Place("a", True), "one"), wanted())
    )
    assert_read_or_refused(image_predictions.read_mask, path, ["one"], (3, 4))
    assert_read_or_refused(image_predictions.coco_results, path, 1)
    assert_read_or_refused(refer.read_refer, tmp_path, "refs")


@FUZZ
@given(JSON)
def test_frames_of_own_json(tmp_path, objects):
    path = tmp_path / "predictions.json"
    frames = [{"objects": objects}, {"objects": [{"expression": 0, "segmentation": objects}]}]
    path.write_text(json.dumps({"expressions": ["a red square"], "frames": frames}))
    assert_read_or_refused(from_own_json, path, wanted())


def video_json(root):
    """(file, reader) of each JSON file that a video benchmark reads."""
    data = builders.youtube_vos(root / "valid_u", truth=False)
    meta = json.loads((data / "meta_expressions.json").read_text())
    mask = rle.encode(np.eye(40, 64, dtype=bool))
    for video in meta["videos"].values():
        for expression in video["expressions"].values():
            expression["anno_id"] = [0]
    (data / "meta_expressions.json").write_text(json.dumps(meta))
    (data / "mask_dict.json").write_text(json.dumps({"0": [mask, None, mask, mask]}))
    for item in make_benchmark("mevis", root, Options()).items():
        for frame in item.payload.video.frames:
            builders.save_labels(root / "p" / item.key / f"{frame}.png", np.zeros((40, 64)))

    def read():
        bench = make_benchmark("mevis", root, Options())
        for item in bench.items():
            bench.score(item, root / "p")

    return [data / "meta_expressions.json", data / "mask_dict.json"], read


def image_json(root):
    data = builders.grefer(root)

    def read():
        for referent in refer.read_refer(root, "grefs"):
            referent.target()

    return [data / "grefs(unc).json", data / "instances.json"], read


def sequence_json(root):
    mask = rle.encode(np.eye(3, 4, dtype=bool))
    own = {
        "expressions": ["x", "a red square"],
        "frames": [
            {
                "objects": [
                    {"expression": 1, "present": True, "score": 0.4, "segmentation": mask}
                ]
            }
        ]
        * 2,
    }
    records = [{"sequence": "one", "object": 1, "score": 0.5, "segmentations": [mask, None]}]
    (root / "predictions.json").write_text(json.dumps(own))
    (root / "records.json").write_text(json.dumps(records))

    def read():
        load_records.cache_clear()
        from_own_json(root / "predictions.json", wanted())
        path = root / "records.json"
        from_records(path, sequence_records(path, Place("a", True), "one"), wanted())

    return [root / "predictions.json", root / "records.json"], read


@pytest.mark.parametrize("make", [video_json, image_json, sequence_json])
@settings(FUZZ, max_examples=FUZZ.max_examples // 2)  # of each of two files
@given(st.data())
def test_good_files_with_one_part_replaced(tmp_path_factory, make, data):
    root = tmp_path_factory.mktemp("fuzz")
    files, read = make(root)
    read()
    path = data.draw(st.sampled_from(files))
    value = json.loads(path.read_text())
    place = data.draw(st.sampled_from(list(places(value))))
    path.write_text(json.dumps(replaced(value, place, data.draw(JSON))))
    assert_read_or_refused(read)


@FUZZ
@given(JSON, st.integers(0, 3))
@example(float("inf"), 0)
@example(float("inf"), 1)
def test_referring_pickles(tmp_path, value, where):
    data = tmp_path / "refer"
    if not data.exists():
        builders.refer(data)
    path = data / "refcoco/refs(unc).p"
    good = {
        "split": "val", "ann_id": 11, "image_id": 1, "ref_id": 1,
        "sentences": [{"sent_id": 1, "raw": "x"}],
    }  # fmt: skip
    key = ["ann_id", "image_id", "sentences", "split"][where]
    path.write_bytes(pickle.dumps([good, {**good, "ref_id": 2, key: value}]))
    assert_read_or_refused(refer.read_refer, data, "refs")


@FUZZ
@given(st.binary(max_size=60))
def test_bytes(tmp_path, data):
    folder = tmp_path / "davis_text_annotations"
    folder.mkdir(exist_ok=True)
    (folder / "Davis17_annot1.txt").write_bytes(data)
    assert_read_or_refused(expressions.ref_davis_expressions, tmp_path)


@pytest.mark.parametrize("cut", [0, 1, 20, 50, 80])
@pytest.mark.parametrize("flip", [None, 9, 30])
def test_damaged_pngs(tmp_path, cut, flip):
    data = builders.davis(tmp_path / "davis", {"one": 1})
    path = data / "Annotations/480p/one/00001.png"
    content = bytearray(path.read_bytes()[: cut or None])
    if flip is not None and flip < len(content):
        content[flip] ^= 0xFF
    path.write_bytes(bytes(content))
    bench = make_benchmark("ref-davis", data, Options())
    (item,) = bench.items()
    assert_read_or_refused(bench.score, item, data / "Annotations/480p")


def test_a_list_that_is_not_text(tmp_path):
    data = builders.davis(tmp_path / "davis", {"one": 1})
    (data / "ImageSets/2017/val.txt").write_bytes(np.arange(128, 255, dtype=np.uint8).tobytes())
    with pytest.raises(DataError, match="not UTF-8"):
        make_benchmark("ref-davis", data, Options()).items()
