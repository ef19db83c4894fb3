"""Bad data and predictions: one line that names file and remedy, exit code 2, no results."""

from __future__ import annotations

import json
import os
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from . import builders


@pytest.fixture
def davis(tmp_path):
    return builders.davis(tmp_path / "davis", {"one": 1, "two": 2})


@pytest.fixture
def masks(davis, tmp_path):
    """Perfect predictions: the annotation itself, in the flat layout."""
    shutil.copytree(davis / "Annotations/480p", tmp_path / "masks")
    return tmp_path / "masks"


def refused(run, tmp_path, *arguments) -> str:
    out = tmp_path / "refused"
    code, printed, err = run(*arguments, "--out", out, "--quiet")
    assert code == 2
    assert printed == ""
    assert err.startswith("error: ")
    assert "Traceback" not in err
    assert not list(out.glob("*")) or not (out / "results.json").exists()
    return err


@pytest.fixture
def score(car_eval, tmp_path, davis):
    def run(predictions, *more) -> str:
        return refused(
            car_eval, tmp_path, "score", "ref-davis", "--data", davis, "--predictions",
            predictions, *more,
        )  # fmt: skip

    return run


def test_good_predictions_pass(car_eval, tmp_path, davis, masks):
    arguments = ["score", "ref-davis", "--data", davis, "--predictions", masks]
    assert car_eval(*arguments, "--out", tmp_path / "o")[0] == 0


def test_missing_predicted_frame(score, masks):
    (masks / "two/00003.png").unlink()
    err = score(masks)
    assert err.count("\n") == 1
    assert "two/00003.png' is missing" in err


def test_two_bad_files_are_two_lines(score, masks):
    (masks / "two/00003.png").unlink()
    (masks / "one/00001.png").unlink()
    assert score(masks).count("error: ") == 2


def test_masks_of_another_size(score, masks):
    builders.save_labels(masks / "one/00002.png", np.zeros((20, 32), np.uint8))
    err = score(masks)
    assert "one/00002.png' is 32x20, the annotation 64x40" in err
    assert "resize" in err


def test_unknown_object_ids(score, masks):
    labels = np.zeros((40, 64), np.uint8)
    labels[3, 3] = 7
    builders.save_labels(masks / "two/00000.png", labels)
    assert "unknown object id 7, the annotation has 1, 2" in score(masks)


def test_binary_masks_for_two_objects(score, masks):
    Image.fromarray(np.full((40, 64), 255, np.uint8)).save(masks / "two/00000.png")
    assert "unknown object id 255" in score(masks)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "I;16"])
def test_png_of_the_wrong_mode(score, masks, mode):
    Image.new(mode, (64, 40)).save(masks / "one/00000.png")
    err = score(masks)
    assert f"mode {mode}" in err
    assert "palette or 8-bit grey" in err


def test_a_png_that_is_none(score, masks):
    (masks / "one/00000.png").write_text("no picture")
    assert "cannot decode" in score(masks)


def test_truncated_png(score, masks):
    path = masks / "one/00000.png"
    path.write_bytes(path.read_bytes()[:60])
    assert "cannot decode" in score(masks)


def test_predictions_of_another_data_set(score, tmp_path):
    other = tmp_path / "other"
    builders.save_labels(other / "bike/00000.png", np.zeros((40, 64), np.uint8))
    assert "is it of another data set?" in score(other)
    assert "do not exist" in score(tmp_path / "nowhere")


def test_predictions_without_a_sequence(score, masks):
    shutil.rmtree(masks / "one")
    err = score(masks)
    assert "no prediction for 'annot1/one'" in err
    assert "--sequences" in err


def test_flat_predictions_for_several_annotators(car_eval, tmp_path):
    data = builders.davis(tmp_path / "d2", {"one": 1}, annotators=("annot1", "annot2"))
    shutil.copytree(data / "Annotations/480p", tmp_path / "flat")
    arguments = ["score", "ref-davis", "--data", data, "--predictions", tmp_path / "flat"]
    assert "annot1/one" in refused(car_eval, tmp_path, *arguments)
    code, _, _ = car_eval(*arguments, "--annotators", "annot2", "--out", tmp_path / "o")
    assert code == 0
    assert "annot9" in refused(car_eval, tmp_path, *arguments, "--annotators", "annot9")


