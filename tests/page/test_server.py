"""The page behind its address: who may come in, what is given out."""

from __future__ import annotations

import tempfile
import urllib.error
import urllib.request

import pytest

from car_video.errors import ConfigError
from car_video.page import server as server_module
from car_video.page.limits import Limits
from car_video.page.server import check_open, example_clip
from tests.page.fakes import FakeEngine


def test_other_computers_need_a_password():
    check_open("127.0.0.1", None)
    check_open("localhost", "word")
    check_open("0.0.0.0", "word")
    with pytest.raises(ConfigError, match="give a --password as well"):
        check_open("0.0.0.0", None)
    with pytest.raises(ConfigError, match="--password is empty"):
        check_open("0.0.0.0", " ")


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("gradio", reason="the page needs gradio")
    from car_video.page.server import Server

    served = Server(FakeEngine(), Limits())
    yield served
    root = served.sessions.root
    served.close()
    assert not root.exists()


def answer(
    url: str, data: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, dict(reply.headers), reply.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_the_page_fetches_nothing_from_elsewhere(server):
    status, headers, _ = answer(server.url)
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_a_foreign_name_for_this_computer_is_refused(server):
    assert answer(server.url, Host="evil.example")[0] == 400


def test_files_are_given_out_by_their_secret_only(server, tmp_path):
    session = server.sessions.of("one")
    file = session.folder / "result.json"
    file.write_text("[]")
    token = server.sessions.offer(session, file)
    status, headers, data = answer(f"{server.url}files/{token}/result.json")
    assert (status, data) == (200, b"[]")
    assert 'filename="result.json"' in headers["content-disposition"]
    assert answer(f"{server.url}files/guess/result.json")[0] == 404
    for path in (file, "/etc/passwd", server.sessions.uploads / ".." / "sessions"):
        assert answer(f"{server.url}gradio_api/file={path}")[0] == 403


def test_a_port_that_is_taken_is_told(server):
    from car_video.page.server import Server

    port = int(server.url.rstrip("/").rsplit(":", 1)[1])
    with pytest.raises(ConfigError, match=f"port {port} is taken"):
        Server(FakeEngine(), Limits(), port=port)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_port_0_is_any_free_one(host):
    pytest.importorskip("gradio", reason="the page needs gradio")
    from car_video.page.server import Server

    served = Server(FakeEngine(), Limits(), host, port=0)
    try:
        port = int(served.url.rstrip("/").rsplit(":", 1)[1])
        assert port not in (0, *server_module.PORTS)
        assert answer(served.url)[0] == 200
    finally:
        served.close()


def test_an_address_that_is_not_ours_is_told():
    pytest.importorskip("gradio", reason="the page needs gradio")
    from car_video.page.server import Server

    with pytest.raises(
        ConfigError, match=r"cannot be used at 192\.0\.2\.1; give another --port"
    ):
        Server(FakeEngine(), Limits(), "192.0.2.1", port=0, password="word")


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_stops_the_start_leaves_no_folder(monkeypatch, tmp_path, error):
    from car_video.page.server import Server

    def stop(*_: object) -> None:
        raise error

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Server, "_launch", stop)
    with pytest.raises(error):
        Server(FakeEngine(), Limits())
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_asked_for():
    pytest.importorskip("gradio", reason="the page needs gradio")
    from car_video.page.server import Server

    served = Server(FakeEngine(), Limits(), password="wörd")
    try:
        assert answer(f"{served.url}config")[0] == 401
        assert answer(f"{served.url}gradio_api/file=/etc/passwd")[0] in (401, 403)
        wrong = b"username=me&password=wrong"
        right = b"username=me&password=w%C3%B6rd"
        assert answer(f"{served.url}login", wrong)[0] == 400
        assert answer(f"{served.url}login", right)[0] == 200
    finally:
        served.close()


def test_the_example_is_there_where_a_checkout_is(tmp_path, monkeypatch):
    clip = tmp_path / "examples" / "person.mp4"
    clip.parent.mkdir()
    clip.write_bytes(b"clip")
    installed = tmp_path / "site-packages" / "car_video" / "page" / "server.py"
    monkeypatch.setattr(server_module, "__file__", str(installed))
    monkeypatch.chdir(tmp_path)
    assert example_clip() == clip
    monkeypatch.chdir(clip.parent)
    assert example_clip() is None
