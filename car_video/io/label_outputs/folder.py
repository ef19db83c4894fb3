"""The folder of a run over pictures: files per picture, JSON for all, what is done so far."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from car_video.config.panoptic import TASKS
from car_video.errors import OutputError
from car_video.io.label_outputs.overlay import draw_labels
from car_video.io.label_outputs.panoptic_png import rgb_of_ids
from car_video.io.label_outputs.records import (
    Record,
    categories,
    class_numbers,
    instance_records,
    panoptic_segments,
)
from car_video.io.writers.atomic_files import remove, write_whole, writing
from car_video.io.writers.folder_lock import FolderLock
from car_video.io.writers.source_identity import difference
from car_video.text.vocabulary import Vocabulary
from car_video.types import Frame, Instances, PanopticMap, SemanticMap

SAVED = ("overlay", "masks", "json")
"""What ``--save`` may name."""

JOURNAL = Path(".car-video") / "labels.jsonl"
Mode = Literal["new", "overwrite", "resume"]


@dataclass
class LabelFolder:
    """Writes what was found in each picture; used as a context manager.

    Attributes:
        path: the folder.
        vocabulary: the classes.
        settings: everything that results depend on but the pictures, plain data; a run is
            resumed under the same only.
        source: name of the pictures, for the JSON.
        identity: of the pictures, see :func:`~car_video.io.writers.source_identity.identify`; a
            run is resumed with the same only.
        save: of :data:`SAVED`.
        mode: what to do with a folder that is there.
        done: names of the pictures that are finished.
    """

    path: Path
    vocabulary: Vocabulary
    settings: Mapping[str, Any]
    save: Sequence[str] = SAVED
    mode: Mode = "new"
    source: str = ""
    identity: Mapping[str, Any] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._records: list[Record] = []
        self._owners: dict[str, str] = {}  # of names of files
        self._numbers = [label.number for label in self.vocabulary.labels]
        self._lock = FolderLock(self.path)

    def check(self) -> None:
        """See early whether a run can begin or go on here; changes nothing.

        Raises:
            OutputError: it cannot.
        """
        if self.path.exists() and not self.path.is_dir():
            raise OutputError(f"'{self.path}' is a file, not a folder; choose another --out")
        if self.path.exists() and any(self.path.iterdir()):
            if self.mode == "new":
                raise OutputError(
                    f"output folder '{self.path}' exists; --resume continues it, --overwrite "
                    "replaces its results, --out names another one"
                )
            if not (self.path / JOURNAL).is_file():
                raise OutputError(
                    f"'{self.path}' holds no run with --labels; choose another --out"
                )

    def __enter__(self) -> LabelFolder:
        self.check()
        journal = self.path / JOURNAL
        known = journal.is_file()
        self._lock.acquire()
        try:
            if known and self.mode == "resume":
                self._read(journal)
            else:
                if known:
                    self._remove_earlier(journal)
                first = {"settings": dict(self.settings), "source": dict(self.identity)}
                write_whole(journal, _line(first))
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if "json" in self.save and self._records:
                self._write_json()
        finally:
            self._lock.release()

    def name_of(self, frame: Frame) -> str:
        """Of a picture's files, without suffix: its own, or that with the old suffix where an
        earlier picture has that name."""
        if not frame.name:
            return f"{frame.index:05d}"
        path = Path(frame.name)
        owner = self._owners.setdefault(path.stem, path.name)
        return path.stem if owner == path.name else path.name.replace(".", "_")

    def write(self, frame: Frame, found: PanopticMap | SemanticMap | Instances) -> None:
        """Write one picture's files and remember it as done.

        Raises:
            OutputError: the disk does not take it.
        """
        name = self.name_of(frame)
        record: Record = {
            "name": name,
            "image": {
                "id": frame.index,
                "file_name": frame.name or f"{name}.png",
                "height": frame.height,
                "width": frame.width,
            },
        }
        if isinstance(found, PanopticMap):
            record["segments"] = panoptic_segments(found, self._numbers)
            picture = Image.fromarray(rgb_of_ids(found.ids))
        elif isinstance(found, SemanticMap):
            numbers = class_numbers(found, self._numbers)
            wide = max(self._numbers) > 255
            picture = Image.fromarray(numbers.astype(np.uint16 if wide else np.uint8))
            record["classes"] = np.unique(numbers).tolist()
        else:
            record["instances"] = instance_records(found, self._numbers)
        if "masks" in self.save and not isinstance(found, Instances):
            self._write_png("masks", name, picture)
        if "overlay" in self.save:
            names = [label.name for label in self.vocabulary.labels]
            drawn = draw_labels(frame.image, found, names)
            self._write_png("overlay", name, Image.fromarray(drawn))
        with writing(self.path / JOURNAL), (self.path / JOURNAL).open("ab") as journal:
            journal.write(_line(record))
        self._records.append(record)
        self.done.add(name)

    def paths(self) -> list[Path]:
        """What this run has written."""
        names = [name for name in ("overlay", "masks", self._json_name()) if name]
        return [self.path / name for name in names if (self.path / name).exists()]

    def _json_name(self) -> str:
        return f"{self.settings['task']}.json"

    def _write_png(self, folder: str, name: str, picture: Image.Image) -> None:
        with writing(self.path / folder):
            (self.path / folder).mkdir(exist_ok=True)
        data = BytesIO()
        picture.save(data, "PNG")
        write_whole(self.path / folder / f"{name}.png", data.getvalue())

    def _remove_earlier(self, journal: Path) -> None:
        """Take away the files that an earlier run has recorded."""
        for record in _whole_records(journal.read_bytes().split(b"\n")[1:]):
            for folder in ("masks", "overlay"):
                remove(self.path / folder / f"{record['name']}.png")
        for task in TASKS:
            remove(self.path / f"{task}.json")

    def _read(self, journal: Path) -> None:
        lines = journal.read_bytes().split(b"\n")
        try:
            first = json.loads(lines[0])
            settings, source = dict(first["settings"]), dict(first["source"])
        except (ValueError, KeyError, TypeError):
            raise OutputError(f"'{journal}' is damaged; start over with --overwrite") from None
        if settings != json.loads(json.dumps(dict(self.settings))):
            changed = [k for k in self.settings if settings.get(k) != self.settings[k]]
            raise OutputError(
                f"'{self.path}' was made with another {changed[0] if changed else 'setting'}; "
                "give the same options, or --overwrite"
            )
        if changed_source := difference(source, self.identity):
            raise OutputError(
                f"'{self.path}' was made from another source ({changed_source}); --overwrite "
                "starts over, --out names another folder"
            )
        self._records = _whole_records(lines[1:])
        for record in self._records:
            self.done.add(record["name"])
            self._owners.setdefault(record["name"], Path(record["image"]["file_name"]).name)
        write_whole(
            journal, b"".join([lines[0] + b"\n", *(_line(record) for record in self._records)])
        )

    def _write_json(self) -> None:
        records = sorted(self._records, key=lambda record: record["image"]["id"])
        content: Record = {
            "info": {"description": "car-video", **self.settings, "source": self.source},
            "images": [record["image"] for record in records],
            "categories": categories(self.vocabulary),
        }
        if self.settings["task"] == "panoptic":
            content["annotations"] = [
                {
                    "image_id": record["image"]["id"],
                    "file_name": f"{record['name']}.png",
                    "segments_info": record["segments"],
                }
                for record in records
            ]
        elif self.settings["task"] == "instance":
            each = [
                {"image_id": record["image"]["id"], **instance}
                for record in records
                for instance in record["instances"]
            ]
            content["annotations"] = [{"id": i, **r} for i, r in enumerate(each, 1)]
        else:
            content["annotations"] = [
                {
                    "image_id": record["image"]["id"],
                    "file_name": f"{record['name']}.png",
                    "category_ids": record["classes"],
                }
                for record in records
            ]
        write_whole(self.path / self._json_name(), json.dumps(content).encode() + b"\n")


def _whole_records(lines: Sequence[bytes]) -> list[Record]:
    """Records of a journal up to the first line that was cut off."""
    records: list[Record] = []
    for line in lines:
        try:
            record = json.loads(line)
            records.append({**record, "name": str(record["name"])})
        except (ValueError, KeyError, TypeError):
            break
    return records


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record).encode() + b"\n"
