"""How long pictures are shown in a written video, in which shape, and what is closed."""

from dataclasses import replace
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.errors import OutputError
from car_video.io.writers.audio import AudioTrack, open_audio
from car_video.io.writers.cutout import CutoutVideoWriter
from car_video.io.writers.overlay import OverlayVideoWriter
from car_video.io.writers.pipe import PipeOutputs
from car_video.io.writers.video_file import shown_until
from tests.io.writers.media import frame, info, make_clip, prediction, probe, tone_changes

KINDS = [("overlay.mp4", OverlayVideoWriter), ("cutout.webm", CutoutVideoWriter)]


def write(path, make, frames, **changes):
    writer = make(path)
    writer.open(info(**changes))
    for item in frames:
        writer.write(item, prediction(item.index, item.height, item.width))
    writer.close()
    return writer


def at(index, time, duration=None):
    return replace(frame(index), time=time, duration=duration)


def test_the_last_picture_is_held(tmp_path):
    path = tmp_path / "a.mp4"
    write(path, OverlayVideoWriter, [at(0, 0.0, 0.04), at(1, 0.04, 3.0)])
    assert probe(path).duration == pytest.approx(3.04, abs=1e-3)


def test_a_short_last_picture_after_a_long_one(tmp_path):
    path = tmp_path / "a.mp4"
    write(path, OverlayVideoWriter, [at(0, 0.0, 12.0), at(1, 12.0, 0.04)])
    assert probe(path).duration == pytest.approx(12.04, abs=1e-3)


@pytest.mark.parametrize(
    ("stride", "changes", "until"),
    [
        (1, {}, 2.04),
        (5, {}, 2.2),  # the four that are left out after it
        (5, {"duration": 2.12}, 2.12),  # only two are
        (5, {"duration": 1.0}, 2.04),  # a container that is wrong takes nothing away
        (5, {"fps": 0.0}, 2.04),
        (1, {"end": 2.01}, 2.01),
        (5, {"end": 2.1}, 2.1),
    ],
)
def test_until_when_the_last_picture_is_shown(stride, changes, until):
    assert shown_until(at(50, 2.0, 0.04), stride, info(**changes)) == pytest.approx(until)


def test_a_held_picture_ends_with_the_run():
    assert shown_until(at(4, 0.16, 3.0), 1, info(end=1.0)) == 1.0
    assert shown_until(at(4, 0.16), 1, info()) is None


@settings(deadline=None, max_examples=60)
@given(
    st.floats(0, 1e4),
    st.floats(0, 100),
    st.integers(1, 50),
    st.floats(0.01, 1e4),
    st.none() | st.floats(0, 1e4),
)
def test_a_picture_never_ends_before_it_begins(time, duration, stride, fps, end):
    until = shown_until(at(0, time, duration), stride, info(fps=fps, end=end, duration=5.0))
    assert until >= time


def test_sound_that_goes_on_after_the_last_picture_is_kept(tmp_path):
    """Unless the run was meant to end before, or was stopped."""
    for name, codec in (("a.mp4", "aac"), ("a.mkv", "flac")):
        clip = make_clip(tmp_path / name, codec, 25, 75)
        first = [at(n, n / 25, 0.04) for n in range(5)]
        path = tmp_path / "o.mp4"
        write(path, OverlayVideoWriter, first, audio=str(clip))
        assert probe(path).duration == pytest.approx(0.2, abs=1e-3)
        assert probe(path).audio_duration == pytest.approx(3.0, abs=0.05)
        np.testing.assert_allclose(
            [t for t in tone_changes(path) if t < 2.9], [0.5, 1, 1.5, 2, 2.5], atol=0.011
        )
        for end in ({"max_frames": 5}, {"end": 0.2}):
            write(path, OverlayVideoWriter, first, audio=str(clip), **end)
            assert probe(path).audio_duration == pytest.approx(0.2, abs=0.03)


def test_a_stopped_run_keeps_the_sound_of_its_pictures(tmp_path):
    writer = OverlayVideoWriter(tmp_path / "o.mp4")
    writer.open(info(audio=str(make_clip(tmp_path / "a.mkv", "flac"))))
    writer.write(at(0, 0.0, 0.4), prediction(0))
    writer.close(complete=False)
    assert probe(tmp_path / "o.mp4").audio_duration == pytest.approx(0.4, abs=0.03)


