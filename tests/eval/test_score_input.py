"""Predictions that are almost right are refused or put right, not scored as something else."""

from __future__ import annotations

import copy
import json
import shutil
import warnings

import numpy as np
import pytest
from car_video.eval.data import rle
from PIL import Image

from car_video.io.palette import davis_palette

from . import builders

FRAMES = 5


@pytest.fixture
def davis(tmp_path):
    return builders.davis(tmp_path / "davis", {"one": 1, "two": 2})


def truth(davis, name):
    paths = sorted((davis / "Annotations/480p" / name).iterdir())
    return [np.array(Image.open(path)) for path in paths]


@pytest.fixture
def score(car_eval, tmp_path, davis):
    """Exit code, message and results of scoring."""

    def run(predictions):
        out = tmp_path / "out"
        shutil.rmtree(out, ignore_errors=True)
        code, _, err = car_eval(
            "score", "ref-davis", "--data", davis, "--predictions", predictions,
            "--out", out, "--quiet",
        )  # fmt: skip
        assert (code == 0) == (out / "results.json").exists()
        return code, err, json.loads((out / "results.json").read_text()) if code == 0 else {}

    return run


def assert_refused(found, *words):
    code, err, _ = found
    assert code == 2
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def own(davis, name, objects):
    """What car-video writes of a folder of pictures: the annotation itself."""
    return {
        "expressions": [f"a {builders.NAMES[k]} square" for k in range(objects)],
        "frames": [
            {
                "index": index,
                "file": f"{index:05d}.png",
                "objects": [
                    {
                        "expression": k,
                        "present": True,
                        "score": 0.9,
                        "segmentation": rle.encode(labels == k + 1),
                    }
                    for k in range(objects)
                ],
            }
            for index, labels in enumerate(truth(davis, name))
        ],
    }


@pytest.fixture
def score_own(davis, tmp_path, score):
    """Scoring of car-video's own files, that of the sequence ``two`` changed."""

    def run(change):
        for name, objects in (("one", 1), ("two", 2)):
            data = own(davis, name, objects)
            if name == "two":
                change(data)
            path = tmp_path / "own" / name / "predictions.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(data))
        return score(tmp_path / "own")

    return run


def each(frames, **changes):
    for frame in frames:
        for key, value in changes.items():
            frame.pop(key) if value is None else frame.update({key: value})


@pytest.mark.parametrize("without", [(), ("file",), ("index",)])
def test_frames_in_another_order_are_put_right(score_own, without):
    def change(data):
        each(data["frames"], **dict.fromkeys(without))
        data["frames"].reverse()

    code, _, results = score_own(change)
    assert code == 0
    assert results["J&F"] == 1.0


def test_frames_without_name_and_index_go_by_their_place(score_own):
    code, _, results = score_own(lambda data: each(data["frames"], file=None, index=None))
    assert code == 0
    assert results["J&F"] == 1.0


def shift(data):
    for frame in data["frames"]:
        frame["index"] += 1
        frame["file"] = f"{frame['index']:05d}.png"


def shift_index_alone(data):
    each(data["frames"], file=None)
    for frame in data["frames"]:
        frame["index"] += 1


def repeat(data):
    data["frames"][1] = copy.deepcopy(data["frames"][2])


def exchange_files(data):
    data["frames"][0]["file"], data["frames"][1]["file"] = "00001.png", "00000.png"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (shift, ["'00005.png' is no frame of the sequence", "--start"]),
        (shift_index_alone, ["frame 5 is beyond"]),
        (repeat, ["frame '00002' twice"]),
        (exchange_files, ["'00001.png' is frame 1", "its index is 0"]),
        (lambda data: data["frames"].pop(3), ["4 frames", "frame '00003' is missing"]),
        (lambda data: data["frames"][2].update(index="2"), ["entry 2", "index '2'"]),
        (lambda data: data.update(frames={"0": data["frames"][0]}), ["must be lists"]),
    ],
)
def test_frames_that_are_not_those_of_the_sequence(score_own, change, words):
    assert_refused(score_own(change), "two/predictions.json", *words)


def every_object(**changes):
    def change(data):
        for frame in data["frames"]:
            for entry in frame["objects"]:
                entry.update(changes)

    return change


def as_text(data):
    for frame in data["frames"]:
        for entry in frame["objects"]:
            entry["expression"] = str(entry["expression"])


def from_one(data):
    for frame in data["frames"]:
        for entry in frame["objects"]:
            entry["expression"] += 1


def drop(frames):
    def change(data):
        for frame in data["frames"][frames]:
            del frame["objects"][1]

    return change


def double(data):
    objects = data["frames"][3]["objects"]
    objects.append({**objects[0], "score": 0.1})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (as_text, ["expression '0' is none"]),
        (from_one, ["frame '00000'", "expression 2 is none", "0 to 1"]),
        (every_object(expression=True), ["expression True"]),
        (every_object(expression=-1), ["expression -1"]),
        (drop(slice(None)), ["frame '00000' has no object of expression 1 'a green square'"]),
        (drop(slice(2, 3)), ["frame '00002' has no object of expression 1"]),
        (double, ["frame '00003' has expression 0 twice"]),
        (every_object(present=None), ["present of expression 0 is None"]),
        (every_object(present="false"), ["present of expression 0 is 'false'"]),
        (every_object(present=1), ["present of expression 0 is 1"]),
        (every_object(score=True), ["score True is no number"]),
    ],
)
def test_objects_that_are_not_as_written_by_car_video(score_own, change, words):
    assert_refused(score_own(change), "two/predictions.json", *words)