def test_predictions_json_of_other_sentences_and_lengths(score, tmp_path):
    path = tmp_path / "json/one/predictions.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"expressions": ["a dog"], "frames": [{"objects": []}] * 5}))
    (tmp_path / "json/two.json").write_text("{}")
    err = score(tmp_path / "json", "--sequences", "one")
    assert "has no expression 'a red square' (object 1)" in err
    path.write_text(json.dumps({"expressions": ["a red square"], "frames": []}))
    assert "0 frames" in score(tmp_path / "json", "--sequences", "one")
    assert "is no predictions.json" in score(tmp_path / "json", "--sequences", "two")


@pytest.mark.parametrize(
    ("record", "word"),
    [
        ({"sequence": "one", "object": 4, "segmentations": [None] * 5}, "unknown object id 4"),
        ({"sequence": "one", "object": 1, "segmentations": [None]}, "1 frames"),
        ({"sequence": "one", "object": "x", "segmentations": []}, "malformed"),
        (
            {
                "sequence": "one",
                "object": 1,
                "score": float("nan"),
                "segmentations": [None] * 5,
            },
            "score nan is not finite",
        ),
        (
            {
                "sequence": "one",
                "object": 1,
                "segmentations": [{"size": [4, 4], "counts": [16]}] + [None] * 4,
            },
            "4x4 for a picture of 64x40",
        ),
    ],
)
def test_bad_rle_records(score, tmp_path, record, word):
    (tmp_path / "r.json").write_text(json.dumps([record]))
    assert word in score(tmp_path / "r.json", "--sequences", "one")


def test_a_json_file_of_another_form(score, tmp_path):
    (tmp_path / "r.json").write_text('{"a": 1}')
    assert "not a JSON list" in score(tmp_path / "r.json")
    (tmp_path / "r.json").write_text('{"images": [], "annotations": []}')
    assert "the list under 'annotations' alone" in score(tmp_path / "r.json")


FLAT, BOX = [3, 4, 14, 4, 14, 15, 3, 15], [3, 4, 11, 11]


@pytest.mark.parametrize(
    ("segmentation", "word"),
    [(FLAT, "a flat polygon"), (BOX, "a box"), ([BOX], "a box"), ([[FLAT]], "nested too deep")],
)
@pytest.mark.parametrize("form", ["refcoco", "ref-davis", "coco-object"])
def test_polygons_and_boxes_out_of_place_are_refused(
    car_eval, tmp_path, davis, form, segmentation, word
):
    """They were scored as empty masks: a wrong number and exit code 0."""
    record = {
        "refcoco": {"sent_id": 110, "segmentation": segmentation},
        "ref-davis": {"sequence": "one", "object": 1, "segmentations": [segmentation] * 5},
        "coco-object": {"image_id": 1, "category_id": 1, "segmentation": segmentation},
    }[form]
    data = {"refcoco": builders.refer, "coco-object": builders.coco_object}
    root = davis if form == "ref-davis" else data[form](tmp_path / form)
    (tmp_path / "r.json").write_text(json.dumps([record]))
    err = refused(
        car_eval, tmp_path, "score", form, "--data", root, "--predictions",
        tmp_path / "r.json", *(["--sequences", "one"] if form == "ref-davis" else []),
    )  # fmt: skip
    assert word in err


def test_a_record_without_a_segmentation_is_no_empty_mask(car_eval, tmp_path):
    data = builders.refer(tmp_path / "refer")
    (tmp_path / "r.json").write_text(json.dumps([{"sent_id": 110, "mask": [FLAT]}]))
    arguments = ["refcoco", "--data", data, "--predictions", tmp_path / "r.json"]
    err = refused(car_eval, tmp_path, "score", *arguments)
    assert "no entry 'segmentation', only sent_id, mask" in err


@pytest.mark.parametrize(
    ("record", "word"),
    [
        ({"sent_id": 110, "score": float("nan")}, "id '110': score nan is not finite"),
        ({"image_id": 1, "category_id": 1}, "record 0 has no 'id' or 'sent_id'"),
    ],
)
def test_records_of_expressions_with_other_entries(car_eval, tmp_path, record, word):
    data = builders.refer(tmp_path / "refer")
    (tmp_path / "r.json").write_text(json.dumps([{"segmentation": [FLAT], **record}]))
    arguments = ["refcoco", "--data", data, "--predictions", tmp_path / "r.json"]
    assert word in refused(car_eval, tmp_path, "score", *arguments)


