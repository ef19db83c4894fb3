"""What the page computes with: presets, and what is chosen beside them."""

from __future__ import annotations

from car_video.page.engine import Engine
from car_video.page.work import RunOptions, RunSettings


def test_what_is_assumed_is_added_to_the_preset():
    engine = Engine()
    assert engine.first == RunSettings("default", assume_present=False)
    assert Engine(assume_present=True).first == RunSettings("default", assume_present=True)
    for single in (False, True):
        for assumed in (False, True):
            config = engine.config(RunSettings("fast", assumed), single)
            assert config.segment.assume_present is assumed
            assert config.video.mode == ("per-frame" if single else "online")
    assert RunOptions("fast", stride=2, assume_present=True).settings == ("fast", True)


def test_a_preset_that_assumes_cannot_be_told_otherwise(tmp_path):
    preset = tmp_path / "mine.yaml"
    preset.write_text("extends: fast\nsegment: {assume_present: true}\n")
    engine = Engine(preset=str(preset))
    assert engine.always_assumes
    assert not Engine().always_assumes
    assert engine.config(engine.first, single=False).segment.assume_present
