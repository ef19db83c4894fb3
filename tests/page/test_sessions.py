"""Several people at once."""

from __future__ import annotations

from PIL import Image

from car_video.page.limits import Limits
from car_video.page.pages import UNEXPECTED, Pages
from car_video.page.sessions import Sessions
from tests.page.conftest import COUNT
from tests.page.fakes import FakeEngine, Gate


def sessions_in(tmp_path, engine=None) -> Sessions:
    root = tmp_path / "root"
    (root / "uploads").mkdir(parents=True)
    return Sessions(engine or FakeEngine(), Limits(), root)


def arrived(sessions, uploaded, name="clip.mp4") -> str:
    """A clip among the uploads."""
    return str(uploaded().rename(sessions.uploads / name))


def last(replies):
    return list(replies)[-1]


def test_everybody_has_work_of_their_own(tmp_path, uploaded):
    sessions = sessions_in(tmp_path)
    pages, one, two = Pages(sessions), sessions.of("one"), sessions.of("two")
    assert sessions.of("one") is one
    assert one.folder != two.folder
    last(pages.open(one, [arrived(sessions, uploaded)]))
    last(pages.add(one, "the dog"))
    assert two.clip is None
    assert two.work.expressions == ()
    assert list(sessions.uploads.iterdir()) == []


def test_of_a_folder_only_pictures_are_taken(tmp_path):
    sessions = sessions_in(tmp_path)
    pages, session = Pages(sessions), sessions.of("one")
    files = [sessions.uploads / name for name in ("b.png", "notes.txt", "a.JPG", "clip.mp4")]
    for file in files:
        file.write_bytes(b"text")
    for file in files[::2]:
        Image.new("RGB", (32, 24)).save(file)
    last(pages.open_folder(session, [str(file) for file in files]))
    assert session.work.expressions == ()
    assert len(session.clip) == 2
    assert list(sessions.uploads.iterdir()) == []
    notes = sessions.uploads / "notes.txt"
    notes.write_text("text")
    for given in ([str(notes)], []):
        assert (
            "There is no picture in that folder."
            in last(pages.open_folder(session, given)).message
        )
    assert len(session.clip) == 2, "what was open stays"
    assert list(sessions.uploads.iterdir()) == []


def test_a_frame_is_encoded_while_words_are_typed(tmp_path, uploaded):
    engine = FakeEngine()
    sessions = sessions_in(tmp_path, engine)
    pages, session = Pages(sessions), sessions.of("one")
    last(pages.open(session, [arrived(sessions, uploaded)]))
    (image,) = engine.images
    assert image.prepared == 1
    last(pages.seek(session, 5))
    assert image.prepared == 2
    left_behind = pages.seek(session, 6)
    next(left_behind)
    session.current = 7
    assert list(left_behind) == []
    assert image.prepared == 2, "a frame that is not shown any more is not encoded"
    last(pages.add(session, "the dog"))
    assert image.prepared == 2
    assert image.asked == [7]


def test_a_click_on_a_picture_of_a_longer_clip_leaves_the_page_whole(tmp_path, uploaded):
    sessions = sessions_in(tmp_path)
    pages, session = Pages(sessions), sessions.of("one")
    last(pages.open(session, [arrived(sessions, uploaded)]))
    last(pages.add(session, "the dog"))
    reply = last(pages.point(session, 1.0, 1.0, True, 10_000))
    assert reply.view.frame == reply.view.last == session.current


def test_a_file_is_fetched_by_its_secret_until_the_page_is_closed(tmp_path, uploaded):
    sessions = sessions_in(tmp_path)
    pages, session = Pages(sessions), sessions.of("one")
    last(pages.open(session, [arrived(sessions, uploaded)]))
    last(pages.add(session, "the dog"))
    last(pages.run(session, "fast", None, None, None))
    reply = last(pages.download(session, "coco", False))
    token = reply.download.split("files/")[1].split("/")[0]
    file = sessions.file(token)
    assert file is not None
    assert file.name == "clip_coco.json"
    assert sessions.file("guess") is None
    sessions.drop("one")
    assert sessions.file(token) is None
    assert not file.exists()
    assert not session.folder.exists()


def test_a_closed_page_stops_its_run(tmp_path, uploaded):
    gate = Gate()
    sessions = sessions_in(tmp_path, FakeEngine(before=gate))
    pages, session = Pages(sessions), sessions.of("one")
    last(pages.open(session, [arrived(sessions, uploaded)]))
    session.add("the dog")
    replies = pages.run(session, "fast", None, None, None)
    next(replies)
    assert gate.reached.acquire(timeout=10)
    gate.open()
    sessions.drop("one")
    assert not session.busy
    assert session.job.cancelled
    assert len(session.work.frames) < COUNT


def test_closing_leaves_nothing(tmp_path, uploaded):
    sessions = sessions_in(tmp_path)
    last(Pages(sessions).open(sessions.of("one"), [arrived(sessions, uploaded)]))
    sessions.close()
    assert not sessions.root.exists()


def test_files_that_were_not_uploaded_are_left_alone(tmp_path, uploaded):
    sessions = sessions_in(tmp_path)
    mine = uploaded()
    reply = last(Pages(sessions).open(sessions.of("one"), [str(mine)]))
    assert "was not uploaded on this page" in reply.message
    assert mine.exists()
    inside = str(sessions.uploads / ".." / ".." / mine.parent.name / mine.name)
    reply = last(Pages(sessions).open(sessions.of("one"), [inside]))
    assert "was not uploaded on this page" in reply.message
    assert mine.exists()


def test_errors_are_sentences(tmp_path, uploaded, caplog):
    sessions = sessions_in(tmp_path)
    pages, session = Pages(sessions), sessions.of("one")
    reply = last(pages.add(session, "  "))
    assert 'class="message error" role="alert"' in reply.message
    assert "Open a video or a picture first." in last(pages.seek(session, 3)).message
    last(pages.open(session, [arrived(sessions, uploaded)]))
    reply = last(pages.carry(session))
    assert "Run the clip first" in reply.message
    session.add("<script>alert(1)</script>")
    session.look = None  # a fault of our own
    reply = last(pages.choose(session, 0))
    assert UNEXPECTED in reply.message
    assert "the page" in caplog.text
    assert "<script>" not in reply.view.chips
    assert "&lt;script&gt;" in reply.view.chips


def test_a_run_shows_frames_as_they_come_and_ends_where_one_was(tmp_path, uploaded):
    sessions = sessions_in(tmp_path)
    pages, session = Pages(sessions), sessions.of("one")
    last(pages.open(session, [arrived(sessions, uploaded)]))
    last(pages.add(session, "the dog"))
    last(pages.seek(session, 4))
    replies = list(pages.run(session, "fast", None, None, 1.0))
    assert replies[0].view.busy
    assert replies[0].view.can_run is False
    assert "Done: 12 frames." in replies[-1].message
    assert replies[-1].view.frame == 4
    assert replies[-1].view.has_answers
    assert "here, fairly sure (90 %)" in replies[-1].view.chips