@pytest.mark.parametrize("changed", [{"score": float("nan")}, {"image_id": 1.5}])
def test_coco_results_with_numbers_that_are_none(car_eval, tmp_path, changed):
    data = builders.coco_object(tmp_path / "coco")
    record = {"image_id": 1, "category_id": 1, "segmentation": [FLAT], "score": 0.5} | changed
    (tmp_path / "r.json").write_text(json.dumps([record]))
    arguments = ["coco-object", "--data", data, "--predictions", tmp_path / "r.json"]
    assert "no COCO results file" in refused(car_eval, tmp_path, "score", *arguments)


LITTER = ("._00000.png", "._00000.jpg", "._val.txt", ".DS_Store", "Thumbs.db", "desktop.ini")


def scatter(root):
    """What macOS, Windows and a Synology leave in every folder."""
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for folder in folders:
        for name in LITTER:
            (folder / name).write_bytes(b"\0\5\x16\7Mac OS X")
        for name in ("@eaDir", "__MACOSX"):
            (folder / name).mkdir()
            (folder / name / "00000.png").write_bytes(b"no picture")


@pytest.mark.parametrize("name", ["ref-davis", "ref-youtube-vos", "refcoco", "voc", "ade"])
def test_what_systems_leave_in_folders_does_not_count(car_eval, tmp_path, name):
    make = {"ref-davis": builders.davis, "ref-youtube-vos": builders.youtube_vos}
    make |= {"refcoco": builders.refer, "voc": builders.voc, "ade": builders.ade}
    data = make[name](tmp_path / "data")
    assert car_eval(name, "--data", data, "--out", tmp_path / "clean")[0] == 0
    if name == "ref-davis":
        shutil.rmtree(data / "ImageSets")
    scatter(data)
    scatter(tmp_path / "clean" / "predictions")
    code, _, err = car_eval(
        "score", name, "--data", data, "--predictions", tmp_path / "clean" / "predictions",
        "--out", tmp_path / "o",
    )  # fmt: skip
    assert (code, err) == (0, "")
    numbers = [
        json.loads((tmp_path / out / "results.json").read_text()) for out in ("clean", "o")
    ]
    assert numbers[0]["items"] == numbers[1]["items"]
    keys = [key for key in ("J&F", "mIoU", "protocols", "per_sequence") if key in numbers[0]]
    assert keys
    assert [numbers[0][key] for key in keys] == [numbers[1][key] for key in keys]


def test_the_annotation_of_davis_2016_is_one_object(car_eval, tmp_path):
    """0 and 255: DAVIS 2017 calls 255 void, but a sequence of nothing else has one object."""
    data = builders.davis(tmp_path / "d16", {"one": 1})
    for path in (data / "Annotations/480p/one").iterdir():
        Image.fromarray((np.array(Image.open(path)) > 0).astype(np.uint8) * 255).save(path)
    assert car_eval("ref-davis", "--data", data, "--out", tmp_path / "o")[0] == 0
    assert json.loads((tmp_path / "o/results.json").read_text())["J&F"] == 1.0
    arguments = ["--data", data, "--predictions", data / "Annotations/480p"]
    assert car_eval("score", "ref-davis", *arguments, "--out", tmp_path / "s")[0] == 0
    assert json.loads((tmp_path / "s/results.json").read_text())["J&F"] == 1.0


