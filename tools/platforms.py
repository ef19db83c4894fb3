"""On which systems car-video and its extras can be installed from wheels, as a table.

    python -m tools.platforms        # needs uv (pip install uv) and PyPI; a minute

For each system and Python version ``uv pip compile`` resolves all dependencies with nothing
built from source. That says that wheels exist and agree with each other, not that they run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
SYSTEMS = {
    "Linux, x86-64": "x86_64-unknown-linux-gnu",
    "Linux, ARM": "aarch64-unknown-linux-gnu",
    "Windows, x86-64": "x86_64-pc-windows-msvc",
    "macOS 14, Apple silicon": "aarch64-apple-darwin",
    "macOS 14, Intel": "x86_64-apple-darwin",
}
"""Names for people, and those that uv gives the platforms."""

MACOS = "14.0"
"""The macOS that is asked for: wheels of PyAV want this one."""

PYTHONS = ("3.11", "3.12", "3.13")
LEFT_OUT = ("dev", "docs", "build")  # extras of those who work on car-video, not of its users
SOURCE_ONLY = ("densecrf",)  # pydensecrf2 has no wheel for any system: it wants a compiler

Resolve = Callable[[Sequence[str], str, str], str]
"""From extras, a platform and a Python version to what is in the way, or ``""``."""


def main() -> None:
    """Print the table."""
    for line in table(extras(), resolve):
        print(line, flush=True)


def extras() -> list[str]:
    """Names of the extras for users, out of ``pyproject.toml``."""
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    left_out = (*LEFT_OUT, *SOURCE_ONLY)
    return [name for name in project["optional-dependencies"] if name not in left_out]


def table(names: Sequence[str], resolve: Resolve) -> Iterator[str]:
    """The lines of a Markdown table with a row for each system.

    Args:
        names: of extras.
        resolve: says what is in the way.

    Yields:
        For each Python version "all", or what cannot be installed and why. Where the program
        itself cannot, extras are not asked for.
    """
    yield "| system | " + " | ".join(f"Python {one}" for one in PYTHONS) + " |"
    yield "|---" * (len(PYTHONS) + 1) + "|"
    for system, platform in SYSTEMS.items():
        cells = [_cell(names, platform, version, resolve) for version in PYTHONS]
        yield "| " + " | ".join([system, *cells]) + " |"


def resolve(names: Sequence[str], platform: str, version: str) -> str:
    """What keeps uv from resolving the program with these extras; ``""`` where nothing does.

    Raises:
        FileNotFoundError: uv is not installed.
    """
    command = [
        *("uv", "pip", "compile", "--quiet", "--no-header", "--only-binary", ":all:"),
        *("--python-platform", platform, "--python-version", version),
        *(word for name in names for word in ("--extra", name)),
        str(PYPROJECT),
    ]
    environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": MACOS, "NO_COLOR": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False
    )
    return reason(done.stderr) if done.returncode else ""


def reason(said: str) -> str:
    """The package that has no wheel, out of uv's error; else all that uv said.

    Example:
        >>> reason("error: No solution found ...\\n hint: Wheels are required for `av` because")
        'no wheel of av'
    """
    text = " ".join(said.split())
    named = re.search(r"(?:Wheels are required for `|Because (?:only )?)([\w.-]+)", text)
    if named and "wheel" in text.lower():
        return f"no wheel of {named[1]}"
    return text or "uv said nothing"


def _cell(names: Sequence[str], platform: str, version: str, resolve: Resolve) -> str:
    if not resolve(names, platform, version):
        return "all"
    if why := resolve((), platform, version):
        return f"nothing: {why}"
    alone = {name: resolve((name,), platform, version) for name in names}
    missing = [f"`{name}` ({why})" for name, why in alone.items() if why]
    return f"all but {', '.join(missing)}" if missing else "all, but not all together"


if __name__ == "__main__":
    try:
        main()
    except FileNotFoundError:
        sys.exit("uv is not installed: pip install uv")
