"""Commands that are called by a first word: ``car-video convert ...``; a line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
import typer.core


@dataclass(frozen=True)
class Subcommand:
    """A command of its own, with options of its own.

    Attributes:
        name: the first word.
        module: where ``app`` is, made by :func:`new_app`; imported when it is called.
        not_beside: options of the main command. Where one is given, the first word is a
            source that happens to have this name.
    """

    name: str
    module: str
    not_beside: tuple[str, ...] = ("--expr", "--labels")

    def load(self) -> typer.Typer:
        """Its options and what it does."""
        app: typer.Typer = import_module(self.module).app
        return app


SUBCOMMANDS = (
    Subcommand("convert", "car_video.cli.convert"),
    Subcommand("serve", "car_video.cli.serve"),
    Subcommand("ui", "car_video.cli.ui"),
    Subcommand("explain", "car_video.cli.explain", not_beside=("--labels", "--save")),
    Subcommand("bench", "car_video.cli.bench", not_beside=("--labels", "--save")),
    Subcommand("licences", "car_video.cli.licences"),
    Subcommand("completion", "car_video.cli.completion"),
)


class SourceCommand(typer.core.TyperCommand):
    """The main command, whose usage says what comes first."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What follows the program's name in the usage line."""
        return ["SOURCE...", "--expr TEXT", "[OPTIONS]"]


def find_subcommand(arguments: Sequence[str]) -> Subcommand | None:
    """The command that the first word calls; None for the main one."""
    options = {argument.split("=")[0] for argument in arguments}
    for command in SUBCOMMANDS:
        if arguments[:1] == [command.name] and options.isdisjoint(command.not_beside):
            return command
    return None


def new_app() -> typer.Typer:
    """A command whose texts are shown as they are written: no markup, no emoji codes."""
    return typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
