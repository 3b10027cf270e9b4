"""Models in the format of the Hugging Face Hub: a folder with config.json and model.safetensors, or a repository.

`attach` gives `STViT` its methods `from_pretrained`, `save_pretrained` and `push_to_hub`. They are defined here and
not in the class because the model must import neither file handling nor a network client; the package's `__init__`
attaches them. The Hub's client is loaded when a repository is asked for, not before.
"""

import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stvit.atomic_files import write_atomically
from stvit.config import STViTConfig
from stvit.error_text import counted, sentence
from stvit.foreign_text import plain, quoted
from stvit.model import STViT
from stvit.weights.content import read_content
from stvit.weights.errors import WeightsError, WeightsNotFoundError
from stvit.weights.files import read_weights
from stvit.weights.load import model_of, save_weights
from stvit.weights.metadata import parse_config

CONFIG, WEIGHTS, INDEX, CARD = "config.json", "model.safetensors", "model.safetensors.index.json", "README.md"

_CARD = """---
library_name: stvit
pipeline_tag: image-classification
tags:
- image-classification
- super-tokens
---

An STViT (Vision Transformer with Super Token Sampling, arXiv 2211.11167) of {parameters} and {classes}.
Load it with `STViT.from_pretrained`.
"""


def from_pretrained(
    folder_or_repository: str | os.PathLike[str],
    *,
    revision: str | None = None,
    token: str | bool | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    local_files_only: bool = False,
    force_download: bool = False,
    map_location: str = "cpu",
    strict: bool = True,
) -> STViT:
    """Load a model from a folder that `save_pretrained` wrote, or from a repository of the Hub, which is downloaded.

    Args:
        folder_or_repository: A folder with config.json and model.safetensors (or the index of its shards), or a name
            such as "user/model".
        revision: Branch, tag or commit of the repository.
        token: Access token for it; True for the one of `hf auth login`.
        cache_dir: Where downloads are kept.
        local_files_only: Whether to use only what was downloaded before.
        force_download: Whether to download again.
        map_location: Device of the model.
        strict: Whether every weight must be in the file; otherwise missing ones keep their random initial values.

    Returns:
        The model in eval mode, with class names where the file states them.

    Raises:
        WeightsNotFoundError: If there is no such folder or repository, or it lacks the weights.
        WeightsError: If the weights cannot be used; nothing in them runs.
    """
    options = {
        "revision": revision,
        "token": token,
        "cache_dir": cache_dir,
        "local_files_only": local_files_only,
        "force_download": force_download,
    }
    folder = Path(folder_or_repository)
    if not folder.is_dir():
        folder = _downloaded(os.fspath(folder_or_repository), options)
    weights = next((folder / name for name in (WEIGHTS, INDEX) if (folder / name).is_file()), None)
    if weights is None:
        raise WeightsNotFoundError(f"{quoted(folder, 200)} holds no {WEIGHTS}; is it what `save_pretrained` wrote?")
    model, _ = model_of(read_weights(weights), _config(folder / CONFIG), strict)
    return model.to(map_location)


def save_pretrained(model: STViT, save_directory: str | os.PathLike[str]) -> None:
    """Write config.json, model.safetensors and, if there is none, a README.md for the Hub.

    Args:
        model: The model; its class names are kept too.
        save_directory: The folder, made if need be.

    Raises:
        WeightsError: If a weight is NaN or infinite, or a class name cannot be shown.
        OSError: If the folder cannot be written.
    """
    folder = Path(save_directory)
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(model, folder / WEIGHTS)
    write_atomically(folder / CONFIG, json.dumps(asdict(model.config), sort_keys=True, indent=2).encode())
    if not (folder / CARD).exists():
        parameters = counted(sum(parameter.numel() for parameter in model.parameters()), "parameter")
        classes = counted(model.config.num_classes, "class", "classes")
        write_atomically(folder / CARD, _CARD.format(parameters=parameters, classes=classes).encode())


def push_to_hub(
    model: STViT,
    repo_id: str,
    *,
    private: bool | None = None,
    token: str | None = None,
    commit_message: str = "Upload an STViT",
) -> str:
    """Upload what `save_pretrained` writes to a repository of the Hub, made if need be; return the commit's address.

    Args:
        model: The model.
        repo_id: Name of the repository, such as "user/model".
        private: Whether a new repository is private; None leaves it to the account's settings.
        token: Access token; None for the one of `hf auth login`.
        commit_message: Message of the commit.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    repository = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
    with tempfile.TemporaryDirectory() as folder:
        save_pretrained(model, folder)
        return api.upload_folder(repo_id=repository, folder_path=folder, commit_message=commit_message).commit_url


def attach(model_class: type[STViT]) -> None:
    """Give the class its methods for the Hub."""
    for name, method in {"save_pretrained": save_pretrained, "push_to_hub": push_to_hub}.items():
        setattr(model_class, name, method)
    model_class.from_pretrained = staticmethod(from_pretrained)


def _config(path: Path) -> STViTConfig | None:
    """Return the settings in config.json, None where there is no such file: the weights file states them too."""
    if not path.is_file():
        return None
    try:
        return parse_config(read_content(path).data)
    except ValueError as error:
        raise WeightsError(f"{quoted(path, 200)} cannot be used: {plain(error, 400).rstrip('.')}.") from error


def _downloaded(repository: str, options: dict[str, Any]) -> Path:
    """Return the folder into which the files of a repository were downloaded."""
    from huggingface_hub import snapshot_download

    wanted = [CONFIG, WEIGHTS, INDEX, "model-*-of-*.safetensors"]
    try:
        return Path(snapshot_download(repository, allow_patterns=wanted, **options))
    except (OSError, ValueError) as error:
        raise WeightsNotFoundError(
            f"{quoted(repository)} is neither a folder here nor a repository of the Hub that can be read: "
            f"{plain(sentence(error), 300)}"
        ) from error
