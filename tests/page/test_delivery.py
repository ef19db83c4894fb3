"""Replies in order, and a slider that is not put back under a hand."""

from __future__ import annotations

import threading
import time

import pytest

from car_video.page.delivery import Delivery, next_number
from car_video.page.pages import Reply
from car_video.page.views import View


def test_an_older_reply_does_not_hold_any_more():
    old, new = next_number(), next_number()
    delivery = Delivery()
    with delivery.turn(new) as holds:
        assert holds
    with delivery.turn(old) as holds:
        assert not holds
    with delivery.turn(new) as holds:
        assert holds


def test_a_reply_waits_for_the_one_that_is_being_sent():
    delivery = Delivery()
    order: list[str] = []

    def second() -> None:
        with delivery.turn(next_number()):
            order.append("second")

    with delivery.turn(next_number()):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.05)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def test_a_page_that_is_gone_holds_up_nobody(monkeypatch):
    monkeypatch.setattr("car_video.page.delivery._PATIENCE", 0.01)
    delivery = Delivery()
    left = delivery.turn(next_number())
    left.__enter__()
    with delivery.turn(next_number()) as holds:
        assert holds
    left.__exit__(None, None, None)
    with delivery.turn(next_number()) as holds:
        assert holds


@pytest.fixture
def interface(tmp_path, monkeypatch):
    pytest.importorskip("gradio", reason="the page needs gradio")
    monkeypatch.setattr("car_video.page.interface.SETTLED", 0.0)
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


def test_the_slider_is_moved_only_where_it_does_not_stand(interface):
    session = interface._sessions.of("page")
    replies = [Reply(view(frame)) for frame in (3, 3, 4)]
    sent = [values[interface.slider] for values in interface._send(session, replies)]
    assert [values.get("value") for values in sent] == [3, None, 4, None, None]
    session.delivery.frame = 7  # a hand has moved it there
    for values in interface._send(session, [Reply(view(7))]):
        assert "value" not in values[interface.slider]


def test_the_newest_reply_is_said_again_and_then_nothing(interface):
    session = interface._sessions.of("page")
    older, newer = Reply(view(1)), Reply(view(2), "Done.", download="<a>")
    *_, again, last = interface._send(session, [older, newer])
    assert again[interface.message] == "Done."
    assert again[interface.slider]["label"] == "Frame 2 of 9"
    assert last == interface._nothing


def test_what_is_no_longer_the_newest_is_not_said_again(interface):
    session = interface._sessions.of("page")
    sending = interface._send(session, [Reply(view(1))])
    assert next(sending)[interface.slider]["label"] == "Frame 1 of 9"
    list(interface._send(session, [Reply(view(2))]))
    assert list(sending) == [interface._nothing]


def test_what_only_an_old_reply_says_is_told(interface):
    session = interface._sessions.of("page")
    old = Reply(view(1), "Looking …", download="<a>", done="text")
    list(interface._send(session, [Reply(view(2), "Done.")]))
    values, last = interface._send(session, [old])
    assert values[interface.link] == "<a>"
    assert values[interface.text]["value"] == ""
    for widget in (interface.message, interface.stage, interface.slider):
        assert values[widget] == last[widget] == interface._nothing[widget]