def records(davis):
    return [
        {
            "sequence": name,
            "object": k + 1,
            "segmentations": [rle.encode(labels == k + 1) for labels in truth(davis, name)],
        }
        for name, objects in (("one", 1), ("two", 2))
        for k in range(objects)
    ]


@pytest.fixture
def score_records(davis, tmp_path, score):
    count = 0

    def run(change):
        nonlocal count
        count += 1  # a file is read once per process
        data = records(davis)
        change(data)
        path = tmp_path / f"records{count}.json"
        path.write_text(json.dumps(data))
        return score(path)

    return run


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.append({**data[1], "score": 0.1}), ["two records of object 1"]),
        (lambda data: data.pop(1), ["sequence 'two' has no record of object 1"]),
        (lambda data: data[1].update(annotator="annot2"), ["no record of object 1"]),
        (lambda data: data[1].update(sequence="two "), ["no record of object 1"]),
        (lambda data: data[0].update(sequence="one "), ["has no masks for 'one'", "records"]),
    ],
)
def test_records_that_are_left_out_or_there_twice(score_records, change, words):
    found = score_records(change)
    assert_refused(found, *words)
    assert "put PNGs" not in found[1]


def test_records_of_nothing_are_named(score_records):
    def change(data):
        data.append({**data[0], "sequence": "one "})
        data.append({**data[0], "annotator": "annot7"})

    code, _, results = score_records(change)
    assert code == 0
    (warning,) = [text for text in results["warnings"] if "left over" in text]
    assert "'one ' of 'annot1'" in warning
    assert "'one' of 'annot7'" in warning
    assert not any("left over" in w for w in score_records(lambda data: None)[2]["warnings"])


def test_scores_beyond_float32_order_masks_without_a_warning(score_records):
    full = rle.encode(np.ones((40, 64), bool))

    def change(data):
        data[1].update(score=1e300)
        data[2].update(score=1e299, segmentations=[full] * FRAMES)

    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        code, _, results = score_records(change)
    assert code == 0
    assert results["per_sequence"]["two"]["1"]["J"] == 1.0


def test_equal_scores_give_a_pixel_to_the_lower_id(score_records):
    full = rle.encode(np.ones((40, 64), bool))

    def change(data):
        data[2].update(segmentations=[full] * FRAMES)
        data.reverse()

    code, _, results = score_records(change)
    assert code == 0
    assert results["per_sequence"]["two"]["1"]["J"] == 1.0


@pytest.fixture
def pngs(davis, tmp_path):
    shutil.copytree(davis / "Annotations/480p", tmp_path / "pngs")
    return tmp_path / "pngs"


@pytest.mark.parametrize("second", ["two_car/masks", "annot1/two", "anno_0/two"])
def test_two_places_with_masks_of_a_sequence(score, pngs, second):
    shutil.copytree(pngs / "two", pngs / second)
    assert_refused(score(pngs), f"{pngs / second}'", f"{pngs / 'two'}'", "keep one")


def test_a_json_file_beside_a_folder_of_masks(score, pngs):
    (pngs / "two.json").write_text("{}")
    assert_refused(score(pngs), "pngs/two.json'", "pngs/two'")


def test_one_run_may_have_written_json_and_masks(davis, score, tmp_path):
    for name, objects in (("one", 1), ("two", 2)):
        folder = tmp_path / "runs" / name
        shutil.copytree(davis / "Annotations/480p" / name, folder / "masks")
        (folder / "predictions.json").write_text(json.dumps(own(davis, name, objects)))
    assert score(tmp_path / "runs")[2]["J&F"] == 1.0


def test_folders_of_objects_beside_pngs_or_unknown(davis, score, pngs):
    for identity in (1, 2):
        for index, labels in enumerate(truth(davis, "two")):
            path = pngs / f"two/{identity}/{index:05d}.png"
            builders.save_image(path, (labels == identity).astype(np.uint8) * 255)
    assert_refused(score(pngs), "two/00000.png'", "two/1'", "keep one")
    for path in (pngs / "two").glob("*.png"):
        path.unlink()
    assert score(pngs)[2]["J&F"] == 1.0
    shutil.copytree(pngs / "two/1", pngs / "two/3")
    assert_refused(score(pngs), "two/3' is the folder of no object")


def repaint(folder, numbers, colours):
    """Renumber label maps, and give number ``i`` the colour ``colours[i]``."""
    for path in folder.iterdir():
        labels = np.array(numbers, np.uint8)[np.array(Image.open(path))]
        image = Image.fromarray(labels, "L")
        image.putpalette(np.array(colours, np.uint8).tobytes())
        image.save(path)


BLACK, RED, GREEN = davis_palette()[:3].tolist()


@pytest.mark.parametrize(
    ("numbers", "colours"),
    [
        ([0, 1, 2], [BLACK, RED, GREEN]),
        ([0, 2, 1], [BLACK, GREEN, RED]),  # exchanged
        ([2, 1, 0], [GREEN, RED, BLACK]),  # sorted anew
        ([0, 3, 7], [BLACK, BLACK, BLACK, RED, BLACK, BLACK, BLACK, GREEN]),
        ([0, 1, 2], [BLACK, [9, 9, 9], [30, 30, 30]]),  # grey: numbers count
        ([0, 1, 2], [BLACK, [255, 0, 0], [0, 0, 255]]),  # other colours: numbers count
        ([0, 1, 2], [BLACK, RED, RED]),  # one colour for two numbers: numbers count
    ],
)
def test_palettes_with_the_colours_of_davis_go_by_colour(score, pngs, numbers, colours):
    repaint(pngs / "two", numbers, colours)
    code, err, results = score(pngs)
    assert (code, err) == (0, "")
    assert results["J&F"] == 1.0
