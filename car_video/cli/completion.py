"""``car-video completion bash|zsh|fish``: what the shell offers after the tabulator key.

The script of a shell calls ``car-video`` with the words so far and :data:`VARIABLE` set; it
prints what may stand in place of the last word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from car_video.cli.subcommands import SUBCOMMANDS, find_subcommand, new_app
from car_video.errors import ConfigError

VARIABLE = "_CAR_VIDEO_COMPLETE"
SCRIPTS = {
    "bash": f"""\
_car_video() {{
    local IFS=$'\\n'
    COMPREPLY=( $({VARIABLE}=1 car-video "${{COMP_WORDS[@]:1:COMP_CWORD}}" 2>/dev/null) )
}}
complete -o default -F _car_video car-video
""",
    "zsh": f"""\
#compdef car-video
_car_video() {{
    local -a found
    found=(${{(f)"$({VARIABLE}=1 car-video "${{(@)words[2,$CURRENT]}}" 2>/dev/null)"}})
    (( $#found )) && compadd -- $found || _files
}}
compdef _car_video car-video
""",
    "fish": f"""\
function __car_video_complete
    set -l last (commandline -ct)
    set -l found ({VARIABLE}=1 car-video (commandline -opc)[2..] "$last" 2>/dev/null)
    if set -q found[1]
        printf '%s\\n' $found
    else
        __fish_complete_path "$last"
    end
end
complete -c car-video -f -a "(__car_video_complete)"
""",
}
_CHOICES = re.compile(r"[a-z0-9-]+([|][a-zA-Z0-9-]+)+")

app = new_app()


@app.command()
def completion(
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish", help="The shell.")] = "",
) -> None:
    """Print the script that completes car-video's options in a shell.

    bash: car-video completion bash >> ~/.bashrc; zsh: a file _car-video in a folder of $fpath;
    fish: ~/.config/fish/completions/car-video.fish.
    """
    if shell not in SCRIPTS:
        raise ConfigError(f"name a shell: car-video completion {'|'.join(SCRIPTS)}")
    print(SCRIPTS[shell], end="")


OWN_ENGINES = {"--masks": ("sam", "fcclip", "both"), "--propose": (), "--tracker": ("flow",)}
"""Options that name engines, and the words that they take for what ships."""


def candidates(words: Sequence[str], main: typer.Typer) -> list[str]:
    """What may stand in place of the last word.

    Args:
        words: of the command line so far, without the program's name; the last one is not
            whole, perhaps empty.
        main: the command without a subcommand.

    Returns:
        sorted; none where a file or a text of one's own is wanted.
    """
    *before, last = words or [""]
    subcommand = find_subcommand(before)
    options = _options(main if subcommand is None else subcommand.load())
    asked = options.get(before[-1]) if before else None
    if asked is not None and not asked.is_flag:
        return _starting(_values(before[-1], asked), last)
    if last.startswith("-"):
        return _starting(options, last)
    if not before and last:
        names = [command.name for command in SUBCOMMANDS]
        return _starting([*names, "models", "presets"], last)
    return []


def _options(command: typer.Typer) -> dict[str, Any]:
    """The options of a command that are not hidden, by name."""
    found = typer.main.get_command(command).params
    return {
        name: option
        for option in found
        if getattr(option, "is_flag", None) is not None and not getattr(option, "hidden", False)
        for name in option.opts
        if name.startswith("--")
    }


def _values(name: str, option: Any) -> Iterable[str]:
    """What an option may be given, where that is a list."""
    if name == "--model":
        from car_video.models.catalog import available_models

        return [model.name for model in available_models()]
    if name == "--preset":
        from car_video.config import preset_names

        return preset_names()
    if name in OWN_ENGINES:
        from car_video.models.engines import engines

        return [*OWN_ENGINES[name], *(one.name for one in engines() if one.option == name)]
    if name == "--to":
        from car_video.io.export_catalog import FORMATS

        return FORMATS
    metavar = option.metavar or ""
    if not _CHOICES.fullmatch(metavar):
        return []
    return [choice for choice in metavar.split("|") if not choice.isupper()]


def _starting(names: Iterable[str], beginning: str) -> list[str]:
    return sorted(name for name in names if name.startswith(beginning))
