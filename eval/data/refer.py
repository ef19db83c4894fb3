"""Referring expressions on COCO pictures: RefCOCO, RefCOCO+, RefCOCOg and gRefCOCO.

Official form (REFER): ``refs(<splitter>).p`` or ``grefs(<splitter>).json`` beside
``instances.json``. Short form: a ``triples.json`` of (picture, expression, mask file).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from . import rle
from .coco import CocoFile, find_image, read_coco
from .files import entries, inside, need_file, need_folder, read_json, subfolders
from .images import image_size, read_labels
from .safe_pickle import load_plain_pickle


@dataclass(frozen=True)
class Referent:
    """What one or more expressions of one picture mean.

    Attributes:
        dataset: for instance ``refcoco+`` or ``refcocog_umd``.
        split: ``val``, ``testA``, ...
        key: number of the referent, unique in its data set.
        image: path of the picture.
        size: its height and width.
        expressions: (key, text), keys unique in the data set.
        segmentations: COCO segmentations whose union is the target; none for "no target".
        mask: PNG of the target instead of segmentations, or None.
    """

    dataset: str
    split: str
    key: str
    image: Path
    size: tuple[int, int]
    expressions: tuple[tuple[str, str], ...]
    segmentations: tuple[Any, ...] = ()
    mask: Path | None = None

    @property
    def no_target(self) -> bool:
        return not self.segmentations and self.mask is None

    def target(self) -> NDArray[np.bool_]:
        """bool [H, W]: the ground truth, all False where there is no target."""
        if self.mask is not None:
            labels = read_labels(self.mask, "mask")
            if labels.shape != self.size:
                raise DataError(
                    f"mask '{self.mask}' has another size than its picture; restore it"
                )
            return labels > 0
        total = np.zeros(self.size, bool)
        for segmentation in self.segmentations:
            total |= rle.decode(segmentation, self.size, f"{self.dataset} referent {self.key}")
        return total


def clean(text: str) -> str:
    """An expression as CaR feeds it: lower case, no ``"`` and ``/``, single spaces."""
    return " ".join(text.lower().replace('"', "").replace("/", "").split())


def read_refer(root: Path, pattern: str) -> list[Referent]:
    """Every referent below a folder, training splits left out.

    Args:
        root: folder of one data set, of several, or of a ``triples.json``.
        pattern: ``"refs"`` for the RefCOCO family, ``"grefs"`` for gRefCOCO.

    Raises:
        DataError: nothing found, damaged files, an empty or doubled expression.
    """
    need_folder(root, "data")
    if pattern == "refs" and (root / "triples.json").is_file():
        referents = _read_triples(root)
    else:
        files = sorted(
            path
            for folder in (root, *subfolders(root))
            for path in (*entries(folder, ").p"), *entries(folder, ").json"))
            if path.name.startswith(f"{pattern}(")
        )
        if not files:
            raise DataError(
                f"'{root}' holds no {pattern}(*).p or .json with instances.json"
                f"{' and no triples.json' if pattern == 'refs' else ''}; see docs/benchmarks.md"
            )
        splitters = Counter(file.parent for file in files)
        referents = [r for f in files for r in _read_official(f, splitters[f.parent] > 1)]
    _check(referents, root)
    return referents


def _check(referents: Iterable[Referent], root: Path) -> None:
    seen: set[tuple[str, str]] = set()
    for referent in referents:
        for key, text in referent.expressions:
            if not text:
                raise DataError(
                    f"'{root}': {referent.dataset} expression {key} is empty; write one"
                )
            if (referent.dataset, key) in seen:
                raise DataError(
                    f"'{root}': duplicate expression {key} in {referent.dataset}; keep one"
                )
            seen.add((referent.dataset, key))


def _read_official(file: Path, several: bool) -> list[Referent]:
    """Referents of one ``refs(...)`` or ``grefs(...)`` file.

    Where a folder has ``several`` of them, each is a data set named after folder and splitter.
    """
    splitter = file.name[file.name.index("(") + 1 : file.name.rindex(")")]
    what = "referring expressions"
    refs = load_plain_pickle(file, what) if file.suffix == ".p" else read_json(file, what)
    coco = read_coco(need_file(file.parent / "instances.json", "COCO annotations"))
    dataset = f"{file.parent.name}_{splitter}" if several else file.parent.name
    if not isinstance(refs, list):
        raise DataError(f"'{file}' does not hold a list of referents; fetch the official file")
    result = []
    for number, ref in enumerate(refs):
        try:
            if ref["split"] != "train":
                result.append(_official_referent(file.parent, coco, dataset, ref))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise DataError(
                f"'{file}': referent {number} is malformed ({error!r}); fetch the official file"
            ) from None
    return result


def _official_referent(
    folder: Path, coco: CocoFile, dataset: str, ref: Mapping[str, Any]
) -> Referent:
    numbers = ref["ann_id"] if isinstance(ref["ann_id"], list) else [ref["ann_id"]]
    image = coco.images.get(int(ref["image_id"]))
    if image is None:
        raise DataError(
            f"'{coco.path}' has no picture {ref['image_id']}; files of two data sets are mixed"
        )
    instances = [coco.instance(int(n)) for n in numbers if n is not None and int(n) >= 0]
    return Referent(
        dataset=dataset,
        split=str(ref["split"]),
        key=str(ref["ref_id"]),
        image=find_image(folder, image.file_name),
        size=image.size,
        expressions=tuple(
            (str(s["sent_id"]), clean(str(s.get("raw") or s["sent"]))) for s in ref["sentences"]
        ),
        segmentations=tuple(instance.segmentation for instance in instances),
    )


def _read_triples(root: Path) -> list[Referent]:
    """Rows of ``triples.json``; those of one object in one split belong together."""
    path = root / "triples.json"
    rows = read_json(path, "triples")
    if not isinstance(rows, list):
        raise DataError(f"'{path}' does not hold a list of rows; see docs/benchmarks.md")
    groups: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    files: dict[tuple[str, str, str], tuple[Path, Path]] = {}
    for number, row in enumerate(rows):
        try:
            key = (str(row["dataset"]), str(row["split"]), str(row["ann_id"]))
            files[key] = (inside(root, row["image"]), inside(root, row["mask"]))
            groups.setdefault(key, []).append((str(number), clean(row["expression"])))
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"'{path}': row {number} is malformed ({error!r}); see docs/benchmarks.md"
            ) from None
    return [
        Referent(
            dataset=dataset,
            split=split,
            key=f"{split}-{annotation}",
            image=files[dataset, split, annotation][0],
            size=image_size(files[dataset, split, annotation][0]),
            expressions=tuple(expressions),
            mask=need_file(files[dataset, split, annotation][1], "mask"),
        )
        for (dataset, split, annotation), expressions in groups.items()
    ]
