import json

import pytest

from car_video.errors import OutputError
from car_video.io.formats import as_frame_dict
from car_video.io.writers.predictions import frame_lines, write_predictions
from tests.io.writers.media import EXPRESSIONS, info, prediction


def lines(count):
    return [json.dumps(as_frame_dict(prediction(i))).encode() for i in range(count)]


def test_the_contract(tmp_path):
    path = tmp_path / "predictions.json"
    write_predictions(path, info(source="ü \ud800.mp4", expressions=("🐶", "b")), 2, lines(2))
    data = json.loads(path.read_bytes())
    assert list(data) == ["video", "model", "expressions", "frames"]
    assert data["video"] == {
        "source": "ü \ud800.mp4",
        "width": 64,
        "height": 48,
        "fps": 25.0,
        "frames": 2,
    }
    assert data["model"] == "lite"
    assert data["expressions"] == ["🐶", "b"]
    assert data["frames"] == [as_frame_dict(prediction(i)) for i in range(2)]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_frames_can_be_read_again_line_by_line(tmp_path, count):
    path = tmp_path / "p.json"
    write_predictions(path, info(), count, iter(lines(count)))
    assert list(frame_lines(path, EXPRESSIONS)) == lines(count)
    assert len(json.loads(path.read_bytes())["frames"]) == count


def test_a_rate_that_is_no_number_is_zero(tmp_path):
    write_predictions(tmp_path / "p.json", info(fps=float("nan")), 0, [])
    assert json.loads((tmp_path / "p.json").read_bytes())["video"]["fps"] == 0


def test_another_layout_is_the_same_file(tmp_path):
    path = tmp_path / "p.json"
    write_predictions(path, info(), 3, lines(3))
    path.write_text(json.dumps(json.loads(path.read_text()), indent=1))
    assert list(frame_lines(path, EXPRESSIONS)) == lines(3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[:-4], "not what car-video writes any more; put it right"),
        (lambda t: "{}", "not what car-video writes"),
        (lambda t: "[" + t, "not what car-video writes"),
        (lambda t: t.replace("the dog", "the cat", 1), "has other expressions than the run"),
    ],
)
def test_files_that_are_not_of_the_run_are_refused(tmp_path, change, message):
    path = tmp_path / "p.json"
    write_predictions(path, info(), 3, lines(3))
    path.write_text(change(path.read_text()))
    with pytest.raises(OutputError, match=message):
        list(frame_lines(path, EXPRESSIONS))


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("https://user:secret@host/a/clip.mp4?token=secret#secret", "https://host/a/clip.mp4"),
        ("rtsp://u:sec?ret@secret@host:554/live", "rtsp://host:554/live"),
        ("what? a clip #2.mp4", "what? a clip #2.mp4"),
    ],
)
def test_what_is_secret_in_an_address_is_not_written(tmp_path, source, kept):
    write_predictions(tmp_path / "p.json", info(source=source), 0, [])
    assert json.loads((tmp_path / "p.json").read_bytes())["video"]["source"] == kept


def test_nothing_stays_of_a_file_that_fails(tmp_path):
    def failing():
        yield from lines(2)
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="disk is full"):
        write_predictions(tmp_path / "p.json", info(), 3, failing())
    assert list(tmp_path.iterdir()) == []
