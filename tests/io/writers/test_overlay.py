import av
import numpy as np
import pytest
from PIL import Image

from car_video.io.writers.audio import open_audio
from car_video.io.writers.drawing import draw_overlay
from car_video.io.writers.overlay import OverlayImageWriter, OverlayVideoWriter
from car_video.types import Frame
from tests.io.writers.media import (
    frame,
    info,
    make_clip,
    prediction,
    probe,
    tone_changes,
)


def clip_frames(path):
    with av.open(str(path)) as container:
        first = None
        for index, picture in enumerate(container.decode(video=0)):
            first = picture.time if first is None else first
            yield Frame(index, picture.time - first, picture.to_ndarray(format="rgb24"))


def overlay(path, frames, **changes):
    writer = OverlayVideoWriter(path)
    writer.open(info(**changes))
    for item in frames:
        writer.write(item, prediction(item.index, item.height, item.width))
    assert writer.paths() == []
    writer.close()
    assert writer.paths() == [path]
    return writer


def test_video_has_masks_drawn_in(tmp_path):
    path = tmp_path / "overlay.mp4"
    frames = [frame(i, 120, 160) for i in range(5)]
    overlay(path, frames)
    video = probe(path)
    assert (video.codec, video.pix_fmt, video.size) == ("h264", "yuv420p", (160, 120))
    assert video.audio == ""
    for item, got in zip(frames, video.pictures, strict=True):
        wanted = draw_overlay(item.image, prediction(item.index, 120, 160)).astype(int)
        assert np.abs(got - wanted).mean() < 12  # lossy
        assert np.abs(got - wanted).mean() < 0.5 * np.abs(got.astype(int) - item.image).mean()


@pytest.mark.parametrize(
    ("name", "codec", "fps", "rate"),
    [
        ("a.mp4", "aac", 25, 44100),
        ("a.mkv", "flac", 30, 44100),
        ("a.webm", "libopus", 25, 48000),
        ("a.mov", "pcm_s16le", 25, 22050),
        ("a.mkv", "ac3", 24, 48000),
        ("a.mp4", "mp3", 25, 44100),
    ],
)
def test_sound_stays_in_step(tmp_path, name, codec, fps, rate):
    clip = make_clip(tmp_path / name, codec, fps, 2 * fps, rate)
    path = tmp_path / "overlay.mp4"
    writer = overlay(path, clip_frames(clip), fps=float(fps), audio=str(clip))
    video = probe(path)
    assert writer.notices == []
    assert video.rate == fps
    assert video.audio == "aac"
    assert video.audio_duration == pytest.approx(video.duration, abs=0.03)
    assert video.duration == pytest.approx(2.0, abs=1e-3)
    sound = [t for t in tone_changes(path) if t < 1.9]
    np.testing.assert_allclose(sound, [0.5, 1.0, 1.5], atol=0.011)
    np.testing.assert_allclose(video.changes(), [0.5, 1.0, 1.5], atol=1 / fps)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "flac")])
def test_sound_is_cut_with_start_end_and_stride(tmp_path, name, codec):
    clip = make_clip(tmp_path / name, codec, 25, 75)
    path = tmp_path / "overlay.mp4"
    chosen = [f for f in clip_frames(clip) if 0.79 < f.time < 2.2 and f.index % 5 == 0]
    overlay(path, chosen, audio=str(clip), end=2.2)
    video = probe(path)
    assert video.rate == 5
    assert video.duration == pytest.approx(1.4, abs=1e-3)
    assert video.audio_duration == pytest.approx(1.4, abs=0.03)
    sound = [t for t in tone_changes(path) if 0.05 < t < 1.35]
    np.testing.assert_allclose(sound, [0.2, 0.7, 1.2], atol=0.011)
    np.testing.assert_allclose(video.changes(), [0.2, 0.8, 1.2], atol=0.2)


def test_a_late_start_seeks_in_the_sound(tmp_path):
    clip = make_clip(tmp_path / "a.mp4", "aac", 10, 100)
    path = tmp_path / "overlay.mp4"
    chosen = [f for f in clip_frames(clip) if f.time > 8.15]
    overlay(path, chosen, fps=10.0, audio=str(clip))
    sound = [t for t in tone_changes(path) if 0.05 < t < 1.7]
    np.testing.assert_allclose(sound, [0.3, 0.8, 1.3], atol=0.011)


def test_the_clock_of_the_sound_can_be_told(tmp_path):
    clip = make_clip(tmp_path / "a.mkv", "flac", 25, 50)
    path = tmp_path / "overlay.mp4"
    overlay(path, clip_frames(clip), audio=str(clip), audio_origin=0.2)
    sound = [t for t in tone_changes(path) if t < 1.7]
    np.testing.assert_allclose(sound, [0.3, 0.8, 1.3], atol=0.011)


