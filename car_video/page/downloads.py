"""What has been made, as files to take away."""

from __future__ import annotations

import secrets
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from car_video.errors import ConfigError, OutputError
from car_video.io.export_catalog import FORMATS
from car_video.io.exports import export
from car_video.io.writers import OutputFolder, OutputInfo, Outputs
from car_video.io.writers.atomic_files import writing
from car_video.io.writers.predictions import RESULTS, write_predictions
from car_video.page.clip import Clip, safe_name
from car_video.page.work import StoredPredictions, Work

OVERLAY, MASKS, JSON = "overlay", "masks", "json"

OWN = {
    OVERLAY: "the clip with masks drawn over it",
    MASKS: "masks as PNG, a colour for each expression",
    JSON: "predictions.json, everything that is known",
}
"""Downloads that are no exports: what ``--save`` writes."""

EDGES = ("matte-png", "prores", "webm")


def choices() -> list[tuple[str, str]]:
    """(what it is, name) of everything that can be downloaded, the most wanted first."""
    own = [(f"{text[0].upper()}{text[1:]}", name) for name, text in OWN.items()]
    return own + [(f"For {f.audience}: {f.what}", f.name) for f in FORMATS.values()]


def download(
    folder: Path, clip: Clip, work: Work, model: str, name: str, soft: bool = False
) -> Path:
    """Make one download.

    Args:
        folder: of the session; the file lies in a folder of its own in it, whose name cannot
            be guessed.
        clip: that was worked on.
        work: with the answers.
        model: name of the model.
        name: out of :func:`choices`.
        soft: soft edges, for formats that have some.

    Returns:
        A file; folders are zipped.

    Raises:
        ConfigError: there is no answer yet.
        OutputError: no such format, or it cannot be made of this clip.
    """
    if not work.frames:
        raise ConfigError("Run the clip first; then there is something to download.")
    place = folder / "downloads" / secrets.token_urlsafe(24)
    place.mkdir(parents=True)
    run = place / f"{safe_name(clip.path.stem)}_car"
    try:
        if name in (OVERLAY, MASKS):
            made = _saved(run, clip, work, model, name)
        else:
            run.mkdir()
            made = run / RESULTS
            write_run(made, clip, work, model)
            if name != JSON:
                made = _exported(run, clip, name, soft)
        return _one_file(made, place, clip.path.stem)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(run, ignore_errors=True)


def write_run(path: Path, clip: Clip, work: Work, model: str) -> None:
    """``predictions.json`` of the answers. Raises OutputError."""
    lines = (work.frames[index].line for index in sorted(work.frames))
    write_predictions(path, _info(clip, work, model), len(work.frames), lines)


def zip_files(path: Path, files: Iterable[tuple[Path, str]]) -> None:
    """Put files into a zip under the names given; nothing half-written. Raises OutputError."""
    part = path.with_name(f"{path.name}.part")
    with writing(path):
        try:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                for file, name in files:
                    archive.write(file, name)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _exported(run: Path, clip: Clip, name: str, soft: bool) -> Path:
    if name not in FORMATS:
        raise OutputError(f"There is no format '{name}'.")
    options: dict[str, Any] = {}
    if "source" in FORMATS[name].options:
        options["source"] = str(clip.path)
    if soft and name in EDGES:
        options["edges"] = "soft"
    return export(run, name, **options)


def _saved(run: Path, clip: Clip, work: Work, model: str, target: str) -> Path:
    """What ``--save`` makes, which needs the pictures."""
    outputs = Outputs(OutputFolder.open(run, _info(clip, work, model)), (target,))
    predictions = StoredPredictions(work.frames, work.expressions)
    with outputs:
        for index in sorted(work.frames):
            outputs.write(clip.frame(index), predictions[index])
    (made,) = outputs.paths()
    return made


def _one_file(made: Path, place: Path, stem: str) -> Path:
    if made.is_file():
        target = place / f"{safe_name(stem)}_{made.name}"
        made.replace(target)
        return target
    target = place / f"{safe_name(stem)}_{made.name}.zip"
    files = sorted(path for path in made.rglob("*") if path.is_file())
    zip_files(target, ((path, str(path.relative_to(made.parent))) for path in files))
    return target


def _info(clip: Clip, work: Work, model: str) -> OutputInfo:
    info = clip.info
    return OutputInfo(
        source=clip.path.name,
        width=info.width,
        height=info.height,
        fps=info.fps,
        model=model,
        expressions=work.expressions,
        path=str(clip.path),
        audio=str(clip.path) if info.has_audio and info.kind == "file" else None,
        audio_origin=info.origin,
        duration=info.duration,
        pixel_aspect=info.sample_aspect_ratio,
        still=info.kind in ("folder", "image"),
        single=clip.single,
    )
