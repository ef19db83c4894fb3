"""``car-video models``: the list, ``--check NAME`` and ``--convert FILE``; ``presets``."""

from __future__ import annotations

from pathlib import Path

from car_video.cli.display import Display
from car_video.errors import ConfigError, ModelError


def list_what_there_is(
    what: str, check: str | None, convert: str | None, out: str | None, device: str
) -> None:
    """Print the models or the presets that there are, or do something with one model.

    Raises:
        CarVideoError: see :func:`check_model` and :func:`convert_checkpoint`; both at once.
    """
    if check is not None or convert is not None:
        if what != "models" or (check is not None and convert is not None):
            raise ConfigError("use 'car-video models --check NAME', or '--convert FILE'")
        if check is not None:
            check_model(check, device, Display())
        if convert is not None:
            convert_checkpoint(convert, out, Display())
        return
    if what == "models":
        list_models(Display())
        return
    from car_video.config import load_preset, preset_names

    presets = [(name, load_preset(name)) for name in preset_names()]
    Display().table(
        ("preset", "model", "what it is"),
        [(name, config.model, config.description) for name, config in presets],
        "Also a YAML file of your own: --preset my.yaml.",
    )


def list_models(display: Display) -> None:
    """Print the models that there are."""
    from car_video.models import available_models

    rows = [
        (m.name, f"{m.megabytes} MB" if m.megabytes else "-", m.description)
        for m in available_models()
    ]
    display.table(
        ("model", "download", "what it is"),
        rows,
        "Also any ARCHITECTURE:weights of open_clip, ARCHITECTURE:file.safetensors, or "
        "FCCLIP:file.",
    )
    list_engines(
        display, "None of them is needed. Also folders: sam2:my/folder (docs/models.md)."
    )


def list_engines(display: Display, note: str) -> None:
    """Print what else is fetched on demand, with its licence, and a note after it."""
    from car_video.models.engines import engines

    rows = [
        (f"{one.option} {one.name}", f"{one.megabytes} MB", one.licence, one.source)
        for one in engines()
    ]
    display.table(("not shipped", "download", "licence", "from"), rows, note)


def check_model(name: str, device: str, display: Display) -> None:
    """Load a model and print what was verified of it.

    Raises:
        ModelError: it cannot be loaded, or something is not as it must be.
    """
    from car_video.models.verification import verify_model

    rows = list(verify_model(name, device))
    display.table(("what", "found"), rows, f"'{name}' can be used.")


def convert_checkpoint(source: str, out: str | None, display: Display) -> None:
    """Write an FC-CLIP checkpoint as safetensors, by default where its name finds it.

    Raises:
        ModelError: no FC-CLIP checkpoint.
        ConfigError: no published variant, and no ``--out``.
    """
    from car_video.config.cache import cache_folder
    from car_video.models.fcclip.architecture import variant_of
    from car_video.models.fcclip.checkpoint import convert, read_checkpoint

    path = Path(source)
    if not path.is_file():
        raise ModelError(f"no file '{source}' to convert")
    if out is None:
        variant = variant_of(read_checkpoint(path).architecture)
        if variant is None:
            raise ConfigError(f"'{source}' is of no published variant; name a file with --out")
        target = cache_folder() / "weights" / f"{variant.name}.safetensors"
        target.parent.mkdir(parents=True, exist_ok=True)
    else:
        target = Path(out)
        if target.exists():
            raise ConfigError(f"'{out}' is there already; choose another --out")
        if not target.absolute().parent.is_dir():
            raise ConfigError(f"no folder '{target.absolute().parent}' for --out")
    checkpoint = convert(path, target, keep_clip=True)
    count = sum(t.numel() for t in checkpoint.trained.values())
    rows = [("trained part", f"{len(checkpoint.trained)} tensors, {count:,} values")]
    rows.append(
        ("CLIP", f"{len(checkpoint.clip)} tensors, kept" if checkpoint.clip else "none")
    )
    display.table(("what", "found"), rows, f"Written to {target}")