def test_of_several_streams_of_sound_the_default_one_is_taken(tmp_path):
    """As a player does: here the second, a tone; the first is silence."""
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        for loud in (False, True):
            stream = container.add_stream("pcm_s16le", rate=8000)
            stream.layout = "mono"
            stream.disposition = av.stream.Disposition.default.value if loud else 0
        for loud, stream in enumerate(container.streams.audio):
            tone = (np.sin(np.arange(8000) * 0.8) * 15000 * loud).astype(np.int16)[None]
            piece = av.AudioFrame.from_ndarray(tone, "s16", "mono")
            piece.sample_rate, piece.pts = 8000, 0
            container.mux(stream.encode(piece))
    track = open_audio(path, 0.0)
    assert track is not None
    assert track._input.index == 1
    track.close()


@pytest.mark.parametrize(("name", "make"), KINDS)
@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(16, 15), Fraction(1, 2)])
def test_pictures_keep_the_shape_in_which_they_are_shown(tmp_path, name, make, aspect):
    path = tmp_path / name
    write(path, make, [frame(0), frame(1, 30, 30)], pixel_aspect=aspect)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        shape = stream.width * (stream.sample_aspect_ratio or 1) / stream.height
    assert float(shape) == pytest.approx(float(64 * aspect / 48), rel=0.01)
    assert probe(path).size == (64, 48) if name.endswith("mp4") else True


@pytest.mark.parametrize("aspect", [Fraction(16, 15), Fraction(1, 2)])
def test_pipes_keep_the_shape_too(aspect):
    stream = BytesIO()
    outputs = PipeOutputs(stream, aspect)
    outputs.write(frame(0), prediction(0))
    outputs.close()
    with av.open(BytesIO(stream.getvalue())) as container:
        sent = container.streams.video[0]
        assert sent.width / sent.height == pytest.approx(float(64 * aspect / 48), rel=0.01)


@pytest.mark.parametrize("fps", [0.001, 0.0333, 0.5, 240.0, 1000.0, 2000.0, 50000.0])
def test_any_rate_keeps_its_times(tmp_path, fps):
    path = tmp_path / "overlay.mp4"
    frames = [at(n, n / fps, 1 / fps) for n in range(5)]
    write(path, OverlayVideoWriter, frames, fps=fps)
    video = probe(path)
    np.testing.assert_allclose(video.times, np.arange(5) / fps, rtol=1e-3, atol=1e-6)
    assert video.duration == pytest.approx(5 / fps, rel=1e-3)


def test_a_rate_that_the_source_states_wrongly_moves_no_picture(tmp_path):
    """2,000 pictures a second in a file that says 25."""
    path = tmp_path / "overlay.mp4"
    write(path, OverlayVideoWriter, [at(n, n / 2000, 1 / 2000) for n in range(9)], fps=25.0)
    np.testing.assert_allclose(probe(path).times, np.arange(9) / 2000, atol=1.2e-3)


def test_cutouts_of_fast_videos_are_written(tmp_path):
    """WebM counts milliseconds: pictures may share one, none is lost."""
    path = tmp_path / "cutout.webm"
    write(path, CutoutVideoWriter, [at(n, n / 2000, 1 / 2000) for n in range(9)], fps=2000.0)
    assert len(probe(path).times) == 9


@pytest.mark.parametrize("name", ["12:30 trip.mp4", "ab:me@home.mp4", "100%d.mp4", "-.mp4"])
def test_names_are_names_of_files(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    make_clip(tmp_path / "a.mp4").rename(tmp_path / name)
    (tmp_path / "take:2").mkdir()
    write("take:2/overlay.mp4", OverlayVideoWriter, [at(0, 0.0, 0.04)], audio=name)
    assert probe(tmp_path / "take:2" / "overlay.mp4").audio == "aac"


def test_nothing_stays_open_where_a_video_cannot_begin(tmp_path, monkeypatch):
    """The sound is opened first; then the encoder, or the container, says no."""
    closed = []
    real = AudioTrack.close
    monkeypatch.setattr(AudioTrack, "close", lambda self: (closed.append(1), real(self)))
    clip = make_clip(tmp_path / "a.mp4")
    for place in ("attach", "begin"):

        def fail(*_args):
            raise av.FFmpegError(22, "no such thing")

        with monkeypatch.context() as patch:
            patch.setattr(AudioTrack, place, fail)
            writer = OverlayVideoWriter(tmp_path / "o.mp4")
            writer.open(info(audio=str(clip)))
            with pytest.raises(OutputError, match=r"cannot write '.*o\.mp4': no such thing"):
                writer.write(frame(0), prediction(0))
            writer.abort()
        assert closed
        closed.clear()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4"]
