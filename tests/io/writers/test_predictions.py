import json

import pytest

from car_video.errors import OutputError
from car_video.io.formats import as_frame_dict
from car_video.io.writers.predictions import frame_lines, write_predictions
from tests.io.writers.media import info, prediction


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
    assert list(frame_lines(path)) == lines(count)
    assert len(json.loads(path.read_bytes())["frames"]) == count


def test_a_rate_that_is_no_number_is_zero(tmp_path):
    write_predictions(tmp_path / "p.json", info(fps=float("nan")), 0, [])
    assert json.loads((tmp_path / "p.json").read_bytes())["video"]["fps"] == 0


@pytest.mark.parametrize(
    "change", [lambda t: json.dumps(json.loads(t), indent=1), lambda t: t[:-4]]
)
def test_files_that_others_changed_are_refused(tmp_path, change):
    path = tmp_path / "p.json"
    write_predictions(path, info(), 3, lines(3))
    path.write_text(change(path.read_text()))
    with pytest.raises(OutputError, match="changed by another program"):
        list(frame_lines(path))


def test_nothing_stays_of_a_file_that_fails(tmp_path):
    def failing():
        yield from lines(2)
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="disk is full"):
        write_predictions(tmp_path / "p.json", info(), 3, failing())
    assert list(tmp_path.iterdir()) == []
