"""Pictures of one's own as a video file."""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np
import pytest

from car_video import read_frames, write_video
from car_video.errors import OutputError
from tests.io.readers.media import number_of, numbered
from tests.io.readers.media import write_video as make_video


def test_frames_keep_their_times_and_the_last_its_duration(tmp_path) -> None:
    times = [0.0, 0.1, 0.5, 0.6]
    source = make_video(tmp_path / "a.mp4", [numbered(n) for n in range(4)], times=times)
    frames = list(read_frames(source))
    changed = (replace(frame, image=frame.image[:, ::-1]) for frame in frames)
    again = list(read_frames(write_video(tmp_path / "b.mp4", changed)))
    assert [frame.time for frame in again] == pytest.approx(times, abs=2e-3)
    assert [number_of(frame.image[:, ::-1].copy()) for frame in again] == [0, 1, 2, 3]


def test_arrays_have_a_rate(tmp_path) -> None:
    path = write_video(tmp_path / "a.mp4", [numbered(n) for n in range(5)], fps=5)
    assert [f.time for f in read_frames(path)] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    path = write_video(tmp_path / "one.mp4", [numbered(1)])
    with av.open(str(path)) as container:
        assert len(list(container.decode(video=0))) == 1


def test_nothing_is_left_of_a_file_that_fails(tmp_path) -> None:
    def failing():
        yield from (numbered(0), numbered(1))
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        write_video(tmp_path / "a.mp4", failing())
    with pytest.raises(OutputError, match="no frame to write"):
        write_video(tmp_path / "a.mp4", [])
    with pytest.raises(OutputError, match=r"end with \.mp4"):
        write_video(tmp_path / "a.avi", [numbered(0)])
    with pytest.raises(ValueError, match="uint8"):
        write_video(tmp_path / "a.mp4", [np.zeros((4, 4, 3))])
    assert list(tmp_path.iterdir()) == []
