"""The man pages ``docs/man/car-video.1`` and ``car-eval.1``, made from the commands' own help.

    python -m tools.man_page            # writes both
    man -l docs/man/car-video.1

The wheel installs them in ``share/man/man1``. ``tests/tools/test_man_page.py`` wants them to be
those that this makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import typer

FOLDER = Path(__file__).parents[1] / "docs" / "man"
_SITE = "docs/ of the repository, or the site that mkdocs makes of it"


def main() -> None:
    """Write both pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "ascii", newline="\n")


def pages() -> dict[str, str]:
    """Texts of the pages by the names of their files."""
    from car_video.eval.cli import app as eval_app

    from car_video.cli.app import app
    from car_video.cli.subcommands import SUBCOMMANDS

    run = typer.main.get_command(app)
    others = {s.name: typer.main.get_command(s.load()) for s in SUBCOMMANDS}
    group: Any = typer.main.get_command(eval_app)
    return {
        "car-video.1": page("car-video", "masks of what a sentence names", run, others),
        "car-eval.1": page("car-eval", "evaluate masks on benchmarks", group, group.commands),
    }


def page(name: str, what: str, command: Any, subcommands: Mapping[str, Any]) -> str:
    """A man page in the language of troff's ``man`` macros.

    Args:
        name: of the program.
        what: it does, in a few words.
        command: of click; what the program does without a subcommand.
        subcommands: of click, by name.
    """
    lines = [f'.TH "{name.upper()}" "1" "" "car-video" "User Commands"']
    lines += [".SH NAME", rf"{_escaped(name)} \- {_escaped(what)}", ".SH SYNOPSIS"]
    lines += _usage(name, command)
    lines += [".SH DESCRIPTION", *_text(command.help), *_examples(command.epilog)]
    own = list(_options(command))
    lines += [".SH OPTIONS", *own] if own else []
    lines += [".SH COMMANDS"]
    for title, subcommand in subcommands.items():
        lines += [f".SS {_escaped(f'{name} {title}')}", *_text(subcommand.help)]
        lines += [*_options(subcommand), *_examples(subcommand.epilog)]
    lines += [".SH SEE ALSO", *_text(f"The documentation: {_SITE}.")]
    return "\n".join(lines) + "\n"


def _usage(name: str, command: Any) -> list[str]:
    arguments = [p.metavar for p in command.params if p.param_type_name == "argument"]
    words = [f"{one}..." for one in arguments] or ["COMMAND"]
    return [f".B {_escaped(name)}", _escaped(" ".join([*words, "[OPTIONS]"]))]


def _options(command: Any) -> Iterable[str]:
    """Arguments that are told of, then options, in the order of ``--help``."""
    for parameter in command.params:
        if getattr(parameter, "hidden", False) or not getattr(parameter, "help", None):
            continue
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
        if parameter.param_type_name == "argument":
            yield from (".TP", f".I {_escaped(parameter.metavar or parameter.name.upper())}")
        else:
            value = "" if parameter.is_flag else _metavar(parameter)
            yield from (
                ".TP",
                rf"\fB{_escaped(names)}\fR" + (rf" \fI{value}\fR" if value else ""),
            )
        yield from _text(parameter.help + _default(parameter))


def _metavar(option: Any) -> str:
    return _escaped(option.metavar or option.name.upper())


def _default(option: Any) -> str:
    """What ``--help`` adds: a default that the text does not name itself."""
    shown, value = option.show_default, option.default
    if isinstance(shown, str):
        return f"  [default: {shown}]"
    given = isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
    return f"  [default: {value}]" if shown and given else ""


def _text(text: str | None) -> list[str]:
    paragraphs = re.split(r"\n\s*\n", (text or "").replace("\b", "").strip())
    lines = [_escaped(" ".join(paragraph.split())) for paragraph in paragraphs]
    return [line for one in lines for line in (".PP", one)][1:]


def _examples(epilog: str | None) -> list[str]:
    """Lines that stay as they are."""
    lines = (epilog or "").replace("\b", "").strip("\n").splitlines()
    return [".PP", ".nf", *map(_escaped, lines), ".fi"] if lines else []


def _escaped(text: str) -> str:
    """Text that troff takes for letters, hyphens of options included."""
    plain = text.replace("\\", r"\e").replace("-", r"\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


if __name__ == "__main__":
    main()
