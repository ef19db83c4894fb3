"""One export: checked first, made under another name, moved into place when it is whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from av.error import FFmpegError

from car_video.errors import ConfigError, OutputError
from car_video.io.export_catalog import Format, find_format
from car_video.io.exports.finished_run import FinishedRun, open_run
from car_video.io.exports.options import ExportOptions
from car_video.io.writers.atomic_files import explain, writing
from car_video.io.writers.video import choose_encoder
from car_video.types import FramePrediction

_AGAIN = "free some space and try again"


class Write(Protocol):
    """What the module of a format has as ``write``."""

    def __call__(self, run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
        """Write the result.

        Args:
            run: what was found.
            target: file or folder to make; it is not there yet. It has the final name, in a
                folder that is thrown away if this fails.
            options: checked.

        Returns:
            Remarks for the user, one line each.

        Raises:
            OutputError: the run cannot be put into this format, or the disk does not take it.
        """
        ...


def export(
    run: str | Path | FinishedRun | Iterable[FramePrediction],
    format: str,
    path: str | Path | None = None,
    *,
    replace: bool = False,
    **options: Any,
) -> Path:
    """Write what a run has found in the form of another tool.

    Args:
        run: output folder of a finished run, or predictions of one video in order.
        format: a name of ``car_video.io.export_catalog.FORMATS``, such as ``coco``.
        path: of the file or folder to make; it must not be there yet. By default it lies in
            the run's folder, under the format's own name.
        replace: a file that is there is written over (a folder is not).
        options: fields of :class:`ExportOptions`.

    Returns:
        where the result is.

    Raises:
        OutputError: see :func:`open_run`; a result that is there already; a package that is
            missing; something the format cannot hold.
        ConfigError: an option that the format does not have, or a value out of range.

    Example:
        >>> export("clip_car", "coco", "clip.json")  # doctest: +SKIP
        PosixPath('clip.json')
    """
    return export_with_remarks(run, format, path, replace=replace, **options)[0]


def export_with_remarks(
    run: str | Path | FinishedRun | Iterable[FramePrediction],
    format: str,
    path: str | Path | None = None,
    *,
    replace: bool = False,
    **options: Any,
) -> tuple[Path, list[str]]:
    """As :func:`export`; gives remarks for the user as well, one line each."""
    chosen = find_format(format)
    unknown = options.keys() - {field.name for field in fields(ExportOptions)}
    if unknown:
        raise ConfigError(f"no option '{min(unknown)}' for exports")
    settings = ExportOptions(**options)
    settings.check(chosen)
    check_tools(chosen)
    chosen = chosen.split() if settings.split else chosen
    if isinstance(run, str | Path):
        run = open_run(run)
    elif not isinstance(run, FinishedRun):
        run = FinishedRun.of(run)
    if path is None and run.folder is None:
        raise OutputError("say where the export goes: predictions in memory have no folder")
    target = Path(path) if path is not None else (run.folder or Path()) / chosen.file
    check_target(target, chosen, replace)
    return target, _write(chosen, run, target, settings, replace)


def check_tools(format: Format) -> None:
    """Raises OutputError where a package or an encoder that a format needs is not there."""
    missing = [name for name in format.needs if find_spec(name) is None]
    if missing:
        raise OutputError(
            f"{format.name} needs {', '.join(missing)}; install it with: pip install "
            f"'car-video[{format.extra}]'"
        )
    codecs = getattr(_module(format), "CODECS", None)
    if codecs is not None:
        choose_encoder(codecs)


def check_target(target: Path, format: Format, replace: bool = False) -> None:
    """Say early whether a result can be made there.

    Raises:
        OutputError: something is there already, its folder is not there or takes no files, or
            its ending is that of another kind of file.
    """
    suffix = Path(format.file).suffix
    if not target.name:
        raise OutputError(f"'{target}' is no name for a result; give another --out")
    if not format.is_folder and target.suffix.lower() != suffix:
        raise OutputError(
            f"'{target}' is no name for {format.name}, whose files end with {suffix}; try "
            f"--out {target.with_suffix(suffix)}"
        )
    there = os.path.lexists(target)
    if there and not (replace and target.is_file() and not format.is_folder):
        raise OutputError(f"'{target}' is there already; choose another --out, or remove it")
    parent = target.absolute().parent
    if not parent.is_dir():
        raise OutputError(f"no folder '{parent}' for '{target.name}'; make it")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"no permission to write in '{parent}'; choose another --out")


def _write(
    format: Format, run: FinishedRun, target: Path, options: ExportOptions, replace: bool
) -> list[str]:
    write: Write = _module(format).write
    with writing(target):
        workshop = Path(
            tempfile.mkdtemp(prefix=f".{target.name[:40]}.", suffix=".part", dir=target.parent)
        )
        try:
            made = workshop / target.name
            remarks = write(run, made, options)
            _move(made, target, replace)
        except (OSError, FFmpegError) as error:
            raise OutputError(explain(error, target, _AGAIN)) from error
        except OutputError as error:
            if str(workshop) not in str(error) or error.__cause__ is None:
                raise
            raise OutputError(explain(error.__cause__, target, _AGAIN)) from error
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
    return remarks


def _module(format: Format) -> Any:
    return import_module(f"car_video.io.exports.{format.module}")


def _move(made: Path, target: Path, replace: bool) -> None:
    """Give the result its place, unless another one has taken it meanwhile."""
    if made.is_file() and not replace:
        try:
            target.open("xb").close()
        except FileExistsError:
            raise _taken(target) from None
    elif os.path.lexists(target) and not replace:
        raise _taken(target)
    os.replace(made, target)


def _taken(target: Path) -> OutputError:
    return OutputError(f"'{target}' was made by another run meanwhile; choose another --out")
