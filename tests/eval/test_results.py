"""What results, report and terminal say of a run, so that its numbers are not mistaken."""

from __future__ import annotations

import json
import os

import pytest

from . import builders


def results(folder):
    return json.loads((folder / "results.json").read_text())


def told(folder, out) -> list[str]:
    """The words that every reader of a result meets: terminal, page, Markdown."""
    pages = [(folder / name).read_text("utf-8") for name in ("report.html", "report.md")]
    return [" ".join(text.split()) for text in (out, *pages)]


def test_a_partial_run_is_told_from_a_full_one(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis")
    arguments = ["ref-davis", "--data", data]
    car_eval(*arguments, "--out", tmp_path / "full")
    found = results(tmp_path / "full")
    assert found["complete"] is True
    assert found["selection"] == {"sequences": 3, "of": 3}
    assert not any("partial" in warning for warning in found["warnings"])
    _, out, _ = car_eval(
        *arguments, "--out", tmp_path / "part", "--sequences", "one", "--limit", 1
    )
    found = results(tmp_path / "part")
    assert found["complete"] is False
    assert found["selection"] == {"sequences": 1, "of": 3}
    words = "partial run: 1 of 3 sequences (--sequences one --limit 1)"
    assert words in found["warnings"][0]
    assert all(words in text for text in told(tmp_path / "part", out))


def test_a_limit_that_leaves_nothing_out_is_no_partial_run(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis", {"one": 1})
    car_eval("ref-davis", "--data", data, "--out", tmp_path / "o", "--limit", 5)
    assert results(tmp_path / "o")["complete"] is True


def test_a_run_with_a_failed_item_is_not_complete(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis", {"one": 1, "two": 2})
    (data / "JPEGImages/480p/one/00002.png").write_text("broken")
    assert car_eval("ref-davis", "--data", data, "--out", tmp_path / "o")[0] == 1
    assert results(tmp_path / "o")["complete"] is False


@pytest.mark.parametrize(("count", "warned"), [(1, True), (2, True), (4, False)])
def test_fewer_annotators_than_in_print_are_a_warning(car_eval, tmp_path, count, warned):
    names = ("annot1", "annot1_full_video", "annot2", "annot2_full_video")[:count]
    data = builders.davis(tmp_path / "davis", {"one": 1}, annotators=names)
    _, out, _ = car_eval("ref-davis", "--data", data, "--out", tmp_path / "o")
    words = f"{count} of 4 annotators (annot1"
    assert [words in text for text in told(tmp_path / "o", out)] == [warned] * 3


def test_version_date_device_and_command_are_recorded(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis", {"one": 1})
    _, out, _ = car_eval("ref-davis", "--data", data, "--out", tmp_path / "o o")
    made = results(tmp_path / "o o")["run"]
    assert set(made) == {
        "version", "torch", "numpy", "python", "system", "device", "date", "command",
    }  # fmt: skip
    assert made["device"] == "colours"
    assert made["command"] == f"car-eval ref-davis --data {data} --out '{tmp_path}/o o'"
    assert made["date"].endswith("+00:00")
    for text in told(tmp_path / "o o", out)[1:]:
        assert f"torch {made['torch']}" in text
        assert made["date"] in text


def test_the_headline_of_refcoco_is_of_one_data_set_and_split(car_eval, tmp_path):
    data = builders.refer(builders.refer(tmp_path / "refer"), "refcoco+")
    car_eval("refcoco", "--data", data, "--out", tmp_path / "o")
    assert "mIoU" not in results(tmp_path / "o")
    page = (tmp_path / "o/report.md").read_text()
    headlines = [line for line in page.splitlines() if line.startswith("- **")]
    assert [line.split(":")[0] for line in headlines] == [
        "- **mIoU, refcoco val, per-expression",
        "- **mIoU, refcoco+ val, per-expression",
        "- **mIoU, refcoco val, joint",
        "- **mIoU, refcoco+ val, joint",
    ]


def test_pictures_are_not_counted_once_per_sentence(car_eval, tmp_path):
    data = builders.refer(tmp_path / "refer")
    _, out, _ = car_eval("refcoco", "--data", data, "--out", tmp_path / "o")
    timing = json.loads((tmp_path / "o/timing.json").read_text())
    assert (timing["pictures"], timing["segmentations"]) == (2, 12)
    assert "2 pictures, 12 segmentations in " in out
    data = builders.davis(tmp_path / "davis", {"one": 1})
    _, out, _ = car_eval("ref-davis", "--data", data, "--out", tmp_path / "p")
    assert "5 frames in " in out
    assert "segmentations" not in out


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("ref-davis", builders.davis, "J&amp;F of the sequence 1.000"),
        ("refcoco", builders.refer, "mean IoU of the picture&#39;s samples, per-expression,"),
        ("voc", builders.voc, "mean IoU of the picture&#39;s classes"),
    ],
)
def test_a_score_beside_a_picture_says_what_it_is(car_eval, tmp_path, name, make, words):
    car_eval(name, "--data", make(tmp_path / "data"), "--out", tmp_path / "o")
    assert words in (tmp_path / "o/report.html").read_text("utf-8")


def test_scores_are_replaced_only_when_told_to(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis")
    arguments = ["score", "ref-davis", "--data", data, "--predictions"]
    arguments += [data / "Annotations/480p", "--out", tmp_path / "o"]
    assert car_eval(*arguments, "--limit", 1)[0] == 0
    before = (tmp_path / "o/results.json").read_text()
    code, _, err = car_eval(*arguments)
    assert code == 2
    assert "holds earlier results; replace them with --overwrite" in err
    assert (tmp_path / "o/results.json").read_text() == before
    code, _, err = car_eval("ref-davis", "--data", data, "--out", tmp_path / "o")
    assert code == 2
    assert "holds earlier results" in err
    assert (tmp_path / "o/results.json").read_text() == before
    assert car_eval(*arguments, "--overwrite")[0] == 0
    assert results(tmp_path / "o")["selection"] == {"sequences": 3, "of": 3}


def test_overwriting_leaves_nothing_of_the_earlier_run(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis", annotators=("annot1", "annot2"))
    (tmp_path / "o").mkdir()
    (tmp_path / "o/notes.txt").write_text("mine")
    arguments = ["ref-davis", "--data", data, "--out", tmp_path / "o"]
    car_eval(*arguments)
    assert (tmp_path / "o/annot2/global_results-val.csv").is_file()
    car_eval(*arguments, "--annotators", "1", "--limit", 1, "--overwrite")
    left = {path.name for path in (tmp_path / "o").rglob("*.csv")}
    assert left == {"global_results-val.csv", "per-sequence_results-val.csv"}
    assert not (tmp_path / "o/annot2/global_results-val.csv").exists()
    assert not (tmp_path / "o/predictions/annot2").exists()
    assert (tmp_path / "o/notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: builders.save_labels(
            data / "Annotations/480p/one/00003.png", builders.scene(40, 64, 0, 1)[1]
        ),
        lambda data: os.utime(data / "JPEGImages/480p/one/00003.png", (1, 1)),
        lambda data: (data / "davis_text_annotations/Davis17_annot1.txt").write_text(
            'one 1 "a blue square"\n'
        ),
        lambda data: [
            (data / f"{kind}/480p/one/00004.png").unlink()
            for kind in ("JPEGImages", "Annotations")
        ],
    ],
)
def test_a_run_of_changed_data_is_not_resumed(car_eval, tmp_path, change):
    data = builders.davis(tmp_path / "davis", {"one": 1})
    arguments = ["ref-davis", "--data", data, "--out", tmp_path / "o"]
    assert car_eval(*arguments)[0] == 0
    before = (tmp_path / "o/results.json").read_text()
    assert car_eval(*arguments, "--resume")[0] == 0
    change(data)
    code, out, err = car_eval(*arguments, "--resume")
    assert (code, out) == (2, "")
    assert "'annot1/one' with other data" in err
    assert "start anew with --overwrite" in err
    assert err.count("\n") == 1
    again = json.loads((tmp_path / "o/results.json").read_text())
    assert again["J&F"] == json.loads(before)["J&F"]
    assert car_eval(*arguments, "--overwrite")[0] == 0


def test_another_folder_in_the_place_of_the_data_is_noticed(car_eval, tmp_path):
    for name in ("a", "b"):
        builders.davis(tmp_path / name, {"one": 1})
        for path in (tmp_path / name).rglob("*.png"):
            os.utime(path, (ord(name), ord(name)))
    (tmp_path / "a").rename(tmp_path / "data")
    arguments = ["ref-davis", "--data", tmp_path / "data", "--out", tmp_path / "o"]
    assert car_eval(*arguments)[0] == 0
    (tmp_path / "data").rename(tmp_path / "a")
    (tmp_path / "b").rename(tmp_path / "data")
    code, _, err = car_eval(*arguments, "--resume")
    assert code == 2
    assert "and 9 more has changed" in err


@pytest.mark.parametrize("form", ["FCCLIP:{}", "RN50:{}", "FCCLIP:f.pth+RN50:{}"])
def test_another_model_file_of_the_same_name_is_noticed(car_eval, tmp_path, form):
    data = builders.davis(tmp_path / "davis", {"one": 1})
    weights = tmp_path / "m.safetensors"
    weights.write_bytes(b"one")
    arguments = ["ref-davis", "--data", data, "--out", tmp_path / "o"]
    arguments += ["--model", form.format(weights)]
    assert car_eval(*arguments)[0] == 0
    weights.write_bytes(b"other")
    code, _, err = car_eval(*arguments, "--resume")
    assert code == 2
    assert "another model file" in err


def test_expressions_without_an_object_are_not_dropped_silently(car_eval, tmp_path):
    data = builders.youtube_vos(tmp_path / "yt")
    path = data / "meta_expressions.json"
    meta = json.loads(path.read_text())
    del meta["videos"]["v1"]["expressions"]["1"]["obj_id"]
    path.write_text(json.dumps(meta))
    _, out, _ = car_eval("ref-youtube-vos", "--data", data, "--out", tmp_path / "o")
    assert results(tmp_path / "o")["not_scored"] == ["v1/1"]
    words = "1 of 3 expressions are not in the numbers, as 'v1/1'"
    assert all(words in text.replace("&#39;", "'") for text in told(tmp_path / "o", out))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--dataset", "refcocog"], ["--dataset refcocog", "refcocog_google (val)"]),
        (["--dataset", "refcoco+,refcocog_umd"], ["--dataset refcoco+"]),
        (["--split", "testA"], ["--split testA", "refcocog_umd (val)"]),
        (
            ["--dataset", "refcocog_umd", "--split", "x"],
            ["--split x of refcocog_umd", "refcocog_google (val)"],
        ),
    ],
)
def test_a_choice_of_nothing_says_what_there_is(car_eval, tmp_path, options, words):
    data = builders.refer(tmp_path / "refer", "refcocog")
    refs = data / "refcocog/refs(unc).p"
    for splitter in ("umd", "google"):
        (data / f"refcocog/refs({splitter}).p").write_bytes(refs.read_bytes())
    refs.unlink()
    code, _, err = car_eval("refcoco", "--data", data, "--out", tmp_path / "o", *options)
    assert code == 2
    assert all(word in err for word in words)
    assert err.count("\n") == 1


def test_options_that_mean_nothing_are_refused(car_eval, tmp_path):
    data = builders.voc(tmp_path / "voc")
    code, _, err = car_eval("voc", "--data", data, "--out", tmp_path / "o", "--mode", "online")
    assert code == 2
    assert "--mode" in err
    code, _, err = car_eval(
        "score", "voc", "--data", data, "--predictions", data / "SegmentationClass",
        "--out", tmp_path / "o", "--task", "unsupervised",
    )  # fmt: skip
    assert (code, err) == (2, "error: --task means nothing to voc; leave it out\n")


def test_text_is_printed_as_it_was_typed(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis", {"one": 1})
    _, out, _ = car_eval("ref-davis", "--data", data, "--out", tmp_path / ":dog:[red]o")
    assert ":dog:[red]o" in out
