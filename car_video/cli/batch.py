"""Several sources in one run: each in a folder of its own, none lost because another fails."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from car_video.cli.correcting import check_fit, passes_of
from car_video.cli.display import Display
from car_video.cli.interrupts import EXIT_CODE
from car_video.cli.opening import model_is_loaded
from car_video.cli.request import Plan, Request, check, check_options, in_folder
from car_video.cli.run import KEPT, Ending, execute
from car_video.errors import CarVideoError, ConfigError, ModelError, SourceError

FAILED = 2


def execute_all(sources: Sequence[str], request: Request, display: Display) -> int:
    """Do what was asked for, with one source or with several.

    Args:
        sources: as the command line names them.
        request: everything else.
        display: shows what is going on.

    Returns:
        The exit code: 0; 2 where one of several sources failed; 130 after Ctrl-C.

    Raises:
        CarVideoError: bad input, or a single source that failed.
        KeyboardInterrupt: before there was anything to keep.
    """
    if len(sources) == 1 and not _stands_for_several(sources[0]):
        plan = check(replace(request, source=sources[0]))
        check_fit(plan)
        steps = passes_of(plan)
        for place, step in enumerate(steps, start=1):
            ending = execute(step, display, last=place == len(steps))
            if ending != "complete":
                break
        return EXIT_CODE if ending == "interrupted" else 0
    return _execute_batch(plan_batch(sources, request), display)


def plan_batch(sources: Sequence[str], request: Request) -> list[Plan]:
    """One plan per source, checked as far as that goes without opening the sources.

    Raises:
        CarVideoError: an option that is wrong or works with one source only, a source that is
            not there, an output folder that exists.
    """
    from car_video.io.readers.sources import expand_sources, parse_source

    for option, given in (
        ("--out -", request.out == Path("-")),
        ("--interactive", request.interactive),
        ("--corrections", request.corrections is not None),
    ):
        if given:
            raise ConfigError(f"{option} works with one source; give only one")
    common = check_options(request)
    found = expand_sources(sources)
    for clip in found:
        parsed = parse_source(clip)
        if parsed.kind == "camera":
            raise ConfigError(f"{clip} has no end; give a camera by itself")
        if parsed.kind == "path" and not Path(parsed.value).exists():
            raise SourceError(
                f"{clip}: no such file or folder; check the path (an --expr of several words "
                "stands in quotes)"
            )
    folders = _folders(sources, found, request)
    return [
        in_folder(replace(common, request=replace(request, source=clip), batch=True), folder)
        for clip, folder in zip(found, folders, strict=True)
    ]


def unique_names(sources: Sequence[str]) -> list[str]:
    """A name for the folder of each source: its stem, and as much of its path as is needed.

    Args:
        sources: all different.

    Example:
        >>> unique_names(["a/c.mp4", "b/c.mp4", "d.mp4"])
        ['a-c', 'b-c', 'd']
    """
    paths = [Path(os.path.abspath(source)) for source in sources]
    stems = [_stem(source) for source in sources]
    for group in _equal([str(path.with_suffix("")) for path in paths]):  # c.mp4 and c.mov
        for number in group:
            suffix = paths[number].suffix.lstrip(".")
            stems[number] = "-".join(part for part in (stems[number], suffix) if part)
    names = list(stems)
    for depth in range(1, max(len(path.parts) for path in paths)):
        for group in _equal(names):
            if len({paths[number].parent for number in group}) > 1:
                for number in group:
                    folders = paths[number].parts[1:-1][-depth:]
                    names[number] = "-".join([*folders, stems[number]])
    taken: set[str] = set()
    for place, name in enumerate(names):  # c.mp4 and c.MP4, addresses
        number = 1
        while names[place].casefold() in taken:
            number += 1
            names[place] = f"{name}-{number}"
        taken.add(names[place].casefold())
    return names


def _stem(source: str) -> str:
    """A file's name without suffix, a folder's name, or an address in letters for a name."""
    from car_video.io.readers.messages import redact
    from car_video.io.readers.sources import parse_source

    parsed = parse_source(source)
    if parsed.kind == "path":
        path = Path(parsed.value)
        return (path.name if path.is_dir() else path.stem) or "source"
    address = redact(source).split("?")[0].split("://")[-1]
    return re.sub(r"[^\w.\-]+", "_", address).strip("._") or "source"


def _equal(names: Sequence[str]) -> list[list[int]]:
    """Places of names that one folder could not tell apart, whatever the file system."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name.casefold(), []).append(place)
    return [group for group in places.values() if len(group) > 1]


def _stands_for_several(source: str) -> bool:
    """Whether this is a pattern, or a folder whose files are the sources."""
    from car_video.io.readers.sources import expand_sources, parse_source

    paths = [parse_source(name).value for name in (source, *expand_sources([source]))]
    return len({os.path.abspath(path) for path in paths}) > 1


def _folders(given: Sequence[str], found: Sequence[str], request: Request) -> list[Path]:
    """The output folder of each source."""
    from car_video.io.readers.sources import parse_source
    from car_video.io.writers import default_folder

    names = unique_names(found)
    if request.out is not None:
        return [request.out / name for name in names]
    if len(given) == 1 and Path(parse_source(given[0]).value).is_dir():  # of videos
        parent = default_folder(given[0], request.existing, names)
        return [parent / name for name in names]
    return [default_folder(f"{name}.mp4", request.existing) for name in names]


def _execute_batch(plans: Sequence[Plan], display: Display) -> int:
    """One plan after the other; a summary of what failed at the end."""
    failed: list[str] = []
    ending: Ending = "complete"
    done = 0
    if plans[0].request.engine == "ray":
        from car_video.cli.sharded_batch import execute_on_cluster

        try:
            done, failed = execute_on_cluster(plans, display)
        except KeyboardInterrupt:
            display.stopped(f"interrupted; {KEPT}")
            return EXIT_CODE
        return _close(done, failed, plans, ending, display)
    for number, plan in enumerate(plans, start=1):
        source = plan.request.source
        display.heading(f"{source} ({number} of {len(plans)})")
        try:
            ending = execute(plan, display)
        except (CarVideoError, OSError) as error:
            if isinstance(error, ModelError) and not model_is_loaded():
                raise  # it would fail for all
            failed.append(source)
            display.error(str(error) if str(error).startswith(source) else f"{source}: {error}")
            continue
        except KeyboardInterrupt:
            ending = "interrupted"
        if ending != "complete":
            break
        done += 1
    return _close(done, failed, plans, ending, display)


def _close(
    done: int, failed: Sequence[str], plans: Sequence[Plan], ending: Ending, display: Display
) -> int:
    """Say what was done; the exit code."""
    display.result(f"{done} of {len(plans)} sources done")
    if failed:
        display.error(f"failed: {', '.join(failed)}; --resume goes on with those")
    if ending == "interrupted":
        return EXIT_CODE
    return FAILED if failed else 0
