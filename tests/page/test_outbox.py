"""Replies in one line, and a slider that is not put back under a hand."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest

from car_video.page.outbox import Outbox, next_number
from car_video.page.pages import Reply
from car_video.page.views import View


def put(outbox: Outbox[str], *names: str) -> None:
    for name in names:
        outbox.put(name, next_number())


def test_replies_come_as_they_were_put_and_once():
    outbox: Outbox[str] = Outbox()
    put(outbox, *"abc")
    assert asyncio.run(outbox.take(1)) == [("a", True), ("b", True), ("c", True)]
    assert asyncio.run(outbox.take(0.01)) == []


def test_a_reply_that_was_made_before_a_newer_one_is_marked():
    outbox: Outbox[str] = Outbox()
    old, new = next_number(), next_number()
    outbox.put("new", new)
    outbox.put("old", old)
    outbox.put("new again", new)
    assert asyncio.run(outbox.take(1)) == [("new", True), ("old", False), ("new again", True)]


def test_who_waits_is_woken_by_another_thread():
    outbox: Outbox[str] = Outbox()

    async def listen() -> object:
        waiting = asyncio.create_task(outbox.take(60))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        threading.Thread(target=put, args=(outbox, "reply")).start()
        return await asyncio.wait_for(waiting, 10)

    assert asyncio.run(listen()) == [("reply", True)]
    put(outbox, "later")  # that loop has ended, and nothing fails
    assert asyncio.run(outbox.take(1)) == [("later", True)]


def test_only_the_last_who_asks_gets_something():
    outbox: Outbox[str] = Outbox()

    async def both() -> list[object]:
        first = asyncio.create_task(outbox.take(60))
        await asyncio.sleep(0.02)
        second = asyncio.create_task(outbox.take(60))
        assert await asyncio.wait_for(first, 10) is None
        put(outbox, "reply")
        return await asyncio.wait_for(second, 10)

    assert asyncio.run(both()) == [("reply", True)]


def test_nobody_waits_for_a_page_that_is_gone():
    outbox: Outbox[str] = Outbox()

    async def leave() -> object:
        waiting = asyncio.create_task(outbox.take(60))
        await asyncio.sleep(0.02)
        outbox.close()
        return await asyncio.wait_for(waiting, 10)

    assert asyncio.run(leave()) is None
    assert asyncio.run(outbox.take(60)) is None


@pytest.fixture
def interface(tmp_path):
    pytest.importorskip("gradio", reason="the page needs gradio")
    from car_video.page.interface import Interface
    from car_video.page.limits import Limits
    from car_video.page.pages import Pages
    from car_video.page.sessions import Sessions
    from tests.page.fakes import FakeEngine

    sessions = Sessions(FakeEngine(), Limits(), tmp_path / "sessions")
    yield Interface(Pages(sessions))
    sessions.close()


def view(frame: int) -> View:
    return View(next_number(), opened=True, frame=frame, last=9, place=f"Frame {frame} of 9")


def sent(interface, *replies: Reply) -> dict:
    """What the browser of a page is given at once."""
    outbox = interface._sessions.of("page").outbox
    for reply in replies:
        outbox.put(reply, reply.view.number)
    values = asyncio.run(interface._listen(SimpleNamespace(session_hash="page")))
    assert list(values) == interface._outputs(), "gradio leaves out none that it is not given"
    return values


def test_the_slider_is_moved_only_where_it_does_not_stand(interface):
    found = [sent(interface, Reply(view(frame)))[interface.slider] for frame in (3, 3, 4)]
    assert [values.get("value") for values in found] == [3, None, 4]
    interface._moved(interface._sessions.of("page"), 7)  # by a hand
    values = sent(interface, Reply(view(7)))[interface.slider]
    assert "value" not in values
    assert values["label"] == "Frame 7 of 9"


def test_of_several_replies_the_newest_is_shown(interface):
    old = Reply(view(1), "Looking …", download="<a>", typed="the <dog>")
    values = sent(interface, Reply(view(2)), Reply(view(3), "Done."), old)
    assert values[interface.message] == "Done."
    assert values[interface.slider]["label"] == "Frame 3 of 9"
    assert values[interface.slider]["value"] == 3
    assert values[interface.link] == "<a>", "no other reply says so"
    assert 'data-typed="the &lt;dog&gt;"' in values[interface.ears]


def test_an_old_reply_alone_tells_only_what_no_other_tells(interface):
    old = Reply(view(1), "Looking …", download="<a>")
    sent(interface, Reply(view(2), "Done."))
    values = sent(interface, old)
    assert values[interface.link] == "<a>"
    for widget in (interface.message, interface.stage, interface.slider):
        assert values[widget] == interface._nothing[widget]


def test_a_question_of_a_closed_page_opens_none(interface):
    page = SimpleNamespace(session_hash="page")
    assert asyncio.run(interface._listen(page)) == interface._nothing
    assert interface._sessions.open_pages == []


def test_a_page_asks_again_unless_another_question_waits(interface):
    first, second = (sent(interface, Reply(view(1)))[interface.ears] for _ in range(2))
    assert first != second
    interface._sessions.of("page").outbox.close()
    values = asyncio.run(interface._listen(SimpleNamespace(session_hash="page")))
    assert values == interface._nothing