def test_an_expression_for_an_object_that_is_not_annotated(car_eval, tmp_path):
    data = builders.youtube_vos(tmp_path / "yt")
    assert car_eval("ref-youtube-vos", "--data", data, "--out", tmp_path / "o")[0] == 0
    path = data / "meta_expressions.json"
    path.write_text(path.read_text().replace('"obj_id": "2"', '"obj_id": "7"'))
    arguments = ["--data", data, "--predictions", tmp_path / "o/predictions"]
    err = refused(car_eval, tmp_path, "score", "ref-youtube-vos", *arguments)
    assert "expression 1 of 'v1' names object 7, its annotation holds 1, 2" in err


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda d: (d / "JPEGImages/480p/one/00002.png").unlink(), "no picture"),
        (lambda d: (d / "Annotations/480p/one/00002.png").unlink(), "annotation"),
        (lambda d: shutil.rmtree(d / "JPEGImages/480p/one"), "sequence 'one'"),
        (lambda d: shutil.rmtree(d / "Annotations"), "no DAVIS-2017 folder"),
        (lambda d: (d / "ImageSets/2017/val.txt").write_text(""), "val.txt"),
        (lambda d: (d / "ImageSets/2017/val.txt").write_text("one\none\n"), "twice"),
        (lambda d: (d / "ImageSets/2017/val.txt").write_text("../one\n"), "refused path"),
        (lambda d: (d / "ImageSets/2017/val.txt").write_text("/etc\n"), "refused path"),
        (lambda d: shutil.rmtree(d / "davis_text_annotations"), "no expressions"),
    ],
)
def test_damaged_davis_folders(car_eval, tmp_path, davis, damage, word):
    damage(davis)
    assert word in refused(car_eval, tmp_path, "ref-davis", "--data", davis)


def expressions(davis, *lines):
    path = davis / "davis_text_annotations/Davis17_annot1.txt"
    path.write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        (['one 1 "a"', 'two 1 "a"'], "mixed annotators: annot1 has no expression for object 2"),
        (['one 1 "a"', 'two 1 "a"', 'two 2 "b"', 'two 3 "c"'], "unknown object id 3 of 'two'"),
        (['one 1 "a"', 'two 1 "a"', 'two 2 ""'], "empty expression"),
        (['one 1 "a"', 'one 1 "a"'], "duplicate"),
    ],
)
def test_bad_expression_files(car_eval, tmp_path, davis, lines, word):
    expressions(davis, *lines)
    err = refused(car_eval, tmp_path, "ref-davis", "--data", davis)
    assert word in err
    assert err.count("\n") == 1


def test_two_objects_may_share_a_sentence(car_eval, tmp_path, davis):
    expressions(davis, 'one 1 "a red square"', 'two 1 "a red square"', 'two 2 "a red square"')
    code, _, _ = car_eval("ref-davis", "--data", davis, "--out", tmp_path / "o")
    assert code == 0


@pytest.mark.parametrize("name", ["../one", "/one", "a/../../one"])
def test_meta_expressions_that_leave_the_root(car_eval, tmp_path, name):
    data = builders.youtube_vos(tmp_path / "yt")
    path = data / "meta_expressions.json"
    meta = json.loads(path.read_text())
    meta["videos"][name] = meta["videos"].pop("v1")
    path.write_text(json.dumps(meta))
    assert "refused path" in refused(car_eval, tmp_path, "ref-youtube-vos", "--data", data)


def test_frame_names_that_leave_the_root(car_eval, tmp_path):
    data = builders.youtube_vos(tmp_path / "yt")
    path = data / "meta_expressions.json"
    path.write_text(path.read_text().replace('"00001"', '"../../x"'))
    assert "refused path" in refused(car_eval, tmp_path, "ref-youtube-vos", "--data", data)


@pytest.mark.parametrize("field", ["image", "mask"])
def test_triples_that_leave_the_root(car_eval, tmp_path, field):
    row = {"dataset": "refcoco", "split": "val", "ann_id": 1, "expression": "x"}
    row |= {"image": "i.png", "mask": "m.png", field: "../secret.png"}
    (tmp_path / "triples.json").write_text(json.dumps([row]))
    assert "refused path" in refused(car_eval, tmp_path, "refcoco", "--data", tmp_path)


def test_coco_file_names_that_leave_the_root(car_eval, tmp_path):
    data = builders.refer(tmp_path / "refer")
    path = data / "refcoco/instances.json"
    path.write_text(path.read_text().replace("COCO_train2014_", "../../COCO_"))
    assert "refused path" in refused(car_eval, tmp_path, "refcoco", "--data", data)


def test_voc_names_that_leave_the_root(car_eval, tmp_path):
    data = builders.voc(tmp_path / "voc")
    (data / "ImageSets/Segmentation/val.txt").write_text("../../p0\n")
    assert "refused path" in refused(car_eval, tmp_path, "voc", "--data", data)


