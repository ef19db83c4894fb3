"""Results that the user has edited before a run is resumed."""

import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from car_video.errors import OutputError
from car_video.io.formats import from_frame_dict
from car_video.io.writers import TARGETS, OutputFolder, Outputs
from car_video.io.writers.edited_masks import with_labels
from car_video.types import FramePrediction
from tests.io.writers.media import EXPRESSIONS, frame, info, prediction

COUNT = 4


def run(path, mode="new", targets=tuple(TARGETS), error=None, stop=COUNT, **changes):
    """Frames whose earlier predictions come from the folder; what was taken from it."""
    taken = {}
    with Outputs(OutputFolder.open(path, info(**changes), mode), targets) as outputs:
        for index in range(stop):
            if index in outputs.done:
                taken[index] = outputs.done[index]
            outputs.write(frame(index), taken.get(index, prediction(index)))
        if error is not None:
            raise error
    return taken


def drawn(labels):
    """The label map with a block of the second expression in a corner."""
    labels = labels.copy()
    labels[-9:, -9:] = 2
    return labels


def edit_png(path, mode="P", later=10):
    with Image.open(path) as image:
        labels, palette = drawn(np.asarray(image)), image.getpalette()
    edited = Image.fromarray(labels)
    edited.putpalette(palette)
    edited.convert(mode).save(path)
    age(path, later)
    return labels


