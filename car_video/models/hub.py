"""Weights from the Hugging Face hub, kept in the platform's cache folder.

Only ``safetensors`` files are taken: they hold tensors and nothing else, while ``.bin`` and
``.pt`` files are pickles, which may run code when they are opened.
"""

from __future__ import annotations

import os
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from car_video.config.cache import cache_folder
from car_video.errors import ModelError

SAFE_NAMES = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors")
PROBE_SECONDS = 5.0
LITE_HINT = "or use --model lite, which needs no download"


def placed_file(architecture: str, tag: str) -> Path:
    """Where a file may be put by hand, on machines without a network."""
    return cache_folder() / "weights" / f"{architecture}--{tag}.safetensors"


def weights_file(architecture: str, tag: str, hub_address: str) -> Path:
    """The weights of a pretrained open_clip model, downloaded on first use.

    Looks at a file placed by hand, then at our own and the user's Hugging Face cache, then
    downloads with a progress bar.

    Args:
        architecture, tag: as open_clip names them; for messages and the placed file.
        hub_address: "owner/repository/" or "owner/repository/file", open_clip's ``hf_hub``.

    Raises:
        ModelError: offline, no such weights, no safetensors file, disk full.
    """
    placed = placed_file(architecture, tag)
    if placed.is_file():
        return placed
    name = f"{architecture}:{tag}"
    repository, file = os.path.split(hub_address)
    if not repository:
        raise ModelError(
            f"weights of '{name}' are published as a pickle file only, which is never loaded; "
            f"put a safetensors file at {placed}"
        )
    files = SAFE_NAMES if not file else (str(Path(file).with_suffix(".safetensors")),)
    return hub_file(name, repository, files, placed, LITE_HINT)


def hub_file(
    name: str, repository: str, files: tuple[str, ...], placed: Path, hint: str
) -> Path:
    """A file of the hub, downloaded on first use.

    Looks at a file placed by hand, then at our own and the user's Hugging Face cache, then
    downloads with a progress bar.

    Args:
        name: of the model; for messages.
        repository: "owner/repository".
        files: names of the file, of which the first that exists is taken.
        placed: where it may have been put by hand.
        hint: "or ...", what else can be done offline.

    Raises:
        ModelError: offline, no such file, disk full.
    """
    if placed.is_file():
        return placed
    from huggingface_hub import try_to_load_from_cache

    for folder in (hub_folder(), None):  # None: the user's own Hugging Face cache
        for candidate in files:
            found = try_to_load_from_cache(repository, candidate, cache_dir=folder)
            if isinstance(found, str) and Path(found).is_file():
                return Path(found)
    if not hub_reachable():
        raise _offline(name, repository, files[0], placed, hint)
    return _download(name, repository, files, placed, hint)


def hub_folder() -> Path:
    """Our own Hugging Face cache."""
    return cache_folder() / "hub"


def _download(
    name: str, repository: str, files: tuple[str, ...], placed: Path, hint: str
) -> Path:
    from huggingface_hub import errors, hf_hub_download

    for candidate in files:
        try:
            with quiet_hub():
                return Path(hf_hub_download(repository, candidate, cache_dir=hub_folder()))
        except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled):
            raise _offline(name, repository, candidate, placed, hint) from None
        except errors.EntryNotFoundError:
            continue
        except (errors.HfHubHTTPError, errors.HFValidationError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelError(f"the hub does not give out '{name}': {reason}") from None
        except OSError as error:
            raise ModelError(
                f"cannot store weights of '{name}' in {hub_folder()}: {error.strerror or error}"
            ) from None
    raise ModelError(
        f"{repository} has no safetensors file for '{name}', and pickles are never loaded; "
        f"put a safetensors file at {placed}"
    )


def _offline(name: str, repository: str, file: str, placed: Path, hint: str) -> ModelError:
    return ModelError(
        f"weights of '{name}' are not on this machine and the Hugging Face hub cannot be "
        f"reached; put {file} of {repository} at {placed}, {hint}"
    )


def hub_reachable() -> bool:
    """Whether the hub answers, found out in seconds instead of the client's many retries.

    Behind a proxy nothing can be said from here, and the answer is yes.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    address = urlsplit(constants.ENDPOINT)
    if urllib.request.getproxies().get(address.scheme) or not address.hostname:
        return True
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname, port), PROBE_SECONDS).close()
    except OSError:
        return False
    return True


@contextmanager
def quiet_hub() -> Iterator[None]:
    """Keep the hub client's retry notices off the terminal; its progress bar stays."""
    from huggingface_hub.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