def test_unknown_class_and_missing_picture(car_eval, tmp_path):
    data = builders.voc(tmp_path / "voc")
    shutil.copytree(data / "SegmentationClass", tmp_path / "masks")
    arguments = ["score", "voc", "--data", data, "--predictions", tmp_path / "masks"]
    assert "unknown class 255" in refused(car_eval, tmp_path, *arguments)
    (data / "JPEGImages/p1.jpg").unlink()
    assert "p1.jpg' is missing" in refused(car_eval, tmp_path, *arguments)


def test_an_undecodable_picture_fails_alone(car_eval, tmp_path, davis):
    (davis / "JPEGImages/480p/one/00002.png").write_text("broken")
    out = tmp_path / "o"
    code, _, err = car_eval("ref-davis", "--data", davis, "--out", out)
    assert code == 1
    assert "one/00002.png" in err
    assert "1 failed and are not in the numbers" in " ".join(err.split())
    assert list(json.loads((out / "results.json").read_text())["per_sequence"]) == ["two"]


@pytest.mark.parametrize("option", ["--data", "--out", "--predictions"])
def test_an_empty_path_is_refused(car_eval, davis, masks, tmp_path, monkeypatch, option):
    """As from an unset variable in a script."""
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    values = {"--data": davis, "--out": "o", "--predictions": masks, option: ""}
    code, _, err = car_eval("score", "ref-davis", *(x for pair in values.items() for x in pair))
    assert code == 2
    assert option in err
    assert "empty" in err
    assert err.count("\n") == 1
    assert set(tmp_path.iterdir()) == before


def test_a_split_without_a_list(car_eval, tmp_path, davis):
    err = refused(car_eval, tmp_path, "ref-davis", "--data", davis, "--split", "train")
    assert "split 'train'" in err
    assert "train.txt" in err
    err = refused(car_eval, tmp_path, "ref-davis", "--data", davis, "--split", "../val")
    assert "refused path" in err


def test_without_any_list_every_annotated_sequence_counts(car_eval, tmp_path, davis):
    shutil.rmtree(davis / "ImageSets")
    assert car_eval("ref-davis", "--data", davis, "--out", tmp_path / "o")[0] == 0
    found = json.loads((tmp_path / "o/results.json").read_text())["per_sequence"]
    assert list(found) == ["one", "two"]


def test_results_do_not_go_among_the_data(car_eval, tmp_path, davis):
    before = sorted(davis.rglob("*"))
    code, _, err = car_eval("ref-davis", "--data", davis, "--out", davis)
    assert code == 2
    assert "is the data folder; choose another --out" in err
    assert sorted(davis.rglob("*")) == before


def test_scores_do_not_replace_the_results_of_a_run(car_eval, tmp_path, davis):
    out = tmp_path / "o"
    car_eval("ref-davis", "--data", davis, "--out", out, "--quiet")
    before = (out / "results.json").read_text()
    code, _, err = car_eval(
        "score", "ref-davis", "--data", davis, "--predictions", out / "predictions",
        "--out", out,
    )  # fmt: skip
    assert code == 2
    assert "choose another --out" in err
    assert (out / "results.json").read_text() == before


@pytest.mark.parametrize("engine", ["spark", "ray"])
def test_an_engine_that_is_not_there_leaves_nothing(
    car_eval, tmp_path, davis, monkeypatch, engine
):
    monkeypatch.setitem(sys.modules, "ray", None)
    err = refused(car_eval, tmp_path, "ref-davis", "--data", davis, "--engine", engine)
    assert engine in err
    assert not (tmp_path / "refused").exists()


def test_a_folder_that_cannot_be_written_is_told_before_the_work(
    car_eval, tmp_path, davis, masks, monkeypatch
):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    arguments = ["--data", davis, "--predictions", masks, "--out", tmp_path / "new/folder"]
    code, _, err = car_eval("score", "ref-davis", *arguments)
    assert code == 2
    assert f"'{tmp_path}' cannot be written; choose another --out" in err


def test_two_pictures_of_one_name(car_eval, tmp_path):
    """Their records and masks would take each other's place."""
    data = builders.voc(tmp_path / "voc")
    (data / "ImageSets/Segmentation/val.txt").write_text("p0\np1\np0\n")
    assert "two pictures or sequences 'p0'" in refused(
        car_eval, tmp_path, "voc", "--data", data
    )
