"""The files of a backbone: where they are, and which are required."""

import json
from pathlib import Path
from typing import Any

from stvit.foreign_text import plain

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"

WANTED = "config.json, model.safetensors and preprocessor_config.json"

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")
"""Weights in other formats, most of which run code when they are read."""


def found_folder(source: str | Path, download: bool) -> Path:
    """Return the folder that holds the files of a backbone.

    Args:
        source: A folder, or the name of a repository of the Hugging Face Hub such as "facebook/dinov2-small".
        download: Whether a repository may be downloaded; without it only what was downloaded before is used.

    Raises:
        FileNotFoundError: If there is neither; the message says which files go where.
    """
    folder = Path(source)
    if folder.is_dir():
        return folder
    if folder.exists():
        raise NotADirectoryError(f"{plain(source, 200)} is a file; name the folder with {WANTED}.")
    if not may_be_repository(str(source)):
        raise FileNotFoundError(f"There is no folder {plain(source, 200)}; put {WANTED} of the model into one.")
    return _repository(str(source), download)


def read_config(folder: Path) -> dict[str, Any]:
    """Return what config.json holds, and check that weights in safetensors are beside it.

    Raises:
        FileNotFoundError: If a file is missing; the message says which files go where.
        ValueError: If config.json is not valid JSON object, or the weights are in another format.
    """
    if not (folder / CONFIG).is_file():
        raise FileNotFoundError(f"{plain(folder, 200)} holds no {CONFIG}; put {WANTED} of the model there.")
    try:
        config = json.loads((folder / CONFIG).read_bytes())
    except ValueError as error:
        raise ValueError(f"{plain(folder / CONFIG, 200)} is not valid JSON ({plain(error)}); copy it again.") from error
    if not isinstance(config, dict):
        raise ValueError(f"{plain(folder / CONFIG, 200)} holds no settings of a model; copy it again.")
    _check_weights(folder)
    return config


def _check_weights(folder: Path) -> None:
    if (folder / WEIGHTS).is_file() or (folder / INDEX).is_file():
        return
    others = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if others:
        raise ValueError(
            f"{plain(folder, 200)} holds weights as {plain(others[0])}, a format that is not read here because it may "
            f"run code; put {WEIGHTS} of the same model beside it."
        )
    raise FileNotFoundError(f"{plain(folder, 200)} holds no {WEIGHTS}; put {WANTED} of the model there.")


def may_be_repository(name: str) -> bool:
    """Return whether a text has the form of a repository's name, such as "facebook/dinov2-small"."""
    parts = name.split("/")
    return len(parts) == 2 and all(part and not part.startswith((".", "~")) for part in parts) and "\\" not in name


def _repository(name: str, download: bool) -> Path:
    """Return the folder of a repository in the cache of the Hub's client, downloaded if that was asked for."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        found = snapshot_download(name, allow_patterns=["*.json", "*.safetensors"], local_files_only=not download)
    except (HFValidationError, LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        if download:
            raise FileNotFoundError(
                f"{plain(name)} cannot be downloaded ({plain(type(error).__name__)}); check the name and the "
                f"connection, or put {WANTED} into a folder and name that."
            ) from error
        raise FileNotFoundError(
            f"There is no folder {plain(name)}, and no repository of that name was downloaded before; put {WANTED} "
            "into a folder and name that, or allow the download (download=True)."
        ) from error
    return Path(found)
