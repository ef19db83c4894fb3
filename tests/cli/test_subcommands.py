from __future__ import annotations

import pytest
import typer

from car_video.cli.subcommands import SUBCOMMANDS, find_subcommand


@pytest.mark.parametrize("command", SUBCOMMANDS, ids=lambda one: one.name)
def test_each_can_be_loaded_and_is_found_by_its_name(command):
    assert find_subcommand([command.name, "--help"]) is command
    assert isinstance(command.load(), typer.Typer)


def test_a_source_of_the_same_name_is_a_source():
    assert find_subcommand(["convert", "--expr", "a dog"]) is None
    assert find_subcommand(["convert", "--expr=a dog"]) is None
    assert find_subcommand(["./convert"]) is None
    assert find_subcommand(["clip.mp4", "convert"]) is None
    assert find_subcommand([]) is None


def test_names_are_unique():
    names = [command.name for command in SUBCOMMANDS]
    assert len(names) == len(set(names))
