"""The expression files of Ref-DAVIS and Ref-YouTube-VOS: annotator, object, sentence.

The four official Ref-DAVIS files (Khoreva et al. 2018) hold lines ``sequence object "text"``.
Two of them are UTF-8, two latin-1, and a few sequence names are misspelt; both are handled
here, so that the files can be used as downloaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from car_video.errors import DataError

from .files import entries, first_existing, read_json

OFFICIAL_ANNOTATORS = ("annot1", "annot1_full_video", "annot2", "annot2_full_video")
"""Order in which the JSON form of Ref-DAVIS lists an object's four expressions."""

_MISSPELT = {"clasic-car": "classic-car", "dog-scale": "dogs-scale", "motor-bike": "motorbike"}
_TYPOGRAPHIC = str.maketrans(
    {
        "\x85": "...",
        "\x91": "'",
        "\x92": "'",
        "\x93": '"',
        "\x94": '"',
        "\x96": "-",
        "\x97": "-",
    }
)

Expressions = dict[str, dict[int, str]]
"""Of one annotator: sequence -> object -> text."""


@dataclass(frozen=True)
class VideoExpression:
    """One entry of a ``meta_expressions.json``.

    Attributes:
        key: number of the expression in its video, as written in the file.
        text: the sentence.
        objects: ids of the objects it names in the annotation PNGs; None where the file does
            not tell.
        masks: ids of its masks in a ``mask_dict.json`` (MeViS, ReVOS, Ref-SAV), none for an
            expression without a target; None where the file does not tell.
        kind: what the file calls its kind (``static`` of Long-RVOS, ``0`` of ReVOS); empty
            where it has none.
    """

    key: str
    text: str
    objects: tuple[int, ...] | None
    masks: tuple[str, ...] | None
    kind: str = ""


class MetaVideo(NamedTuple):
    """One video of a ``meta_expressions.json``: frame names, expressions, and the data set that
    it was taken from (ReasonVOS; else empty)."""

    frames: list[str]
    expressions: list[VideoExpression]
    source: str = ""


def ref_davis_expressions(root: Path) -> dict[str, Expressions]:
    """All annotators found below a Ref-DAVIS folder: annotator -> sequence -> object -> text.

    The text files win over the JSON form where both exist.

    Raises:
        DataError: none found, a broken line, an empty or a second expression of an object,
            objects with different numbers of annotators.
    """
    folder = first_existing(
        root / "davis_text_annotations", root.parent / "davis_text_annotations"
    )
    texts = entries(folder, ".txt") if folder else []
    files = [path for path in texts if path.name.startswith("Davis17_annot")]
    if files:
        return {path.stem.removeprefix("Davis17_"): read_text_file(path) for path in files}
    meta = find_meta(root, "valid") or find_meta(root, "val")
    if meta is None:
        raise DataError(
            f"no expressions in '{root}': want davis_text_annotations/Davis17_annot1.txt or "
            f"meta_expressions.json"
        )
    return split_by_annotator(read_meta(meta), meta)