def test_late_and_torn_sound_is_placed_and_bridged(tmp_path):
    clip = tmp_path / "a.mkv"
    with av.open(str(clip), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=8000)
        audio.layout = "mono"
        for i in range(50):
            picture = av.VideoFrame.from_ndarray(frame(i).image, "rgb24")
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        tone = (np.sin(np.arange(800) * 0.8) * 15000).astype(np.int16)[None]
        for start in (0.5, 0.6, 1.2):  # nothing before 0.5 s, nothing from 0.7 to 1.2 s
            piece = av.AudioFrame.from_ndarray(tone, "s16", "mono")
            piece.sample_rate, piece.pts = 8000, int(start * 8000)
            container.mux(audio.encode(piece))
    path = tmp_path / "overlay.mp4"
    overlay(path, clip_frames(clip), audio=str(clip))
    np.testing.assert_allclose(tone_changes(path), [0.5, 0.7, 1.2, 1.3], atol=0.02)


def test_damaged_sound_is_told_and_not_fatal(tmp_path):
    clip, broken = make_clip(tmp_path / "a.mkv", "flac", 25, 50), tmp_path / "broken.mkv"
    with av.open(str(clip)) as source, av.open(str(broken), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for number, packet in enumerate(source.demux(audio=0)):
            if packet.pts is not None:
                data = bytes(packet) if number % 3 else b"\x00garbage" * 9
                copy = av.Packet(data)
                copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                copy.stream = stream
                target.mux(copy)
    writer = overlay(tmp_path / "overlay.mp4", [frame(i) for i in range(50)], audio=str(broken))
    video = probe(tmp_path / "overlay.mp4")
    assert len(video.times) == 50
    assert video.audio_duration == pytest.approx(2.0, abs=0.15)
    assert writer.notices == ["some of the sound is damaged and silent"]


def test_damaged_packets_of_copied_sound_are_told_and_not_fatal(tmp_path):
    """AAC in a transport stream has headers of its own, which may be damaged or repeated."""
    clip = make_clip(tmp_path / "a.mp4")
    with av.open(str(clip)) as source, av.open(str(tmp_path / "a.ts"), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    data = bytearray((tmp_path / "a.ts").read_bytes())
    for place in range(6000, len(data), 700):
        data[place] ^= 0xFF
    broken = tmp_path / "broken.ts"
    broken.write_bytes(data)
    writer = overlay(tmp_path / "o.mp4", [frame(i) for i in range(50)], audio=str(broken))
    video = probe(tmp_path / "o.mp4")
    assert len(video.times) == 50
    assert video.audio_duration == pytest.approx(2.0, abs=0.1)
    assert writer.notices == ["some of the sound is damaged and silent"]


def test_sound_of_a_file_cut_in_the_middle_just_ends(tmp_path):
    clip, cut = make_clip(tmp_path / "a.mkv", "flac", 25, 50), tmp_path / "cut.mkv"
    cut.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    overlay(tmp_path / "overlay.mp4", [frame(i) for i in range(50)], audio=str(cut))
    video = probe(tmp_path / "overlay.mp4")
    assert video.duration == pytest.approx(2.0, abs=1e-3)
    assert 0.3 < video.audio_duration < 1.8


def test_sources_without_sound(tmp_path):
    text = tmp_path / "a.txt"
    text.write_text("no video")
    assert open_audio(text) is None
    assert open_audio(tmp_path / "missing.mp4") is None
    overlay(tmp_path / "b.mp4", [frame(0)])
    assert open_audio(tmp_path / "b.mp4") is None
    writer = overlay(tmp_path / "c.mp4", [frame(0)], audio=str(tmp_path / "b.mp4"))
    assert writer.notices == ["the sound cannot be read and is left out"]
    assert probe(tmp_path / "c.mp4").audio == ""


def test_abort_leaves_nothing(tmp_path):
    writer = OverlayVideoWriter(tmp_path / "a.mp4")
    writer.open(info())
    writer.abort()
    writer.write(frame(0), prediction(0))
    writer.abort()
    assert list(tmp_path.iterdir()) == []


def test_without_frames_there_is_no_file(tmp_path):
    writer = OverlayVideoWriter(tmp_path / "a.mp4")
    writer.open(info())
    writer.close()
    assert writer.paths() == []


def test_a_picture_has_masks_drawn_in(tmp_path):
    writer = OverlayImageWriter(tmp_path / "overlay.png")
    writer.open(info(still=True, single=True))
    assert writer.paths() == []
    item = frame(0, 121, 163)  # odd sides stay
    writer.write(item, prediction(0, 121, 163))
    assert writer.paths() == [tmp_path / "overlay.png"]
    writer.close()
    wanted = draw_overlay(item.image, prediction(0, 121, 163))
    with Image.open(tmp_path / "overlay.png") as image:
        np.testing.assert_array_equal(np.asarray(image), wanted)
    assert [file.name for file in tmp_path.iterdir()] == ["overlay.png"]
