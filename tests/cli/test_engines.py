"""--masks, --propose, --tracker, --roi: what cannot be is told before anything is loaded."""

from __future__ import annotations

import pytest
from PIL import Image
from typer.main import get_command

from car_video.cli.app import app
from car_video.cli.completion import candidates
from car_video.cli.request import Request, check_options
from car_video.errors import OutputError
from car_video.io.writers.run_record import compare
from car_video.models.engines import engines


def settings_of(**options):
    return check_options(Request("clip.mp4", ("a dog",), **options)).config.segment


def test_names_reach_the_configuration():
    assert settings_of(masks="sam").sam.model == "mobile"
    assert settings_of(masks="sam2:tiny").sam.model == "sam2:tiny"
    assert settings_of(propose="owlv2").detector.model == "owlv2"
    assert settings_of().detector.model == "none"
    assert (settings_of().roi, settings_of(roi="auto").roi) == ("off", "auto")
    assert settings_of(assume_present=True).assume_present
    assert not settings_of().assume_present
    tracked = check_options(Request("clip.mp4", ("a dog",), tracker="edgetam")).config
    assert tracked.video.tracker == "edgetam"


def test_another_detector_is_another_run():
    def asked(**options):
        return check_options(Request("clip.mp4", ("a dog",), **options)).options()

    assert asked() != asked(propose="owlv2")
    assert asked() != asked(tracker="sam2")
    assert asked() != asked(roi="auto")
    assert asked() != asked(assume_present=True)
    assert asked()["roi"] is None, "as in records of versions without it"
    assert asked()["assume present"] is None
    assert "assume_present" not in asked()["preset settings"]


def test_options_are_named_as_they_are_typed_where_a_run_differs_in_them(tmp_path):
    options = check_options(Request("clip.mp4", ("a dog",))).options()
    typed = {name for parameter in get_command(app).params for name in parameter.opts}
    kept = [key for key in options if f"--{key.replace(' ', '-')}" in typed]
    assert "assume present" in kept
    record = {"picture size": [8, 8], "model": "lite", "expressions": ["a dog"], "source": {}}
    for key in kept:
        others = {**options, key: "another"}
        with pytest.raises(OutputError, match=f"differs in --{key.replace(' ', '-')};"):
            compare(tmp_path, {**record, "options": options}, {**record, "options": others})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--masks", "sam2:tinny"), "did you mean 'sam2:tiny'"),
        (("--masks", "fcclip"), "--masks needs an FC-CLIP, which 'lite' is not"),
        (("--masks", "sam2", "--refine", "crf"), "--masks means nothing with --refine crf"),
        (("--propose", "owlv3"), "did you mean 'owlv2'"),
        (
            ("--propose", "owlv2", "--refine", "none"),
            "--propose means nothing with --refine none",
        ),
        (("--propose", "owlv2:."), "folder '.' has no config.json"),
        (("--tracker", "sam2:tinny"), "did you mean 'sam2:tiny'"),
        (("--tracker", "sam2", "--refine", "crf"), "--tracker means nothing with --refine crf"),
        (("--tracker", "sam2", "--mode", "offline"), "needs --mode online, not offline"),
        (("--tracker", "sam2", "--target-fps", "8"), "--target-fps cannot make sam2 quicker"),
        (("--tracker", "edgetam:."), "folder '.' has no config.json"),
        (("--roi", "always"), "unknown --roi 'always'; choose from off, auto"),
        (("--roi", "auto", "--refine", "crf"), "--roi auto means nothing with --refine crf"),
        (("--roi", "off", "--labels", "coco"), "--roi means nothing with --labels"),
        (("--assume-present", "--labels", "coco"), "--assume-present means nothing with"),
        (("--propose", "owlv2", "--labels", "coco"), "--propose means nothing with --labels"),
    ],
)
def test_what_cannot_work_is_one_line(cli, clip, loader, options, message):
    expressions = () if "--labels" in options else ("--expr", "a dog")
    code, out, err = cli(clip, *expressions, *options)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert message in err
    assert not loader.made, "before the model is loaded"


def test_a_picture_has_nothing_to_follow(cli, tmp_path, loader):
    Image.new("RGB", (32, 24)).save(tmp_path / "one.png")
    code, _, err = cli("one.png", "--expr", "a dog", "--tracker", "sam2")
    assert code == 2
    assert err.strip().endswith("this is a single picture")
    assert not loader.made
    assert cli("one.png", "--expr", "a dog", "--tracker", "flow")[0] == 0


def test_the_shell_completes_their_names():
    assert candidates(["--tracker", "e"], app) == ["edgetam"]
    assert candidates(["--roi", ""], app) == ["auto", "off"]
    assert "grounding-dino" in candidates(["--propose", ""], app)
    assert {"both", "sam2:tiny"} <= set(candidates(["--masks", ""], app))


@pytest.mark.parametrize("command", ["models", "licences"])
def test_everything_on_demand_is_listed_with_its_licence(cli, command):
    code, out, err = cli(command)
    assert (code, err) == (0, "")
    for engine in engines():
        assert f"{engine.option} {engine.name}" in out
        assert engine.source in out
        assert engine.licence in out