def read_text_file(path: Path) -> Expressions:
    """One official text file.

    Raises:
        DataError: with file and line, for a line without number or text, or an object that
            already has an expression.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1").translate(_TYPOGRAPHIC)
    expressions: Expressions = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        words = line.split()
        if len(words) < 2 or not words[1].isdecimal() or int(words[1]) == 0:
            raise DataError(f'{path}:{number}: want: sequence object "text", got {line[:60]!r}')
        name, identity = _MISSPELT.get(words[0], words[0]), int(words[1])
        sentence = " ".join(words[2:]).strip("\" \u201c\u201d'")
        if not sentence:
            raise DataError(
                f"{path}:{number}: empty expression ('{name}' object {identity}); write one"
            )
        objects = expressions.setdefault(name, {})
        if identity in objects:
            raise DataError(
                f"{path}:{number}: duplicate expression ('{name}' object {identity}); keep one"
            )
        objects[identity] = sentence
    return expressions


def find_meta(root: Path, split: str, name: str = "meta_expressions.json") -> Path | None:
    """The expression file of a split in the layouts in use, or None."""
    return first_existing(
        root / name, root / "meta_expressions" / split / name, root / split / name
    )


def read_meta(path: Path) -> dict[str, MetaVideo]:
    """Video -> frame names and expressions, of a ``meta_expressions.json``.

    The expressions of a video are an object by number (Ref-YouTube-VOS) or a list (ReasonVOS).

    Raises:
        DataError: another form, an empty expression.
    """
    videos = read_json(path, "expression file")
    videos = videos.get("videos") if isinstance(videos, Mapping) else None
    if not isinstance(videos, Mapping):
        raise DataError(f'\'{path}\': want {{"videos": {{name: {{"expressions", "frames"}}}}}}')
    result = {}
    for name, video in videos.items():
        try:
            frames = [str(frame) for frame in video["frames"]]
            sentences = [_expression(k, e) for k, e in _numbered(video["expressions"])]
            source = str(video.get("source", ""))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise DataError(
                f"'{path}': video '{name}' is malformed ({error!r}); correct it"
            ) from None
        for entry in sentences:
            if not entry.text:
                raise DataError(
                    f"'{path}': expression {entry.key} of '{name}' is empty; write one"
                )
        result[str(name)] = MetaVideo(frames, sentences, source)
    return result


def _numbered(expressions: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Number and entry of each expression of a video."""
    if isinstance(expressions, list):
        for entry in expressions:
            yield str(entry["exp_id"]), {**entry, "exp": entry["exp_text"]}
        return
    for key, entry in expressions.items():
        yield str(key), entry


def _expression(key: str, entry: Mapping[str, Any]) -> VideoExpression:
    objects, masks = entry.get("obj_id"), entry.get("anno_id")
    objects = objects if isinstance(objects, list | None) else [objects]
    if masks is not None:  # the objects are those of the masks
        masks, objects = masks if isinstance(masks, list) else [masks], None
    return VideoExpression(
        key=key,
        text=" ".join(str(entry["exp"]).split()),
        objects=None if objects is None else tuple(int(identity) for identity in objects),
        masks=None if masks is None else tuple(str(mask) for mask in masks),
        kind=str(entry.get("type", entry.get("type_id", ""))),
    )


def split_by_annotator(meta: Mapping[str, MetaVideo], path: Path) -> dict[str, Expressions]:
    """The k-th expression of an object is annotator k's; every object must have as many.

    Raises:
        DataError: an expression without exactly one object, or mixed annotators.
    """
    by_object: dict[tuple[str, int], list[str]] = {}
    for name, video in meta.items():
        for entry in video.expressions:
            if entry.objects is None or len(entry.objects) != 1:
                raise DataError(
                    f"'{path}': expression {entry.key} of '{name}' needs one obj_id"
                )
            by_object.setdefault((name, entry.objects[0]), []).append(entry.text)
    counts = {len(texts) for texts in by_object.values()}
    if not counts:
        raise DataError(f"'{path}': holds no expressions; see docs/benchmarks.md")
    if len(counts) != 1:
        few = min(by_object, key=lambda key: len(by_object[key]))
        raise DataError(
            f"'{path}': mixed annotators: object {few[1]} of '{few[0]}' has "
            f"{len(by_object[few])} expressions, others {max(counts)}; complete the file"
        )
    count = counts.pop()
    names = OFFICIAL_ANNOTATORS if count == 4 else [f"annot{i + 1}" for i in range(count)]
    result: dict[str, Expressions] = {annotator: {} for annotator in names}
    for (name, identity), texts in by_object.items():
        for annotator, text in zip(names, texts, strict=True):
            result[annotator].setdefault(name, {})[identity] = text
    return result