def age(path, seconds):
    """Make a file later than everything that was written just now."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + seconds * 10**9))


def results(path):
    frames = json.loads((path / "predictions.json").read_text())["frames"]
    return {f["index"]: from_frame_dict(f, EXPRESSIONS) for f in frames}


def labels_of(path, index):
    with Image.open(path / "masks" / f"{index:05d}.png") as image:
        assert image.mode == "P"
        return np.asarray(image)


@pytest.mark.parametrize(
    ("stopped", "mode"),
    [
        *((None, mode) for mode in ("P", "RGB", "RGBA")),
        (KeyboardInterrupt, "P"),
        (ZeroDivisionError, "RGB"),
    ],
)
def test_a_mask_edited_by_hand_goes_into_every_output(tmp_path, stopped, mode):
    out = tmp_path / "out"
    if stopped is None:
        run(out)
    else:
        with pytest.raises(stopped):
            run(out, error=stopped)
    wanted = edit_png(out / "masks" / "00002.png", mode)
    taken = run(out, "resume")
    np.testing.assert_array_equal(taken[2].label_map(), wanted)
    np.testing.assert_array_equal(labels_of(out, 2), wanted)
    np.testing.assert_array_equal(results(out)[2].label_map(), wanted)
    assert taken[2].present.tolist() == [True, True]
    for index in (0, 1, 3):
        np.testing.assert_array_equal(results(out)[index].masks, prediction(index).masks)
    assert not any(run(out, "resume")[i].label_map()[-1, -1] for i in (0, 1, 3))
    np.testing.assert_array_equal(results(out)[2].label_map(), wanted)


def test_one_output_alone_shows_the_edit_and_the_next_one_too(tmp_path):
    out = tmp_path / "out"
    run(out)
    wanted = edit_png(out / "masks" / "00001.png")
    for target in ("overlay", "sheet", "json", "masks"):
        taken = run(out, "resume", (target,))
        np.testing.assert_array_equal(taken[1].label_map(), wanted)
    np.testing.assert_array_equal(results(out)[1].label_map(), wanted)


@pytest.mark.parametrize("targets", [("masks",), ("masks", "overlay")])
def test_an_edit_lives_where_there_is_no_json(tmp_path, targets):
    out = tmp_path / "out"
    run(out, targets=targets)
    wanted = edit_png(out / "masks" / "00002.png")
    for again in (targets, ("masks", "sheet"), ("json", "masks")):
        taken = run(out, "resume", again)
        assert sorted(taken) == list(range(COUNT))  # nothing is computed
        np.testing.assert_array_equal(labels_of(out, 2), wanted)
    np.testing.assert_array_equal(results(out)[2].label_map(), wanted)


def edit_objects(path, change):
    data = json.loads(path.read_text())
    change(data["frames"])
    path.write_text(json.dumps(data))
    age(path, 10)


def test_an_object_that_is_made_absent_is_gone_everywhere(tmp_path):
    out = tmp_path / "out"
    run(out)
    edit_objects(
        out / "predictions.json", lambda frames: frames[1]["objects"][0].update(present=False)
    )
    run(out, "resume")
    assert 1 not in labels_of(out, 1)
    entry = json.loads((out / "predictions.json").read_text())["frames"][1]["objects"][0]
    assert (entry["present"], entry["area"], entry["bbox"]) == (False, 0, [0, 0, 0, 0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f[1]["objects"][1].update(present="no"), "frame 1, expression 1: 'present'"),
        (lambda f: f[1]["objects"][0].update(score=7), "frame 1, expression 0: 'score'.* 7"),
        (
            lambda f: f[1]["objects"][0].update(score=float("nan")),
            "expression 0: 'score'.* nan",
        ),
        (lambda f: f[1]["objects"][0].update(score="1"), "expression 0: 'score'.* '1'"),
        (
            lambda f: f[1]["objects"].append(f[1]["objects"][0]),
            "frame 1: expression 0 has 2 ob",
        ),
        (lambda f: f[1]["objects"].pop(), "frame 1: expression 1 has no object"),
        (lambda f: f[1].update(time=None), "frame 1: 'time' must be"),
        (lambda f: f[1].update(index=0), "has frame 0 twice"),
        (lambda f: f[1].update(index=True), "has a frame without index"),
    ],
)
def test_json_that_cannot_be_taken_is_told(tmp_path, change, message):
    out = tmp_path / "out"
    run(out)
    edit_objects(out / "predictions.json", change)
    with pytest.raises(OutputError, match=message) as caught:
        run(out, "resume")
    assert "predictions.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("indent", [None, 1])
def test_edited_json_goes_into_every_output(tmp_path, indent):
    out = tmp_path / "out"
    run(out, still=True)
    file = out / "predictions.json"
    data = json.loads(file.read_text())
    data["frames"][2]["objects"] = data["frames"][3]["objects"]
    file.write_text(json.dumps(data, indent=indent))
    age(file, 10)
    wanted = prediction(3).label_map()
    taken = run(out, "resume", still=True)
    np.testing.assert_array_equal(taken[2].label_map(), wanted)
    np.testing.assert_array_equal(labels_of(out, 2), wanted)
    np.testing.assert_array_equal(results(out)[2].label_map(), wanted)
    with Image.open(out / "cutout" / "00002.png") as image:
        np.testing.assert_array_equal(np.asarray(image)[..., 3] > 0, wanted > 0)
    again = run(out, "resume", still=True)
    np.testing.assert_array_equal(again[2].label_map(), wanted)


def test_of_two_edits_the_newer_counts(tmp_path):
    out = tmp_path / "out"
    run(out)
    file = out / "predictions.json"
    data = json.loads(file.read_text())
    data["frames"][2]["objects"] = data["frames"][3]["objects"]
    file.write_text(json.dumps(data))
    age(file, 10)
    wanted = edit_png(out / "masks" / "00001.png", later=20)
    taken = run(out, "resume")
    np.testing.assert_array_equal(taken[1].label_map(), wanted)
    np.testing.assert_array_equal(taken[2].label_map(), prediction(3).label_map())


def test_frames_after_the_edited_json_are_kept(tmp_path):
    """Stopped, edited, gone on with and killed: nothing is computed again."""
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        run(out, error=KeyboardInterrupt, stop=2)
    file = out / "predictions.json"
    file.write_text(file.read_text().replace("0.9", "0.8", 1))
    age(file, 10)
    with pytest.raises(ZeroDivisionError):
        run(out, "resume", error=ZeroDivisionError)
    folder = OutputFolder.open(out, info(), "resume")
    assert sorted(folder.done) == list(range(COUNT))
    assert folder.done[0].scores[0] == np.float32(0.8)


def test_a_cutout_older_than_its_mask_is_made_anew(tmp_path):
    out = tmp_path / "out"
    run(out, still=True)
    wanted = edit_png(out / "masks" / "00001.png")
    run(out, "resume", ("json", "masks"), still=True)
    age(out / "masks" / "00001.png", 10)
    run(out, "resume", ("cutout",), still=True)
    with Image.open(out / "cutout" / "00001.png") as image:
        np.testing.assert_array_equal(np.asarray(image)[..., 3] > 0, wanted > 0)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda i: i.resize((10, 10)), "the mask has 10x10 pixels, its frame 64x48; put"),
        (lambda i: Image.new("RGB", i.size, (1, 2, 3)), "colours that are none of its express"),
        (lambda i: Image.new("L", i.size, 7), "mask value 7 but only 2 expressions"),
        (lambda i: Image.new("L", i.size, 255), "black and white, which does not tell the 2"),
        (lambda i: i.convert("L").convert("P"), "colours that are none of its express"),
        (
            lambda i: Image.new("CMYK", i.size),
            "want a palette, grey or colour mask image, got CMYK",
        ),
    ],
)
def test_files_that_can_be_no_mask_are_told(tmp_path, spoil, message):
    out = tmp_path / "out"
    run(out)
    path = out / "masks" / "00001.png"
    with Image.open(path) as image:
        spoiled = spoil(image)
    spoiled.save(path, "TIFF" if spoiled.mode == "CMYK" else "PNG")
    with pytest.raises(OutputError, match=rf"{message}.*00001\.png.*delete it") as caught:
        run(out, "resume")
    assert "\n" not in str(caught.value)


def test_a_damaged_file_is_written_anew(tmp_path):
    out = tmp_path / "out"
    run(out)
    path = out / "masks" / "00001.png"
    path.write_bytes(path.read_bytes()[:50])
    with Outputs(OutputFolder.open(out, info(), "resume"), ("masks",)) as outputs:
        for index in range(COUNT):
            outputs.write(frame(index), outputs.done[index])
    assert [n for n in outputs.notices() if "00001.png' was damaged and is written anew" in n]
    np.testing.assert_array_equal(labels_of(out, 1), prediction(1).label_map())


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_the_drawn_label_map_is_what_comes_out(data):
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 8), st.integers(1, 8)))
    count = shape[0]
    present = data.draw(hnp.arrays(bool, count))
    masks = data.draw(hnp.arrays(bool, shape)) & present[:, None, None]
    scores = data.draw(hnp.arrays(np.float32, count, elements=st.floats(0, 1, width=32)))
    found = FramePrediction(0, 0.0, ("x",) * count, masks, scores, present)
    labels = data.draw(hnp.arrays(np.uint8, shape[1:], elements=st.integers(0, count)))
    edited = with_labels(found, labels)
    np.testing.assert_array_equal(edited.label_map(), labels)
    same = labels == found.label_map()
    np.testing.assert_array_equal(edited.masks[:, same], masks[:, same])
    touched = (edited.masks != masks).any(axis=(1, 2))
    np.testing.assert_array_equal(edited.present[~touched], present[~touched])
    np.testing.assert_array_equal(
        edited.present[touched], edited.masks.any(axis=(1, 2))[touched]
    )
