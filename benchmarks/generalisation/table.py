"""The Markdown that a run ends with."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.generalisation.sequences import KINDS
from benchmarks.generalisation.statistics import Mean, absent_at_recall, mean_over_groups
from benchmarks.generalisation.video import SequenceResult


def jf(results: Sequence[SequenceResult], kind: str, extent: str | None = None) -> Mean:
    """Mean J&F over all objects of a kind of sentence."""
    return mean_over_groups(
        {
            result.name: [
                answer.jf
                for answer in result.answers
                if answer.kind == kind and extent in (None, answer.extent)
            ]
            for result in results
        }
    )


def all_kinds(results: Sequence[SequenceResult], kinds: Sequence[str]) -> Mean:
    """Mean J&F over all objects and kinds."""
    return mean_over_groups(
        {
            result.name: [answer.jf for answer in result.answers if answer.kind in kinds]
            for result in results
        }
    )


def report(results: Sequence[SequenceResult], kinds: Sequence[str] = KINDS) -> str:
    """Tables of J&F, of presence and of time, in Markdown."""
    lines = [
        "| sentences | J&F, all objects | things | pairs |",
        "|---|---|---|---|",
    ]
    for kind in kinds:
        row = [_cell(results, kind, extent) for extent in (None, "thing", "pair")]
        lines.append(f"| {kind} | {' | '.join(row)} |")
    lines.append(f"| all | {all_kinds(results, kinds)} | | |")
    present = {r.name: [float(a.present) for a in r.answers] for r in results}
    lines += ["", "| presence | share |", "|---|---|"]
    lines.append(f"| present, said present | {mean_over_groups(present)} |")
    scores = [a.score for r in results for a in r.answers]
    for distance in ("far", "near"):
        said = {r.name: [float(not r.absent[distance].present)] for r in results if r.absent}
        if said:
            lines.append(f"| absent ({distance}), said absent | {mean_over_groups(said)} |")
            others = [r.absent[distance].score for r in results if r.absent]
            share, threshold = absent_at_recall(scores, others)
            lines.append(
                f"| absent ({distance}) rejected where 0.95 of present ones are kept "
                f"(score {threshold:.3f}) | {share:.3f} |"
            )
    frames = sum(r.frames for r in results)
    seconds = sum(r.seconds for r in results)
    lines += [
        "",
        f"{len(results)} sequences, {frames} frames, {len(scores)} sentences; "
        f"{seconds / max(frames, 1):.2f} s a frame for all sentences together.",
    ]
    return "\n".join(lines)


def _cell(results: Sequence[SequenceResult], kind: str, extent: str | None) -> str:
    """A mean, or a dash where no sentence counts."""
    answers = [a for r in results for a in r.answers if a.kind == kind]
    if not any(extent in (None, answer.extent) for answer in answers):
        return "-"
    return str(jf(results, kind, extent))
