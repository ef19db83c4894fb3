"""One open page: what is asked, corrected, run, undone."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from car_video.errors import (
    ConfigError,
    CorrectionError,
    ExpressionError,
    OutputError,
    SourceError,
)
from car_video.page.job import BusyError
from car_video.page.limits import Limits
from car_video.page.session import Session
from car_video.page.work import RunOptions
from tests.page.conftest import COUNT
from tests.page.fakes import FakeEngine, Gate

ALL = RunOptions("fast")


def run(session, options=ALL):
    job = session.run(options)
    job.wait(20)
    assert job.error is None
    return job


def test_a_frame_is_answered_once(session, engine):
    session.add("the dog")
    assert session.shown(3) is None
    first = session.look(3)
    assert session.look(3) is not None
    assert engine.images[0].asked == [3]
    np.testing.assert_array_equal(session.shown(3).masks, first.masks)


def test_other_words_are_another_question(session, engine):
    session.add("the dog")
    session.look(3)
    session.add("the cat")
    assert session.shown(3) is None
    assert session.look(3).expressions == ("the dog", "the cat")
    assert (engine.images[0].asked, session.chosen) == ([3, 3], 1)
    session.drop(0)
    assert (session.work.expressions, session.chosen) == (("the cat",), 0)


def test_the_chosen_expression_stays_chosen(session):
    for text in ("the dog", "the cat", "a ball"):
        session.add(text)
    session.chosen = 1
    session.drop(0)
    assert session.chosen == 0, "still the cat"
    session.undo()
    assert session.chosen == 1
    session.redo()
    assert session.chosen == 0
    session.drop(0)
    assert (session.work.expressions, session.chosen) == (("a ball",), 0)
    session.drop(0)
    assert session.chosen == 0


def test_a_copy_has_a_name_of_its_own(session, clip_file):
    (session.folder / f"copy-{session._opened}").mkdir()
    session.open_copy(clip_file)
    assert clip_file.exists()
    assert not list(session.folder.glob("copy-*/*"))


def test_nothing_is_looked_for_twice_or_without_words(session):
    session.add("the  dog")
    assert session.work.expressions == ("the dog",)
    with pytest.raises(ConfigError, match="looked for already"):
        session.add("the dog")
    with pytest.raises(ExpressionError):
        session.add("   ")
    for number in range(session.limits.expressions - 1):
        session.add(f"thing {number}")
    with pytest.raises(ExpressionError, match="up to 12 things"):
        session.add("one more")


def test_a_run_answers_all_frames(session, engine):
    session.add("the dog")
    job = run(session)
    assert sorted(session.work.frames) == list(range(COUNT))
    assert session.work.complete
    assert job.message == "Done: 12 frames."
    assert session.shown(5).masks.any()
    assert engine.images == [], "no single frame was asked about"


def test_a_run_takes_a_range_with_a_stride(session):
    session.add("the dog")
    run(session, RunOptions("fast", start=0.2, end=0.8, stride=3))
    assert sorted(session.work.frames) == [2, 5]
    with pytest.raises(SourceError, match="no frame in that range"):
        session.run(RunOptions("fast", start=100))
    with pytest.raises(ConfigError):
        session.run(RunOptions("fast", stride=0))


def test_what_a_run_assumes_holds_for_single_frames_too(session, engine):
    session.add("the dog")
    session.look(3)
    assert "--assume-present" not in session.commands()[0]
    run(session, RunOptions("fast", stride=3, assume_present=True))
    assert session.settings == ("fast", True)
    session.look(4)
    assert engine.asked_with == [("default", False), ("fast", True), ("fast", True)]
    assert "--preset fast --assume-present" in session.commands()[0]
    session.undo()
    assert "--assume-present" not in session.commands()[0]


def test_a_run_needs_something_to_look_for(session):
    with pytest.raises(ConfigError, match="Say first what to look for"):
        session.run(ALL)


def test_what_a_cancelled_run_has_done_stays_and_it_goes_on_there(tmp_path, uploaded):
    gate = Gate()
    engine = FakeEngine(before=gate)
    session = Session(engine, tmp_path / "s", Limits())
    session.open([uploaded()])
    session.add("the dog")
    job = session.run(ALL)
    for _ in range(4):
        gate.reached.acquire(timeout=10)
        gate.open()
    gate.reached.acquire(timeout=10)
    with pytest.raises(BusyError):
        session.add("the cat")
    with pytest.raises(BusyError):
        session.undo()
    session.cancel()
    gate.open()
    job.wait(10)
    assert job.cancelled
    assert sorted(session.work.frames) == [0, 1, 2, 3, 4]
    assert not session.work.complete
    assert "--max-frames 5" in session.commands()[0]
    gate.open(COUNT)
    run(session)
    assert sorted(session.work.frames) == list(range(COUNT))
    assert session.work.complete
    (segmenter,) = engine.runs
    assert segmenter.seen == list(range(COUNT)), "no frame was seen twice"
    session.close()


def test_absent_is_said_of_one_frame_and_undone(session):
    session.add("the dog")
    assert session.look(4).present.tolist() == [True]
    session.absent(4, 0)
    assert session.look(4).present.tolist() == [False]
    assert session.look(5).present.tolist() == [True]
    session.undo()
    assert session.look(4).present.tolist() == [True]
    session.redo()
    assert session.look(4).present.tolist() == [False]
    session.as_found(4, 0)
    assert session.look(4).present.tolist() == [True]


def test_what_is_hand_made_before_a_run_is_kept_by_it(session):
    session.add("the dog")
    session.absent(4, 0)
    job = run(session)
    assert session.work.pending == {}
    assert [one.frame for one in session.work.steps[0]] == [4]
    assert session.shown(4).present.tolist() == [False]
    assert job.message == "Done: 12 frames. 1 frame by hand; 0 other frames changed with it."
    assert session.work.by_hand(0) == [4]


def test_corrections_after_a_run_are_carried_when_asked(session):
    session.add("the dog")
    run(session)
    with pytest.raises(ConfigError, match="Nothing is corrected"):
        session.propagate()
    session.absent(7, 0)
    before = session.work
    job = session.propagate()
    job.wait(20)
    assert job.error is None
    assert session.work.frames[7].present == (False,)
    assert before.frames[7].present == (True,), "the version before is as it was"
    assert session.work.corrected == ((7, 0),)
    session.undo()
    assert session.work is before


def test_a_new_run_keeps_what_is_hand_made(session):
    session.add("the dog")
    run(session)
    session.absent(7, 0)
    session.propagate().wait(20)
    run(session, RunOptions("default"))
    assert session.work.frames[7].present == (False,)
    assert session.settings == ("default", False)


def test_hand_made_masks_stay_with_their_expression(session):
    session.add("the dog")
    session.add("the cat")
    session.absent(3, 1)
    session.drop(0)
    assert list(session.work.pending) == [(3, 0)]
    assert session.work.pending[3, 0].correction.query == 0


def test_clicks_without_a_mask_model_are_told_in_a_sentence(session):
    session.add("the dog")
    with pytest.raises(CorrectionError, match="mask model"):
        session.click(2, 0, 5, 5, True)
    assert not session.work.pending


def test_clicks_outside_of_the_picture_are_refused(session):
    session.add("the dog")
    with pytest.raises(CorrectionError, match="outside the picture"):
        session.click(2, 0, 5000, 5, True)
    with pytest.raises(SourceError, match="no frame 99"):
        session.click(99, 0, 5, 5, True)


def test_carrying_on_needs_a_run(session):
    session.add("the dog")
    session.absent(3, 0)
    with pytest.raises(ConfigError, match="Run the clip first"):
        session.propagate()


def test_a_new_clip_replaces_the_old_one(session, uploaded):
    session.add("the dog")
    before = session.clip.path
    run(session)
    session.open([uploaded("other.mp4")])
    assert not before.exists()
    assert session.clip.path.name == "other.mp4"
    assert session.work.expressions == ("the dog",)
    assert not session.work.frames
    assert not session.can_undo


def test_what_cannot_be_read_leaves_what_is_open(session, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video at all")
    before = session.clip
    with pytest.raises(SourceError) as told:
        session.open([bad])
    assert session.clip is before
    assert str(session.folder) not in str(told.value)
    assert len([path for path in session.folder.iterdir() if path.name != "copy"]) == 1


def test_pictures_become_a_clip(session, tmp_path):
    paths = []
    for number in range(3):
        path = tmp_path / f"p{number}.png"
        Image.fromarray(np.full((40, 60, 3), 60 * number, np.uint8)).save(path)
        paths.append(path)
    session.open(paths)
    assert len(session.clip) == 3
    session.add("the dog")
    run(session)
    assert session.work.frames[2].name == "p2.png"


def test_one_picture_is_a_picture(session, tmp_path):
    path = tmp_path / "one.png"
    Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(path)
    session.open([path])
    assert session.clip.single
    session.add("the dog")
    run(session)
    assert list(session.work.frames) == [0]


def test_two_videos_at_once_are_refused(session, uploaded):
    with pytest.raises(SourceError, match=r"'b\.mp4' is no picture"):
        session.open([uploaded("a.png"), uploaded("b.mp4")])


def test_closing_stops_the_run_and_leaves_nothing(tmp_path, uploaded):
    gate = Gate()
    session = Session(FakeEngine(before=gate), tmp_path / "s", Limits())
    session.open([uploaded()])
    session.add("the dog")
    job = session.run(ALL)
    gate.reached.acquire(timeout=10)
    gate.open()
    session.close()
    assert job.cancelled
    assert not session.folder.exists()


def test_the_command_says_what_was_done(session):
    session.add("the dog")
    session.add("it's mine")
    run(session, RunOptions("fast", start=0.2, end=0.9, stride=2))
    session.absent(4, 0)
    session.propagate().wait(20)
    line = (
        "car-video clip.mp4 --expr 'the dog' --expr 'it'\"'\"'s mine' --preset fast "
        "--start 0.2 --stride 2 --end 0.9"
    )
    again = f"{line} --resume --corrections corrections-1.json"
    assert session.commands() == [line, again]


def test_downloads(session):
    session.add("the dog")
    with pytest.raises(ConfigError, match="Run the clip first"):
        session.download("coco")
    run(session)
    with pytest.raises(OutputError, match="no format"):
        session.download("../../etc")
    names = {
        session.download(name).name
        for name in ("coco", "davis", "overlay", "masks", "json", "npz")
    }
    assert names == {
        *("clip_coco.json", "clip_davis.zip", "clip_overlay.mp4", "clip_masks.zip"),
        *("clip_predictions.json", "clip_masks.npz"),
    }
