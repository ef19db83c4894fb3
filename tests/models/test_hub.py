"""Weights from the hub: a hub on loopback, no hub at all, files put by hand."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub
import pytest

from car_video.errors import ModelError
from car_video.models import hub as weights_hub
from car_video.models.hub import SAFE_NAMES, placed_file, weights_file

Files = dict[str, bytes]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our cache and the user's, both empty."""
    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path / "ours"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "theirs"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path / "ours"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Files], list[str]]]:
    """``hub({path: content})`` serves files as the hub does; returns the log of requests."""
    servers = []

    def serve(files: Files) -> list[str]:
        log: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def answer(self, body: bool) -> None:
                log.append(f"{self.command} {self.path}")
                content = files.get(self.path)
                self.send_response(404 if content is None else 200)
                if content is None:
                    self.send_header("X-Error-Code", "EntryNotFound")
                    content = b""
                else:
                    self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
                self.send_header("X-Repo-Commit", "0" * 40)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if body:
                    self.wfile.write(content)

            def do_HEAD(self) -> None:
                self.answer(False)

            def do_GET(self) -> None:
                self.answer(True)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        template = address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        return log

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")


def test_downloaded_on_first_use_and_kept(
    hub: Callable[[Files], list[str]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = hub({f"/owner/name/resolve/main/{SAFE_NAMES[1]}": b"tensors"})
    path = weights_file("ViT-B-16", "tag", "owner/name/")
    assert path.read_bytes() == b"tensors"
    assert folder in path.parents
    assert any(SAFE_NAMES[0] in line for line in log)  # asked for first
    assert not any(".bin" in line for line in log)
    no_network(monkeypatch)
    assert weights_file("ViT-B-16", "tag", "owner/name/") == path


def test_a_named_pickle_is_asked_for_as_safetensors(
    hub: Callable[[Files], list[str]],
) -> None:
    hub({"/owner/name/resolve/main/model.safetensors": b"tensors"})
    path = weights_file("ViT-B-16", "tag", "owner/name/model.bin")
    assert path.name == "model.safetensors"


def test_a_repository_of_pickles_only_is_refused(hub: Callable[[Files], list[str]]) -> None:
    log = hub({"/owner/name/resolve/main/open_clip_pytorch_model.bin": b"pickle"})
    with pytest.raises(ModelError, match="no safetensors file") as caught:
        weights_file("ViT-B-16", "tag", "owner/name/")
    assert str(placed_file("ViT-B-16", "tag")) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not any(".bin" in line for line in log)


def test_offline_is_one_line_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    no_network(monkeypatch)
    with pytest.raises(ModelError) as caught:
        weights_file("ViT-B-16", "openai", "owner/name/")
    message = str(caught.value)
    assert "\n" not in message
    for part in ("ViT-B-16:openai", SAFE_NAMES[0], "owner/name", "lite"):
        assert part in message
    assert str(placed_file("ViT-B-16", "openai")) in message
    assert capfd.readouterr() == ("", "")  # none of the client's retry notices
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="cannot be reached"):
        weights_file("ViT-B-16", "openai", "owner/name/")


def test_files_put_by_hand_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    no_network(monkeypatch)
    place = placed_file("ViT-B-16", "openai")
    place.parent.mkdir(parents=True)
    place.write_bytes(b"mine")
    assert weights_file("ViT-B-16", "openai", "owner/name/") == place


def test_the_user_s_own_hub_cache_is_used(
    hub: Callable[[Files], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub({f"/owner/name/resolve/main/{SAFE_NAMES[0]}": b"tensors"})
    huggingface_hub.hf_hub_download("owner/name", SAFE_NAMES[0], cache_dir=tmp_path / "theirs")
    no_network(monkeypatch)
    assert tmp_path / "theirs" in weights_file("A", "b", "owner/name/").parents


def test_weights_outside_the_hub_are_refused() -> None:
    with pytest.raises(ModelError, match="pickle file only"):
        weights_file("ViT-B-16", "tag", "")


def test_a_full_disk_is_one_line(
    hub: Callable[[Files], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub({})

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", full)
    with pytest.raises(ModelError, match="No space left"):
        weights_file("ViT-B-16", "tag", "owner/name/")


def test_behind_a_proxy_the_hub_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    no_network(monkeypatch)
    assert not weights_hub.hub_reachable()
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:3128")
    assert weights_hub.hub_reachable()
