"""The table of systems, on answers that uv has given."""

from __future__ import annotations

from tools.platforms import SYSTEMS, extras, reason, table

NO_TORCH = (
    "  x No solution found when resolving dependencies:\n"
    "  Because torch>=2.6.0 has no wheels with a matching platform tag (e.g.,\n"
    "      `macosx_14_0_x86_64`) and car-video depends on torch>=2.6, we can conclude that\n"
    "      your requirements are unsatisfiable.\n"
)
NO_AV = (
    "error: No solution found when resolving dependencies\n"
    "  hint: Wheels are required for `av` because building from source is disabled for all\n"
)


def test_the_package_without_a_wheel_is_named() -> None:
    assert reason(NO_TORCH) == "no wheel of torch"
    assert reason(NO_AV) == "no wheel of av"


def test_other_errors_are_told_as_they_are() -> None:
    assert reason("error: cannot reach\n  the registry\n") == "error: cannot reach the registry"
    assert reason("") == "uv said nothing"


def test_a_row_says_what_is_missing_on_a_system() -> None:
    def answer(names, platform, version) -> str:
        if platform == "x86_64-apple-darwin":
            return reason(NO_TORCH)
        missing = platform.endswith("msvc") and version == "3.13" and "show" in names
        return "no wheel of pygame-ce" if missing else ""

    lines = list(table(["show", "ui"], answer))
    assert len(lines) == 2 + len(SYSTEMS)
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in lines}
    assert rows["Linux, x86-64"] == "| Linux, x86-64 | all | all | all |"
    assert rows["Windows, x86-64"].endswith("| all but `show` (no wheel of pygame-ce) |")
    assert rows["macOS 14, Intel"].count("nothing: no wheel of torch") == 3


def test_extras_are_those_of_users() -> None:
    found = extras()
    assert {"ui", "serve", "show"} <= set(found)
    assert not {"dev", "docs", "build", "densecrf"} & set(found)
