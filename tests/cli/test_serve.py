from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys

import pytest
from websockets.sync.client import connect

from car_video.backends import catalog
from car_video.cli import serve as serve_module
from car_video.cli.serve import TOKEN_VARIABLE, _settings
from car_video.errors import ConfigError
from car_video.io.rle import decode_rle
from tests.serve.fakes import picture


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "0.0.0.0"), "token"),
        (("--host", "nowhere.invalid"), "token"),
        (("--port", "70000"), "port"),
        (("--preset", "no-such"), "no-such"),
        (("--model", "no-such"), "no-such"),
        (("--backend", "abacus"), "unknown --backend 'abacus'"),
        (("--clients", "0"), "clients"),
        (("more",), "more"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(cli, monkeypatch, arguments, said):
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    code, out, err = cli("serve", "--port", "0", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_its_back_end_takes_the_place_of_the_preset_s(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "find_spec", lambda name: name)
    preset = tmp_path / "mine.yaml"
    preset.write_text("extends: fast\nsegment: {backend: openvino}\n")
    for asked, found in ((None, "openvino"), ("torch", "torch"), ("onnx", "onnx")):
        assert _settings(None, str(preset), asked)[1].segment.backend == found


def test_presence_is_assumed_where_it_is_said_or_the_preset_says_so(tmp_path):
    preset = tmp_path / "mine.yaml"
    preset.write_text("extends: fast\nsegment: {assume_present: true}\n")
    for name, asked, found in ((None, False, False), (None, True, True), (preset, False, True)):
        given = None if name is None else str(name)
        assert _settings(None, given, None, asked)[1].segment.assume_present is found


def test_the_command_hands_its_choice_on(cli, monkeypatch):
    given = []

    def settings(*arguments):
        given.append(arguments)
        raise ConfigError("enough")

    monkeypatch.setattr(serve_module, "_settings", settings)
    for more in ((), ("--assume-present",)):
        assert cli("serve", "--port", "0", *more)[0] == 2
    assert [arguments[-1] for arguments in given] == [False, True]


def test_a_port_that_is_taken(cli):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, err = cli("serve", "--port", taken.getsockname()[1])
    assert code == 2
    assert "cannot listen" in err


def test_a_missing_package_is_named(cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'car-video[serve]'" in cli("serve")[2]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for other processes there")
def test_the_whole_server_with_the_bundled_model():
    """Ctrl-C is its regular end."""
    command = [sys.executable, "-m", "car_video", "serve", "--port", "0", "--preset", "fast"]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as server:
        try:
            found = re.search(r"ws://\S+", server.stderr.readline())
            with connect(found[0]) as client:
                assert json.loads(client.recv())["model"] == "lite"
                client.send(json.dumps({"expressions": ["a dog"], "keep": "all"}))
                for value in (0, 90):
                    client.send(picture(value, 96, 64))
                    answer = json.loads(client.recv(60))
                    assert answer["type"] == "answer"
                    assert decode_rle(answer["objects"][0]["segmentation"]).shape == (64, 96)
            server.send_signal(signal.SIGINT)
            assert server.wait(60) == 0
            assert server.stderr.read() == ""
        finally:
            server.kill()
